//! Issued payment codes. The hot path gathers and consumes them in `ledger`; here they are made.

use warifu_core::code::{CodeMac, IssuedCode};
use warifu_core::id::{BillId, TerminalId};

use crate::engine::Transaction;
use crate::error::StoreError;
use crate::registry::statements;

statements! {
    CREATE_CODE (Int, Blob, Blob, Int, Int, Int, Text, Blob) -> ()
        "INSERT INTO codes (bucket, mac, wallet_id, issued_at, expires_at, use_points, scenario, bound_to) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    SAVE_SCENARIO (Int, Blob, Text) -> () "UPDATE codes SET scenario = $3 WHERE bucket = $1 AND mac = $2";
    FIND_SCENARIO (Int, Blob) -> (Text) "SELECT scenario FROM codes WHERE bucket = $1 AND mac = $2";
    SAVE_BILL_OF_CODE (Int, Blob, Blob) -> () "UPDATE codes SET bill_id = $3 WHERE bucket = $1 AND mac = $2";
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
        self.keep_code(code, scenario).await?;
        let newest = [code.wallet.bytes().into(), i64::from(code.mac.bucket).into(), code.mac.mac.into()];
        self.execute(&SAVE_NEWEST_CODE, &newest).await?;
        if let Some(memory) = self.memory() {
            memory.keep_code(code);
        }
        Ok(())
    }

    /// Keeps a code that was made for a bill: no newer one ends it, and it ends none.
    ///
    /// # Errors
    /// [`StoreError::Constraint`] if the same code is there already.
    pub async fn create_code_for_bill(&mut self, code: &IssuedCode, bill: BillId) -> Result<(), StoreError> {
        self.keep_code(code, None).await?;
        let row = [i64::from(code.mac.bucket).into(), code.mac.mac.into(), bill.bytes().into()];
        self.execute(&SAVE_BILL_OF_CODE, &row).await.map(drop)
    }

    async fn keep_code(&mut self, code: &IssuedCode, scenario: Option<&str>) -> Result<(), StoreError> {
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
            code.bound_to.map(TerminalId::bytes).into(),
        ];
        self.execute(&CREATE_CODE, &row).await.map(drop)
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

    /// Changes what a sandbox is to do when this code is used.
    ///
    /// # Errors
    /// What the database said.
    pub async fn save_scenario(&mut self, code: CodeMac, scenario: &str) -> Result<(), StoreError> {
        let params = [i64::from(code.bucket).into(), code.mac.into(), scenario.into()];
        self.execute(&SAVE_SCENARIO, &params).await.map(drop)
    }
}
