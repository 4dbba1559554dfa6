//! Migrations: once, by one runner, and never over a database that they do not know.

use warifu_store::{Database, MigrateError, Options};
use warifu_testkit::{Engine, TestDatabase, on_both_databases};

use crate::empty;

const LOOK: &str = "SELECT (SELECT count(*) FROM migrations), (SELECT count(*) FROM streams), \
                    (SELECT count(*) FROM cursors), (SELECT count(*) FROM journal)";

fn open(database: &TestDatabase) -> Database {
    Database::open(&database.parsed_url(), Options::default()).unwrap()
}

fn migrated_once(engine: Engine) -> [[&'static str; 4]; 1] {
    match engine {
        Engine::Sqlite => [["14", "1", "3", "0"]],
        Engine::Postgres => [["14", "64", "192", "0"]],
    }
}

on_both_databases! {
    /// An empty database gets the schema, and a second run finds nothing to do.
    async fn an_empty_database_is_migrated_and_then_left_alone(database: TestDatabase) {
        let opened = open(&database);
        assert_eq!(opened.migrate().await.unwrap(), 14);
        let before = database.query_raw("SELECT * FROM migrations").await;
        assert_eq!(opened.migrate().await.unwrap(), 0);
        assert_eq!(open(&database).migrate().await.unwrap(), 0);
        opened.check_schema().await.unwrap();
        assert_eq!(database.query_raw("SELECT * FROM migrations").await, before);
        assert_eq!(database.query_raw(LOOK).await, migrated_once(database.engine()));
    }

    /// Of two runners at once both succeed, one of them finding nothing to do; the schema is there once.
    async fn two_runners_at_once_migrate_once(database: TestDatabase) {
        for round in 0..8 {
            let fresh = empty(&database).await;
            let runners = [0, 1].map(|_| {
                let url = fresh.parsed_url();
                tokio::task::spawn_blocking(move || Database::open(&url, Options::default()).unwrap())
            });
            let [first, second] = runners;
            let (first, second) = (first.await.unwrap(), second.await.unwrap());
            let runs = [first, second].map(|runner| tokio::spawn(async move { runner.migrate().await.unwrap() }));
            let [first, second] = runs;
            assert_eq!(first.await.unwrap() + second.await.unwrap(), 14, "round {round}");
            assert_eq!(fresh.query_raw(LOOK).await, migrated_once(database.engine()), "round {round}");
        }
    }

    /// A database on which a migration ran with another text is neither used nor changed.
    async fn a_migration_with_another_text_is_refused(database: TestDatabase) {
        let opened = database.open().await;
        database.execute_raw("UPDATE migrations SET checksum = 'another' WHERE number = 1").await;
        assert!(matches!(opened.migrate().await, Err(MigrateError::Changed("0001_foundation"))));
        assert!(matches!(opened.check_schema().await, Err(MigrateError::Changed("0001_foundation"))));
    }

    /// A database that a newer version migrated is neither used nor changed.
    async fn a_newer_migration_is_refused(database: TestDatabase) {
        let opened = database.open().await;
        database.execute_raw("INSERT INTO migrations (number, name, checksum) VALUES (15, '0015_later', 'x')").await;
        assert!(matches!(opened.migrate().await, Err(MigrateError::Newer(15))));
        assert!(matches!(opened.check_schema().await, Err(MigrateError::Newer(15))));
    }

    /// Who may not migrate is told that the database is behind, and the database stays empty.
    async fn an_empty_database_is_behind(database: TestDatabase) {
        let opened = open(&database);
        assert!(matches!(opened.check_schema().await, Err(MigrateError::Behind { found: 0, needed: 14 })));
        let tables = match database.engine() {
            Engine::Sqlite => "SELECT count(*) FROM sqlite_schema",
            Engine::Postgres => "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'",
        };
        assert_eq!(database.query_raw(tables).await, [["0"]]);
    }
}
