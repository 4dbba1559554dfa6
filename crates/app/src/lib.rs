//! What Warifu does. Each use case gathers what a decision needs, lets `warifu-core` decide, and records what came of it.
//!
//! This is the one crate that supplies time, random bytes and secrets to decisions. It knows neither SQL nor HTTP.

mod access;
mod backup;
mod balance;
mod bookkeeper;
mod clock;
mod code;
mod commit;
mod event;
mod expiry;
mod fault;
mod issuer;
mod keys;
mod member;
mod merchant;
mod open;
mod partner;
mod payment;
mod random;
mod refund;
mod sandbox;
mod signature;
mod terminal;
mod topup;
mod transaction;
mod webhook;

pub use access::{AccessDenied, Caller};
pub use backup::{BackupError, Manifest, Restored, back_up, restore};
pub use balance::Balance;
pub use clock::{Clock, ManualClock, SystemClock};
pub use code::ShownCode;
pub use commit::{Receipt, Statistics};
pub use event::cursor::{EventCursor, EventCursorError};
pub use event::feed::EventPage;
pub use event::{Event, EventData, EventTransfer};
pub use fault::Fault;
pub use issuer::CorrectionRequest;
pub use keys::{KeyError, KeyRing};
pub use member::NewMember;
pub use open::{App, OpenError, Settings};
pub use partner::NewPartner;
pub use payment::{CancelTarget, CaptureRequest, PaymentRequest};
pub use refund::RefundRequest;
pub use sandbox::Scenario;
pub use signature::{SIGNATURE_WINDOW, SignedRequest, sign};
pub use terminal::NewTerminal;
pub use topup::TopUpRequest;
pub use transaction::{Course, HistoryItem, HistoryPage, Whereabouts};
pub use warifu_store::{
    AccountSum, Database, DatabaseUrl, Delivery, DeliveryStatus, Invariant, Merchant, MigrateError, Options, Partner,
    Progress, Report, Shop, StoreError, Terminal, Violation, Webhook, WebhookStatus,
};
pub use webhook::{BACK_OFF, DeliveryPage, NewWebhook, PrivateAddresses, WEBHOOKS_MAX, WebhookStatistics};
