//! Every word that says no, provoked by what happens in shops: it moves nothing, is recorded once, and is the same for ever.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt as _};
use serde_json::{Value, json};
use warifu_core::lot::LotAccount;
use warifu_core::refusal::Refusal;
use warifu_core::wallet::WalletState;
use warifu_testkit::actors::{command, refund};
use warifu_testkit::server::Till;
use warifu_testkit::{Cashier, Member, Request, Server, TestDatabase, on_both_databases};

const HOLD_LIFE: Duration = Duration::from_secs(7 * 86_400);

on_both_databases! {
    async fn every_refusal_is_provoked_by_what_happens_and_moves_nothing(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let mut provoked = BTreeSet::new();
        for (word, what, circumstance) in circumstances(&server) {
            let (scene, request) = circumstance.await;
            check(&scene, request, word, what).await;
            provoked.insert(word);
        }
        let every: BTreeSet<&str> = Refusal::ALL.iter().map(|refusal| refusal.word()).collect();
        assert_eq!(provoked, every);
        server.verify().await;
    }
}

/// What has happened by the time of a request that is to be refused.
type Circumstance<'a> = BoxFuture<'a, (Scene<'a>, Request)>;

/// The word, the circumstance, and how it is brought about.
fn circumstances(server: &Server) -> Vec<(&'static str, &'static str, Circumstance<'_>)> {
    let mut all = about_places_and_codes(server);
    all.extend(about_wallets(server));
    all.extend(about_what_went_before(server));
    all.extend(about_money(server));
    all
}

fn about_places_and_codes(server: &Server) -> Vec<(&'static str, &'static str, Circumstance<'_>)> {
    vec![
        ("terminal_frozen", "a payment at a frozen till", at_frozen_till(server, "pay").boxed()),
        ("terminal_frozen", "a top-up at a frozen till", at_frozen_till(server, "top up").boxed()),
        ("terminal_frozen", "a capture from a frozen till", at_frozen_till(server, "capture").boxed()),
        ("terminal_frozen", "a cancel by request_id from a frozen till", at_frozen_till(server, "cancel").boxed()),
        ("shop_closed", "a payment in a frozen shop", in_frozen_shop(server, "pay").boxed()),
        ("shop_closed", "a void from a frozen shop", in_frozen_shop(server, "void").boxed()),
        ("shop_closed", "a refund from a frozen shop", in_frozen_shop(server, "refund").boxed()),
        ("code_unknown", "a code of this issuer that nobody was shown", unknown_code(server, false).boxed()),
        ("code_unknown", "a code of another issuer", unknown_code(server, true).boxed()),
        ("code_bound", "a code that was refused at another till", bound_code(server).boxed()),
        ("code_consumed", "a code that has paid", consumed_code(server).boxed()),
        ("code_expired", "a code after five minutes", late_code(server).boxed()),
        ("code_expired", "a code that a newer one replaced", replaced_code(server).boxed()),
    ]
}

fn about_wallets(server: &Server) -> Vec<(&'static str, &'static str, Circumstance<'_>)> {
    vec![
        ("wallet_closed", "a top-up of a closing wallet", in_wallet(server, WalletState::Closing, "top up").boxed()),
        ("wallet_closed", "points of a closing wallet", in_wallet(server, WalletState::Closing, "exchange").boxed()),
        ("wallet_closed", "a payment of a closed wallet", in_closed_wallet(server, "pay").boxed()),
        ("wallet_closed", "a refund to a closed wallet", in_closed_wallet(server, "refund").boxed()),
        ("wallet_closed", "a cancel of what a closed wallet paid", in_closed_wallet(server, "cancel").boxed()),
        ("wallet_frozen", "a payment of a frozen wallet", in_wallet(server, WalletState::Frozen, "pay").boxed()),
        ("wallet_frozen", "an authorisation", in_wallet(server, WalletState::Frozen, "authorise").boxed()),
        ("wallet_frozen", "a top-up of a frozen wallet", in_wallet(server, WalletState::Frozen, "top up").boxed()),
        ("wallet_frozen", "points of a frozen wallet", in_wallet(server, WalletState::Frozen, "exchange").boxed()),
    ]
}

fn about_what_went_before(server: &Server) -> Vec<(&'static str, &'static str, Circumstance<'_>)> {
    vec![
        ("not_cancelable", "a cancel of a payment that names a top-up", wrong_target(server, "top-up").boxed()),
        ("not_cancelable", "a cancel of a payment that names a capture", wrong_target(server, "capture").boxed()),
        ("not_cancelable", "a cancel of a top-up that names a payment", wrong_target(server, "payment").boxed()),
        ("already_canceled", "a second cancel", after_cancel(server, "cancel").boxed()),
        ("already_canceled", "a refund of what was cancelled", after_cancel(server, "refund").boxed()),
        ("already_canceled", "a capture of what was cancelled", after_cancel(server, "capture").boxed()),
        ("already_canceled", "a void of what was cancelled", after_cancel(server, "void").boxed()),
        ("already_canceled", "a second cancel of what has not arrived", canceled_before_arrival(server).boxed()),
        ("already_canceled", "a second cancel of a top-up", canceled_top_up(server).boxed()),
        ("already_refunded", "a cancel after a refund", refunded_in_part(server).boxed()),
        ("hold_expired", "a capture after seven days", after_expiry(server, "capture").boxed()),
        ("hold_expired", "a void after seven days", after_expiry(server, "void").boxed()),
        ("hold_closed", "a capture of what was captured at once", without_hold(server, "at once", "capture").boxed()),
        ("hold_closed", "a void after the final capture", without_hold(server, "final", "void").boxed()),
        ("hold_closed", "a capture after a void", without_hold(server, "void", "capture").boxed()),
    ]
}

fn about_money(server: &Server) -> Vec<(&'static str, &'static str, Circumstance<'_>)> {
    vec![
        ("capture_exceeds_authorized", "a capture of more than was held", capture_too_much(server, 0).boxed()),
        ("capture_exceeds_authorized", "a capture of more than is left", capture_too_much(server, 600).boxed()),
        ("refund_exceeds_captured", "a refund of more than was paid", refund_too_much(server, 0).boxed()),
        ("refund_exceeds_captured", "a refund of more than is left", refund_too_much(server, 600).boxed()),
        ("refund_exceeds_captured", "a refund of what is only held", refund_of_a_hold(server).boxed()),
        ("refund_exceeds_captured", "a refund of a refused payment", refund_of_nothing(server).boxed()),
        ("top_up_spent", "a cancel of a top-up that was spent from", spent_top_up(server, false).boxed()),
        ("top_up_spent", "a cancel of a top-up that is held", spent_top_up(server, true).boxed()),
        ("insufficient_balance", "a payment above the balance", above_balance(server, "pay").boxed()),
        ("insufficient_balance", "an authorisation above the balance", above_balance(server, "authorise").boxed()),
        ("insufficient_balance", "more points than there are", above_balance(server, "exchange").boxed()),
        ("limit_exceeded", "more than 49,000 at a till", top_up_above_limit(server, 49_001).boxed()),
        ("limit_exceeded", "more than 100,000 in a wallet", balance_above_limit(server).boxed()),
        ("limit_exceeded", "more than 100,000 at an ATM", atm_above_limit(server).boxed()),
    ]
}

/// Sends it: refused with this word, in two languages; nothing moved; recorded once; the same bytes ever after.
async fn check(scene: &Scene<'_>, request: Request, word: &str, what: &str) {
    let Scene { server, member, .. } = scene;
    let before = (member.snapshot().await, server.done_count().await);
    let count = server.journal_count().await;
    let reply = request.clone().send().await;
    assert_eq!(reply.status(), 422, "{what}: {reply}");
    let reply = reply.expect_problem(422, word);
    assert_eq!(reply.header("idempotent-replay"), None, "{what}: {reply}");
    assert_eq!(reply.text_at("/detail"), reply.text_at("/messages/en"), "{what}");
    assert!(reply.text_at("/messages/ja").ends_with('。'), "{what}: {reply}");
    assert!(!reply.text_at("/request_id").is_empty() && reply.text_at("/id").len() == 36, "{what}: {reply}");
    assert_eq!((member.snapshot().await, server.done_count().await), before, "{what} moves nothing");
    assert_eq!(server.journal_count().await, count + 1, "{what} is recorded");

    server.manual_clock().advance(Duration::from_secs(1));
    for _ in 0..2 {
        let again = request.clone().send().await.expect_problem(422, word);
        assert_eq!(again.text(), reply.text(), "{what}, again");
        assert_eq!(again.header("idempotent-replay"), Some("true"), "{what}: {again}");
    }
    assert_eq!((member.snapshot().await, server.done_count().await), before, "{what}, again");
    assert_eq!(server.journal_count().await, count + 1, "{what} is recorded once");
}

/// A shop with a till, and a member with 5,000 yen.
struct Scene<'a> {
    server: &'a Server,
    till: Till,
    cashier: Cashier,
    member: Member,
}

impl<'a> Scene<'a> {
    async fn on(server: &'a Server) -> Self {
        Self::with(server, 5_000).await
    }

    async fn with(server: &'a Server, yen: i64) -> Self {
        let till = server.add_till(server.add_shop().await).await;
        let cashier = Cashier::by_token(server.origin(), &till.token);
        Self { server, till, cashier, member: server.member_with(yen).await }
    }

    fn post(&self, path: &str, body: &Value) -> Request {
        self.cashier.request("POST", path).json(body)
    }

    fn pay(&self, amount: i64, code: &str) -> Request {
        self.post("/v1/payments", &command(&self.cashier.next_request_id(), amount, code))
    }

    fn authorise(&self, amount: i64, code: &str) -> Request {
        let mut body = command(&self.cashier.next_request_id(), amount, code);
        body["capture"] = json!("later");
        self.post("/v1/payments", &body)
    }

    fn top_up(&self, amount: i64, code: &str) -> Request {
        self.post("/v1/top-ups", &command(&self.cashier.next_request_id(), amount, code))
    }

    /// What follows a payment: `capture`, `void`, `cancel` or `refund`.
    fn follow(&self, payment: &str, verb: &str) -> Request {
        if verb == "refund" {
            return self.refund(payment, 1);
        }
        self.post(&format!("/v1/payments/{payment}/{verb}"), &json!({ "request_id": self.cashier.next_request_id() }))
    }

    fn refund(&self, payment: &str, amount: i64) -> Request {
        self.post("/v1/refunds", &refund(&self.cashier.next_request_id(), payment, amount))
    }

    fn exchange(&self, points: i64) -> Request {
        let body = json!({ "request_id": "exchange", "amount": points });
        self.member.request("POST", "/v1/top-ups/from-points").json(&body)
    }

    async fn paid(&self, amount: i64) -> String {
        self.cashier.take(amount, &self.member.show_code().await).await.expect(201).text_at("/id")
    }

    async fn authorised(&self, amount: i64) -> String {
        self.cashier.authorise(amount, &self.member.show_code().await).await.expect(201).text_at("/id")
    }

    /// A first use of a code, or of points.
    async fn begin(&self, act: &str) -> Request {
        let code = self.member.show_code().await;
        match act {
            "pay" => self.pay(100, &code),
            "authorise" => self.authorise(100, &code),
            "top up" => self.top_up(100, &code),
            _ => self.exchange(10),
        }
    }
}

async fn at_frozen_till<'a>(server: &'a Server, act: &str) -> (Scene<'a>, Request) {
    let scene = Scene::on(server).await;
    let request = match act {
        "capture" => scene.follow(&scene.authorised(500).await, "capture"),
        "cancel" => {
            let path = "/v1/payments/by-request/never-sent/cancel";
            scene.post(path, &json!({ "request_id": scene.cashier.next_request_id() }))
        }
        _ => scene.begin(act).await,
    };
    server.freeze_till(&scene.till, true).await;
    (scene, request)
}

async fn in_frozen_shop<'a>(server: &'a Server, act: &str) -> (Scene<'a>, Request) {
    let scene = Scene::on(server).await;
    let request = match act {
        "void" => scene.follow(&scene.authorised(500).await, "void"),
        "refund" => scene.follow(&scene.paid(500).await, "refund"),
        _ => scene.begin(act).await,
    };
    server.freeze_shop(scene.till.shop, true).await;
    (scene, request)
}

async fn unknown_code(server: &Server, is_foreign: bool) -> (Scene<'_>, Request) {
    let scene = Scene::on(server).await;
    let code = scene.member.show_code().await;
    let (prefix, number) = code.split_at(8);
    let number = (number.parse::<u64>().unwrap() + 1) % 10_u64.pow(16);
    let prefix = if is_foreign { "12345678" } else { prefix };
    let request = scene.pay(100, &format!("{prefix}{number:016}"));
    (scene, request)
}

async fn bound_code(server: &Server) -> (Scene<'_>, Request) {
    let scene = Scene::on(server).await;
    let code = scene.member.show_code().await;
    let _ = server.cashier().await.take(5_001, &code).await.expect_problem(422, "insufficient_balance");
    let request = scene.pay(100, &code);
    (scene, request)
}

async fn consumed_code(server: &Server) -> (Scene<'_>, Request) {
    let scene = Scene::on(server).await;
    let code = scene.member.show_code().await;
    let _ = scene.cashier.take(100, &code).await.expect(201);
    let request = scene.top_up(100, &code);
    (scene, request)
}

async fn late_code(server: &Server) -> (Scene<'_>, Request) {
    let scene = Scene::on(server).await;
    let request = scene.pay(100, &scene.member.show_code().await);
    server.manual_clock().advance(Duration::from_secs(300));
    (scene, request)
}

async fn replaced_code(server: &Server) -> (Scene<'_>, Request) {
    let scene = Scene::on(server).await;
    let request = scene.pay(100, &scene.member.show_code().await);
    let _ = scene.member.show_code().await;
    (scene, request)
}

async fn in_wallet<'a>(server: &'a Server, state: WalletState, act: &str) -> (Scene<'a>, Request) {
    let scene = Scene::on(server).await;
    server.add_by_hand(&scene.member, LotAccount::Points, 10).await;
    let request = scene.begin(act).await;
    server.set_wallet_state(&scene.member, state).await;
    (scene, request)
}

async fn in_closed_wallet<'a>(server: &'a Server, act: &str) -> (Scene<'a>, Request) {
    // Too little to earn a point: the wallet is empty after it.
    let scene = Scene::with(server, 150).await;
    let payment = scene.paid(150).await;
    let request = match act {
        "pay" => scene.begin("pay").await,
        verb => scene.follow(&payment, verb),
    };
    server.set_wallet_state(&scene.member, WalletState::Closed).await;
    (scene, request)
}

async fn wrong_target<'a>(server: &'a Server, what: &str) -> (Scene<'a>, Request) {
    let scene = Scene::on(server).await;
    let (cashier, code) = (&scene.cashier, scene.member.show_code().await);
    let subject = match what {
        "top-up" => {
            let _ = cashier.top_up_as("there", 100, &code).await.expect(201);
            "payments"
        }
        "capture" => {
            let payment = scene.authorised(500).await;
            let path = format!("/v1/payments/{payment}/capture");
            let _ = cashier.post(&path, &json!({ "request_id": "there" })).await.expect(201);
            "payments"
        }
        _ => {
            let _ = cashier.take_as("there", 100, &code).await.expect(201);
            "top-ups"
        }
    };
    let path = format!("/v1/{subject}/by-request/there/cancel");
    let request = scene.post(&path, &json!({ "request_id": cashier.next_request_id() }));
    (scene, request)
}

async fn after_cancel<'a>(server: &'a Server, verb: &str) -> (Scene<'a>, Request) {
    let scene = Scene::on(server).await;
    let payment = match verb {
        "capture" | "void" => scene.authorised(500).await,
        _ => scene.paid(500).await,
    };
    let _ = scene.cashier.cancel(&payment).await.expect(201);
    let request = scene.follow(&payment, verb);
    (scene, request)
}

async fn canceled_before_arrival(server: &Server) -> (Scene<'_>, Request) {
    let scene = Scene::on(server).await;
    let _ = scene.cashier.cancel_by_request("never-sent").await.expect(201);
    let path = "/v1/payments/by-request/never-sent/cancel";
    let request = scene.post(path, &json!({ "request_id": scene.cashier.next_request_id() }));
    (scene, request)
}

async fn canceled_top_up(server: &Server) -> (Scene<'_>, Request) {
    let scene = Scene::on(server).await;
    let top_up = scene.cashier.top_up(100, &scene.member.show_code().await).await.expect(201).text_at("/id");
    let _ = scene.cashier.cancel_top_up(&top_up).await.expect(201);
    let path = format!("/v1/top-ups/{top_up}/cancel");
    let request = scene.post(&path, &json!({ "request_id": scene.cashier.next_request_id() }));
    (scene, request)
}

async fn refunded_in_part(server: &Server) -> (Scene<'_>, Request) {
    let scene = Scene::on(server).await;
    let payment = scene.paid(500).await;
    let _ = scene.cashier.refund(&payment, 1).await.expect(201);
    let request = scene.follow(&payment, "cancel");
    (scene, request)
}

async fn after_expiry<'a>(server: &'a Server, verb: &str) -> (Scene<'a>, Request) {
    let scene = Scene::on(server).await;
    let request = scene.follow(&scene.authorised(500).await, verb);
    server.manual_clock().advance(HOLD_LIFE);
    (scene, request)
}

async fn without_hold<'a>(server: &'a Server, how: &str, verb: &str) -> (Scene<'a>, Request) {
    let scene = Scene::on(server).await;
    let payment = if how == "at once" { scene.paid(500).await } else { scene.authorised(500).await };
    match how {
        "final" => drop(scene.cashier.capture_finally(&payment, 100).await.expect(201)),
        "void" => drop(scene.cashier.void(&payment).await.expect(201)),
        _ => {}
    }
    let request = scene.follow(&payment, verb);
    (scene, request)
}

async fn capture_too_much(server: &Server, captured: i64) -> (Scene<'_>, Request) {
    let scene = Scene::on(server).await;
    let payment = scene.authorised(1_000).await;
    if captured > 0 {
        let _ = scene.cashier.capture(&payment, Some(captured)).await.expect(201);
    }
    let body = json!({ "request_id": scene.cashier.next_request_id(), "amount": 1_001 - captured });
    let request = scene.post(&format!("/v1/payments/{payment}/capture"), &body);
    (scene, request)
}

async fn refund_too_much(server: &Server, refunded: i64) -> (Scene<'_>, Request) {
    let scene = Scene::on(server).await;
    let payment = scene.paid(1_000).await;
    if refunded > 0 {
        let _ = scene.cashier.refund(&payment, refunded).await.expect(201);
    }
    let request = scene.refund(&payment, 1_001 - refunded);
    (scene, request)
}

async fn refund_of_a_hold(server: &Server) -> (Scene<'_>, Request) {
    let scene = Scene::on(server).await;
    let request = scene.refund(&scene.authorised(1_000).await, 1);
    (scene, request)
}

async fn refund_of_nothing(server: &Server) -> (Scene<'_>, Request) {
    let scene = Scene::on(server).await;
    let refused = scene.cashier.take(5_001, &scene.member.show_code().await).await;
    let request = scene.refund(&refused.expect_problem(422, "insufficient_balance").text_at("/id"), 1);
    (scene, request)
}

async fn spent_top_up(server: &Server, is_held: bool) -> (Scene<'_>, Request) {
    let scene = Scene::with(server, 100).await;
    let top_up = scene.cashier.top_up(200, &scene.member.show_code().await).await.expect(201).text_at("/id");
    // The older lot goes first; a yen of this one is gone.
    let _ = if is_held { scene.authorised(101).await } else { scene.paid(101).await };
    let path = format!("/v1/top-ups/{top_up}/cancel");
    let request = scene.post(&path, &json!({ "request_id": scene.cashier.next_request_id() }));
    (scene, request)
}

async fn above_balance<'a>(server: &'a Server, act: &str) -> (Scene<'a>, Request) {
    let scene = Scene::with(server, 99).await;
    let request = scene.begin(act).await;
    (scene, request)
}

async fn top_up_above_limit(server: &Server, amount: i64) -> (Scene<'_>, Request) {
    let scene = Scene::on(server).await;
    let request = scene.top_up(amount, &scene.member.show_code().await);
    (scene, request)
}

async fn balance_above_limit(server: &Server) -> (Scene<'_>, Request) {
    let scene = Scene::with(server, 49_000).await;
    let _ = scene.cashier.top_up(49_000, &scene.member.show_code().await).await.expect(201);
    let request = scene.top_up(2_001, &scene.member.show_code().await);
    (scene, request)
}

async fn atm_above_limit(server: &Server) -> (Scene<'_>, Request) {
    let scene = Scene { cashier: server.atm().await, ..Scene::with(server, 1).await };
    // A wallet may hold no more than that either, so the balance is out of the way.
    server.set_policy(&[("balance_max", None)]).await;
    let request = scene.top_up(100_001, &scene.member.show_code().await);
    (scene, request)
}
