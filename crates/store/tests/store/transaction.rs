//! Transactions: all or nothing, whatever happens inside, and the database goes on afterwards.

use warifu_core::id::{MemberId, WalletId};
use warifu_core::place::Book;
use warifu_store::{Database, Options, StoreError};
use warifu_testkit::{TestDatabase, on_both_databases};

use crate::story::{code, issue, pay, record, settle, submit, time, top_up};

fn member(number: u8) -> (MemberId, WalletId) {
    (MemberId::from_bytes([number; 16]), WalletId::from_bytes([number; 16]))
}

async fn add(database: &Database, number: u8) -> Result<(), StoreError> {
    let (member, wallet) = member(number);
    database
        .write(move |transaction| {
            Box::pin(async move { transaction.create_member(member, wallet, Book::Real, time(0)).await })
        })
        .await
}

/// Whether the database writes, reads what it wrote, and holds `count` members besides.
async fn works(database: &Database, raw: &TestDatabase, count: usize) {
    assert_eq!(raw.query_raw("SELECT count(*) FROM members").await, [[count.to_string()]]);
    add(database, 0xee).await.unwrap();
    let found = database
        .read(|transaction| Box::pin(async move { transaction.find_wallet_of_member(member(0xee).0).await }))
        .await
        .unwrap();
    assert!(found.is_some());
}

on_both_databases! {
    /// An error inside undoes what was written before it, and is what the caller gets.
    async fn an_error_inside_rolls_everything_back(database: TestDatabase) {
        let opened = database.open().await;
        let result: Result<(), _> = opened.write(|transaction| Box::pin(async move {
            let (id, wallet) = member(1);
            transaction.create_member(id, wallet, Book::Real, time(0)).await?;
            Err(StoreError::Failed("on purpose".to_owned()))
        })).await;
        assert!(matches!(result, Err(StoreError::Failed(text)) if text == "on purpose"));
        works(&opened, &database, 0).await;
    }

    /// What waits for the thread that writes shares a transaction on SQLite: one that fails undoes nothing of the others, and
    /// each is told its own end.
    async fn what_fails_undoes_nothing_of_what_waited_beside_it(database: TestDatabase) {
        let opened = database.open().await;
        add(&opened, 1).await.unwrap();
        let busy = opened.write(|_| Box::pin(async move {
            std::thread::sleep(std::time::Duration::from_millis(50));
            Ok(())
        }));
        let given_up = opened.write(|transaction| Box::pin(async move {
            let (id, wallet) = member(2);
            transaction.create_member(id, wallet, Book::Real, time(0)).await?;
            Err::<(), _>(StoreError::Failed("on purpose".to_owned()))
        }));
        let panicked = opened.write::<(), _>(|transaction| Box::pin(async move {
            let (id, wallet) = member(3);
            transaction.create_member(id, wallet, Book::Real, time(0)).await?;
            panic!("on purpose")
        }));
        let ends = tokio::join!(busy, add(&opened, 4), given_up, add(&opened, 1), panicked, add(&opened, 5));
        ends.0.unwrap();
        ends.1.unwrap();
        assert!(matches!(ends.2, Err(StoreError::Failed(text)) if text == "on purpose"));
        assert!(matches!(ends.3, Err(StoreError::Constraint(_))));
        assert!(matches!(ends.4, Err(StoreError::Failed(_) | StoreError::Unknown(_))));
        ends.5.unwrap();
        works(&opened, &database, 3).await;
    }

    /// A statement that the schema refuses undoes what was written before it.
    async fn a_refused_statement_rolls_everything_back(database: TestDatabase) {
        let opened = database.open().await;
        add(&opened, 1).await.unwrap();
        let result = opened.write(|transaction| Box::pin(async move {
            let (id, wallet) = member(2);
            transaction.create_member(id, wallet, Book::Real, time(0)).await?;
            let (id, wallet) = member(1);
            transaction.create_member(id, wallet, Book::Real, time(0)).await
        })).await;
        assert!(matches!(result, Err(StoreError::Constraint(_))), "{result:?}");
        works(&opened, &database, 1).await;
    }

    /// A panic inside undoes what was written before it. More panics than there are connections leave none of them stuck.
    async fn a_panic_inside_rolls_everything_back(database: TestDatabase) {
        let opened = database.open().await;
        for _ in 0..20 {
            let result: Result<(), _> = opened.write(|transaction| Box::pin(async move {
                let (id, wallet) = member(1);
                transaction.create_member(id, wallet, Book::Real, time(0)).await?;
                panic!("on purpose")
            })).await;
            assert!(result.is_err());
            let result: Result<(), _> = opened.read(|_| Box::pin(async move { panic!("on purpose") })).await;
            assert!(result.is_err());
        }
        works(&opened, &database, 0).await;
    }

    /// A reading transaction cannot write, and can still read after it tried.
    async fn a_read_cannot_write(database: TestDatabase) {
        let opened = database.open().await;
        let result = opened.read(|transaction| Box::pin(async move {
            let (id, wallet) = member(1);
            transaction.create_member(id, wallet, Book::Real, time(0)).await
        })).await;
        assert!(result.is_err());
        works(&opened, &database, 0).await;
    }

    /// A reading transaction sees one state from its beginning to its end, whatever is written meanwhile.
    async fn a_read_sees_one_snapshot(database: TestDatabase) {
        let opened = database.open().await;
        let url = database.parsed_url();
        let seen = opened.read(move |transaction| Box::pin(async move {
            let before = transaction.find_wallet_of_member(member(1).0).await?;
            // This future may wait for nothing but its transaction, so somebody else writes, from a thread and a runtime of
            // their own.
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async move {
                    let other = Database::open(&url, Options::default()).unwrap();
                    add(&other, 1).await.unwrap();
                });
            })
            .join()
            .unwrap();
            Ok((before.is_some(), transaction.find_wallet_of_member(member(1).0).await?.is_some()))
        })).await;
        assert_eq!(seen.unwrap(), (false, false));
        works(&opened, &database, 1).await;
    }

    /// A caller who hangs up leaves a transaction that is wholly there or wholly not, and a database that works.
    async fn a_caller_who_hangs_up_leaves_nothing_half_done(database: TestDatabase) {
        let opened = database.open().await;
        for number in 1..=20 {
            let _ = tokio::time::timeout(std::time::Duration::ZERO, add(&opened, number)).await;
        }
        add(&opened, 0xdd).await.unwrap();
        let halves = "SELECT count(*) FROM members m LEFT JOIN wallets w ON w.member_id = m.id WHERE w.id IS NULL";
        assert_eq!(database.query_raw(halves).await, [["0"]]);
        assert!(add(&opened, 0xdd).await.is_err());
        add(&opened, 0xee).await.unwrap();
    }

    /// A transaction that was rolled back leaves no gap in its stream, no claimed key, no used code and no moved money.
    async fn a_rolled_back_record_leaves_no_trace(database: TestDatabase) {
        let opened = database.open().await;
        settle(&opened).await;
        issue(&opened, code(1, 0, time(0))).await;
        for _ in 0..3 {
            let result: Result<(), _> = opened.write(|transaction| Box::pin(async move {
                record(transaction, &top_up(1, 1, 500), time(1)).await?;
                Err(StoreError::Failed("on purpose".to_owned()))
            })).await;
            assert!(result.is_err());
        }
        submit(&opened, top_up(1, 1, 500), time(1)).await;
        issue(&opened, code(2, 0, time(1))).await;
        submit(&opened, pay(2, 2, 200), time(2)).await;
        assert_eq!(database.query_raw("SELECT position FROM journal ORDER BY position").await, [["1"], ["2"]]);
        let report = opened.verify(|_| {}).await.unwrap();
        assert_eq!((report.violations, report.transactions), (vec![], 2));
    }
}
