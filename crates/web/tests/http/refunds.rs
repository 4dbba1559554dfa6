//! Refunds: in parts, back into the lots that paid, with the points that were earned taken back.

use std::time::Duration;

use serde_json::{Value, json};
use warifu_core::lot::LotAccount;
use warifu_testkit::actors::refund;
use warifu_testkit::{Cashier, Member, Server, TestDatabase, on_both_databases};

const DAY: Duration = Duration::from_secs(86_400);

/// A member with `yen`, and a cashier in a shop that gives a point for so many.
async fn scene(server: &Server, yen: i64, yen_per_point: i64) -> (Cashier, Member) {
    let shop = server.add_shop().await;
    server.set_shop(shop, Some(yen_per_point), None).await;
    (server.cashier_at(shop).await, server.member_with(yen).await)
}

/// Account and amount of each part.
fn parts(parts: &Value) -> Vec<(String, i64)> {
    let part = |part: &Value| (part["account"].as_str().unwrap().to_owned(), part["amount"].as_i64().unwrap());
    parts.as_array().unwrap().iter().map(part).collect()
}

fn named(parts: &[(&str, i64)]) -> Vec<(String, i64)> {
    parts.iter().map(|(account, amount)| ((*account).to_owned(), *amount)).collect()
}

on_both_databases! {
    async fn a_payment_is_refunded_in_parts_and_its_points_are_taken_back(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let (cashier, member) = scene(&server, 10_000, 100).await;
        let taken = cashier.take(1_000, &member.show_code().await).await.expect(201);
        let payment = taken.text_at("/id");
        assert_eq!(member.points().await, 10);

        let mut body = refund("first", &payment, 350);
        body["reason"] = json!("one was broken");
        let reply = cashier.post("/v1/refunds", &body).await.expect(201);
        let said = reply.json();
        let expected = json!({
            "id": said["id"], "state": "completed", "payment_id": payment, "amount": 350, "currency": "JPY",
            "captured": 1_000, "refunded": 350, "points_taken_back": 3, "kept_back": 0,
            "returned": [{ "account": "paid", "lot": 1, "amount": 350, "expires_at": null }],
            "reason": "one was broken", "shop_id": taken.text_at("/shop_id"),
            "terminal_id": taken.text_at("/terminal_id"), "request_id": "first",
            "created_at": server.clock().now().to_string(), "business_date": said["business_date"],
        });
        assert_eq!(said, expected);
        assert!(said["id"].as_str().unwrap().starts_with("rfd_"), "{said}");
        assert_eq!((member.balance().await, member.points().await), (9_350, 7));
        let found = cashier.payment(&payment).await;
        assert_eq!((&found["state"], &found["refunded"]), (&json!("partially_refunded"), &json!(350)));
        assert_eq!((&found["captured"], &found["points_taken_back"]), (&json!(1_000), &json!(3)));
        let line = json!({ "id": said["id"], "amount": 350, "created_at": said["created_at"] });
        assert_eq!(found["refunds"], json!([line]));

        let rest = cashier.refund(&payment, 650).await.expect(201);
        assert_eq!((rest.number_at("/refunded"), rest.number_at("/points_taken_back")), (1_000, 7));
        assert_eq!((member.balance().await, member.points().await), (10_000, 0));
        let found = cashier.payment(&payment).await;
        assert_eq!((&found["state"], found["refunds"].as_array().unwrap().len()), (&json!("refunded"), 2));
        let _ = cashier.refund(&payment, 1).await.expect_problem(422, "refund_exceeds_captured");
        assert_eq!(cashier.payment(&payment).await["refunds"].as_array().unwrap().len(), 2, "refused ones are not listed");
        server.verify().await;
    }

    async fn points_that_are_gone_are_kept_back_in_yen(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let (cashier, member) = scene(&server, 10_000, 100).await;
        let payment = cashier.take(1_000, &member.show_code().await).await.expect(201).text_at("/id");
        let _ = member.exchange(8).await.expect(201);
        let refunded = cashier.refund(&payment, 1_000).await.expect(201);
        assert_eq!((refunded.number_at("/points_taken_back"), refunded.number_at("/kept_back")), (2, 8));
        assert_eq!(parts(&refunded.json()["returned"]), named(&[("paid", 992)]));
        assert_eq!(refunded.number_at("/amount"), 1_000, "the shop gives all of it back");
        assert_eq!((member.balance().await, member.points().await), (10_000, 0));
        assert_eq!(cashier.payment(&payment).await["points_taken_back"], 10);
        server.verify().await;
    }

    async fn a_refund_that_is_kept_back_whole_is_a_refund(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let (cashier, member) = scene(&server, 1_000, 1).await;
        let payment = cashier.take(100, &member.show_code().await).await.expect(201).text_at("/id");
        let _ = member.exchange(100).await.expect(201);
        let refunded = cashier.refund(&payment, 100).await.expect(201);
        assert_eq!((refunded.number_at("/kept_back"), refunded.number_at("/points_taken_back")), (100, 0));
        assert_eq!(refunded.json()["returned"], json!([]));
        assert_eq!(cashier.payment(&payment).await["state"], "refunded");
        assert_eq!((member.balance().await, member.points().await), (1_000, 0));
        let line = member.history().await[0].clone();
        assert_eq!((&line["kind"], &line["change"], &line["follows"]), (&json!("refund"), &json!(0), &json!(payment)));
        server.verify().await;
    }

    async fn money_goes_back_to_the_lots_that_paid_the_last_drawn_first(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let (cashier, member) = scene(&server, 1_000, 0).await;
        let tomorrow = server.clock().now().saturating_add(DAY);
        server.grant(&member, 300, Some(tomorrow)).await;
        server.add_by_hand(&member, LotAccount::Points, 200).await;
        let taken = cashier.take(600, &member.show_code_with_points().await).await.expect(201);
        let drawn = named(&[("bonus", 300), ("points", 200), ("paid", 100)]);
        assert_eq!(parts(&taken.json()["sources"]), drawn, "the earliest expiry first, none last");
        let payment = taken.text_at("/id");
        let first = cashier.refund(&payment, 150).await.expect(201).json();
        assert_eq!(parts(&first["returned"]), named(&[("points", 50), ("paid", 100)]));
        assert_eq!((member.balance().await, member.points().await), (1_000, 50));

        // The bonus has expired by now: what goes back lives for thirty days.
        server.manual_clock().advance(2 * DAY);
        let rest = cashier.refund(&payment, 450).await.expect(201).json();
        assert_eq!(parts(&rest["returned"]), named(&[("points", 150), ("bonus", 300)]));
        let until = server.clock().now().saturating_add(30 * DAY);
        assert_eq!(rest["returned"][1]["expires_at"], until.to_string());
        assert_eq!((member.balance().await, member.points().await), (1_300, 200));
        server.verify().await;
    }

    async fn a_code_without_points_leaves_them(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let (cashier, member) = scene(&server, 1_000, 0).await;
        server.add_by_hand(&member, LotAccount::Points, 200).await;
        let taken = cashier.take(600, &member.show_code().await).await.expect(201).json();
        assert_eq!(parts(&taken["sources"]), named(&[("paid", 600)]));
        let _ = cashier.take(401, &member.show_code().await).await.expect_problem(422, "insufficient_balance");
        let _ = cashier.take(600, &member.show_code_with_points().await).await.expect(201);
        assert_eq!((member.balance().await, member.points().await), (0, 0));
        server.verify().await;
    }

    async fn a_refund_is_found_by_whom_it_concerns(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let shop = server.add_shop().await;
        let (cashier, colleague) = (server.cashier_at(shop).await, server.cashier_at(shop).await);
        let member = server.member_with(5_000).await;
        let payment = cashier.take(1_000, &member.show_code().await).await.expect(201).text_at("/id");
        let _ = cashier.get("/v1/refunds/by-request/mine").await.expect_problem(404, "not_found");
        let done = cashier.post("/v1/refunds", &refund("mine", &payment, 300)).await.expect(201);
        let path = format!("/v1/refunds/{}", done.text_at("/id"));
        assert_eq!(cashier.get("/v1/refunds/by-request/mine").await.expect(200).json(), done.json());
        for reply in [cashier.get(&path).await, colleague.get(&path).await, member.get(&path).await] {
            assert_eq!(reply.expect(200).json(), done.json());
        }
        let (stranger, other) = (server.cashier().await, server.member().await);
        for reply in [
            stranger.get(&path).await,
            other.get(&path).await,
            colleague.get("/v1/refunds/by-request/mine").await,
            cashier.get(&path.replace("/v1/refunds/rfd_", "/v1/payments/pay_")).await,
            cashier.get("/v1/payments/by-request/mine").await,
        ] {
            let _ = reply.expect_problem(404, "not_found");
        }
        let refused = cashier.post("/v1/refunds", &refund("too_much", &payment, 701)).await;
        let refused = refused.expect_problem(422, "refund_exceeds_captured");
        let found = cashier.get("/v1/refunds/by-request/too_much").await.expect(200).json();
        assert_eq!((&found["id"], &found["state"]), (&refused.json()["id"], &json!("refused")));
        assert_eq!((&found["refusal"], &found["returned"]), (&json!("refund_exceeds_captured"), &json!([])));
    }

    async fn a_repeated_refund_gets_the_very_same_reply(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let (cashier, member) = scene(&server, 5_000, 100).await;
        let payment = cashier.take(1_000, &member.show_code().await).await.expect(201).text_at("/id");
        let first = cashier.post("/v1/refunds", &refund("once", &payment, 300)).await.expect(201);
        let _ = cashier.refund(&payment, 700).await.expect(201);
        let (before, count) = (member.snapshot().await, server.journal_count().await);
        let again = cashier.post("/v1/refunds", &refund("once", &payment, 300)).await.expect(201);
        assert_eq!((again.text(), again.header("idempotent-replay")), (first.text(), Some("true")));
        let mut reasoned = refund("once", &payment, 300);
        reasoned["reason"] = json!("another");
        for body in [refund("once", &payment, 301), reasoned] {
            let _ = cashier.post("/v1/refunds", &body).await.expect_problem(409, "request_id_conflict");
        }
        let _ = cashier.take_as("once", 300, &member.show_code().await).await.expect_problem(409, "request_id_conflict");
        assert_eq!((member.snapshot().await, server.journal_count().await), (before, count));
    }
}
