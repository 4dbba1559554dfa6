//! Streams: each numbers its transactions without a gap, and two writers at once never share one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Barrier;
use warifu_store::{JournalCursor, Recorded, StoreError, StreamHead, Transaction};
use warifu_testkit::{Engine, TestDatabase, on_both_databases};

use crate::story::{code, issue, pay, record, settle, submit, tell, time, top_up};

on_both_databases! {
    /// A stream counts from one without a gap; its head is its last transaction; reading on from a cursor misses nothing.
    async fn positions_are_contiguous(database: TestDatabase) {
        let opened = database.open().await;
        let story = tell(&opened).await;
        let (found, streams) = opened.read(|transaction| Box::pin(async move {
            let mut found: Vec<Recorded> = Vec::new();
            loop {
                let cursor = JournalCursor { stream: 0, position: found.last().map_or(0, |last| last.position) };
                let page = transaction.list_transactions_after(cursor, 7).await?;
                if page.is_empty() {
                    return Ok((found, transaction.list_streams().await?));
                }
                found.extend(page);
            }
        })).await.unwrap();
        let expected: Vec<_> =
            (1..).zip(&story.records).map(|(position, record)| Recorded { position, record: record.clone() }).collect();
        assert_eq!(found, expected);
        assert_eq!(streams[0], JournalCursor { stream: 0, position: i64::try_from(story.records.len()).unwrap() });
        for (number, stream) in (0..).zip(streams).skip(1) {
            assert_eq!(stream, JournalCursor { stream: number, position: number << 48 }, "the story needs one stream");
        }
    }

    /// The time of a stream's head is its last transaction's, which the next one is never older than.
    async fn the_head_of_a_stream_knows_its_time(database: TestDatabase) {
        let opened = database.open().await;
        settle(&opened).await;
        issue(&opened, code(1, 0, time(100))).await;
        submit(&opened, top_up(1, 1, 500), time(100)).await;
        let head = opened.write(|transaction| Box::pin(begin(transaction))).await;
        assert_eq!(head.unwrap().at, time(100));
        issue(&opened, code(2, 0, time(100))).await;
        let late = submit(&opened, pay(2, 2, 200), time(40)).await;
        assert_eq!(late.at, time(100));
    }
}

/// While one transaction holds a stream, another takes another one; when the last is taken, the next is told to try again.
#[tokio::test]
async fn two_writers_at_once_take_different_streams_on_postgres() {
    let database = TestDatabase::new(Engine::Postgres).await;
    let opened = database.open().await;
    settle(&opened).await;
    for number in 1..=2 {
        issue(&opened, code(number, usize::from(number), time(0))).await;
    }
    let both_hold = Arc::new(Barrier::new(2));
    let writers: Vec<_> = (1..=2)
        .map(|number| {
            let (opened, both_hold) = (opened.clone(), Arc::clone(&both_hold));
            tokio::spawn(async move {
                opened
                    .write(move |transaction| {
                        Box::pin(async move {
                            record(transaction, &top_up(number, number, 500), time(1)).await?;
                            both_hold.wait().await;
                            Ok(())
                        })
                    })
                    .await
            })
        })
        .collect();
    for writer in writers {
        // If both wanted the same stream, one would wait for ever for the other, which waits for it.
        tokio::time::timeout(Duration::from_secs(30), writer).await.unwrap().unwrap().unwrap();
    }
    let found = database.query_raw("SELECT position FROM journal ORDER BY position").await;
    assert_eq!(found, [["1".to_owned()], [((1_i64 << 48) + 1).to_string()]]);
    assert_eq!(opened.verify(|_| {}).await.unwrap().violations, []);

    database.execute_raw("DELETE FROM streams WHERE stream > 0; DELETE FROM cursors WHERE stream > 0").await;
    let other = database.open().await;
    let held = opened.write(move |transaction| {
        Box::pin(async move {
            begin(transaction).await?;
            Ok(other.write(|transaction| Box::pin(begin(transaction))).await)
        })
    });
    assert!(matches!(held.await.unwrap(), Err(StoreError::Conflict(_))));
}

async fn begin(transaction: &mut Transaction) -> Result<StreamHead, StoreError> {
    transaction.begin_batch(&BTreeMap::new()).await.map(|(head, _)| head)
}
