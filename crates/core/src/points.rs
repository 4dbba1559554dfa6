//! Points: how many a capture earns, when they expire, how they are taken back.

use crate::id::TransactionId;
use crate::ledger::Account;
use crate::lot::{LotAccount, Part};
use crate::money::Amount;
use crate::payment::{Earning, Payment};
use crate::posting::Posting;
use crate::refusal::Refusal;

/// Points for so many yen: floor(yen / yen a point), none if that is 0.
pub(crate) fn earned(yen: Amount, yen_per_point: i64) -> Amount {
    yen.get().checked_div(yen_per_point).and_then(Amount::new).unwrap_or(Amount::ZERO)
}

/// Puts earned points into the wallet: into a lot that expires at the same time, or into a new one.
pub(crate) fn give(
    posting: &mut Posting,
    origin: TransactionId,
    amount: Amount,
    earning: Earning<'_>,
) -> Result<(), Refusal> {
    if amount.is_zero() {
        return Ok(());
    }
    let expires_at =
        earning.policy.points_months.and_then(|months| posting.at.end_of_month_after(months, earning.zone));
    let same = |lot: &&Part| lot.account == LotAccount::Points && lot.expires_at == expires_at;
    match posting.wallet.lots.iter().find(same).map(|lot| lot.of(amount)) {
        Some(part) => posting.add(Account::IssuerPointsExpense, part),
        None => posting.open(Account::IssuerPointsExpense, LotAccount::Points, origin, amount, expires_at),
    }
}

/// Points that have to be taken back in all once `refunded` of a payment is refunded: floor(earned * refunded / captured),
/// and never less than before.
pub(crate) fn to_take_in_all(payment: &Payment, refunded: Amount) -> Amount {
    let totals = payment.totals;
    let product = i128::from(totals.points_earned.get()).checked_mul(i128::from(refunded.get()));
    let share = product.and_then(|product| product.checked_div(i128::from(totals.captured.get())));
    let share = share.and_then(|share| i64::try_from(share).ok()).and_then(Amount::new).unwrap_or(Amount::ZERO);
    share.max(totals.points_taken)
}

/// Of `wanted` points, those that the wallet can give: from the lot that the payment's points went to last, then in the
/// spending order. `returning` points come back with the same refund and can be taken too.
pub(crate) fn takable(posting: &Posting, payment: &Payment, wanted: Amount) -> Vec<Part> {
    let mut lots: Vec<&Part> = posting.wallet.lots.iter().filter(|lot| lot.account == LotAccount::Points).collect();
    lots.sort_unstable_by_key(|lot| (Some(lot.lot) != payment.points_lot, lot.spending_order()));
    crate::posting::take_in_order(lots.into_iter(), wanted).0
}
