//! Migrations: forward only, each in a text for either engine, checked by its checksum, run by one runner at a time.

use sha2::{Digest, Sha256};

use crate::database::Database;
use crate::engine::Transaction;
use crate::error::StoreError;
use crate::registry::Statement;
use crate::value::{Type, Value};

struct Migration {
    number: i64,
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! migrations {
    ($($number:literal $name:literal),* $(,)?) => {
        &[$(Migration {
            number: $number,
            name: $name,
            sqlite: include_str!(concat!("../migrations/", $name, ".sqlite.sql")),
            postgres: include_str!(concat!("../migrations/", $name, ".postgres.sql")),
        }),*]
    };
}

static MIGRATIONS: &[Migration] = migrations![
    1 "0001_foundation",
    2 "0002_rules",
    3 "0003_webhooks",
    4 "0004_members",
    5 "0005_tills",
    6 "0006_reviews",
    7 "0007_readiness",
    8 "0008_journal",
    9 "0009_tail",
    10 "0010_codes",
    11 "0011_room",
    12 "0012_chain",
    13 "0013_packed",
    14 "0014_idle"
];

/// The lock that keeps a second runner waiting on PostgreSQL: any number that nobody else uses.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7701177011)";
const TABLE_SQLITE: &str = "CREATE TABLE IF NOT EXISTS migrations (number INTEGER NOT NULL PRIMARY KEY, \
    name TEXT NOT NULL, checksum TEXT NOT NULL) STRICT";
const TABLE_POSTGRES: &str = "CREATE TABLE IF NOT EXISTS migrations (number bigint NOT NULL PRIMARY KEY, \
    name text NOT NULL, checksum text NOT NULL)";

// Not in the registry, which is prepared against a migrated database.
static LIST: Statement = Statement {
    name: "LIST_MIGRATIONS",
    text: "SELECT number, checksum FROM migrations ORDER BY number",
    params: &[],
    columns: &[Type::Int, Type::Text],
    sqlite: std::sync::OnceLock::new(),
};
static CREATE: Statement = Statement {
    name: "CREATE_MIGRATION",
    text: "INSERT INTO migrations (number, name, checksum) VALUES ($1, $2, $3)",
    params: &[Type::Int, Type::Text, Type::Text],
    columns: &[],
    sqlite: std::sync::OnceLock::new(),
};

/// Why a database cannot be brought to this version's schema. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The database was migrated by a newer version of Warifu.
    #[error(
        "the database has migration {0}, which this version does not know; run the version that made it, or a newer one"
    )]
    Newer(i64),
    /// A migration that ran on this database had another text.
    #[error(
        "migration {0} ran with another text than this version's; this is not the database of an unmodified Warifu"
    )]
    Changed(&'static str),
    /// The database lacks migrations, and this command does not run them.
    #[error(
        "the database is at migration {found}, this version needs {needed}; start `warifu serve` once to migrate it"
    )]
    Behind {
        /// The last migration that ran.
        found: i64,
        /// The last migration there is.
        needed: i64,
    },
    /// The database said no.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Database {
    /// Brings the schema to this version's, in one transaction. Two runners at once are one after the other.
    ///
    /// # Errors
    /// [`MigrateError`]; the database is as it was.
    pub async fn migrate(&self) -> Result<usize, MigrateError> {
        let sqlite = self.is_sqlite();
        self.write(move |transaction| Box::pin(run(transaction, sqlite))).await?
    }

    /// Checks that the schema is this version's, without changing anything.
    ///
    /// # Errors
    /// [`MigrateError`] says what is different.
    pub async fn check_schema(&self) -> Result<(), MigrateError> {
        let sqlite = self.is_sqlite();
        let done = self.read(move |transaction| Box::pin(async move { Ok(check(transaction, sqlite).await) })).await?;
        let found = match done {
            Ok(found) => found,
            // No table of migrations: an empty database, or somebody else's.
            Err(MigrateError::Store(StoreError::Failed(_))) => 0,
            Err(error) => return Err(error),
        };
        let needed = MIGRATIONS.last().map_or(0, |last| last.number);
        if found == needed { Ok(()) } else { Err(MigrateError::Behind { found, needed }) }
    }
}

async fn run(transaction: &mut Transaction, sqlite: bool) -> Result<Result<usize, MigrateError>, StoreError> {
    if sqlite {
        // BEGIN IMMEDIATE, by which every writing transaction here opens, is the lock.
        transaction.script(TABLE_SQLITE).await?;
    } else {
        transaction.script(LOCK).await?;
        transaction.script(TABLE_POSTGRES).await?;
    }
    let done = match check(transaction, sqlite).await {
        Ok(done) => done,
        Err(MigrateError::Store(error)) => return Err(error),
        Err(error) => return Ok(Err(error)),
    };
    let mut count = 0_usize;
    for migration in MIGRATIONS.iter().filter(|migration| migration.number > done) {
        tracing::info!(migration = migration.name, "migrating");
        let text = migration.text(sqlite);
        transaction.script(text).await?;
        let row = [Value::Int(migration.number), migration.name.into(), checksum(text).into()];
        transaction.execute(&CREATE, &row).await?;
        count = count.saturating_add(1);
    }
    Ok(Ok(count))
}

/// The number of the last migration that ran.
async fn check(transaction: &mut Transaction, sqlite: bool) -> Result<i64, MigrateError> {
    let mut last = 0;
    for row in transaction.rows(&LIST, &[]).await? {
        let number = row.int(0)?;
        let migration =
            MIGRATIONS.iter().find(|migration| migration.number == number).ok_or(MigrateError::Newer(number))?;
        if row.text(1)? != checksum(migration.text(sqlite)) {
            return Err(MigrateError::Changed(migration.name));
        }
        last = number;
    }
    Ok(last)
}

impl Migration {
    const fn text(&self, sqlite: bool) -> &'static str {
        if sqlite { self.sqlite } else { self.postgres }
    }
}

fn checksum(text: &str) -> String {
    use std::fmt::Write as _;
    Sha256::digest(text).iter().fold(String::new(), |mut out, byte| {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}
