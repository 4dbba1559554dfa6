//! Topping up over HTTP: done once, repeated safely, found again, refused in words.

use std::time::Duration;

use crate::command;
use crate::command::Kind::TopUp;
use serde_json::{Value, json};
use warifu_core::lot::LotAccount;
use warifu_testkit::{Server, TestDatabase, on_both_databases};

/// The most that can be counted: 2^53 - 1.
const BALANCE_MAX: i64 = 9_007_199_254_740_991;

on_both_databases! {
    async fn a_top_up_is_in_the_wallet_at_once(database: TestDatabase) {
        command::check_done(&Server::start_on(database).await, TopUp).await;
    }

    async fn a_repeated_top_up_gets_the_very_same_reply(database: TestDatabase) {
        command::check_replayed(&Server::start_on(database).await, TopUp).await;
    }

    async fn a_request_id_stands_for_one_top_up(database: TestDatabase) {
        command::check_conflicts(&Server::start_on(database).await, TopUp).await;
    }

    async fn a_top_up_is_found_by_id_and_by_request(database: TestDatabase) {
        command::check_inquiries(&Server::start_on(database).await, TopUp).await;
    }

    async fn a_top_up_of_others_is_not_found(database: TestDatabase) {
        command::check_ownership(&Server::start_on(database).await, TopUp).await;
    }

    async fn a_top_up_with_a_bad_code_is_refused(database: TestDatabase) {
        command::check_code_refusals(&Server::start_on(database).await, TopUp).await;
    }

    async fn a_top_up_beyond_what_can_be_counted_is_refused_and_binds_the_code(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let (cashier, elsewhere) = (server.cashier().await, server.cashier().await);
        let member = server.member_with(5_000).await;
        let code = member.show_code().await;
        let here = |request_id| (TopUp, &cashier, request_id);
        server.set_policy(&[("till_top_up_max", None), ("balance_max", None)]).await;
        let too_much = BALANCE_MAX - 4_999;
        command::check_refused(&server, &member, "limit_exceeded", here("too_much"), (too_much, &code)).await;
        let there = (TopUp, &elsewhere, "bound");
        command::check_refused(&server, &member, "code_bound", there, (100, &code)).await;
        let _ = cashier.top_up_as("all", too_much - 1, &code).await.expect(201);
        assert_eq!(member.balance().await, BALANCE_MAX);
        server.verify().await;
    }

    async fn points_become_bonus_yen_once(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let (cashier, member) = (server.cashier().await, server.member().await);
        server.add_by_hand(&member, LotAccount::Points, 500).await;
        let now = server.clock().now();
        let body = json!({ "request_id": "exchange", "amount": 300 });
        let exchange = async |body: &Value| member.request("POST", "/v1/top-ups/from-points").json(body).send().await;
        let done = exchange(&body).await.expect(201);
        let said = done.json();
        let expires_at = now.saturating_add(Duration::from_secs(180 * 86_400)).to_string();
        let expected = json!({
            "id": said["id"], "state": "completed", "source": "points", "amount": 300, "currency": "JPY",
            "lot": { "account": "bonus", "lot": 2, "amount": 300, "expires_at": expires_at },
            "request_id": "exchange", "created_at": now.to_string(), "business_date": said["business_date"],
        });
        assert_eq!(said, expected);
        assert_eq!((member.balance().await, member.points().await), (300, 200));
        let again = exchange(&body).await.expect(201);
        assert_eq!((again.text(), again.header("idempotent-replay")), (done.text(), Some("true")));
        let other = json!({ "request_id": "exchange", "amount": 100 });
        let _ = exchange(&other).await.expect_problem(409, "request_id_conflict");
        let path = format!("/v1/top-ups/{}", done.text_at("/id"));
        assert_eq!(member.get(&path).await.expect(200).json(), said);
        // It happened in no shop, and it is not cash: no till sees it or undoes it.
        let _ = cashier.get(&path).await.expect_problem(404, "not_found");
        let _ = cashier.cancel_top_up(&done.text_at("/id")).await.expect_problem(404, "not_found");
        // Another member's ids are that member's own.
        let other = server.member().await;
        server.add_by_hand(&other, LotAccount::Points, 300).await;
        let theirs = other.request("POST", "/v1/top-ups/from-points").json(&body).send().await.expect(201);
        assert_eq!(theirs.header("idempotent-replay"), None);
        server.verify().await;
    }

    async fn a_gift_is_shown_to_the_member_as_a_top_up(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let member = server.member().await;
        server.grant(&member, 300, None).await;
        let line = member.history().await[0].clone();
        let id = line["id"].as_str().unwrap().to_owned();
        let found = member.get(&format!("/v1/top-ups/{id}")).await.expect(200).json();
        assert_eq!((&found["source"], &found["state"]), (&json!("bonus"), &json!("completed")));
        let _ = server.cashier().await.get(&format!("/v1/top-ups/{id}")).await.expect_problem(404, "not_found");
    }
}
