//! The tail of SQLite's hot path: what was recorded and waits is durable, and nobody can tell that it waits.

use std::path::{Path, PathBuf};

use warifu_core::id::TransactionId;
use warifu_core::request::{CallerId, RequestKey};
use warifu_core::wallet::WalletState;
use warifu_store::{Database, DatabaseUrl, Options, StoreError};
use warifu_testkit::{Engine, TestDatabase, waiting};

use crate::story::{WALLETS, code, issue, pay, record, settle, submit, time, top_up, transaction_id};

/// A town in which the first member has 10,000 yen and paid 300; both wait.
async fn town() -> (TestDatabase, Database, PathBuf) {
    let database = TestDatabase::new(Engine::Sqlite).await;
    let DatabaseUrl::Sqlite(path) = database.parsed_url() else { panic!("this is SQLite") };
    let opened = database.open().await;
    settle(&opened).await;
    issue(&opened, code(1, 0, time(10))).await;
    submit(&opened, top_up(1, 1, 10_000), time(11)).await;
    issue(&opened, code(2, 0, time(12))).await;
    submit(&opened, pay(2, 2, 300), time(13)).await;
    (database, opened, path)
}

fn count(path: &Path, table: &str) -> i64 {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
}

/// Balance and version of the first wallet.
async fn wallet(database: &Database) -> (i64, i64) {
    let read = database.read(|transaction| Box::pin(async move { transaction.find_wallet(WALLETS[0]).await }));
    let wallet = read.await.unwrap().unwrap();
    (wallet.posted(warifu_core::lot::LotAccount::Paid).get(), wallet.version)
}

async fn holds(database: &Database) {
    let report = database.verify(|_| ()).await.unwrap();
    assert_eq!(report.violations, []);
}

/// A copy of the files as they are now, as after a kill.
fn killed(path: &Path, times: usize) -> PathBuf {
    let folder = path.parent().unwrap().join(format!("killed-{times}"));
    std::fs::create_dir(&folder).unwrap();
    let copy = folder.join("warifu.db");
    std::fs::copy(path, &copy).unwrap();
    for extension in ["db-wal", "db-tail", "db-tail-wal"] {
        std::fs::copy(path.with_extension(extension), copy.with_extension(extension)).unwrap();
    }
    copy
}

#[tokio::test]
async fn whoever_reads_sees_what_waits() {
    let (_database, opened, path) = town().await;
    // The proof that something waits: without it this file would prove nothing.
    assert_eq!((waiting(&path), count(&path, "journal")), (2, 0));
    assert_eq!(wallet(&opened).await, (9_700, 2));
    assert_eq!((waiting(&path), count(&path, "journal")), (0, 2));
    holds(&opened).await;
}

#[tokio::test]
async fn what_waited_when_the_process_was_killed_is_there_afterwards() {
    let (_database, opened, path) = town().await;
    let copy = killed(&path, 1);
    let again = Database::open(&DatabaseUrl::Sqlite(copy.clone()), Options::default()).unwrap();
    assert_eq!(wallet(&again).await, (9_700, 2));
    // And one more whose first act is to write, by a key that waits.
    let copy = killed(&path, 2);
    let writing = Database::open(&DatabaseUrl::Sqlite(copy.clone()), Options::default()).unwrap();
    let key = writing
        .write(|transaction| {
            Box::pin(async move {
                let key = pay(2, 2, 300).key;
                let other = std::collections::BTreeMap::from([(&key, transaction_id(9))]);
                transaction.claim_requests(&other).await
            })
        })
        .await
        .unwrap();
    assert!(key.is_empty(), "it was claimed before the kill");
    holds(&writing).await;
    opened.close().await;
}

#[tokio::test]
async fn closing_leaves_nothing_waiting() {
    let (_database, opened, path) = town().await;
    opened.close().await;
    assert_eq!((waiting(&path), count(&path, "journal")), (0, 2));
}

#[tokio::test]
async fn another_process_sees_what_waits_and_changes_what_waits() {
    let (database, opened, path) = town().await;
    let other = database.open().await;
    assert_eq!(wallet(&other).await, (9_700, 2));
    issue(&opened, code(3, 0, time(14))).await;
    submit(&opened, pay(3, 3, 100), time(15)).await;
    assert_eq!(waiting(&path), 1);
    // It freezes a wallet whose last change waits, and the first process pays no more from it.
    let frozen = other
        .write(|transaction| {
            Box::pin(async move {
                let before = transaction.find_wallet(WALLETS[0]).await?.unwrap();
                transaction.save_wallet_state(&before, WalletState::Frozen).await
            })
        })
        .await
        .unwrap();
    assert!(frozen);
    issue(&opened, code(4, 0, time(16))).await;
    let refused = submit(&opened, pay(4, 4, 100), time(17)).await;
    assert_eq!(refused.refusal().map(|refusal| refusal.word()), Some("wallet_frozen"));
    assert_eq!(wallet(&opened).await, (9_600, 3));
    holds(&other).await;
}

/// What fails leaves nothing in the tail, and takes nothing from it that others left.
#[tokio::test]
async fn what_is_undone_does_not_wait() {
    let (_database, opened, path) = town().await;
    issue(&opened, code(3, 0, time(14))).await;
    let failed: Result<(), StoreError> = opened
        .write(|transaction| {
            Box::pin(async move {
                record(transaction, &pay(3, 3, 100), time(15)).await?;
                // Settles all of it, which is undone as well.
                transaction.list_streams().await?;
                record(transaction, &pay(4, 3, 100), time(15)).await?;
                Err(StoreError::Failed("on purpose".to_owned()))
            })
        })
        .await;
    assert!(matches!(failed, Err(StoreError::Failed(_))));
    assert_eq!((waiting(&path), count(&path, "journal")), (2, 0));
    // The key, the code and the version are free again.
    let paid = submit(&opened, pay(3, 3, 200), time(16)).await;
    assert_eq!(paid.wallet_version(), Some(3));
    assert_eq!(wallet(&opened).await, (9_500, 3));
    holds(&opened).await;
}

/// A piece of work that needs what it has itself just recorded sees it.
#[tokio::test]
async fn who_records_sees_what_it_recorded() {
    let (_database, opened, _path) = town().await;
    issue(&opened, code(3, 0, time(14))).await;
    let found = opened
        .write(|transaction| {
            Box::pin(async move {
                let paid = record(transaction, &pay(3, 3, 100), time(15)).await?;
                transaction.find_transaction_by_request(&paid.key).await
            })
        })
        .await
        .unwrap();
    assert_eq!(found.map(|found| (found.record.id, found.position)), Some((transaction_id(3), 3)));
    holds(&opened).await;
}

/// Where the tables are not what Warifu wrote, what waits cannot be written into them. Then it stays where it is, nothing more is written,
/// and nobody is told a balance that lacks it.
#[tokio::test]
async fn what_cannot_be_settled_is_kept_and_ends_all_writing() {
    let (_database, opened, path) = town().await;
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM wallets").unwrap();
    let read = opened.read(|transaction| Box::pin(async move { transaction.find_wallet(WALLETS[0]).await })).await;
    assert!(matches!(&read, Err(StoreError::Stopped(text)) if text.contains("cannot be settled")), "{read:?}");
    let written = opened.write(|transaction| Box::pin(async move { transaction.list_streams().await })).await;
    assert!(matches!(written, Err(StoreError::Stopped(_))));
    assert!(matches!(opened.check_writing(), Err(StoreError::Stopped(_))));
    opened.close().await;
    assert_eq!(waiting(&path), 2);
}

/// A tail that nobody here wrote is told, and nothing is done on top of it.
#[tokio::test]
async fn a_tail_that_cannot_be_read_is_told() {
    let (_database, opened, path) = town().await;
    // The first one is of a version before this one.
    let changes = ["x'02'", "x'0309'", "x'030001'", "substr(rows, 1, length(rows) - 1)", "x''"];
    for (times, change) in changes.into_iter().enumerate() {
        let copy = killed(&path, times);
        let other = rusqlite::Connection::open(copy.with_extension("db-tail")).unwrap();
        other.execute_batch(&format!("UPDATE tail SET rows = {change} WHERE number = 2")).unwrap();
        let again = Database::open(&DatabaseUrl::Sqlite(copy), Options::default()).unwrap();
        let read = again.read(|transaction| Box::pin(async move { transaction.list_streams().await })).await;
        match (times, read) {
            (0, Err(StoreError::Failed(text))) => assert!(text.contains("start the version that wrote them"), "{text}"),
            (1.., Err(StoreError::Corrupt { .. })) => {}
            (_, read) => panic!("{change}: {read:?}"),
        }
        again.close().await;
    }
    opened.close().await;
}

/// The two files do not become durable together: what changes the database and records a payment is in the database alone.
#[tokio::test]
async fn what_changes_the_database_as_well_does_not_wait() {
    let (_database, opened, path) = town().await;
    issue(&opened, code(3, 0, time(14))).await;
    assert_eq!(waiting(&path), 2);
    opened
        .write(|transaction| {
            Box::pin(async move {
                record(transaction, &pay(3, 3, 100), time(15)).await?;
                let other = transaction.find_wallet(WALLETS[1]).await?.unwrap();
                transaction.save_wallet_state(&other, WalletState::Frozen).await
            })
        })
        .await
        .unwrap();
    assert_eq!((waiting(&path), count(&path, "journal")), (0, 3));
    holds(&opened).await;
}

/// What a person changes in the file by hand is seen by the next payment, if nothing is being settled just then.
#[tokio::test]
async fn a_change_by_hand_is_seen() {
    let (_database, opened, path) = town().await;
    assert_eq!(wallet(&opened).await, (9_700, 2));
    issue(&opened, code(3, 0, time(14))).await;
    submit(&opened, pay(3, 3, 100), time(15)).await;
    let connection = rusqlite::Connection::open(&path).unwrap();
    assert_eq!(connection.execute("UPDATE wallets SET status = 'frozen'", []).unwrap(), WALLETS.len());
    issue(&opened, code(4, 0, time(16))).await;
    let refused = submit(&opened, pay(4, 4, 100), time(17)).await;
    assert_eq!(refused.refusal().map(|refusal| refusal.word()), Some("wallet_frozen"));
}

/// The file of the tail is as closed to others as the database is, and does not keep what was settled.
#[tokio::test]
async fn the_file_is_private_and_stays_small() {
    use std::os::unix::fs::PermissionsExt as _;
    let database = TestDatabase::new(Engine::Sqlite).await;
    let DatabaseUrl::Sqlite(path) = database.parsed_url() else { panic!("this is SQLite") };
    let path = path.with_file_name("private.db");
    std::fs::File::create(&path).unwrap().set_permissions(std::fs::Permissions::from_mode(0o600)).unwrap();
    let opened = Database::open(&DatabaseUrl::Sqlite(path.clone()), Options::default()).unwrap();
    let tail = path.with_extension("db-tail");
    assert_eq!(std::fs::metadata(&tail).unwrap().permissions().mode() & 0o777, 0o600);
    opened.migrate().await.unwrap();
    settle(&opened).await;
    for number in 1..=250 {
        issue(&opened, code(number, 0, time(10))).await;
        submit(&opened, top_up(number, number, 1), time(11)).await;
    }
    let connection = rusqlite::Connection::open(&tail).unwrap();
    let kept: i64 = connection.query_row("SELECT count(*) FROM tail", [], |row| row.get(0)).unwrap();
    // Some slices of 64, for they came one by one.
    assert!(kept < 200, "{kept} of 250 are kept");
    opened.close().await;
    let kept: i64 = connection.query_row("SELECT count(*) FROM tail", [], |row| row.get(0)).unwrap();
    assert_eq!((kept, count(&path, "journal")), (0, 250));
}

/// A tail from which something is missing is not settled: nobody knows what the rest was decided on.
#[tokio::test]
async fn a_tail_with_a_gap_is_told() {
    let (_database, opened, path) = town().await;
    let copy = killed(&path, 1);
    let other = rusqlite::Connection::open(copy.with_extension("db-tail")).unwrap();
    assert_eq!(other.execute("DELETE FROM tail WHERE number = 1", []).unwrap(), 1);
    let again = Database::open(&DatabaseUrl::Sqlite(copy.clone()), Options::default()).unwrap();
    let read = again.read(|transaction| Box::pin(async move { transaction.list_streams().await })).await;
    assert!(matches!(read, Err(StoreError::Corrupt { .. })), "{read:?}");
    again.close().await;
    assert_eq!(count(&copy, "journal"), 0);
    opened.close().await;
}

/// A claimed key stays claimed, whoever claimed it: this process, long before or just now, or another one.
#[tokio::test]
async fn a_claimed_key_is_never_new_again() {
    let (_database, opened, path) = town().await;
    let claim = async |database: &Database, keys: std::ops::Range<u32>| -> usize {
        let write = database.write(move |transaction| {
            Box::pin(async move {
                let name = |number: u32| format!("claimed-{number}").parse().unwrap();
                let keys: Vec<_> =
                    keys.map(|number| RequestKey { caller: CallerId::ISSUER, request_id: name(number) }).collect();
                let id = TransactionId::generate(time(20), [7; 10]);
                transaction.claim_requests(&keys.iter().map(|key| (key, id)).collect()).await.map(|new| new.len())
            })
        });
        write.await.unwrap()
    };
    assert_eq!(claim(&opened, 0..1_000).await, 1_000);
    // Reading has it settled.
    assert_eq!(wallet(&opened).await, (9_700, 2));
    // While the filter is read, and when it is there.
    for end in (2_000..=8_000).step_by(1_000) {
        assert_eq!(claim(&opened, end - 1_000..end).await, 1_000);
        assert_eq!(claim(&opened, 0..end).await, 0);
    }
    let beside = Database::open(&DatabaseUrl::Sqlite(path), Options::default()).unwrap();
    assert_eq!(claim(&beside, 7_000..9_000).await, 1_000);
    assert_eq!(claim(&opened, 8_000..10_000).await, 1_000, "another process has claimed half of them");
    beside.close().await;
    opened.close().await;
}
