//! Bills over HTTP, as terminals see them; how members confirm them is for the browser's tests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on panics"
)]

use std::time::Duration;

use serde_json::{Value, json};
use warifu_testkit::{Cashier, Engine, Server};

fn bill(request_id: &str, amount: i64) -> Value {
    json!({ "request_id": request_id, "amount": amount, "currency": "JPY" })
}

fn inquiry(request_id: &str) -> String {
    format!("/v1/payments/by-request/{request_id}")
}

async fn pay(cashier: &Cashier, bill: &Value) -> warifu_testkit::Reply {
    cashier.post(&format!("/v1/sandbox/bills/{}/pay", bill["id"].as_str().unwrap()), &json!({})).await
}

/// A bill is settled under the terminal's own id: not recorded yet, paid, and then all that can be done to a payment.
#[tokio::test]
async fn a_bill_is_a_payment_under_the_terminals_own_id() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let server = Server::start(engine).await;
        let till = server.sandbox_cashier().await;
        let made = till.post("/v1/bills", &bill("b-1", 1_200)).await.expect(201).json();
        assert!(made["code"].as_str().unwrap().starts_with("000201010212"), "{made}");
        assert!(made["link"].as_str().unwrap().ends_with(made["id"].as_str().unwrap()));
        assert_eq!(made["pictures"].as_array().unwrap().len(), 2);
        let again = till.post("/v1/bills", &bill("b-1", 1_200)).await.expect(201).json();
        assert_eq!(again["id"], made["id"], "the same again is the same bill");
        let _ = till.post("/v1/bills", &bill("b-1", 1_201)).await.expect_problem(409, "request_id_conflict");
        let _ = till.get(&inquiry("b-1")).await.expect_problem(404, "not_found");
        let paid = pay(&till, &made).await.expect(201);
        assert_eq!((paid.number_at("/amount"), paid.text_at("/kind")), (1_200, "payment".to_owned()));
        let replayed = pay(&till, &made).await.expect(201);
        assert_eq!(replayed.header("idempotent-replay"), Some("true"));
        assert_eq!(replayed.json(), paid.json());
        let found = till.get(&inquiry("b-1")).await.expect(200).json();
        assert_eq!((&found["state"], &found["id"]), (&json!("captured"), &paid.json()["id"]));
        let _ = till.refund(found["id"].as_str().unwrap(), 200).await.expect(201);
        // The id is used: it stands for a payment now, and for no other bill.
        let _ =
            till.take_as("b-1", 5, &till.sandbox_code("plain").await).await.expect_problem(409, "request_id_conflict");
        server.verify().await;
    }
}

/// A bill that was cancelled, or is too old, is never paid; one that stands for something else is not made.
#[tokio::test]
async fn a_bill_that_was_taken_back_is_never_paid() {
    let server = Server::start(Engine::Sqlite).await;
    let till = server.sandbox_cashier().await;
    let made = till.post("/v1/bills", &bill("b-1", 100)).await.expect(201).json();
    let _ = till.cancel_by_request("b-1").await.expect(201);
    let _ = pay(&till, &made).await.expect_problem(409, "bill_closed");
    assert_eq!(till.get(&inquiry("b-1")).await.expect(200).text_at("/state"), "canceled");

    let made = till.post("/v1/bills", &bill("b-2", 100)).await.expect(201).json();
    server.manual_clock().advance(Duration::from_secs(300));
    let _ = pay(&till, &made).await.expect_problem(409, "bill_closed");
    let _ = till.get(&inquiry("b-2")).await.expect_problem(404, "not_found");

    let _ = till.take_as("p-1", 5, &till.sandbox_code("plain").await).await.expect(201);
    let _ = till.post("/v1/bills", &bill("p-1", 5)).await.expect_problem(409, "request_id_conflict");
    for wrong in [bill("b-3", 0), bill("b-3", -1), json!({ "request_id": "b-3", "amount": 1 }), bill("", 1)] {
        let _ = till.post("/v1/bills", &wrong).await.expect_problem(400, "invalid_request");
    }
    let too_much = bill("b-3", 10_000_000_000_000);
    let _ = till.post("/v1/bills", &too_much).await.expect_problem(400, "invalid_request");
    server.verify().await;
}

/// A refusal ends a bill as it ends a request: the till finds it under its id, and makes a new one.
#[tokio::test]
async fn a_refused_bill_is_found_refused() {
    let server = Server::start(Engine::Sqlite).await;
    let till = server.sandbox_cashier().await;
    let made = till.post("/v1/bills", &bill("b-1", 60_000)).await.expect(201).json();
    assert_eq!(pay(&till, &made).await.expect(422).code(), "insufficient_balance");
    let found = till.get(&inquiry("b-1")).await.expect(200).json();
    assert_eq!((&found["state"], &found["refusal"]), (&json!("refused"), &json!("insufficient_balance")));
    server.verify().await;
}

/// An ATM shows a code too: cash that was taken goes into the wallet of whoever confirms it, and is a top-up under the ATM's own id.
#[tokio::test]
async fn a_bill_for_cash_is_a_top_up() {
    let server = Server::start(Engine::Sqlite).await;
    let atm = server.sandbox_cashier().await;
    let mut body = bill("t-1", 1_000);
    body["kind"] = json!("top_up");
    let made = atm.post("/v1/bills", &body).await.expect(201).json();
    let _ = atm.post("/v1/bills", &bill("t-1", 1_000)).await.expect_problem(409, "request_id_conflict");
    let _ = pay(&atm, &made).await.expect(201);
    assert_eq!(atm.get("/v1/top-ups/by-request/t-1").await.expect(200).text_at("/state"), "completed");
    let _ = atm.get(&inquiry("t-1")).await.expect_problem(404, "not_found");
    let _ = atm.cancel_top_up_by_request("t-1").await.expect(201);
    server.verify().await;
}

/// Two who confirm the same bill at the same moment: one is recorded.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_confirmations_one_is_recorded() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let server = Server::start(engine).await;
        let till = server.sandbox_cashier().await;
        for round in 0..5 {
            let made = till.post("/v1/bills", &bill(&format!("b-{round}"), 10)).await.expect(201).json();
            let replies = futures::future::join_all((0..8).map(|_| pay(&till, &made))).await;
            let mut ids: Vec<_> = replies.iter().filter(|it| it.status() == 201).map(|it| it.text_at("/id")).collect();
            ids.dedup();
            assert_eq!(ids.len(), 1, "one payment");
            assert!(replies.iter().all(|it| [201, 409, 503].contains(&it.status())), "{replies:?}");
        }
        let sales = till.get("/v1/shop/totals").await.expect(200).json();
        assert_eq!(sales["total"]["sales"], json!({ "count": 5, "amount": 50 }));
        server.verify().await;
    }
}

/// A bill of a till is none of another's business, and no member can be told of one that is not there.
#[tokio::test]
async fn bills_are_for_those_whom_they_concern() {
    let server = Server::start(Engine::Sqlite).await;
    let (till, other) = (server.sandbox_cashier().await, server.sandbox_cashier().await);
    let made = till.post("/v1/bills", &bill("b-1", 10)).await.expect(201).json();
    let _ = pay(&other, &made).await.expect_problem(404, "not_found");
    let member = server.member_with(1_000).await;
    let path = format!("/v1/bills/{}", made["id"].as_str().unwrap());
    assert_eq!(member.get(&path).await.expect(200).text_at("/state"), "open");
    let _ = member.get("/v1/bills/bil_00000000000000000000000000000000").await.expect_problem(404, "not_found");
    let _ = member.get("/v1/bills/none").await.expect_problem(404, "not_found");
    // Somebody without a passkey has nothing to confirm with.
    let confirm = member.request("POST", &format!("{path}/confirm")).json(&json!({})).send();
    let _ = confirm.await.expect_problem(401, "passkey_refused");
    let open =
        async |code: &str| member.request("POST", "/v1/shop-codes/open").json(&json!({ "code": code })).send().await;
    assert_eq!(open(made["code"].as_str().unwrap()).await.expect(200).json()["bill_id"], made["id"]);
    // A place of the sandbox takes no member's money.
    let place = till.get("/v1/shop-code").await.expect(200).json();
    let _ = open(place["code"].as_str().unwrap()).await.expect_problem(404, "not_found");
    let real = server.cashier().await.get("/v1/shop-code").await.expect(200).json();
    assert!(open(real["code"].as_str().unwrap()).await.expect(200).json()["place"]["shop_name"].is_string());
    let broken = real["code"].as_str().unwrap().replace("6304", "6305");
    for foreign in ["", "x", "https://example.com/bill/bil_1", broken.as_str(), "900001230000000000000000"] {
        let _ = open(foreign).await.expect_problem(400, "invalid_request");
    }
}
