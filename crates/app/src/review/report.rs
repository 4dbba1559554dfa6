//! What came of proofs, handed in by whoever runs them: by a seat that may, or by an operator. Whole or not at all.

use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use warifu_core::id::ReviewId;
use warifu_core::review::{
    Body, Handed, Kind, Measure, Outcome, ProofKind, ProofResult, REPORT_MAX, Whose, decide_result, latest_of_each,
};
use warifu_core::time::Time;
use warifu_store::{KeptItem, Review, Transaction};

use super::item::{body_text, record, standing};
use super::{Answer, ReviewFault, SeatKey, held, or_say, read_body, read_object, said, seated};
use crate::board::Board;
use crate::fault::Fault;

/// How far a result may lie ahead of the clock: its time is that of the place, wherever that is.
const AHEAD: Duration = Duration::from_secs(86_400);

/// Results that are handed in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Results {
    /// 1 to 500.
    results: Vec<Box<RawValue>>,
}

/// One of them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReportResult {
    /// The key of the measure; without one the proof is named.
    measure: Option<String>,
    kind: Option<ProofKind>,
    proof: Option<String>,
    is_passed: bool,
    at: String,
    #[serde(default)]
    text: String,
}

/// What was done with the results.
#[derive(Debug)]
pub struct Reported {
    /// The measures to which any of them belongs, by their keys.
    pub measures: Vec<MeasureResult>,
    /// The numbers of the results that belong to no measure, from 1.
    pub unmatched: Vec<usize>,
    /// The number of the last change.
    pub number: i64,
}

/// What became of the result of a measure.
#[derive(Debug)]
pub struct MeasureResult {
    /// The key of the measure.
    pub measure: String,
    /// The version of its result, as it stands now.
    pub version: u32,
    /// Whether that is what was handed in.
    pub became: Became,
}

/// What became of a result that was handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Became {
    /// It was written.
    Written,
    /// It stood there already.
    Unchanged,
    /// A later one stands there.
    Older,
}

impl Board {
    /// Hands in results; in a complete review too, since proofs go on.
    ///
    /// # Errors
    /// [`ReviewFault::Role`] for a reader; [`Fault::Invalid`] says which result does not fit; then nothing was written.
    pub async fn hand_in(&self, key: &SeatKey, results: &Results) -> Result<Reported, ReviewFault> {
        let (key, now) = (key.clone(), self.clock.now());
        let (handed, latest) = checked(results, now)?;
        let written = self.tell(move |transaction| {
            Box::pin(async move {
                let sitter = or_say!(seated(transaction, &key).await?);
                if !sitter.seat.role.hands_in() {
                    return Ok(Err(ReviewFault::Role));
                }
                let review = or_say!(held(transaction, &sitter).await?);
                write(transaction, review, &handed, &latest, now).await
            })
        });
        let written = written.await?;
        self.live.nudge();
        Ok(written)
    }

    /// The same for an operator.
    ///
    /// # Errors
    /// [`Fault::NotFound`] if there is no such review; others as [`Board::hand_in`].
    pub async fn hand_in_to(&self, review: ReviewId, results: &Results) -> Result<Reported, ReviewFault> {
        let now = self.clock.now();
        let (handed, latest) = checked(results, now)?;
        let written = self.tell(move |transaction| {
            Box::pin(async move {
                let missing = || ReviewFault::Fault(Fault::NotFound("review with this id"));
                let review = or_say!(transaction.lock_review(review).await?.ok_or_else(missing));
                write(transaction, review, &handed, &latest, now).await
            })
        });
        written.await
    }
}

fn invalid(text: impl std::fmt::Display) -> ReviewFault {
    Fault::Invalid(format!("{text} Nothing was written.")).into()
}

/// The results that can be taken, and the latest minute that one may bear.
fn checked(results: &Results, now: Time) -> Result<(Vec<Handed>, String), ReviewFault> {
    if !(1..=REPORT_MAX).contains(&results.results.len()) {
        return Err(invalid(format!("There are 1 to {REPORT_MAX} results at once.")));
    }
    // To the minute, as results say it.
    let latest: String = now.saturating_add(AHEAD).to_string().chars().take(16).collect();
    let mut handed = Vec::new();
    for (number, json) in (1_usize..).zip(&results.results) {
        let read: ReportResult =
            read_object(json.get()).map_err(|error| invalid(format!("Result {number}: {}.", said(&error))))?;
        let whose = match (read.measure, read.kind, read.proof) {
            (Some(key), None, None) => Whose::Measure(key),
            (None, Some(kind), Some(proof)) => Whose::Proof(kind, proof),
            _ => {
                let text = "it names `kind` and `proof`, or `measure` instead of both";
                return Err(invalid(format!("Result {number}: {text}.")));
            }
        };
        let result = ProofResult { is_passed: read.is_passed, at: read.at, text: read.text };
        let one = Handed { whose, result };
        one.check(&latest).map_err(|error| invalid(format!("Result {number}: {error}.")))?;
        handed.push(one);
    }
    Ok((handed, latest))
}

/// Decides about every measure before anything is written, so that a no has changed nothing.
async fn write(
    transaction: &mut Transaction,
    mut review: Review,
    handed: &[Handed],
    latest: &str,
    now: Time,
) -> Answer<Reported> {
    let measures: Vec<(String, Measure)> =
        transaction.list_items_of(review.id, Kind::Measure.text()).await?.into_iter().filter_map(measure).collect();
    let (results, unmatched) = latest_of_each(handed, &measures);
    let kept = transaction.list_items_of(review.id, Kind::Result.text()).await?;
    let mut items = u64::try_from(review.items).unwrap_or(u64::MAX);
    let (mut told, mut recorded) = (Vec::new(), Vec::new());
    for (measure, result) in results {
        let stands = standing(Kind::Result, kept.iter().find(|it| it.key == measure));
        let before = stands.version;
        let (version, became) = match or_say!(decide_result(result, stands, items, latest)) {
            None => (before, Became::Older),
            Some(Outcome::Unchanged(standing)) => (standing.version, Became::Unchanged),
            Some(Outcome::Recorded(standing)) => {
                items = items.saturating_add(u64::from(before == 0));
                recorded.push((measure.clone(), standing.version, standing.body));
                (standing.version, Became::Written)
            }
        };
        told.push(MeasureResult { measure, version, became });
    }
    for (measure, version, body) in recorded {
        let text = body.as_ref().map(body_text);
        record(transaction, &mut review, (Kind::Result.text(), &measure), version, text, now).await?;
    }
    transaction.save_review(&review).await?;
    let unmatched = unmatched.into_iter().map(|place| place.saturating_add(1)).collect();
    Ok(Ok(Reported { measures: told, unmatched, number: review.change_number }))
}

/// A measure that stands, with its key.
fn measure(item: KeptItem) -> Option<(String, Measure)> {
    match read_body(Kind::Measure, &item.body?) {
        Ok(Body::Measure(measure)) => Some((item.key, measure)),
        _ => None,
    }
}
