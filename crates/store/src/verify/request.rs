//! The pass over the request keys: each claim has its transaction, and each transaction its claims. A cancel that came
//! before what it cancels holds that key besides its own.

use warifu_core::ledger::Kind;

use super::{Complaints, Invariant, PAGE, Run, hex, transaction_name};
use crate::error::StoreError;
use crate::registry::statements;
use crate::value::{Row, Value};

statements! {
    LIST_CLAIMS (Blob, Text, Int) -> (Blob, Text, Blob, Blob, Blob, Text, Text, Text, Text)
        "SELECT r.caller, r.request_id, r.transaction_id, j.id, j.caller, j.request_id, j.kind, j.target, j.refusal \
         FROM requests r LEFT JOIN journal j ON j.id = r.transaction_id \
         WHERE (r.caller, r.request_id) > ($1, $2) ORDER BY r.caller, r.request_id LIMIT $3";
    LIST_CLAIMED (Int, Int) -> (Int, Blob, Blob, Text, Blob)
        "SELECT j.position, j.id, r.transaction_id, j.target, t.transaction_id FROM journal j \
         LEFT JOIN requests r ON r.caller = j.caller AND r.request_id = j.request_id \
         LEFT JOIN requests t ON t.caller = j.caller AND t.request_id = j.target \
         WHERE j.position > $1 ORDER BY j.position LIMIT $2";
}

impl Run<'_> {
    pub(super) async fn requests(&mut self) -> Result<(), StoreError> {
        let mut last = (Vec::new(), String::new());
        loop {
            let params = [Value::Blob(last.0), last.1.into(), PAGE.into()];
            let page = self.transaction.rows(&LIST_CLAIMS, &params).await?;
            let Some(end) = page.last() else { break };
            last = (end.blob(0)?.to_vec(), end.text(1)?.to_owned());
            for row in page {
                self.report.requests = self.report.requests.saturating_add(1);
                if let Some(detail) = claim(&row)? {
                    let object = format!("request {:?} of transaction {}", row.text(1)?, hex(row.blob(2)?));
                    self.report.violated(Invariant::OneEffect, object, detail);
                }
            }
            self.tell("request keys", self.report.requests);
        }
        let mut last = -1;
        loop {
            let page = self.transaction.rows(&LIST_CLAIMED, &[last.into(), PAGE.into()]).await?;
            let Some(end) = page.last() else { return Ok(()) };
            last = end.int(0)?;
            for row in page {
                let mut complaints = Complaints::default();
                let id = row.values.get(1);
                complaints.unless(row.values.get(2) == id, Invariant::OneEffect, || {
                    if row.values.get(2) == Some(&Value::Null) {
                        "no request key claims it".to_owned()
                    } else {
                        "its request key belongs to another transaction".to_owned()
                    }
                });
                let holds = row.values.get(3) != Some(&Value::Null);
                complaints.unless(!holds || row.values.get(4) == id, Invariant::OneEffect, || {
                    "it does not hold the request key of what it cancels".to_owned()
                });
                self.report.take(&transaction_name(row.blob(1)?), complaints);
            }
            self.tell("request keys", self.report.requests);
        }
    }
}

/// What is wrong with a claim, if anything.
fn claim(row: &Row) -> Result<Option<&'static str>, StoreError> {
    if row.values.get(3) == Some(&Value::Null) {
        return Ok(Some("its transaction is not in the journal"));
    }
    let is_same = |column: usize, of: usize| row.values.get(column) == row.values.get(of);
    let cancels = matches!(Kind::parse(row.text(6)?), Some(Kind::Cancel | Kind::TopUpCancel));
    let was_done = row.values.get(8) == Some(&Value::Null);
    let is_own = is_same(5, 1);
    let is_held = is_same(7, 1) && cancels && was_done;
    if is_same(4, 0) && (is_own || is_held) {
        return Ok(None);
    }
    Ok(Some("its transaction has another caller or another request_id"))
}
