//! A top-up by cash at a till: the shop keeps the cash and owes it to the issuer, the wallet grows.

use crate::ledger::{Account, Transfer};
use crate::money::{Amount, Unit};
use crate::refusal::Refusal;
use crate::wallet::Wallet;

/// What a terminal asks to put into a wallet.
#[derive(Clone, Copy, Debug)]
pub struct TopUp {
    /// How much, in yen.
    pub amount: Amount,
}

impl TopUp {
    /// The wallet after the top-up, and the transfer that made it so.
    ///
    /// # Errors
    /// [`Refusal::LimitExceeded`] if the wallet would hold more than can be counted.
    pub fn decide(self, wallet: &Wallet) -> Result<(Wallet, Transfer), Refusal> {
        let paid = wallet.paid.checked_add(self.amount).ok_or(Refusal::LimitExceeded)?;
        let wallet = Wallet { paid, version: wallet.version.saturating_add(1), ..wallet.clone() };
        let transfer = Transfer {
            debit: Account::ShopCash,
            credit: Account::WalletPaid,
            amount: self.amount,
            unit: Unit::Jpy,
            debit_after: None,
            credit_after: Some(paid),
        };
        Ok((wallet, transfer))
    }
}
