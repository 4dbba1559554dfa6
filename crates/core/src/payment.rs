//! A payment captured at once: the wallet's money becomes the shop's.

use crate::ledger::{Account, Transfer};
use crate::money::{Amount, Unit};
use crate::refusal::Refusal;
use crate::wallet::Wallet;

/// What a terminal asks a wallet for.
#[derive(Clone, Copy, Debug)]
pub struct Payment {
    /// How much, in yen.
    pub amount: Amount,
}

impl Payment {
    /// The wallet after the payment, and the transfer that made it so.
    ///
    /// # Errors
    /// [`Refusal::InsufficientBalance`] if the wallet holds less than the amount.
    pub fn decide(self, wallet: &Wallet) -> Result<(Wallet, Transfer), Refusal> {
        let paid = wallet.paid.checked_sub(self.amount).ok_or(Refusal::InsufficientBalance)?;
        let wallet = Wallet { paid, version: wallet.version.saturating_add(1), ..wallet.clone() };
        let transfer = Transfer {
            debit: Account::WalletPaid,
            credit: Account::ShopPayable,
            amount: self.amount,
            unit: Unit::Jpy,
            debit_after: Some(paid),
            credit_after: None,
        };
        Ok((wallet, transfer))
    }
}
