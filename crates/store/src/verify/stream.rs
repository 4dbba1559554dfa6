//! The pass over every stream: numbers, times, each transaction by itself, and what adds up over all of them.

use std::collections::BTreeMap;

use warifu_core::ledger::Kind;
use warifu_core::time::Time;

use super::{Complaints, Invariant, PAGE, Run, shape};
use crate::error::StoreError;
use crate::journal::{
    JournalCursor, Recorded, STREAM_SIZE, first_position, journal_columns, last_position, read_recorded,
};
use crate::registry::statements;
use crate::value::{Row, Value};

statements! {
    LIST_ROWS (Int, Int, Int)
        -> (Int, Blob, Text, Int, Int, Int, Blob, Text, Blob, Blob, Blob, Int, Int, Blob, Blob, Text, Int, Text, Int, Text, Text, Text, Text, Blob)
        concat!(journal_columns!(), "WHERE j.position > $1 AND j.position <= $2 ORDER BY j.position LIMIT $3");
    LIST_HEADS () -> (Int, Int, Int) "SELECT stream, position, at FROM streams ORDER BY stream";
    FIND_NEXT_POSITION (Int) -> (Int) "SELECT position FROM journal WHERE position > $1 ORDER BY position LIMIT 1";
}

impl Run<'_> {
    pub(super) async fn streams(&mut self) -> Result<(), StoreError> {
        let heads = self.transaction.rows(&LIST_HEADS, &[]).await?;
        let sealed: BTreeMap<i64, i64> = self
            .transaction
            .list_cursors("bookkeeper")
            .await?
            .into_iter()
            .map(|cursor| (cursor.stream, cursor.position))
            .collect();
        let lined = self.transaction.list_cursors("shop_lines").await?;
        self.shop_lines.ends = lined.into_iter().map(|cursor| (cursor.stream, cursor.position)).collect();
        let mut end = -1;
        for head in heads {
            let (stream, position, at) = (head.int(0)?, head.int(1)?, head.int(2)?);
            self.headless(end, first_position(stream)).await?;
            end = last_position(stream);
            let sealed = sealed.get(&stream).copied().unwrap_or_else(|| first_position(stream));
            let (last_position, last_at) = self.stream(stream, sealed).await?;
            let mut complaints = Complaints::default();
            complaints.unless(position == last_position, Invariant::Stream, || {
                format!("its head says {position}, its last transaction is {last_position}")
            });
            complaints
                .unless(at >= last_at, Invariant::Stream, || "its head is older than its last transaction".to_owned());
            complaints
                .unless(sealed <= last_position, Invariant::Sums, || "more was summed up than was recorded".to_owned());
            self.report.take(&format!("stream {stream}"), complaints);
        }
        self.headless(end, i64::MAX).await
    }

    /// Transactions of streams that there are not, between two positions.
    async fn headless(&mut self, mut after: i64, before: i64) -> Result<(), StoreError> {
        while let Some(row) = self.transaction.row(&FIND_NEXT_POSITION, &[after.into()]).await? {
            let position = row.int(0)?;
            if position > before {
                break;
            }
            let stream = position.checked_div(STREAM_SIZE).unwrap_or(0);
            self.report.violated(Invariant::Stream, format!("stream {stream}"), "it has transactions and no head");
            after = last_position(stream).max(position);
        }
        Ok(())
    }

    /// Reads one stream and returns the position and the time at which it ends.
    async fn stream(&mut self, stream: i64, sealed: i64) -> Result<(i64, i64), StoreError> {
        let mut cursor = JournalCursor { stream, position: first_position(stream) };
        let mut last_at = Time::EPOCH.unix_micros();
        loop {
            let params = [cursor.position.into(), last_position(stream).into(), PAGE.into()];
            let page = self.transaction.rows(&LIST_ROWS, &params).await?;
            if page.is_empty() {
                return Ok((cursor.position, last_at));
            }
            for row in page {
                let position = row.int(0)?;
                let mut complaints = Complaints::default();
                self.report.transactions = self.report.transactions.saturating_add(1);
                let missing = position.saturating_sub(cursor.position).saturating_sub(1);
                complaints.unless(missing == 0, Invariant::Stream, || {
                    format!("{missing} transactions are missing before it")
                });
                cursor.position = position;
                let at = row.int(4)?;
                complaints.unless(at >= last_at, Invariant::Stream, || "it is older than the one before it".to_owned());
                last_at = last_at.max(at);
                self.entries = self.entries.saturating_add(u64::from(is_there(&row, 11)));
                match read_row(&row) {
                    Ok(recorded) => self.by_itself(&recorded, position <= sealed),
                    Err(error) => complaints.add(Invariant::Unchanged, error.to_string()),
                }
                self.report.take(&format!("position {position}"), complaints);
            }
            self.tell("streams", self.report.transactions);
        }
    }

    fn by_itself(&mut self, recorded: &Recorded, is_sealed: bool) {
        let record = &recorded.record;
        let mut complaints = Complaints::default();
        complaints.unless(self.known.policy(record.policy).is_some(), Invariant::Limits, || {
            format!("policy {}, by which it was decided, is not there", record.policy)
        });
        if let Some(done) = record.done() {
            let is_payment = matches!(record.kind, Kind::Payment | Kind::Authorization);
            self.report.payments = self.report.payments.saturating_add(u64::from(is_payment));
            let transfers = u64::try_from(done.transfers.len()).unwrap_or(u64::MAX);
            self.report.transfers = self.report.transfers.saturating_add(transfers);
            shape::check(record, done, &mut complaints);
            self.known.check_place(record, &mut complaints);
            self.sums.add(record, done, is_sealed);
            let lined = self.shop_lines.ends.get(&JournalCursor::stream_of(recorded.position));
            if lined.is_some_and(|end| recorded.position <= *end) {
                self.shop_lines.add(record, done);
            }
        }
        self.report.take(&format!("transaction {}", record.id), complaints);
    }
}

/// Reads a row, also what nobody but this pass wants to know of it.
fn read_row(row: &Row) -> Result<Recorded, StoreError> {
    let recorded = read_recorded(row)?;
    if is_there(row, 12) != is_there(row, 13) {
        return Err(row.corrupt(13));
    }
    // What was refused has no effect and no version.
    if recorded.record.refusal().is_some() {
        if !matches!(row.text(22)?, "" | "{}") {
            return Err(row.corrupt(22));
        }
        for column in [11, 23] {
            if is_there(row, column) {
                return Err(row.corrupt(column));
            }
        }
    }
    // What changed no wallet has no place in a chain.
    if is_there(row, 23) && !is_there(row, 11) {
        return Err(row.corrupt(23));
    }
    Ok(recorded)
}

fn is_there(row: &Row, column: usize) -> bool {
    !matches!(row.values.get(column), Some(Value::Null))
}
