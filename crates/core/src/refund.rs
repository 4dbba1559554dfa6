//! Refunds and cancels: what a payment took goes back into the very lots that paid, points that it earned are taken back.

use crate::ledger::Account;
use crate::lot::LotAccount;
use crate::money::Amount;
use crate::payment::{Payment, Totals, take_last};
use crate::points;
use crate::posting::Posting;
use crate::refusal::Refusal;

/// Refunds an amount of what is captured and not refunded yet.
pub(crate) fn refund(posting: &mut Posting, payment: &Payment, amount: Amount) -> Result<Totals, Refusal> {
    let before = payment.totals;
    let refunded = before.refunded.checked_add(amount).ok_or(Refusal::RefundExceedsCaptured)?;
    if refunded > before.captured {
        return Err(Refusal::RefundExceedsCaptured);
    }
    let parts = take_last(&mut payment.refundable_parts.clone(), amount);
    let points_taken = points::to_take_in_all(payment, refunded);
    let wanted = points_taken.checked_sub(before.points_taken).unwrap_or(Amount::ZERO);

    // Points that come back with this refund can be taken as well, so they go back first.
    let (returned_points, returned_yen): (Vec<_>, Vec<_>) =
        parts.into_iter().partition(|part| part.account == LotAccount::Points);
    for part in returned_points {
        posting.pay_back(&part, Amount::ZERO)?;
    }
    let taken = points::takable(posting, payment, wanted);
    let mut shortfall = wanted.checked_sub(crate::wallet::total(taken.iter())).unwrap_or(Amount::ZERO);
    for part in returned_yen {
        let kept_back = shortfall.min(part.amount);
        shortfall = shortfall.checked_sub(kept_back).unwrap_or(Amount::ZERO);
        posting.pay_back(&part, kept_back)?;
    }
    for part in taken {
        posting.take(Account::IssuerPointsExpense, part)?;
    }
    Ok(Totals { refunded, points_taken, ..before })
}
