//! The bookkeeper: follows every stream of the journal and keeps the sums of the accounts that are nobody's wallet.
//!
//! It is the first reader of the outbox. A cursor moves in the same transaction as the sums, so nothing is added twice,
//! however many nodes run a bookkeeper; `verify` compares the sums with the journal.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use warifu_core::id::ShopId;
use warifu_core::ledger::Owner;
use warifu_core::time::Time;
use warifu_store::{AccountSum, Database, JournalCursor, Recorded, StoreError, Transaction};

use crate::clock::Clock;
use crate::open::App;

const NAME: &str = "bookkeeper";
/// How long the bookkeeper rests when there is nothing to book.
const REST: Duration = Duration::from_millis(500);
/// How many transactions it books at once.
const STRETCH: i64 = 500;

/// Books for ever.
pub(crate) async fn run(database: Database, clock: Arc<dyn Clock>) {
    loop {
        if let Err(error) = catch_up(&database).await {
            tracing::warn!(%error, "the bookkeeper will try again");
        }
        let now = clock.now();
        let forgotten =
            database.write(move |transaction| Box::pin(async move { forget(transaction, now).await })).await;
        if let Err(error) = forgotten {
            tracing::warn!(%error, "what has expired will be forgotten later");
        }
        tokio::time::sleep(REST).await;
    }
}

/// Forgets what is of no use any more.
async fn forget(transaction: &mut Transaction, now: Time) -> Result<(), StoreError> {
    transaction.delete_nonces(now).await?;
    transaction.delete_ceremonies(now).await?;
    transaction.delete_tickets(now).await?;
    transaction.delete_sessions(now).await.map(drop)
}

/// Books everything that is recorded by now.
pub(crate) async fn catch_up(database: &Database) -> Result<(), StoreError> {
    let (cursors, heads) = database
        .read(|transaction| {
            Box::pin(async move { Ok((transaction.list_cursors(NAME).await?, transaction.list_streams().await?)) })
        })
        .await?;
    let mut outcome = Ok(());
    for cursor in cursors {
        let Some(head) = heads.iter().find(|head| head.stream == cursor.stream) else { continue };
        // A stream that cannot be booked must not keep the others from it.
        if let Err(error) = catch_up_stream(database, cursor, head.position).await {
            tracing::error!(%error, stream = cursor.stream, "a stream cannot be booked");
            outcome = Err(error);
        }
    }
    outcome
}

impl App {
    /// How many recorded transactions the bookkeeper has not booked yet.
    ///
    /// # Errors
    /// What the database said.
    pub async fn bookkeeper_lag(&self) -> Result<i64, StoreError> {
        let (cursors, heads) = self
            .database
            .read(|transaction| {
                Box::pin(async move { Ok((transaction.list_cursors(NAME).await?, transaction.list_streams().await?)) })
            })
            .await?;
        let behind = cursors.iter().filter_map(|cursor| {
            let head = heads.iter().find(|head| head.stream == cursor.stream)?;
            Some(head.position.saturating_sub(cursor.position))
        });
        Ok(behind.fold(0, i64::saturating_add))
    }
}

/// Books one stream up to `end`.
async fn catch_up_stream(database: &Database, mut from: JournalCursor, end: i64) -> Result<(), StoreError> {
    while from.position < end {
        // Read and added up outside of the transaction that writes: on SQLite the commands wait for that one.
        let stretch = database
            .read(move |transaction| Box::pin(async move { transaction.list_transactions_after(from, STRETCH).await }))
            .await?;
        let Some(last) = stretch.last().map(|recorded| recorded.position) else { break };
        let sums = sum_up(&stretch);
        let has_moved = database
            .write(move |transaction| Box::pin(async move { book(transaction, from, last, &sums).await }))
            .await?;
        let cursor =
            if has_moved { JournalCursor { position: last, ..from } } else { cursor(database, from.stream).await? };
        if cursor.position <= from.position {
            break;
        }
        // Where another node is at work on this stream, it goes on from where that one has come.
        from = cursor;
    }
    Ok(())
}

async fn cursor(database: &Database, stream: i64) -> Result<JournalCursor, StoreError> {
    let cursors = database.read(|transaction| Box::pin(async move { transaction.list_cursors(NAME).await })).await?;
    let found = cursors.into_iter().find(|cursor| cursor.stream == stream);
    found.ok_or_else(|| StoreError::Failed("a stream without a cursor".to_owned()))
}

/// Adds what was summed up of a stretch and moves the cursor from its beginning to its end. `false` if the cursor does not
/// stand at the beginning any more; then nothing is added.
async fn book(
    transaction: &mut Transaction,
    from: JournalCursor,
    last: i64,
    sums: &[AccountSum],
) -> Result<bool, StoreError> {
    if !transaction.move_cursor(NAME, from, last).await? {
        return Ok(false);
    }
    for change in sums {
        transaction.add_to_sum(change).await?;
    }
    Ok(true)
}

fn sum_up(stretch: &[Recorded]) -> Vec<AccountSum> {
    let mut sums = BTreeMap::new();
    for Recorded { record, .. } in stretch {
        let Some(done) = record.done() else { continue };
        for transfer in &done.transfers {
            let (book, unit, amount) = (record.book, transfer.unit, transfer.amount.get());
            for (account, debit, credit) in [(transfer.debit, amount, 0), (transfer.credit, 0, amount)] {
                let owner = match account.owner() {
                    // A wallet's entries carry their balance themselves.
                    Owner::Wallet => continue,
                    Owner::Shop => record.shop.map_or([0; 16], ShopId::bytes),
                    Owner::Issuer => [0; 16],
                };
                let empty = AccountSum { book, account, owner, unit, debits: 0, credits: 0 };
                let sum: &mut AccountSum = sums.entry((book, account, owner, unit)).or_insert(empty);
                sum.debits = sum.debits.saturating_add(debit);
                sum.credits = sum.credits.saturating_add(credit);
            }
        }
    }
    sums.into_values().collect()
}
