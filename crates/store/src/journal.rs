//! Reading the journal: by id, by request key, by wallet, and from a position on. It is the truth and is never changed.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use warifu_core::code::CodeMac;
use warifu_core::id::{ShopId, TransactionId, WalletId};
use warifu_core::ledger::{Account, Done, Kind, Outcome, Transaction as Record, Transfer};
use warifu_core::money::{Amount, Unit};
use warifu_core::place::Book;
use warifu_core::refusal::Refusal;
use warifu_core::request::{BodyHash, CallerId, RequestKey};
use warifu_core::time::{BusinessDate, Time};

use crate::effect::read_done;
use crate::engine::Transaction;
use crate::error::StoreError;
use crate::registry::statements;
use crate::value::Row;

/// A transaction and where it stands in its stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// `stream * 2^48 + number`; numbers start at 1 and have no gap.
    pub position: i64,
    /// What was recorded.
    pub record: Record,
}

/// The outbox: how far somebody has read a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JournalCursor {
    /// Which stream.
    pub stream: i64,
    /// The last position that was read.
    pub position: i64,
}

impl JournalCursor {
    /// The cursor that stands on the transaction with this number in a stream; 0 is before the first. `None` if a stream has
    /// no such number, or there is no such stream.
    #[must_use]
    pub fn at(stream: i64, number: i64) -> Option<Self> {
        let fits = stream >= 0 && (0..STREAM_SIZE).contains(&number);
        let position = stream.checked_mul(STREAM_SIZE).and_then(|first| first.checked_add(number));
        position.filter(|_| fits).map(|position| Self { stream, position })
    }

    /// Which stream a position lies in.
    #[must_use]
    pub const fn stream_of(position: i64) -> i64 {
        position.div_euclid(STREAM_SIZE)
    }

    /// Which transaction of its stream it stands on, from 1; 0 before the first.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.position.rem_euclid(STREAM_SIZE)
    }
}

/// The columns that [`read_recorded`] reads, in its order, and more after them.
macro_rules! journal_columns {
    () => {
        journal_columns!("")
    };
    ($more:literal) => {
        concat!(
            "SELECT j.position, j.id, j.kind, j.book, j.at, j.business_date, j.caller, j.request_id, j.body_hash, \
             j.shop_id, j.wallet_id, j.wallet_version, j.code_bucket, j.code_mac, j.parent_id, j.target, j.amount, \
             j.unit, j.policy, j.note, j.refusal, j.transfers, j.effect, j.previous_id",
            $more,
            " FROM journal j "
        )
    };
}
pub(crate) use journal_columns;

statements! {
    FIND_TRANSACTION (Blob)
        -> (Int, Blob, Text, Int, Int, Int, Blob, Text, Blob, Blob, Blob, Int, Int, Blob, Blob, Text, Int, Text, Int, Text, Text, Text, Text, Blob)
        concat!(journal_columns!(), "WHERE j.id = $1");
    FIND_TRANSACTION_BY_REQUEST (Blob, Text)
        -> (Int, Blob, Text, Int, Int, Int, Blob, Text, Blob, Blob, Blob, Int, Int, Blob, Blob, Text, Int, Text, Int, Text, Text, Text, Text, Blob)
        concat!(journal_columns!(),
            "JOIN requests r ON r.transaction_id = j.id WHERE r.caller = $1 AND r.request_id = $2");
    LIST_TRANSACTIONS_OF_WALLET (Blob, Int, Int)
        -> (Int, Blob, Text, Int, Int, Int, Blob, Text, Blob, Blob, Blob, Int, Int, Blob, Blob, Text, Int, Text, Int, Text, Text, Text, Text, Blob)
        concat!("WITH RECURSIVE chain (position, previous_id, version, found) AS ( \
             SELECT j.position, j.previous_id, j.wallet_version, \
                    CASE WHEN j.wallet_version < $2 THEN CAST(1 AS bigint) ELSE 0 END \
             FROM wallets w JOIN journal j ON j.id = w.last_id AND j.wallet_id = w.id WHERE w.id = $1 \
             UNION ALL \
             SELECT j.position, j.previous_id, j.wallet_version, \
                    c.found + CASE WHEN j.wallet_version < $2 THEN CAST(1 AS bigint) ELSE 0 END \
             FROM chain c JOIN journal j ON j.id = c.previous_id AND j.wallet_id = $1 \
             WHERE c.found < $3 AND j.wallet_version < c.version) ",
            journal_columns!(),
            "JOIN chain c ON c.position = j.position WHERE c.version < $2 ORDER BY c.version DESC LIMIT $3");
    LIST_TRANSACTIONS_AFTER (Int, Int, Int)
        -> (Int, Blob, Text, Int, Int, Int, Blob, Text, Blob, Blob, Blob, Int, Int, Blob, Blob, Text, Int, Text, Int, Text, Text, Text, Text, Blob)
        concat!(journal_columns!(), "WHERE j.position > $1 AND j.position <= $2 ORDER BY j.position LIMIT $3");
    LIST_FOLLOWERS (Blob, Int)
        -> (Int, Blob, Text, Int, Int, Int, Blob, Text, Blob, Blob, Blob, Int, Int, Blob, Blob, Text, Int, Text, Int, Text, Text, Text, Text, Blob)
        concat!(journal_columns!(),
            "WHERE j.parent_id = $1 AND j.refusal IS NULL ORDER BY j.at, j.wallet_version, j.position LIMIT $2");
    FIND_LAST_RECORDED () -> (Int) "SELECT COALESCE(max(at), 0) FROM streams";
    LIST_STREAMS () -> (Int, Int, Int) "SELECT stream, position, at FROM streams ORDER BY stream";
}

impl Transaction {
    /// The transaction with this id.
    ///
    /// # Errors
    /// What the database said.
    pub async fn find_transaction(&mut self, id: TransactionId) -> Result<Option<Recorded>, StoreError> {
        self.row(&FIND_TRANSACTION, &[id.bytes().into()]).await?.map(|row| read_recorded(&row)).transpose()
    }

    /// The transaction that a caller's key stands for.
    ///
    /// # Errors
    /// What the database said.
    pub async fn find_transaction_by_request(&mut self, key: &RequestKey) -> Result<Option<Recorded>, StoreError> {
        let key = [key.caller.bytes().into(), key.request_id.as_str().into()];
        self.row(&FIND_TRANSACTION_BY_REQUEST, &key).await?.map(|row| read_recorded(&row)).transpose()
    }

    /// What was done after a payment or top-up, the oldest first.
    ///
    /// # Errors
    /// What the database said.
    pub async fn list_followers(&mut self, parent: TransactionId) -> Result<Vec<Recorded>, StoreError> {
        let params = [parent.bytes().into(), FOLLOWERS_READ.into()];
        self.rows(&LIST_FOLLOWERS, &params).await?.iter().map(read_recorded).collect()
    }

    /// What changed a wallet before its version was `before`, newest first, at most `limit`: along the chain from the last, so what is
    /// older takes longer, some microseconds for each that is passed.
    ///
    /// # Errors
    /// What the database said.
    pub async fn list_transactions_of_wallet(
        &mut self,
        wallet: WalletId,
        before: i64,
        limit: i64,
    ) -> Result<Vec<Recorded>, StoreError> {
        // Nothing is older than the first, and the whole chain would be walked to say so.
        if before <= 1 {
            return Ok(Vec::new());
        }
        let params = [wallet.bytes().into(), before.into(), limit.into()];
        self.rows(&LIST_TRANSACTIONS_OF_WALLET, &params).await?.iter().map(read_recorded).collect()
    }

    /// What stands in a stream after a cursor, oldest first, at most `limit`. Reading on from the last one's position
    /// misses nothing: a stream's positions become visible in their order.
    ///
    /// # Errors
    /// What the database said.
    pub async fn list_transactions_after(
        &mut self,
        cursor: JournalCursor,
        limit: i64,
    ) -> Result<Vec<Recorded>, StoreError> {
        let end = last_position(cursor.stream);
        let params = [cursor.position.into(), end.into(), limit.into()];
        self.rows(&LIST_TRANSACTIONS_AFTER, &params).await?.iter().map(read_recorded).collect()
    }

    /// When the newest transaction of all streams was recorded. Decisions are never dated earlier than their stream, so this
    /// is where time stands for them after a clock was set back.
    ///
    /// # Errors
    /// What the database said.
    pub async fn last_recorded_at(&mut self) -> Result<Time, StoreError> {
        // Where one thread writes there is one stream.
        if let Some(head) = self.memory().and_then(|memory| memory.head) {
            return Ok(head.at);
        }
        let row = self.row(&FIND_LAST_RECORDED, &[]).await?;
        row.map_or(Ok(Time::EPOCH), |row| row.converted(0, Time::from_unix_micros))
    }

    /// The end of every stream, as it is now.
    ///
    /// # Errors
    /// What the database said.
    pub async fn list_streams(&mut self) -> Result<Vec<JournalCursor>, StoreError> {
        let rows = self.rows(&LIST_STREAMS, &[]).await?;
        rows.iter().map(|row| Ok(JournalCursor { stream: row.int(0)?, position: row.int(1)? })).collect()
    }
}

/// More than may follow anything.
const FOLLOWERS_READ: i64 = 2_000;

/// How many positions a stream has.
pub(crate) const STREAM_SIZE: i64 = 1 << 48;

/// The position before the first of `stream`.
pub(crate) const fn first_position(stream: i64) -> i64 {
    stream.saturating_mul(STREAM_SIZE)
}

/// The last position that `stream` may have.
pub(crate) const fn last_position(stream: i64) -> i64 {
    first_position(stream).saturating_add(STREAM_SIZE - 1)
}

/// A transfer as the column `transfers` holds it: JSON, so that a person with a database shell can read it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredTransfer<'a> {
    #[serde(borrow)]
    debit: Cow<'a, str>,
    #[serde(borrow)]
    credit: Cow<'a, str>,
    amount: i64,
    #[serde(borrow)]
    unit: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    debit_after: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    credit_after: Option<i64>,
}

pub(crate) fn write_transfers(transfers: &[Transfer]) -> String {
    let stored: Vec<_> = transfers
        .iter()
        .map(|transfer| StoredTransfer {
            debit: transfer.debit.text().into(),
            credit: transfer.credit.text().into(),
            amount: transfer.amount.get(),
            unit: transfer.unit.text().into(),
            debit_after: transfer.debit_after.map(Amount::get),
            credit_after: transfer.credit_after.map(Amount::get),
        })
        .collect();
    // Never the fallback: nothing in it can fail to serialise. An empty text would be refused when read back.
    serde_json::to_string(&stored).unwrap_or_default()
}

fn read_transfers(text: &str) -> Option<Vec<Transfer>> {
    let amount = |minor_units: Option<i64>| match minor_units {
        None => Some(None),
        Some(minor_units) => Amount::new(minor_units).map(Some),
    };
    serde_json::from_str::<Vec<StoredTransfer<'_>>>(text)
        .ok()?
        .into_iter()
        .map(|stored| {
            Some(Transfer {
                debit: Account::parse(&stored.debit)?,
                credit: Account::parse(&stored.credit)?,
                amount: Amount::new(stored.amount)?,
                unit: Unit::parse(&stored.unit)?,
                debit_after: amount(stored.debit_after)?,
                credit_after: amount(stored.credit_after)?,
            })
        })
        .collect()
}

/// Reads the columns of [`journal_columns`].
pub(crate) fn read_recorded(row: &Row) -> Result<Recorded, StoreError> {
    let code_bucket = row.optional(12, |row, column| row.converted(column, |bucket| u8::try_from(bucket).ok()))?;
    let code_mac = row.optional(13, Row::bytes)?;
    let (kind, amount) = (row.parsed(2, Kind::parse)?, row.converted(16, Amount::new)?);
    let owned = |row: &Row, column| row.text(column).map(str::to_owned);
    let outcome = match row.optional(20, |row, column| row.parsed(column, Refusal::parse))? {
        // What was refused moved nothing.
        Some(_) if !row.parsed(21, read_transfers)?.is_empty() => return Err(row.corrupt(21)),
        Some(refusal) => Outcome::Refused(refusal),
        None => {
            let transfers = row.parsed(21, read_transfers)?;
            let wallet_version = row.optional(11, Row::int)?;
            let done = read_done(kind, amount, wallet_version, transfers, row.text(22)?);
            let done = done.ok_or_else(|| row.corrupt(22))?;
            let previous = row.optional(23, Row::bytes)?.map(TransactionId::from_bytes);
            Outcome::Done(Done { previous, ..done })
        }
    };
    let record = Record {
        id: TransactionId::from_bytes(row.bytes(1)?),
        kind,
        book: row.converted(3, Book::from_number)?,
        at: row.converted(4, Time::from_unix_micros)?,
        business_date: row.converted(5, BusinessDate::from_number)?,
        key: RequestKey {
            caller: CallerId::from_bytes(row.bytes(6)?),
            request_id: row.parsed(7, |text| text.parse().ok())?,
        },
        body: BodyHash(row.bytes(8)?),
        shop: row.optional(9, Row::bytes)?.map(ShopId::from_bytes),
        wallet: row.optional(10, Row::bytes)?.map(WalletId::from_bytes),
        code: code_bucket.zip(code_mac).map(|(bucket, mac)| CodeMac { bucket, mac }),
        parent: row.optional(14, Row::bytes)?.map(TransactionId::from_bytes),
        target: row.optional(15, |row, column| row.parsed(column, |text| text.parse().ok()))?,
        amount,
        unit: row.parsed(17, Unit::parse)?,
        policy: row.int(18)?,
        note: row.optional(19, owned)?,
        outcome,
    };
    Ok(Recorded { position: row.int(0)?, record })
}
