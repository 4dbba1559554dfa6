//! The tail: what the hot path has recorded and the tables do not show yet.
//!
//! A payment changes five tables, most of them at another page of the file than the payment before. So its rows are appended to one row of
//! the table `tail`, a row a piece of work, which is as durable as anything else and is what the caller waits for. Later a long stretch of them
//! is *settled*: written where it belongs, in the order of keys, a wallet that paid twice once.
//!
//! Nobody can tell. A statement that needs one of these tables has the tail settled before, on the thread that writes; a reader asks that
//! thread to do so before its snapshot begins. What a killed process left is settled by whoever comes next, for it stands in the table.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, OptionalExtension as _};

use crate::error::StoreError;
use crate::ledger::{CLAIM_REQUEST, CREATE_JOURNAL, SAVE_CODE, SAVE_STREAM, SAVE_WALLET};
use crate::registry::Each;
use crate::value::{Row, Value};

/// The statements whose rows wait, in the order in which they are written, with the number of columns that name a row. Of rows with the same name
/// the last one counts. The place in this list is what the table holds, so it only grows at its end.
static LATER: [(&Each, usize); 5] =
    [(&CLAIM_REQUEST, 2), (&CREATE_JOURNAL, 1), (&SAVE_CODE, 2), (&SAVE_WALLET, 1), (&SAVE_STREAM, 1)];
/// The tables that they write.
const TABLES: [&str; 5] = ["requests", "journal", "codes", "wallets", "streams"];
/// Statements that find rows by what never changes, with the statement whose waiting rows they would miss, which names them by the columns
/// that they return first: they need the tail settled only if it holds what they found.
const FINDERS: [(&str, u8); 5] = [
    ("LOCK_CODE", CODE),
    ("LOCK_WALLET", WALLET),
    ("FIND_WALLET", WALLET),
    ("FIND_WALLET_OF_MEMBER", WALLET),
    ("FIND_PAYER", WALLET),
];
const CLAIM: u8 = 0;
const JOURNAL: u8 = 1;
const CODE: u8 = 2;
const WALLET: u8 = 3;

/// How many transactions may wait at least, at most, and for each of those that came together lately: what comes in small pieces leaves time
/// to settle often, and then nobody waits long for it.
const SHORTEST: usize = 64;
const LONGEST: usize = 2_048;
const FOR_EACH: usize = 32;

/// The first byte of every row of the table.
const FORMAT: u8 = 1;

/// What waits.
#[derive(Debug, Default)]
pub(super) struct Tail {
    /// By the place in [`LATER`] and the encoded name.
    rows: BTreeMap<(u8, Vec<u8>), Vec<Value>>,
    /// What the piece of work at hand has added, as the table will hold it.
    added: Vec<u8>,
    /// How many transactions wait, and how many of them the piece of work at hand has added.
    transactions: usize,
    added_transactions: usize,
    /// How many came together lately: the most, a little less after each piece of work, for beside a large one comes a small one.
    together: usize,
    /// Whether the table may hold something else than is known here.
    is_stale: bool,
    /// Whether the table is known to be there.
    exists: bool,
    /// Whether a statement needs what waits, by its name.
    needs: HashMap<&'static str, bool>,
}

/// What a statement has to do with the tail.
pub(super) enum Need {
    /// Nothing that waits concerns it.
    Nothing,
    /// It has to be settled before.
    Settled,
    /// It has to be settled if the tail holds one of the rows that are found.
    IfFound(u8),
}

impl Tail {
    /// The place of a statement whose rows wait.
    pub(super) fn place(statement: &'static Each) -> Option<u8> {
        let found = LATER.iter().position(|(later, _)| std::ptr::eq(*later, statement));
        found.and_then(|place| u8::try_from(place).ok())
    }

    /// Claims request keys, and says which of them nobody had claimed.
    pub(super) fn claim(
        &mut self,
        connection: &Connection,
        statement: &'static str,
        rows: Vec<Vec<Value>>,
    ) -> Result<Vec<Row>, StoreError> {
        let mut find = connection.prepare_cached("SELECT 1 FROM requests WHERE caller = ?1 AND request_id = ?2")?;
        let mut claimed = Vec::with_capacity(rows.len());
        for row in rows {
            let is_taken = self.holds(CLAIM, &row) || find.exists(rusqlite::params_from_iter(row.iter().take(2)))?;
            if !is_taken {
                self.add(CLAIM, row.clone());
                claimed.push(Row { statement, values: row });
            }
        }
        Ok(claimed)
    }

    /// Whether this statement claims request keys, which has to say at once what it claimed.
    pub(super) const fn is_claim(place: u8) -> bool {
        place == CLAIM
    }

    /// Forgets what is known: something was undone, or another connection has written.
    pub(super) fn distrust(&mut self) {
        self.is_stale = true;
        self.added.clear();
    }

    /// Reads what waits, if it is not known.
    pub(super) fn refresh(&mut self, connection: &Connection) -> Result<(), StoreError> {
        if !self.is_stale {
            return Ok(());
        }
        self.rows.clear();
        self.added.clear();
        self.transactions = 0;
        if self.is_there(connection)? {
            let mut statement = connection.prepare_cached("SELECT rows FROM tail ORDER BY number")?;
            let mut found = statement.query([])?;
            while let Some(row) = found.next()? {
                self.read(row.get_ref(0)?.as_blob().map_err(|_| corrupt())?)?;
            }
        }
        // They did not come together.
        self.added_transactions = 0;
        self.is_stale = false;
        Ok(())
    }

    /// Whether the database has come so far as to have this table.
    fn is_there(&mut self, connection: &Connection) -> Result<bool, StoreError> {
        if !self.exists {
            let found = connection.query_row("SELECT 1 FROM sqlite_schema WHERE name = 'tail'", [], |_| Ok(()));
            self.exists = found.optional()?.is_some();
        }
        Ok(self.exists)
    }

    fn read(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        let mut reader = Reader(bytes);
        if reader.byte()? != FORMAT {
            return Err(corrupt());
        }
        while !reader.0.is_empty() {
            let place = reader.byte()?;
            let (statement, _) = LATER.get(usize::from(place)).ok_or_else(corrupt)?;
            let row = statement.params.iter().map(|_| reader.value()).collect::<Result<Vec<_>, _>>()?;
            self.keep(place, row);
        }
        Ok(())
    }

    /// Adds a row that is to be written later.
    pub(super) fn add(&mut self, place: u8, row: Vec<Value>) {
        if self.added.is_empty() {
            self.added.push(FORMAT);
        }
        self.added.push(place);
        row.iter().for_each(|value| write(&mut self.added, value));
        self.keep(place, row);
    }

    fn keep(&mut self, place: u8, row: Vec<Value>) {
        if place == JOURNAL {
            self.transactions = self.transactions.saturating_add(1);
            self.added_transactions = self.added_transactions.saturating_add(1);
        }
        let name = LATER.get(usize::from(place)).map_or_else(Vec::new, |(_, columns)| name(&row, *columns));
        self.rows.insert((place, name), row);
    }

    /// Whether a row of this name waits.
    pub(super) fn holds(&self, place: u8, row: &[Value]) -> bool {
        let columns = LATER.get(usize::from(place)).map_or(0, |(_, columns)| *columns);
        self.rows.contains_key(&(place, name(row, columns)))
    }

    /// Whether what is known of it is what the table holds, with what is added.
    pub(super) const fn is_known(&self) -> bool {
        !self.is_stale
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether it is time to settle.
    pub(super) fn is_long(&self) -> bool {
        let stretch = self.together.saturating_mul(FOR_EACH).clamp(SHORTEST, LONGEST);
        self.transactions >= stretch
    }

    /// Keeps what the piece of work at hand has added in the table.
    pub(super) fn append(&mut self, connection: &Connection) -> Result<(), StoreError> {
        if !self.added.is_empty() {
            let mut statement = connection.prepare_cached("INSERT INTO tail (rows) VALUES (?1)")?;
            statement.execute([&self.added])?;
            self.added.clear();
            let added = std::mem::take(&mut self.added_transactions);
            self.together = added.max(self.together.saturating_sub(self.together.div_ceil(16)));
        }
        Ok(())
    }

    /// What waits, by statement, in the order of keys. Nothing waits any more.
    pub(super) fn take(&mut self) -> Vec<(&'static Each, Vec<Vec<Value>>)> {
        self.added.clear();
        (self.transactions, self.added_transactions) = (0, 0);
        let mut taken: Vec<(&'static Each, Vec<Vec<Value>>)> =
            LATER.iter().map(|(statement, _)| (*statement, Vec::new())).collect();
        for ((place, _), row) in std::mem::take(&mut self.rows) {
            if let Some((_, rows)) = taken.get_mut(usize::from(place)) {
                rows.push(row);
            }
        }
        taken
    }

    /// What a statement has to do with what waits.
    pub(super) fn need(&mut self, statement: &'static str, text: &'static str) -> Need {
        if self.rows.is_empty() {
            return Need::Nothing;
        }
        if let Some((_, place)) = FINDERS.iter().find(|(finder, _)| *finder == statement) {
            return Need::IfFound(*place);
        }
        let needs = *self.needs.entry(statement).or_insert_with(|| concerns(text));
        if needs { Need::Settled } else { Need::Nothing }
    }
}

/// Whether a statement reads or changes one of the tables. A new row concerns nothing that waits: it is nobody's yet.
fn concerns(text: &str) -> bool {
    let words = || text.split(|character: char| !character.is_alphanumeric() && character != '_');
    let is_new = words().next() == Some("INSERT") && !words().any(|word| word == "SELECT");
    !is_new && words().any(|word| TABLES.contains(&word))
}

/// Whether something waits in the file that this connection reads.
pub(super) fn waits(connection: &Connection) -> Result<bool, rusqlite::Error> {
    // Before the first migration there is no such table.
    let Ok(mut statement) = connection.prepare_cached("SELECT 1 FROM tail LIMIT 1") else { return Ok(false) };
    statement.exists([])
}

fn corrupt() -> StoreError {
    StoreError::Corrupt { statement: "LIST_TAIL", column: 0 }
}

fn name(row: &[Value], columns: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    for value in row.iter().take(columns) {
        match value {
            // In the order of numbers.
            Value::Int(int) => out.extend(int.to_be_bytes()),
            other => write(&mut out, other),
        }
    }
    out
}

const NULL: u8 = 0;
const INT: u8 = 1;
const TEXT: u8 = 2;
const BLOB: u8 = 3;

/// A tag; then eight bytes, or a length of four and so many.
fn write(out: &mut Vec<u8>, value: &Value) {
    let mut bytes = |tag: u8, bytes: &[u8]| {
        out.push(tag);
        // What is written here was checked for its length long before.
        out.extend(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
        out.extend(bytes);
    };
    match value {
        Value::Null => out.push(NULL),
        Value::Int(int) => {
            out.push(INT);
            out.extend(int.to_le_bytes());
        }
        Value::Text(text) => bytes(TEXT, text.as_bytes()),
        Value::Blob(blob) => bytes(BLOB, blob),
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], StoreError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or_else(corrupt)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], StoreError> {
        self.take(N)?.try_into().map_err(|_| corrupt())
    }

    fn byte(&mut self) -> Result<u8, StoreError> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn value(&mut self) -> Result<Value, StoreError> {
        Ok(match self.byte()? {
            NULL => Value::Null,
            INT => Value::Int(i64::from_le_bytes(self.array()?)),
            TEXT => Value::Text(String::from_utf8(self.counted()?.to_vec()).map_err(|_| corrupt())?),
            BLOB => Value::Blob(self.counted()?.to_vec()),
            _ => return Err(corrupt()),
        })
    }

    fn counted(&mut self) -> Result<&'a [u8], StoreError> {
        let count = u32::from_le_bytes(self.array()?);
        self.take(usize::try_from(count).map_err(|_| corrupt())?)
    }
}
