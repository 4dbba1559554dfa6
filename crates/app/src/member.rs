//! Adding members from the command line.

use secrecy::SecretString;
use warifu_core::id::{MemberId, WalletId};
use warifu_core::place::Book;

use crate::fault::Fault;
use crate::open::App;
use crate::random;

/// A member who was just added, with a bearer token, which is shown this once.
#[derive(Debug)]
pub struct NewMember {
    /// The member.
    pub id: MemberId,
    /// The member's wallet, empty.
    pub wallet: WalletId,
    /// The bearer token.
    pub token: SecretString,
}

impl App {
    /// Adds a member with an empty wallet.
    ///
    /// # Errors
    /// What the store said.
    pub async fn add_member(&self) -> Result<NewMember, Fault> {
        let now = self.clock.now();
        let id = MemberId::generate(now, random::bytes()?);
        let wallet = WalletId::generate(now, random::bytes()?);
        let (token, mac) = self.new_token("wfm_")?;
        self.database
            .write(move |transaction| {
                Box::pin(async move {
                    transaction.create_member(id, wallet, Book::Real, now).await?;
                    transaction.create_member_token(mac, id, now).await
                })
            })
            .await?;
        Ok(NewMember { id, wallet, token })
    }
}
