//! What Warifu keeps. The only crate that knows SQL, and the only one that knows which of the two databases is there.
//!
//! Above it everything is a [`Database`], chosen by a URL, and a [`Transaction`] on which the subjects' modules hang their
//! verbs: find, list, create, save, delete. It decides nothing: it loads what a decision needs and writes what came of it.

mod backup;
mod bill;
mod chart;
mod code;
mod credential;
mod database;
mod delivery;
mod device;
mod effect;
mod engine;
mod error;
mod journal;
mod ledger;
mod member;
mod merchant;
mod migrate;
mod nonce;
mod packed;
mod part;
mod partner;
mod policy;
mod readiness;
mod registry;
mod review;
mod session;
mod setting;
mod shop_line;
mod sums;
mod terminal;
mod trial;
mod value;
mod verify;
mod wallet;
mod webhook;

pub use backup::{Contents, copy_file, files_beside};
pub use bill::{Bill, BillClaim};
pub use chart::KeptChart;
pub use credential::Credential;
pub use database::{Database, DatabaseUrl, DatabaseUrlError, Options};
pub use delivery::{Attempt, Delivery, DeliveryStatus, DueDelivery, Ended, NewDelivery};
pub use device::{Device, Payer};
pub use engine::Transaction;
pub use error::StoreError;
pub use journal::{JournalCursor, Recorded};
pub use ledger::{StreamHead, Wanted};
pub use merchant::{Merchant, Shop};
pub use migrate::MigrateError;
pub use partner::Partner;
pub use readiness::KeptAnswer;
pub use review::file::KeptFile;
pub use review::item::{Change, KeptItem};
pub use review::mark::{KeptDraft, KeptMark};
pub use review::{Invitation, People, Review, Seat};
pub use session::{BoundSession, Session};
pub use shop_line::{ShopDay, ShopLine, ShopSum};
pub use sums::{AccountSum, SumChange};
pub use terminal::Terminal;
pub use trial::Trial;
pub use verify::{Invariant, Progress, Report, Violation};
pub use webhook::{Subscriber, Webhook, WebhookStatus};
