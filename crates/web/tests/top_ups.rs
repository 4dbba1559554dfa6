//! Topping up over HTTP: done once, repeated safely, found again, refused in words.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on panics"
)]

mod command;

use command::Kind::TopUp;
use warifu_testkit::{Server, TestDatabase, on_both_databases};

/// The most that a wallet may hold: 2^53 - 1.
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

    async fn a_top_up_beyond_what_a_wallet_may_hold_is_refused_and_binds_the_code(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let (cashier, elsewhere) = (server.cashier().await, server.cashier().await);
        let member = server.member_with(5_000).await;
        let code = member.show_code().await;
        let here = |request_id| (TopUp, &cashier, request_id);
        let too_much = BALANCE_MAX - 4_999;
        command::check_refused(&server, &member, "limit_exceeded", here("too_much"), (too_much, &code)).await;
        let there = (TopUp, &elsewhere, "bound");
        command::check_refused(&server, &member, "code_bound", there, (100, &code)).await;
        let _ = cashier.top_up_as("all", too_much - 1, &code).await.expect(201);
        assert_eq!(member.balance().await, BALANCE_MAX);
        server.verify().await;
    }
}
