//! The pass over the payment codes: each is used up at most once, while it lives, by the terminal it belongs to.

use warifu_core::ledger::Kind;
use warifu_core::time::Time;

use super::{Complaints, Invariant, PAGE, Run, hex, transaction_name};
use crate::error::StoreError;
use crate::registry::statements;
use crate::value::{Row, Value};

statements! {
    LIST_USES (Int, Int) -> (Int, Blob, Text, Int, Blob, Blob, Blob, Blob, Blob, Int, Blob, Blob, Blob)
        "SELECT j.position, j.id, j.kind, j.at, j.caller, j.wallet_id, j.code_mac, c.mac, c.wallet_id, c.expires_at, \
                c.bound_to, c.consumed_by, other.id \
         FROM journal j LEFT JOIN codes c ON c.bucket = j.code_bucket AND c.mac = j.code_mac \
         LEFT JOIN journal other ON other.id = c.consumed_by AND other.id <> j.id AND other.refusal IS NULL \
              AND other.code_bucket = c.bucket AND other.code_mac = c.mac \
         WHERE j.position > $1 AND j.refusal IS NULL \
           AND (j.code_mac IS NOT NULL OR j.kind IN ('payment', 'authorization', 'top_up')) \
         ORDER BY j.position LIMIT $2";
    LIST_CODES (Int, Blob, Int) -> (Int, Blob, Blob, Int, Int, Blob, Blob, Int, Blob, Text, Int, Blob)
        "SELECT c.bucket, c.mac, c.wallet_id, c.issued_at, c.expires_at, c.bound_to, c.consumed_by, c.use_points, \
                j.id, j.refusal, j.code_bucket, j.code_mac \
         FROM codes c LEFT JOIN journal j ON j.id = c.consumed_by \
         WHERE (c.bucket, c.mac) > ($1, $2) ORDER BY c.bucket, c.mac LIMIT $3";
}

impl Run<'_> {
    pub(super) async fn codes(&mut self) -> Result<(), StoreError> {
        let (mut last, mut rows) = (-1, 0_u64);
        loop {
            let page = self.transaction.rows(&LIST_USES, &[last.into(), PAGE.into()]).await?;
            let Some(end) = page.last() else { break };
            last = end.int(0)?;
            for row in page {
                rows = rows.saturating_add(1);
                let mut complaints = Complaints::default();
                check_use(&row, &mut complaints)?;
                self.report.take(&transaction_name(row.blob(1)?), complaints);
                if let Some(Value::Blob(other)) = row.values.get(12) {
                    let detail = format!("{} and {} used it", transaction_name(row.blob(1)?), transaction_name(other));
                    self.report.violated(Invariant::CodeOnce, format!("code {}", hex(row.blob(6)?)), detail);
                }
            }
            self.tell("codes", rows);
        }
        let mut last = ((-1).into(), Value::Blob(Vec::new()));
        loop {
            let (bucket, mac) = last;
            let page = self.transaction.rows(&LIST_CODES, &[bucket, mac, PAGE.into()]).await?;
            let Some(end) = page.last() else { return Ok(()) };
            last = (end.int(0)?.into(), Value::Blob(end.blob(1)?.to_vec()));
            for row in page {
                rows = rows.saturating_add(1);
                let is_used = row.values.get(6) != Some(&Value::Null);
                self.report.codes = self.report.codes.saturating_add(u64::from(is_used));
                let mut complaints = Complaints::default();
                if let Err(error) = check_code(&row, &mut complaints) {
                    complaints.add(Invariant::Unchanged, error.to_string());
                }
                self.report.take(&format!("code {}", hex(row.blob(1)?)), complaints);
            }
            self.tell("codes", rows);
        }
    }
}

/// Looks at a transaction that used a code, or should have.
fn check_use(row: &Row, complaints: &mut Complaints) -> Result<(), StoreError> {
    let is_null = |column: usize| row.values.get(column) == Some(&Value::Null);
    let is_same = |column: usize, of: usize| row.values.get(column) == row.values.get(of);
    let mut unless = |holds: bool, detail: &str| complaints.unless(holds, Invariant::CodeOnce, || detail.to_owned());
    let kind = Kind::parse(row.text(2)?);
    let wants_code = matches!(kind, Some(Kind::Payment | Kind::Authorization | Kind::TopUp));
    if is_null(6) {
        unless(!wants_code, "it was done without a code");
        return Ok(());
    }
    unless(wants_code, "its kind uses no code");
    if is_null(7) {
        unless(false, "it used a code that was never issued");
        return Ok(());
    }
    unless(is_same(11, 1), "its code is not marked as used by it");
    unless(is_same(8, 5), "its code belongs to another wallet");
    unless(is_null(10) || is_same(10, 4), "its code belongs to another terminal");
    unless(row.int(3)? < row.int(9)?, "it used its code outside the life of the code");
    Ok(())
}

/// Looks at a code: whether it reads as it was written, and whether it was used by what it says.
fn check_code(row: &Row, complaints: &mut Complaints) -> Result<(), StoreError> {
    row.converted(0, |bucket| u8::try_from(bucket).ok().filter(|bucket| *bucket < 10))?;
    row.bytes::<16>(1)?;
    row.bytes::<16>(2)?;
    row.converted(3, Time::from_unix_micros)?;
    row.converted(4, Time::from_unix_micros)?;
    row.optional(5, Row::bytes::<16>)?;
    row.converted(7, |use_points| matches!(use_points, 0 | 1).then_some(()))?;
    let Some(used_by) = row.optional(6, Row::bytes::<16>)? else { return Ok(()) };
    let is_null = |column: usize| row.values.get(column) == Some(&Value::Null);
    let is_same = |column: usize, of: usize| row.values.get(column) == row.values.get(of);
    let is_used = !is_null(8) && is_null(9) && is_same(10, 0) && is_same(11, 1);
    complaints.unless(is_used, Invariant::CodeOnce, || {
        format!("it is marked as used by {}, which did not use it", transaction_name(&used_by))
    });
    Ok(())
}
