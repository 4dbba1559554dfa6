//! What a group writes together: each item with a version, so that nobody's change is lost to another's.

use warifu_core::review::{Body, Kind, Outcome, Refusal, Standing, State, decide};
use warifu_core::time::Time;
use warifu_store::{Change, KeptItem, Review, StoreError, Transaction};

use super::library;
use super::{Answer, ReviewFault, SeatKey, check_key, or_say, place, read_object, sitter, sitter_and_review};
use crate::board::Board;
use crate::fault::Fault;

/// A minute in microseconds: history says when, but not so exactly that it says who.
const MINUTE: i64 = 60_000_000;
/// How many changes of one item are shown.
const HISTORY_MAX: i64 = 200;
/// How many changes are read at once.
const STRETCH: i64 = 500;
/// How many changes a page of the review's history has.
const PAGE: i64 = 100;

/// That an item was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Its version.
    pub version: u32,
    /// The number of the change; of the last one, if nothing was to be changed.
    pub number: i64,
}

/// Reads what an item of a kind says from JSON.
///
/// # Errors
/// What is wrong with it.
pub fn read_body(kind: Kind, json: &str) -> Result<Body, serde_json::Error> {
    match kind {
        Kind::Progress => read_object(json).map(Body::Progress),
        Kind::Case | Kind::Why | Kind::WhyNot | Kind::Discussion => read_object(json).map(Body::Statement),
        Kind::Lift => read_object(json).map(Body::Lift),
        Kind::Event => read_object(json).map(Body::Event),
        Kind::Open => read_object(json).map(Body::Open),
        Kind::Comment => read_object(json).map(Body::Comment),
        Kind::File => read_object(json).map(Body::File),
        Kind::Node => read_object(json).map(Body::Node),
        Kind::Arrow => read_object(json).map(Body::Arrow),
        Kind::TrueCause => read_object(json).map(Body::TrueCause),
        Kind::Measure => read_object(json).map(Body::Measure),
        Kind::Result => read_object(json).map(Body::Result),
    }
}

/// What an item says, as it is kept.
pub(super) fn body_text(body: &Body) -> String {
    // Never the fallback: nothing in it can fail to serialise.
    serde_json::to_string(body).unwrap_or_default()
}

impl Board {
    /// Writes an item, or removes it where there is no body, as somebody who saw its version `seen`; 0 for a new one.
    ///
    /// # Errors
    /// [`ReviewFault::Changed`] with what stands there if another version does; others as the decision says.
    pub async fn write_item(
        &self,
        key: &SeatKey,
        (kind, item): (Kind, &str),
        seen: u32,
        body: Option<Body>,
    ) -> Result<Written, ReviewFault> {
        let chart = self.chart_for(key).await?;
        check_key(item)?;
        let (key, item, now) = (key.clone(), item.to_owned(), self.clock.now());
        let written = self.tell(move |transaction| {
            Box::pin(async move {
                let (sitter, mut review) = or_say!(sitter_and_review(transaction, &key).await?);
                let kept = transaction.find_item(review.id, kind.text(), &item).await?;
                let standing = standing(kind, kept.as_ref());
                let decided = decide(&place(&sitter, &review, &chart), (kind, &item), seen, body, standing);
                let recorded = match decided {
                    Ok(Outcome::Unchanged(standing)) => {
                        return Ok(Ok(Written { version: standing.version, number: review.change_number }));
                    }
                    Ok(Outcome::Recorded(standing)) => standing,
                    Err(Refusal::Changed) => return Ok(Err(what_stands(kept))),
                    Err(refusal) => return Ok(Err(refusal.into())),
                };
                if let Some(Body::Progress(progress)) = &recorded.body {
                    or_say!(move_on(transaction, &mut review, progress.state).await?);
                }
                if kind == Kind::Measure {
                    let measure = if let Some(Body::Measure(measure)) = &recorded.body { Some(measure) } else { None };
                    library::keep(transaction, (review.id, &item), measure, &chart, minute(now)).await?;
                }
                let text = recorded.body.as_ref().map(body_text);
                record(transaction, &mut review, (kind.text(), &item), recorded.version, text, now).await?;
                transaction.save_review(&review).await?;
                Ok(Ok(Written { version: recorded.version, number: review.change_number }))
            })
        });
        let written = written.await?;
        self.live.nudge();
        Ok(written)
    }

    /// The versions of an item, the newest first.
    ///
    /// # Errors
    /// [`ReviewFault::Stranger`], or what the store said.
    pub async fn item_history(&self, key: &SeatKey, kind: Kind, item: &str) -> Result<Vec<Change>, ReviewFault> {
        check_key(item)?;
        let (key, item) = (key.clone(), item.to_owned());
        let found = self.ask(move |transaction| {
            Box::pin(async move {
                let sitter = or_say!(sitter(transaction, &key).await?);
                transaction.list_changes_of(sitter.seat.review, kind.text(), &item, HISTORY_MAX).await.map(Ok)
            })
        });
        found.await
    }

    /// The changes of the review after a number, the oldest first; at most 500.
    ///
    /// # Errors
    /// As [`Board::item_history`].
    pub async fn changes_after(&self, key: &SeatKey, after: i64) -> Result<Vec<Change>, ReviewFault> {
        let key = key.clone();
        let found = self.ask(move |transaction| {
            Box::pin(async move {
                let sitter = or_say!(sitter(transaction, &key).await?);
                transaction.list_changes_after(sitter.seat.review, after, STRETCH).await.map(Ok)
            })
        });
        found.await
    }

    /// The 100 changes of the review before a number, the newest first.
    ///
    /// # Errors
    /// As [`Board::item_history`].
    pub async fn changes_before(&self, key: &SeatKey, before: i64) -> Result<Vec<Change>, ReviewFault> {
        let key = key.clone();
        let found = self.ask(move |transaction| {
            Box::pin(async move {
                let sitter = or_say!(sitter(transaction, &key).await?);
                transaction.list_changes_before(sitter.seat.review, before, PAGE).await.map(Ok)
            })
        });
        found.await
    }
}

/// An item as a decision sees it.
pub(super) fn standing(kind: Kind, kept: Option<&KeptItem>) -> Standing {
    let body = kept.and_then(|kept| kept.body.as_deref()).and_then(|json| read_body(kind, json).ok());
    Standing { version: kept.map_or(0, |kept| kept.version), body }
}

/// A change that came between, with what stands there.
fn what_stands(kept: Option<KeptItem>) -> ReviewFault {
    let (version, body) = kept.map_or((0, None), |kept| (kept.version, kept.body));
    ReviewFault::Changed { version, body }
}

/// Completes a review or opens it again. With it the link between marks and whoever made them goes for good, so nothing may wait to be
/// collected.
async fn move_on(transaction: &mut Transaction, review: &mut Review, state: State) -> Answer<()> {
    let is_complete = state == State::Complete;
    if is_complete && !review.is_complete {
        if transaction.has_uncollected(review.id).await? {
            return Ok(Err(ReviewFault::NotCollected));
        }
        transaction.delete_drafts(review.id).await?;
        review.round += 1;
    }
    review.is_complete = is_complete;
    Ok(Ok(()))
}

/// Keeps an item as it becomes, and the change, in whole minutes. The review is saved by whoever asked.
pub(super) async fn record(
    transaction: &mut Transaction,
    review: &mut Review,
    (kind, key): (&str, &str),
    version: u32,
    body: Option<String>,
    now: Time,
) -> Result<(), StoreError> {
    let item = KeptItem { kind: kind.to_owned(), key: key.to_owned(), version, body };
    transaction.save_item(review.id, &item).await?;
    if version == 1 {
        review.items += 1;
    }
    log(transaction, review, item, now).await
}

/// Keeps a change without an item.
pub(super) async fn log(
    transaction: &mut Transaction,
    review: &mut Review,
    item: KeptItem,
    now: Time,
) -> Result<(), StoreError> {
    review.change_number += 1;
    let change = Change { number: review.change_number, at: minute(now), item };
    transaction.create_change(review.id, &change).await
}

/// The minute in which a moment is.
fn minute(now: Time) -> Time {
    let micros = now.unix_micros();
    Time::from_unix_micros(micros - micros % MINUTE).unwrap_or(now)
}

impl From<warifu_core::review::TextError> for ReviewFault {
    fn from(error: warifu_core::review::TextError) -> Self {
        Self::Fault(Fault::Invalid(format!("This cannot stand there: {error}. Nothing was written.")))
    }
}
