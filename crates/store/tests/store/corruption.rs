//! What can be wrong with a store, how to plant it, and what `verify` must then say.

mod code;
mod limit;
mod payment;
mod request;
mod stream;
mod sums;
mod transaction;
mod wallet;

use warifu_core::id::WalletId;
use warifu_core::ledger::Transaction as Record;
use warifu_store::Invariant;
use warifu_testkit::Engine;

use crate::blob;
use crate::story::Story;

/// One corruption.
pub(crate) struct Corruption {
    pub(crate) name: &'static str,
    pub(crate) plant: fn(&Story, Engine) -> Planted,
}

/// How to plant it, and what is to be named.
pub(crate) struct Planted {
    pub(crate) sql: String,
    pub(crate) invariant: Invariant,
    pub(crate) object: String,
}

/// What a corruption is called, and how it is planted.
type Named = (&'static str, fn(&Story, Engine) -> Planted);

/// Every corruption.
pub(crate) fn all() -> impl Iterator<Item = Corruption> {
    let groups: [&[Named]; 8] =
        [wallet::ALL, transaction::ALL, stream::ALL, sums::ALL, request::ALL, payment::ALL, code::ALL, limit::ALL];
    groups.into_iter().flatten().map(|(name, plant)| Corruption { name, plant: *plant })
}

fn planted(sql: impl Into<String>, invariant: Invariant, object: impl Into<String>) -> Planted {
    Planted { sql: sql.into(), invariant, object: object.into() }
}

fn wallet(id: WalletId) -> String {
    format!("wallet {id}")
}

fn transaction(record: &Record) -> String {
    format!("transaction {}", record.id)
}

fn hex(bytes: &[u8]) -> String {
    blob(Engine::Sqlite, bytes).trim_start_matches("x'").trim_end_matches('\'').to_owned()
}

/// Sets columns of one transaction.
fn set(story: &Story, name: &str, change: &str) -> String {
    let (position, _) = story.of(name);
    format!("UPDATE journal SET {change} WHERE position = {position}")
}

/// Replaces a part of a text in one transaction.
fn replace(story: &Story, name: &str, column: &str, from: &str, to: &str) -> String {
    set(story, name, &format!("{column} = replace({column}, '{from}', '{to}')"))
}
