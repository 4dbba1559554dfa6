//! Proves the decisions by stories: what each command does to lots, holds and balances, and in which order it is refused.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod edges;
mod parts;
mod town;

use core::time::Duration;

use proptest::prelude::*;

use self::town::{OTHER_TILL, TILL, Town, WALLET, done, net, place, refused, yen};
use super::*;
use crate::correction::Direction;
use crate::limit::{Policy, days};
use crate::lot::LotAccount;
use crate::money::{Amount, Unit};
use crate::payment::PaymentState;
use crate::place::{Book, Place};
use crate::refusal::Refusal;
use crate::request::RequestKey;
use crate::wallet::WalletState;

#[test]
fn the_earliest_expiry_is_spent_first_and_bonus_before_paid_on_a_tie() {
    let mut town = Town::new();
    town.top_up(1_000);
    town.grant(300, days(20));
    town.grant(200, days(10));
    let payment = town.pay(600);
    let parts: Vec<_> = done(&payment).moves.iter().map(|it| (it.part.lot, it.part.amount.get())).collect();
    // Lot 3 expires first, then lot 2; the paid lot never does. 600 yen earn 3 points, in lot 4.
    assert_eq!(parts, [(3, 200), (2, 300), (1, 100), (4, 3)]);
    assert_eq!(town.available(), [900, 0, 3]);

    let mut town = Town::with(Policy { paid_days: Some(10), ..Policy::default() });
    town.top_up(1_000);
    town.grant(200, days(10));
    let payment = town.pay(300);
    let parts: Vec<_> = done(&payment).moves.iter().map(|it| (it.part.lot, it.part.amount.get())).collect();
    assert_eq!(parts[..2], [(2, 200), (1, 100)]);
}

#[test]
fn points_are_used_only_if_the_member_asked_and_the_shop_gets_yen_for_them() {
    let mut town = Town::new();
    town.top_up(10_000);
    town.pay(8_000);
    assert_eq!(town.available(), [2_000, 0, 40]);
    assert_eq!(refused(&town.pay(2_001)), Refusal::InsufficientBalance);
    let payment = town.pay_with_points(2_030);
    assert_eq!(net(&[&payment], Account::ShopPayable, Unit::Jpy), 2_030);
    // Points that expire go before money that does not; those that were used earn none: 1,990 yen earn 9.
    assert_eq!(town.available(), [10, 0, 9]);
}

#[test]
fn expiry_is_decided_at_use_and_booked_with_it() {
    let mut town = Town::new();
    town.grant(500, days(1));
    town.top_up(100);
    town.later(days(1));
    assert_eq!(refused(&town.pay(101)), Refusal::InsufficientBalance);
    assert_eq!(town.wallet().posted(LotAccount::Bonus), yen(500), "a refusal books nothing");
    let payment = town.pay(100);
    assert_eq!(net(&[&payment], Account::IssuerBreakage, Unit::Jpy), 500);
    assert_eq!(town.wallet().posted(LotAccount::Bonus), Amount::ZERO);
}

#[test]
fn a_hold_is_not_spendable_is_captured_in_parts_and_closes_once() {
    let mut town = Town::new();
    town.top_up(1_000);
    let payment = town.authorize(800);
    assert_eq!(done(&payment).transfers, []);
    assert_eq!(town.available(), [200, 0, 0]);
    assert_eq!(refused(&town.pay(201)), Refusal::InsufficientBalance);
    assert_eq!(refused(&town.capture(&payment, 801)), Refusal::CaptureExceedsAuthorized);
    let first = town.capture(&payment, 300);
    assert_eq!((town.state(&payment), net(&[&first], Account::ShopPayable, Unit::Jpy)), (PaymentState::Captured, 300));
    let last = town.ask(Ask::Capture { payment: payment.id, amount: Some(yen(100)), is_final: true });
    assert!(done(&last).closes_hold);
    assert_eq!(town.available(), [600, 0, 2]);
    assert_eq!(refused(&town.capture(&payment, 1)), Refusal::HoldClosed);
    assert_eq!(refused(&town.ask(Ask::Void { payment: payment.id })), Refusal::HoldClosed);
}

#[test]
fn points_of_partial_captures_sum_to_those_of_the_whole() {
    let mut town = Town::new();
    town.top_up(1_000);
    let payment = town.authorize(399);
    for amount in [133, 133, 133] {
        done(&town.capture(&payment, amount));
    }
    assert_eq!(town.loaded.payment(payment.id).unwrap().totals.points_earned, yen(1));
}

#[test]
fn a_hold_expires_by_itself_and_its_money_is_there_for_the_next() {
    let mut town = Town::new();
    town.top_up(1_000);
    let payment = town.authorize(1_000);
    town.later(days(7));
    assert_eq!(town.state(&payment), PaymentState::Expired);
    assert_eq!(refused(&town.capture(&payment, 1)), Refusal::HoldExpired);
    done(&town.pay(1_000));
    assert_eq!(refused(&town.ask(Ask::Void { payment: payment.id })), Refusal::HoldExpired);
    assert!(town.wallet().holds.is_empty());
}

#[test]
fn what_a_hold_releases_after_its_lot_expired_lives_for_30_days_from_the_lapse() {
    let mut town = Town::with(Policy { hold_days: Some(7), ..Policy::default() });
    town.grant(1_000, days(3));
    town.authorize(400);
    let lapse = town.at.saturating_add(days(7));
    town.later(days(20));
    let sweep = town.ask(Ask::Expire { wallet: WALLET });
    assert_eq!(net(&[&sweep], Account::IssuerBreakage, Unit::Jpy), 600);
    assert_eq!(town.available(), [0, 400, 0]);
    assert_eq!(town.wallet().next_expiry(), Some(lapse.saturating_add(days(30))));
}

#[test]
fn refunds_go_back_last_drawn_first_and_sum_to_the_whole() {
    let mut town = Town::new();
    town.top_up(500);
    town.grant(300, days(9));
    let payment = town.pay(700);
    let mut records = vec![payment.clone()];
    for amount in [1, 399, 200, 100] {
        records.push(town.refund(&payment, amount));
    }
    let parts: Vec<_> = done(&records[2]).moves.iter().map(|it| (it.step.text(), it.part.lot)).collect();
    // The paid lot was drawn last; the one point that 400 refunded yen cost goes too.
    assert_eq!(parts, [("in", 1), ("out", 3)]);
    assert_eq!(refused(&town.refund(&payment, 1)), Refusal::RefundExceedsCaptured);
    let records: Vec<_> = records.iter().collect();
    assert_eq!(net(&records, Account::ShopPayable, Unit::Jpy), 0);
    assert_eq!(net(&records, Account::IssuerPointsExpense, Unit::Point), 0);
    assert_eq!((town.available(), town.state(&payment)), ([500, 300, 0], PaymentState::Refunded));
}

#[test]
fn points_that_were_spent_are_kept_back_in_yen() {
    let mut town = Town::new();
    town.top_up(10_000);
    let payment = town.pay(4_000);
    let exchange = town.ask(Ask::Exchange { wallet: WALLET, amount: yen(20) });
    assert_eq!((net(&[&exchange], Account::WalletBonus, Unit::Jpy), town.available()), (20, [6_000, 20, 0]));
    let refund = town.refund(&payment, 2_000);
    assert_eq!(net(&[&refund], Account::ShopPayable, Unit::Jpy), -2_000);
    assert_eq!(net(&[&refund], Account::IssuerPointsExpense, Unit::Jpy), 10);
    assert_eq!(town.available(), [7_990, 20, 0]);
}

#[test]
fn a_lot_that_expired_meanwhile_reopens_for_30_days() {
    let mut town = Town::new();
    town.grant(500, days(5));
    let payment = town.pay(400);
    town.later(days(6));
    done(&town.refund(&payment, 400));
    assert_eq!(town.available(), [0, 400, 0], "the 100 that were not spent are gone, the 400 are back");
    town.later(days(30));
    assert_eq!(town.available(), [0, 0, 0]);
}

#[test]
fn a_cancel_undoes_everything_and_is_final() {
    let mut town = Town::new();
    town.top_up(1_000);
    let payment = town.authorize(1_000);
    town.capture(&payment, 400);
    let cancel = town.cancel(&payment);
    assert_eq!((cancel.amount, town.available()), (yen(1_000), [1_000, 0, 0]));
    assert_eq!(town.state(&payment), PaymentState::Canceled);
    for again in [town.cancel(&payment), town.refund(&payment, 1), town.capture(&payment, 1)] {
        assert_eq!(refused(&again), Refusal::AlreadyCanceled);
    }
    let payment = town.pay(200);
    town.refund(&payment, 50);
    assert_eq!(refused(&town.cancel(&payment)), Refusal::AlreadyRefunded);
}

#[test]
fn a_cancel_by_request_id_may_come_first() {
    let mut town = Town::new();
    let target: crate::request::RequestId = "late".parse().unwrap();
    let early = town.ask(Ask::Cancel(Target::Request(target.clone())));
    assert_eq!((done(&early), early.target.as_ref()), (&Done::default(), Some(&target)));
    let key = RequestKey { caller: TILL.into(), request_id: target.clone() };
    assert_eq!(town.loaded.tombstones().get(&key), Some(&early.id));
    assert_eq!(refused(&town.ask(Ask::Cancel(Target::Request(target.clone())))), Refusal::AlreadyCanceled);
    assert_eq!(refused(&town.ask(Ask::CancelTopUp(Target::Request(target)))), Refusal::AlreadyCanceled);
}

#[test]
fn a_top_up_is_undone_while_it_lies_there_untouched() {
    let mut town = Town::new();
    let top_up = town.top_up(1_000);
    let payment = town.pay(1);
    let undo = Ask::CancelTopUp(Target::Transaction(top_up.id));
    assert_eq!(refused(&town.ask(undo.clone())), Refusal::TopUpSpent);
    town.cancel(&payment);
    let undone = town.ask(undo.clone());
    assert_eq!(net(&[&top_up, &undone], Account::ShopCash, Unit::Jpy), 0);
    assert_eq!((town.available(), refused(&town.ask(undo))), ([0, 0, 0], Refusal::AlreadyCanceled));
}

#[test]
fn limits_hold_over_any_day_and_nothing_is_given_back() {
    let policy = Policy { wallet_payment_day: Some(yen(1_000)), payment_max: Some(yen(900)), ..Policy::default() };
    let mut town = Town::with(policy);
    town.top_up(40_000);
    assert_eq!(refused(&town.pay(901)), Refusal::LimitExceeded);
    let payment = town.pay(900);
    town.refund(&payment, 900);
    assert_eq!(refused(&town.pay(101)), Refusal::LimitExceeded);
    done(&town.pay(100));
    town.later(days(1));
    assert_eq!(refused(&town.pay(100)), Refusal::LimitExceeded, "its hour counts whole");
    town.later(Duration::from_secs(3_600));
    done(&town.pay(900));
    assert_eq!(refused(&town.top_up(49_001)), Refusal::LimitExceeded);
    done(&town.top_up(49_000));
    // 88,000 are there.
    assert_eq!(refused(&town.top_up(12_001)), Refusal::LimitExceeded);
    done(&town.top_up(12_000));
}

#[test]
fn frozen_and_closed_wallets_keep_their_promises() {
    let mut town = Town::new();
    town.top_up(1_000);
    let payment = town.authorize(500);
    let mut wallet = town.wallet().clone();
    wallet.state = WalletState::Frozen;
    town.loaded.put_wallet(wallet.clone());
    assert_eq!(refused(&town.pay(1)), Refusal::WalletFrozen);
    assert_eq!(refused(&town.top_up(1)), Refusal::WalletFrozen);
    done(&town.capture(&payment, 500));
    done(&town.refund(&payment, 500));
    let mut wallet = town.wallet().clone();
    wallet.state = WalletState::Closing;
    town.loaded.put_wallet(wallet);
    assert_eq!(refused(&town.top_up(1)), Refusal::WalletClosed);
    done(&town.pay(1));
    let mut wallet = town.wallet().clone();
    wallet.state = WalletState::Closed;
    town.loaded.put_wallet(wallet);
    assert_eq!(refused(&town.refund(&payment, 1)), Refusal::WalletClosed);
}

#[test]
fn a_frozen_terminal_or_shop_refuses_before_the_code_is_looked_at() {
    let mut town = Town::new();
    town.top_up(100);
    let code = town.show(false);
    town.loaded.put_place(Place { shop_is_frozen: true, ..place(TILL) });
    let pay = Ask::Pay { code: code.clone(), amount: yen(1), capture: Capture::Now, forced: None };
    assert_eq!(refused(&town.ask(pay.clone())), Refusal::ShopClosed);
    town.loaded.put_place(Place { terminal_is_frozen: true, shop_is_frozen: true, ..place(TILL) });
    assert_eq!(refused(&town.ask(pay.clone())), Refusal::TerminalFrozen);
    done(&town.ask_at(OTHER_TILL, pay));
}

#[test]
fn a_refused_try_keeps_the_code_for_that_terminal_only() {
    let mut town = Town::new();
    town.top_up(1_000);
    let code = town.show(false);
    let pay = |amount| Ask::Pay { code: code.clone(), amount: yen(amount), capture: Capture::Now, forced: None };
    assert_eq!(refused(&town.ask(pay(1_001))), Refusal::InsufficientBalance);
    assert_eq!(refused(&town.ask_at(OTHER_TILL, pay(1))), Refusal::CodeBound);
    done(&town.ask(pay(1_000)));
    assert_eq!(refused(&town.ask(pay(1))), Refusal::CodeConsumed);
}

#[test]
fn a_code_of_the_other_book_is_unknown() {
    let mut town = Town::new();
    town.loaded.put_place(Place { book: Book::Sandbox, ..place(TILL) });
    let record = town.top_up(1);
    assert_eq!((refused(&record), record.wallet, record.code), (Refusal::CodeUnknown, None, None));
}

#[test]
fn corrections_go_both_ways_through_suspense() {
    let mut town = Town::new();
    let correct = |account, direction, amount| Ask::Correct { wallet: WALLET, account, direction, amount: yen(amount) };
    let add = town.ask(correct(LotAccount::Points, Direction::Add, 30));
    let take = town.ask(correct(LotAccount::Points, Direction::Take, 10));
    assert_eq!(net(&[&add, &take], Account::IssuerSuspense, Unit::Point), -20);
    let more = town.ask(correct(LotAccount::Points, Direction::Take, 21));
    assert_eq!(refused(&more), Refusal::InsufficientBalance);
    let compensation = town.ask(Ask::Compensate { wallet: WALLET, amount: yen(5) });
    assert_eq!(net(&[&compensation], Account::IssuerCompensation, Unit::Jpy), -5);
    assert_eq!(town.available(), [5, 0, 20]);
}

#[test]
fn a_wallet_never_holds_more_than_can_be_counted() {
    let mut town = Town::new();
    done(&town.top_up(Amount::MAX.get()));
    assert_eq!(refused(&town.top_up(1)), Refusal::LimitExceeded);
}

#[test]
fn a_transfer_that_cannot_be_is_named() {
    let whole = Transfer {
        debit: Account::WalletPaid,
        credit: Account::ShopPayable,
        amount: yen(1),
        unit: Unit::Jpy,
        debit_after: Some(Amount::ZERO),
        credit_after: None,
    };
    assert_eq!(whole.check(), Ok(()));
    for (broken, error) in [
        (Transfer { amount: Amount::ZERO, ..whole.clone() }, TransferError::Zero),
        (Transfer { credit: Account::WalletPaid, ..whole.clone() }, TransferError::SameAccount),
        (Transfer { unit: Unit::Point, ..whole.clone() }, TransferError::Unit),
        (Transfer { debit_after: None, ..whole.clone() }, TransferError::BalanceAfter),
        (Transfer { credit_after: Some(Amount::ZERO), ..whole.clone() }, TransferError::BalanceAfter),
    ] {
        assert_eq!(broken.check(), Err(error));
    }
}

#[test]
fn the_chart_and_the_kinds_read_back() {
    for account in Account::ALL {
        assert_eq!(Account::parse(account.text()), Some(*account));
    }
    for kind in Kind::ALL {
        assert_eq!(Kind::parse(kind.text()), Some(*kind));
    }
}

proptest! {
    /// Whatever is captured and refunded in whatever parts, the shop and the wallet end where one whole refund ends: all of
    /// it back, and of the points none.
    #[test]
    fn the_parts_of_any_sequence_sum_to_the_whole(
        bonus in 0_i64..2_000,
        captures in prop::collection::vec(1_i64..900, 1..6),
        refunds in prop::collection::vec(1_i64..700, 1..9),
        spends_points in any::<bool>(),
    ) {
        let mut town = Town::new();
        town.top_up(10_000);
        if bonus > 0 {
            town.grant(bonus, days(30));
        }
        let total: i64 = captures.iter().sum();
        let payment = town.authorize(total);
        let mut records = vec![payment.clone()];
        for amount in captures {
            records.push(town.capture(&payment, amount));
        }
        let points = town.available()[2];
        if spends_points && points > 0 {
            records.push(town.ask(Ask::Exchange { wallet: WALLET, amount: yen(points) }));
        }
        let mut left = total;
        for amount in refunds.into_iter().chain([total]) {
            let amount = amount.min(left);
            if amount > 0 {
                let refund = town.refund(&payment, amount);
                prop_assert!(refund.done().is_some());
                records.push(refund);
                left -= amount;
            }
        }
        let records: Vec<_> = records.iter().collect();
        prop_assert_eq!(net(&records, Account::ShopPayable, Unit::Jpy), 0);
        let spent = if spends_points { points } else { 0 };
        let [paid, given, points] = town.available();
        prop_assert_eq!((paid + given, points), (10_000 + bonus, 0));
        prop_assert_eq!(net(&records, Account::IssuerPointsExpense, Unit::Point), 0);
        prop_assert_eq!(net(&records, Account::IssuerPointsExpense, Unit::Jpy), 0);
        prop_assert!(given <= bonus + spent);
    }
}
