//! The disk below: SQLite's log, what a killed process left in it and when it is moved into the file; and what PostgreSQL
//! says of its disk.

use std::fs;

use warifu_core::id::{MemberId, WalletId};
use warifu_core::place::Book;
use warifu_store::{Database, DatabaseUrl, Options, StoreError};
use warifu_testkit::{Engine, TestDatabase};

use crate::story::{code, issue, record, settle, submit, time, top_up};

async fn add(database: &Database, number: u16) {
    try_add(database, number).await.unwrap();
}

async fn try_add(database: &Database, number: u16) -> Result<(), StoreError> {
    let mut bytes = [0; 16];
    bytes[..2].copy_from_slice(&number.to_be_bytes());
    let (member, wallet) = (MemberId::from_bytes(bytes), WalletId::from_bytes(bytes));
    database
        .write(move |transaction| {
            Box::pin(async move { transaction.create_member(member, wallet, Book::Real, time(0)).await })
        })
        .await
}

fn count(path: &std::path::Path) -> i64 {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.query_row("SELECT count(*) FROM members", [], |row| row.get(0)).unwrap()
}

/// Whoever inquires after a crash is told what the log holds. By then it must be on the disk, which the dead process may not
/// have come to: so it is synced and in the file before anybody reads it.
#[tokio::test]
async fn what_a_killed_process_left_in_the_log_is_moved_into_the_file_before_it_is_read() {
    let database = TestDatabase::new(Engine::Sqlite).await;
    let DatabaseUrl::Sqlite(path) = database.parsed_url() else { panic!("this is SQLite") };
    let opened = database.open().await;
    add(&opened, 1).await;
    // The files of a process that is killed now.
    let folder = path.parent().unwrap().join("killed");
    fs::create_dir(&folder).unwrap();
    let copy = folder.join("warifu.db");
    fs::copy(&path, &copy).unwrap();
    fs::copy(path.with_extension("db-wal"), copy.with_extension("db-wal")).unwrap();
    let reopened = Database::open(&DatabaseUrl::Sqlite(copy.clone()), Options::default()).unwrap();
    let alone = folder.join("alone.db");
    fs::copy(&copy, &alone).unwrap();
    assert_eq!(count(&alone), 1, "the file without its log lacks what was committed");
    reopened.close().await;
    opened.close().await;
}

/// The log is moved into the file while the process runs, and begun anew.
#[tokio::test]
async fn the_log_does_not_grow_for_ever() {
    let database = TestDatabase::new(Engine::Sqlite).await;
    let DatabaseUrl::Sqlite(path) = database.parsed_url() else { panic!("this is SQLite") };
    database.open().await.close().await;
    let opened = Database::open(&database.parsed_url(), Options { sqlite_log_mib: 1, ..Options::default() }).unwrap();
    for number in 0..1_500 {
        add(&opened, number).await;
    }
    let length = fs::metadata(path.with_extension("db-wal")).unwrap().len();
    // A MiB, and what was written while it was moved.
    assert!(length < 4_000_000, "the log has {length} bytes");
    opened.close().await;
}

/// Has PostgreSQL refuse what is added to a table, for a reason of this class.
async fn fail(database: &TestDatabase, table: &str, state: &str) {
    let text = format!(
        "CREATE OR REPLACE FUNCTION fail() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'the disk' USING ERRCODE = '{state}'; END $$ \
         LANGUAGE plpgsql; CREATE OR REPLACE TRIGGER fail BEFORE INSERT ON {table} EXECUTE FUNCTION fail()"
    );
    database.execute_raw(&text).await;
}

/// A full or failing disk under PostgreSQL is no fault of the command: it is told as `unavailable`, and no batch is taken apart.
#[tokio::test]
async fn a_failing_disk_under_postgres_is_unavailable() {
    let database = TestDatabase::new(Engine::Postgres).await;
    let opened = database.open().await;
    for state in ["53100", "58030"] {
        fail(&database, "members", state).await;
        let result = try_add(&opened, 1).await;
        assert!(matches!(result, Err(StoreError::Unavailable(_))), "{state}: {result:?}");
    }
}

/// What is recorded is sent together with the commit. What the database says of it is certain all the same: not done, and nothing of it is left.
#[tokio::test]
async fn a_disk_that_fails_as_it_is_recorded_is_unavailable_too() {
    let database = TestDatabase::new(Engine::Postgres).await;
    let opened = database.open().await;
    settle(&opened).await;
    issue(&opened, code(1, 0, time(100))).await;
    let top_up = top_up(1, 1, 500);
    for state in ["53100", "58030"] {
        fail(&database, "journal", state).await;
        let command = top_up.clone();
        let result = opened
            .write(move |transaction| Box::pin(async move { record(transaction, &command, time(100)).await }))
            .await;
        assert!(matches!(result, Err(StoreError::Unavailable(_))), "{state}: {result:?}");
    }
    let left = database
        .query_raw("SELECT (SELECT count(*) FROM requests), (SELECT max(position % (1::bigint << 48)) FROM streams)");
    assert_eq!(left.await, [["0", "0"]]);
    database.execute_raw("DROP TRIGGER fail ON journal").await;
    assert_eq!(submit(&opened, top_up, time(100)).await.refusal(), None);
}
