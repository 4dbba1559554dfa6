//! Members. What they prove themselves by stands in `credential`, `device` and `session`.

use warifu_core::id::{MemberId, WalletId};
use warifu_core::place::Book;
use warifu_core::time::Time;

use crate::engine::Transaction;
use crate::error::StoreError;
use crate::registry::statements;

statements! {
    CREATE_MEMBER (Blob, Int) -> () "INSERT INTO members (id, created_at) VALUES ($1, $2)";
}

impl Transaction {
    /// Keeps a new member with an empty wallet.
    ///
    /// # Errors
    /// What the database said.
    pub async fn create_member(
        &mut self,
        member: MemberId,
        wallet: WalletId,
        book: Book,
        at: Time,
    ) -> Result<(), StoreError> {
        self.execute(&CREATE_MEMBER, &[member.bytes().into(), at.unix_micros().into()]).await?;
        self.create_wallet(wallet, member, book).await
    }
}
