//! The store against both databases: what it keeps, what it refuses, and what `verify` finds.
//!
//! Each test has a database of its own. Corruption is planted by SQL behind the store's back.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on panics"
)]

mod before_lots;
mod corruption;
mod disk;
mod guard;
mod journal;
mod member;
mod migrate;
mod packed;
mod readiness;
mod review;
mod round_trip;
mod rule;
mod story;
mod stream;
mod tail;
mod tale;
mod till;
mod transaction;
mod verify;
mod webhook;

use warifu_testkit::{Engine, TestDatabase, on_both_databases};

on_both_databases! {
    /// Both engines take every registered statement with the parameters and columns that its registration says.
    async fn every_registered_statement_prepares(database: TestDatabase) {
        let opened = database.open().await;
        let complaints = opened.read(|transaction| {
            Box::pin(async move { Ok(transaction.check_registry().await) })
        });
        assert_eq!(complaints.await.unwrap(), [""; 0]);
    }
}

/// A database that was just emptied.
enum Emptied<'a> {
    New(TestDatabase),
    Same(&'a TestDatabase),
}

impl std::ops::Deref for Emptied<'_> {
    type Target = TestDatabase;

    fn deref(&self) -> &TestDatabase {
        match self {
            Self::New(database) => database,
            Self::Same(database) => database,
        }
    }
}

/// An empty database: a new file, or on the server, which takes long to start, the same database emptied of everything.
async fn empty(database: &TestDatabase) -> Emptied<'_> {
    match database.engine() {
        Engine::Sqlite => Emptied::New(TestDatabase::new(Engine::Sqlite).await),
        Engine::Postgres => {
            database.execute_raw("DROP SCHEMA public CASCADE; CREATE SCHEMA public").await;
            Emptied::Same(database)
        }
    }
}

/// Bytes as either engine's SQL spells them.
fn blob(engine: Engine, bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let digits = bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    });
    match engine {
        Engine::Sqlite => format!("x'{digits}'"),
        Engine::Postgres => format!(r"'\x{digits}'::bytea"),
    }
}
