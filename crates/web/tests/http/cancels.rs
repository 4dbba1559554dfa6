//! Cancels: of payments and top-ups that are there, and of those that have not arrived yet.

use std::time::Duration;

use serde_json::{Value, json};
use warifu_testkit::actors::command;
use warifu_testkit::{Cashier, Member, Server, TestDatabase, on_both_databases};

/// A cashier, and a member with 5,000 yen.
async fn scene(server: &Server) -> (Cashier, Member) {
    (server.cashier().await, server.member_with(5_000).await)
}

async fn state_by_request(cashier: &Cashier, subject: &str, request_id: &str) -> Value {
    cashier.get(&format!("/v1/{subject}/by-request/{request_id}")).await.expect(200).json()
}

on_both_databases! {
    async fn a_payment_that_was_cancelled_before_it_arrived_is_refused_whenever_it_comes(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let (cashier, member) = scene(&server).await;
        let code = member.show_code().await;
        let canceled = cashier.cancel_by_request("lost").await.expect(201).json();
        let expected = json!({
            "id": canceled["id"], "kind": "cancel", "canceled_request_id": "lost", "amount": 0, "currency": "JPY",
            "authorized": 0, "captured": 0, "refunded": 0, "points_earned": 0, "points_taken_back": 0,
            "kept_back": 0, "hold_is_closed": true, "terminal_id": canceled["terminal_id"], "request_id": canceled["request_id"],
            "created_at": server.clock().now().to_string(), "business_date": canceled["business_date"],
        });
        assert_eq!(canceled, expected);

        let (before, count) = (member.snapshot().await, server.journal_count().await);
        let first = cashier.take_as("lost", 700, &code).await.expect_problem(422, "already_canceled");
        assert_eq!((first.text_at("/request_id"), &first.json()["id"]), ("lost".to_owned(), &canceled["id"]));
        server.manual_clock().advance(Duration::from_secs(60));
        let mut later = command("lost", 900, &code);
        later["capture"] = json!("later");
        for late in [cashier.take_as("lost", 700, &code).await, cashier.post("/v1/payments", &later).await] {
            let late = late.expect_problem(422, "already_canceled");
            assert_eq!(late.text(), first.text(), "each time the very same");
        }
        assert_eq!((member.snapshot().await, server.journal_count().await), (before, count), "nothing is recorded");

        let found = state_by_request(&cashier, "payments", "lost").await;
        assert_eq!((&found["state"], &found["request_id"], &found["id"]), (&json!("canceled"), &json!("lost"), &canceled["id"]));
        assert!(found.get("amount").is_none() && found.get("refusal").is_none(), "{found}");
        let own = canceled["request_id"].as_str().unwrap();
        let _ = cashier.get(&format!("/v1/payments/by-request/{own}")).await.expect_problem(404, "not_found");

        // The id stands for a payment: as a top-up, or as what follows a payment, it is a conflict.
        let _ = cashier.top_up_as("lost", 700, &code).await.expect_problem(409, "request_id_conflict");
        let _ = cashier.cancel_top_up_by_request("lost").await.expect_problem(422, "already_canceled");
        // The code was not touched.
        let _ = cashier.take(700, &code).await.expect(201);
        server.verify().await;
    }

    async fn a_cancel_is_replayed_and_a_second_one_is_refused(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let (cashier, member) = scene(&server).await;
        let payment = cashier.take_as("paid", 700, &member.show_code().await).await.expect(201).text_at("/id");
        for (path, body) in [
            ("/v1/payments/by-request/lost/cancel".to_owned(), json!({ "request_id": "one", "reason": "no answer" })),
            (format!("/v1/payments/{payment}/cancel"), json!({ "request_id": "two" })),
        ] {
            let first = cashier.post(&path, &body).await.expect(201);
            let again = cashier.post(&path, &body).await.expect(201);
            assert_eq!((again.text(), again.header("idempotent-replay")), (first.text(), Some("true")));
            let other = json!({ "request_id": body["request_id"], "reason": "another" });
            let _ = cashier.post(&path, &other).await.expect_problem(409, "request_id_conflict");
            let second = cashier.post(&path, &json!({ "request_id": cashier.next_request_id() })).await;
            let _ = second.expect_problem(422, "already_canceled");
        }
        let _ = cashier.cancel_by_request("paid").await.expect_problem(422, "already_canceled");
        assert_eq!(member.balance().await, 5_000);
    }

    async fn a_cancel_has_a_request_id_of_its_own(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let (cashier, member) = scene(&server).await;
        let count = server.journal_count().await;
        for subject in ["payments", "top-ups"] {
            let path = format!("/v1/{subject}/by-request/same/cancel");
            let reply = cashier.post(&path, &json!({ "request_id": "same" })).await.expect_problem(400, "invalid_request");
            assert_eq!(reply.text_at("/request_id"), "same");
        }
        assert_eq!(server.journal_count().await, count);
        let _ = cashier.take_as("same", 700, &member.show_code().await).await.expect(201);
    }

    async fn a_cancel_gives_all_back_as_if_it_had_not_been(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let (cashier, member) = scene(&server).await;
        let before = member.balances().await;
        let at_once = cashier.take_as("now", 1_000, &member.show_code().await).await.expect(201);
        assert_eq!((at_once.number_at("/points_earned"), member.points().await), (5, 5));
        let held = cashier.authorise(1_000, &member.show_code().await).await.expect(201).text_at("/id");
        let partly = cashier.authorise(1_000, &member.show_code().await).await.expect(201).text_at("/id");
        let _ = cashier.capture(&partly, Some(400)).await.expect(201);

        let step = cashier.cancel_by_request("now").await.expect(201);
        assert_eq!(step.text_at("/payment_id"), at_once.text_at("/id"));
        assert_eq!((step.number_at("/amount"), step.number_at("/refunded")), (1_000, 1_000));
        assert_eq!(step.number_at("/points_taken_back"), 5);
        assert_eq!(cashier.cancel(&held).await.expect(201).number_at("/amount"), 1_000);
        let step = cashier.cancel(&partly).await.expect(201);
        assert_eq!((step.number_at("/amount"), step.number_at("/captured")), (1_000, 400));
        assert_eq!(step.number_at("/refunded"), 400);

        let after = member.balances().await;
        for name in ["total", "balances", "points", "lots"] {
            assert_eq!(after[name], before[name], "{name}");
        }
        for payment in [&at_once.text_at("/id"), &held, &partly] {
            let found = cashier.payment(payment).await;
            assert_eq!((&found["state"], &found["capturable"]), (&json!("canceled"), &json!(0)), "{found}");
            let _ = cashier.refund(payment, 1).await.expect_problem(422, "already_canceled");
            let _ = cashier.capture(payment, None).await.expect_problem(422, "already_canceled");
        }
        assert_eq!(state_by_request(&cashier, "payments", "now").await["state"], "canceled");
        server.verify().await;
    }

    async fn a_cancel_keeps_back_what_the_points_were_worth_that_are_gone(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let (cashier, member) = scene(&server).await;
        let payment = cashier.take(1_000, &member.show_code().await).await.expect(201).text_at("/id");
        let _ = member.exchange(5).await.expect(201);
        let step = cashier.cancel(&payment).await.expect(201);
        assert_eq!((step.number_at("/amount"), step.number_at("/kept_back")), (1_000, 5));
        assert_eq!((member.balance().await, member.points().await), (5_000, 0));
        server.verify().await;
    }

    async fn what_left_nothing_can_be_cancelled_and_nothing_moves(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let (cashier, member) = scene(&server).await;
        let refused = cashier.take_as("refused", 5_001, &member.show_code().await).await.expect(422).text_at("/id");
        let voided = cashier.authorise(1_000, &member.show_code().await).await.expect(201).text_at("/id");
        let _ = cashier.void(&voided).await.expect(201);
        let expired = cashier.authorise(1_000, &member.show_code().await).await.expect(201).text_at("/id");
        server.manual_clock().advance(Duration::from_secs(7 * 86_400));
        server.sweep().await;
        let before = member.snapshot().await;
        for payment in [&refused, &voided, &expired] {
            assert_eq!(cashier.cancel(payment).await.expect(201).number_at("/amount"), 0);
            assert_eq!(cashier.payment(payment).await["state"], "canceled");
        }
        assert_eq!(member.snapshot().await, before);
        // What was refused is replayed as refused all the same: it was decided.
        let found = state_by_request(&cashier, "payments", "refused").await;
        assert_eq!((&found["state"], &found["refusal"]), (&json!("canceled"), &json!("insufficient_balance")));
        server.verify().await;
    }

    async fn the_request_id_of_another_terminal_is_not_touched(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let shop = server.add_shop().await;
        let (cashier, colleague) = (server.cashier_at(shop).await, server.cashier_at(shop).await);
        let member = server.member_with(5_000).await;
        let payment = cashier.take_as("one", 700, &member.show_code().await).await.expect(201).text_at("/id");
        let canceled = colleague.cancel_by_request("one").await.expect(201).json();
        assert!(canceled.get("payment_id").is_none(), "{canceled}");
        assert_eq!(cashier.payment(&payment).await["state"], "captured");
        assert_eq!(member.balance().await, 4_300);
        let _ = colleague.take_as("one", 700, &member.show_code().await).await.expect_problem(422, "already_canceled");
        // By its id a colleague in the same shop may.
        let _ = colleague.cancel(&payment).await.expect(201);
        assert_eq!(member.balance().await, 5_000);
    }

    async fn a_cancel_and_its_payment_sent_at_once_leave_the_money_where_it_was(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let (cashier, member) = scene(&server).await;
        for round in 0..6 {
            let (code, target) = (member.show_code().await, format!("race-{round}"));
            let (payment, cancel) =
                tokio::join!(cashier.take_as(&target, 700, &code), cashier.cancel_by_request(&target));
            let cancel = cancel.expect(201);
            if payment.status() == 201 {
                assert_eq!(cancel.text_at("/payment_id"), payment.text_at("/id"));
            } else {
                let _ = payment.expect_problem(422, "already_canceled");
                assert_eq!(cancel.text_at("/canceled_request_id"), target);
            }
            assert_eq!(state_by_request(&cashier, "payments", &target).await["state"], "canceled");
            assert_eq!(member.balance().await, 5_000);
        }
        server.verify().await;
    }

    async fn a_top_up_is_taken_away_again_as_long_as_it_is_there(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let (cashier, member) = scene(&server).await;
        let before = member.balances().await;
        let by_id = cashier.top_up(800, &member.show_code().await).await.expect(201).text_at("/id");
        let _ = cashier.top_up_as("cash", 300, &member.show_code().await).await.expect(201);
        let canceled = cashier.cancel_top_up(&by_id).await.expect(201).json();
        let expected = json!({
            "id": canceled["id"], "top_up_id": by_id, "amount": 800, "currency": "JPY",
            "request_id": canceled["request_id"], "created_at": server.clock().now().to_string(),
            "business_date": canceled["business_date"],
        });
        assert_eq!(canceled, expected);
        assert_eq!(cashier.cancel_top_up_by_request("cash").await.expect(201).number_at("/amount"), 300);
        assert_eq!(cashier.get(&format!("/v1/top-ups/{by_id}")).await.expect(200).text_at("/state"), "canceled");
        assert_eq!(state_by_request(&cashier, "top-ups", "cash").await["state"], "canceled");
        let after = member.balances().await;
        assert_eq!((&after["total"], &after["lots"]), (&before["total"], &before["lots"]));

        // What was spent from stays, and is not shown as cancelled.
        let spent = cashier.top_up(800, &member.show_code().await).await.expect(201).text_at("/id");
        let _ = cashier.take(5_001, &member.show_code().await).await.expect(201);
        let _ = cashier.cancel_top_up(&spent).await.expect_problem(422, "top_up_spent");
        assert_eq!(cashier.get(&format!("/v1/top-ups/{spent}")).await.expect(200).text_at("/state"), "completed");
        server.verify().await;
    }

    async fn a_top_up_that_was_cancelled_before_it_arrived_is_refused_whenever_it_comes(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let (cashier, member) = scene(&server).await;
        let code = member.show_code().await;
        let canceled = cashier.cancel_top_up_by_request("lost").await.expect(201).json();
        assert_eq!((&canceled["canceled_request_id"], &canceled["amount"]), (&json!("lost"), &json!(0)));
        let first = cashier.top_up_as("lost", 700, &code).await.expect_problem(422, "already_canceled");
        let again = cashier.top_up_as("lost", 700, &code).await.expect_problem(422, "already_canceled");
        assert_eq!(again.text(), first.text());
        let found = state_by_request(&cashier, "top-ups", "lost").await;
        assert_eq!((&found["state"], &found["request_id"]), (&json!("canceled"), &json!("lost")));
        let _ = cashier.get("/v1/payments/by-request/lost").await.expect_problem(404, "not_found");
        let _ = cashier.take_as("lost", 700, &code).await.expect_problem(409, "request_id_conflict");
        assert_eq!(member.balance().await, 5_000);
        server.verify().await;
    }
}
