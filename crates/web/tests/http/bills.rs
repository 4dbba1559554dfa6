//! Bills over HTTP, as terminals see them; how members confirm them is for the browser's tests.

use std::time::Duration;

use serde_json::{Value, json};
use warifu_app::{BillClaim, Database};
use warifu_core::time::Time;
use warifu_testkit::{Cashier, Engine, Member, Reply, Server};

fn bill(request_id: &str, amount: i64) -> Value {
    json!({ "request_id": request_id, "amount": amount, "currency": "JPY" })
}

fn inquiry(request_id: &str) -> String {
    format!("/v1/payments/by-request/{request_id}")
}

/// What a phone sends after the passkey; nobody believes this one.
async fn answer(member: &Member, bill: &Value) -> Reply {
    let response = json!({ "authenticatorData": "AA", "clientDataJSON": "AA", "signature": "AA", "userHandle": null });
    let credential = json!({ "id": "AA", "rawId": "AA", "type": "public-key", "extensions": {}, "response": response });
    let body = json!({ "ceremony": "cer_00000000000000000000000000000000", "credential": credential });
    let path = format!("/v1/bills/{}/pay", bill["id"].as_str().unwrap());
    member.request("POST", &path).json(&body).send().await
}

/// What a passkey that was believed leaves behind for an ATM's bill; that it does is for the browser's tests.
async fn claim(server: &Server, bill: &Value, member: &Member, number: &str) {
    let me = member.get("/v1/me").await.expect(200).json();
    let id = |it: &Value| it.as_str().unwrap().to_owned();
    let (bill, number) = (id(&bill["id"]).parse().unwrap(), number.to_owned());
    let member = id(&me["member_id"]).parse().unwrap();
    let database: &Database = server.app().database();
    let kept = database.write(move |transaction| {
        Box::pin(async move {
            let device = transaction.hold_payer(member).await?.unwrap().device.unwrap();
            let claim = BillClaim { bill, number, member, device, created_at: Time::EPOCH };
            transaction.create_bill_claim(&claim).await
        })
    });
    assert!(kept.await.unwrap());
}

async fn cash(atm: &Cashier, request_id: &str, amount: i64) -> Value {
    let mut body = bill(request_id, amount);
    body["kind"] = json!("top_up");
    atm.post("/v1/bills", &body).await.expect(201).json()
}

async fn release(atm: &Cashier, bill: &Value, number: &str) -> Reply {
    atm.post(&format!("/v1/bills/{}/release", bill["id"].as_str().unwrap()), &json!({ "number": number })).await
}

async fn pay(cashier: &Cashier, bill: &Value) -> Reply {
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
    let trial = till.post("/v1/bills", &bill("b-1", 10)).await.expect(201).json();
    let _ = pay(&other, &trial).await.expect_problem(404, "not_found");
    let real = server.cashier().await;
    let made = real.post("/v1/bills", &bill("b-1", 10)).await.expect(201).json();
    let member = server.member_with(1_000).await;
    let path = format!("/v1/bills/{}", made["id"].as_str().unwrap());
    assert_eq!(member.get(&path).await.expect(200).text_at("/state"), "open");
    let _ = member.get("/v1/bills/bil_00000000000000000000000000000000").await.expect_problem(404, "not_found");
    let _ = member.get("/v1/bills/none").await.expect_problem(404, "not_found");
    // Somebody without a passkey has nothing to confirm with.
    let confirm = member.request("POST", &format!("{path}/confirm")).json(&json!({})).send();
    let _ = confirm.await.expect_problem(401, "passkey_refused");
    // What the sandbox asks for is for nobody.
    let of_trial = format!("/v1/bills/{}", trial["id"].as_str().unwrap());
    let _ = member.get(&of_trial).await.expect_problem(404, "not_found");
    let confirm = member.request("POST", &format!("{of_trial}/confirm")).json(&json!({})).send();
    let _ = confirm.await.expect_problem(404, "not_found");
    let _ = answer(&member, &trial).await.expect_problem(404, "not_found");
    let open =
        async |code: &str| member.request("POST", "/v1/shop-codes/open").json(&json!({ "code": code })).send().await;
    assert_eq!(open(made["code"].as_str().unwrap()).await.expect(200).json()["bill_id"], made["id"]);
    let _ = open(trial["code"].as_str().unwrap()).await.expect_problem(404, "not_found");
    // A place of the sandbox takes no member's money.
    let place = till.get("/v1/shop-code").await.expect(200).json();
    let _ = open(place["code"].as_str().unwrap()).await.expect_problem(404, "not_found");
    let place = real.get("/v1/shop-code").await.expect(200).json();
    assert!(open(place["code"].as_str().unwrap()).await.expect(200).json()["place"]["shop_name"].is_string());
    let broken = place["code"].as_str().unwrap().replace("6304", "6305");
    for foreign in ["", "x", "https://example.com/bill/bil_1", broken.as_str(), "900001230000000000000000"] {
        let _ = open(foreign).await.expect_problem(400, "invalid_request");
    }
}

/// Of all who confirmed an ATM's bill the one whose number is typed there gets the cash, once, and nobody else ever does.
#[tokio::test]
async fn cash_goes_to_the_number_that_is_typed() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let server = Server::start(engine).await;
        let (atm, other) = (server.atm().await, server.atm().await);
        let (customer, thief) = (server.member().await, server.member().await);
        let made = cash(&atm, "t-1", 5_000).await;
        let _ = release(&atm, &made, "4821").await.expect_problem(409, "number_unknown");
        claim(&server, &made, &thief, "0007").await;
        claim(&server, &made, &customer, "4821").await;
        let path = format!("/v1/bills/{}", made["id"].as_str().unwrap());
        let seen = customer.get(&path).await.expect(200).json();
        assert_eq!((&seen["state"], &seen["number"]), (&json!("claimed"), &json!("4821")));
        assert_eq!(server.member().await.get(&path).await.expect(200).json()["number"], Value::Null);
        let _ = atm.get("/v1/top-ups/by-request/t-1").await.expect_problem(404, "not_found");

        let _ = release(&other, &made, "4821").await.expect_problem(404, "not_found");
        let _ = release(&atm, &made, "4822").await.expect_problem(409, "number_unknown");
        for wrong in ["", "482", "48210", "４８２１", "48 1"] {
            let _ = release(&atm, &made, wrong).await.expect_problem(400, "invalid_request");
        }
        assert_eq!((customer.balance().await, thief.balance().await), (0, 0));
        let done = release(&atm, &made, "4821").await.expect(201);
        assert_eq!((done.number_at("/amount"), done.text_at("/kind")), (5_000, "top_up".to_owned()));
        let again = release(&atm, &made, "4821").await.expect(201);
        assert_eq!((again.header("idempotent-replay"), again.json()), (Some("true"), done.json()));
        let _ = release(&atm, &made, "0007").await.expect_problem(409, "bill_closed");
        assert_eq!((customer.balance().await, thief.balance().await), (5_000, 0));
        assert_eq!(atm.get("/v1/top-ups/by-request/t-1").await.expect(200).text_at("/state"), "completed");
        assert_eq!(customer.get(&path).await.expect(200).text_at("/state"), "paid");
        assert_eq!(thief.get(&path).await.expect(200).text_at("/state"), "closed");

        // A phone whose first answer was lost asks the same again: what was recorded is the answer, not that the passkey is used.
        let lost = answer(&customer, &made).await.expect(201);
        assert_eq!((lost.header("idempotent-replay"), lost.json()), (Some("true"), done.json()));
        let _ = answer(&thief, &made).await.expect_problem(401, "passkey_refused");
        server.verify().await;
    }
}

/// After the notes were given back no number is good, nor when the bill is too old; what is refused is found refused.
#[tokio::test]
async fn a_number_is_good_for_as_long_as_the_bill() {
    let server = Server::start(Engine::Sqlite).await;
    let (atm, member) = (server.atm().await, server.member().await);
    let made = cash(&atm, "t-1", 1_000).await;
    claim(&server, &made, &member, "0000").await;
    let _ = atm.cancel_top_up_by_request("t-1").await.expect(201);
    let _ = release(&atm, &made, "0000").await.expect_problem(409, "bill_closed");

    let made = cash(&atm, "t-2", 1_000).await;
    claim(&server, &made, &member, "0000").await;
    server.manual_clock().advance(Duration::from_secs(300));
    let _ = release(&atm, &made, "0000").await.expect_problem(409, "bill_closed");

    server.set_policy(&[("balance_max", Some(500))]).await;
    let made = cash(&atm, "t-3", 1_000).await;
    claim(&server, &made, &member, "0000").await;
    assert_eq!(release(&atm, &made, "0000").await.expect(422).code(), "limit_exceeded");
    assert_eq!(release(&atm, &made, "0000").await.expect(422).header("idempotent-replay"), Some("true"));
    assert_eq!(atm.get("/v1/top-ups/by-request/t-3").await.expect(200).text_at("/refusal"), "limit_exceeded");
    let paid = server.cashier().await.post("/v1/bills", &bill("b-1", 10)).await.expect(201).json();
    let _ = release(&atm, &paid, "0000").await.expect_problem(404, "not_found");
    assert_eq!(member.balance().await, 0);
    server.verify().await;
}

/// Twenty amounts may be entered and not paid; then it is said that they are too many, which passes.
#[tokio::test]
async fn too_many_bills_are_told_as_such() {
    let server = Server::start(Engine::Sqlite).await;
    let code = server.cashier().await.get("/v1/shop-code").await.expect(200).text_at("/code");
    let member = server.member_with(1_000).await;
    let enter = async || {
        member.request("POST", "/v1/shop-codes/open").json(&json!({ "code": code, "amount": 10 })).send().await
    };
    for _ in 0..20 {
        let _ = enter().await.expect(200);
    }
    let told = enter().await.expect_problem(429, "rate_limited");
    assert_eq!(told.header("retry-after"), Some("60"));
    server.manual_clock().advance(Duration::from_secs(300));
    let _ = enter().await.expect(200);
}
