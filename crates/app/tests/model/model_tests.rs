//! The model against the sentences of docs/rules.md, by hand-made stories.

use super::Model;
use super::civil::{DAY, HOUR, SECOND, month_end, tokyo_midnight};
use super::types::{Account, Book, Call, Done, Expected, Policy, Standing, Unit};

const TILL: u32 = 11;
const OTHER_TILL: u32 = 12;
const ATM: u32 = 31;
const ISSUER: u32 = 1;
const MEMBER: u32 = 101;
const WALLET: u32 = 1;

/// A model with a clock that counts the requests.
struct Story {
    model: Model,
    time: i64,
    asked: u64,
}

impl Story {
    fn new(policy: Policy) -> Story {
        let mut model = Model::new(policy);
        model.add_shop(1, 200, 240);
        model.add_terminal(TILL, Some(1));
        model.add_terminal(OTHER_TILL, Some(1));
        model.add_terminal(ATM, None);
        model.add_wallet(WALLET);
        Story { model, time: tokyo_midnight((2026, 1, 15)), asked: 0 }
    }

    fn call(&mut self, caller: u32) -> Call {
        self.asked += 1;
        Call { caller, request: format!("r{}", self.asked), body: "b".into(), time: self.time }
    }

    fn cash(&mut self, amount: i64) -> Expected {
        let code = self.code(false);
        let call = self.call(TILL);
        self.model.top_up(&call, code, amount)
    }

    fn grant(&mut self, amount: i64, days: i64) -> Expected {
        let call = self.call(ISSUER);
        self.model.grant(&call, WALLET, amount, Some(self.time + days * DAY))
    }

    fn code(&mut self, use_points: bool) -> u64 {
        self.asked += 1;
        self.model.issue_code(self.time, self.asked, WALLET, use_points);
        self.asked
    }

    fn pay_with(&mut self, caller: u32, code: u64, amount: i64, later: bool) -> Expected {
        let call = self.call(caller);
        let answer = self.model.pay(&call, code, amount, later);
        self.model.audit(self.time);
        answer
    }

    fn pay(&mut self, amount: i64) -> Expected {
        let code = self.code(true);
        self.pay_with(TILL, code, amount, false)
    }

    fn hold(&mut self, amount: i64) -> usize {
        let code = self.code(true);
        done(self.pay_with(TILL, code, amount, true)).payment.expect("a payment")
    }

    fn capture(&mut self, payment: usize, amount: i64, last: bool) -> Expected {
        let call = self.call(TILL);
        let answer = self.model.capture(&call, payment, amount, last);
        self.model.audit(self.time);
        answer
    }

    fn refund(&mut self, payment: usize, amount: i64) -> Expected {
        let call = self.call(TILL);
        let answer = self.model.refund(&call, payment, amount);
        self.model.audit(self.time);
        answer
    }

    fn points(&mut self, amount: i64) -> Expected {
        let call = self.call(ISSUER);
        self.model.correct(&call, WALLET, Account::Points, amount)
    }

    fn available(&self) -> [i64; 3] {
        self.model.wallet_view(WALLET, self.time).available
    }
}

fn done(answer: Expected) -> Done {
    match answer {
        Expected::Done(done) => *done,
        other => panic!("{other:?}"),
    }
}

fn refused(word: &'static str) -> Expected {
    Expected::Refused(word)
}

#[test]
fn the_earliest_expiry_is_spent_first_and_the_shop_gets_all() {
    let mut story = Story::new(Policy::default());
    story.cash(1_000);
    story.grant(300, 20);
    story.grant(200, 10);
    story.points(50);
    let paid = done(story.pay(540));
    let amounts: Vec<i64> = paid.parts.iter().map(|p| p.amount).collect();
    assert_eq!(amounts, [200, 300, 40]);
    assert_eq!(paid.points_earned, 2);
    assert_eq!(story.available(), [1_000, 0, 12]);
    assert_eq!(story.model.shop_view(1).payable, 540);
    assert_eq!(story.model.net(Book::PointsExpense, Unit::Yen), 40);
    assert_eq!(paid.business_date, Some((2026, 1, 14)));
}

#[test]
fn a_key_gives_its_answer_again_or_a_conflict() {
    let mut story = Story::new(Policy::default());
    let code = story.code(false);
    let mut call = story.call(TILL);
    story.model.top_up(&call, code, 100);
    assert_eq!(story.model.top_up(&call, code, 100), Expected::Replay(0));
    call.body = "other".into();
    assert_eq!(story.model.top_up(&call, code, 100), Expected::Conflict);
    assert_eq!(story.available(), [100, 0, 0]);
}

#[test]
fn a_refused_try_binds_a_code_that_was_good() {
    let mut story = Story::new(Policy::default());
    let code = story.code(false);
    assert_eq!(story.pay_with(TILL, code, 1, false), refused("insufficient_balance"));
    assert_eq!(story.pay_with(OTHER_TILL, code, 1, false), refused("code_bound"));
    story.grant(10, 1);
    done(story.pay_with(TILL, code, 1, false));
    assert_eq!(story.pay_with(TILL, code, 1, false), refused("code_consumed"));
    let old = story.code(false);
    let new = story.code(false);
    assert_eq!(story.pay_with(TILL, code, 1, false), refused("code_consumed"));
    assert_eq!(story.pay_with(TILL, old, 1, false), refused("code_expired"));
    assert_eq!(story.pay_with(TILL, 1_000, 1, false), refused("code_unknown"));
    story.time += 300 * SECOND - 1;
    assert_eq!(story.pay_with(OTHER_TILL, new, 100, false), refused("insufficient_balance"));
    assert_eq!(story.pay_with(TILL, new, 1, false), refused("code_bound"));
    let new = story.code(false);
    story.time += 300 * SECOND;
    assert_eq!(story.pay_with(TILL, new, 1, false), refused("code_expired"));
}

#[test]
fn points_of_captures_in_parts_add_up_and_merge_by_month() {
    let mut story = Story::new(Policy::default());
    story.cash(1_000);
    let payment = story.hold(1_000);
    assert_eq!(done(story.capture(payment, 399, false)).points_earned, 1);
    assert_eq!(done(story.capture(payment, 1, false)).points_earned, 1);
    let last = done(story.capture(payment, 100, true));
    assert_eq!((last.points_earned, last.released[0].amount), (0, 500));
    assert_eq!(story.capture(payment, 1, false), refused("hold_closed"));
    let lots = story.model.wallet_view(WALLET, story.time).lots;
    assert_eq!((lots.len(), lots[1].amount), (2, 2));
    assert_eq!(lots[1].expiry, Some(month_end(story.time, 12)));
}

#[test]
fn a_refund_takes_points_back_or_keeps_yen() {
    let mut story = Story::new(Policy::default());
    story.cash(10_000);
    let payment = done(story.pay(10_000)).payment.expect("a payment");
    assert_eq!(story.available(), [0, 0, 50]);
    let code = story.code(true);
    done(story.pay_with(TILL, code, 45, false));
    let first = done(story.refund(payment, 1_999));
    assert_eq!((first.points_asked, first.points_taken, first.yen_kept), (9, 5, 4));
    let second = done(story.refund(payment, 1));
    assert_eq!((second.points_asked, second.yen_kept, second.points_forgiven), (1, 1, 0));
    assert_eq!(story.available(), [1_995, 0, 0]);
    assert_eq!(story.refund(payment, 8_001), refused("refund_exceeds_captured"));
    done(story.refund(payment, 8_000));
    assert_eq!(story.model.shop_view(1).payable, 45);
    assert_eq!(story.available(), [9_955, 0, 0]);
}

#[test]
fn what_cannot_be_kept_back_is_forgiven() {
    let mut story = Story::new(Policy::default());
    story.model.set_yen_per_point(1, 1);
    story.cash(100);
    story.points(100);
    // Points first: they expire in 180 days, paid never.
    let payment = story.hold(200);
    assert_eq!(done(story.capture(payment, 100, false)).points_earned, 0);
    done(story.refund(payment, 100));
    assert_eq!(done(story.capture(payment, 100, false)).points_earned, 100);
    done(story.points(-200));
    let last = done(story.refund(payment, 1));
    assert_eq!((last.points_asked, last.yen_kept, last.points_forgiven), (50, 1, 49));
    assert_eq!(story.available(), [0, 0, 0]);
}

#[test]
fn a_hold_lapses_as_of_its_expiry() {
    let mut story = Story::new(Policy::default());
    story.grant(100, 3);
    let made = story.time;
    let payment = story.hold(60);
    story.time += 8 * DAY;
    assert_eq!(story.model.payment_view(payment, story.time).state, "expired");
    assert_eq!(story.capture(payment, 1, false), refused("hold_expired"));
    assert_eq!(story.available(), [0, 0, 0]);
    story.cash(5);
    // What was not held is gone, what was lives for 30 days from the end of the hold.
    assert_eq!(story.available(), [5, 60, 0]);
    assert_eq!(story.model.wallet_view(WALLET, story.time).lots[0].expiry, Some(made + 37 * DAY));
    assert_eq!(story.model.issuer_view().breakage_yen, -40);
    story.time = made + 37 * DAY;
    assert_eq!(story.available(), [5, 0, 0]);
}

#[test]
fn holds_and_lots_lapse_in_the_order_of_their_expiry() {
    let mut story = Story::new(Policy { hold_days: Some(2), ..Policy::default() });
    story.grant(100, 1);
    let made = story.time;
    story.hold(10);
    story.time += DAY / 2;
    story.hold(20);
    // Both come back to the lot, the second prolongs it; 50 days later all of it has expired.
    story.time = made + 3 * DAY;
    let mut later = story.model.clone();
    story.model.sweep(story.time, WALLET);
    let lots = story.model.wallet_view(WALLET, story.time).lots;
    assert_eq!((lots.len(), lots[0].amount, lots[0].expiry), (1, 30, Some(made + 32 * DAY + DAY / 2)));
    later.sweep(made + 50 * DAY, WALLET);
    assert_eq!(later.wallet_view(WALLET, made + 50 * DAY).posted, [0, 0, 0]);
    assert_eq!(later.issuer_view().breakage_yen, -100);
}

#[test]
fn a_sweep_books_what_expired() {
    let mut story = Story::new(Policy::default());
    story.grant(100, 3);
    story.time += 3 * DAY;
    assert_eq!(story.model.wallet_view(WALLET, story.time).posted, [0, 100, 0]);
    story.model.sweep(story.time, WALLET);
    assert_eq!(story.model.wallet_view(WALLET, story.time).posted, [0, 0, 0]);
    assert_eq!(story.model.issuer_view().breakage_yen, -100);
}

#[test]
fn a_cancel_can_come_before_its_payment() {
    let mut story = Story::new(Policy::default());
    story.cash(500);
    let mut pay = story.call(TILL);
    let cancel = story.call(TILL);
    done(story.model.cancel_payment_by_request(&cancel, &pay.request));
    let code = story.code(false);
    for amount in [100, 200] {
        assert_eq!(story.model.pay(&pay, code, amount, false), refused("already_canceled"));
        pay.body = "another".into();
    }
    // Nothing else is looked at, and nothing is bound or used.
    story.model.freeze_terminal(TILL, true);
    assert_eq!(story.model.pay(&pay, 1_000, 100, false), refused("already_canceled"));
    story.model.freeze_terminal(TILL, false);
    assert_eq!(story.model.grant(&Call { caller: TILL, ..pay.clone() }, WALLET, 1, None), Expected::Conflict);
    let again = story.call(TILL);
    assert_eq!(story.model.cancel_payment_by_request(&again, &pay.request), refused("already_canceled"));
    let again = story.call(TILL);
    assert_eq!(story.model.cancel_top_up_by_request(&again, &pay.request), refused("already_canceled"));
    let wrong = story.call(TILL);
    assert_eq!(story.model.cancel_payment_by_request(&wrong, &cancel.request), refused("not_cancelable"));
    done(story.pay_with(OTHER_TILL, code, 100, false));
    assert_eq!(story.available(), [400, 0, 0]);
}

#[test]
fn what_was_refused_is_cancelled_once_and_moves_nothing() {
    let mut story = Story::new(Policy::default());
    let code = story.code(false);
    assert_eq!(story.pay_with(TILL, code, 1, false), refused("insufficient_balance"));
    assert!(story.model.set_wallet(WALLET, Standing::Closed));
    let call = story.call(TILL);
    done(story.model.cancel_payment(&call, 0));
    let call = story.call(TILL);
    assert_eq!(story.model.cancel_payment(&call, 0), refused("already_canceled"));
    assert_eq!(story.cash(1), refused("wallet_closed"));
    let call = story.call(TILL);
    done(story.model.cancel_top_up(&call, 0));
    let call = story.call(TILL);
    assert_eq!(story.model.cancel_top_up(&call, 0), refused("already_canceled"));
}

#[test]
fn a_cancel_undoes_holds_and_captures() {
    let mut story = Story::new(Policy::default());
    story.cash(1_000);
    let payment = story.hold(900);
    done(story.capture(payment, 600, false));
    let call = story.call(TILL);
    let canceled = done(story.model.cancel_payment(&call, payment));
    assert_eq!((canceled.points_taken, canceled.released[0].amount, canceled.parts[0].amount), (3, 300, 600));
    assert_eq!(story.available(), [1_000, 0, 0]);
    assert_eq!(story.model.shop_view(1).payable, 0);
    assert_eq!(story.refund(payment, 1), refused("already_canceled"));
    let payment = done(story.pay(10)).payment.expect("a payment");
    done(story.refund(payment, 1));
    let call = story.call(TILL);
    assert_eq!(story.model.cancel_payment(&call, payment), refused("already_refunded"));
}

#[test]
fn a_cash_top_up_is_taken_away_only_whole() {
    let mut story = Story::new(Policy::default());
    let first = done(story.cash(1_000)).top_up.expect("a top-up");
    let payment = story.hold(1);
    let call = story.call(TILL);
    assert_eq!(story.model.cancel_top_up(&call, first), refused("top_up_spent"));
    let call = story.call(TILL);
    story.model.void(&call, payment);
    let call = story.call(TILL);
    done(story.model.cancel_top_up(&call, first));
    assert_eq!(story.available(), [0, 0, 0]);
    assert_eq!(story.model.shop_view(1).cash, 0);
}

#[test]
fn a_day_is_the_hour_and_twenty_four_before_it() {
    let mut story = Story::new(Policy { wallet_payment_day: Some(100), ..Policy::default() });
    story.cash(1_000);
    story.time += HOUR - 1;
    done(story.pay(60));
    story.time += 24 * HOUR;
    assert_eq!(story.pay(41), refused("limit_exceeded"));
    done(story.pay(40));
    story.time += 1;
    assert_eq!(story.pay(61), refused("limit_exceeded"));
    done(story.pay(60));
}

#[test]
fn a_balance_has_a_ceiling_and_a_wallet_two_hundred_lots() {
    let mut story = Story::new(Policy { till_top_up_max: None, ..Policy::default() });
    assert_eq!(story.cash(100_001), refused("limit_exceeded"));
    for _ in 0..200 {
        done(story.cash(1));
    }
    assert_eq!(story.cash(1), refused("limit_exceeded"));
    let call = story.call(ISSUER);
    done(story.model.compensate(&call, WALLET, 1));
    done(story.pay(2));
    done(story.cash(1));
}

#[test]
fn no_more_than_a_thousand_transactions_follow_a_payment() {
    let mut story = Story::new(Policy::default());
    story.cash(2_000);
    let payment = done(story.pay(2_000)).payment.expect("a payment");
    for _ in 0..1_000 {
        let call = story.call(TILL);
        done(story.model.refund(&call, payment, 1));
    }
    assert_eq!(story.refund(payment, 1), refused("limit_exceeded"));
    let call = story.call(TILL);
    assert_eq!(story.model.cancel_payment(&call, payment), refused("already_refunded"));
    // A cancel is not counted and not stopped.
    story.points(3_000);
    let payment = story.hold(2_000);
    for _ in 0..1_000 {
        done(story.capture(payment, 1, false));
    }
    assert_eq!(story.capture(payment, 1, false), refused("limit_exceeded"));
    let call = story.call(TILL);
    done(story.model.cancel_payment(&call, payment));
}

#[test]
fn points_are_exchanged_and_a_closing_wallet_can_only_be_spent() {
    let mut story = Story::new(Policy::default());
    story.points(30);
    let call = story.call(MEMBER);
    done(story.model.exchange(&call, WALLET, 20));
    assert_eq!(story.available(), [0, 20, 10]);
    assert!(!story.model.set_wallet(WALLET, Standing::Closed));
    story.model.set_wallet(WALLET, Standing::Closing);
    assert_eq!(story.cash(1), refused("wallet_closed"));
    done(story.pay(30));
    assert!(story.model.set_wallet(WALLET, Standing::Closed));
    assert_eq!(story.points(1), refused("wallet_closed"));
}

#[test]
fn frozen_things_refuse_in_the_fixed_order() {
    let mut story = Story::new(Policy::default());
    let payment = {
        story.cash(100);
        story.hold(50)
    };
    story.model.set_wallet(WALLET, Standing::Frozen);
    assert_eq!(story.cash(1), refused("wallet_frozen"));
    done(story.capture(payment, 10, false));
    story.model.freeze_shop(1, true);
    assert_eq!(story.cash(1), refused("shop_closed"));
    story.model.freeze_terminal(TILL, true);
    assert_eq!(story.capture(payment, 10, false), refused("terminal_frozen"));
    done(story.points(1));
}
