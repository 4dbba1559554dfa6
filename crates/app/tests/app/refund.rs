//! Refunds: into which lots, and what is booked of them.

use std::time::Duration;

use warifu_app::{CaptureRequest, PaymentRequest, RefundRequest};
use warifu_core::id::TransactionId;
use warifu_core::ledger::Capture;
use warifu_core::lot::LotAccount;
use warifu_testkit::{TestDatabase, on_both_databases};

use crate::town::{Town, yen};

const DAY: Duration = Duration::from_secs(86_400);

/// Bonus yen that expire after so many days.
async fn grant(town: &Town, amount: i64, days: u32) {
    let expires_at = warifu_app::Clock::now(&*town.clock).saturating_add(DAY * days);
    let (key, wallet) = (format!("gift-{days}").parse().unwrap(), town.member.wallet);
    let receipt = town.app.grant_bonus(key, wallet, yen(amount), Some(expires_at), "a gift").await.unwrap();
    assert_eq!(receipt.refusal(), None);
}

async fn hold(town: &Town, key: &str, amount: i64) -> TransactionId {
    let (request_id, code, amount) = (key.parse().unwrap(), town.code().await, yen(amount));
    let request = PaymentRequest { request_id, code, amount, capture: Capture::Later, note: None };
    let receipt = town.app.take_payment(&town.till.terminal, request).await.unwrap();
    assert_eq!(receipt.refusal(), None);
    receipt.record.id
}

async fn capture(town: &Town, key: &str, payment: TransactionId, amount: i64) {
    let (request_id, amount) = (key.parse().unwrap(), Some(yen(amount)));
    let request = CaptureRequest { request_id, payment: payment.into(), amount, is_final: false };
    let receipt = town.app.capture_payment(&town.till.terminal, request).await.unwrap();
    assert_eq!(receipt.refusal(), None);
}

async fn refund(town: &Town, key: &str, payment: TransactionId, amount: i64) {
    let (request_id, amount) = (key.parse().unwrap(), yen(amount));
    let request = RefundRequest { request_id, payment: payment.into(), amount, note: None };
    let receipt = town.app.refund_payment(&town.till.terminal, request).await.unwrap();
    assert_eq!(receipt.refusal(), None);
}

/// Paid, bonus, points.
async fn available(town: &Town) -> [i64; 3] {
    let balance = town.app.balance(town.member.id).await.unwrap();
    [LotAccount::Paid, LotAccount::Bonus, LotAccount::Points].map(|account| balance.available(account))
}

on_both_databases! {
    /// What a capture took after a refund goes back first, and what went back before does not go back again.
    async fn a_refund_between_captures_is_remembered_by_its_lots(database: TestDatabase) {
        let town = Town::found(&database).await;
        town.fund("t-1", 100).await;
        grant(&town, 100, 1).await;
        let payment = hold(&town, "p-1", 200).await;
        capture(&town, "c-1", payment, 50).await;
        refund(&town, "r-1", payment, 20).await;
        assert_eq!(available(&town).await, [0, 20, 0]);
        // The rest of the bonus, and half of what was paid for, which goes back first.
        capture(&town, "c-2", payment, 100).await;
        refund(&town, "r-2", payment, 50).await;
        assert_eq!(available(&town).await, [50, 20, 0]);
        refund(&town, "r-3", payment, 80).await;
        assert_eq!(available(&town).await, [50, 100, 0]);
        town.close_clean(&database).await;
    }

    /// A refund of which every yen is kept back for points moves nothing in the wallet, and is booked all the same.
    async fn a_refund_that_is_kept_back_whole_is_booked(database: TestDatabase) {
        let town = Town::found(&database).await;
        town.app.set_shop(town.shop.id, Some(1), None).await.unwrap();
        town.fund("t-1", 100).await;
        let payment = hold(&town, "p-1", 100).await;
        capture(&town, "c-1", payment, 100).await;
        town.app.exchange_points(&town.member.phone, "x-1".parse().unwrap(), yen(100)).await.unwrap();
        refund(&town, "r-1", payment, 60).await;
        assert_eq!(available(&town).await, [0, 100, 0]);
        let payable = "SELECT debits, credits FROM account_sums WHERE account = 'shop:payable'";
        town.close_clean(&database).await;
        assert_eq!(database.query_raw(payable).await, [["60", "100"]]);
    }

    /// What a lapsed hold held lives for thirty days from its end, whether a sweep came or not.
    async fn what_lapsed_a_month_ago_is_shown_no_more(database: TestDatabase) {
        let town = Town::found(&database).await;
        grant(&town, 100, 3).await;
        hold(&town, "p-1", 60).await;
        town.clock.advance(DAY * 7);
        assert_eq!(available(&town).await, [0, 60, 0]);
        town.clock.advance(DAY * 30 - Duration::from_micros(1));
        assert_eq!(available(&town).await, [0, 60, 0]);
        town.clock.advance(Duration::from_micros(1));
        assert_eq!(available(&town).await, [0, 0, 0]);
        town.app.sweep_expired().await.unwrap();
        assert_eq!(available(&town).await, [0, 0, 0]);
        town.close_clean(&database).await;
    }
}
