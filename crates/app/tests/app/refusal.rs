//! Each refusal, provoked, and what it leaves behind.

use std::collections::BTreeSet;
use std::time::Duration;

use warifu_app::{CancelTarget, CaptureRequest, Fault, PaymentRequest, Receipt, RefundRequest};
use warifu_core::code::{CODE_LIFETIME, Code};
use warifu_core::id::TransactionId;
use warifu_core::ledger::Capture;
use warifu_core::money::Amount;
use warifu_core::refusal::Refusal;
use warifu_core::request::RequestId;
use warifu_core::wallet::WalletState;
use warifu_testkit::{TestDatabase, on_both_databases};

use crate::town::{PREFIX, Town, pay, refusal, top_up, yen};

/// What was refused, if it was refused for this.
fn refused(result: Result<Receipt, Fault>, expected: Refusal) -> Refusal {
    assert_eq!(result.unwrap().refusal(), Some(expected));
    expected
}

fn done(result: Result<Receipt, Fault>) -> TransactionId {
    let receipt = result.unwrap();
    assert_eq!(receipt.refusal(), None);
    receipt.record.id
}

/// Leaves 999 yen of a thousand.
async fn refusals_of_codes(town: &Town) -> Vec<Refusal> {
    let till = &town.till.terminal;
    let unknown = Code::new(&PREFIX.parse().unwrap(), 1).unwrap();
    let foreign = Code::new(&"12345678".parse().unwrap(), 1).unwrap();
    let mut seen = vec![
        refused(town.pay("unknown", &unknown, 1).await, Refusal::CodeUnknown),
        refused(town.top_up("foreign", &foreign, 1).await, Refusal::CodeUnknown),
    ];
    let code = town.code().await;
    seen.push(refused(town.pay("poor", &code, 1_001).await, Refusal::InsufficientBalance));
    seen.push(refused(pay(&town.app, &town.other_till.terminal, "bound", &code, 1).await, Refusal::CodeBound));
    seen.push(refused(town.top_up("rich", &code, Amount::MAX.get()).await, Refusal::LimitExceeded));
    done(pay(&town.app, till, "used", &code, 1).await);
    seen.push(refused(town.pay("consumed", &code, 1).await, Refusal::CodeConsumed));
    let late = town.code().await;
    town.clock.advance(CODE_LIFETIME);
    seen.push(refused(town.pay("late", &late, 1).await, Refusal::CodeExpired));
    seen
}

/// Leaves all as it was.
async fn refusals_of_payments(town: &Town) -> Vec<Refusal> {
    let (app, till) = (&town.app, &town.till.terminal);
    let key = |text: &str| text.parse::<RequestId>().unwrap();
    let hold = async |text: &str, amount| {
        let (code, amount) = (town.code().await, yen(amount));
        let request = PaymentRequest { request_id: key(text), code, amount, capture: Capture::Later, note: None };
        done(app.take_payment(till, request).await)
    };
    let capture = async |text: &str, payment: TransactionId, amount| {
        let (payment, amount) = (payment.into(), Some(yen(amount)));
        app.capture_payment(till, CaptureRequest { request_id: key(text), payment, amount, is_final: false }).await
    };
    let refund = async |text: &str, payment: TransactionId, amount| {
        let (payment, amount) = (payment.into(), yen(amount));
        app.refund_payment(till, RefundRequest { request_id: key(text), payment, amount, note: None }).await
    };
    let cancel = async |text: &str, payment| app.cancel_payment(till, CancelTarget::Id(payment), key(text), None).await;

    let held = hold("held", 100).await;
    let mut seen = vec![refused(capture("too-much", held, 101).await, Refusal::CaptureExceedsAuthorized)];
    done(capture("all", held, 100).await);
    seen.push(refused(capture("closed", held, 1).await, Refusal::HoldClosed));
    seen.push(refused(refund("more", held, 101).await, Refusal::RefundExceedsCaptured));
    done(refund("whole", held, 100).await);
    seen.push(refused(cancel("refunded", held).await, Refusal::AlreadyRefunded));
    let held = hold("canceled", 100).await;
    done(cancel("first", held).await);
    seen.push(refused(cancel("second", held).await, Refusal::AlreadyCanceled));
    let target = CancelTarget::Request(key("first"));
    seen.push(refused(app.cancel_payment(till, target, key("of-a-cancel"), None).await, Refusal::NotCancelable));
    let held = hold("lapses", 100).await;
    town.clock.advance(Duration::from_secs(7 * 86_400));
    seen.push(refused(capture("too-late", held, 1).await, Refusal::HoldExpired));
    let target = CancelTarget::Request(key("t-1"));
    seen.push(refused(app.cancel_top_up(till, target, key("spent"), None).await, Refusal::TopUpSpent));
    seen
}

/// Leaves the wallet of another member closed.
async fn refusals_of_what_is_frozen(town: &Town) -> Vec<Refusal> {
    let app = &town.app;
    let neighbour = app.add_member().await.unwrap();
    let code = app.issue_code(&neighbour.phone, false).await.unwrap().code;
    app.set_wallet_state(neighbour.wallet, WalletState::Frozen).await.unwrap();
    let mut seen = vec![refused(town.pay("frozen", &code, 1).await, Refusal::WalletFrozen)];
    app.set_wallet_state(neighbour.wallet, WalletState::Closed).await.unwrap();
    seen.push(refused(town.pay("gone", &code, 1).await, Refusal::WalletClosed));
    app.freeze_shop(town.shop.id, true).await.unwrap();
    seen.push(refused(town.pay("shut", &code, 1).await, Refusal::ShopClosed));
    app.freeze_terminal(town.till.terminal.id, true).await.unwrap();
    seen.push(refused(town.pay("stopped", &code, 1).await, Refusal::TerminalFrozen));
    seen
}

on_both_databases! {
    /// Every refusal there is, each recorded under its key, none of them moving anything.
    async fn each_refusal_is_recorded_and_moves_nothing(database: TestDatabase) {
        let town = Town::found(&database).await;
        town.fund("t-1", 1_000).await;
        let mut seen = Vec::new();
        seen.extend(refusals_of_codes(&town).await);
        seen.extend(refusals_of_payments(&town).await);
        seen.extend(refusals_of_what_is_frozen(&town).await);
        assert_eq!(seen.iter().copied().collect::<BTreeSet<_>>(), BTreeSet::from(Refusal::ALL), "a refusal is not provoked");
        assert_eq!(town.balance().await, 999);
        let recorded = database.query_raw("SELECT count(*) FROM journal WHERE refusal IS NOT NULL").await;
        assert_eq!(recorded, [[seen.len().to_string()]]);
        town.close_clean(&database).await;
    }

    /// A code is good until a microsecond before its five minutes are over, and not at five minutes.
    async fn a_code_ends_at_exactly_five_minutes(database: TestDatabase) {
        let town = Town::found(&database).await;
        assert_eq!(CODE_LIFETIME, Duration::from_secs(300));
        let code = town.code().await;
        town.clock.advance(CODE_LIFETIME - Duration::from_micros(1));
        assert_eq!(refusal(&town.top_up("t-1", &code, 10).await.unwrap().record), None);
        let code = town.code().await;
        town.clock.advance(CODE_LIFETIME);
        assert_eq!(refusal(&town.top_up("t-2", &code, 10).await.unwrap().record), Some(Refusal::CodeExpired));
        assert_eq!(town.balance().await, 10);
        town.close_clean(&database).await;
    }

    /// A newer code ends the older one of the same member, and of nobody else.
    async fn a_newer_code_ends_the_older(database: TestDatabase) {
        let town = Town::found(&database).await;
        let neighbour = town.app.add_member().await.unwrap();
        let older = town.code().await;
        let other = town.app.issue_code(&neighbour.phone, false).await.unwrap().code;
        let newer = town.code().await;
        assert_eq!(refusal(&town.top_up("t-1", &older, 10).await.unwrap().record), Some(Refusal::CodeExpired));
        assert_eq!(refusal(&town.top_up("t-2", &newer, 20).await.unwrap().record), None);
        assert_eq!(refusal(&town.top_up("t-3", &other, 30).await.unwrap().record), None);
        assert_eq!(town.balance().await, 20);
        town.close_clean(&database).await;
    }

    /// A refused try keeps the code for that terminal: there it works later, elsewhere it does not, whatever is asked.
    async fn a_refused_try_binds_the_code_to_its_terminal(database: TestDatabase) {
        let town = Town::found(&database).await;
        town.fund("t-1", 1_000).await;
        let elsewhere = &town.other_till.terminal;
        let code = town.code().await;
        assert_eq!(refusal(&town.pay("p-1", &code, 1_001).await.unwrap().record), Some(Refusal::InsufficientBalance));
        for (key, result) in [
            ("p-1", pay(&town.app, elsewhere, "p-1", &code, 1).await),
            ("t-1", top_up(&town.app, elsewhere, "t-1", &code, 1).await),
        ] {
            assert_eq!(refusal(&result.unwrap().record), Some(Refusal::CodeBound), "{key}");
        }
        assert_eq!(refusal(&town.pay("p-2", &code, 1_000).await.unwrap().record), None);
        let late = pay(&town.app, elsewhere, "p-2", &code, 1).await.unwrap();
        assert_eq!(refusal(&late.record), Some(Refusal::CodeBound), "not even that it was used is told elsewhere");
        assert_eq!(town.balance().await, 0);
        town.close_clean(&database).await;
    }
}
