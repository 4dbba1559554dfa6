//! The pass over the payment codes: each is used up at most once, while it lives, by the terminal it belongs to.

use super::request::{hex, transaction_name};
use super::{Invariant, Progress, Run};
use crate::error::StoreError;
use crate::registry::statements;

statements! {
    LIST_CODES_USED_TWICE (Int) -> (Blob, Int)
        "SELECT code_mac, count(*) FROM journal WHERE refusal IS NULL AND code_mac IS NOT NULL \
         GROUP BY code_bucket, code_mac HAVING count(*) > 1 LIMIT $1";
    LIST_BROKEN_USES (Int) -> (Blob, Text)
        "SELECT j.id, CASE WHEN c.mac IS NULL THEN 'it used a code that was never issued' \
                WHEN c.consumed_by IS NULL OR c.consumed_by <> j.id THEN 'its code is not marked as used by it' \
                WHEN c.wallet_id <> j.wallet_id THEN 'its code belongs to another wallet' \
                WHEN c.bound_to IS NOT NULL AND c.bound_to <> j.caller THEN 'its code belongs to another terminal' \
                ELSE 'it used its code outside the life of the code' END \
         FROM journal j LEFT JOIN codes c ON c.bucket = j.code_bucket AND c.mac = j.code_mac \
         WHERE j.refusal IS NULL AND j.code_mac IS NOT NULL AND (c.mac IS NULL \
            OR c.consumed_by IS NULL OR c.consumed_by <> j.id OR c.wallet_id <> j.wallet_id \
            OR (c.bound_to IS NOT NULL AND c.bound_to <> j.caller) OR j.at >= c.expires_at) LIMIT $1";
    LIST_UNFOUNDED_USES (Int) -> (Blob, Blob)
        "SELECT c.mac, c.consumed_by FROM codes c LEFT JOIN journal j ON j.id = c.consumed_by \
         WHERE c.consumed_by IS NOT NULL AND (j.id IS NULL OR j.refusal IS NOT NULL \
            OR j.code_mac IS NULL OR j.code_mac <> c.mac) LIMIT $1";
    COUNT_USES () -> (Int) "SELECT count(*) FROM codes WHERE consumed_by IS NOT NULL";
}

/// How many broken ones are listed.
const LISTED: i64 = 1_000;

impl Run<'_> {
    pub(super) async fn codes(&mut self) -> Result<(), StoreError> {
        (self.progress)(Progress { pass: "codes", rows: 0 });
        for row in self.transaction.rows(&LIST_CODES_USED_TWICE, &[LISTED.into()]).await? {
            let object = format!("code {}", hex(row.blob(0)?));
            self.report.violated(Invariant::CodeOnce, object, format!("{} transactions used it", row.int(1)?));
        }
        for row in self.transaction.rows(&LIST_BROKEN_USES, &[LISTED.into()]).await? {
            let object = format!("transaction {}", transaction_name(&row, 0)?);
            let detail = row.text(1)?.to_owned();
            self.report.violated(Invariant::CodeOnce, object, detail);
        }
        for row in self.transaction.rows(&LIST_UNFOUNDED_USES, &[LISTED.into()]).await? {
            let object = format!("code {}", hex(row.blob(0)?));
            let detail = format!("it is marked as used by {}, which did not use it", transaction_name(&row, 1)?);
            self.report.violated(Invariant::CodeOnce, object, detail);
        }
        let counted = self.transaction.row(&COUNT_USES, &[]).await?;
        self.report.codes = counted.and_then(|row| row.int(0).ok()).and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
        Ok(())
    }
}
