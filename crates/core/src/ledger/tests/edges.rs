//! Stories at the edges of the decisions: what a record says of its command, what the next decision finds, and the last
//! value on either side of each bound.

use jiff::tz::TimeZone;

use super::town::{OTHER_TILL, TILL, Town, WALLET, done, net, place, refused, yen};
use super::*;
use crate::id::{ShopId, TransactionId, WalletId};
use crate::limit::Usage;
use crate::payment::FOLLOWERS_MAX;
use crate::place::Channel;
use crate::request::{BodyHash, CallerId, RequestId};
use crate::wallet::LOTS_MAX;

fn id(byte: u8) -> TransactionId {
    TransactionId::from_bytes([byte; 16])
}

/// A command, its kind, the wallet and the parent that it names, and how much it asks for.
type Described = (Ask, Kind, Option<WalletId>, Option<TransactionId>, Option<i64>);

/// Every command that there is.
fn every_ask() -> Vec<Described> {
    let request: RequestId = "r".parse().unwrap();
    let pay = |capture| Ask::Pay { code: Vec::new(), amount: yen(1), capture, forced: None };
    let correct = Ask::Correct { wallet: WALLET, account: LotAccount::Paid, direction: Direction::Add, amount: yen(6) };
    let capture = |amount| Ask::Capture { payment: id(1), amount, is_final: false };
    vec![
        (pay(Capture::Now), Kind::Payment, None, None, Some(1)),
        (pay(Capture::Later), Kind::Authorization, None, None, Some(1)),
        (capture(Some(yen(2))), Kind::Capture, None, Some(id(1)), Some(2)),
        (capture(None), Kind::Capture, None, Some(id(1)), None),
        (Ask::Void { payment: id(2) }, Kind::Void, None, Some(id(2)), None),
        (Ask::Cancel(Target::Transaction(id(3))), Kind::Cancel, None, Some(id(3)), None),
        (Ask::Cancel(Target::Request(request.clone())), Kind::Cancel, None, None, None),
        (Ask::Refund { payment: id(4), amount: yen(3) }, Kind::Refund, None, Some(id(4)), Some(3)),
        (Ask::TopUp { code: Vec::new(), amount: yen(4), forced: None }, Kind::TopUp, None, None, Some(4)),
        (Ask::CancelTopUp(Target::Transaction(id(5))), Kind::TopUpCancel, None, Some(id(5)), None),
        (Ask::CancelTopUp(Target::Request(request)), Kind::TopUpCancel, None, None, None),
        (Ask::Exchange { wallet: WALLET, amount: yen(5) }, Kind::Exchange, Some(WALLET), None, Some(5)),
        (Ask::Grant { wallet: WALLET, amount: yen(5), expires_at: None }, Kind::Grant, Some(WALLET), None, Some(5)),
        (correct, Kind::Correction, Some(WALLET), None, Some(6)),
        (Ask::Compensate { wallet: WALLET, amount: yen(7) }, Kind::Compensation, Some(WALLET), None, Some(7)),
        (Ask::Expire { wallet: WALLET }, Kind::Expiry, Some(WALLET), None, None),
    ]
}

#[test]
fn a_command_says_what_has_to_be_gathered_for_it() {
    for (ask, kind, wallet, parent, amount) in every_ask() {
        assert_eq!((ask.kind(), ask.wallet(), ask.parent()), (kind, wallet, parent), "{ask:?}");
        assert_eq!(ask.amount(), amount.map(yen), "{ask:?}");
        let by_request = matches!(ask, Ask::Cancel(Target::Request(_)) | Ask::CancelTopUp(Target::Request(_)));
        assert_eq!(ask.target().map(RequestId::as_str), by_request.then_some("r"), "{ask:?}");
    }
    let mut town = Town::new();
    let code = town.show(false);
    let pay = Ask::Pay { code: code.clone(), amount: yen(1), capture: Capture::Now, forced: None };
    let top_up = Ask::TopUp { code: code.clone(), amount: yen(1), forced: None };
    assert_eq!((pay.codes(), top_up.codes()), (code.as_slice(), code.as_slice()));
    assert_eq!(Ask::Expire { wallet: WALLET }.codes(), []);
}

#[test]
fn a_record_says_who_asked_for_what_and_where() {
    let mut town = Town::with(Policy { number: 12, ..Policy::default() });
    let code = town.show(false);
    let mac = town.mac();
    let top_up = town.ask(Ask::TopUp { code, amount: yen(1_000), forced: None });
    assert_eq!((top_up.kind, top_up.amount, top_up.unit, top_up.policy), (Kind::TopUp, yen(1_000), Unit::Jpy, 12));
    assert_eq!((top_up.shop, top_up.wallet), (Some(ShopId::from_bytes([3; 16])), Some(WALLET)));
    assert_eq!((top_up.code, top_up.parent, top_up.book), (Some(mac), None, Book::Real));
    assert_eq!((top_up.wallet_version(), top_up.refusal()), (Some(1), None));
    let refused = town.pay(1_001);
    assert_eq!((refused.wallet_version(), refused.done()), (None, None));
    assert_eq!(refused.refusal(), Some(Refusal::InsufficientBalance));
    let grant = town.grant(5, days(1));
    assert_eq!((grant.wallet_version(), grant.shop, grant.key.caller), (Some(2), None, CallerId::ISSUER));
    let points =
        Ask::Correct { wallet: WALLET, account: LotAccount::Points, direction: Direction::Add, amount: yen(3) };
    assert_eq!(town.ask(points).unit, Unit::Point);
    // What changes nothing gives no version.
    assert_eq!(town.ask(Ask::Expire { wallet: WALLET }).wallet_version(), None);
    assert_eq!((town.wallet().version, town.wallet().at), (3, town.at));
}

#[test]
fn the_business_date_is_that_of_the_shops_closing_hour() {
    let mut town = Town::new();
    town.loaded.put_place(Place { closing_minutes: 60, ..place(TILL) });
    // 2026-04-01T00:00:00Z is still March to a shop that closes at one.
    assert_eq!(town.top_up(1).business_date.number(), 20_260_331);
    town.later(Duration::from_secs(3_600));
    assert_eq!(town.top_up(1).business_date.number(), 20_260_401);
}

#[test]
fn only_what_changed_has_to_be_stored() {
    let mut town = Town::new();
    let changed = |town: &Town| {
        let loaded = &town.loaded;
        (loaded.changed_codes().count(), loaded.changed_places().count(), loaded.changed_wallets().count())
    };
    assert_eq!((changed(&town), town.loaded.latest()), ((0, 0, 0), crate::time::Time::EPOCH));
    town.top_up(1_000);
    // The place is not capped, so nothing is counted at it.
    assert_eq!((changed(&town), town.loaded.latest()), ((1, 0, 1), town.at));
    let unknown = Ask::Pay { code: Vec::new(), amount: yen(1), capture: Capture::Now, forced: None };
    assert_eq!(refused(&town.ask(unknown)), Refusal::CodeUnknown);
    assert_eq!(changed(&town), (1, 0, 1));
    town.loaded.put_place(Place { usage: Some(Usage::default()), ..place(OTHER_TILL) });
    assert_eq!(changed(&town), (1, 1, 1));
}

#[test]
fn a_capped_terminal_counts_what_it_does_and_stops_at_its_limit() {
    let policy =
        Policy { terminal_payment_day: Some(yen(100)), terminal_top_up_day: Some(yen(500)), ..Policy::default() };
    let mut town = Town::with(policy);
    town.loaded.put_place(Place { usage: Some(Usage::default()), ..place(TILL) });
    assert_eq!(refused(&town.top_up(501)), Refusal::LimitExceeded);
    done(&town.top_up(500));
    assert_eq!(refused(&town.top_up(1)), Refusal::LimitExceeded);
    assert_eq!(refused(&town.pay(101)), Refusal::LimitExceeded);
    done(&town.pay(100));
    assert_eq!(refused(&town.pay(1)), Refusal::LimitExceeded);
    let usage = town.loaded.place(TILL).unwrap().usage.clone().unwrap();
    assert_eq!((usage.top_ups.over_a_day(town.at), usage.payments.over_a_day(town.at)), (yen(500), yen(100)));
}

#[test]
fn what_a_till_and_an_atm_take_has_a_limit_and_an_account_of_its_own() {
    let policy = Policy { till_top_up_max: Some(yen(10)), atm_top_up_max: Some(yen(20)), ..Policy::default() };
    let mut town = Town::with(policy);
    let too_much = town.top_up(11);
    assert_eq!((refused(&too_much), town.loaded.top_up(too_much.id)), (Refusal::LimitExceeded, None));
    let at_till = town.top_up(10);
    assert_eq!(town.loaded.top_up(at_till.id), Some(&at_till));
    let grant = town.grant(1, days(1));
    assert_eq!(town.loaded.top_up(grant.id), None);
    town.loaded.put_place(Place { channel: Channel::Atm, ..place(TILL) });
    assert_eq!(refused(&town.top_up(21)), Refusal::LimitExceeded);
    let at_atm = town.top_up(20);
    for (record, account, amount) in [(&at_till, Account::ShopCash, -10), (&at_atm, Account::AtmCash, -20)] {
        assert_eq!(net(&[record], account, Unit::Jpy), amount);
    }
    // Undone from the account that it went to.
    let undone = town.ask(Ask::CancelTopUp(Target::Transaction(at_atm.id)));
    assert_eq!(net(&[&undone], Account::AtmCash, Unit::Jpy), 20);
}

#[test]
fn a_wallet_takes_so_many_lots_and_no_more_but_never_loses_what_is_due_to_it() {
    let mut town = Town::new();
    for _ in 0..LOTS_MAX {
        done(&town.top_up(1_000));
    }
    let grant = Ask::Grant { wallet: WALLET, amount: yen(1), expires_at: None };
    assert_eq!(refused(&town.top_up(1)), Refusal::LimitExceeded);
    assert_eq!(refused(&town.ask(grant.clone())), Refusal::LimitExceeded);
    // Points that are earned and what is made good find room all the same.
    done(&town.pay(400));
    done(&town.ask(Ask::Compensate { wallet: WALLET, amount: yen(1) }));
    assert_eq!(town.wallet().lots.len(), LOTS_MAX + 2);
    let exchange = Ask::Exchange { wallet: WALLET, amount: yen(1) };
    assert_eq!(refused(&town.ask(exchange)), Refusal::LimitExceeded);
    done(&town.pay(2_600));
    assert_eq!(town.wallet().lots.len(), LOTS_MAX - 1);
    done(&town.ask(grant));
}

#[test]
fn exchanges_and_grants_have_their_limits_and_lives() {
    let policy =
        Policy { exchange_max: Some(yen(5)), balance_max: Some(yen(100)), bonus_days: Some(2), ..Policy::default() };
    let mut town = Town::with(policy);
    let points =
        Ask::Correct { wallet: WALLET, account: LotAccount::Points, direction: Direction::Add, amount: yen(50) };
    done(&town.ask(points));
    let exchange = |amount| Ask::Exchange { wallet: WALLET, amount: yen(amount) };
    assert_eq!(refused(&town.ask(exchange(6))), Refusal::LimitExceeded);
    assert_eq!(refused(&town.ask(exchange(51))), Refusal::InsufficientBalance);
    done(&town.ask(exchange(5)));
    assert_eq!(town.available(), [0, 5, 45]);
    let grant = |amount| Ask::Grant { wallet: WALLET, amount: yen(amount), expires_at: None };
    assert_eq!(refused(&town.ask(grant(96))), Refusal::LimitExceeded);
    done(&town.ask(grant(95)));
    assert_eq!(town.wallet().next_expiry(), Some(town.at.saturating_add(days(2))));
    town.later(days(2));
    assert_eq!(town.available(), [0, 0, 0]);
}

#[test]
fn nothing_is_given_to_a_wallet_that_takes_nothing_but_it_is_mended_and_swept() {
    let mut town = Town::new();
    town.grant(10, days(1));
    let grant = Ask::Grant { wallet: WALLET, amount: yen(1), expires_at: None };
    let exchange = Ask::Exchange { wallet: WALLET, amount: yen(1) };
    let mend = Ask::Compensate { wallet: WALLET, amount: yen(1) };
    for (state, refusal, is_mended) in [
        (WalletState::Frozen, Refusal::WalletFrozen, true),
        (WalletState::Closing, Refusal::WalletClosed, true),
        (WalletState::Closed, Refusal::WalletClosed, false),
    ] {
        let wallet = crate::wallet::Wallet { state, ..town.wallet().clone() };
        town.loaded.put_wallet(wallet);
        assert_eq!(refused(&town.ask(grant.clone())), refusal);
        assert_eq!(refused(&town.ask(exchange.clone())), refusal);
        assert_eq!(town.ask(mend.clone()).done().is_some(), is_mended, "{state:?}");
    }
    town.later(days(1));
    let sweep = town.ask(Ask::Expire { wallet: WALLET });
    assert_eq!(net(&[&sweep], Account::IssuerBreakage, Unit::Jpy), 10);
}

#[test]
fn corrections_live_as_bonus_does_and_paid_yen_for_ever() {
    let mut town = Town::with(Policy { bonus_days: Some(3), ..Policy::default() });
    for (account, expires_at) in [
        (LotAccount::Paid, None),
        (LotAccount::Bonus, Some(town.at.saturating_add(days(3)))),
        (LotAccount::Points, Some(town.at.saturating_add(days(3)))),
    ] {
        let add = Ask::Correct { wallet: WALLET, account, direction: Direction::Add, amount: yen(1) };
        let record = town.ask(add);
        assert_eq!(done(&record).moves[0].part.expires_at, expires_at, "{account:?}");
    }
}

#[test]
fn a_void_lets_go_what_is_left_and_counts_as_nothing_else() {
    let mut town = Town::new();
    town.top_up(1_000);
    let payment = town.authorize(600);
    assert_eq!(town.wallet().held_of(LotAccount::Paid), yen(600));
    assert_eq!((town.wallet().held().count(), town.wallet().posted(LotAccount::Paid)), (1, yen(1_000)));
    let void = town.ask(Ask::Void { payment: payment.id });
    assert_eq!((void.amount, done(&void).transfers.len()), (yen(600), 0));
    assert_eq!((town.state(&payment), town.available()), (PaymentState::Voided, [1_000, 0, 0]));
    assert_eq!(town.wallet().held_of(LotAccount::Paid), Amount::ZERO);
    assert_eq!(refused(&town.capture(&payment, 1)), Refusal::HoldClosed);
    // There is nothing left to move, and the figures stay what they were.
    assert_eq!(done(&town.cancel(&payment)).totals.map(|totals| totals.authorized), Some(yen(600)));
    assert_eq!(town.state(&payment), PaymentState::Canceled);
}

#[test]
fn a_capture_of_everything_closes_the_hold_and_one_yen_less_does_not() {
    let mut town = Town::new();
    town.top_up(1_000);
    let payment = town.authorize(600);
    let open = |town: &Town| town.loaded.payment(payment.id).unwrap().capturable(town.at).get();
    assert_eq!(open(&town), 600);
    let most = town.capture(&payment, 599);
    assert_eq!((done(&most).closes_hold, open(&town)), (false, 1));
    assert_eq!(town.state(&payment), PaymentState::Captured);
    let rest = town.ask(Ask::Capture { payment: payment.id, amount: None, is_final: false });
    assert_eq!((done(&rest).closes_hold, rest.amount, open(&town)), (true, yen(1), 0));
    // 600 yen in two captures earn 3 points, in one lot that a refund finds again.
    assert_eq!(town.loaded.payment(payment.id).unwrap().points_lot, Some(2));
    let half = town.refund(&payment, 300);
    assert_eq!(
        (town.state(&payment), done(&half).totals.unwrap().points_taken),
        (PaymentState::PartiallyRefunded, yen(1))
    );
}

#[test]
fn a_hold_can_be_captured_until_the_moment_at_which_it_expires() {
    for (wait, is_open) in [(days(7) - Duration::from_micros(1), true), (days(7), false)] {
        let mut town = Town::new();
        town.top_up(1_000);
        let payment = town.authorize(600);
        town.later(wait);
        let state = if is_open { PaymentState::Authorized } else { PaymentState::Expired };
        assert_eq!(town.state(&payment), state);
        assert_eq!(town.loaded.payment(payment.id).unwrap().capturable(town.at), yen(if is_open { 600 } else { 0 }));
        assert_eq!(town.capture(&payment, 1).done().is_some(), is_open);
    }
}

#[test]
fn a_lapsed_hold_of_a_closed_payment_is_closed_and_not_expired() {
    let mut town = Town::new();
    town.top_up(1_000);
    let payment = town.authorize(600);
    done(&town.capture(&payment, 600));
    town.later(days(8));
    assert_eq!(town.state(&payment), PaymentState::Captured);
    assert_eq!(refused(&town.capture(&payment, 1)), Refusal::HoldClosed);
}

#[test]
fn a_payment_takes_so_many_followers_and_no_more() {
    let mut town = Town::new();
    town.top_up(10_000);
    let payment = town.pay(2_000);
    for _ in 0..FOLLOWERS_MAX {
        done(&town.refund(&payment, 1));
    }
    assert_eq!(town.loaded.payment(payment.id).unwrap().followers, FOLLOWERS_MAX);
    assert_eq!(refused(&town.refund(&payment, 1)), Refusal::LimitExceeded);
    assert_eq!(refused(&town.refund(&payment, 1_001)), Refusal::RefundExceedsCaptured);
}

#[test]
fn a_refund_of_points_gives_points_and_takes_none_for_them() {
    let mut town = Town::new();
    town.top_up(4_000);
    done(&town.pay(4_000));
    let payment = town.pay_with_points(20);
    assert_eq!((town.available(), net(&[&payment], Account::IssuerPointsExpense, Unit::Jpy)), ([0, 0, 0], -20));
    let refund = town.refund(&payment, 20);
    assert_eq!((town.available(), net(&[&refund], Account::ShopPayable, Unit::Jpy)), ([0, 0, 20], -20));
    let totals = done(&refund).totals.unwrap();
    assert_eq!((totals.points_earned, totals.points_taken), (Amount::ZERO, Amount::ZERO));
}

#[test]
fn what_is_kept_back_is_never_more_than_is_missing() {
    let mut town = Town::new();
    town.top_up(8_000);
    let payment = town.pay(4_000);
    // 12 of 20 points are gone.
    done(&town.ask(Ask::Exchange { wallet: WALLET, amount: yen(12) }));
    let first = town.refund(&payment, 1_000);
    assert_eq!(
        (net(&[&first], Account::WalletPoints, Unit::Point), net(&[&first], Account::WalletPaid, Unit::Jpy)),
        (-5, 1_000)
    );
    let second = town.refund(&payment, 1_000);
    // 5 more are wanted, 3 are there.
    assert_eq!(
        (net(&[&second], Account::WalletPoints, Unit::Point), net(&[&second], Account::WalletPaid, Unit::Jpy)),
        (-3, 998)
    );
    let rest = town.refund(&payment, 2_000);
    assert_eq!(net(&[&rest], Account::WalletPaid, Unit::Jpy), 1_990);
    assert_eq!(town.available(), [7_988, 12, 0]);
}

#[test]
fn points_are_taken_from_the_lot_that_they_went_to_before_others() {
    let mut town = Town::with(Policy { points_months: Some(1), ..Policy::default() });
    town.top_up(8_000);
    let older = town.pay(2_000);
    town.later(days(31));
    let newer = town.pay(2_000);
    let lots: Vec<_> = town.wallet().lots.iter().filter(|lot| lot.account == LotAccount::Points).cloned().collect();
    assert_eq!(lots.iter().map(|lot| (lot.lot, lot.amount.get())).collect::<Vec<_>>(), [(2, 10), (3, 10)]);
    done(&town.refund(&newer, 1_000));
    let left =
        |town: &Town, number: i64| town.wallet().lots.iter().find(|lot| lot.lot == number).map(|lot| lot.amount.get());
    assert_eq!((left(&town, 2), left(&town, 3)), (Some(10), Some(5)));
    done(&town.refund(&older, 2_000));
    assert_eq!((left(&town, 2), left(&town, 3)), (None, Some(5)));
}

#[test]
fn points_that_expire_together_share_a_lot() {
    let mut town = Town::new();
    town.top_up(8_000);
    done(&town.pay(2_000));
    done(&town.pay(2_000));
    assert_eq!(town.wallet().lots_opened, 2);
    town.later(days(40));
    done(&town.pay(2_000));
    assert_eq!((town.wallet().lots_opened, town.available()), (3, [2_000, 0, 30]));
}

#[test]
fn a_shop_without_points_gives_none() {
    let mut town = Town::new();
    town.loaded.put_place(Place { yen_per_point: 0, ..place(TILL) });
    town.top_up(1_000);
    let payment = town.pay(1_000);
    assert_eq!((town.available(), done(&payment).totals.unwrap().points_earned), ([0, 0, 0], Amount::ZERO));
    let totals = done(&payment).totals.unwrap();
    assert_eq!((totals.authorized, totals.captured, totals.refunded), (yen(1_000), yen(1_000), Amount::ZERO));
}

#[test]
fn the_cancel_of_a_refused_payment_is_done_and_moves_nothing() {
    let mut town = Town::new();
    let payment = town.pay(1);
    assert_eq!(refused(&payment), Refusal::InsufficientBalance);
    let cancel = town.cancel(&payment);
    assert_eq!((done(&cancel), cancel.amount, cancel.parent), (&Done::default(), Amount::ZERO, Some(payment.id)));
    assert!(town.loaded.is_canceled(payment.id));
    assert_eq!(refused(&town.cancel(&payment)), Refusal::AlreadyCanceled);
    assert_eq!(refused(&town.refund(&payment, 1)), Refusal::RefundExceedsCaptured);
    assert_eq!(refused(&town.ask(Ask::Void { payment: payment.id })), Refusal::HoldClosed);
}

/// A command under a request id of its own.
fn ask_as(town: &mut Town, request_id: &str, number: u8, ask: Ask) -> Transaction {
    let key = RequestKey { caller: TILL.into(), request_id: request_id.parse().unwrap() };
    let command = Command { id: id(number), key, body: BodyHash([0; 32]), ask, note: Some("{}".to_owned()) };
    decide(&mut town.loaded, &command, town.at, &TimeZone::UTC)
}

#[test]
fn a_cancel_by_request_id_finds_what_came_in_the_same_batch() {
    let mut town = Town::new();
    town.top_up(1_000);
    let target = |name: &str| Target::Request(name.parse().unwrap());
    let key = |name: &str| RequestKey { caller: TILL.into(), request_id: name.parse().unwrap() };
    for name in ["p", "t"] {
        town.loaded.add_target(key(name), None);
        assert_eq!(town.loaded.target(&key(name)), None);
    }
    let code = town.show(false);
    let pay = Ask::Pay { code, amount: yen(300), capture: Capture::Now, forced: None };
    let payment = ask_as(&mut town, "p", 100, pay);
    assert_eq!((payment.note.as_deref(), town.loaded.target(&key("p"))), (Some("{}"), Some(&payment)));
    let code = town.show(false);
    let top_up = ask_as(&mut town, "t", 101, Ask::TopUp { code, amount: yen(50), forced: None });
    assert_eq!(town.loaded.top_up(top_up.id), Some(&top_up));
    // The one is no top-up, the other no payment.
    assert_eq!(refused(&ask_as(&mut town, "c1", 102, Ask::CancelTopUp(target("p")))), Refusal::NotCancelable);
    assert_eq!(refused(&ask_as(&mut town, "c2", 103, Ask::Cancel(target("t")))), Refusal::NotCancelable);
    let undone = ask_as(&mut town, "c3", 104, Ask::CancelTopUp(target("t")));
    assert_eq!((undone.parent, undone.amount, undone.target.as_ref()), (Some(top_up.id), yen(50), None));
    let undone = ask_as(&mut town, "c4", 105, Ask::Cancel(target("p")));
    assert_eq!((undone.parent, undone.amount), (Some(payment.id), yen(300)));
    assert_eq!(town.available(), [1_000, 0, 0]);
    assert!(town.loaded.tombstones().is_empty());
}

#[test]
fn what_the_sandbox_forces_is_answered_and_leaves_the_code_as_it_was() {
    let mut town = Town::new();
    town.top_up(10);
    let code = town.show(false);
    let pay = |forced| Ask::Pay { code: code.clone(), amount: yen(1), capture: Capture::Now, forced };
    assert_eq!(refused(&town.ask(pay(Some(Refusal::WalletFrozen)))), Refusal::WalletFrozen);
    done(&town.ask_at(OTHER_TILL, pay(None)));
}

#[test]
fn what_moves_nothing_of_a_wallet_leaves_the_books_alone() {
    let mut town = Town::new();
    town.top_up(8_000);
    let payment = town.pay(4_000);
    done(&town.ask(Ask::Exchange { wallet: WALLET, amount: yen(20) }));
    // One yen back costs no point yet; the two hundredth costs one, which is kept back whole.
    done(&town.refund(&payment, 199));
    let version = town.wallet().version;
    let kept = town.refund(&payment, 1);
    assert_eq!((done(&kept).moves.len(), net(&[&kept], Account::IssuerPointsExpense, Unit::Jpy)), (0, 1));
    assert_eq!(town.wallet().version, version + 1, "it is something all the same");
}
