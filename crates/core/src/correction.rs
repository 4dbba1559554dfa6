//! What the issuer mends by hand: corrections in both directions, and compensations for a loss.

use crate::id::TransactionId;
use crate::ledger::Account;
use crate::limit::Policy;
use crate::lot::LotAccount;
use crate::money::Amount;
use crate::posting::Posting;
use crate::refusal::Refusal;
use crate::topup::bonus_expiry;

/// Whether a correction adds or takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The wallet gets more.
    Add,
    /// The wallet gets less.
    Take,
}

/// Mends an account of a wallet; the other side waits in `suspense` to be attributed.
pub(crate) fn correct(
    posting: &mut Posting,
    id: TransactionId,
    account: LotAccount,
    direction: Direction,
    amount: Amount,
    policy: &Policy,
) -> Result<(), Refusal> {
    match direction {
        Direction::Add => {
            let expires_at = match account {
                LotAccount::Paid => None,
                LotAccount::Bonus | LotAccount::Points => bonus_expiry(posting.at, policy),
            };
            posting.open(Account::IssuerSuspense, account, id, amount, expires_at)
        }
        Direction::Take => {
            let parts = posting.choose(&[account], amount)?;
            parts.into_iter().try_for_each(|part| posting.take(Account::IssuerSuspense, part))
        }
    }
}

/// Makes a loss good.
pub(crate) fn compensate(posting: &mut Posting, id: TransactionId, amount: Amount) -> Result<(), Refusal> {
    posting.open(Account::IssuerCompensation, LotAccount::Paid, id, amount, None)
}
