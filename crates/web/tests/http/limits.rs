//! What the issuer allows: limits of top-ups, payments and balances, and what a frozen or closing wallet may still do.

use std::time::Duration;

use serde_json::json;
use warifu_core::lot::LotAccount;
use warifu_core::wallet::WalletState;
use warifu_testkit::{Cashier, Member, Reply, Server, TestDatabase, on_both_databases};

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

async fn top_up(cashier: &Cashier, member: &Member, amount: i64) -> Reply {
    cashier.top_up(amount, &member.show_code().await).await
}

async fn take(cashier: &Cashier, member: &Member, amount: i64) -> Reply {
    cashier.take(amount, &member.show_code().await).await
}

fn is_limit(reply: Reply) {
    let _ = reply.expect_problem(422, "limit_exceeded");
}

on_both_databases! {
    async fn a_till_takes_49_000_at_once_an_atm_and_a_wallet_100_000(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let (cashier, atm) = (server.cashier().await, server.atm().await);
        let member = server.member().await;
        is_limit(top_up(&cashier, &member, 49_001).await);
        let _ = top_up(&cashier, &member, 49_000).await.expect(201);
        is_limit(top_up(&atm, &member, 51_001).await);
        let _ = top_up(&atm, &member, 51_000).await.expect(201);
        is_limit(top_up(&cashier, &member, 1).await);
        assert_eq!(member.balance().await, 100_000);

        let other = server.member().await;
        is_limit(top_up(&atm, &other, 100_001).await);
        let whole = top_up(&atm, &other, 100_000).await.expect(201);
        let transfer = other.history().await[0]["transfers"][0].clone();
        assert_eq!((&transfer["debit"], &transfer["amount"]), (&json!("atm:cash"), &json!(100_000)));
        // What is held is still the member's, so it counts; points do not.
        let _ = cashier.authorise(1_000, &other.show_code().await).await.expect(201);
        is_limit(top_up(&cashier, &other, 1).await);
        server.add_by_hand(&other, LotAccount::Points, 500).await;
        is_limit(other.exchange(500).await);
        let _ = atm.cancel_top_up(&whole.text_at("/id")).await.expect_problem(422, "top_up_spent");
        server.verify().await;
    }

    async fn a_refusal_for_a_limit_binds_the_code_and_less_may_be_tried(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let (cashier, elsewhere) = (server.cashier().await, server.cashier().await);
        let member = server.member().await;
        let code = member.show_code().await;
        is_limit(cashier.top_up(49_001, &code).await);
        let _ = elsewhere.top_up(100, &code).await.expect_problem(422, "code_bound");
        let _ = cashier.top_up(100, &code).await.expect(201);
    }

    async fn a_policy_is_in_force_from_the_next_decision_on(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let cashier = server.cashier().await;
        let member = server.member_with(10_000).await;
        server.add_by_hand(&member, LotAccount::Points, 100).await;
        server.set_policy(&[("payment_max", Some(500)), ("exchange_max", Some(10)), ("till_top_up_max", Some(5))]).await;
        is_limit(take(&cashier, &member, 501).await);
        is_limit(cashier.authorise(501, &member.show_code().await).await);
        let _ = take(&cashier, &member, 500).await.expect(201);
        is_limit(member.exchange(11).await);
        let _ = member.exchange(10).await.expect(201);
        is_limit(top_up(&cashier, &member, 6).await);
        server.set_policy(&[("payment_max", None), ("exchange_max", None), ("till_top_up_max", None)]).await;
        let _ = take(&cashier, &member, 501).await.expect(201);
        let _ = member.exchange(11).await.expect(201);
        let _ = top_up(&cashier, &member, 49_001).await.expect(201);
    }

    async fn sums_over_a_day_and_a_month_know_no_refund(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let cashier = server.cashier().await;
        let member = server.member_with(10_000).await;
        server.set_policy(&[("wallet_payment_day", Some(1_000)), ("wallet_payment_month", Some(2_500))]).await;
        let first = take(&cashier, &member, 600).await.expect(201).text_at("/id");
        let _ = cashier.refund(&first, 600).await.expect(201);
        is_limit(take(&cashier, &member, 401).await);
        let held = cashier.authorise(400, &member.show_code().await).await.expect(201).text_at("/id");
        let _ = cashier.cancel(&held).await.expect(201);
        is_limit(take(&cashier, &member, 1).await);
        server.manual_clock().advance(25 * HOUR);
        let _ = take(&cashier, &member, 1_000).await.expect(201);
        server.manual_clock().advance(25 * HOUR);
        is_limit(take(&cashier, &member, 501).await);
        let _ = take(&cashier, &member, 500).await.expect(201);
        server.manual_clock().advance(31 * DAY);
        let _ = take(&cashier, &member, 1_000).await.expect(201);

        server.set_policy(&[("wallet_top_up_day", Some(700)), ("balance_max", None)]).await;
        let _ = top_up(&cashier, &member, 700).await.expect(201);
        is_limit(top_up(&cashier, &member, 1).await);
        server.add_by_hand(&member, LotAccount::Points, 5).await;
        is_limit(member.exchange(5).await);
        server.manual_clock().advance(25 * HOUR);
        let _ = member.exchange(5).await.expect(201);
        server.verify().await;
    }

    async fn a_terminal_may_be_capped_and_the_next_one_is_not(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let shop = server.add_shop().await;
        let (cashier, colleague) = (server.cashier_at(shop).await, server.cashier_at(shop).await);
        let (member, other) = (server.member_with(10_000).await, server.member_with(10_000).await);
        server.set_policy(&[("terminal_payment_day", Some(1_000)), ("terminal_top_up_day", Some(300))]).await;
        let _ = take(&cashier, &member, 700).await.expect(201);
        is_limit(take(&cashier, &other, 301).await);
        let _ = take(&colleague, &other, 301).await.expect(201);
        let _ = take(&cashier, &other, 300).await.expect(201);
        let _ = top_up(&cashier, &member, 300).await.expect(201);
        is_limit(top_up(&cashier, &other, 1).await);
        server.manual_clock().advance(25 * HOUR);
        let _ = take(&cashier, &member, 1_000).await.expect(201);
        let _ = top_up(&cashier, &other, 300).await.expect(201);
        server.verify().await;
    }

    async fn a_wallet_of_200_lots_takes_no_more_until_one_is_used_up(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let cashier = server.cashier().await;
        let member = server.member().await;
        server.add_by_hand(&member, LotAccount::Points, 10).await;
        for _ in 0..199 {
            let _ = top_up(&cashier, &member, 2).await.expect(201);
        }
        is_limit(top_up(&cashier, &member, 2).await);
        is_limit(member.exchange(1).await);
        let _ = take(&cashier, &member, 2).await.expect(201);
        let _ = top_up(&cashier, &member, 2).await.expect(201);
        assert_eq!(member.balance().await, 398);
        server.verify().await;
    }

    async fn in_a_frozen_wallet_nothing_begins_and_what_began_goes_on(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let cashier = server.cashier().await;
        let member = server.member_with(10_000).await;
        server.add_by_hand(&member, LotAccount::Points, 10).await;
        let mut held = Vec::new();
        for _ in 0..3 {
            held.push(cashier.authorise(1_000, &member.show_code().await).await.expect(201).text_at("/id"));
        }
        let paid = take(&cashier, &member, 1_000).await.expect(201).text_at("/id");
        let cash = top_up(&cashier, &member, 500).await.expect(201).text_at("/id");
        server.set_wallet_state(&member, WalletState::Frozen).await;
        assert_eq!(member.balances().await["state"], "frozen");
        for reply in [
            take(&cashier, &member, 1).await,
            cashier.authorise(1, &member.show_code().await).await,
            top_up(&cashier, &member, 1).await,
            member.exchange(1).await,
        ] {
            let _ = reply.expect_problem(422, "wallet_frozen");
        }
        let _ = cashier.capture(&held[0], None).await.expect(201);
        let _ = cashier.void(&held[1]).await.expect(201);
        let _ = cashier.cancel(&held[2]).await.expect(201);
        let _ = cashier.refund(&paid, 300).await.expect(201);
        let _ = cashier.cancel_top_up(&cash).await.expect(201);

        server.set_wallet_state(&member, WalletState::Closing).await;
        assert_eq!(member.balances().await["state"], "closing");
        let _ = top_up(&cashier, &member, 1).await.expect_problem(422, "wallet_closed");
        let _ = member.exchange(1).await.expect_problem(422, "wallet_closed");
        let _ = take(&cashier, &member, 100).await.expect(201);
        let _ = cashier.refund(&paid, 300).await.expect(201);
        server.set_wallet_state(&member, WalletState::Active).await;
        let _ = top_up(&cashier, &member, 1).await.expect(201);
        server.verify().await;
    }

    async fn a_frozen_till_or_shop_may_ask_and_does_nothing_until_it_is_let_go(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let shop = server.add_shop().await;
        let till = server.add_till(shop).await;
        let (cashier, colleague) = (Cashier::by_token(server.origin(), &till.token), server.cashier_at(shop).await);
        let member = server.member_with(10_000).await;
        let paid = cashier.take_as("paid", 1_000, &member.show_code().await).await.expect(201);
        server.freeze_till(&till, true).await;
        let _ = take(&cashier, &member, 1).await.expect_problem(422, "terminal_frozen");
        assert_eq!(cashier.get("/v1/payments/by-request/paid").await.expect(200).json(), paid.json());
        // The refusal is about the place: the code is as good as it was.
        let code = member.show_code().await;
        let _ = cashier.take(1, &code).await.expect_problem(422, "terminal_frozen");
        let _ = colleague.take(1, &code).await.expect(201);
        server.freeze_shop(shop, true).await;
        let _ = take(&cashier, &member, 1).await.expect_problem(422, "terminal_frozen");
        let _ = take(&colleague, &member, 1).await.expect_problem(422, "shop_closed");
        server.freeze_till(&till, false).await;
        server.freeze_shop(shop, false).await;
        let _ = take(&colleague, &member, 1).await.expect(201);
        let _ = take(&cashier, &member, 1).await.expect(201);
    }
}
