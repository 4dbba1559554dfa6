//! SQLite: one thread that writes, a few that read, each the owner of its connection.

mod log;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use tokio::sync::{mpsc, oneshot};

use super::{Access, Engine, Transaction, Work};
use crate::error::StoreError;
use crate::registry::{Each, Statement};
use crate::value::{Row, Type, Value};

use log::Log;

/// How many prepared statements a connection keeps; more than the registry has.
const STATEMENT_CACHE: usize = 128;
/// How many transactions may wait for one connection before the next has to wait outside.
const QUEUE: usize = 256;

/// Gives the connection back for the next job; `None` ends the thread.
type Job = Box<dyn FnOnce(Connection) -> Option<Connection> + Send>;

/// The connections to one database file.
#[derive(Debug)]
pub(crate) struct Sqlite {
    writer: mpsc::Sender<Job>,
    readers: Vec<mpsc::Sender<Job>>,
    next_reader: AtomicUsize,
    log: Log,
}

impl Sqlite {
    /// Opens `path`, which is created if there is none.
    pub(crate) fn open(path: &Path, readers: usize) -> Result<Self, StoreError> {
        let log = Log::default();
        let mut writing = connect(path, Access::Write)?;
        log.take_over(&mut writing, path)?;
        let writer = spawn("sqlite-writer", writing)?;
        let readers = (0..readers.max(1))
            .map(|_| spawn("sqlite-reader", connect(path, Access::Read)?))
            .collect::<Result<_, _>>()?;
        Ok(Self { writer, readers, next_reader: AtomicUsize::new(0), log })
    }

    pub(crate) async fn run<T: Send + 'static>(&self, access: Access, work: Work<T>) -> Result<T, StoreError> {
        let worker = match access {
            Access::Write => &self.writer,
            Access::Read => {
                let turn = self.next_reader.fetch_add(1, Ordering::Relaxed);
                self.readers.get(turn % self.readers.len()).unwrap_or(&self.writer)
            }
        };
        let (answer, answered) = oneshot::channel();
        let log = self.log.clone();
        let job: Job = Box::new(move |connection| {
            let may_write = if access == Access::Write { log.check() } else { Ok(()) };
            let (connection, result) = match may_write {
                Ok(()) => transact(connection, access, work),
                Err(error) => (connection, Err(error)),
            };
            if let Err(error) = &result {
                log.note(error);
            }
            // Nobody may be waiting any more; the transaction ended all the same.
            let _ = answer.send(result);
            if access == Access::Write {
                log.move_if_due(&connection);
            }
            Some(connection)
        });
        worker.send(job).await.map_err(|_| StoreError::Unavailable("the database is closed".to_owned()))?;
        answered.await.map_err(|_| StoreError::Unknown("the database thread ended".to_owned()))?
    }
}

impl Sqlite {
    /// Whether writing goes on: it ends for good with the first sync that fails.
    pub(crate) fn check_writing(&self) -> Result<(), StoreError> {
        self.log.check()
    }

    /// Finishes what waits and closes every connection, the writer's last: closing it moves the log into the file, which is
    /// then the whole database.
    pub(crate) async fn close(&self) {
        for worker in self.readers.iter().chain([&self.writer]) {
            let (closed, is_closed) = oneshot::channel();
            let log = self.log.clone();
            let job: Job = Box::new(move |connection| {
                log.prepare_to_close(&connection);
                if let Err((_, error)) = connection.close() {
                    tracing::warn!(%error, "a connection did not close cleanly; nothing is lost");
                }
                let _ = closed.send(());
                None
            });
            // An error means that it was closed before.
            if worker.send(job).await.is_ok() {
                let _ = is_closed.await;
            }
        }
    }
}

fn connect(path: &Path, access: Access) -> Result<Connection, StoreError> {
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if access == Access::Write {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
    }
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // FULL: a commit returns after its log is on the disk, which is what an answered payment promises.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    connection.pragma_update(None, "trusted_schema", "OFF")?;
    connection.pragma_update(None, "query_only", if access == Access::Read { "ON" } else { "OFF" })?;
    Ok(connection)
}

fn spawn(name: &str, connection: Connection) -> Result<mpsc::Sender<Job>, StoreError> {
    let (sender, mut jobs) = mpsc::channel::<Job>(QUEUE);
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            let mut open = Some(connection);
            while let Some(connection) = open.take()
                && let Some(job) = jobs.blocking_recv()
            {
                open = job(connection);
            }
        })
        .map_err(|error| StoreError::Unavailable(error.to_string()))?;
    Ok(sender)
}

/// Runs one transaction to its end and gives the connection back whatever happened inside.
fn transact<T>(connection: Connection, access: Access, work: Work<T>) -> (Connection, Result<T, StoreError>) {
    let mut transaction = Transaction { engine: Engine::Sqlite(Open { connection }) };
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        transaction.sqlite()?.begin(access)?;
        // Ready at the first poll: nothing on this engine waits.
        let value = futures::executor::block_on(work(&mut transaction))?;
        transaction.sqlite()?.commit()?;
        Ok(value)
    }));
    let result = outcome.unwrap_or_else(|_| Err(StoreError::Failed("a transaction panicked".to_owned())));
    let Engine::Sqlite(open) = transaction.engine else { unreachable!("opened as SQLite above") };
    if !open.connection.is_autocommit()
        && let Err(error) = open.connection.execute_batch("ROLLBACK")
    {
        tracing::error!(%error, "a transaction could not be rolled back");
    }
    (open.connection, result)
}

impl Transaction {
    fn sqlite(&mut self) -> Result<&mut Open, StoreError> {
        match &mut self.engine {
            Engine::Sqlite(open) => Ok(open),
            Engine::Postgres(_) => Err(StoreError::Failed("not an SQLite transaction".to_owned())),
        }
    }
}

/// A connection inside a transaction.
#[derive(Debug)]
pub(super) struct Open {
    connection: Connection,
}

impl Open {
    fn begin(&mut self, access: Access) -> Result<(), StoreError> {
        self.script(match access {
            Access::Read => "BEGIN DEFERRED",
            Access::Write => "BEGIN IMMEDIATE",
        })
    }

    /// A commit that the disk did not take whole is undone here, but the next process may find it whole in the log.
    fn commit(&mut self) -> Result<(), StoreError> {
        self.script("COMMIT").map_err(|error| match error {
            StoreError::Unavailable(text) => StoreError::Unknown(text),
            other => other,
        })
    }

    pub(super) fn rows(&mut self, statement: &'static Statement, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        let mut out = Vec::new();
        self.query(statement.name, statement.sqlite(), statement.columns, params, &mut out)?;
        Ok(out)
    }

    pub(super) fn execute(&mut self, statement: &'static Statement, params: &[Value]) -> Result<u64, StoreError> {
        let mut prepared = self.connection.prepare_cached(statement.sqlite())?;
        let touched = prepared.execute(rusqlite::params_from_iter(params))?;
        Ok(u64::try_from(touched).unwrap_or(u64::MAX))
    }

    pub(super) fn each(&mut self, statement: &'static Each, rows: &[Vec<Value>]) -> Result<Vec<Row>, StoreError> {
        let mut out = Vec::new();
        for params in rows {
            self.query(statement.name, statement.sqlite(), statement.columns, params, &mut out)?;
        }
        Ok(out)
    }

    fn query(
        &mut self,
        name: &'static str,
        text: &str,
        columns: &[Type],
        params: &[Value],
        out: &mut Vec<Row>,
    ) -> Result<(), StoreError> {
        let mut prepared = self.connection.prepare_cached(text)?;
        let mut found = prepared.query(rusqlite::params_from_iter(params))?;
        while let Some(row) = found.next()? {
            let values =
                (0..columns.len()).map(|column| row.get_ref(column).map(to_value)).collect::<Result<_, _>>()?;
            out.push(Row { statement: name, values });
        }
        Ok(())
    }

    pub(super) fn script(&mut self, text: &str) -> Result<(), StoreError> {
        Ok(self.connection.execute_batch(text)?)
    }

    pub(super) fn check(&mut self, text: &str, params: &[Type], columns: &[Type]) -> Result<(), String> {
        let prepared = self.connection.prepare(text).map_err(|error| error.to_string())?;
        if prepared.parameter_count() != params.len() {
            return Err(format!("takes {} parameters, registered {}", prepared.parameter_count(), params.len()));
        }
        if prepared.column_count() != columns.len() {
            return Err(format!("returns {} columns, registered {}", prepared.column_count(), columns.len()));
        }
        Ok(())
    }
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
