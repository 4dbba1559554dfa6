//! An empty database of the test's own, on either engine, and the macro that runs a test on both.

use futures::future::BoxFuture;
use tempfile::TempDir;
use tokio_postgres::{NoTls, SimpleQueryMessage};
use warifu_store::{Database, DatabaseUrl, Options};

use crate::postgres::Cluster;

/// Which database a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The embedded one, in a file.
    Sqlite,
    /// The server.
    Postgres,
}

/// An empty database that nobody else uses. It is gone when this is dropped.
#[derive(Debug)]
pub struct TestDatabase {
    engine: Engine,
    url: DatabaseUrl,
    text: String,
    place: Place,
}

/// What holds the database; kept only to be dropped.
#[derive(Debug)]
enum Place {
    File { _folder: TempDir },
    Server { cluster: Cluster },
}

impl TestDatabase {
    /// Makes an empty database, not yet migrated.
    ///
    /// # Panics
    /// If PostgreSQL is asked for and not installed.
    pub fn new(engine: Engine) -> BoxFuture<'static, Self> {
        // Boxed, so that it is compiled once and not in every test.
        Box::pin(async move {
            let (text, place) = match engine {
                Engine::Sqlite => {
                    let folder =
                        tempfile::Builder::new().prefix("warifu-testkit-").tempdir().expect("a folder can be made");
                    let path = folder.path().join("warifu.db");
                    (format!("sqlite:{}", path.display()), Place::File { _folder: folder })
                }
                Engine::Postgres => {
                    let cluster = tokio::task::spawn_blocking(Cluster::start).await.expect("PostgreSQL is started");
                    (cluster.create_database().await, Place::Server { cluster })
                }
            };
            let url = text.parse().expect("the URL of a test's database is one");
            Self { engine, url, text, place }
        })
    }

    /// The server that holds it.
    ///
    /// # Panics
    /// If it is a file.
    #[must_use]
    pub fn cluster(&self) -> &Cluster {
        match &self.place {
            Place::Server { cluster } => cluster,
            Place::File { .. } => panic!("this database is a file"),
        }
    }

    /// The same database, spoken to through another port of this machine.
    ///
    /// # Panics
    /// If it is a file.
    #[must_use]
    pub fn through(self, port: u16) -> Self {
        let text = self.text.replace(&format!(":{}/", self.cluster().port()), &format!(":{port}/"));
        let url = text.parse().expect("the URL of a test's database is one");
        Self { text, url, ..self }
    }

    /// Which database it is.
    #[must_use]
    pub const fn engine(&self) -> Engine {
        self.engine
    }

    /// The URL as an operator writes it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.text
    }

    /// The URL as the store takes it.
    #[must_use]
    pub fn parsed_url(&self) -> DatabaseUrl {
        self.url.clone()
    }

    /// Opens the database, migrated. Opening it again is another set of connections to the same database.
    ///
    /// # Panics
    /// If it cannot be opened or migrated.
    pub fn open(&self) -> BoxFuture<'_, Database> {
        Box::pin(async move {
            let database = Database::open(&self.url, Options::default()).expect("a test's database opens");
            database.migrate().await.expect("a test's database migrates");
            database
        })
    }

    /// Runs SQL behind Warifu's back, past foreign keys and triggers on both engines and past checks on SQLite: this plants
    /// corruption.
    ///
    /// # Panics
    /// If the database refuses.
    pub async fn execute_raw(&self, sql: &str) {
        self.run(Guards::Off, sql).await.unwrap_or_else(|refusal| panic!("{sql}\nwas refused: {refusal}"));
    }

    /// Runs SQL behind Warifu's back that the schema may refuse: foreign keys, triggers and checks hold.
    ///
    /// # Errors
    /// What the database said.
    pub async fn attempt_raw(&self, sql: &str) -> Result<(), String> {
        self.run(Guards::On, sql).await.map(drop)
    }

    /// What a query finds: a list of rows, each a list of columns as text. Nothing is `NULL`, bytes are `\x` and hexadecimal
    /// on both engines.
    ///
    /// # Panics
    /// If the database refuses.
    pub async fn query_raw(&self, sql: &str) -> Vec<Vec<String>> {
        self.run(Guards::On, sql).await.unwrap_or_else(|refusal| panic!("{sql}\nwas refused: {refusal}"))
    }

    /// Has what was recorded last written where it belongs, as any reader has: SQL behind Warifu's back does not look for it elsewhere.
    async fn settle(&self, path: &std::path::Path) {
        if waiting(path) > 0 {
            let database = Database::open(&self.url, Options::default()).expect("a test's database opens");
            database.read(|_| Box::pin(async { Ok(()) })).await.expect("what waits is settled");
            database.close().await;
        }
    }

    /// Runs all the statements in `sql`; the rows are those of the last.
    fn run<'a>(&'a self, guards: Guards, sql: &'a str) -> BoxFuture<'a, Result<Vec<Vec<String>>, String>> {
        Box::pin(async move {
            match &self.url {
                DatabaseUrl::Sqlite(path) => {
                    self.settle(path).await;
                    run_on_sqlite(path, guards, sql).map_err(|error| error.to_string())
                }
                DatabaseUrl::Postgres(url) => {
                    run_on_postgres(url, guards, sql).await.map_err(|error| match error.as_db_error() {
                        Some(error) => error.to_string(),
                        None => error.to_string(),
                    })
                }
            }
        })
    }
}

/// How many pieces of work are recorded beside the SQLite file at `path` and not written where they belong yet.
#[must_use]
pub fn waiting(path: &std::path::Path) -> i64 {
    let tail = format!("{}-tail", path.display());
    let count = |tail: &str| {
        let connection = rusqlite::Connection::open(path)?;
        connection.execute("ATTACH DATABASE ?1 AS beside", [tail])?;
        let text = "SELECT count(*) FROM beside.tail WHERE number > (SELECT number FROM settled)";
        connection.query_row(text, [], |row| row.get(0))
    };
    // Before the migrations nothing can wait.
    if std::fs::exists(&tail).unwrap_or(false) { count(&tail).unwrap_or(0) } else { 0 }
}

/// Whether what the schema says about its data holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Guards {
    On,
    Off,
}

fn run_on_sqlite(path: &std::path::Path, guards: Guards, sql: &str) -> Result<Vec<Vec<String>>, rusqlite::Error> {
    use rusqlite::config::DbConfig;
    use rusqlite::fallible_iterator::FallibleIterator as _;

    let connection = rusqlite::Connection::open(path)?;
    let on = guards == Guards::On;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, on)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, on)?;
    connection.pragma_update(None, "ignore_check_constraints", !on)?;
    let mut found = Vec::new();
    let mut batch = rusqlite::Batch::new(&connection, sql);
    while let Some(mut statement) = batch.next()? {
        let columns = statement.column_count();
        let text = |row: &rusqlite::Row<'_>| (0..columns).map(|column| Ok(as_text(row.get_ref(column)?))).collect();
        found = statement.query_map([], text)?.collect::<Result<_, _>>()?;
    }
    Ok(found)
}

fn as_text(value: rusqlite::types::ValueRef<'_>) -> String {
    use rusqlite::types::ValueRef;
    match value {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        ValueRef::Blob(bytes) => bytes.iter().fold("\\x".to_owned(), |text, byte| format!("{text}{byte:02x}")),
    }
}

async fn run_on_postgres(url: &str, guards: Guards, sql: &str) -> Result<Vec<Vec<String>>, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    if guards == Guards::Off {
        client.batch_execute("SET session_replication_role = replica").await?;
    }
    let mut found = Vec::new();
    for message in client.simple_query(sql).await? {
        match message {
            SimpleQueryMessage::RowDescription(_) => found.clear(),
            SimpleQueryMessage::Row(row) => {
                found.push((0..row.len()).map(|column| row.get(column).unwrap_or("NULL").to_owned()).collect());
            }
            _ => {}
        }
    }
    Ok(found)
}

/// Writes a test once and runs it on both databases, as `NAME::sqlite` and `NAME::postgres`. The crate needs `tokio`.
///
/// ```
/// use warifu_testkit::{TestDatabase, on_both_databases};
///
/// on_both_databases! {
///     async fn a_database_says_one(database: TestDatabase) {
///         assert_eq!(database.query_raw("SELECT 1").await, [["1"]]);
///     }
/// }
/// ```
#[macro_export]
macro_rules! on_both_databases {
    ($(
        $(#[$attribute:meta])*
        async fn $name:ident($database:ident: $type:ty) $body:block
    )+) => {$(
        async fn $name($database: $type) $body

        mod $name {
            $(#[$attribute])*
            #[tokio::test]
            async fn sqlite() {
                super::$name($crate::TestDatabase::new($crate::Engine::Sqlite).await).await;
            }

            $(#[$attribute])*
            #[tokio::test]
            async fn postgres() {
                super::$name($crate::TestDatabase::new($crate::Engine::Postgres).await).await;
            }
        }
    )+};
}
