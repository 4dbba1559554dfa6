//! The database behind a URL: which engine it is, and the two ways in, to read and to write.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use futures::future::BoxFuture;

use crate::engine::{Access, Postgres, Sqlite, Transaction, Work};
use crate::error::StoreError;

/// Where the database is. Its text may hold a password, so it is printed without one.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// `sqlite:PATH`: a file, created if there is none.
    Sqlite(PathBuf),
    /// `postgres://USER:PASSWORD@HOST:PORT/NAME`.
    Postgres(String),
}

/// Why a text is not the URL of a database.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a database is `sqlite:PATH` or `postgres://USER@HOST/NAME`")]
pub struct DatabaseUrlError;

impl FromStr for DatabaseUrl {
    type Err = DatabaseUrlError;

    fn from_str(text: &str) -> Result<Self, DatabaseUrlError> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            // `sqlite://x` would silently make a host of the path's first folder.
            let fits = !path.is_empty() && !path.starts_with("//");
            return if fits { Ok(Self::Sqlite(PathBuf::from(path))) } else { Err(DatabaseUrlError) };
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            let parsed: Result<tokio_postgres::Config, _> = text.parse();
            return parsed.map(|_| Self::Postgres(text.to_owned())).map_err(|_| DatabaseUrlError);
        }
        Err(DatabaseUrlError)
    }
}

impl std::fmt::Display for DatabaseUrl {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => write!(formatter, "sqlite:{}", path.display()),
            Self::Postgres(url) => {
                let after_scheme = url.split_once("://").map_or("", |(_, rest)| rest);
                let place = after_scheme.rsplit_once('@').map_or(after_scheme, |(_, place)| place);
                let place = place.split_once('?').map_or(place, |(place, _)| place);
                write!(formatter, "postgres://{place}")
            }
        }
    }
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "DatabaseUrl({self})")
    }
}

/// How many connections to keep.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Threads that read the newest, on SQLite; there is one more that may read behind.
    pub sqlite_readers: usize,
    /// How long SQLite's log grows before it is moved into the file, in MiB.
    pub sqlite_log_mib: usize,
    /// Connections in all, on PostgreSQL.
    pub postgres_connections: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { sqlite_readers: 2, sqlite_log_mib: 128, postgres_connections: 16 }
    }
}

/// An open database. Cloning it shares its connections.
#[derive(Clone, Debug)]
pub struct Database {
    engine: Arc<Engine>,
}

#[derive(Debug)]
enum Engine {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl Database {
    /// Opens the database at `url` as it is, without migrating it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the file cannot be opened; PostgreSQL is first asked when it is first used.
    pub fn open(url: &DatabaseUrl, options: Options) -> Result<Self, StoreError> {
        let engine = match url {
            DatabaseUrl::Sqlite(path) => Engine::Sqlite(Sqlite::open(path, options)?),
            DatabaseUrl::Postgres(url) => Engine::Postgres(Postgres::open(url, options.postgres_connections)?),
        };
        Ok(Self { engine: Arc::new(engine) })
    }

    /// How many batches of commands can usefully be at work at once: one where one thread writes, for two halves of what waits
    /// cost more than the whole. So it is on PostgreSQL too where there are two cores.
    #[must_use]
    pub fn lanes(&self) -> usize {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        if self.is_sqlite() || cores <= 2 { 1 } else { 2 }
    }

    /// Whether this is the embedded database.
    pub(crate) fn is_sqlite(&self) -> bool {
        matches!(*self.engine, Engine::Sqlite(_))
    }

    /// Runs `work` in a transaction that writes: all of it is durable when this returns `Ok`, none of it on an error other
    /// than [`StoreError::Unknown`] and [`StoreError::Stopped`].
    ///
    /// `work` may wait for nothing but this transaction: on SQLite it runs on the one thread that writes.
    ///
    /// # Errors
    /// What `work` returned, or what the database said.
    pub async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Transaction) -> BoxFuture<'t, Result<T, StoreError>> + Send + 'static,
    {
        self.run(Access::Write, Box::new(work)).await
    }

    /// As [`Self::write`], of what no command needs: sums, lines of shops, cursors, deliveries, what has expired. On SQLite no command waits for
    /// it. The newest that commands recorded may not be there to be read, as in [`Self::read_behind`], and none of it can be changed.
    ///
    /// # Errors
    /// What `work` returned, or what the database said.
    pub async fn write_beside<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Transaction) -> BoxFuture<'t, Result<T, StoreError>> + Send + 'static,
    {
        self.run(Access::WriteBeside, Box::new(work)).await
    }

    /// Runs `work` on one snapshot of the database, which it cannot change.
    ///
    /// # Errors
    /// What `work` returned, or what the database said.
    pub async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Transaction) -> BoxFuture<'t, Result<T, StoreError>> + Send + 'static,
    {
        self.run(Access::Read, Box::new(work)).await
    }

    /// Runs `work` on one snapshot which may lack what commands recorded within the last moment: of the journal, request keys, codes,
    /// wallets and streams, of nothing else. For whoever follows the journal and comes again anyway, and for who asks of other things: nobody
    /// waits until the newest is there to be read.
    ///
    /// # Errors
    /// What `work` returned, or what the database said.
    pub async fn read_behind<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Transaction) -> BoxFuture<'t, Result<T, StoreError>> + Send + 'static,
    {
        self.run(Access::ReadBehind, Box::new(work)).await
    }

    /// Whether writing goes on. On SQLite it ends for good with the first sync of the disk that fails; PostgreSQL takes care
    /// of this by itself.
    ///
    /// # Errors
    /// [`StoreError::Stopped`] if it has ended.
    pub fn check_writing(&self) -> Result<(), StoreError> {
        match &*self.engine {
            Engine::Sqlite(sqlite) => sqlite.check_writing(),
            Engine::Postgres(_) => Ok(()),
        }
    }

    /// Finishes the transactions that wait and closes every connection. On SQLite the one file is then the whole database;
    /// without closing, the rest stands in the log beside it.
    pub async fn close(&self) {
        match &*self.engine {
            Engine::Sqlite(sqlite) => sqlite.close().await,
            Engine::Postgres(postgres) => postgres.close(),
        }
    }

    async fn run<T: Send + 'static>(&self, access: Access, work: Work<T>) -> Result<T, StoreError> {
        match &*self.engine {
            Engine::Sqlite(sqlite) => sqlite.run(access, work).await,
            Engine::Postgres(postgres) => postgres.run(access, work).await,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on panics")]
mod tests {
    use super::*;
    use crate::ledger::{CLAIM_REQUEST, SAVE_STREAM};
    use crate::value::Value;

    /// A folder of its own, and in it a file with an empty database.
    async fn fresh(name: &str) -> (PathBuf, PathBuf, Database) {
        let folder = std::env::temp_dir().join(format!("warifu-{name}-{}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let path = folder.join("warifu.db");
        let database = Database::open(&DatabaseUrl::Sqlite(path.clone()), Options::default()).unwrap();
        database.migrate().await.unwrap();
        (folder, path, database)
    }

    /// What was recorded and waits can be read where nothing can be written any more, and waits as before.
    #[tokio::test]
    async fn what_waits_is_read_aside_where_nothing_is_written() {
        let (folder, path, database) = fresh("aside").await;
        let head = vec![vec![0.into(), 5.into(), 7.into()]];
        database
            .write(move |transaction| Box::pin(async move { transaction.each(&SAVE_STREAM, head).await.map(drop) }))
            .await
            .unwrap();
        let Engine::Sqlite(sqlite) = &*database.engine else { panic!("this is SQLite") };
        sqlite.stop();
        for _ in 0..2 {
            let read = database.read(|transaction| Box::pin(async move { transaction.list_streams().await })).await;
            assert_eq!(read.unwrap().first().map(|head| head.position), Some(5));
        }
        let written = database.write(|_| Box::pin(async { Ok(()) })).await;
        assert!(matches!(written, Err(StoreError::Stopped(_))));
        let found = |path: &std::path::Path, text: &str| {
            let connection = rusqlite::Connection::open(path).unwrap();
            connection.query_row(text, [], |row| row.get::<_, i64>(0)).unwrap()
        };
        assert_eq!(found(&crate::engine::tail_of(&path), "SELECT max(number) FROM tail"), 1);
        assert_eq!(found(&path, "SELECT number FROM settled"), 0);
        assert_eq!(found(&path, "SELECT position FROM streams"), 0);
        database.close().await;
        std::fs::remove_dir_all(folder).unwrap();
    }

    /// Commands are recorded while something is written beside them, which is as durable and cannot change what is remembered of the tables that
    /// they read; what changes the database comes after it.
    #[tokio::test]
    async fn commands_do_not_wait_for_what_is_written_beside() {
        let (folder, _, database) = fresh("beside").await;

        let (go, may_go) = std::sync::mpsc::channel::<()>();
        let slow = tokio::spawn({
            let database = database.clone();
            async move {
                let work: Work<()> = Box::new(move |transaction| {
                    Box::pin(async move {
                        transaction.find_or_create_setting("beside", "first").await?;
                        may_go.recv().map_err(|error| StoreError::Failed(error.to_string()))
                    })
                });
                database.run(Access::WriteBeside, work).await
            }
        });
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        for position in 1_i64..=3 {
            let head = vec![vec![0.into(), position.into(), 7.into()]];
            database
                .write(move |transaction| Box::pin(async move { transaction.each(&SAVE_STREAM, head).await.map(drop) }))
                .await
                .unwrap();
        }
        assert!(!slow.is_finished());
        let mut later = tokio::spawn({
            let database = database.clone();
            async move {
                database
                    .write(|transaction| {
                        Box::pin(async move { transaction.find_or_create_setting("beside", "second").await })
                    })
                    .await
            }
        });
        assert!(tokio::time::timeout(std::time::Duration::from_millis(50), &mut later).await.is_err(), "it waits");
        go.send(()).unwrap();
        slow.await.unwrap().unwrap();
        assert_eq!(later.await.unwrap().unwrap(), "first");
        let heads = database.read(|transaction| Box::pin(async move { transaction.list_streams().await })).await;
        assert_eq!(heads.unwrap().first().map(|head| head.position), Some(3));

        let claim: Vec<Value> = vec![[1_u8; 16].into(), "r".into(), [2_u8; 16].into()];
        let head: Vec<Value> = vec![0.into(), 9.into(), 7.into()];
        for (statement, row) in [(&CLAIM_REQUEST, claim), (&SAVE_STREAM, head)] {
            let refused = database
                .write_beside(move |transaction| {
                    Box::pin(async move { transaction.each(statement, vec![row]).await.map(drop) })
                })
                .await;
            assert!(matches!(refused, Err(StoreError::Failed(_))), "{}: {refused:?}", statement.name);
        }
        database.close().await;
        let closed = database.write_beside(|_| Box::pin(async { Ok(()) })).await;
        assert!(matches!(closed, Err(StoreError::Unavailable(_))), "{closed:?}");
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn the_url_chooses_the_engine() {
        assert_eq!("sqlite:a/b.db".parse(), Ok(DatabaseUrl::Sqlite(PathBuf::from("a/b.db"))));
        assert!(matches!("postgres://u@h/n".parse(), Ok(DatabaseUrl::Postgres(_))));
        for wrong in ["", "sqlite:", "sqlite://a.db", "mysql://u@h/n", "a.db", "postgres://h:port/n"] {
            assert_eq!(wrong.parse::<DatabaseUrl>(), Err(DatabaseUrlError), "{wrong}");
        }
    }

    #[test]
    fn a_password_is_never_printed() {
        let url = DatabaseUrl::Postgres("postgres://u:hush@h:5432/n?password=hush".to_owned());
        assert_eq!(url.to_string(), "postgres://h:5432/n");
        assert!(!format!("{url:?}").contains("hush"));
    }
}
