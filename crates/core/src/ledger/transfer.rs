//! Transfers: the only thing that moves value.

use super::chart::{Account, Owner};
use crate::money::{Amount, Unit};

/// One immutable movement of value from an account (credited) to another (debited).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// The account on the debit side.
    pub debit: Account,
    /// The account on the credit side.
    pub credit: Account,
    /// How much; never zero.
    pub amount: Amount,
    /// Of what.
    pub unit: Unit,
    /// The balance of the debit account after this transfer, for accounts of a wallet.
    pub debit_after: Option<Amount>,
    /// The balance of the credit account after this transfer, for accounts of a wallet.
    pub credit_after: Option<Amount>,
}

/// What is wrong with a transfer by itself, whatever stands around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransferError {
    /// It moves nothing.
    #[error("a transfer of nothing")]
    Zero,
    /// Both sides are the same account.
    #[error("debit and credit are the same account")]
    SameAccount,
    /// An account is not counted in the transfer's unit.
    #[error("the unit does not belong to the account")]
    Unit,
    /// A wallet entry lacks its balance, or another entry has one.
    #[error("a balance-after stands on wallet entries and on nothing else")]
    BalanceAfter,
}

impl Transfer {
    /// Checks the transfer by itself.
    ///
    /// # Errors
    /// The first rule it breaks.
    pub fn check(&self) -> Result<(), TransferError> {
        if self.amount.is_zero() {
            return Err(TransferError::Zero);
        }
        if self.debit == self.credit {
            return Err(TransferError::SameAccount);
        }
        for (account, after) in [(self.debit, self.debit_after), (self.credit, self.credit_after)] {
            if account.unit().is_some_and(|unit| unit != self.unit) {
                return Err(TransferError::Unit);
            }
            let balance_is_kept = account.owner() == Owner::Wallet && account != Account::IssuerReceivable;
            if balance_is_kept != after.is_some() {
                return Err(TransferError::BalanceAfter);
            }
        }
        Ok(())
    }
}
