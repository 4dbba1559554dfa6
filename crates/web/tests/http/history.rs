//! A member's history, page by page: nothing twice, nothing missing, whatever happens between two pages.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;
use warifu_core::ledger::Kind;
use warifu_core::lot::LotAccount;
use warifu_testkit::{Member, Server, TestDatabase, on_both_databases};

const DAY: Duration = Duration::from_secs(86_400);

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

    async fn lines_of_every_kind_fold_into_the_balances_and_the_lots(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let member = server.member().await;
        let payment = live_through_everything(&server, &member).await;
        let (balances, mut history) = member.snapshot().await;
        history.reverse();

        let kinds: BTreeSet<&str> = history.iter().map(|line| line["kind"].as_str().unwrap()).collect();
        let every: BTreeSet<&str> = Kind::ALL.iter().map(|kind| kind.text()).collect();
        assert_eq!(kinds, every);
        let mut lots: BTreeMap<i64, i64> = BTreeMap::new();
        let mut accounts: BTreeMap<String, i64> = BTreeMap::new();
        let (mut yen, mut points) = (0, 0);
        for (line, version) in history.iter().zip(1..) {
            assert_eq!(line["wallet_version"].as_i64(), Some(version), "{line}");
            yen += line["change"].as_i64().unwrap();
            points += line["points_change"].as_i64().unwrap();
            for it in line["lots"].as_array().unwrap() {
                let amount = it["amount"].as_i64().unwrap();
                *lots.entry(it["lot"].as_i64().unwrap()).or_default() += match it["step"].as_str().unwrap() {
                    "in" | "release" => amount,
                    "out" | "expire" | "hold" => -amount,
                    "capture" => 0,
                    other => panic!("{other} in {line}"),
                };
            }
            for transfer in line["transfers"].as_array().unwrap() {
                for (side, sign) in [("debit", -1), ("credit", 1)] {
                    let account = transfer[side].as_str().unwrap();
                    if account.starts_with("wallet:") {
                        let sum = accounts.entry(account.to_owned()).or_default();
                        *sum += sign * transfer["amount"].as_i64().unwrap();
                        assert_eq!(transfer["balance_after"].as_i64(), Some(*sum), "{line}");
                    }
                }
            }
            check_line(line, &payment);
        }
        assert_eq!((balances["total"].as_i64(), balances["points"]["amount"].as_i64()), (Some(yen), Some(points)));
        let held: BTreeMap<i64, i64> = lots.into_iter().filter(|(_, amount)| *amount != 0).collect();
        let told = balances["lots"].as_array().unwrap();
        let told = told.iter().map(|lot| (lot["lot"].as_i64().unwrap(), lot["amount"].as_i64().unwrap()));
        assert_eq!(held, told.collect());
        server.verify().await;
    }
}

/// Everything that can happen to a wallet, with the payment that the rest followed.
async fn live_through_everything(server: &Server, member: &Member) -> String {
    let cashier = server.cashier().await;
    let _ = cashier.top_up(20_000, &member.show_code().await).await.expect(201);
    let cash = cashier.top_up(500, &member.show_code().await).await.expect(201).text_at("/id");
    let _ = cashier.cancel_top_up(&cash).await.expect(201);
    let soon = server.clock().now().saturating_add(DAY);
    server.grant(member, 300, Some(soon)).await;
    server.add_by_hand(member, LotAccount::Points, 50).await;
    server.take_by_hand(member, LotAccount::Paid, 100).await;
    server.compensate(member, 70).await;
    let paid = cashier.take(1_010, &member.show_code_with_points().await).await.expect(201).text_at("/id");
    let _ = cashier.refund(&paid, 200).await.expect(201);
    let undone = cashier.take(2_000, &member.show_code().await).await.expect(201).text_at("/id");
    let _ = cashier.cancel(&undone).await.expect(201);
    let held = cashier.authorise(2_000, &member.show_code().await).await.expect(201).text_at("/id");
    let _ = cashier.capture(&held, Some(500)).await.expect(201);
    let _ = cashier.void(&held).await.expect(201);
    let _ = member.exchange(3).await.expect(201);
    server.grant(member, 40, Some(soon)).await;
    server.manual_clock().advance(DAY);
    server.sweep().await;
    held
}

/// What a line of its kind says, and what it leaves out.
fn check_line(line: &Value, held: &str) {
    let kind = line["kind"].as_str().unwrap();
    let by_issuer = ["grant", "correction", "compensation", "expiry"].contains(&kind);
    let in_shop = !by_issuer && kind != "exchange";
    assert_eq!(line.get("shop").is_some(), in_shop, "{line}");
    assert_eq!(line.get("reason").is_some(), by_issuer && kind != "expiry", "{line}");
    let follows = ["capture", "void", "cancel", "refund", "top_up_cancel"].contains(&kind);
    assert_eq!(line.get("follows").is_some(), follows, "{line}");
    let (amount, change) = (line["amount"].as_i64().unwrap(), line["change"].as_i64().unwrap());
    match kind {
        "top_up" | "cancel" | "exchange" | "grant" | "compensation" => assert_eq!(change, amount, "{line}"),
        "top_up_cancel" | "authorization" => assert_eq!(change, -amount, "{line}"),
        "capture" => assert_eq!((line["follows"].as_str(), amount, change), (Some(held), 500, 0), "{line}"),
        "void" => assert_eq!((line["follows"].as_str(), amount, change), (Some(held), 1_500, 1_500), "{line}"),
        "expiry" => assert_eq!((amount, change), (0, -40), "{line}"),
        _ => {}
    }
}
