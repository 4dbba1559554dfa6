//! A member's history, page by page: nothing twice, nothing missing, whatever happens between two pages.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on panics"
)]

use serde_json::Value;
use warifu_testkit::{Member, Server, TestDatabase, on_both_databases};

/// A page: the ids of its lines, and the cursor of the next.
async fn page(member: &Member, query: &str) -> (Vec<String>, Option<String>) {
    let page = member.get(&format!("/v1/history{query}")).await.expect(200).json();
    let ids = page["items"].as_array().unwrap().iter().map(|line| line["id"].as_str().unwrap().to_owned()).collect();
    (ids, page["next_cursor"].as_str().map(str::to_owned))
}

on_both_databases! {
    async fn pages_are_stable_while_new_payments_arrive(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let cashier = server.cashier().await;
        let member = server.member_with(10_000).await;
        let mut expected = vec![member.history().await[0]["id"].as_str().unwrap().to_owned()];
        for amount in 1..=6 {
            let done = cashier.take(amount, &member.show_code().await).await.expect(201);
            expected.insert(0, done.text_at("/id"));
        }
        for limit in [1, 3, 7] {
            let (mut seen, mut query, mut arrived) = (Vec::new(), format!("?limit={limit}"), Vec::new());
            loop {
                let (ids, next) = page(&member, &query).await;
                assert!(ids.len() <= limit, "{ids:?}");
                seen.extend(ids);
                let arriving = cashier.take(1, &member.show_code().await).await.expect(201);
                arrived.insert(0, arriving.text_at("/id"));
                let Some(cursor) = next else { break };
                query = format!("?limit={limit}&cursor={cursor}");
            }
            assert_eq!(seen, expected, "{limit} a page");
            expected.splice(0..0, arrived);
        }
    }

    async fn a_page_holds_as_much_as_was_asked_for(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let cashier = server.cashier().await;
        let member = server.member().await;
        assert_eq!(page(&member, "").await, (Vec::new(), None));
        for _ in 0..51 {
            let _ = cashier.top_up(10, &member.show_code().await).await.expect(201);
        }
        let (ids, next) = page(&member, "").await;
        assert_eq!((ids.len(), next.is_some()), (50, true), "fifty unless asked otherwise");
        let (ids, next) = page(&member, "?limit=51").await;
        assert_eq!((ids.len(), next), (51, None), "no cursor when nothing is left");
        let (ids, _) = page(&member, "?limit=200").await;
        assert_eq!(ids.len(), 51);
        let (first, cursor) = page(&member, "?limit=1").await;
        assert_eq!(first[0], ids[0]);
        let other = server.member_with(5).await;
        let (theirs, _) = page(&other, &format!("?cursor={}", cursor.unwrap())).await;
        assert!(theirs.iter().all(|id| !ids.contains(id)), "a cursor opens nobody else's history");
    }

    async fn the_lines_fold_into_the_balance(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let cashier = server.cashier().await;
        let member = server.member().await;
        for amount in [500, 300, 200] {
            let _ = cashier.top_up(amount, &member.show_code().await).await.expect(201);
            let _ = cashier.take(amount / 2, &member.show_code().await).await.expect(201);
            let _ = cashier.take(100_000, &member.show_code().await).await.expect_problem(422, "insufficient_balance");
        }
        let mut balance = 0;
        let mut history = member.history().await;
        history.reverse();
        for (line, version) in history.iter().zip(1..) {
            let (amount, is_payment) = (line["amount"].as_i64().unwrap(), line["kind"] == "payment");
            balance += if is_payment { -amount } else { amount };
            let transfer = &line["transfers"][0];
            assert_eq!(transfer["balance_after"].as_i64(), Some(balance), "{line}");
            assert_eq!(line["wallet_version"].as_i64(), Some(version), "{line}");
            let accounts = [&transfer["debit"], &transfer["credit"]].map(Value::as_str);
            let expected =
                if is_payment { ["wallet:paid", "shop:payable"] } else { ["shop:cash", "wallet:paid"] };
            assert_eq!(accounts, expected.map(Some), "{line}");
        }
        assert_eq!((history.len(), balance), (6, 500));
        assert_eq!(member.balance().await, balance);
    }
}
