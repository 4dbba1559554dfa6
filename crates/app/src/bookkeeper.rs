//! The bookkeeper: follows every stream of the journal and keeps the sums of the accounts that are nobody's wallet, and the lines
//! of every shop.
//!
//! It is the first reader of the outbox. A cursor moves in the same transaction as what is derived, so nothing is added twice,
//! however many nodes run a bookkeeper; `verify` compares it with the journal. The two have a cursor each, for the lines came
//! later and begin at the beginning; where both stand at the same place one reading serves both.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use warifu_core::id::ShopId;
use warifu_core::ledger::Owner;
use warifu_core::time::Time;
use warifu_store::{AccountSum, Database, JournalCursor, Recorded, ShopLine, StoreError, Transaction};

use crate::clock::Clock;
use crate::open::App;

const SUMS: &str = "bookkeeper";
/// The cursor of the lines of shops.
pub(crate) const LINES: &str = "shop_lines";
/// How long the bookkeeper rests when there is nothing to book.
const REST: Duration = Duration::from_millis(500);
/// How many transactions it books at once.
const STRETCH: i64 = 500;
/// How many things of a kind it forgets at once, for what changes the database waits for it, and how often before it looks at the journal again.
/// After a night off there are as many as the day before had.
const PIECE: i64 = 200;
const PIECES: usize = 20;

/// Books for ever.
pub(crate) async fn run(database: Database, clock: Arc<dyn Clock>) {
    loop {
        if let Err(error) = catch_up(&database).await {
            tracing::warn!(%error, "the bookkeeper will try again");
        }
        if let Err(error) = forget(&database, clock.now()).await {
            tracing::warn!(%error, "what has expired will be forgotten later");
        }
        tokio::time::sleep(REST).await;
    }
}

/// Forgets what is of no use any more, or much of it.
async fn forget(database: &Database, now: Time) -> Result<(), StoreError> {
    for _ in 0..PIECES {
        let piece =
            database.write_beside(move |transaction| Box::pin(async move { forget_piece(transaction, now).await }));
        if !piece.await? {
            break;
        }
    }
    Ok(())
}

/// Forgets a piece of each kind, and says whether there may be more.
async fn forget_piece(transaction: &mut Transaction, now: Time) -> Result<bool, StoreError> {
    let forgotten = [
        transaction.delete_nonces(now, PIECE).await?,
        transaction.delete_ceremonies(now, PIECE).await?,
        transaction.delete_tickets(now, PIECE).await?,
        transaction.delete_enrollments(now, PIECE).await?,
        transaction.delete_old_trials(now.saturating_sub(crate::trial::KEPT), PIECE).await?,
        transaction.delete_bills(now.saturating_sub(crate::bill::KEPT), PIECE).await?,
        transaction.delete_sessions(now, PIECE).await?,
    ];
    Ok(forgotten.into_iter().any(|count| count >= PIECE.unsigned_abs()))
}

/// Where both readers stand, and the ends of the streams.
async fn standing(
    database: &Database,
) -> Result<(Vec<JournalCursor>, Vec<JournalCursor>, Vec<JournalCursor>), StoreError> {
    database
        .read(|transaction| {
            Box::pin(async move {
                let (sums, lines) = (transaction.list_cursors(SUMS).await?, transaction.list_cursors(LINES).await?);
                Ok((sums, lines, transaction.list_streams().await?))
            })
        })
        .await
}

/// Books everything that is recorded by now.
pub(crate) async fn catch_up(database: &Database) -> Result<(), StoreError> {
    let (sums, lines, heads) = standing(database).await?;
    let mut outcome = Ok(());
    for head in heads {
        let at = |cursors: &[JournalCursor]| cursors.iter().find(|cursor| cursor.stream == head.stream).copied();
        let (Some(sums), Some(lines)) = (at(&sums), at(&lines)) else { continue };
        // A stream that cannot be booked must not keep the others from it.
        if let Err(error) = catch_up_stream(database, sums, lines, head.position).await {
            tracing::error!(%error, stream = head.stream, "a stream cannot be booked");
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
        let (sums, lines, heads) = standing(&self.database).await?;
        let behind = heads.iter().filter_map(|head| {
            let cursors = sums.iter().chain(&lines).filter(|cursor| cursor.stream == head.stream);
            cursors.map(|cursor| head.position.saturating_sub(cursor.position)).max()
        });
        Ok(behind.fold(0, i64::saturating_add))
    }
}

/// Books one stream up to `end`.
async fn catch_up_stream(
    database: &Database,
    mut sums: JournalCursor,
    mut lines: JournalCursor,
    end: i64,
) -> Result<(), StoreError> {
    loop {
        let from = if sums.position <= lines.position { sums } else { lines };
        if from.position >= end {
            return Ok(());
        }
        // Read and added up outside of the transaction that writes, which is to be short.
        let mut stretch = database
            .read_behind(move |transaction| {
                Box::pin(async move { transaction.list_transactions_after(from, STRETCH).await })
            })
            .await?;
        let (sums_too, lines_too) = (sums.position == from.position, lines.position == from.position);
        if let Some(other) = (sums.position != lines.position).then_some(sums.position.max(lines.position)) {
            stretch.retain(|recorded| recorded.position <= other);
        }
        let Some(last) = stretch.last().map(|recorded| recorded.position) else { return Ok(()) };
        let booked = Booked {
            sums: sums_too.then(|| sum_up(&stretch)),
            lines: lines_too.then(|| stretch.iter().filter_map(ShopLine::of).collect()),
        };
        let has_moved = database
            .write_beside(move |transaction| Box::pin(async move { book(transaction, from, last, booked).await }))
            .await;
        match has_moved {
            Ok(()) => {
                sums.position = if sums_too { last } else { sums.position };
                lines.position = if lines_too { last } else { lines.position };
            }
            // Where another node is at work on this stream, it goes on from where that one has come.
            Err(StoreError::Conflict(_)) => {
                let (found, lined, _) = standing(database).await?;
                let at = |cursors: Vec<JournalCursor>| cursors.into_iter().find(|it| it.stream == from.stream);
                let missing = || StoreError::Failed("a stream without a cursor".to_owned());
                let now = (at(found).ok_or_else(missing)?, at(lined).ok_or_else(missing)?);
                if now == (sums, lines) {
                    return Ok(());
                }
                (sums, lines) = now;
            }
            Err(error) => return Err(error),
        }
    }
}

/// What a stretch of the journal comes to; `None` where that was booked before.
struct Booked {
    sums: Option<Vec<AccountSum>>,
    lines: Option<Vec<ShopLine>>,
}

/// Adds what a stretch comes to and moves the cursors from its beginning to its end. [`StoreError::Conflict`] if one of them
/// does not stand at the beginning any more; then nothing is added.
async fn book(transaction: &mut Transaction, from: JournalCursor, last: i64, booked: Booked) -> Result<(), StoreError> {
    let readers = [(SUMS, booked.sums.is_some()), (LINES, booked.lines.is_some())];
    for (name, _) in readers.into_iter().filter(|(_, is_booked)| *is_booked) {
        if !transaction.move_cursor(name, from, last).await? {
            return Err(StoreError::Conflict("another node has booked this".to_owned()));
        }
    }
    for change in booked.sums.iter().flatten() {
        transaction.add_to_sum(change).await?;
    }
    transaction.create_shop_lines(&booked.lines.unwrap_or_default()).await
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
