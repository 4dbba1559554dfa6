//! The tail: what the hot path has recorded and the tables do not show yet.
//!
//! A payment changes five tables, most of them at another page of the file than the payment before. So its rows are appended to a second file
//! beside the database (`-tail`), a row a piece of work, which is as durable as anything else and is what the caller waits for. Later a slice
//! of them is *settled* by a thread of its own: written where it belongs, in the order of keys, a wallet that paid twice once.
//!
//! Nobody can tell. A statement that needs one of these tables has the tail settled before; a reader asks for it before its snapshot begins.
//! Rows are numbered without end, and the table `settled` of the database says up to which one it has them: so a row is settled once, whoever
//! does it, and what a killed process left is settled by whoever comes next.

mod rows;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use rusqlite::types::ToSqlOutput;
use rusqlite::{CachedStatement, Connection, OptionalExtension as _};

use super::claims::Claims;
use crate::error::StoreError;
use crate::ledger::{CLAIM_REQUEST, CREATE_JOURNAL, SAVE_CODE, SAVE_STREAM, SAVE_WALLET};
use crate::registry::Each;
use crate::value::{Row, Value};

use rows::{FORMAT, corrupt, key, name_of, read_changes, write};

/// The statements whose rows wait, in the order in which they are written, with the number of columns that name a row. Of rows with the same name
/// the last one counts. The place in this list is what the file holds, so it only grows at its end.
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

/// How many transactions are a slice at least, at most, and for each of those that came together lately: what comes in small pieces leaves time
/// to settle often, and then nobody waits long for it.
const SHORTEST: usize = 64;
const LONGEST: usize = 8_192;
const FOR_EACH: usize = 128;
/// How many transactions may wait before the next has to. Some 40 MiB.
const MOST: usize = 16_384;

/// The file's own schema. Whoever changes the database other than by settling changes `stamp`, so that other processes see that something was
/// changed.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS tail (number INTEGER NOT NULL PRIMARY KEY, rows BLOB NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS stamp (changes INTEGER NOT NULL) STRICT;
    INSERT INTO stamp SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM stamp);
";

/// The file of the tail of the database at `path`.
pub(crate) fn file_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-tail");
    PathBuf::from(name)
}

/// The name of a claimed request key.
pub(super) fn name_of_claim(caller: Vec<u8>, request_id: String) -> Vec<u8> {
    name_of(CLAIM, &[Value::Blob(caller), Value::Text(request_id)])
}

/// Gives a new file its tables.
pub(super) fn prepare(file: &Connection) -> Result<(), rusqlite::Error> {
    // Reading takes the lock that says that somebody has it open.
    let is_there = file.query_row("SELECT 1 FROM sqlite_schema WHERE name = 'stamp'", [], |_| Ok(())).optional()?;
    match is_there {
        Some(()) => Ok(()),
        None => file.execute_batch(&format!("BEGIN IMMEDIATE; {SCHEMA} COMMIT")),
    }
}

/// Removes an empty file if nobody else has it open, through the only connection to it that this process has, which is of no use afterwards.
pub(super) fn remove(file: &Connection) -> Result<(), StoreError> {
    // Whoever has it open holds a lock on it all the time; this says so at once.
    file.busy_timeout(std::time::Duration::ZERO)?;
    file.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    let mode: String = file.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get(0))?;
    if mode != "delete" {
        return Ok(());
    }
    file.execute_batch("BEGIN EXCLUSIVE")?;
    let is_empty: bool = file.query_row("SELECT NOT EXISTS (SELECT 1 FROM tail)", [], |row| row.get(0))?;
    match file.path() {
        Some(path) if is_empty => {
            std::fs::remove_file(path).map_err(|error| StoreError::Unavailable(format!("{path}: {error}")))
        }
        _ => Ok(()),
    }
}

/// Lets a connection that reads the database look whether something waits.
pub(super) fn attach(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let file = file_of(path);
    let name = file.to_str().ok_or_else(|| StoreError::Unavailable("the path is not UTF-8".to_owned()))?;
    connection.execute("ATTACH DATABASE ?1 AS beside", [name])?;
    Ok(())
}

/// Whether something waits that the database does not have yet.
pub(super) fn waits(connection: &Connection) -> Result<bool, rusqlite::Error> {
    let text = "SELECT 1 FROM beside.tail WHERE number > (SELECT number FROM main.settled) LIMIT 1";
    prepare_if_migrated(connection, text)?.map_or(Ok(false), |mut statement| statement.exists([]))
}

/// Up to which number the database has the rows of the tail; `None` before the migrations.
pub(super) fn settled(connection: &Connection) -> Result<Option<i64>, StoreError> {
    let statement = prepare_if_migrated(connection, "SELECT number FROM settled")?;
    Ok(statement.map(|mut statement| statement.query_row([], |row| row.get(0))).transpose()?)
}

/// A statement, or nothing before the migrations, when its table is not there. A database that cannot be read just now has it all the same.
fn prepare_if_migrated<'a>(
    connection: &'a Connection,
    text: &str,
) -> Result<Option<CachedStatement<'a>>, rusqlite::Error> {
    match connection.prepare_cached(text) {
        Ok(statement) => Ok(Some(statement)),
        // SQLite has no code for it.
        Err(error) if error.to_string().contains("no such table") => Ok(None),
        Err(error) => Err(error),
    }
}

/// What is settled at once: rows of the file as it holds them, each with its number.
#[derive(Debug, Default)]
pub(super) struct Slice {
    rows: Vec<(i64, Vec<u8>)>,
    transactions: usize,
}

impl Slice {
    /// Writes what the database does not have yet where it belongs, in the open transaction.
    ///
    /// Nothing of it can be refused: it was decided on what the tables would hold. If it is, they are not what Warifu wrote, and no more is
    /// written until somebody has looked.
    pub(super) fn settle(&self, connection: &Connection) -> Result<(), StoreError> {
        self.write(connection).map_err(|error| match error {
            StoreError::Constraint(text) | StoreError::Failed(text) => {
                StoreError::Stopped(format!("what was recorded cannot be settled: {text}; run `warifu verify`"))
            }
            other => other,
        })
    }

    fn write(&self, connection: &Connection) -> Result<(), StoreError> {
        let done = settled(connection)?.ok_or_else(|| StoreError::Failed("there is no table for it".to_owned()))?;
        let mut changes = Vec::with_capacity(self.transactions.saturating_mul(LATER.len()));
        for (_, row) in self.rows.iter().filter(|(number, _)| *number > done) {
            read_changes(row, |change| changes.push(change))?;
        }
        // In the order of keys; of the same key the last one counts.
        changes.sort_by_key(|change| (change.place, change.name));
        for changes in changes.chunk_by(|change, next| change.place == next.place) {
            let place = changes.first().map_or(0, |change| usize::from(change.place));
            let (statement, _) = LATER.get(place).ok_or_else(corrupt)?;
            let mut prepared = connection.prepare_cached(statement.sqlite())?;
            for change in changes.chunk_by(|change, next| change.name == next.name).filter_map(<[_]>::last) {
                let values = change.values.iter().map(|value| ToSqlOutput::Borrowed(*value));
                if prepared.execute(rusqlite::params_from_iter(values))? != 1 {
                    return Err(StoreError::Failed(format!("{} found nothing to write", statement.name)));
                }
            }
        }
        connection.prepare_cached("UPDATE settled SET number = ?1 WHERE number < ?1")?.execute([self.last()])?;
        Ok(())
    }

    /// The number of its last row; 0 if it has none.
    pub(super) fn last(&self) -> i64 {
        self.rows.last().map_or(0, |(number, _)| *number)
    }
}

/// What waits, as the thread that writes knows it.
#[derive(Debug)]
pub(super) struct Tail {
    /// Which request keys are new.
    claims: Claims,
    /// The number of the last row that waits under a name, with its place in [`LATER`] before it. Of the journal none: what else waits with its
    /// rows says that they do, and nobody finds one by its position.
    latest: HashMap<Vec<u8>, i64>,
    /// What is to be settled next.
    next: Slice,
    /// The number of the last row of the file.
    last: i64,
    /// What the piece of work at hand has added, as the file will hold it, and how many transactions these are.
    added: Vec<u8>,
    added_transactions: usize,
    /// How many came together lately: the most, a little less after each piece of work, for beside a large one comes a small one.
    together: usize,
    /// Whether there may be something else than is known here.
    is_stale: bool,
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
    /// The tail of the database at `path`, of which nothing is known yet.
    pub(super) fn unread(path: &Path) -> Self {
        Self {
            claims: Claims::of(path),
            latest: HashMap::new(),
            next: Slice::default(),
            last: 0,
            added: Vec::new(),
            added_transactions: 0,
            together: 0,
            is_stale: true,
            needs: HashMap::new(),
        }
    }

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
            let name = name_of(CLAIM, &row);
            if self.latest.contains_key(&name) {
                continue;
            }
            if !self.claims.is_new(&name) {
                if self.claims.look() {
                    let waiting = self.latest.keys().filter(|name| name.first() == Some(&CLAIM));
                    self.claims.begin(connection, waiting.map(Vec::as_slice))?;
                }
                if find.exists(rusqlite::params_from_iter(row.iter().take(2)))? {
                    continue;
                }
            }
            self.claims.add(&name);
            self.add(CLAIM, &row);
            claimed.push(Row { statement, values: row });
        }
        Ok(claimed)
    }

    /// Whether this statement claims request keys, which has to say at once what it claimed.
    pub(super) const fn is_claim(place: u8) -> bool {
        place == CLAIM
    }

    /// Forgets what is known: something was undone, or another process has written.
    pub(super) fn distrust(&mut self) {
        self.is_stale = true;
        self.added.clear();
        self.added_transactions = 0;
    }

    /// Forgets which request keys are claimed as well: somebody may have claimed some without saying so here.
    pub(super) fn distrust_claims(&mut self) {
        self.claims.forget();
    }

    /// Reads what waits. Whoever settles has to be done, and the connection has to see what it did.
    pub(super) fn read(&mut self, connection: &Connection, file: &Connection) -> Result<(), StoreError> {
        self.latest.clear();
        self.next = Slice::default();
        self.distrust();
        if let Some(settled) = settled(connection)? {
            self.read_after(settled, file)?;
        }
        // They did not come together.
        self.added_transactions = 0;
        self.is_stale = false;
        Ok(())
    }

    fn read_after(&mut self, settled: i64, file: &Connection) -> Result<(), StoreError> {
        self.last = settled;
        let mut statement = file.prepare_cached("SELECT number, rows FROM tail WHERE number > ?1 ORDER BY number")?;
        let mut found = statement.query([settled])?;
        while let Some(row) = found.next()? {
            // What came between was removed by somebody, and with it perhaps what these were decided on.
            let number: i64 = row.get(0)?;
            if number != self.last.saturating_add(1) {
                return Err(corrupt());
            }
            self.read_row(number, row.get_ref(1)?.as_blob().map_err(|_| corrupt())?)?;
            self.last = number;
        }
        Ok(())
    }

    fn read_row(&mut self, number: i64, bytes: &[u8]) -> Result<(), StoreError> {
        read_changes(bytes, |change| {
            if change.place == JOURNAL {
                self.next.transactions = self.next.transactions.saturating_add(1);
            } else {
                self.latest.insert(key(change.place, change.name), number);
            }
        })?;
        self.next.rows.push((number, bytes.to_vec()));
        Ok(())
    }

    /// Adds a row that is to be written later.
    pub(super) fn add(&mut self, place: u8, row: &[Value]) {
        if self.added.is_empty() {
            self.added.push(FORMAT);
        }
        self.added.push(place);
        let begin = self.added.len();
        let named = LATER.get(usize::from(place)).map_or(0, |(_, columns)| *columns);
        let (name, rest) = row.split_at_checked(named).unwrap_or((row, &[]));
        name.iter().for_each(|value| write(&mut self.added, value));
        if place == JOURNAL {
            self.next.transactions = self.next.transactions.saturating_add(1);
            self.added_transactions = self.added_transactions.saturating_add(1);
        } else {
            let name = key(place, self.added.get(begin..).unwrap_or_default());
            self.latest.insert(name, self.last.saturating_add(1));
        }
        rest.iter().for_each(|value| write(&mut self.added, value));
    }

    /// Whether a row of this name waits.
    pub(super) fn holds(&self, place: u8, row: &[Value]) -> bool {
        self.latest.contains_key(&name_of(place, row))
    }

    /// Whether what is known of it is what the file holds, with what is added.
    pub(super) const fn is_known(&self) -> bool {
        !self.is_stale
    }

    /// Whether there is nothing to be settled next.
    pub(super) fn is_empty(&self) -> bool {
        self.next.rows.is_empty() && self.added.is_empty()
    }

    /// Whether it is time to settle.
    pub(super) fn is_long(&self) -> bool {
        let slice = self.together.saturating_mul(FOR_EACH).clamp(SHORTEST, LONGEST);
        self.next.transactions >= slice
    }

    /// Whether no more may wait.
    pub(super) const fn is_full(&self) -> bool {
        self.next.transactions >= MOST
    }

    /// Whether the piece of work at hand has added something.
    pub(super) fn has_added(&self) -> bool {
        !self.added.is_empty()
    }

    /// Keeps what the piece of work at hand has added in the file.
    pub(super) fn append(&mut self, file: &Connection) -> Result<(), StoreError> {
        let number = self.last.saturating_add(1);
        let mut statement = file.prepare_cached("INSERT INTO tail (number, rows) VALUES (?1, ?2)")?;
        statement.execute(rusqlite::params![number, self.added])?;
        self.end_number();
        let added = std::mem::take(&mut self.added_transactions);
        self.together = added.max(self.together.saturating_sub(self.together.div_ceil(16)));
        Ok(())
    }

    /// What was added so far has its number; what comes has the next one.
    fn end_number(&mut self) {
        self.last = self.last.saturating_add(1);
        let capacity = self.added.len();
        self.next.rows.push((self.last, std::mem::replace(&mut self.added, Vec::with_capacity(capacity))));
    }

    /// What is to be settled next. What was added and is in no file yet is part of it.
    pub(super) fn take(&mut self) -> Slice {
        if self.has_added() {
            self.end_number();
            self.added_transactions = 0;
        }
        std::mem::take(&mut self.next)
    }

    /// Forgets what the database has.
    pub(super) fn forget(&mut self, slice: &Slice) {
        // What waits under a later number again stays.
        let last = slice.last();
        self.latest.retain(|_, number| *number > last);
    }

    /// Takes back what could not be settled.
    pub(super) fn take_back(&mut self, mut slice: Slice) {
        slice.rows.append(&mut self.next.rows);
        slice.transactions = slice.transactions.saturating_add(self.next.transactions);
        self.next = slice;
    }

    /// What a statement has to do with what waits.
    pub(super) fn need(&mut self, statement: &'static str, text: &'static str) -> Need {
        if self.latest.is_empty() {
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
pub(super) fn concerns(text: &str) -> bool {
    let words = || text.split(|character: char| !character.is_alphanumeric() && character != '_');
    let is_new = words().next() == Some("INSERT") && !words().any(|word| word == "SELECT");
    !is_new && words().any(|word| TABLES.contains(&word))
}
