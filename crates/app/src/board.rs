//! The failure board: reviews on a database, with or without a wallet beside them. What can be done in a review is in `review`.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use warifu_core::chart::Chart;
use warifu_core::id::ReviewId;
use warifu_store::{Database, DatabaseUrl, Options, StoreError};

use crate::clock::Clock;
use crate::keys::KeyRing;
use crate::open::{OpenError, check_keys, keep_keys, keep_setting, open_keys, setting};
use crate::passkey::RelyingParty;
use crate::random;
use crate::review::live::Live;

/// Who may begin a review in a browser. On the command line an operator always may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Begin {
    /// Only the operator.
    #[default]
    Operator,
    /// Whoever reaches the page: for one machine, or a network of friends.
    Anyone,
}

/// How many charts of reviews are remembered; at this number all are forgotten and read anew.
pub(crate) const REMEMBERED: usize = 1_000;

/// An open board: every use case of reviews is a method of it.
#[derive(Debug)]
pub struct Board {
    pub(crate) database: Database,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) keys: Arc<KeyRing>,
    pub(crate) live: Arc<Live>,
    /// The charts of reviews, which never change.
    pub(crate) charts: Mutex<HashMap<ReviewId, Arc<Chart>>>,
    origin: String,
    begin: Begin,
}

/// What a board without a wallet is opened with.
#[derive(Clone, Debug)]
pub struct BoardSettings<'a> {
    /// Where the database is.
    pub database: &'a DatabaseUrl,
    /// Where the key ring is.
    pub keys: &'a Path,
    /// How many connections to keep.
    pub options: Options,
    /// Where people open it: `https://NAME`, or `http://localhost:PORT` for trials.
    pub origin: &'a str,
    /// Who may begin a review in a browser.
    pub begin: Begin,
}

impl Board {
    pub(crate) fn new(
        database: Database,
        clock: Arc<dyn Clock>,
        keys: Arc<KeyRing>,
        (origin, begin): (String, Begin),
    ) -> Self {
        // Tells nodes apart and decides nothing: where the system gives no random bytes, one node alone still counts right.
        let node = random::bytes().unwrap_or_default();
        let live = Arc::new(Live::new(database.clone(), Arc::clone(&clock), node));
        Self { database, clock, keys, live, charts: Mutex::default(), origin, begin }
    }

    /// Opens a board without a wallet: brings the schema up to date and reads the keys, or makes them for a new database. The database
    /// may be that of a Warifu, whose keys these must be then.
    ///
    /// # Errors
    /// [`OpenError`] says what stands in the way.
    pub async fn open(settings: BoardSettings<'_>, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let origin = RelyingParty::new(settings.origin)?.origin();
        let database = Database::open(settings.database, settings.options)?;
        database.migrate().await?;
        let keys = open_keys(&database, settings.keys).await?;
        check_keys(&database, &keys).await?;
        keep_keys(&database, &keys).await?;
        keep_setting(&database, "board".to_owned(), "1".to_owned()).await?;
        Ok(Self::new(database, clock, Arc::new(keys), (origin, settings.begin)))
    }

    /// Where people open the board.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Who may begin a review in a browser.
    #[must_use]
    pub const fn begin(&self) -> Begin {
        self.begin
    }

    /// The same for people who open it there, or whom this lets begin.
    pub(crate) fn with(&self, origin: String, begin: Begin) -> Self {
        Self::new(self.database.clone(), Arc::clone(&self.clock), Arc::clone(&self.keys), (origin, begin))
    }

    /// Whether the store answers, and still writes.
    ///
    /// # Errors
    /// What the database said.
    pub async fn check_ready(&self) -> Result<(), StoreError> {
        self.database.check_writing()?;
        setting(&self.database, "board".to_owned()).await.map(drop)
    }

    /// Whether this is the database of a wallet, too.
    ///
    /// # Errors
    /// What the database said.
    pub async fn is_beside_wallet(&self) -> Result<bool, StoreError> {
        setting(&self.database, "issuer_prefix".to_owned()).await.map(|prefix| prefix.is_some())
    }

    /// Closes the database of a board without a wallet.
    pub async fn close(&self) {
        self.database.close().await;
    }
}
