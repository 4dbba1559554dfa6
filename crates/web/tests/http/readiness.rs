//! Readiness: the page on the operator's own address, and the exposure, held against a thief who takes all that can be taken.

use serde_json::{Value, json};
use warifu_app::ExposureStatement;
use warifu_core::chart::Names;
use warifu_core::lot::LotAccount;
use warifu_core::readiness::{AnswerChange, LineState, OwnLine, Section};
use warifu_core::time::Time;
use warifu_core::wallet::WalletState;
use warifu_testkit::{Anonymous, Cashier, Member, Seat, Server, ServerSettings, TestDatabase, on_both_databases};

const HOUR: u64 = 3_600;

fn figure(stated: &ExposureStatement, key: &str) -> Option<u64> {
    stated.figures.iter().find(|figure| figure.key == key).unwrap().amount
}

/// A thief with somebody's phone, who pays more and more until nothing is taken any more.
async fn steal(member: &Member, till: &Cashier) -> u64 {
    // All at once first, for that earns the most points.
    let all = member.balance().await + member.points().await;
    let mut taken = 0;
    if all > 0 && till.take(all, &member.show_code_with_points().await).await.status() == 201 {
        taken = all;
    }
    let mut amount = 1 << 14;
    while amount > 0 {
        let reply = till.take(amount, &member.show_code_with_points().await).await;
        if reply.status() == 201 {
            taken += amount;
        } else {
            assert!(["limit_exceeded", "insufficient_balance", "wallet_frozen"].contains(&reply.code().as_str()));
            amount /= 2;
        }
    }
    u64::try_from(taken).unwrap()
}

fn in_hours(server: &Server, hours: u64) -> Time {
    server.clock().now().saturating_add(std::time::Duration::from_secs(hours * HOUR))
}

on_both_databases! {
    /// What is stated is to the yen what a thief with everybody's phone takes in a day.
    async fn the_worst_loss_is_what_a_thief_can_take(database: TestDatabase) {
        let server = Server::start_on(database).await;
        server.set_policy(&[("wallet_payment_day", Some(3_000)), ("cooling_payment_day", Some(700))]).await;
        let till = server.cashier().await;
        let mut members = Vec::new();
        // Less than the limits, more than that of a moved wallet, more than either.
        for yen in [500, 1_500, 5_000] {
            members.push(server.member_with(yen).await);
        }
        // Bonus yen that have expired since, and points that have not.
        let expired = server.member_with(100).await;
        server.grant(&expired, 400, Some(in_hours(&server, 1))).await;
        server.add_by_hand(&expired, LotAccount::Points, 250).await;
        // Held for a payment that the thief has voided.
        let held = server.member_with(1_000).await;
        let hold = till.authorise(400, &held.show_code().await).await.expect(201).text_at("/id");
        let (frozen, empty) = (server.member_with(800).await, server.member().await);
        server.set_wallet_state(&frozen, WalletState::Frozen).await;
        let closing = server.member_with(60).await;
        server.set_wallet_state(&closing, WalletState::Closing).await;
        // A wallet for trials holds nothing of anybody's.
        let _ = server.sandbox_cashier().await.sandbox_code("plain").await;
        server.manual_clock().advance(std::time::Duration::from_secs(2 * HOUR));

        let stated = server.app().exposure().await.unwrap();
        let of = |key| figure(&stated, key);
        assert_eq!((stated.exposure.wallets, stated.exposure.wallets_holding), (8, 7));
        assert_eq!(of("paid"), Some(500 + 1_500 + 5_000 + 100 + 1_000 + 800 + 60));
        assert_eq!((of("bonus"), of("points"), of("held"), of("stopped")), (Some(0), Some(250), Some(400), Some(800)));
        assert_eq!((of("unused"), of("largest")), (Some(9_210), Some(5_000)));
        assert_eq!(of("taken_over"), Some(502 + 700 + 700 + 350 + 700 + 60));
        assert_eq!((of("one_wallet"), of("terminals")), (Some(3_000), None));

        let _ = till.void(&hold).await.expect(201);
        members.extend([expired, held, frozen, empty, closing]);
        let mut taken = 0;
        for member in &members {
            taken += steal(member, &till).await;
        }
        assert_eq!(of("stolen"), Some(taken));
        assert_eq!(of("worst_day"), Some(taken), "no terminal has a limit");
        server.verify().await;
    }

    /// Terminals that work bound what can leave through them.
    async fn terminals_bound_the_worst_loss(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let (shop, closed) = (server.add_shop().await, server.add_shop().await);
        let tills = [server.add_till(shop).await, server.add_till(shop).await, server.add_till(closed).await];
        let revoked = server.add_till(shop).await;
        let _ = server.add_sandbox_till(shop).await;
        server.app().revoke_terminal(revoked.terminal.parse().unwrap()).await.unwrap();
        server.freeze_till(&tills[1], true).await;
        server.freeze_shop(closed, true).await;
        let member = server.member().await;
        server.compensate(&member, 9_000).await;
        server.set_policy(&[("terminal_payment_day", Some(2_000)), ("terminal_top_up_day", Some(300))]).await;
        let stated = server.app().exposure().await.unwrap();
        assert_eq!(stated.terminals, 1, "neither frozen, revoked, of a frozen shop nor for trials");
        let of = |key| figure(&stated, key);
        assert_eq!((of("terminals"), of("worst_day"), of("false_top_ups")), (Some(2_000), Some(2_000), Some(300)));
        assert_eq!(steal(&member, &Cashier::by_token(server.origin(), &tills[0].token)).await, 2_000);
    }

    /// The page tells what is open, in both languages, and nothing that somebody wrote is taken for markup.
    async fn the_page_tells_what_is_open(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let zone = jiff_zone();
        let board = server.app().board();
        let hostile = "<img src=x onerror=alert(1)>\"'&";
        let own = OwnLine { section: Section::Plan, title: hostile.to_owned(), why: hostile.to_owned(), repeats: None };
        board.add_line("own-line", own, &zone).await.unwrap();
        let some = |text: &str| Some(text.to_owned());
        let change = AnswerChange { state: Some(LineState::Met), role: some(hostile), evidence: some(hostile), url: some("https://example.com/?a=1&b=\"<"), ..AnswerChange::default() };
        let refused = board.answer_line("own-line", AnswerChange { url: some("javascript:alert(1)"), ..change.clone() }, &zone).await;
        assert!(refused.is_err());
        board.answer_line("own-line", change, &zone).await.unwrap();
        let _ = review(&server, hostile).await;

        let operator = Anonymous::at(server.metrics_origin());
        let reply = operator.request("GET", "/ready").header("accept-language", "ja").send().await.expect(200);
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        assert!(reply.header("content-security-policy").unwrap().contains("default-src 'none'"));
        let japanese = reply.text();
        assert!(japanese.contains("<html lang=\"ja\">") && japanese.contains("未了の行") && japanese.contains("一日の最大損失"));
        let english = operator.get("/ready?lang=en").await.expect(200).text();
        for text in ["Readiness", "data-key=\"public-origin\"", "wallet_payment_day = off", "No limit is set", "Uncovered thing", "its proof failed the last time", "own-line"] {
            assert!(english.contains(text), "{text}");
        }
        for page in [&japanese, &english] {
            assert!(!page.contains("<img") && !page.contains("javascript:") && !page.contains("onerror=alert(1)>\""), "{page}");
        }
        assert!(!english.contains("given up"), "what was given up is nobody's to do");
        let _ = operator.get("/ready?lang=xx").await.expect(200);
        let _ = operator.get("/ready?other=1").await.expect_problem(400, "invalid_request");
        let _ = operator.request("POST", "/ready").send().await.expect(405);
        let _ = operator.get("/metrics").await.expect(200);
    }
}

fn jiff_zone() -> jiff::tz::TimeZone {
    jiff::tz::TimeZone::UTC
}

/// A review with a measure that failed, one that was given up, and a true cause that nothing answers.
async fn review(server: &Server, name: &str) -> Seat {
    let seat = server.seat();
    let _ = seat.begin(name).await.expect(201);
    let said = json!({ "text": "so", "basis": "conjecture", "sources": [] });
    let put = async |place: &str, body: Value| seat.write(place, 0, &body).await.expect(200);
    for (key, text) in [("a", "Covered thing"), ("b", "Uncovered thing")] {
        put(&format!("node/{key}"), json!({ "of": "", "text": text, "at": null })).await;
        put(&format!("true_cause/{key}"), json!({ "is_true": true, "why": said })).await;
    }
    for (key, text, state, kind, causes) in
        [("m", name, "done", "test", json!(["a"])), ("n", "given up", "dropped", "none", json!(["b"]))]
    {
        let proof = json!({ "kind": kind, "text": if kind == "none" { "" } else { "a_test" }, "url": "", "file": "" });
        let body = json!({ "text": text, "causes": causes, "role": "security", "due": "", "remind": "", "state": state, "proof": proof, "learned": "", "is_shared": false });
        put(&format!("measure/{key}"), body).await;
    }
    put("result/m", json!({ "is_passed": false, "at": "2026-11-22T10:05", "text": "it broke" })).await;
    seat
}

/// Whoever comes by another name, as a page from elsewhere makes a browser come, is told nothing but figures.
#[tokio::test]
async fn a_page_from_elsewhere_is_told_nothing() {
    let server = Server::start(warifu_testkit::Engine::Sqlite).await;
    let operator = Anonymous::at(server.metrics_origin());
    for path in ["/", "/ready"] {
        for host in ["evil.example", "127.0.0.1.evil.example:9464", "localhost.evil.example"] {
            let reply = operator.request("GET", path).header("host", host).send().await;
            let _ = reply.expect_problem(403, "forbidden");
        }
    }
    let _ = operator.request("GET", "/ready").header("host", "localhost:9464").send().await.expect(200);
    let _ = operator.request("GET", "/metrics").header("host", "metrics.internal").send().await.expect(200);
    // Nor is it anywhere but on that address.
    let _ = server.anonymous().get("/ready").await.expect(404);
}

/// What cannot be read is told to be so, never as 0.
#[tokio::test]
async fn a_lost_database_is_told() {
    let settings = ServerSettings::default();
    let mut server = Server::start_with(TestDatabase::new(warifu_testkit::Engine::Postgres).await, settings).await;
    let operator = Anonymous::at(server.metrics_origin());
    let _ = operator.get("/ready").await.expect(200);
    server.lose_database().await;
    let _ = operator.get("/ready").await.expect_problem(503, "unavailable");
}

/// Measures of a review name their true causes in words, in both languages where the chart has them.
#[tokio::test]
async fn a_cause_that_nothing_answers_is_named() {
    let server = Server::start(warifu_testkit::Engine::Sqlite).await;
    let seat = server.seat();
    let _ = seat.begin("Emptied accounts").await.expect(201);
    let said = json!({ "text": "so", "basis": "conjecture", "sources": [] });
    let node = json!({ "of": "cause/insufficient-rehearsal", "text": "", "at": null });
    let _ = seat.write("node/a", 0, &node).await.expect(200);
    let _ = seat.write("true_cause/a", 0, &json!({ "is_true": true, "why": said })).await.expect(200);
    let _ = seat.write("true_cause/gone", 0, &json!({ "is_true": true, "why": said })).await.expect(200);
    let around = warifu_app::Surroundings::unknown(None);
    let readiness = server.app().readiness(&around).await.unwrap();
    let [review] = &readiness.reviews[..] else { panic!("{:?}", readiness.reviews) };
    let [Names { ja, en }] = &review.uncovered[..] else { panic!("{:?}", review.uncovered) };
    assert_eq!((ja.as_str(), en.as_str()), ("仮想演習不足", "Insufficient rehearsal"));
    assert_eq!((review.case.as_str(), readiness.uncovered()), ("Emptied accounts", 1));
}
