//! SQLite: one thread that writes, one that settles what it recorded, a few that read, each the owner of its connection.

mod claims;
mod job;
mod log;
mod memory;
mod open;
mod settler;
mod tail;
mod worker;
mod writing;

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::{Access, Work};
use crate::database::Options;
use crate::error::StoreError;

use log::Log;
pub(crate) use memory::Memory;
pub(super) use open::Open;
use settler::Settler;
pub(crate) use tail::file_of as tail_of;
use worker::{Duty, Worker};
use writing::Writing;

/// How many prepared statements a connection keeps; more than the registry has.
const STATEMENT_CACHE: usize = 128;
/// What a connection keeps of the file in memory: KiB, negative as SQLite wants it. More is slower for the writer: after a page
/// was split, a commit looks through all that is kept.
const CACHE: i64 = -16_384;
/// The same of the connection that settles: what a slice changes, so that no page of it is written twice.
const CACHE_OF_SETTLER: i64 = -65_536;

/// How long the log of the tail grows before it is moved, in MiB: what stands in it is soon removed again.
const TAIL_LOG: usize = 64;

/// How long a connection waits for another one.
const PATIENCE: Duration = Duration::from_secs(5);

/// The connections to one database file.
#[derive(Debug)]
pub(crate) struct Sqlite {
    writer: Worker,
    readers: Vec<Worker>,
    /// Reads what may lack the newest: among the others it would wait while they wait until the tail is settled.
    behind: Worker,
    /// These move the logs of the database and of the tail into their files while the writer goes on.
    movers: [Worker; 2],
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
        let mut settling = patiently(|| connect(path, Access::Write))?;
        log.watch(&mut settling)?;
        settling.pragma_update(None, "cache_size", CACHE_OF_SETTLER)?;

        let tail = tail::file_of(path);
        let tail_log = log.beside(TAIL_LOG);
        let file = patiently(|| {
            let mut file = connect_beside(path, &tail)?;
            tail_log.take_over(&mut file, &tail)?;
            Ok(file)
        })?;
        let moving = patiently(|| connect(&tail, Access::Write))?;
        let tail_mover = Worker::start("sqlite-mover", moving, Duty::Move(tail_log.clone()))?;

        let duty = Duty::Write { database: (log.clone(), mover.clone()), tail: (tail_log, tail_mover.clone()) };
        let writer = Worker::start_with("sqlite-writer", writing, duty, |wake| {
            let settler = Settler::start(settling, log.clone(), mover.clone(), wake)?;
            Ok(Some(Writing::new(path, file, settler)))
        })?;
        let reader = || {
            let connection = patiently(|| {
                let connection = connect(path, Access::Read)?;
                tail::attach(&connection, path).map(|()| connection)
            })?;
            Worker::start("sqlite-reader", connection, Duty::Read(writer.clone()))
        };
        let readers = (0..options.sqlite_readers.max(1)).map(|_| reader()).collect::<Result<_, _>>()?;
        let behind = reader()?;
        Ok(Self { writer, readers, behind, movers: [mover, tail_mover], next_reader: AtomicUsize::new(0), log })
    }

    pub(crate) async fn run<T: Send + 'static>(&self, access: Access, work: Work<T>) -> Result<T, StoreError> {
        let worker = match access {
            Access::Write | Access::WriteBeside => &self.writer,
            Access::ReadBehind => &self.behind,
            Access::Read => {
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
    /// then the whole database: the tail is gone.
    pub(crate) async fn close(&self) {
        for worker in self.readers.iter().chain([&self.behind]).chain(&self.movers).chain([&self.writer]) {
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

/// Opens the file of the tail, which is as readable for others as the database is.
fn connect_beside(path: &Path, tail: &Path) -> Result<Connection, StoreError> {
    let made = File::create_new(tail).and_then(|file| file.set_permissions(fs::metadata(path)?.permissions()));
    let unavailable = |error: io::Error| StoreError::Unavailable(format!("{}: {error}", tail.display()));
    match made {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(unavailable(error)),
        _ => {}
    }
    let before = fs::metadata(tail).map_err(unavailable)?;
    let file = connect(tail, Access::Write)?;
    tail::prepare(&file)?;
    // Whoever closes it as the last one removes it; from now on there is somebody else.
    match fs::metadata(tail) {
        Ok(now) if number(&now) == number(&before) => Ok(file),
        _ => Err(StoreError::Conflict("the tail was removed".to_owned())),
    }
}

/// The number by which the file system knows a file whatever its name; where there is none, no tail is removed.
fn number(file: &fs::Metadata) -> Option<u64> {
    #[cfg(unix)]
    return Some(std::os::unix::fs::MetadataExt::ino(file));
    #[cfg(not(unix))]
    return None;
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
