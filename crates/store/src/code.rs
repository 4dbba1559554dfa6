//! Issued payment codes. The hot path gathers and consumes them in `ledger`; here they are made.

use warifu_core::code::{CodeMac, IssuedCode};

use crate::engine::Transaction;
use crate::error::StoreError;
use crate::registry::statements;

statements! {
    CREATE_CODE (Int, Blob, Blob, Int, Int) -> ()
        "INSERT INTO codes (bucket, mac, wallet_id, issued_at, expires_at) VALUES ($1, $2, $3, $4, $5)";
    SAVE_NEWEST_CODE (Blob, Int, Blob) -> ()
        "INSERT INTO newest_codes (wallet_id, bucket, mac) VALUES ($1, $2, $3) \
         ON CONFLICT (wallet_id) DO UPDATE SET bucket = excluded.bucket, mac = excluded.mac";
}

impl Transaction {
    /// Keeps a new code and makes it the wallet's newest, which ends the one before.
    ///
    /// # Errors
    /// [`StoreError::Constraint`] if the same code is there already.
    pub async fn create_code(&mut self, code: &IssuedCode) -> Result<(), StoreError> {
        let CodeMac { bucket, mac } = code.mac;
        let bucket = i64::from(bucket);
        let row = [
            bucket.into(),
            mac.into(),
            code.wallet.bytes().into(),
            code.issued_at.unix_micros().into(),
            code.expires_at.unix_micros().into(),
        ];
        self.execute(&CREATE_CODE, &row).await?;
        self.execute(&SAVE_NEWEST_CODE, &[code.wallet.bytes().into(), bucket.into(), mac.into()]).await.map(drop)
    }
}
