//! SQLite: one thread that writes, a few that read, each the owner of its connection.

mod log;
mod memory;
mod tail;
mod worker;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::{Access, Engine, Transaction, Work};
use crate::database::Options;
use crate::error::StoreError;
use crate::registry::{Each, Statement};
use crate::value::{Row, Type, Value};

use log::Log;
pub(crate) use memory::Memory;
use tail::{Need, Tail};
use worker::{Duty, Worker};

/// How many prepared statements a connection keeps; more than the registry has.
const STATEMENT_CACHE: usize = 128;
/// What a connection keeps of the file in memory: KiB, negative as SQLite wants it. More is slower for the writer: after a page
/// was split, a commit looks through all that is kept.
const CACHE: i64 = -16_384;

/// How long a connection waits for another one.
const PATIENCE: Duration = Duration::from_secs(5);

/// The connections to one database file.
#[derive(Debug)]
pub(crate) struct Sqlite {
    writer: Worker,
    readers: Vec<Worker>,
    /// Moves the log into the file while the writer goes on.
    mover: Worker,
    next_reader: AtomicUsize,
    log: Log,
}

impl Sqlite {
    /// Opens `path`, which is created if there is none.
    pub(crate) fn open(path: &Path, options: Options) -> Result<Self, StoreError> {
        let log = Log::new(options.sqlite_log_mib);
        let writing = patiently(|| {
            let mut writing = connect(path, Access::Write)?;
            log.take_over(&mut writing, path).map(|()| writing)
        })?;
        let moving = patiently(|| connect(path, Access::Write))?;
        let mover = Worker::start("sqlite-mover", moving, Duty::Move(log.clone()))?;
        let writer = Worker::start("sqlite-writer", writing, Duty::Write(log.clone(), mover.clone()))?;
        let readers = (0..options.sqlite_readers.max(1))
            .map(|_| {
                let connection = patiently(|| connect(path, Access::Read))?;
                Worker::start("sqlite-reader", connection, Duty::Read(writer.clone()))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { writer, readers, mover, next_reader: AtomicUsize::new(0), log })
    }

    pub(crate) async fn run<T: Send + 'static>(&self, access: Access, work: Work<T>) -> Result<T, StoreError> {
        let worker = match access {
            Access::Write => &self.writer,
            Access::Read | Access::ReadBehind => {
                let turn = self.next_reader.fetch_add(1, Ordering::Relaxed);
                self.readers.get(turn % self.readers.len()).unwrap_or(&self.writer)
            }
        };
        worker.run(access, work).await
    }

    /// Whether writing goes on: it ends for good with the first sync that fails.
    pub(crate) fn check_writing(&self) -> Result<(), StoreError> {
        self.log.check()
    }

    /// Ends writing as a failed sync does.
    #[cfg(test)]
    pub(crate) fn stop(&self) {
        self.log.note(&StoreError::Stopped("on purpose".to_owned()));
    }

    /// Finishes what waits and closes every connection, the writer's last: closing it moves the log into the file, which is
    /// then the whole database.
    pub(crate) async fn close(&self) {
        for worker in self.readers.iter().chain([&self.mover, &self.writer]) {
            worker.close().await;
        }
    }
}

/// Tries again for a while what another process is in the way of. Whoever turns a new file to its log, or takes over what is left in
/// one, does it alone, and SQLite tells the second one so at once, without waiting.
fn patiently<T>(mut open: impl FnMut() -> Result<T, StoreError>) -> Result<T, StoreError> {
    let until = Instant::now() + PATIENCE;
    loop {
        match open() {
            Err(StoreError::Conflict(_)) if Instant::now() < until => std::thread::sleep(Duration::from_millis(5)),
            opened => return opened,
        }
    }
}

fn connect(path: &Path, access: Access) -> Result<Connection, StoreError> {
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if access == Access::Write {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
    }
    let connection = Connection::open_with_flags(path, flags)?;
    // A plan never depends on what is bound. Otherwise statements on tables with partial indexes are prepared anew each time.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // A commit returns after its log is on the disk, which is what an answered payment promises.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    connection.pragma_update(None, "trusted_schema", "OFF")?;
    // What a savepoint would undo is kept in memory, not in a file.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "cache_size", CACHE)?;
    connection.pragma_update(None, "query_only", if access == Access::Read { "ON" } else { "OFF" })?;
    Ok(connection)
}

impl Transaction {
    fn on(connection: Connection, writes: bool) -> Self {
        let (memory, tail) = (writes.then(Box::<Memory>::default), writes.then(Box::<Tail>::default));
        Self { engine: Engine::Sqlite(Open { connection, memory, tail }) }
    }
}

/// A connection inside a transaction.
#[derive(Debug)]
pub(super) struct Open {
    connection: Connection,
    /// The writer's only: others have nothing that they could be sure of.
    memory: Option<Box<Memory>>,
    /// The writer's only, likewise.
    tail: Option<Box<Tail>>,
}

impl Open {
    const fn connection(&self) -> &Connection {
        &self.connection
    }

    fn close(self) {
        if let Err((_, error)) = self.connection.close() {
            tracing::warn!(%error, "a connection did not close cleanly; nothing is lost");
        }
    }

    pub(super) fn memory(&mut self) -> Option<&mut Memory> {
        self.memory.as_deref_mut()
    }

    /// Begins a transaction that writes.
    fn begin_immediate(&mut self) -> Result<(), StoreError> {
        self.control("BEGIN IMMEDIATE")?;
        if let (Some(memory), Some(tail)) = (&mut self.memory, &mut self.tail)
            && memory.begin(&self.connection)?
        {
            tail.distrust();
        }
        Ok(())
    }

    /// Begins a piece of work in the open transaction.
    fn begin_work(&mut self) -> Result<(), StoreError> {
        self.tail.as_mut().map_or(Ok(()), |tail| tail.refresh(&self.connection))
    }

    /// Ends a piece of work that succeeded: what it left for later is in the table of the tail.
    fn end_work(&mut self) -> Result<(), StoreError> {
        match &mut self.tail {
            Some(tail) if tail.is_known() => tail.append(&self.connection),
            // It went on after an error that was not for it to bear.
            Some(_) => Err(StoreError::Failed("what was recorded was not settled".to_owned())),
            None => Ok(()),
        }
    }

    fn forget(&mut self) {
        self.memory.iter_mut().for_each(|memory| memory.forget());
        self.tail.iter_mut().for_each(|tail| tail.distrust());
    }

    /// Writes what waits in the tail where it belongs.
    ///
    /// Nothing of it can be refused: it was decided on what the tables would hold. If it is, they are not what Warifu wrote, and no more is
    /// written until somebody has looked.
    fn settle(&mut self) -> Result<(), StoreError> {
        let waiting = match &mut self.tail {
            Some(tail) if !tail.is_empty() => tail.take(),
            _ => return Ok(()),
        };
        self.write_settled(waiting).map_err(|error| {
            self.forget();
            match error {
                StoreError::Constraint(text) | StoreError::Failed(text) => {
                    StoreError::Stopped(format!("what was recorded cannot be settled: {text}; run `warifu verify`"))
                }
                other => other,
            }
        })
    }

    fn write_settled(&mut self, waiting: Vec<(&'static Each, Vec<Vec<Value>>)>) -> Result<(), StoreError> {
        for (statement, rows) in waiting {
            let mut prepared = self.connection.prepare_cached(statement.sqlite())?;
            for row in rows {
                if prepared.execute(rusqlite::params_from_iter(&row))? != 1 {
                    return Err(StoreError::Failed(format!("{} found nothing to write", statement.name)));
                }
            }
        }
        self.connection.prepare_cached("DELETE FROM tail")?.execute([])?;
        Ok(())
    }

    /// What a statement has to do with what waits. What it needs settled is settled.
    fn prepare_for(&mut self, name: &'static str, text: &'static str) -> Result<Option<u8>, StoreError> {
        match self.tail.as_mut().map_or(Need::Nothing, |tail| tail.need(name, text)) {
            Need::Nothing => Ok(None),
            Need::IfFound(place) => Ok(Some(place)),
            Need::Settled => self.settle().map(|()| None),
        }
    }

    /// Settles the tail if it holds one of these rows, and says whether.
    fn settle_found(&mut self, place: Option<u8>, found: &[Row]) -> Result<bool, StoreError> {
        let holds = |tail: &Tail, place| found.iter().any(|row| tail.holds(place, &row.values));
        let is_held = place.zip(self.tail.as_ref()).is_some_and(|(place, tail)| holds(tail, place));
        if is_held {
            self.settle()?;
        }
        Ok(is_held)
    }

    fn is_tail_long(&self) -> bool {
        self.tail.as_ref().is_some_and(|tail| tail.is_long())
    }

    /// Settles the tail in memory only, for who wants to read where nothing can be written.
    fn begin_aside(&mut self) -> Result<(), StoreError> {
        // Otherwise a full cache would be emptied into the log.
        self.connection.pragma_update(None, "cache_spill", "OFF")?;
        self.begin_immediate()?;
        self.begin_work()?;
        self.settle()
    }

    /// Undoes that.
    fn end_aside(&mut self) {
        self.roll_back();
        self.forget();
        if let Err(error) = self.connection.pragma_update(None, "cache_spill", "ON") {
            tracing::warn!(%error, "the cache keeps what it could write");
        }
    }

    /// Whether commits wait for the disk.
    fn wait_for_sync(&self, waits: bool) -> Result<(), StoreError> {
        // FULL: a commit returns after its log is on the disk, which is what an answered payment promises.
        Ok(self.connection.pragma_update(None, "synchronous", if waits { "FULL" } else { "NORMAL" })?)
    }

    /// Whether a transaction is open. SQLite ends one by itself after some errors.
    fn is_open(&self) -> bool {
        !self.connection.is_autocommit()
    }

    fn roll_back(&mut self) {
        if self.is_open()
            && let Err(error) = self.control("ROLLBACK")
        {
            tracing::error!(%error, "a transaction could not be rolled back");
        }
    }

    /// A commit that the disk did not take whole is undone here, but the next process may find it whole in the log.
    fn commit(&mut self) -> Result<(), StoreError> {
        self.control("COMMIT").map_err(|error| match error {
            StoreError::Unavailable(text) => StoreError::Unknown(text),
            other => other,
        })
    }

    pub(super) fn rows(&mut self, statement: &'static Statement, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        let place = self.prepare_for(statement.name, statement.text)?;
        let found = self.run_rows(statement, params)?;
        if self.settle_found(place, &found)? { self.run_rows(statement, params) } else { Ok(found) }
    }

    fn run_rows(&mut self, statement: &'static Statement, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        let mut prepared = self.connection.prepare_cached(statement.sqlite())?;
        self.memory.iter_mut().for_each(|memory| memory.note(statement.text));
        let mut out = Vec::new();
        query(&mut prepared, statement.name, statement.columns, params, &mut out)?;
        Ok(out)
    }

    pub(super) fn execute(&mut self, statement: &'static Statement, params: &[Value]) -> Result<u64, StoreError> {
        self.prepare_for(statement.name, statement.text)?;
        let mut prepared = self.connection.prepare_cached(statement.sqlite())?;
        self.memory.iter_mut().for_each(|memory| memory.note(statement.text));
        let touched = prepared.execute(rusqlite::params_from_iter(params))?;
        Ok(u64::try_from(touched).unwrap_or(u64::MAX))
    }

    /// As [`Self::execute`], with zeros over what is deleted. Only where it matters: it writes pages that deleting alone would leave.
    pub(super) fn erase(&mut self, statement: &'static Statement, params: &[Value]) -> Result<u64, StoreError> {
        self.connection.pragma_update(None, "secure_delete", "ON")?;
        let touched = self.execute(statement, params);
        self.connection.pragma_update(None, "secure_delete", "OFF")?;
        touched
    }

    pub(super) fn each(&mut self, statement: &'static Each, rows: Vec<Vec<Value>>) -> Result<Vec<Row>, StoreError> {
        if let Some(place) = Tail::place(statement)
            && let Some(tail) = &mut self.tail
        {
            if Tail::is_claim(place) {
                return tail.claim(&self.connection, statement.name, rows);
            }
            rows.into_iter().for_each(|row| tail.add(place, row));
            return Ok(Vec::new());
        }
        let place = self.prepare_for(statement.name, statement.row)?;
        let found = self.run_each(statement, &rows)?;
        if self.settle_found(place, &found)? { self.run_each(statement, &rows) } else { Ok(found) }
    }

    fn run_each(&self, statement: &'static Each, rows: &[Vec<Value>]) -> Result<Vec<Row>, StoreError> {
        let mut prepared = self.connection.prepare_cached(statement.sqlite())?;
        let mut out = Vec::new();
        if prepared.column_count() > 0 {
            for params in rows {
                query(&mut prepared, statement.name, statement.columns, params, &mut out)?;
            }
            return Ok(out);
        }
        for params in rows {
            let touched = prepared.execute(rusqlite::params_from_iter(params))?;
            if touched > 0 && statement.echoes() {
                out.push(Row { statement: statement.name, values: params.clone() });
            }
        }
        Ok(out)
    }

    /// Begins and ends transactions and savepoints.
    fn control(&self, text: &str) -> Result<(), StoreError> {
        Ok(self.connection.execute_batch(text)?)
    }

    /// Runs a migration, which may change anything.
    pub(super) fn script(&mut self, text: &str) -> Result<(), StoreError> {
        self.settle()?;
        self.memory.iter_mut().for_each(|memory| memory.forget());
        Ok(self.connection.execute_batch(text)?)
    }

    pub(super) fn check(&mut self, text: &str, params: &[Type], columns: &[Type]) -> Result<(), String> {
        let prepared = self.connection.prepare(text).map_err(|error| error.to_string())?;
        if prepared.parameter_count() != params.len() {
            return Err(format!("takes {} parameters, registered {}", prepared.parameter_count(), params.len()));
        }
        let echoes = prepared.column_count() == 0 && columns == params;
        if prepared.column_count() != columns.len() && !echoes {
            return Err(format!("returns {} columns, registered {}", prepared.column_count(), columns.len()));
        }
        Ok(())
    }
}

/// Runs a prepared statement with one row of parameters, and adds the rows that it returns.
fn query(
    prepared: &mut rusqlite::Statement<'_>,
    name: &'static str,
    columns: &[Type],
    params: &[Value],
    out: &mut Vec<Row>,
) -> Result<(), StoreError> {
    let mut found = prepared.query(rusqlite::params_from_iter(params))?;
    while let Some(row) = found.next()? {
        let values = (0..columns.len()).map(|column| row.get_ref(column).map(to_value)).collect::<Result<_, _>>()?;
        out.push(Row { statement: name, values });
    }
    Ok(())
}

fn to_value(value: rusqlite::types::ValueRef<'_>) -> Value {
    use rusqlite::types::ValueRef;
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(int) => Value::Int(int),
        // Strict tables hold no reals; one that appears anyway is reported as corrupt by whoever reads it.
        ValueRef::Real(real) => Value::Text(real.to_string()),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    }
}
