//! A copy of a whole database that is one file, made while others write to it; and what such a copy says of itself.
//!
//! What a database server keeps has tools of its own, and is not copied here.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use crate::database::{Database, DatabaseUrl, Options};
use crate::engine::{Transaction, tail_of};
use crate::error::StoreError;
use crate::journal::JournalCursor;
use crate::registry::Statement;
use crate::value::Type;

// Not in the registry, which both engines must take.
static CHECK_INTEGRITY: Statement = Statement {
    name: "CHECK_INTEGRITY",
    text: "SELECT integrity_check FROM pragma_integrity_check",
    params: &[],
    columns: &[Type::Text],
    sqlite: std::sync::OnceLock::new(),
};
static CHECK_FOREIGN_KEYS: Statement = Statement {
    name: "CHECK_FOREIGN_KEYS",
    text: "SELECT DISTINCT \"table\" FROM pragma_foreign_key_check",
    params: &[],
    columns: &[Type::Text],
    sqlite: std::sync::OnceLock::new(),
};
static FIND_MIGRATION: Statement = Statement {
    name: "FIND_MIGRATION",
    text: "SELECT COALESCE(max(number), 0) FROM migrations",
    params: &[],
    columns: &[Type::Int],
    sqlite: std::sync::OnceLock::new(),
};

impl DatabaseUrl {
    /// The file that is the whole database, with the logs beside it; `None` where a server keeps it.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(path) => Some(path),
            Self::Postgres(_) => None,
        }
    }
}

/// Files that belong to the one at `path` while it is open, or if it was not closed: they are no database without it, and it
/// is none with those of another.
#[must_use]
pub fn files_beside(path: &Path) -> Vec<PathBuf> {
    let logs = |path: &Path| ["-wal", "-shm", "-journal"].map(|ending| named(path, ending));
    let tail = tail_of(path);
    let beside = logs(&tail);
    std::iter::once(tail).chain(beside).chain(logs(path)).collect()
}

fn named(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Copies the database in the file `from` as it is at one moment into `into`, an empty file. Whoever writes to it goes on;
/// only its log cannot shrink meanwhile. What is copied is not flushed to the disk.
///
/// # Errors
/// What the database said; then `into` holds nothing that is of use.
pub async fn copy_file(from: &Path, into: &Path) -> Result<(), StoreError> {
    // What was recorded before now is in the file that is copied.
    let options = Options { sqlite_readers: 1, ..Options::default() };
    let database = Database::open(&DatabaseUrl::Sqlite(from.to_owned()), options)?;
    let settled = database.read(|_| Box::pin(async { Ok(()) })).await;
    database.close().await;
    settled?;
    let (from, into) = (from.to_owned(), into.to_owned());
    let copied = tokio::task::spawn_blocking(move || {
        // May write, so that it is the one who puts the log away if nobody else has the database open.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&from, flags)?;
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        connection.pragma_update(None, "trusted_schema", "OFF")?;
        let name = into.to_str().ok_or_else(|| StoreError::Failed("the path is not UTF-8".to_owned()))?;
        connection.execute("VACUUM INTO ?1", [name])?;
        Ok(())
    });
    copied.await.map_err(|error| StoreError::Failed(error.to_string()))?
}

/// What a copy says of itself: by this the right one is told from others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// The number of the last migration that ran.
    pub schema: i64,
    /// The end of every stream.
    pub streams: Vec<JournalCursor>,
}

impl Database {
    /// Reads the file from end to end and says what is not sound in it: pages, indexes, rows that name what is not there.
    ///
    /// # Errors
    /// What the database said, which may be that it cannot make sense of the file at all.
    pub async fn check_file(&self) -> Result<Vec<String>, StoreError> {
        if !self.is_sqlite() {
            return Err(StoreError::Failed("this database is not a file".to_owned()));
        }
        self.read(|transaction| Box::pin(check(transaction))).await
    }

    /// What this database says of itself.
    ///
    /// # Errors
    /// What the database said.
    pub async fn contents(&self) -> Result<Contents, StoreError> {
        let read = self.read(|transaction| {
            Box::pin(async move {
                let schema = transaction.row(&FIND_MIGRATION, &[]).await?.map_or(Ok(0), |row| row.int(0))?;
                Ok(Contents { schema, streams: transaction.list_streams().await? })
            })
        });
        read.await
    }
}

async fn check(transaction: &mut Transaction) -> Result<Vec<String>, StoreError> {
    let mut complaints = Vec::new();
    for row in transaction.rows(&CHECK_INTEGRITY, &[]).await? {
        match row.text(0)? {
            "ok" => {}
            complaint => complaints.push(complaint.to_owned()),
        }
    }
    for row in transaction.rows(&CHECK_FOREIGN_KEYS, &[]).await? {
        complaints.push(format!("a row of {} names what is not there", row.text(0)?));
    }
    Ok(complaints)
}
