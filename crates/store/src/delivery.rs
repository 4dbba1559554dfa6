//! Deliveries: which event is to be told to which webhook, and what came of it.
//!
//! A delivery that waits has the time of its next attempt. Whoever attempts it first moves that time ahead, from what was
//! read, which is a lease: of many nodes one succeeds. Many rows change at once, so these statements are written twice.

use std::collections::BTreeSet;

use warifu_core::id::{EventId, WebhookId};
use warifu_core::time::Time;

use crate::engine::Transaction;
use crate::error::StoreError;
use crate::registry::{each_statements, statements};
use crate::value::{Row, Value};

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryStatus {
    /// It is still to be told.
    Pending,
    /// The receiver took it.
    Delivered,
    /// It was tried to the end, in vain.
    Failed,
}

impl DeliveryStatus {
    /// The text in storage and in the interface.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }

    /// Reads what [`DeliveryStatus::text`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Pending, Self::Delivered, Self::Failed].into_iter().find(|status| status.text() == text)
    }
}

/// An event that is to be told to a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDelivery {
    /// Which webhook.
    pub webhook: WebhookId,
    /// Which event.
    pub event: EventId,
    /// The type of the event.
    pub event_type: String,
    /// From when on.
    pub next_attempt_at: Time,
}

/// A delivery as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Which webhook.
    pub webhook: WebhookId,
    /// Which event.
    pub event: EventId,
    /// The type of the event.
    pub event_type: String,
    /// What became of it.
    pub status: DeliveryStatus,
    /// How many attempts were begun, the present one included.
    pub attempts: i64,
    /// When the next attempt is made; while one is under way, when it is given up. `None` if none will be made.
    pub next_attempt_at: Option<Time>,
    /// The HTTP status of the last attempt, if there was one.
    pub last_status: Option<i64>,
    /// What was wrong with the last attempt.
    pub last_error: Option<String>,
    /// When it was delivered or failed.
    pub ended_at: Option<Time>,
}

/// A delivery whose time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueDelivery {
    /// Which webhook.
    pub webhook: WebhookId,
    /// Which event.
    pub event: EventId,
    /// How many attempts were begun.
    pub attempts: i64,
    /// When it was due: from this time it is leased.
    pub due_at: Time,
}

/// How an attempt ended a delivery, or did not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The receiver took it.
    Delivered(Time),
    /// It is given up.
    Failed(Time),
    /// It is tried again at this time.
    NotYet(Time),
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Which webhook.
    pub webhook: WebhookId,
    /// Which event.
    pub event: EventId,
    /// The lease under which it was made. If the delivery has another time by now, this attempt says nothing about it.
    pub leased_until: Time,
    /// What becomes of the delivery.
    pub ended: Ended,
    /// The HTTP status, if there was one.
    pub status: Option<i64>,
    /// What was wrong.
    pub error: Option<String>,
}

/// The columns that [`read_delivery`] reads, in its order.
macro_rules! delivery_columns {
    () => {
        "SELECT webhook_id, event_id, event_type, status, attempts, next_attempt_at, last_status, last_error, ended_at \
         FROM deliveries "
    };
}

statements! {
    FIND_DELIVERY (Blob, Blob) -> (Blob, Blob, Text, Text, Int, Int, Int, Text, Int)
        concat!(delivery_columns!(), "WHERE webhook_id = $1 AND event_id = $2");
    LIST_DELIVERIES (Blob, Blob, Int) -> (Blob, Blob, Text, Text, Int, Int, Int, Text, Int)
        concat!(delivery_columns!(), "WHERE webhook_id = $1 AND event_id < $2 ORDER BY event_id DESC LIMIT $3");
    LIST_DELIVERIES_BY_STATUS (Blob, Blob, Int, Text) -> (Blob, Blob, Text, Text, Int, Int, Int, Text, Int)
        concat!(delivery_columns!(),
            // Two steps, for otherwise SQLite reads all deliveries of the webhook instead of the index.
            "WHERE webhook_id = $1 AND event_id IN (SELECT event_id FROM deliveries \
                 WHERE webhook_id = $1 AND status = $4 AND event_id < $2 ORDER BY event_id DESC LIMIT $3) \
             ORDER BY event_id DESC");
    LIST_DUE_DELIVERIES (Blob, Int, Int) -> (Blob, Blob, Int, Int)
        "SELECT webhook_id, event_id, attempts, next_attempt_at FROM deliveries \
         WHERE webhook_id = $1 AND next_attempt_at <= $2 ORDER BY next_attempt_at, event_id LIMIT $3";
    RENEW_DELIVERY (Blob, Blob, Int) -> ()
        "UPDATE deliveries SET status = 'pending', attempts = 0, next_attempt_at = $3, ended_at = NULL \
         WHERE webhook_id = $1 AND event_id = $2";
    COUNT_PENDING_DELIVERIES (Int) -> (Int)
        "SELECT count(*) FROM (SELECT 1 FROM deliveries WHERE next_attempt_at IS NOT NULL LIMIT $1) AS pending";
    END_PENDING_DELIVERIES (Blob, Int, Text, Int) -> ()
        "UPDATE deliveries SET status = 'failed', next_attempt_at = NULL, last_error = $3, ended_at = $2 \
         WHERE webhook_id = $1 AND event_id IN (SELECT event_id FROM deliveries \
             WHERE webhook_id = $1 AND next_attempt_at IS NOT NULL LIMIT $4)";
    DELETE_ENDED_DELIVERIES (Int, Int) -> ()
        "DELETE FROM deliveries WHERE (webhook_id, event_id) IN (SELECT webhook_id, event_id FROM deliveries \
             WHERE ended_at < $1 ORDER BY ended_at LIMIT $2)";
    DELETE_DELIVERIES_OF_WEBHOOK (Blob, Int) -> ()
        "DELETE FROM deliveries WHERE webhook_id = $1 AND event_id IN (SELECT event_id FROM deliveries \
             WHERE webhook_id = $1 LIMIT $2)";
}

each_statements! {
    // A webhook that was deleted meanwhile is passed over.
    CREATE_DELIVERY (Blob, Blob, Text, Int) -> ()
        row "INSERT INTO deliveries (webhook_id, event_id, event_type, status, attempts, next_attempt_at) \
             SELECT $1, $2, $3, 'pending', 0, $4 WHERE EXISTS (SELECT 1 FROM webhooks WHERE id = $1) \
             ON CONFLICT DO NOTHING",
        set "INSERT INTO deliveries (webhook_id, event_id, event_type, status, attempts, next_attempt_at) \
             SELECT n.webhook_id, n.event_id, n.event_type, 'pending', 0, n.next_attempt_at \
             FROM unnest($1::bytea[], $2::bytea[], $3::text[], $4::bigint[]) \
               AS n (webhook_id, event_id, event_type, next_attempt_at) \
             JOIN webhooks w ON w.id = n.webhook_id ON CONFLICT DO NOTHING";
    LEASE_DELIVERY (Blob, Blob, Int, Int) -> (Blob, Blob)
        row "UPDATE deliveries SET next_attempt_at = $4, attempts = attempts + 1 \
             WHERE webhook_id = $1 AND event_id = $2 AND next_attempt_at = $3 RETURNING webhook_id, event_id",
        // What another node is at work on is passed over instead of waited for.
        set "WITH due AS (SELECT d.webhook_id, d.event_id, n.leased_until \
                 FROM unnest($1::bytea[], $2::bytea[], $3::bigint[], $4::bigint[]) \
                   AS n (webhook_id, event_id, due_at, leased_until) \
                 JOIN deliveries d ON d.webhook_id = n.webhook_id AND d.event_id = n.event_id \
                   AND d.next_attempt_at = n.due_at FOR UPDATE OF d SKIP LOCKED) \
             UPDATE deliveries d SET next_attempt_at = due.leased_until, attempts = d.attempts + 1 \
             FROM due WHERE d.webhook_id = due.webhook_id AND d.event_id = due.event_id \
             RETURNING d.webhook_id, d.event_id";
    SAVE_ATTEMPT (Blob, Blob, Int, Text, Int, Int, Text, Int) -> ()
        row "UPDATE deliveries SET status = $4, next_attempt_at = $5, last_status = $6, last_error = $7, ended_at = $8 \
             WHERE webhook_id = $1 AND event_id = $2 AND next_attempt_at = $3",
        set "UPDATE deliveries d SET status = n.status, next_attempt_at = n.next_attempt_at, \
                 last_status = n.last_status, last_error = n.last_error, ended_at = n.ended_at \
             FROM unnest($1::bytea[], $2::bytea[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[], $7::text[], \
                 $8::bigint[]) AS n (webhook_id, event_id, leased_until, status, next_attempt_at, last_status, \
                 last_error, ended_at) \
             WHERE d.webhook_id = n.webhook_id AND d.event_id = n.event_id AND d.next_attempt_at = n.leased_until";
}

impl Transaction {
    /// Keeps new deliveries. One that is there already stays as it is.
    ///
    /// # Errors
    /// What the database said.
    pub async fn create_deliveries(&mut self, deliveries: &[NewDelivery]) -> Result<(), StoreError> {
        let row = |new: &NewDelivery| -> Vec<Value> {
            vec![
                new.webhook.bytes().into(),
                new.event.bytes().into(),
                new.event_type.as_str().into(),
                new.next_attempt_at.unix_micros().into(),
            ]
        };
        self.each(&CREATE_DELIVERY, deliveries.iter().map(row).collect()).await.map(drop)
    }

    /// How the telling of an event to a webhook stands.
    ///
    /// # Errors
    /// What the database said.
    pub async fn find_delivery(&mut self, webhook: WebhookId, event: EventId) -> Result<Option<Delivery>, StoreError> {
        let params = [webhook.bytes().into(), event.bytes().into()];
        self.row(&FIND_DELIVERY, &params).await?.map(|row| read_delivery(&row)).transpose()
    }

    /// Deliveries of a webhook before an event, newest event first, at most `limit`; all, or those with a status.
    ///
    /// # Errors
    /// What the database said.
    pub async fn list_deliveries(
        &mut self,
        webhook: WebhookId,
        status: Option<DeliveryStatus>,
        before: Option<EventId>,
        limit: i64,
    ) -> Result<Vec<Delivery>, StoreError> {
        let before = before.map_or([0xff; 16], EventId::bytes);
        let mut params: Vec<Value> = vec![webhook.bytes().into(), before.into(), limit.into()];
        let rows = match status {
            None => self.rows(&LIST_DELIVERIES, &params).await?,
            Some(status) => {
                params.push(status.text().into());
                self.rows(&LIST_DELIVERIES_BY_STATUS, &params).await?
            }
        };
        rows.iter().map(read_delivery).collect()
    }

    /// What is due at a webhook, the longest waiting first, at most `limit`.
    ///
    /// # Errors
    /// What the database said.
    pub async fn list_due_deliveries(
        &mut self,
        webhook: WebhookId,
        now: Time,
        limit: i64,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        let params = [webhook.bytes().into(), now.unix_micros().into(), limit.into()];
        let rows = self.rows(&LIST_DUE_DELIVERIES, &params).await?;
        rows.iter()
            .map(|row| {
                Ok(DueDelivery {
                    webhook: WebhookId::from_bytes(row.bytes(0)?),
                    event: EventId::from_bytes(row.bytes(1)?),
                    attempts: row.int(2)?,
                    due_at: row.converted(3, Time::from_unix_micros)?,
                })
            })
            .collect()
    }

    /// Leases deliveries until a time, each from the time at which it was due, and says which of them are leased. The others
    /// are another node's by now.
    ///
    /// # Errors
    /// What the database said.
    pub async fn lease_deliveries(
        &mut self,
        due: &[DueDelivery],
        until: Time,
    ) -> Result<BTreeSet<(WebhookId, EventId)>, StoreError> {
        let row = |due: &DueDelivery| -> Vec<Value> {
            vec![
                due.webhook.bytes().into(),
                due.event.bytes().into(),
                due.due_at.unix_micros().into(),
                until.unix_micros().into(),
            ]
        };
        let leased = self.each(&LEASE_DELIVERY, due.iter().map(row).collect()).await?;
        leased
            .iter()
            .map(|row| Ok((WebhookId::from_bytes(row.bytes(0)?), EventId::from_bytes(row.bytes(1)?))))
            .collect()
    }

    /// Records what came of attempts. What was asked to be delivered anew meanwhile, or is another node's, stays as it is.
    ///
    /// # Errors
    /// What the database said.
    pub async fn save_attempts(&mut self, attempts: &[Attempt]) -> Result<(), StoreError> {
        let row = |attempt: &Attempt| -> Vec<Value> {
            let (status, next, ended) = match attempt.ended {
                Ended::Delivered(at) => (DeliveryStatus::Delivered, None, Some(at)),
                Ended::Failed(at) => (DeliveryStatus::Failed, None, Some(at)),
                Ended::NotYet(at) => (DeliveryStatus::Pending, Some(at), None),
            };
            vec![
                attempt.webhook.bytes().into(),
                attempt.event.bytes().into(),
                attempt.leased_until.unix_micros().into(),
                status.text().into(),
                next.map(Time::unix_micros).into(),
                attempt.status.into(),
                attempt.error.clone().into(),
                ended.map(Time::unix_micros).into(),
            ]
        };
        self.each(&SAVE_ATTEMPT, attempts.iter().map(row).collect()).await.map(drop)
    }

    /// Makes a delivery due at `now`, whatever became of it, with its attempts counted anew. `false` if there is none.
    ///
    /// # Errors
    /// What the database said.
    pub async fn renew_delivery(&mut self, webhook: WebhookId, event: EventId, now: Time) -> Result<bool, StoreError> {
        let params = [webhook.bytes().into(), event.bytes().into(), now.unix_micros().into()];
        Ok(self.execute(&RENEW_DELIVERY, &params).await? == 1)
    }

    /// How many deliveries wait, counted up to `most`.
    ///
    /// # Errors
    /// What the database said.
    pub async fn count_pending_deliveries(&mut self, most: i64) -> Result<i64, StoreError> {
        self.row(&COUNT_PENDING_DELIVERIES, &[most.into()]).await?.map_or(Ok(0), |row| row.int(0))
    }

    /// Gives up at most `limit` deliveries of a webhook that wait, and says how many.
    ///
    /// # Errors
    /// What the database said.
    pub async fn end_pending_deliveries(
        &mut self,
        webhook: WebhookId,
        now: Time,
        error: &str,
        limit: i64,
    ) -> Result<u64, StoreError> {
        let params = [webhook.bytes().into(), now.unix_micros().into(), error.into(), limit.into()];
        self.execute(&END_PENDING_DELIVERIES, &params).await
    }

    /// Forgets at most `limit` deliveries that ended before a time, the oldest first, and says how many.
    ///
    /// # Errors
    /// What the database said.
    pub async fn delete_ended_deliveries(&mut self, before: Time, limit: i64) -> Result<u64, StoreError> {
        self.execute(&DELETE_ENDED_DELIVERIES, &[before.unix_micros().into(), limit.into()]).await
    }

    /// Forgets at most `limit` deliveries of a webhook, whatever became of them, and says how many.
    ///
    /// # Errors
    /// What the database said.
    pub async fn delete_deliveries_of_webhook(&mut self, webhook: WebhookId, limit: i64) -> Result<u64, StoreError> {
        self.execute(&DELETE_DELIVERIES_OF_WEBHOOK, &[webhook.bytes().into(), limit.into()]).await
    }
}

fn read_delivery(row: &Row) -> Result<Delivery, StoreError> {
    let time = |row: &Row, column| row.converted(column, Time::from_unix_micros);
    Ok(Delivery {
        webhook: WebhookId::from_bytes(row.bytes(0)?),
        event: EventId::from_bytes(row.bytes(1)?),
        event_type: row.text(2)?.to_owned(),
        status: row.parsed(3, DeliveryStatus::parse)?,
        attempts: row.int(4)?,
        next_attempt_at: row.optional(5, time)?,
        last_status: row.optional(6, Row::int)?,
        last_error: row.optional(7, |row, column| row.text(column).map(str::to_owned))?,
        ended_at: row.optional(8, time)?,
    })
}
