//! A member's wallet as a decision sees it: what it holds, and how often it changed.

use crate::id::{MemberId, WalletId};
use crate::money::Amount;

/// The state of a wallet between two transactions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wallet {
    /// Which wallet.
    pub id: WalletId,
    /// Whose it is.
    pub member: MemberId,
    /// The balance of the account [`crate::ledger::Account::WalletPaid`].
    pub paid: Amount,
    /// How many transactions have changed it; each of them carries the number it made.
    pub version: i64,
}
