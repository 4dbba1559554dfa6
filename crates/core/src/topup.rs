//! Value that is put into a wallet: cash at a till or ATM, bonus yen from the issuer, points made into yen.

use crate::id::TransactionId;
use crate::ledger::Account;
use crate::limit::{Policy, days, within};
use crate::lot::{LotAccount, Part};
use crate::money::Amount;
use crate::place::{Channel, Place};
use crate::posting::Posting;
use crate::refusal::Refusal;
use crate::time::Time;

/// The account that the cash of a channel is in.
pub(crate) const fn cash(channel: Channel) -> Account {
    match channel {
        Channel::Till => Account::ShopCash,
        Channel::Atm => Account::AtmCash,
    }
}

/// Puts cash in.
pub(crate) fn by_cash(
    posting: &mut Posting,
    id: TransactionId,
    place: &mut Place,
    amount: Amount,
    policy: &Policy,
) -> Result<(), Refusal> {
    let most = match place.channel {
        Channel::Till => policy.till_top_up_max,
        Channel::Atm => policy.atm_top_up_max,
    };
    within(most, amount)?;
    check_wallet(posting, amount, policy)?;
    if let Some(usage) = &mut place.usage {
        usage.top_ups.check(posting.at, amount, policy.terminal_top_up_day, None)?;
        usage.top_ups.count(posting.at, amount);
    }
    let expires_at = policy.paid_days.map(|count| posting.at.saturating_add(days(count)));
    posting.open_at_most(cash(place.channel), LotAccount::Paid, id, amount, expires_at)
}

/// Makes points into bonus yen.
pub(crate) fn from_points(
    posting: &mut Posting,
    id: TransactionId,
    amount: Amount,
    policy: &Policy,
) -> Result<(), Refusal> {
    let parts = posting.choose(&[LotAccount::Points], amount)?;
    within(policy.exchange_max, amount)?;
    check_wallet(posting, amount, policy)?;
    for part in parts {
        posting.take(Account::IssuerPointsExpense, part)?;
    }
    let expires_at = bonus_expiry(posting.at, policy);
    posting.open_at_most(Account::IssuerPointsExpense, LotAccount::Bonus, id, amount, expires_at)
}

/// Gives bonus yen.
pub(crate) fn grant(
    posting: &mut Posting,
    id: TransactionId,
    amount: Amount,
    expires_at: Option<Time>,
    policy: &Policy,
) -> Result<(), Refusal> {
    check_balance(posting, amount, policy)?;
    let expires_at = expires_at.or_else(|| bonus_expiry(posting.at, policy));
    posting.open_at_most(Account::IssuerBonusExpense, LotAccount::Bonus, id, amount, expires_at)
}

/// Takes a top-up by cash away again, whose lot must hold what it was opened with.
pub(crate) fn undo(posting: &mut Posting, opened: &Part, cash: Account) -> Result<(), Refusal> {
    let lot = posting.wallet.lots.iter().find(|lot| (lot.lot, lot.amount) == (opened.lot, opened.amount)).cloned();
    lot.map_or(Err(Refusal::TopUpSpent), |lot| posting.take(cash, lot))
}

/// When bonus yen that are given at `at` expire.
pub(crate) fn bonus_expiry(at: Time, policy: &Policy) -> Option<Time> {
    policy.bonus_days.map(|count| at.saturating_add(days(count)))
}

/// The limits of the wallet; counts the top-up if it is within them.
fn check_wallet(posting: &mut Posting, amount: Amount, policy: &Policy) -> Result<(), Refusal> {
    check_balance(posting, amount, policy)?;
    let topped_up = &mut posting.wallet.topped_up;
    topped_up.check(posting.at, amount, policy.wallet_top_up_day, policy.wallet_top_up_month)?;
    topped_up.count(posting.at, amount);
    Ok(())
}

fn check_balance(posting: &Posting, amount: Amount, policy: &Policy) -> Result<(), Refusal> {
    within(policy.balance_max, posting.live_yen().checked_add(amount).ok_or(Refusal::LimitExceeded)?)
}
