//! What a member's wallet holds now.

use warifu_core::id::MemberId;
use warifu_core::lot::LotAccount;
use warifu_core::time::Time;
use warifu_core::wallet::Wallet;

use crate::fault::Fault;
use crate::open::App;

/// What a wallet holds at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balance {
    /// The wallet, with all that has expired booked.
    pub wallet: Wallet,
    /// As of when.
    pub at: Time,
}

impl Balance {
    /// What of an account can be spent, in minor units.
    #[must_use]
    pub fn available(&self, account: LotAccount) -> i64 {
        self.wallet.available(account, self.at).get()
    }

    /// What of an account is held for payments that can still be captured.
    #[must_use]
    pub fn held(&self, account: LotAccount) -> i64 {
        self.wallet.held_of(account).get()
    }
}

impl App {
    /// What a member's wallet holds now.
    ///
    /// # Errors
    /// What the store said.
    pub async fn balance(&self, member: MemberId) -> Result<Balance, Fault> {
        let wallet = self.wallet_of(member).await?;
        let at = self.clock.now().max(wallet.at);
        Ok(Balance { wallet: wallet.after_lapse(at), at })
    }

    /// The wallet of a member.
    pub(crate) async fn wallet_of(&self, member: MemberId) -> Result<Wallet, Fault> {
        let found = self
            .database
            .read(move |transaction| Box::pin(async move { transaction.find_wallet_of_member(member).await }))
            .await?;
        found.ok_or(Fault::NotFound("wallet"))
    }
}
