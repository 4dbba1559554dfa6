//! From the journal to deliveries: a reader with a cursor of its own in every stream, which keeps for each event what is to
//! be told to which webhook. The cursor moves in the same transaction, so each is kept once, however many nodes run this.
//!
//! Where nobody is to be told, nothing is written: the cursor stays, and later jumps to where the first webhook begins.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use warifu_core::id::{EventId, WebhookId};
use warifu_core::ledger::Transaction as Record;
use warifu_core::time::Time;
use warifu_store::{
    Database, JournalCursor, NewDelivery, Recorded, StoreError, Subscriber, Transaction, WebhookStatus,
};

use crate::clock::Clock;
use crate::event::Event;
use crate::event::shops::Shops;

const NAME: &str = "webhooks";
/// How long it rests when there is nothing to do.
const REST: Duration = Duration::from_millis(250);
/// How many transactions are read at once.
const STRETCH: i64 = 500;
/// How many deliveries are kept in one transaction, or those of one event. Small, for on SQLite the commands wait meanwhile.
const KEPT: usize = 500;
/// How often what has ended is cleared away.
const SWEEP: Duration = Duration::from_secs(60);
/// How many rows are cleared away in one transaction, for the same reason.
const SWEPT: i64 = 500;
/// How long the commands have the database to themselves between two of those.
const PAUSE: Duration = Duration::from_millis(50);
/// How many webhooks a sweep looks at.
const SWEPT_WEBHOOKS: i64 = 100;
/// How long a delivery that ended can be looked up and had again.
const REMEMBERED: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The reader.
pub(super) struct FanOut {
    pub(super) database: Database,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) shops: Arc<Shops>,
    pub(super) wake: Arc<Notify>,
}

/// A stretch of a stream that was read, and what is to be kept of it.
struct Stretch {
    /// Where the cursor stands.
    cursor: JournalCursor,
    /// Where it moves.
    reached: i64,
    deliveries: Vec<NewDelivery>,
}

impl FanOut {
    /// Reads for ever.
    pub(super) async fn run(self) {
        let mut swept: Option<Instant> = None;
        loop {
            if let Err(error) = self.catch_up().await {
                tracing::warn!(%error, "webhooks will be told of new events later");
            }
            if swept.is_none_or(|at| at.elapsed() >= SWEEP) {
                if let Err(error) = self.sweep().await {
                    tracing::warn!(%error, "old deliveries will be cleared away later");
                }
                swept = Some(Instant::now());
            }
            tokio::time::sleep(REST).await;
        }
    }

    /// Reads everything that is recorded by now.
    async fn catch_up(&self) -> Result<(), StoreError> {
        let subscribers =
            self.database.read_behind(|transaction| Box::pin(async move { transaction.list_subscribers().await }));
        if subscribers.await?.is_empty() {
            return Ok(());
        }
        let standing = self.database.read(|transaction| {
            Box::pin(async move { Ok((transaction.list_cursors(NAME).await?, transaction.list_streams().await?)) })
        });
        let (cursors, ends) = standing.await?;
        let mut outcome = Ok(());
        for cursor in cursors {
            let Some(end) = ends.iter().find(|end| end.stream == cursor.stream) else { continue };
            // A stream that cannot be read must not keep the others from it.
            if let Err(error) = self.catch_up_stream(cursor, end.position).await {
                tracing::error!(%error, stream = cursor.stream, "a stream cannot be read for webhooks");
                outcome = Err(error);
            }
        }
        outcome
    }

    async fn catch_up_stream(&self, mut cursor: JournalCursor, end: i64) -> Result<(), StoreError> {
        while cursor.position < end {
            let (shops, now) = (Arc::clone(&self.shops), self.clock.now());
            let stretch = self
                .database
                .read_behind(move |transaction| Box::pin(async move { read(transaction, cursor, now, &shops).await }))
                .await?;
            let Some(stretch) = stretch else { break };
            let (reached, is_new) = (stretch.reached, !stretch.deliveries.is_empty());
            let kept = self
                .database
                .write_beside(move |transaction| Box::pin(async move { keep(transaction, &stretch).await }))
                .await?;
            if !kept {
                // Another node is at work on this stream.
                break;
            }
            if is_new {
                self.wake.notify_one();
            }
            cursor.position = reached;
        }
        Ok(())
    }

    /// Clears away what ended long ago, what waits for a webhook that is disabled, and what is left of deleted ones.
    async fn sweep(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let before = now.saturating_sub(REMEMBERED);
        self.in_parts(move |transaction| {
            Box::pin(async move { transaction.delete_ended_deliveries(before, SWEPT).await })
        })
        .await?;
        for id in self.ended(WebhookStatus::Disabled).await? {
            self.in_parts(move |transaction| {
                Box::pin(
                    async move { transaction.end_pending_deliveries(id, now, "the webhook is disabled", SWEPT).await },
                )
            })
            .await?;
        }
        for id in self.ended(WebhookStatus::Deleted).await? {
            self.in_parts(move |transaction| {
                Box::pin(async move { transaction.delete_deliveries_of_webhook(id, SWEPT).await })
            })
            .await?;
            self.database
                .write(move |transaction| Box::pin(async move { transaction.delete_webhook(id).await }))
                .await?;
        }
        Ok(())
    }

    async fn ended(&self, status: WebhookStatus) -> Result<Vec<WebhookId>, StoreError> {
        self.database
            .read(move |transaction| {
                Box::pin(async move { transaction.list_ended_webhooks(status, SWEPT_WEBHOOKS).await })
            })
            .await
    }

    /// Does the same small piece of work until there is less than a piece left.
    async fn in_parts<F>(&self, work: F) -> Result<(), StoreError>
    where
        F: for<'t> Fn(&'t mut Transaction) -> futures::future::BoxFuture<'t, Result<u64, StoreError>>
            + Copy
            + Send
            + 'static,
    {
        let piece = u64::try_from(SWEPT).unwrap_or(u64::MAX);
        while self.database.write_beside(work).await? >= piece {
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }
}

/// Reads what comes after the cursor, and to whom it is to be told, on one snapshot: a webhook that was there before an event
/// was recorded is seen wherever the event is. `None` if there is nothing to read, or nobody to tell.
async fn read(
    transaction: &mut Transaction,
    cursor: JournalCursor,
    now: Time,
    shops: &Shops,
) -> Result<Option<Stretch>, StoreError> {
    let subscribers = transaction.list_subscribers().await?;
    // What was recorded before the first of them was made is passed over.
    let Some(begin) = subscribers.iter().map(|one| one.webhook.since_in(cursor.stream).unwrap_or(0)).min() else {
        return Ok(None);
    };
    let from = JournalCursor { position: cursor.position.max(begin), ..cursor };
    let mut stretch = Stretch { cursor, reached: from.position, deliveries: Vec::new() };
    for Recorded { position, record } in transaction.list_transactions_after(from, STRETCH).await? {
        if stretch.deliveries.len() >= KEPT {
            break;
        }
        for subscriber in &subscribers {
            if is_told(transaction, subscriber, position, &record, shops).await? {
                stretch.deliveries.push(NewDelivery {
                    webhook: subscriber.webhook.id,
                    event: EventId::from(record.id),
                    event_type: Event::type_of(&record).to_owned(),
                    next_attempt_at: now,
                });
            }
        }
        stretch.reached = position;
    }
    Ok((stretch.reached > cursor.position).then_some(stretch))
}

/// Whether a webhook is to be told of a transaction.
async fn is_told(
    transaction: &mut Transaction,
    subscriber: &Subscriber,
    position: i64,
    record: &Record,
    shops: &Shops,
) -> Result<bool, StoreError> {
    let Subscriber { webhook, merchant } = subscriber;
    let stream = JournalCursor::stream_of(position);
    if webhook.since_in(stream).is_some_and(|since| position <= since) {
        return Ok(false);
    }
    let event_type = Event::type_of(record);
    if webhook.event_types.as_ref().is_some_and(|types| !types.iter().any(|name| name == event_type)) {
        return Ok(false);
    }
    shops.shows(transaction, *merchant, record).await
}

/// Keeps a stretch. `false` if another node moved the cursor first.
async fn keep(transaction: &mut Transaction, stretch: &Stretch) -> Result<bool, StoreError> {
    if !transaction.move_cursor(NAME, stretch.cursor, stretch.reached).await? {
        return Ok(false);
    }
    transaction.create_deliveries(&stretch.deliveries).await?;
    Ok(true)
}
