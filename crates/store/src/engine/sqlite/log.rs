//! The log beside an SQLite file (`-wal`): when it is moved into the file, and what a failed sync means.
//!
//! **After a failed sync nothing is written any more.** The kernel may have dropped what it could not write and have called
//! it clean: a later sync that succeeds proves nothing about it (the "fsyncgate" of PostgreSQL, 2018). So the first one
//! that fails ends all writing of this process, for good; reading goes on.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};

use rusqlite::config::DbConfig;
use rusqlite::hooks::Wal;
use rusqlite::{Connection, ErrorCode};

use crate::error::StoreError;

/// The log is short enough, or nobody has looked at it.
const SHORT: u8 = 0;
/// It is being moved beside the commits.
const MOVING: u8 = 1;
/// What was there is moved; the writer moves the little that was added meanwhile, after which the log begins anew.
const MOVED: u8 = 2;

/// What is known of the log of one open file. Cloning it shares it.
#[derive(Clone, Debug)]
pub(super) struct Log {
    /// How many bytes are many. The longer the log, the more often a page that is written again and again is moved only once.
    /// Watched here and not by SQLite, which would not say that a sync failed.
    many: i64,
    bytes: Arc<AtomicI64>,
    moving: Arc<AtomicU8>,
    stopped: Arc<OnceLock<String>>,
}

impl Log {
    /// A log that is moved when it is longer than so many MiB.
    pub(super) fn new(mib: usize) -> Self {
        let many = i64::try_from(mib).unwrap_or(i64::MAX).saturating_mul(1_048_576);
        Self { many, bytes: Arc::default(), moving: Arc::default(), stopped: Arc::default() }
    }

    /// The log of another file that ends with this one: a failed sync of either ends all writing.
    pub(super) fn beside(&self, mib: usize) -> Self {
        Self { stopped: Arc::clone(&self.stopped), ..Self::new(mib) }
    }

    /// Prepares the connection that writes, before its first transaction.
    ///
    /// What a killed process left in the log may be in the kernel's memory only, yet it would be read as committed and told
    /// to whoever inquires. So it is synced, and moved into the file, before anybody reads it.
    ///
    /// The folder is synced as well, so that the log's name is on the disk: SQLite does so too, and takes no notice if it
    /// fails.
    pub(super) fn take_over(&self, connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
        match move_into_file(connection) {
            Ok(()) => {}
            // The log itself was synced by then and the file has no room to grow; or nothing here can be written at all.
            Err(error) if matches!(error.sqlite_error_code(), Some(ErrorCode::DiskFull | ErrorCode::ReadOnly)) => {
                tracing::warn!(%error, "the log could not be moved into the database file");
            }
            Err(error) => return Err(error.into()),
        }
        sync_folder(path).map_err(|error| {
            StoreError::Stopped(format!("a sync of the disk failed: the folder of the database: {error}"))
        })?;
        self.watch(connection)
    }

    /// Takes note of what a connection writes.
    pub(super) fn watch(&self, connection: &mut Connection) -> Result<(), StoreError> {
        let page: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
        let bytes = Arc::clone(&self.bytes);
        // Takes the place of SQLite's own.
        connection.wal_hook(Some(move |_: &mut Wal, count| {
            bytes.store(i64::from(count).saturating_mul(page), Ordering::Relaxed);
            Ok(())
        }))?;
        Ok(())
    }

    /// After a commit: has a long log moved by another connection, beside the commits that follow, for moving it makes whoever
    /// does it wait; then moves the rest of it.
    pub(super) fn look_after(&self, connection: &Connection, move_most: impl FnOnce() -> bool) {
        if self.check().is_err() {
            return;
        }
        let turns = |from, to| self.moving.compare_exchange(from, to, Ordering::AcqRel, Ordering::Relaxed).is_ok();
        if self.bytes.load(Ordering::Relaxed) >= self.many && turns(SHORT, MOVING) {
            if !move_most() {
                self.moving.store(SHORT, Ordering::Release);
            }
        } else if turns(MOVED, MOVING) {
            self.move_and_note(connection);
            self.bytes.store(0, Ordering::Relaxed);
            self.moving.store(SHORT, Ordering::Release);
        }
    }

    /// Moves what is in the log while commits go on.
    pub(super) fn move_most(&self, connection: &Connection) {
        if self.check().is_ok() {
            self.move_and_note(connection);
        }
        self.moving.store(MOVED, Ordering::Release);
    }

    fn move_and_note(&self, connection: &Connection) {
        if let Err(error) = move_into_file(connection) {
            let error = StoreError::from(error);
            tracing::warn!(%error, "the log could not be moved into the database file; it grows until it can");
            self.note(&error);
        }
    }

    /// Ends all writing if that is what the error says.
    pub(super) fn note(&self, error: &StoreError) {
        if let StoreError::Stopped(text) = error
            && self.stopped.set(text.clone()).is_ok()
        {
            tracing::error!(%error, "look at the disk before this process is restarted");
        }
    }

    /// Whether writing goes on.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        self.stopped.get().map_or(Ok(()), |text| Err(StoreError::Stopped(text.clone())))
    }

    /// Has a connection leave the log as it is when it closes, if writing has ended.
    pub(super) fn prepare_to_close(&self, connection: &Connection) {
        if self.check().is_err()
            && let Err(error) = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        {
            tracing::warn!(%error, "closing may move the log into the database file");
        }
    }
}

/// As much as no reader needs any more; waits for nobody.
fn move_into_file(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
}

fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        // Not every system lets a folder be opened or synced.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied
            ) =>
        {
            Ok(())
        }
        synced => synced,
    }
}
