//! What is to be proved of every command that moves money by a code, whatever its kind.

use serde_json::Value;
use warifu_testkit::{Cashier, Member, Reply, Server};

/// A command, as a till sends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Payment,
    TopUp,
}

impl Kind {
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Payment => "/v1/payments",
            Self::TopUp => "/v1/top-ups",
        }
    }

    const fn done(self) -> &'static str {
        match self {
            Self::Payment => "captured",
            Self::TopUp => "completed",
        }
    }

    const fn id_prefix(self) -> &'static str {
        match self {
            Self::Payment => "pay_",
            Self::TopUp => "top_",
        }
    }

    const fn other(self) -> Self {
        match self {
            Self::Payment => Self::TopUp,
            Self::TopUp => Self::Payment,
        }
    }

    /// What the reply to 1,200 yen says besides what both kinds say.
    fn more(self) -> serde_json::Map<String, Value> {
        let lot = |lot: i64| serde_json::json!({ "account": "paid", "lot": lot, "amount": 1_200, "expires_at": null });
        let more = match self {
            Self::Payment => serde_json::json!({
                "captured": 1_200, "refunded": 0, "capturable": 0, "points_earned": 6, "points_taken_back": 0,
                "sources": [lot(1)], "items": [], "refunds": [],
            }),
            Self::TopUp => serde_json::json!({ "source": "cash", "lot": lot(2) }),
        };
        more.as_object().unwrap().clone()
    }

    /// What the command adds to a balance.
    const fn change(self, amount: i64) -> i64 {
        match self {
            Self::Payment => -amount,
            Self::TopUp => amount,
        }
    }

    pub(crate) async fn send(self, cashier: &Cashier, request_id: &str, amount: i64, code: &str) -> Reply {
        match self {
            Self::Payment => cashier.take_as(request_id, amount, code).await,
            Self::TopUp => cashier.top_up_as(request_id, amount, code).await,
        }
    }

    async fn inquire(self, cashier: &Cashier, request_id: &str) -> Reply {
        cashier.get(&format!("{}/by-request/{request_id}", self.path())).await
    }
}

/// The main path: the reply says what was done, the balance and the history agree.
pub(crate) async fn check_done(server: &Server, kind: Kind) {
    let shop = server.add_shop().await;
    let till = server.add_till(shop).await;
    let cashier = Cashier::by_token(server.origin(), &till.token);
    let member = server.member_with(5_000).await;
    let reply = kind.send(&cashier, "first", 1_200, &member.show_code().await).await.expect(201);
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.header("idempotent-replay"), None);
    let (said, id) = (reply.json(), reply.text_at("/id"));
    assert!(id.starts_with(kind.id_prefix()), "{reply}");
    let now = server.clock().now();
    let mut expected = serde_json::json!({
        "id": id,
        "state": kind.done(),
        "amount": 1_200,
        "currency": "JPY",
        "shop_id": shop.to_string(),
        "terminal_id": till.terminal,
        "request_id": "first",
        "created_at": now.to_string(),
        "business_date": said["business_date"],
    });
    expected.as_object_mut().unwrap().extend(kind.more());
    assert_eq!(said, expected);

    assert_eq!(member.balance().await, 5_000 + kind.change(1_200));
    let history = member.history().await;
    assert_eq!(history.len(), 2);
    let line = &history[0];
    assert_eq!((&line["id"], &line["amount"], &line["wallet_version"]), (&said["id"], &1_200.into(), &2.into()));
    assert_eq!((&line["shop"]["id"], &line["created_at"]), (&said["shop_id"], &said["created_at"]));
    let transfer = &line["transfers"][0];
    assert_eq!(transfer["amount"], 1_200);
    assert_eq!(transfer["balance_after"], 5_000 + kind.change(1_200));
    server.verify().await;
}

/// The same request again gets the very same bytes, done and refused ones alike, and moves nothing.
pub(crate) async fn check_replayed(server: &Server, kind: Kind) {
    let cashier = server.cashier().await;
    let member = server.member_with(5_000).await;
    let done = (member.show_code().await, 201);
    let refused = (other_digits(&done.0), 422);
    for (request_id, (code, status)) in [("done", done), ("refused", refused)] {
        let first = kind.send(&cashier, request_id, 700, &code).await.expect(status);
        assert_eq!(first.header("idempotent-replay"), None);
        let (before, count) = (member.snapshot().await, server.journal_count().await);
        server.manual_clock().advance(std::time::Duration::from_secs(86_400));
        for _ in 0..2 {
            let again = kind.send(&cashier, request_id, 700, &code).await.expect(status);
            assert_eq!(again.text(), first.text());
            assert_eq!(again.header("content-type"), first.header("content-type"));
            assert_eq!(again.header("idempotent-replay"), Some("true"));
        }
        assert_eq!((member.snapshot().await, server.journal_count().await), (before, count));
    }
}

/// A code of this issuer that is not this one, and with all likelihood nobody's.
fn other_digits(code: &str) -> String {
    let (prefix, number) = code.split_at(8);
    let number = (number.parse::<u64>().unwrap() + 1) % 10_u64.pow(16);
    format!("{prefix}{number:016}")
}

/// The same `request_id` for another request is a conflict, in which nothing is done.
pub(crate) async fn check_conflicts(server: &Server, kind: Kind) {
    let cashier = server.cashier().await;
    let member = server.member_with(5_000).await;
    let used = member.show_code().await;
    let first = kind.send(&cashier, "same", 700, &used).await.expect(201);
    let fresh = member.show_code().await;
    let (before, count) = (member.snapshot().await, server.journal_count().await);
    for (kind, amount, code) in [(kind, 701, &used), (kind, 700, &fresh), (kind.other(), 700, &used)] {
        let reply = kind.send(&cashier, "same", amount, code).await.expect_problem(409, "request_id_conflict");
        assert_eq!(reply.text_at("/request_id"), "same");
        assert_eq!(reply.header("idempotent-replay"), None);
    }
    assert_eq!((member.snapshot().await, server.journal_count().await), (before, count));

    let again = kind.send(&cashier, "same", 700, &used).await.expect(201);
    assert_eq!(again.text(), first.text(), "a conflict leaves the first as it was");
    let elsewhere = server.cashier().await;
    let _ = kind.send(&elsewhere, "same", 700, &fresh).await.expect(201);
}

/// An inquiry finds what was recorded, refused ones included, and says 404 before.
pub(crate) async fn check_inquiries(server: &Server, kind: Kind) {
    let cashier = server.cashier().await;
    let member = server.member_with(5_000).await;
    // Every character that a request_id may have and a path may not.
    for (request_id, in_path) in [("plain", "plain"), ("a/b?c#d%e\"\\", "a%2Fb%3Fc%23d%25e%22%5C")] {
        let early = kind.inquire(&cashier, in_path).await.expect_problem(404, "not_found");
        assert_eq!(early.text_at("/request_id"), request_id);
        let done = kind.send(&cashier, request_id, 700, &member.show_code().await).await.expect(201);
        assert_eq!(kind.inquire(&cashier, in_path).await.expect(200).json(), done.json());
        let id = done.text_at("/id");
        let path = format!("{}/{id}", kind.path());
        assert_eq!(cashier.get(&path).await.expect(200).json(), done.json());
        assert_eq!(member.get(&path).await.expect(200).json(), done.json());
        let _ = kind.other().inquire(&cashier, in_path).await.expect_problem(404, "not_found");
        let other_id = id.replace(kind.id_prefix(), kind.other().id_prefix());
        let _ = cashier.get(&format!("{}/{other_id}", kind.other().path())).await.expect_problem(404, "not_found");
    }

    let code = other_digits(&member.show_code().await);
    let refused = kind.send(&cashier, "refused", 700, &code).await.expect_problem(422, "code_unknown");
    let found = kind.inquire(&cashier, "refused").await.expect(200).json();
    assert_eq!((&found["id"], &found["state"]), (&refused.json()["id"], &"refused".into()));
    assert_eq!((&found["refusal"], &found["amount"]), (&"code_unknown".into(), &700.into()));
    let _ = cashier.get(&format!("{}/{}", kind.path(), refused.text_at("/id"))).await.expect(200);
}

/// Nobody finds what is not theirs, and cannot tell it from what does not exist.
pub(crate) async fn check_ownership(server: &Server, kind: Kind) {
    let shop = server.add_shop().await;
    let (cashier, colleague) = (server.cashier_at(shop).await, server.cashier_at(shop).await);
    let member = server.member_with(5_000).await;
    let done = kind.send(&cashier, "mine", 700, &member.show_code().await).await.expect(201);
    let path = format!("{}/{}", kind.path(), done.text_at("/id"));
    assert_eq!(colleague.get(&path).await.expect(200).json(), done.json(), "a shop sees its own");
    let _ = kind.inquire(&colleague, "mine").await.expect_problem(404, "not_found");

    let (stranger, other_member) = (server.cashier().await, server.member_with(1).await);
    let _ = kind.inquire(&stranger, "mine").await.expect_problem(404, "not_found");
    let theirs = stranger.get(&path).await.expect_problem(404, "not_found");
    let also = other_member.get(&path).await.expect_problem(404, "not_found");
    let nowhere = format!("{}/{}{}", kind.path(), kind.id_prefix(), "0".repeat(32));
    let nobodys = stranger.get(&nowhere).await.expect_problem(404, "not_found");
    for reply in [theirs, also] {
        assert_eq!(reply.text_at("/detail"), nobodys.text_at("/detail"));
    }
    let _ = server.anonymous().get(&path).await.expect_problem(401, "unauthorized");
}

/// What a refused command looks like: in two languages, recorded, and with nothing moved.
pub(crate) async fn check_refused(
    server: &Server,
    member: &Member,
    word: &str,
    (kind, cashier, request_id): (Kind, &Cashier, &str),
    (amount, code): (i64, &str),
) {
    let (before, count) = (member.snapshot().await, server.journal_count().await);
    let reply = kind.send(cashier, request_id, amount, code).await.expect_problem(422, word);
    assert_eq!(reply.text_at("/request_id"), request_id);
    assert!(reply.text_at("/id").starts_with(kind.id_prefix()), "{reply}");
    assert_eq!(reply.text_at("/detail"), reply.text_at("/messages/en"));
    let japanese = reply.text_at("/messages/ja");
    assert!(japanese.ends_with('。') && japanese.chars().any(|letter| ('ぁ'..='ん').contains(&letter)), "{reply}");
    assert!(!reply.text().contains(code), "a reply does not repeat the code: {reply}");
    assert_eq!(member.snapshot().await, before, "{word} moves nothing");
    assert_eq!(server.journal_count().await, count + 1, "{word} is recorded");
    let found = kind.inquire(cashier, request_id).await.expect(200);
    assert_eq!((found.text_at("/state"), found.text_at("/refusal")), ("refused".to_owned(), word.to_owned()));
}

/// Every refusal that is about the code alone.
pub(crate) async fn check_code_refusals(server: &Server, kind: Kind) {
    let (cashier, elsewhere) = (server.cashier().await, server.cashier().await);
    let member = server.member_with(5_000).await;
    let here = |request_id| (kind, &cashier, request_id);

    let unknown = other_digits(&member.show_code().await);
    check_refused(server, &member, "code_unknown", here("unknown"), (700, &unknown)).await;
    check_refused(server, &member, "code_unknown", here("foreign"), (700, "123456781234567812345678")).await;

    let code = member.show_code().await;
    let _ = kind.send(&cashier, "good", 700, &code).await.expect(201);
    check_refused(server, &member, "code_consumed", here("consumed"), (700, &code)).await;
    check_refused(server, &member, "code_consumed", (kind, &elsewhere, "consumed"), (700, &code)).await;

    let older = member.show_code().await;
    let newer = member.show_code().await;
    check_refused(server, &member, "code_expired", here("older"), (700, &older)).await;
    server.manual_clock().advance(std::time::Duration::from_secs(300) - std::time::Duration::from_micros(1));
    let _ = kind.send(&cashier, "last moment", 700, &newer).await.expect(400);
    let _ = kind.send(&cashier, "last_moment", 700, &newer).await.expect(201);
    let late = member.show_code().await;
    server.manual_clock().advance(std::time::Duration::from_secs(300));
    check_refused(server, &member, "code_expired", here("late"), (700, &late)).await;
    server.verify().await;
}
