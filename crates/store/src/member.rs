//! Members, their tokens and their wallets.

use warifu_core::id::{MemberId, WalletId};
use warifu_core::money::Amount;
use warifu_core::time::Time;
use warifu_core::wallet::Wallet;

use crate::engine::Transaction;
use crate::error::StoreError;
use crate::registry::statements;
use crate::value::Row;

statements! {
    CREATE_MEMBER (Blob, Int) -> () "INSERT INTO members (id, created_at) VALUES ($1, $2)";
    CREATE_MEMBER_TOKEN (Blob, Blob, Int) -> ()
        "INSERT INTO member_tokens (token_mac, member_id, created_at) VALUES ($1, $2, $3)";
    FIND_MEMBER_BY_TOKEN (Blob) -> (Blob) "SELECT member_id FROM member_tokens WHERE token_mac = $1";
    CREATE_WALLET (Blob, Blob, Int, Int) -> ()
        "INSERT INTO wallets (id, member_id, paid, version) VALUES ($1, $2, $3, $4)";
    FIND_WALLET_OF_MEMBER (Blob) -> (Blob, Blob, Int, Int)
        "SELECT id, member_id, paid, version FROM wallets WHERE member_id = $1";
}

impl Transaction {
    /// Keeps a new member with an empty wallet.
    ///
    /// # Errors
    /// What the database said.
    pub async fn create_member(&mut self, member: MemberId, wallet: WalletId, at: Time) -> Result<(), StoreError> {
        self.execute(&CREATE_MEMBER, &[member.bytes().into(), at.unix_micros().into()]).await?;
        let row = [wallet.bytes().into(), member.bytes().into(), 0.into(), 0.into()];
        self.execute(&CREATE_WALLET, &row).await.map(drop)
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

    /// The wallet of a member.
    ///
    /// # Errors
    /// What the database said.
    pub async fn find_wallet_of_member(&mut self, member: MemberId) -> Result<Option<Wallet>, StoreError> {
        self.row(&FIND_WALLET_OF_MEMBER, &[member.bytes().into()]).await?.map(|row| read_wallet(&row)).transpose()
    }
}

/// Reads `id, member_id, paid, version`.
pub(crate) fn read_wallet(row: &Row) -> Result<Wallet, StoreError> {
    Ok(Wallet {
        id: WalletId::from_bytes(row.bytes(0)?),
        member: MemberId::from_bytes(row.bytes(1)?),
        paid: row.converted(2, Amount::new)?,
        version: row.int(3)?,
    })
}
