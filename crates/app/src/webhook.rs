//! Webhooks: partners are told of events as they happen, signed as the Standard Webhooks specification says
//! (<https://www.standardwebhooks.com>).
//!
//! `fan_out` reads the journal and keeps what is to be told to whom; `sender` tells it, again and again until it is taken.
//! Both work beside the commands and never in their way.

mod address;
mod client;
mod fan_out;
mod schedule;
mod sender;
mod signature;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use secrecy::SecretString;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use warifu_core::id::{EventId, PartnerId, WebhookId};
use warifu_store::{Delivery, DeliveryStatus, Partner, Webhook, WebhookStatus};
use zeroize::Zeroizing;

pub use self::address::PrivateAddresses;
pub use self::schedule::BACK_OFF;

use crate::event::Event;
use crate::event::shops::Shops;
use crate::fault::Fault;
use crate::open::App;
use crate::random;

/// How many webhooks a partner may have: each is work for every event.
pub const WEBHOOKS_MAX: usize = 10;
/// How far pending deliveries are counted for the figures.
const COUNTED: i64 = 100_000;
/// How long the sender may take to end; what it has not finished by then is sent again after its lease.
const GRACE: Duration = Duration::from_secs(3);

/// A webhook that was just made, with its secret, which is shown this once.
#[derive(Debug)]
pub struct NewWebhook {
    /// The webhook.
    pub webhook: Webhook,
    /// `whsec_` and Base64 of 32 bytes: the key by which receivers check signatures.
    pub secret: SecretString,
}

/// A page of a webhook's deliveries, newest event first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryPage {
    /// The deliveries.
    pub items: Vec<Delivery>,
    /// The event before which the next page begins; `None` at the end.
    pub next: Option<EventId>,
}

/// Counters of the sender since the start of the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WebhookStatistics {
    /// Deliveries that were taken by their receivers.
    pub delivered: u64,
    /// Attempts that failed.
    pub failed_attempts: u64,
}

#[derive(Debug, Default)]
struct Counters {
    delivered: AtomicU64,
    failed_attempts: AtomicU64,
}

/// What an app keeps for its webhooks.
#[derive(Debug)]
pub(crate) struct Webhooks {
    pub(crate) shops: Arc<Shops>,
    addresses: PrivateAddresses,
    counters: Arc<Counters>,
    /// Tells the sender that something new is due.
    wake: Arc<Notify>,
    stop: watch::Sender<bool>,
    workers: Mutex<Option<Workers>>,
}

#[derive(Debug)]
struct Workers {
    fan_out: JoinHandle<()>,
    sender: JoinHandle<()>,
}

impl Webhooks {
    /// Which addresses webhooks may lead to.
    pub(crate) const fn addresses(&self) -> PrivateAddresses {
        self.addresses
    }

    pub(crate) fn new(addresses: PrivateAddresses) -> Self {
        Self {
            shops: Arc::default(),
            addresses,
            counters: Arc::default(),
            wake: Arc::default(),
            stop: watch::Sender::new(false),
            workers: Mutex::default(),
        }
    }

    /// Ends the workers. What is not told yet is told after the next start.
    pub(crate) async fn drain(&self) {
        self.stop.send_replace(true);
        let workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Workers { fan_out, mut sender }) = workers else { return };
        fan_out.abort();
        if tokio::time::timeout(GRACE, &mut sender).await.is_err() {
            sender.abort();
        }
    }
}

impl App {
    /// Starts what reads the journal for webhooks and sends to them, for a process that serves; a second call does nothing.
    /// Must run inside a tokio runtime.
    pub fn start_webhooks(&self) {
        let webhooks = &self.webhooks;
        let mut workers = webhooks.workers.lock().unwrap_or_else(PoisonError::into_inner);
        if workers.is_some() || *webhooks.stop.borrow() {
            return;
        }
        let fan_out = fan_out::FanOut {
            database: self.database.clone(),
            clock: Arc::clone(&self.clock),
            shops: Arc::clone(&webhooks.shops),
            wake: Arc::clone(&webhooks.wake),
        };
        let sender = sender::Sender {
            database: self.database.clone(),
            clock: Arc::clone(&self.clock),
            keys: Arc::clone(&self.keys),
            client: Arc::new(client::Client::new(webhooks.addresses)),
            counters: Arc::clone(&webhooks.counters),
            wake: Arc::clone(&webhooks.wake),
            stopped: webhooks.stop.subscribe(),
        };
        *workers = Some(Workers { fan_out: tokio::spawn(fan_out.run()), sender: tokio::spawn(sender.run()) });
    }

    /// Makes a webhook of a partner. It is told of what is recorded from now on, of the given types or of all.
    ///
    /// # Errors
    /// [`Fault::Invalid`] if the address may not be sent to, a type does not exist, or the partner has too many.
    pub async fn add_webhook(
        &self,
        partner: &Partner,
        url: &str,
        event_types: Option<Vec<String>>,
    ) -> Result<NewWebhook, Fault> {
        let now = self.clock.now();
        let url = address::check_url(url, self.webhooks.addresses)?;
        let event_types = event_types.map(check_types).transpose()?;
        let id = WebhookId::generate(now, random::bytes()?);
        let key_id = self.keys.newest();
        let secret = self.keys.webhook_secret(key_id, id).ok_or(Fault::NotFound("key to sign with"))?;
        let mut webhook = Webhook {
            id,
            partner: partner.id,
            url,
            event_types,
            signing_key_id: i64::from(key_id),
            status: WebhookStatus::Enabled,
            since: Vec::new(),
            created_at: now,
        };
        let kept = self
            .database
            .write(move |transaction| {
                Box::pin(async move {
                    transaction.hold_partner(webhook.partner).await?;
                    if transaction.list_webhooks_of_partner(webhook.partner).await?.len() >= WEBHOOKS_MAX {
                        return Ok(None);
                    }
                    webhook.since = transaction.list_streams().await?;
                    transaction.create_webhook(&webhook).await?;
                    Ok(Some(webhook))
                })
            })
            .await?;
        let webhook = kept.ok_or_else(|| {
            Fault::Invalid(format!("A partner has at most {WEBHOOKS_MAX} webhooks. Delete one that is not needed."))
        })?;
        let secret = Zeroizing::new(format!("whsec_{}", BASE64.encode(*secret)));
        Ok(NewWebhook { webhook, secret: secret.to_string().into() })
    }

    /// A partner's webhooks, the oldest first.
    ///
    /// # Errors
    /// What the store said.
    pub async fn webhooks(&self, partner: PartnerId) -> Result<Vec<Webhook>, Fault> {
        let found = self
            .database
            .read(move |transaction| Box::pin(async move { transaction.list_webhooks_of_partner(partner).await }));
        Ok(found.await?)
    }

    /// A webhook, if it is the partner's.
    ///
    /// # Errors
    /// What the store said.
    pub async fn webhook(&self, partner: PartnerId, id: WebhookId) -> Result<Option<Webhook>, Fault> {
        let found =
            self.database.read(move |transaction| Box::pin(async move { transaction.find_webhook(id, partner).await }));
        Ok(found.await?)
    }

    /// Takes a webhook away; nothing more is sent to it. `false` if the partner has no such webhook.
    ///
    /// # Errors
    /// What the store said.
    pub async fn delete_webhook(&self, partner: PartnerId, id: WebhookId) -> Result<bool, Fault> {
        let done = self.database.write(move |transaction| {
            Box::pin(async move {
                if transaction.find_webhook(id, partner).await?.is_none() {
                    return Ok(false);
                }
                // Its deliveries may be many: they are deleted little by little, behind the commands.
                transaction.save_webhook_status(id, WebhookStatus::Deleted).await.map(|()| true)
            })
        });
        Ok(done.await?)
    }

    /// Deliveries of a partner's webhook before an event, newest event first, at most `limit`. `None` if the partner has no
    /// such webhook.
    ///
    /// # Errors
    /// What the store said.
    pub async fn deliveries(
        &self,
        partner: PartnerId,
        webhook: WebhookId,
        status: Option<DeliveryStatus>,
        before: Option<EventId>,
        limit: u16,
    ) -> Result<Option<DeliveryPage>, Fault> {
        let limit = usize::from(limit);
        let page = self.database.read(move |transaction| {
            Box::pin(async move {
                if transaction.find_webhook(webhook, partner).await?.is_none() {
                    return Ok(None);
                }
                // One more than asked for tells whether there is a next page.
                let wanted = i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX);
                let mut items = transaction.list_deliveries(webhook, status, before, wanted).await?;
                let has_more = items.len() > limit;
                items.truncate(limit);
                let next = has_more.then(|| items.last().map(|last| last.event)).flatten();
                Ok(Some(DeliveryPage { items, next }))
            })
        });
        Ok(page.await?)
    }

    /// Has an event told to a webhook again, at once, whatever became of it before.
    ///
    /// # Errors
    /// [`Fault::NotFound`] if the partner has no such webhook, or the event was never to be told to it;
    /// [`Fault::Invalid`] if the webhook is disabled.
    pub async fn redeliver(&self, partner: PartnerId, webhook: WebhookId, event: EventId) -> Result<(), Fault> {
        let now = self.clock.now();
        let done = self.database.write(move |transaction| {
            Box::pin(async move {
                let Some(found) = transaction.find_webhook(webhook, partner).await? else {
                    return Ok(Err(Fault::NotFound("such webhook")));
                };
                if found.status != WebhookStatus::Enabled {
                    let text = "This webhook is disabled: its receiver answered 410. Make a new one.";
                    return Ok(Err(Fault::Invalid(text.to_owned())));
                }
                let is_known = transaction.renew_delivery(webhook, event, now).await?;
                Ok(if is_known { Ok(()) } else { Err(Fault::NotFound("delivery of this event to this webhook")) })
            })
        });
        done.await??;
        self.webhooks.wake.notify_one();
        Ok(())
    }

    /// Counters of the sender.
    #[must_use]
    pub fn webhook_statistics(&self) -> WebhookStatistics {
        let counters = &self.webhooks.counters;
        WebhookStatistics {
            delivered: counters.delivered.load(Ordering::Relaxed),
            failed_attempts: counters.failed_attempts.load(Ordering::Relaxed),
        }
    }

    /// How many deliveries wait, on all nodes; counted up to 100,000.
    ///
    /// # Errors
    /// What the store said.
    pub async fn webhook_pending(&self) -> Result<i64, Fault> {
        let count = self
            .database
            .read_behind(|transaction| Box::pin(async move { transaction.count_pending_deliveries(COUNTED).await }));
        Ok(count.await?)
    }
}

/// Types of events that exist, sorted, each once.
fn check_types(mut types: Vec<String>) -> Result<Vec<String>, Fault> {
    let known = Event::types();
    if types.is_empty() || types.iter().any(|name| !known.contains(&name.as_str())) {
        let text = format!("event_types, if it is given, names one or more of {}.", known.join(", "));
        return Err(Fault::Invalid(text));
    }
    types.sort_unstable();
    types.dedup();
    Ok(types)
}
