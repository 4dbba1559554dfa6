//! Wallets and payments by themselves: what a state allows, which moves fit, what a record makes of them.

use super::town::{Town, WALLET, yen};
use super::*;
use crate::id::{MemberId, TransactionId};
use crate::lot::{Move, Part, Step};
use crate::payment::Payment;
use crate::wallet::{MoveError, Wallet};

fn id(byte: u8) -> TransactionId {
    TransactionId::from_bytes([byte; 16])
}

#[test]
fn a_wallet_says_when_something_in_it_expires_next_and_what_it_is_then() {
    let mut town = Town::new();
    assert_eq!(town.wallet().next_expiry(), None);
    town.grant(100, days(20));
    assert_eq!(town.wallet().next_expiry(), Some(town.at.saturating_add(days(20))));
    town.authorize(40);
    let lapse = town.at.saturating_add(days(7));
    assert_eq!(town.wallet().next_expiry(), Some(lapse));
    let after = town.wallet().after_lapse(lapse);
    assert_eq!((after.holds.len(), after.available(LotAccount::Bonus, lapse)), (0, yen(100)));
    assert_eq!((town.wallet().holds.len(), town.wallet().available(LotAccount::Bonus, lapse)), (1, yen(60)));
}

#[test]
fn states_of_a_wallet_allow_what_they_promise() {
    use WalletState::{Active, Closed, Closing, Frozen};
    let mut wallet = Wallet::new(WALLET, MemberId::from_bytes([9; 16]), Book::Real);
    let (closed, frozen) = (Err(Refusal::WalletClosed), Err(Refusal::WalletFrozen));
    for (state, spending, filling, mending) in [
        (Active, Ok(()), Ok(()), Ok(())),
        (Frozen, frozen, frozen, Ok(())),
        (Closing, Ok(()), closed, Ok(())),
        (Closed, closed, closed, closed),
    ] {
        wallet.state = state;
        assert_eq!(
            (wallet.check_spending(), wallet.check_filling(), wallet.check_mending()),
            (spending, filling, mending)
        );
        assert_eq!(WalletState::parse(state.text()), Some(state));
    }
    assert_eq!(WalletState::parse("open"), None);
    assert_eq!(WalletState::ALL.map(WalletState::text), ["active", "frozen", "closing", "closed"]);
}

#[test]
fn a_move_that_does_not_fit_its_wallet_is_named() {
    let part = |lot, account, amount| Part { lot, account, origin: id(1), expires_at: None, amount: yen(amount) };
    let step = |step, part, payment| Move { step, part, payment };
    let mut wallet = Wallet::new(WALLET, MemberId::from_bytes([9; 16]), Book::Real);
    let at = Some(crate::time::Time::MAX);
    wallet.apply(&step(Step::In, part(1, LotAccount::Paid, 10), None), None).unwrap();
    wallet.apply(&step(Step::Hold, part(1, LotAccount::Paid, 4), Some(id(5))), at).unwrap();
    // A second part of the same hold needs no expiry of its own.
    wallet.apply(&step(Step::Hold, part(1, LotAccount::Paid, 1), Some(id(5))), None).unwrap();
    let most = Amount::MAX.get();
    for (verb, lot, account, amount, payment, error) in [
        (Step::Out, 1, LotAccount::Paid, 6, None, MoveError::TooMuch(1)),
        (Step::Expire, 2, LotAccount::Paid, 1, None, MoveError::TooMuch(2)),
        (Step::Out, 1, LotAccount::Bonus, 1, None, MoveError::Account(1)),
        (Step::In, 1, LotAccount::Points, 1, None, MoveError::Account(1)),
        (Step::In, 1, LotAccount::Paid, most, None, MoveError::Overflow(1)),
        (Step::In, 1, LotAccount::Paid, 1, Some(5), MoveError::Payment),
        (Step::Out, 1, LotAccount::Paid, 1, Some(5), MoveError::Payment),
        (Step::Hold, 1, LotAccount::Paid, 1, None, MoveError::Payment),
        (Step::Hold, 1, LotAccount::Paid, 1, Some(6), MoveError::Payment),
        (Step::Capture, 1, LotAccount::Paid, 5, Some(5), MoveError::TooMuch(1)),
        (Step::Capture, 1, LotAccount::Paid, 1, Some(6), MoveError::TooMuch(1)),
        (Step::Capture, 1, LotAccount::Bonus, 1, Some(5), MoveError::Account(1)),
        (Step::Release, 1, LotAccount::Paid, 1, None, MoveError::Payment),
        (Step::Release, 2, LotAccount::Paid, 1, Some(5), MoveError::TooMuch(2)),
    ] {
        let wrong = step(verb, part(lot, account, amount), payment.map(id));
        assert_eq!(wallet.clone().apply(&wrong, None), Err(error), "{wrong:?}");
    }
    wallet.apply(&step(Step::Capture, part(1, LotAccount::Paid, 4), Some(id(5))), None).unwrap();
    assert_eq!((wallet.hold(id(5)).map(|hold| hold.parts.len()), wallet.hold(id(6))), (Some(1), None));
    wallet.apply(&step(Step::Release, part(1, LotAccount::Paid, 1), Some(id(5))), None).unwrap();
    assert_eq!((wallet.holds.len(), wallet.posted(LotAccount::Paid), wallet.lots_opened), (0, yen(6), 1));
}

#[test]
fn a_payment_begins_with_its_record_and_nothing_else_does() {
    let mut town = Town::new();
    let top_up = town.top_up(1_000);
    assert_eq!(Payment::begun_by(&top_up), None);
    assert_eq!(Payment::begun_by(&town.pay(1_001)), None);
    let now = Payment::begun_by(&town.pay(200)).unwrap();
    assert_eq!(
        (now.is_closed, now.captured_parts.len(), now.points_lot, now.hold_expires_at),
        (true, 1, Some(2), None)
    );
    let later = Payment::begun_by(&town.authorize(200)).unwrap();
    assert_eq!((later.is_closed, later.captured_parts.len(), later.points_lot), (false, 0, None));
    assert_eq!(later.hold_expires_at, Some(town.at.saturating_add(days(7))));
    // What was refused changes nothing.
    let mut payment = now.clone();
    payment.follow(&town.pay(5_000));
    assert_eq!(payment, now);
}
