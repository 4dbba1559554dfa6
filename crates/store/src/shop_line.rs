//! What was done in a shop, day by day: lines that the bookkeeper derives from the journal, for lists and for closing a till.

use warifu_core::id::{ShopId, TerminalId};
use warifu_core::ledger::Kind;
use warifu_core::place::Book;
use warifu_core::time::{BusinessDate, Time};

use crate::engine::Transaction;
use crate::error::StoreError;
use crate::journal::{Recorded, journal_columns, read_recorded};
use crate::registry::{each_statements, statements};
use crate::value::Value;

/// A line: that something was done in a shop, and what it changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShopLine {
    /// Where.
    pub shop: ShopId,
    /// In which book.
    pub book: Book,
    /// On which day of the shop.
    pub business_date: BusinessDate,
    /// When.
    pub at: Time,
    /// Its place in the journal.
    pub position: i64,
    /// By which terminal.
    pub terminal: TerminalId,
    /// What it was.
    pub kind: Kind,
    /// By how much it changed what the shop is owed for sales, or the cash that it holds for the issuer, in yen.
    pub amount: i64,
}

impl ShopLine {
    /// The line of a transaction; `None` if it was refused, did not happen in a shop, or is a cancel of what never came.
    #[must_use]
    pub fn of(Recorded { position, record }: &Recorded) -> Option<Self> {
        let (shop, done) = (record.shop.filter(|_| record.target.is_none())?, record.done()?);
        let refunded = done.totals.map_or(0, |totals| totals.refunded.get());
        let amount = match record.kind {
            Kind::Payment | Kind::Capture | Kind::TopUp => record.amount.get(),
            Kind::Refund | Kind::TopUpCancel => record.amount.get().saturating_neg(),
            // A cancel undoes all that was captured, or it was refused.
            Kind::Cancel => refunded.saturating_neg(),
            _ => 0,
        };
        Some(Self {
            shop,
            book: record.book,
            business_date: record.business_date,
            at: record.at,
            position: *position,
            terminal: record.key.caller.terminal(),
            kind: record.kind,
            amount,
        })
    }
}

impl ShopLine {
    /// The day that it belongs to.
    #[must_use]
    pub const fn day(&self) -> ShopDay {
        ShopDay { shop: self.shop, book: self.book, date: self.business_date }
    }
}

/// A shop's day in one of the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShopDay {
    /// The shop.
    pub shop: ShopId,
    /// The book.
    pub book: Book,
    /// The day.
    pub date: BusinessDate,
}

/// What terminals did of a kind on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShopSum {
    /// Which terminal.
    pub terminal: TerminalId,
    /// Of which kind.
    pub kind: Kind,
    /// How often.
    pub count: i64,
    /// By how much that changed what the shop is owed, or the cash that it holds.
    pub amount: i64,
}

each_statements! {
    CREATE_SHOP_LINE (Blob, Int, Int, Int, Int, Blob, Text, Int) -> ()
        row "INSERT INTO shop_lines (shop_id, book, business_date, at, position, terminal_id, kind, amount) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        set "INSERT INTO shop_lines (shop_id, book, business_date, at, position, terminal_id, kind, amount) \
             SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bytea[], \
                    $7::text[], $8::bigint[])";
}

statements! {
    LIST_SHOP_LINES (Blob, Int, Int, Int, Int, Int)
        -> (Int, Blob, Text, Int, Int, Int, Blob, Text, Blob, Blob, Blob, Int, Int, Blob, Blob, Text, Int, Text, Int, Text, Text, Text, Text, Blob)
        concat!(journal_columns!(),
            "JOIN shop_lines l ON l.position = j.position \
             WHERE l.shop_id = $1 AND l.book = $2 AND l.business_date = $3 AND (l.at, l.position) < ($4, $5) \
             ORDER BY l.at DESC, l.position DESC LIMIT $6");
    SUM_SHOP_LINES (Blob, Int, Int) -> (Blob, Text, Int, Int)
        "SELECT terminal_id, kind, count(*), CAST(sum(amount) AS bigint) FROM shop_lines \
         WHERE shop_id = $1 AND book = $2 AND business_date = $3 GROUP BY terminal_id, kind ORDER BY terminal_id, kind";
}

impl Transaction {
    /// Adds lines.
    ///
    /// # Errors
    /// What the database said.
    pub async fn create_shop_lines(&mut self, lines: &[ShopLine]) -> Result<(), StoreError> {
        let rows: Vec<Vec<Value>> = lines
            .iter()
            .map(|line| {
                vec![
                    line.shop.bytes().into(),
                    line.book.number().into(),
                    line.business_date.number().into(),
                    line.at.unix_micros().into(),
                    line.position.into(),
                    line.terminal.bytes().into(),
                    line.kind.text().into(),
                    line.amount.into(),
                ]
            })
            .collect();
        self.each(&CREATE_SHOP_LINE, rows).await.map(drop)
    }

    /// What has a line of this day before a time and a place in the journal, the newest first, at most `limit`.
    ///
    /// # Errors
    /// What the database said.
    pub async fn list_shop_lines(
        &mut self,
        day: ShopDay,
        before: (Time, i64),
        limit: i64,
    ) -> Result<Vec<Recorded>, StoreError> {
        let params = [
            day.shop.bytes().into(),
            day.book.number().into(),
            day.date.number().into(),
            before.0.unix_micros().into(),
            before.1.into(),
            limit.into(),
        ];
        self.rows(&LIST_SHOP_LINES, &params).await?.iter().map(read_recorded).collect()
    }

    /// What the lines of a day come to.
    ///
    /// # Errors
    /// What the database said.
    pub async fn sum_shop_lines(&mut self, day: ShopDay) -> Result<Vec<ShopSum>, StoreError> {
        let params = [day.shop.bytes().into(), day.book.number().into(), day.date.number().into()];
        let rows = self.rows(&SUM_SHOP_LINES, &params).await?;
        rows.iter()
            .map(|row| {
                Ok(ShopSum {
                    terminal: TerminalId::from_bytes(row.bytes(0)?),
                    kind: row.parsed(1, Kind::parse)?,
                    count: row.int(2)?,
                    amount: row.int(3)?,
                })
            })
            .collect()
    }
}
