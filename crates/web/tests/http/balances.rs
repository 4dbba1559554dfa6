//! What a member's wallet holds: by account, lot by lot in the order of spending, spendable and held.

use std::time::Duration;

use serde_json::{Value, json};
use warifu_core::lot::LotAccount;
use warifu_core::time::Time;
use warifu_testkit::{Server, TestDatabase, on_both_databases};

const DAY: Duration = Duration::from_secs(86_400);

/// What the lots of a reply add up to: yen, and points.
fn sums(balances: &Value) -> (i64, i64) {
    let mut sums = (0, 0);
    for lot in balances["lots"].as_array().unwrap() {
        let sum = if lot["account"] == "points" { &mut sums.1 } else { &mut sums.0 };
        *sum += lot["amount"].as_i64().unwrap();
    }
    sums
}

on_both_databases! {
    async fn balances_tell_accounts_holds_points_and_lots(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let cashier = server.cashier().await;
        let member = server.member().await;
        let empty = member.balances().await;
        let expected = json!({
            "wallet_id": empty["wallet_id"], "state": "active", "total": 0, "currency": "JPY", "version": 0, "lots": [],
            "balances": [
                { "account": "paid", "amount": 0, "held": 0, "currency": "JPY" },
                { "account": "bonus", "amount": 0, "held": 0, "currency": "JPY" },
            ],
            "points": { "amount": 0, "held": 0 },
        });
        assert_eq!(empty, expected);

        let now = server.clock().now();
        let _ = cashier.top_up(1_000, &member.show_code().await).await.expect(201);
        server.grant(&member, 300, Some(now.saturating_add(DAY))).await;
        server.grant(&member, 200, None).await;
        server.add_by_hand(&member, LotAccount::Points, 100).await;
        let _ = cashier.authorise(350, &member.show_code_with_points().await).await.expect(201);
        let later = now.saturating_add(180 * DAY).to_string();
        let expected = json!({
            "wallet_id": empty["wallet_id"], "state": "active", "total": 1_200, "currency": "JPY", "version": 5,
            "balances": [
                { "account": "paid", "amount": 1_000, "held": 0, "currency": "JPY" },
                { "account": "bonus", "amount": 200, "held": 300, "currency": "JPY" },
            ],
            "points": { "amount": 50, "held": 50 },
            "lots": [
                { "account": "points", "lot": 4, "amount": 50, "expires_at": later },
                { "account": "bonus", "lot": 3, "amount": 200, "expires_at": later },
                { "account": "paid", "lot": 1, "amount": 1_000, "expires_at": null },
            ],
        });
        assert_eq!(member.balances().await, expected);
    }

    async fn what_has_expired_is_not_counted_before_it_is_swept_nor_after(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let cashier = server.cashier().await;
        let member = server.member_with(1_000).await;
        let tomorrow = server.clock().now().saturating_add(DAY);
        server.grant(&member, 300, Some(tomorrow)).await;
        server.manual_clock().advance(DAY);
        for swept in [false, true] {
            let balances = member.balances().await;
            assert_eq!((&balances["total"], sums(&balances)), (&json!(1_000), (1_000, 0)), "swept: {swept}");
            let too_much = cashier.take(1_001, &member.show_code().await).await;
            let _ = too_much.expect_problem(422, "insufficient_balance");
            server.sweep().await;
        }
        server.verify().await;
    }

    async fn what_an_expired_hold_lets_go_is_told_as_a_payment_would_find_it(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let cashier = server.cashier().await;
        let member = server.member().await;
        // The hold expires on day 7; of what it holds, some has expired by then, some does so on day 8.
        let day = |days: u32| server.clock().now().saturating_add(days * DAY);
        server.grant(&member, 100, Some(day(6))).await;
        server.grant(&member, 200, Some(day(8))).await;
        let _ = cashier.authorise(300, &member.show_code().await).await.expect(201);
        for (days, left) in [(7, 300), (1, 100), (29, 0)] {
            server.manual_clock().advance(days * DAY);
            let balances = member.balances().await;
            assert_eq!((&balances["total"], sums(&balances).0), (&json!(left), left), "{days} days later");
            let too_much = cashier.take(left + 1, &member.show_code().await).await;
            let _ = too_much.expect_problem(422, "insufficient_balance");
        }
        server.sweep().await;
        assert_eq!(member.balance().await, 0);
        server.verify().await;
    }

    async fn points_and_days_go_by_the_calendar_of_the_issuer(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let shop = server.add_shop().await;
        server.set_shop(shop, None, Some(240)).await;
        let cashier = server.cashier_at(shop).await;
        // 2030-01-11 03:59 in Tokyo; the shop's day ends at 04:00.
        server.manual_clock().set(Time::from_unix_micros(1_894_301_940_000_000).unwrap());
        let member = server.member_with(10_000).await;
        for date in ["2030-01-10", "2030-01-11"] {
            let taken = cashier.take(400, &member.show_code().await).await.expect(201);
            assert_eq!(taken.text_at("/business_date"), date);
            server.manual_clock().advance(Duration::from_secs(60));
        }
        // What is earned in one month expires together, at the end of a month in Tokyo.
        server.manual_clock().advance(31 * DAY);
        let _ = cashier.take(400, &member.show_code().await).await.expect(201);
        let lots = member.balances().await["lots"].clone();
        let expected = json!([
            { "account": "points", "lot": 2, "amount": 4, "expires_at": "2031-01-31T15:00:00.000000Z" },
            { "account": "points", "lot": 3, "amount": 2, "expires_at": "2031-02-28T15:00:00.000000Z" },
            { "account": "paid", "lot": 1, "amount": 8_800, "expires_at": null },
        ]);
        assert_eq!(lots, expected);
        server.verify().await;
    }
}
