//! Sums of accounts, which a bookkeeper derives from the journal, stream by stream, behind the commands.

use warifu_core::ledger::Account;
use warifu_core::money::Unit;
use warifu_core::place::Book;

use crate::engine::Transaction;
use crate::error::StoreError;
use crate::journal::JournalCursor;
use crate::registry::statements;
use crate::value::Row;

/// The owner of the issuer's accounts, which are nobody else's.
pub(crate) const ISSUER: [u8; 16] = [0; 16];

/// The sum of an account up to the bookkeeper's cursors. The tail after them is in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountSum {
    /// In which book.
    pub book: Book,
    /// Which account of the chart.
    pub account: Account,
    /// Whose: the bytes of a wallet's or shop's id, zeros for the issuer.
    pub owner: [u8; 16],
    /// In which unit.
    pub unit: Unit,
    /// All that was debited, in minor units.
    pub debits: i64,
    /// All that was credited, in minor units.
    pub credits: i64,
}

/// What one stretch of the journal adds to a sum.
pub type SumChange = AccountSum;

statements! {
    ADD_TO_SUM (Int, Text, Blob, Text, Int, Int) -> ()
        "INSERT INTO account_sums (book, account, owner, unit, debits, credits) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (book, account, owner, unit) DO UPDATE \
         SET debits = account_sums.debits + excluded.debits, credits = account_sums.credits + excluded.credits";
    LIST_SUMS (Int, Text, Blob, Text, Int) -> (Int, Text, Blob, Text, Int, Int)
        "SELECT book, account, owner, unit, debits, credits FROM account_sums \
         WHERE (book, account, owner, unit) > ($1, $2, $3, $4) ORDER BY book, account, owner, unit LIMIT $5";
    LIST_CURSORS (Text) -> (Int, Int) "SELECT stream, position FROM cursors WHERE name = $1 ORDER BY stream";
    MOVE_CURSOR (Text, Int, Int, Int) -> ()
        "UPDATE cursors SET position = $4 WHERE name = $1 AND stream = $2 AND position = $3";
}

impl Transaction {
    /// How far a named reader has come in every stream.
    ///
    /// # Errors
    /// What the database said.
    pub async fn list_cursors(&mut self, name: &str) -> Result<Vec<JournalCursor>, StoreError> {
        let rows = self.rows(&LIST_CURSORS, &[name.into()]).await?;
        rows.iter().map(|row| Ok(JournalCursor { stream: row.int(0)?, position: row.int(1)? })).collect()
    }

    /// Moves a reader's cursor from where it was to `position`. `false` means that somebody else moved it first.
    ///
    /// # Errors
    /// What the database said.
    pub async fn move_cursor(&mut self, name: &str, from: JournalCursor, position: i64) -> Result<bool, StoreError> {
        let params = [name.into(), from.stream.into(), from.position.into(), position.into()];
        Ok(self.execute(&MOVE_CURSOR, &params).await? == 1)
    }

    /// Adds to a sum, which begins at zero.
    ///
    /// # Errors
    /// What the database said.
    pub async fn add_to_sum(&mut self, change: &SumChange) -> Result<(), StoreError> {
        let params = [
            change.book.number().into(),
            change.account.text().into(),
            change.owner.into(),
            change.unit.text().into(),
            change.debits.into(),
            change.credits.into(),
        ];
        self.execute(&ADD_TO_SUM, &params).await.map(drop)
    }

    /// The sums after the given one (from the first, if `None`) in the order of their keys, at most `limit`.
    ///
    /// # Errors
    /// What the database said.
    pub async fn list_sums(&mut self, after: Option<&AccountSum>, limit: i64) -> Result<Vec<AccountSum>, StoreError> {
        let (book, account, owner, unit) = after
            .map_or((0, "", ISSUER, ""), |sum| (sum.book.number(), sum.account.text(), sum.owner, sum.unit.text()));
        let params = [book.into(), account.into(), owner.into(), unit.into(), limit.into()];
        self.rows(&LIST_SUMS, &params).await?.iter().map(read_sum).collect()
    }
}

pub(crate) fn read_sum(row: &Row) -> Result<AccountSum, StoreError> {
    Ok(AccountSum {
        book: row.converted(0, Book::from_number)?,
        account: row.parsed(1, Account::parse)?,
        owner: row.bytes(2)?,
        unit: row.parsed(3, Unit::parse)?,
        debits: row.int(4)?,
        credits: row.int(5)?,
    })
}
