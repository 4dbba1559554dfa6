//! Members and their tokens.

use warifu_core::id::{MemberId, WalletId};
use warifu_core::place::Book;
use warifu_core::time::Time;

use crate::engine::Transaction;
use crate::error::StoreError;
use crate::registry::statements;

statements! {
    CREATE_MEMBER (Blob, Int) -> () "INSERT INTO members (id, created_at) VALUES ($1, $2)";
    CREATE_MEMBER_TOKEN (Blob, Blob, Int) -> ()
        "INSERT INTO member_tokens (token_mac, member_id, created_at) VALUES ($1, $2, $3)";
    FIND_MEMBER_BY_TOKEN (Blob) -> (Blob) "SELECT member_id FROM member_tokens WHERE token_mac = $1";
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

    /// Keeps the hash of a bearer token of a member.
    ///
    /// # Errors
    /// [`StoreError::Constraint`] if the member is not there.
    pub async fn create_member_token(&mut self, mac: [u8; 32], member: MemberId, at: Time) -> Result<(), StoreError> {
        let row = [mac.into(), member.bytes().into(), at.unix_micros().into()];
        self.execute(&CREATE_MEMBER_TOKEN, &row).await.map(drop)
    }

    /// The member whose bearer token hashes to `mac`.
    ///
    /// # Errors
    /// What the database said.
    pub async fn find_member_by_token(&mut self, mac: [u8; 32]) -> Result<Option<MemberId>, StoreError> {
        let found = self.row(&FIND_MEMBER_BY_TOKEN, &[mac.into()]).await?;
        found.map(|row| row.bytes(0).map(MemberId::from_bytes)).transpose()
    }
}
