//! Opening a Warifu: its database, its keys, and the parts that work in the background.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::tz::TimeZone;
use tokio::task::JoinHandle;
use warifu_core::code::IssuerPrefix;
use warifu_store::{BoundSession, Database, DatabaseUrl, MigrateError, Options, StoreError};

use crate::access::{Cache, Caller};
use crate::board::{Begin, Board};
use crate::bookkeeper;
use crate::clock::Clock;
use crate::commit::{CommitQueue, Statistics};
use crate::keys::{KeyError, KeyRing};
use crate::live::Live;
use crate::passkey::RelyingParty;
use crate::readiness::ExposureStatement;
use crate::webhook::{PrivateAddresses, Webhooks};

/// Where members open a wallet that nobody configured.
const TRIAL_ORIGIN: &str = "http://localhost:8080";

/// What a Warifu is opened with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the database is.
    pub database: DatabaseUrl,
    /// Where the key ring is.
    pub keys: PathBuf,
    /// The first eight digits of every payment code.
    pub issuer_prefix: IssuerPrefix,
    /// The time zone of the books.
    pub business_zone: TimeZone,
    /// How many connections to keep.
    pub options: Options,
    /// Where members open the wallet: `https://NAME`, or `http://localhost:PORT` for trials.
    pub public_origin: String,
    /// Whether webhooks may lead into private networks.
    pub webhook_private_addresses: PrivateAddresses,
    /// Who may begin a failure review in a browser.
    pub begin: Begin,
}

/// Why a Warifu cannot be opened. Nothing was changed that was there before.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database cannot be brought to this version's schema.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Members cannot open the wallet there.
    #[error("the public origin {0:?} cannot be used: {1}")]
    Origin(String, String),
    /// The key ring cannot be read.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The database was used with keys, and there is no key file.
    #[error("this database was used with a key file, and {0} is not there; put it back")]
    KeysMissing(PathBuf),
    /// The key file is another database's.
    #[error("key {0} is not the one this database was used with; is this the right key file?")]
    WrongKey(u32),
    /// The database belongs to another issuer.
    #[error("this database issues codes with the prefix {found}, the configuration says {configured}")]
    WrongIssuer {
        /// What the database was made with.
        found: String,
        /// What was asked for.
        configured: String,
    },
}

/// An open Warifu: every use case is a method of it.
#[derive(Debug)]
pub struct App {
    pub(crate) database: Database,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) zone: TimeZone,
    pub(crate) keys: Arc<KeyRing>,
    pub(crate) issuer_prefix: IssuerPrefix,
    pub(crate) queue: CommitQueue,
    pub(crate) cache: Cache<Caller>,
    pub(crate) sessions: Cache<BoundSession>,
    pub(crate) relying_party: RelyingParty,
    pub(crate) board: Arc<Board>,
    pub(crate) live: Arc<Live>,
    pub(crate) webhooks: Webhooks,
    /// What was stated last of the exposure, for whoever asks again soon.
    pub(crate) stated: tokio::sync::Mutex<Option<ExposureStatement>>,
    bookkeeper: tokio::sync::Mutex<Option<JoinHandle<()>>>,
}

impl App {
    /// Opens the database, brings its schema up to date, reads the keys (or makes them for a new database), and starts
    /// what works in the background. Must run inside a tokio runtime.
    ///
    /// # Errors
    /// [`OpenError`] says what stands in the way.
    pub async fn open(settings: Settings, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let database = Database::open(&settings.database, settings.options)?;
        database.migrate().await?;
        let keys = open_keys(&database, &settings.keys).await?;
        let app = Self::open_with_keys(database, keys, settings.issuer_prefix, &settings.business_zone, clock).await?;
        app.with_webhook_addresses(settings.webhook_private_addresses)
            .with_reviews_begun_by(settings.begin)
            .with_origin(&settings.public_origin)
    }

    /// The same app, not shared yet, where reviews may be begun by these. Otherwise only the operator begins one.
    #[must_use]
    pub fn with_reviews_begun_by(self, begin: Begin) -> Self {
        let board = Arc::new(self.board.with(self.board.origin().to_owned(), begin));
        Self { board, ..self }
    }

    /// The same app, not shared yet, whose members open the wallet there. Otherwise it is one for trials.
    ///
    /// # Errors
    /// [`OpenError::Origin`].
    pub fn with_origin(self, origin: &str) -> Result<Self, OpenError> {
        let relying_party = RelyingParty::new(origin)?;
        let board = Arc::new(self.board.with(relying_party.origin(), self.board.begin()));
        Ok(Self { relying_party, board, ..self })
    }

    /// The same app, not shared yet, whose webhooks may lead to these addresses. Otherwise private ones are refused.
    #[must_use]
    pub fn with_webhook_addresses(self, addresses: PrivateAddresses) -> Self {
        Self { webhooks: Webhooks::new(addresses), ..self }
    }

    /// Opens on a migrated database with keys that are already at hand.
    ///
    /// # Errors
    /// [`OpenError::WrongKey`], [`OpenError::WrongIssuer`] or what the database said.
    pub async fn open_with_keys(
        database: Database,
        keys: KeyRing,
        issuer_prefix: IssuerPrefix,
        business_zone: &TimeZone,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        check_keys(&database, &keys).await?;
        let configured = issuer_prefix.as_str().to_owned();
        let found = keep_setting(&database, "issuer_prefix".to_owned(), configured.clone()).await?;
        if found != configured {
            return Err(OpenError::WrongIssuer { found, configured });
        }
        keep_keys(&database, &keys).await?;
        let (keys, relying_party) = (Arc::new(keys), RelyingParty::new(TRIAL_ORIGIN)?);
        let origin = (relying_party.origin(), Begin::Operator);
        let board = Arc::new(Board::new(database.clone(), Arc::clone(&clock), Arc::clone(&keys), origin));
        let queue = CommitQueue::start(&database, &clock, business_zone);
        let bookkeeper = tokio::spawn(bookkeeper::run(database.clone(), Arc::clone(&clock)));
        Ok(Self {
            database,
            clock,
            zone: business_zone.clone(),
            keys,
            issuer_prefix,
            queue,
            cache: Cache::default(),
            sessions: Cache::default(),
            relying_party,
            board,
            live: Arc::default(),
            webhooks: Webhooks::new(PrivateAddresses::Refuse),
            stated: tokio::sync::Mutex::default(),
            bookkeeper: tokio::sync::Mutex::new(Some(bookkeeper)),
        })
    }

    /// The failure board beside the wallet.
    #[must_use]
    pub const fn board(&self) -> &Arc<Board> {
        &self.board
    }

    /// The database below, for `verify` and for whoever must look at it as a whole.
    #[must_use]
    pub const fn database(&self) -> &Database {
        &self.database
    }

    /// Counters of the commit queue.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.queue.statistics()
    }

    /// Whether more commands come than can be done, so that most are better told so at once.
    #[must_use]
    pub fn is_overloaded(&self) -> bool {
        self.queue.is_overloaded()
    }

    /// Whether the store answers, and still writes.
    ///
    /// # Errors
    /// What the database said.
    pub async fn check_ready(&self) -> Result<(), StoreError> {
        self.database.check_writing()?;
        setting(&self.database, "issuer_prefix".to_owned()).await.map(drop)
    }

    /// Takes no more commands, finishes those that wait, ends the telling of webhooks, lets the bookkeeper catch up, and
    /// closes the database.
    pub async fn drain(&self) {
        tokio::join!(self.queue.drain(), self.webhooks.drain());
        if let Some(bookkeeper) = self.bookkeeper.lock().await.take() {
            bookkeeper.abort();
        }
        if let Err(error) = bookkeeper::catch_up(&self.database).await {
            tracing::warn!(%error, "the bookkeeper could not catch up; it will at the next start");
        }
        self.database.close().await;
    }
}

/// Compares the ring with the keys that this database was used with, and changes nothing, so that a ring that is refused
/// leaves no trace. A ring that shares no key with them is another database's, whatever its ids.
pub(crate) async fn check_keys(database: &Database, keys: &KeyRing) -> Result<(), OpenError> {
    let known: BTreeMap<String, String> = database
        .read(|transaction| Box::pin(async move { transaction.list_settings("key_check.").await }))
        .await?
        .into_iter()
        .collect();
    let mut shares_one = known.is_empty();
    for (id, check) in keys.checks() {
        match known.get(&format!("key_check.{id}")) {
            Some(kept) if *kept != check => return Err(OpenError::WrongKey(id)),
            Some(_) => shares_one = true,
            None => {}
        }
    }
    if shares_one { Ok(()) } else { Err(OpenError::WrongKey(keys.newest())) }
}

/// Reads the keys of a database, or makes them for a new one.
pub(crate) async fn open_keys(database: &Database, path: &Path) -> Result<KeyRing, OpenError> {
    if path.exists() {
        return Ok(KeyRing::load(path)?);
    }
    let known = database.read(|transaction| Box::pin(async move { transaction.list_settings("key_check.").await }));
    if !known.await?.is_empty() {
        return Err(OpenError::KeysMissing(path.to_owned()));
    }
    tracing::info!(path = %path.display(), "making a key file; keep a copy of it");
    Ok(KeyRing::create(path)?)
}

/// Notes in the database which keys it is used with.
pub(crate) async fn keep_keys(database: &Database, keys: &KeyRing) -> Result<(), OpenError> {
    for (id, check) in keys.checks() {
        if keep_setting(database, format!("key_check.{id}"), check.clone()).await? != check {
            return Err(OpenError::WrongKey(id));
        }
    }
    Ok(())
}

pub(crate) async fn setting(database: &Database, name: String) -> Result<Option<String>, StoreError> {
    database.read(move |transaction| Box::pin(async move { transaction.find_setting(&name).await })).await
}

pub(crate) async fn keep_setting(database: &Database, name: String, value: String) -> Result<String, StoreError> {
    database
        .write(move |transaction| Box::pin(async move { transaction.find_or_create_setting(&name, &value).await }))
        .await
}
