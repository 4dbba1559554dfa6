//! What a member's wallet holds now.

use warifu_core::id::{MemberId, WalletId};
use warifu_core::money::Amount;

use crate::fault::Fault;
use crate::open::App;

/// What a wallet holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    /// Whose balance.
    pub wallet: WalletId,
    /// The yen that the member paid for.
    pub paid: Amount,
    /// The version of the wallet that holds this much.
    pub version: i64,
}

impl App {
    /// What a member's wallet holds now.
    ///
    /// # Errors
    /// What the store said.
    pub async fn balance(&self, member: MemberId) -> Result<Balance, Fault> {
        let wallet = self
            .database
            .read(move |transaction| Box::pin(async move { transaction.find_wallet_of_member(member).await }))
            .await?
            .ok_or(Fault::NotFound("wallet"))?;
        Ok(Balance { wallet: wallet.id, paid: wallet.paid, version: wallet.version })
    }
}
