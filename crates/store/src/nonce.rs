//! Nonces of signed requests: each is good once for the terminal or device that signed.

use warifu_core::request::CallerId;
use warifu_core::time::Time;

use crate::engine::Transaction;
use crate::error::StoreError;
use crate::registry::statements;

statements! {
    CREATE_NONCE (Blob, Text, Int) -> ()
        "INSERT INTO nonces (terminal_id, nonce, expires_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    DELETE_NONCES (Int, Int) -> ()
        "DELETE FROM nonces WHERE (terminal_id, nonce) IN \
             (SELECT terminal_id, nonce FROM nonces WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";
}

impl Transaction {
    /// Takes a nonce. `false` means that it was taken before.
    ///
    /// # Errors
    /// What the database said.
    pub async fn create_nonce(&mut self, caller: CallerId, nonce: &str, expires_at: Time) -> Result<bool, StoreError> {
        let row = [caller.bytes().into(), nonce.into(), expires_at.unix_micros().into()];
        Ok(self.execute(&CREATE_NONCE, &row).await? == 1)
    }

    /// Forgets at most `limit` nonces that no request could use any more, and says how many.
    ///
    /// # Errors
    /// What the database said.
    pub async fn delete_nonces(&mut self, expired_before: Time, limit: i64) -> Result<u64, StoreError> {
        self.execute(&DELETE_NONCES, &[expired_before.unix_micros().into(), limit.into()]).await
    }
}
