//! The pass over the request keys: each claim has its transaction and each transaction its claim.

use super::{Invariant, Progress, Run};
use crate::error::StoreError;
use crate::registry::statements;
use crate::value::{Row, Value};

statements! {
    LIST_BROKEN_REQUESTS (Int) -> (Text, Blob, Blob)
        "SELECT r.request_id, r.transaction_id, j.id FROM requests r LEFT JOIN journal j ON j.id = r.transaction_id \
         WHERE j.id IS NULL OR j.caller <> r.caller OR j.request_id <> r.request_id LIMIT $1";
    LIST_UNCLAIMED (Int) -> (Int, Blob)
        "SELECT j.position, j.id FROM journal j \
         LEFT JOIN requests r ON r.caller = j.caller AND r.request_id = j.request_id AND r.transaction_id = j.id \
         WHERE r.caller IS NULL LIMIT $1";
    COUNT_REQUESTS () -> (Int) "SELECT count(*) FROM requests";
}

/// How many broken ones are listed.
const LISTED: i64 = 1_000;

impl Run<'_> {
    pub(super) async fn requests(&mut self) -> Result<(), StoreError> {
        (self.progress)(Progress { pass: "request keys", rows: 0 });
        for row in self.transaction.rows(&LIST_BROKEN_REQUESTS, &[LISTED.into()]).await? {
            let object = format!("request {:?} of transaction {}", row.text(0)?, hex(row.blob(1)?));
            let detail = match row.values.get(2) {
                Some(Value::Null) => "its transaction is not in the journal",
                _ => "its transaction has another caller or another request_id",
            };
            self.report.violated(Invariant::OneEffect, object, detail);
        }
        for row in self.transaction.rows(&LIST_UNCLAIMED, &[LISTED.into()]).await? {
            let object = format!("transaction {}", transaction_name(&row, 1)?);
            self.report.violated(Invariant::OneEffect, object, "no request key claims it");
        }
        let counted = self.transaction.row(&COUNT_REQUESTS, &[]).await?;
        self.report.requests = counted.and_then(|row| row.int(0).ok()).and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
        Ok(())
    }
}

/// The id in a column, as people write it, or its bytes if it is none.
pub(super) fn transaction_name(row: &Row, column: usize) -> Result<String, StoreError> {
    Ok(row.bytes(column).map_or_else(
        |_| row.blob(column).map_or_else(|_| "?".to_owned(), hex),
        |bytes| warifu_core::id::TransactionId::from_bytes(bytes).to_string(),
    ))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut out, byte| {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}
