//! Webhooks: where a partner wants to be told of events, of which kinds, and from where in the journal on.

use warifu_core::id::{MerchantId, PartnerId, WebhookId};
use warifu_core::time::Time;

use crate::engine::Transaction;
use crate::error::StoreError;
use crate::journal::JournalCursor;
use crate::registry::statements;
use crate::value::Row;

/// Whether a webhook is told of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookStatus {
    /// It is told.
    Enabled,
    /// Its receiver said that it is gone.
    Disabled,
    /// Its partner took it away; kept until its deliveries are deleted.
    Deleted,
}

impl WebhookStatus {
    /// The text in storage and in the interface.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
            Self::Deleted => "deleted",
        }
    }

    /// Reads what [`WebhookStatus::text`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Enabled, Self::Disabled, Self::Deleted].into_iter().find(|status| status.text() == text)
    }
}

/// Where a partner wants to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// Whose it is.
    pub partner: PartnerId,
    /// Where events are sent.
    pub url: String,
    /// Of which types; `None` is all, those that do not exist yet too.
    pub event_types: Option<Vec<String>>,
    /// Which key of the ring its secret is derived from.
    pub signing_key_id: i64,
    /// Whether it is told.
    pub status: WebhookStatus,
    /// The ends of the streams when it was made, sorted by stream: its events begin after them.
    pub since: Vec<JournalCursor>,
    /// Since when it is here.
    pub created_at: Time,
}

impl Webhook {
    /// The last position of a stream that it is not told of.
    #[must_use]
    pub fn since_in(&self, stream: i64) -> Option<i64> {
        self.since.iter().find(|cursor| cursor.stream == stream).map(|cursor| cursor.position)
    }
}

/// A webhook and whose events its partner sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscriber {
    /// The webhook.
    pub webhook: Webhook,
    /// The partner's merchant; `None` is the issuer, who sees all.
    pub merchant: Option<MerchantId>,
}

/// The columns that [`read_webhook`] reads, in its order.
macro_rules! webhook_columns {
    () => {
        "SELECT w.id, w.partner_id, w.url, w.event_types, w.signing_key_id, w.status, w.since, w.created_at "
    };
}

statements! {
    CREATE_WEBHOOK (Blob, Blob, Text, Text, Int, Text, Text, Int) -> ()
        "INSERT INTO webhooks (id, partner_id, url, event_types, signing_key_id, status, since, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    FIND_WEBHOOK (Blob, Blob) -> (Blob, Blob, Text, Text, Int, Text, Text, Int)
        concat!(webhook_columns!(), "FROM webhooks w WHERE w.id = $1 AND w.partner_id = $2 AND w.status <> 'deleted'");
    LIST_WEBHOOKS_OF_PARTNER (Blob) -> (Blob, Blob, Text, Text, Int, Text, Text, Int)
        concat!(webhook_columns!(), "FROM webhooks w WHERE w.partner_id = $1 AND w.status <> 'deleted' ORDER BY w.id");
    LIST_SUBSCRIBERS () -> (Blob, Blob, Text, Text, Int, Text, Text, Int, Blob)
        concat!(webhook_columns!(), ", p.merchant_id FROM webhooks w JOIN partners p ON p.id = w.partner_id \
            WHERE w.status = 'enabled' ORDER BY w.id");
    LIST_DUE_WEBHOOKS (Int, Blob, Int) -> (Blob, Blob, Text, Text, Int, Text, Text, Int)
        concat!(webhook_columns!(), "FROM webhooks w WHERE w.status = 'enabled' AND w.id > $2 AND EXISTS \
            (SELECT 1 FROM deliveries d WHERE d.webhook_id = w.id AND d.next_attempt_at <= $1) ORDER BY w.id LIMIT $3");
    LIST_ENDED_WEBHOOKS (Text, Int) -> (Blob)
        "SELECT w.id FROM webhooks w WHERE w.status = $1 AND ($1 = 'deleted' OR EXISTS \
            (SELECT 1 FROM deliveries d WHERE d.webhook_id = w.id AND d.next_attempt_at IS NOT NULL)) \
         ORDER BY w.id LIMIT $2";
    SAVE_WEBHOOK_STATUS (Blob, Text) -> () "UPDATE webhooks SET status = $2 WHERE id = $1 AND status <> 'deleted'";
    DELETE_WEBHOOK (Blob) -> ()
        "DELETE FROM webhooks WHERE id = $1 AND status = 'deleted' \
         AND NOT EXISTS (SELECT 1 FROM deliveries WHERE webhook_id = $1)";
}

impl Transaction {
    /// Keeps a new webhook.
    ///
    /// # Errors
    /// [`StoreError::Constraint`] if its partner is not there.
    pub async fn create_webhook(&mut self, webhook: &Webhook) -> Result<(), StoreError> {
        let row = [
            webhook.id.bytes().into(),
            webhook.partner.bytes().into(),
            webhook.url.as_str().into(),
            webhook.event_types.as_deref().map(write_list).into(),
            webhook.signing_key_id.into(),
            webhook.status.text().into(),
            write_list(&webhook.since.iter().map(|cursor| cursor.position).collect::<Vec<_>>()).into(),
            webhook.created_at.unix_micros().into(),
        ];
        self.execute(&CREATE_WEBHOOK, &row).await.map(drop)
    }

    /// The webhook with this id, if it is the partner's and not deleted.
    ///
    /// # Errors
    /// What the database said.
    pub async fn find_webhook(&mut self, id: WebhookId, partner: PartnerId) -> Result<Option<Webhook>, StoreError> {
        let params = [id.bytes().into(), partner.bytes().into()];
        self.row(&FIND_WEBHOOK, &params).await?.map(|row| read_webhook(&row)).transpose()
    }

    /// The webhooks of a partner, but for deleted ones. Bounded by how many it may have.
    ///
    /// # Errors
    /// What the database said.
    pub async fn list_webhooks_of_partner(&mut self, partner: PartnerId) -> Result<Vec<Webhook>, StoreError> {
        self.rows(&LIST_WEBHOOKS_OF_PARTNER, &[partner.bytes().into()]).await?.iter().map(read_webhook).collect()
    }

    /// Every webhook that is told of events. As many as partners that an operator added may have.
    ///
    /// # Errors
    /// What the database said.
    pub async fn list_subscribers(&mut self) -> Result<Vec<Subscriber>, StoreError> {
        let rows = self.rows(&LIST_SUBSCRIBERS, &[]).await?;
        rows.iter()
            .map(|row| {
                let merchant = row.optional(8, Row::bytes)?.map(MerchantId::from_bytes);
                Ok(Subscriber { webhook: read_webhook(row)?, merchant })
            })
            .collect()
    }

    /// Enabled webhooks that have something due at `now`, in the order of their ids, after the given one, at most `limit`.
    ///
    /// # Errors
    /// What the database said.
    pub async fn list_due_webhooks(
        &mut self,
        now: Time,
        after: Option<WebhookId>,
        limit: i64,
    ) -> Result<Vec<Webhook>, StoreError> {
        let after = after.map_or([0; 16], WebhookId::bytes);
        let params = [now.unix_micros().into(), after.into(), limit.into()];
        self.rows(&LIST_DUE_WEBHOOKS, &params).await?.iter().map(read_webhook).collect()
    }

    /// Webhooks that are no longer told of events and have something left that must end: disabled ones with deliveries that
    /// wait, or deleted ones.
    ///
    /// # Errors
    /// What the database said.
    pub async fn list_ended_webhooks(
        &mut self,
        status: WebhookStatus,
        limit: i64,
    ) -> Result<Vec<WebhookId>, StoreError> {
        let rows = self.rows(&LIST_ENDED_WEBHOOKS, &[status.text().into(), limit.into()]).await?;
        rows.iter().map(|row| row.bytes(0).map(WebhookId::from_bytes)).collect()
    }

    /// Changes whether a webhook is told. A deleted one stays deleted.
    ///
    /// # Errors
    /// What the database said.
    pub async fn save_webhook_status(&mut self, id: WebhookId, status: WebhookStatus) -> Result<(), StoreError> {
        self.execute(&SAVE_WEBHOOK_STATUS, &[id.bytes().into(), status.text().into()]).await.map(drop)
    }

    /// Forgets a deleted webhook that has no deliveries left. `false` if it has some.
    ///
    /// # Errors
    /// What the database said.
    pub async fn delete_webhook(&mut self, id: WebhookId) -> Result<bool, StoreError> {
        Ok(self.execute(&DELETE_WEBHOOK, &[id.bytes().into()]).await? == 1)
    }
}

/// A list as a person with a database shell reads it: JSON.
fn write_list<T: serde::Serialize>(list: &[T]) -> String {
    // Never the fallback: texts and numbers cannot fail to serialise.
    serde_json::to_string(list).unwrap_or_default()
}

fn read_webhook(row: &Row) -> Result<Webhook, StoreError> {
    let event_types = row.optional(3, |row, column| row.parsed(column, |text| serde_json::from_str(text).ok()))?;
    let positions: Vec<i64> = row.parsed(6, |text| serde_json::from_str(text).ok())?;
    let cursor = |position: i64| JournalCursor { stream: JournalCursor::stream_of(position), position };
    Ok(Webhook {
        id: WebhookId::from_bytes(row.bytes(0)?),
        partner: PartnerId::from_bytes(row.bytes(1)?),
        url: row.text(2)?.to_owned(),
        event_types,
        signing_key_id: row.int(4)?,
        status: row.parsed(5, WebhookStatus::parse)?,
        since: positions.into_iter().map(cursor).collect(),
        created_at: row.converted(7, Time::from_unix_micros)?,
    })
}
