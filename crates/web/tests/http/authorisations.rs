//! Payments that are captured later: in parts, finally, let go, or left until they expire.

use std::time::Duration;

use serde_json::{Value, json};
use warifu_testkit::{Cashier, Member, Server, TestDatabase, on_both_databases};

const DAY: Duration = Duration::from_secs(86_400);
const INSTANT: Duration = Duration::from_micros(1);

/// A member with 10,000 yen and a shop that gives a point for 100.
async fn scene(server: &Server) -> (Cashier, Member) {
    let shop = server.add_shop().await;
    server.set_shop(shop, Some(100), None).await;
    (server.cashier_at(shop).await, server.member_with(10_000).await)
}

async fn authorised(cashier: &Cashier, member: &Member, amount: i64) -> String {
    cashier.authorise(amount, &member.show_code().await).await.expect(201).text_at("/id")
}

/// The spendable yen, those that are held, and the points.
async fn holdings(member: &Member) -> (i64, i64, i64) {
    let balances = member.balances().await;
    let at = |pointer: &str| balances.pointer(pointer).unwrap().as_i64().unwrap();
    (at("/total"), at("/balances/0/held"), at("/points/amount"))
}

fn figures(payment: &Value) -> (&str, i64, i64) {
    let number = |name: &str| payment[name].as_i64().unwrap();
    (payment["state"].as_str().unwrap(), number("captured"), number("capturable"))
}

on_both_databases! {
    async fn an_authorisation_holds_the_money_and_is_captured_in_parts(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let (cashier, member) = scene(&server).await;
        let reply = cashier.authorise(3_000, &member.show_code().await).await.expect(201);
        let (said, payment) = (reply.json(), reply.text_at("/id"));
        assert_eq!(figures(&said), ("authorized", 0, 3_000));
        let expiry = server.clock().now().saturating_add(7 * DAY);
        assert_eq!(said["capture_before"], expiry.to_string());
        assert_eq!(said["sources"], json!([{ "account": "paid", "lot": 1, "amount": 3_000, "expires_at": null }]));
        assert_eq!(holdings(&member).await, (7_000, 3_000, 0));

        let step = cashier.capture(&payment, Some(1_050)).await.expect(201).json();
        let expected = json!({
            "id": step["id"], "kind": "capture", "payment_id": payment, "amount": 1_050, "currency": "JPY",
            "authorized": 3_000, "captured": 1_050, "refunded": 0, "points_earned": 10, "points_taken_back": 0,
            "kept_back": 0, "hold_is_closed": false, "terminal_id": said["terminal_id"], "request_id": step["request_id"],
            "created_at": server.clock().now().to_string(), "business_date": step["business_date"],
        });
        assert_eq!(step, expected);
        assert!(step["id"].as_str().unwrap().starts_with("txn_"), "{step}");
        assert_eq!(holdings(&member).await, (7_000, 1_950, 10));
        assert_eq!(figures(&cashier.payment(&payment).await), ("captured", 1_050, 1_950));

        // All that is left; the 50 yen that earned nothing the first time count now.
        let last = cashier.capture(&payment, None).await.expect(201);
        assert_eq!((last.number_at("/amount"), last.number_at("/captured")), (1_950, 3_000));
        assert_eq!((last.number_at("/points_earned"), &last.json()["hold_is_closed"]), (30, &json!(true)));
        assert_eq!(holdings(&member).await, (7_000, 0, 30));
        let found = cashier.payment(&payment).await;
        assert_eq!(figures(&found), ("captured", 3_000, 0));
        assert_eq!(member.get(&format!("/v1/payments/{payment}")).await.expect(200).json(), found);
        let by_request = format!("/v1/payments/by-request/{}", said["request_id"].as_str().unwrap());
        assert_eq!(cashier.get(&by_request).await.expect(200).json(), found);
        server.verify().await;
    }

    async fn a_final_capture_lets_the_rest_go(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let (cashier, member) = scene(&server).await;
        let payment = authorised(&cashier, &member, 3_000).await;
        let step = cashier.capture_finally(&payment, 1_200).await.expect(201);
        assert_eq!((step.number_at("/amount"), &step.json()["hold_is_closed"]), (1_200, &json!(true)));
        assert_eq!(holdings(&member).await, (8_800, 0, 12));
        assert_eq!(figures(&cashier.payment(&payment).await), ("captured", 1_200, 0));
        let _ = cashier.capture(&payment, Some(1)).await.expect_problem(422, "hold_closed");
        let _ = cashier.void(&payment).await.expect_problem(422, "hold_closed");
        server.verify().await;
    }

    async fn a_void_lets_go_what_is_left(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let (cashier, member) = scene(&server).await;
        let untouched = authorised(&cashier, &member, 3_000).await;
        let step = cashier.void(&untouched).await.expect(201);
        assert_eq!((step.text_at("/kind"), step.number_at("/amount")), ("void".to_owned(), 3_000));
        assert_eq!(figures(&cashier.payment(&untouched).await), ("voided", 0, 0));
        assert_eq!(holdings(&member).await, (10_000, 0, 0));

        let begun = authorised(&cashier, &member, 3_000).await;
        let _ = cashier.capture(&begun, Some(1_000)).await.expect(201);
        assert_eq!(cashier.void(&begun).await.expect(201).number_at("/amount"), 2_000);
        assert_eq!(figures(&cashier.payment(&begun).await), ("captured", 1_000, 0));
        assert_eq!(holdings(&member).await, (9_000, 0, 10));
        server.verify().await;
    }

    async fn a_hold_expires_by_the_clock_whether_it_was_swept_or_not(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let (cashier, member) = scene(&server).await;
        let untouched = authorised(&cashier, &member, 3_000).await;
        let begun = authorised(&cashier, &member, 2_000).await;
        server.manual_clock().advance(7 * DAY - INSTANT);
        let _ = cashier.capture(&begun, Some(500)).await.expect(201);
        assert_eq!(figures(&cashier.payment(&untouched).await), ("authorized", 0, 3_000));
        assert_eq!(holdings(&member).await, (5_000, 4_500, 5));

        server.manual_clock().advance(INSTANT);
        for swept in [false, true] {
            assert_eq!(figures(&cashier.payment(&untouched).await), ("expired", 0, 0), "swept: {swept}");
            assert_eq!(figures(&cashier.payment(&begun).await), ("captured", 500, 0), "swept: {swept}");
            assert_eq!(holdings(&member).await, (9_500, 0, 5), "swept: {swept}");
            for payment in [&untouched, &begun] {
                let _ = cashier.capture(payment, Some(1)).await.expect_problem(422, "hold_expired");
                let _ = cashier.void(payment).await.expect_problem(422, "hold_expired");
            }
            server.sweep().await;
        }
        assert_eq!(member.history().await[0]["kind"], "expiry");
        let _ = cashier.take(9_500, &member.show_code().await).await.expect(201);
        server.verify().await;
    }

    async fn the_policy_says_how_long_a_hold_lives(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let (cashier, member) = scene(&server).await;
        let before = authorised(&cashier, &member, 100).await;
        server.set_policy(&[("hold_days", Some(1))]).await;
        let after = authorised(&cashier, &member, 100).await;
        server.manual_clock().advance(DAY);
        let _ = cashier.capture(&after, None).await.expect_problem(422, "hold_expired");
        let _ = cashier.capture(&before, None).await.expect(201);
    }

    async fn what_follows_a_payment_is_replayed_as_it_was_and_conflicts_with_anything_else(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let (cashier, member) = scene(&server).await;
        let (payment, other) =
            (authorised(&cashier, &member, 3_000).await, authorised(&cashier, &member, 3_000).await);
        let path = format!("/v1/payments/{payment}/capture");
        let body = json!({ "request_id": "part", "amount": 1_000 });
        let first = cashier.post(&path, &body).await.expect(201);
        let voided = cashier.post(&format!("/v1/payments/{payment}/void"), &json!({ "request_id": "void" })).await;
        let voided = voided.expect(201);
        let (before, count) = (member.snapshot().await, server.journal_count().await);
        for (path, body, first) in [
            (path.clone(), body, first),
            (format!("/v1/payments/{payment}/void"), json!({ "request_id": "void" }), voided),
        ] {
            let again = cashier.post(&path, &body).await.expect(201);
            assert_eq!(again.text(), first.text());
            assert_eq!(again.header("idempotent-replay"), Some("true"));
        }
        let elsewhere = format!("/v1/payments/{other}/capture");
        for (path, body) in [
            (&path, json!({ "request_id": "part", "amount": 1_001 })),
            (&path, json!({ "request_id": "part" })),
            (&path, json!({ "request_id": "part", "amount": 1_000, "final": true })),
            (&path, json!({ "request_id": "void", "amount": 1_000 })),
            (&elsewhere, json!({ "request_id": "part", "amount": 1_000 })),
        ] {
            let _ = cashier.post(path, &body).await.expect_problem(409, "request_id_conflict");
        }
        // Said or left out, it is the same.
        let same = json!({ "request_id": "part", "amount": 1_000, "final": false });
        assert_eq!(cashier.post(&path, &same).await.expect(201).header("idempotent-replay"), Some("true"));
        assert_eq!((member.snapshot().await, server.journal_count().await), (before, count));
    }

    async fn a_payment_of_another_shop_is_not_there_for_who_wants_to_follow_it(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let merchant = server.add_merchant().await;
        let (shop, sister) = (server.add_shop_of(merchant).await, server.add_shop_of(merchant).await);
        let (cashier, colleague) = (server.cashier_at(shop).await, server.cashier_at(shop).await);
        let member = server.member_with(5_000).await;
        let held = authorised(&cashier, &member, 1_000).await;
        let paid = cashier.take(1_000, &member.show_code().await).await.expect(201).text_at("/id");
        let top_up = cashier.top_up(500, &member.show_code().await).await.expect(201).text_at("/id");
        let sandbox = server.add_sandbox_till(shop).await;
        let (before, count) = (member.snapshot().await, server.journal_count().await);
        for stranger in [
            server.cashier().await,
            server.cashier_at(sister).await,
            Cashier::by_token(server.origin(), &sandbox.token),
        ] {
            for reply in [
                stranger.capture(&held, Some(1)).await,
                stranger.void(&held).await,
                stranger.cancel(&held).await,
                stranger.cancel(&paid).await,
                stranger.refund(&paid, 1).await,
                stranger.cancel_top_up(&top_up).await,
                stranger.get(&format!("/v1/payments/{paid}")).await,
                stranger.get(&format!("/v1/receipts/{paid}")).await,
                stranger.get(&format!("/v1/top-ups/{top_up}")).await,
            ] {
                let _ = reply.expect_problem(404, "not_found");
            }
        }
        // The id of one thing opens no door to another.
        let as_top_up = paid.replace("pay_", "top_");
        let _ = cashier.cancel_top_up(&as_top_up).await.expect_problem(404, "not_found");
        let _ = cashier.refund(&top_up.replace("top_", "pay_"), 1).await.expect_problem(404, "not_found");
        assert_eq!((member.snapshot().await, server.journal_count().await), (before, count));
        let _ = colleague.capture(&held, None).await.expect(201);
        let _ = colleague.refund(&paid, 1).await.expect(201);
        let _ = colleague.cancel_top_up(&top_up).await.expect(201);
        server.verify().await;
    }
}
