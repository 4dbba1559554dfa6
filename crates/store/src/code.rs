//! Issued payment codes. The hot path gathers and consumes them in `ledger`; here they are made.

use warifu_core::code::{CodeMac, IssuedCode};

use crate::engine::Transaction;
use crate::error::StoreError;
use crate::registry::statements;

statements! {
    CREATE_CODE (Int, Blob, Blob, Int, Int, Int, Text) -> ()
        "INSERT INTO codes (bucket, mac, wallet_id, issued_at, expires_at, use_points, scenario) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)";
    FORGET_SCENARIO (Int, Blob) -> () "UPDATE codes SET scenario = NULL WHERE bucket = $1 AND mac = $2";
    FIND_SCENARIO (Int, Blob) -> (Text) "SELECT scenario FROM codes WHERE bucket = $1 AND mac = $2";
    SAVE_NEWEST_CODE (Blob, Int, Blob) -> ()
        "INSERT INTO newest_codes (wallet_id, bucket, mac) VALUES ($1, $2, $3) \
         ON CONFLICT (wallet_id) DO UPDATE SET bucket = excluded.bucket, mac = excluded.mac";
}

impl Transaction {
    /// Keeps a new code and makes it the wallet's newest, which ends the one before. A code of the sandbox may have a
    /// scenario.
    ///
    /// # Errors
    /// [`StoreError::Constraint`] if the same code is there already.
    pub async fn create_code(&mut self, code: &IssuedCode, scenario: Option<&str>) -> Result<(), StoreError> {
        let CodeMac { bucket, mac } = code.mac;
        let bucket = i64::from(bucket);
        let row = [
            bucket.into(),
            mac.into(),
            code.wallet.bytes().into(),
            code.issued_at.unix_micros().into(),
            code.expires_at.unix_micros().into(),
            i64::from(code.use_points).into(),
            scenario.into(),
        ];
        self.execute(&CREATE_CODE, &row).await?;
        self.execute(&SAVE_NEWEST_CODE, &[code.wallet.bytes().into(), bucket.into(), mac.into()]).await.map(drop)
    }

    /// What a sandbox is to do when this code is used; `None` for codes without a scenario.
    ///
    /// # Errors
    /// What the database said.
    pub async fn find_scenario(&mut self, code: CodeMac) -> Result<Option<String>, StoreError> {
        let found = self.row(&FIND_SCENARIO, &[i64::from(code.bucket).into(), code.mac.into()]).await?;
        let scenario = found.map(|row| row.optional(0, |row, column| row.text(column).map(str::to_owned)));
        scenario.transpose().map(Option::flatten)
    }

    /// Forgets what a sandbox was to do when this code is used.
    ///
    /// # Errors
    /// What the database said.
    pub async fn forget_scenario(&mut self, code: CodeMac) -> Result<(), StoreError> {
        self.execute(&FORGET_SCENARIO, &[i64::from(code.bucket).into(), code.mac.into()]).await.map(drop)
    }
}
