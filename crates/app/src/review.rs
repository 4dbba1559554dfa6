//! What can be done in a failure review, by whoever has a seat in it.
//!
//! A seat is known by the hash of a key that one browser made, for this review alone; what its owner marks is known by another
//! hash of the same key. No table leads from one to the other, and none says when anybody came or wrote.

mod chart;
mod export;
mod file;
mod incident;
mod item;
mod library;
pub(crate) mod live;
mod mark;
mod report;
mod sample;
mod seat;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::future::BoxFuture;
use serde::de::{DeserializeOwned, Error as _};
use warifu_core::chart::Chart;
use warifu_core::id::ReviewId;
use warifu_core::review::{Body, Kind, Place, Refusal, Role};
use warifu_core::time::Time;
use warifu_store::{KeptItem, Review, Seat, StoreError, Transaction};

use crate::board::{Board, REMEMBERED};
use crate::chart_file;
use crate::fault::Fault;

pub use chart::{BroughtChart, ShownChart};
pub use export::Export;
pub use file::FILE_SIZE_MAX;
pub use incident::Incident;
pub use item::{Written, read_body};
pub use library::SharedMeasure;
pub(crate) use library::body_of;
pub use live::{Crowd, Told, Watch};
pub use mark::{ColumnMark, OwnMark, Table};
pub use report::{Became, MeasureResult, Reported, Results};
pub use seat::InvitationLink;

/// Why a review gave no answer, or said no.
#[derive(Debug, thiserror::Error)]
pub enum ReviewFault {
    /// As anywhere.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The key has no seat in any review.
    #[error("this key has no seat in a review")]
    Stranger,
    /// The seat does not allow it.
    #[error("this seat does not allow it")]
    Role,
    /// The review is complete.
    #[error("the review is complete")]
    Complete,
    /// Somebody changed it since it was seen. Nothing was done.
    #[error("it was changed meanwhile")]
    Changed {
        /// Its version now.
        version: u32,
        /// What it says now, as JSON; `None` if it was removed.
        body: Option<String>,
    },
    /// Marks would be lost that were not collected. Nothing was done.
    #[error("there are marks that were not collected")]
    NotCollected,
    /// A chart has another version next. Nothing was done.
    #[error("the next version of this chart is {0}")]
    ChartVersion(u32),
    /// More than a file or a review may have. Nothing was done.
    #[error("the file is too large, or the review has too many")]
    TooLarge,
    /// Not one of the kinds of files that a review takes, or not what it says it is. Nothing was done.
    #[error("the file is none that a review takes")]
    FileType,
}

impl From<StoreError> for ReviewFault {
    fn from(error: StoreError) -> Self {
        Self::Fault(error.into())
    }
}

/// What a transaction of a review comes to: an answer, or a no, which has changed nothing.
pub(crate) type Answer<T> = Result<Result<T, ReviewFault>, StoreError>;

/// Passes a no on from within a transaction.
macro_rules! or_say {
    ($answer:expr) => {
        match $answer {
            Ok(it) => it,
            Err(no) => return Ok(Err(no.into())),
        }
    };
}
pub(crate) use or_say;

/// The key of a seat, as its hashes.
#[derive(Clone)]
pub struct SeatKey(Vec<([u8; 32], [u8; 32])>);

impl std::fmt::Debug for SeatKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SeatKey(..)")
    }
}

impl SeatKey {
    /// Names the key to whoever counts requests.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 16] {
        let mut short = [0; 16];
        if let Some((mac, _)) = self.0.first() {
            short.copy_from_slice(mac.split_at(16).0);
        }
        short
    }

    /// What a new seat of this key is known by.
    fn newest(&self) -> Result<[u8; 32], Fault> {
        self.0.first().map(|(seat, _)| *seat).ok_or(Fault::NotFound("key to hash with"))
    }
}

/// Whoever asks: the seat, and what its marks are known by.
#[derive(Clone, Copy)]
pub(crate) struct Sitter {
    pub(crate) seat: Seat,
    author: [u8; 32],
}

/// A review as somebody sees it who has a seat in it.
#[derive(Debug)]
pub struct Look {
    /// The seat.
    pub seat: Seat,
    /// The review.
    pub review: Review,
    /// The chart that it keeps to.
    pub chart: Arc<Chart>,
    /// Who sits there, and who looks.
    pub crowd: Crowd,
    /// How many columns were collected.
    pub columns: u32,
    /// Its items.
    pub items: Vec<KeptItem>,
}

impl Board {
    /// Asks on one snapshot.
    async fn ask<T, F>(&self, work: F) -> Result<T, ReviewFault>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Transaction) -> BoxFuture<'t, Answer<T>> + Send + 'static,
    {
        self.database.read(work).await?
    }

    /// Does something, wholly or not at all.
    async fn tell<T, F>(&self, work: F) -> Result<T, ReviewFault>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Transaction) -> BoxFuture<'t, Answer<T>> + Send + 'static,
    {
        self.database.write(work).await?
    }

    /// The key of a seat, from its text: `wfr_` and 32 bytes in Base64url.
    #[must_use]
    pub fn seat_key(&self, text: &str) -> Option<SeatKey> {
        let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(seat::SEAT_KEY_PREFIX)?).ok()?;
        (bytes.len() == 32).then(|| SeatKey(self.keys.seat_macs(text)))
    }

    /// A review as whoever has this key sees it.
    ///
    /// # Errors
    /// [`ReviewFault::Stranger`], or what the store said.
    pub async fn look(&self, key: &SeatKey) -> Result<Look, ReviewFault> {
        let (key, now) = (key.clone(), self.clock.now());
        let found = self.ask(move |transaction| {
            Box::pin(async move {
                let sitter = or_say!(sitter(transaction, &key).await?);
                let review = or_say!(review_of(transaction, &sitter).await?);
                let crowd = crowd_of(transaction, review.id, now).await?;
                let columns = transaction.count_columns(review.id).await?;
                let items = transaction.list_items(review.id).await?;
                Ok(Ok((sitter.seat, review, crowd, columns, items)))
            })
        });
        let (seat, review, crowd, columns, items) = found.await?;
        let chart = self.chart_of(&review)?;
        Ok(Look { seat, review, chart, crowd, columns, items })
    }

    /// A review's id and the number of its last change: whether what was made of it is still so.
    ///
    /// # Errors
    /// As [`Board::look`].
    pub async fn look_at_number(&self, key: &SeatKey) -> Result<(ReviewId, i64), ReviewFault> {
        let key = key.clone();
        let found = self.ask(move |transaction| {
            Box::pin(async move {
                let review = or_say!(sitter(transaction, &key).await?).seat.review;
                // Whoever has a seat has a review.
                Ok(Ok((review, transaction.find_change_number(review).await?.unwrap_or_default())))
            })
        });
        found.await
    }

    /// A review's id, its chart, and the text of its case's name.
    ///
    /// # Errors
    /// As [`Board::look`].
    pub async fn look_at_chart(&self, key: &SeatKey) -> Result<(ReviewId, Arc<Chart>, String), ReviewFault> {
        let key = key.clone();
        let found = self.ask(move |transaction| {
            Box::pin(async move {
                let sitter = or_say!(sitter(transaction, &key).await?);
                let review = or_say!(review_of(transaction, &sitter).await?);
                let name = transaction.find_item(review.id, "case", "name").await?;
                Ok(Ok((review, name.and_then(|item| item.body))))
            })
        });
        let (review, name) = found.await?;
        Ok((review.id, self.chart_of(&review)?, name_of(name)))
    }

    /// The chart of a review, read once.
    pub(crate) fn chart_of(&self, review: &Review) -> Result<Arc<Chart>, Fault> {
        // A lock that was poisoned holds what it held: nothing in it is half done.
        let mut charts = self.charts.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(chart) = charts.get(&review.id) {
            return Ok(Arc::clone(chart));
        }
        let chart = chart_file::read(&review.chart).map_err(|error| Fault::Invalid(error.to_string()))?;
        if charts.len() >= REMEMBERED {
            charts.clear();
        }
        let chart = Arc::new(chart);
        charts.insert(review.id, Arc::clone(&chart));
        Ok(chart)
    }

    /// The chart of the review in which this key has a seat: for decisions, before their transaction begins.
    async fn chart_for(&self, key: &SeatKey) -> Result<Arc<Chart>, ReviewFault> {
        let key = key.clone();
        let found = self.ask(move |transaction| {
            Box::pin(async move {
                let sitter = or_say!(sitter(transaction, &key).await?);
                review_of(transaction, &sitter).await
            })
        });
        Ok(self.chart_of(&found.await?)?)
    }
}

/// Reads an object from JSON. A derive alone would take a list of its values for it too.
fn read_object<T: DeserializeOwned>(json: &str) -> Result<T, serde_json::Error> {
    let is_object = json.trim_start().starts_with('{');
    if is_object { serde_json::from_str(json) } else { Err(serde_json::Error::custom("expected an object")) }
}

/// What is wrong with a piece of JSON, without a place in it: the piece is named by whoever has it.
fn said(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.as_str(), |(told, _)| told).to_owned()
}

/// What a case is called, from the JSON of its name.
fn name_of(json: Option<String>) -> String {
    match json.and_then(|json| read_body(Kind::Case, &json).ok()) {
        Some(Body::Statement(statement)) => statement.text,
        _ => String::new(),
    }
}

/// Who sits in a review, and how many look at it.
async fn crowd_of(transaction: &mut Transaction, review: ReviewId, now: Time) -> Result<Crowd, StoreError> {
    let people = transaction.count_seats(review).await?;
    Ok(Crowd { present: transaction.count_presence(review, now).await?, people })
}

/// Who sits where this key is, whatever the seat allows.
pub(crate) async fn seated(transaction: &mut Transaction, key: &SeatKey) -> Answer<Sitter> {
    for (mac, author) in &key.0 {
        if let Some(seat) = transaction.find_seat(*mac).await? {
            return Ok(Ok(Sitter { seat, author: *author }));
        }
    }
    Ok(Err(ReviewFault::Stranger))
}

/// Who sits where this key is, and reads there: everything but handing in and leaving asks this, so that a program learns nothing.
pub(crate) async fn sitter(transaction: &mut Transaction, key: &SeatKey) -> Answer<Sitter> {
    let sitter = or_say!(seated(transaction, key).await?);
    Ok(if sitter.seat.role.reads() { Ok(sitter) } else { Err(ReviewFault::Role) })
}

/// The review of a seat.
async fn review_of(transaction: &mut Transaction, sitter: &Sitter) -> Answer<Review> {
    Ok(transaction.find_review(sitter.seat.review).await?.ok_or(ReviewFault::Stranger))
}

/// The review of a seat, which nobody else changes until the transaction has ended.
pub(crate) async fn held(transaction: &mut Transaction, sitter: &Sitter) -> Answer<Review> {
    Ok(transaction.lock_review(sitter.seat.review).await?.ok_or(ReviewFault::Stranger))
}

/// Who sits where this key is and reads there, and the review, as [`held`].
pub(crate) async fn sitter_and_review(transaction: &mut Transaction, key: &SeatKey) -> Answer<(Sitter, Review)> {
    let sitter = or_say!(sitter(transaction, key).await?);
    Ok(held(transaction, &sitter).await?.map(|review| (sitter, review)))
}

/// The same for what only facilitators do.
pub(crate) async fn facilitator_and_review(transaction: &mut Transaction, key: &SeatKey) -> Answer<(Sitter, Review)> {
    let (sitter, review) = or_say!(sitter_and_review(transaction, key).await?);
    let is_allowed = sitter.seat.role == Role::Facilitator;
    Ok(if is_allowed { Ok((sitter, review)) } else { Err(ReviewFault::Role) })
}

/// Where a decision about an item or a mark is made.
pub(crate) fn place<'a>(sitter: &Sitter, review: &Review, chart: &'a Chart) -> Place<'a> {
    let items = u64::try_from(review.items).unwrap_or(u64::MAX);
    Place { role: sitter.seat.role, is_complete: review.is_complete, chart, items }
}

impl From<Refusal> for ReviewFault {
    /// A change that came between is told with what stands there, by whoever has it.
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Role => Self::Role,
            Refusal::Complete => Self::Complete,
            Refusal::Changed => Self::Changed { version: 0, body: None },
            Refusal::NoPlace => Self::Fault(Fault::NotFound("such place in this review")),
            Refusal::Full => Self::TooLarge,
            Refusal::Text(error) => error.into(),
        }
    }
}

/// Whether a text can be the key of anything: what cannot is nowhere, and a database need not be asked.
pub(crate) fn check_key(text: &str) -> Result<(), Fault> {
    let fits = (1..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    if fits { Ok(()) } else { Err(Fault::NotFound("such place")) }
}

/// The id of a review, from its text.
///
/// # Errors
/// [`Fault::NotFound`].
pub fn parse_review(text: &str) -> Result<ReviewId, Fault> {
    text.parse().map_err(|_| Fault::NotFound("review with this id"))
}
