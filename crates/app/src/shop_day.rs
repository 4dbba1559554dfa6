//! A shop's day: what was done, line by line, and what it comes to when the till is closed.
//!
//! The bookkeeper derives the lines behind the journal; what it has not come to yet is read from the journal itself, on the same
//! snapshot, so that a payment is in the list at the moment at which it is recorded.

use std::collections::BTreeMap;

use warifu_core::id::TerminalId;
use warifu_core::ledger::Kind;
use warifu_core::time::{BusinessDate, Time};
use warifu_store::{JournalCursor, Recorded, ShopDay, ShopLine, ShopSum, StoreError, Terminal, Transaction};

use crate::bookkeeper::LINES;
use crate::fault::Fault;
use crate::open::App;

/// How many transactions are read at once.
const STRETCH: i64 = 500;
/// How far the bookkeeper may be behind for a shop's day to be told.
const TAIL_MAX: i64 = 20_000;

/// A page of a shop's day, newest first.
#[derive(Clone, Debug)]
pub struct DayPage {
    /// The day.
    pub date: BusinessDate,
    /// What was done.
    pub items: Vec<Recorded>,
    /// Before what the next page begins; `None` at the end.
    pub next: Option<(Time, i64)>,
    /// What the terminals of the shop are called.
    pub terminals: BTreeMap<TerminalId, String>,
}

/// What a shop's day comes to.
#[derive(Clone, Debug)]
pub struct DayTotals {
    /// The day.
    pub date: BusinessDate,
    /// The time as of which this is told.
    pub at: Time,
    /// By terminal and kind.
    pub sums: Vec<ShopSum>,
    /// What the terminals of the shop are called.
    pub terminals: BTreeMap<TerminalId, String>,
}

impl App {
    /// What was done on a day (today, if `None`) in a terminal's shop and book, newest first, at most `limit`.
    ///
    /// # Errors
    /// What the store said; it is unavailable while the bookkeeper is far behind.
    pub async fn shop_day(
        &self,
        terminal: &Terminal,
        date: Option<BusinessDate>,
        before: Option<(Time, i64)>,
        limit: u16,
    ) -> Result<DayPage, Fault> {
        let day = self.day(terminal, date).await?;
        let before = before.unwrap_or((Time::MAX, i64::MAX));
        let limit = usize::from(limit);
        let read = self.database.read(move |transaction| {
            Box::pin(async move {
                // One more than asked for tells whether there is a next page.
                let wanted = i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX);
                let mut items = transaction.list_shop_lines(day, before, wanted).await?;
                items.extend(tail(transaction, day).await?.into_iter().filter(|it| place(it) < before));
                items.sort_by_key(|it| std::cmp::Reverse(place(it)));
                let has_more = items.len() > limit;
                items.truncate(limit);
                let next = has_more.then(|| items.last().map(place)).flatten();
                Ok(DayPage { date: day.date, items, next, terminals: names(transaction, day).await? })
            })
        });
        Ok(read.await?)
    }

    /// What a day (today, if `None`) of a terminal's shop comes to, in its book.
    ///
    /// # Errors
    /// As [`App::shop_day`].
    pub async fn shop_totals(&self, terminal: &Terminal, date: Option<BusinessDate>) -> Result<DayTotals, Fault> {
        let day = self.day(terminal, date).await?;
        let at = self.clock.now();
        let read = self.database.read(move |transaction| {
            Box::pin(async move {
                let kept = transaction.sum_shop_lines(day).await?;
                let mut sums: BTreeMap<(TerminalId, Kind), ShopSum> =
                    kept.into_iter().map(|sum| ((sum.terminal, sum.kind), sum)).collect();
                let tail = tail(transaction, day).await?;
                for line in tail.iter().filter_map(ShopLine::of) {
                    let empty = ShopSum { terminal: line.terminal, kind: line.kind, count: 0, amount: 0 };
                    let sum = sums.entry((line.terminal, line.kind)).or_insert(empty);
                    sum.count = sum.count.saturating_add(1);
                    sum.amount = sum.amount.saturating_add(line.amount);
                }
                let sums = sums.into_values().collect();
                Ok(DayTotals { date: day.date, at, sums, terminals: names(transaction, day).await? })
            })
        });
        Ok(read.await?)
    }

    async fn day(&self, terminal: &Terminal, date: Option<BusinessDate>) -> Result<ShopDay, Fault> {
        let date = match date {
            Some(date) => date,
            None => self.station(terminal.id).await?.business_date,
        };
        Ok(ShopDay { shop: terminal.shop, book: terminal.book, date })
    }
}

fn place(recorded: &Recorded) -> (Time, i64) {
    (recorded.record.at, recorded.position)
}

async fn names(transaction: &mut Transaction, day: ShopDay) -> Result<BTreeMap<TerminalId, String>, StoreError> {
    Ok(transaction.list_terminals(day.shop).await?.into_iter().map(|it| (it.id, it.name)).collect())
}

/// What was done on a day and has no line yet.
async fn tail(transaction: &mut Transaction, day: ShopDay) -> Result<Vec<Recorded>, StoreError> {
    let (cursors, heads) = (transaction.list_cursors(LINES).await?, transaction.list_streams().await?);
    let ends: BTreeMap<i64, i64> = heads.into_iter().map(|head| (head.stream, head.position)).collect();
    let behind = |cursor: &JournalCursor| {
        ends.get(&cursor.stream).copied().unwrap_or(cursor.position).saturating_sub(cursor.position)
    };
    if cursors.iter().map(behind).fold(0, i64::saturating_add) > TAIL_MAX {
        return Err(StoreError::Unavailable("the lines of shops are being written".to_owned()));
    }
    let mut found = Vec::new();
    for mut cursor in cursors {
        while behind(&cursor) > 0 {
            let stretch = transaction.list_transactions_after(cursor, STRETCH).await?;
            let Some(last) = stretch.last() else { break };
            cursor.position = last.position;
            let is_wanted = |it: &Recorded| ShopLine::of(it).is_some_and(|line| line.day() == day);
            found.extend(stretch.into_iter().filter(is_wanted));
        }
    }
    Ok(found)
}
