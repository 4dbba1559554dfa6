//! The sender: takes what is due, tells it, and keeps what came of it, in rounds. A round is one small transaction: it saves
//! what ended since the last one and leases what is sent next.
//!
//! What is under way is bounded, overall and for each webhook, and a webhook whose last attempt failed gets one attempt at a
//! time, so that receivers that do not answer hold up nobody but themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Notify, watch};
use tokio::task::{Id, JoinError, JoinSet};
use warifu_core::id::WebhookId;
use warifu_core::time::Time;
use warifu_store::{Attempt, Database, DueDelivery, Ended, StoreError, Transaction, Webhook, WebhookStatus};

use super::Counters;
use super::client::{Answer, Client, Message};
use super::schedule::after_failure;
use super::signature::sign;
use crate::clock::Clock;
use crate::event::Event;
use crate::keys::KeyRing;
use crate::random;

/// How many attempts are under way at once.
const AT_WORK_MAX: usize = 64;
/// How many of them to one webhook.
const AT_WORK_WEBHOOK_MAX: usize = 4;
/// How many to one whose last attempt failed.
const AT_WORK_FAILING_MAX: usize = 1;
/// How long it rests when nothing ends and nobody wakes it; an attempt that becomes due waits as long.
const REST: Duration = Duration::from_millis(250);
/// The least time between two rounds: on SQLite each is a commit that the commands wait for.
const PACE: Duration = Duration::from_millis(20);
/// How long a lease lasts: longer than an attempt and the rounds around it. After it another node may send.
const LEASE: Duration = Duration::from_secs(60);
/// How many webhooks one round looks at.
const LOOKED_AT: i64 = 64;
/// How many failing webhooks are remembered; at this number all are forgotten.
const FAILING_MAX: usize = 10_000;

/// The sender.
pub(super) struct Sender {
    pub(super) database: Database,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) keys: Arc<KeyRing>,
    pub(super) client: Arc<Client>,
    pub(super) counters: Arc<Counters>,
    pub(super) wake: Arc<Notify>,
    pub(super) stopped: watch::Receiver<bool>,
}

/// What is under way, and what came of what was.
#[derive(Default)]
struct Work {
    running: JoinSet<Answer>,
    jobs: BTreeMap<Id, Leased>,
    finished: Vec<Attempt>,
    gone: BTreeSet<WebhookId>,
    failing: BTreeSet<WebhookId>,
    /// The last webhook that was looked at: the next round begins after it.
    last: Option<WebhookId>,
}

/// A delivery that is to be attempted.
struct Job {
    due: DueDelivery,
    webhook: Webhook,
    /// The event's text; `None` if the journal has no such transaction.
    body: Option<Bytes>,
}

#[derive(Clone, Copy)]
struct Leased {
    due: DueDelivery,
    until: Time,
}

/// How many more attempts may be begun.
#[derive(Clone, Default)]
struct Room {
    overall: usize,
    at_work: BTreeMap<WebhookId, usize>,
    failing: BTreeSet<WebhookId>,
}

impl Room {
    fn at(&self, webhook: WebhookId) -> usize {
        let most = if self.failing.contains(&webhook) { AT_WORK_FAILING_MAX } else { AT_WORK_WEBHOOK_MAX };
        most.saturating_sub(self.at_work.get(&webhook).copied().unwrap_or(0)).min(self.overall)
    }
}

impl Work {
    fn room(&self) -> Room {
        let busy = self.running.len().saturating_add(self.finished.len());
        let mut at_work: BTreeMap<WebhookId, usize> = BTreeMap::new();
        for leased in self.jobs.values() {
            let count = at_work.entry(leased.due.webhook).or_default();
            *count = count.saturating_add(1);
        }
        Room { overall: AT_WORK_MAX.saturating_sub(busy), at_work, failing: self.failing.clone() }
    }
}

impl Sender {
    /// Sends until it is told to stop; then finishes what is under way.
    pub(super) async fn run(self) {
        let (mut work, mut stopped) = (Work::default(), self.stopped.clone());
        loop {
            tokio::select! {
                // An error means that the app is gone, which is as good.
                _ = stopped.wait_for(|stopped| *stopped) => break,
                Some(ended) = work.running.join_next_with_id() => self.take(&mut work, ended),
                () = self.wake.notified() => {}
                () = tokio::time::sleep(REST) => {}
            }
            while let Some(ended) = work.running.try_join_next_with_id() {
                self.take(&mut work, ended);
            }
            if let Err(error) = self.round(&mut work).await {
                tracing::warn!(%error, "deliveries to webhooks will be tried again");
                tokio::time::sleep(REST).await;
            }
            tokio::time::sleep(PACE).await;
        }
        while let Some(ended) = work.running.join_next_with_id().await {
            self.take(&mut work, ended);
        }
        if let Err(error) = self.commit(&mut work, Vec::new()).await {
            tracing::warn!(%error, "what was delivered last could not be kept; it will be delivered again");
        }
    }

    /// Takes what came of an attempt.
    fn take(&self, work: &mut Work, ended: Result<(Id, Answer), JoinError>) {
        let (id, answer) = match ended {
            Ok(ended) => ended,
            Err(error) => (error.id(), Answer::None("the attempt was broken off".to_owned())),
        };
        let Some(Leased { due, until }) = work.jobs.remove(&id) else { return };
        let now = self.clock.now();
        let (status, error) = match answer {
            Answer::Status(status) if (200..300).contains(&status) => (Some(status), None),
            Answer::Status(status) => (Some(status), Some(format!("the receiver answered {status}"))),
            Answer::None(error) => (None, Some(error)),
        };
        let ended = match (&error, status) {
            (None, _) => Ended::Delivered(now),
            (_, Some(410)) => Ended::Failed(now),
            // Without a random byte all come back together, which is no harm to those that are few.
            _ => after_failure(
                due.attempts.saturating_add(1),
                now,
                random::bytes().map_or(0, |[chance]: [u8; 1]| chance),
            ),
        };
        if error.is_none() {
            self.counters.delivered.fetch_add(1, Ordering::Relaxed);
            work.failing.remove(&due.webhook);
        } else {
            self.counters.failed_attempts.fetch_add(1, Ordering::Relaxed);
            if work.failing.len() >= FAILING_MAX {
                work.failing.clear();
            }
            work.failing.insert(due.webhook);
        }
        if status == Some(410) {
            work.gone.insert(due.webhook);
        }
        let status = status.map(i64::from);
        work.finished.push(Attempt {
            webhook: due.webhook,
            event: due.event,
            leased_until: until,
            ended,
            status,
            error,
        });
    }

    /// Finds what is due, keeps what ended, leases what is sent next, and sends it.
    async fn round(&self, work: &mut Work) -> Result<(), StoreError> {
        let (now, room, after) = (self.clock.now(), work.room(), work.last);
        let (jobs, last) = if room.overall == 0 {
            (Vec::new(), after)
        } else {
            self.database
                .read_behind(move |transaction| Box::pin(async move { gather(transaction, now, room, after).await }))
                .await?
        };
        work.last = last;
        self.commit(work, jobs).await
    }

    /// One transaction that keeps what ended and leases what is sent next; then sends what it leased.
    async fn commit(&self, work: &mut Work, jobs: Vec<Job>) -> Result<(), StoreError> {
        if jobs.is_empty() && work.finished.is_empty() {
            return Ok(());
        }
        let (finished, gone) = (work.finished.clone(), work.gone.clone());
        let due: Vec<DueDelivery> = jobs.iter().map(|job| job.due).collect();
        let until = self.clock.now().saturating_add(LEASE);
        let leased = self
            .database
            .write_beside(move |transaction| {
                Box::pin(async move {
                    transaction.save_attempts(&finished).await?;
                    for webhook in gone {
                        transaction.save_webhook_status(webhook, WebhookStatus::Disabled).await?;
                    }
                    transaction.lease_deliveries(&due, until).await
                })
            })
            .await?;
        work.finished.clear();
        work.gone.clear();
        for job in jobs {
            let due = job.due;
            if leased.contains(&(due.webhook, due.event)) {
                let started = work.running.spawn(attempt(Arc::clone(&self.client), self.message(job)));
                work.jobs.insert(started.id(), Leased { due, until });
            }
        }
        Ok(())
    }

    /// What is sent, signed at this time, or why it cannot be.
    fn message(&self, job: Job) -> Result<Message, String> {
        let key = u32::try_from(job.webhook.signing_key_id)
            .ok()
            .and_then(|key_id| self.keys.webhook_secret(key_id, job.webhook.id))
            .ok_or("the key that signs for this webhook was dropped; make a new webhook")?;
        let body = job.body.ok_or("the transaction of this event cannot be read")?;
        let (id, unix_seconds) = (job.due.event.to_string(), self.clock.now().unix_micros() / 1_000_000);
        let signature = sign(&key, &id, unix_seconds, &body);
        Ok(Message { url: job.webhook.url, id, unix_seconds, signature, body })
    }
}

async fn attempt(client: Arc<Client>, message: Result<Message, String>) -> Answer {
    match message {
        Ok(message) => client.send(message).await,
        Err(error) => Answer::None(error),
    }
}

/// What is due at webhooks that have room, beginning after one of them and going round, and the last that was looked at.
async fn gather(
    transaction: &mut Transaction,
    now: Time,
    mut room: Room,
    after: Option<WebhookId>,
) -> Result<(Vec<Job>, Option<WebhookId>), StoreError> {
    let mut webhooks = transaction.list_due_webhooks(now, after, LOOKED_AT).await?;
    if after.is_some() && webhooks.len() < usize::try_from(LOOKED_AT).unwrap_or(0) {
        let first = transaction.list_due_webhooks(now, None, LOOKED_AT).await?;
        webhooks.extend(first.into_iter().take_while(|webhook| Some(webhook.id) <= after));
    }
    let (mut jobs, mut last) = (Vec::new(), after);
    for webhook in webhooks {
        if room.overall == 0 {
            break;
        }
        last = Some(webhook.id);
        let limit = i64::try_from(room.at(webhook.id)).unwrap_or(0);
        if limit == 0 {
            continue;
        }
        for due in transaction.list_due_deliveries(webhook.id, now, limit).await? {
            let found = transaction.find_transaction(due.event.into()).await?;
            // Never `None` for what is found: nothing in an event can fail to serialise.
            let body = found.and_then(|found| serde_json::to_vec(&Event::from(&found.record)).ok()).map(Bytes::from);
            room.overall = room.overall.saturating_sub(1);
            jobs.push(Job { due, webhook: webhook.clone(), body });
        }
    }
    Ok((jobs, last))
}
