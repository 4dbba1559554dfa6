//! The measures of all reviews, and the true causes that none of them answers. The operator owns the board's database, and measures
//! have roles and no people.

use std::collections::BTreeSet;

use warifu_core::chart::{Chart, Item, Names};
use warifu_core::id::ReviewId;
use warifu_core::readiness::{Gap, MeasureView};
use warifu_core::review::{Body, Kind, MeasureState};
use warifu_store::{Review, StoreError, Transaction};

use crate::chart_file;
use crate::review::{body_of, read_body};

/// A measure as it stands today.
#[derive(Clone, Debug)]
pub struct ShownMeasure {
    /// What it says, and what came of its proof.
    pub view: MeasureView,
    /// Why it is open; nothing if it is not.
    pub gaps: Vec<Gap>,
}

/// A review as far as it promised anything.
#[derive(Clone, Debug)]
pub struct ReviewStanding {
    /// Which.
    pub id: ReviewId,
    /// Its case in a few words.
    pub case: String,
    /// Its measures but those that were given up, what is open first.
    pub measures: Vec<ShownMeasure>,
    /// True causes that no measure answers, in words.
    pub uncovered: Vec<Names>,
}

/// The same before anybody asked for a day.
pub(super) struct Gathered {
    id: ReviewId,
    case: String,
    measures: Vec<MeasureView>,
    uncovered: Vec<Names>,
}

impl Gathered {
    /// As it stands on a day.
    pub(super) fn on(self, today: &str, gaps: impl Fn(&MeasureView, &str) -> Vec<Gap>) -> ReviewStanding {
        let shown = |view: MeasureView| ShownMeasure { gaps: gaps(&view, today), view };
        let mut measures: Vec<_> = self.measures.into_iter().map(shown).collect();
        measures.sort_by_key(|measure| measure.gaps.is_empty());
        ReviewStanding { id: self.id, case: self.case, measures, uncovered: self.uncovered }
    }
}

/// Reads all reviews that have anything to say here, the oldest first.
pub(super) async fn gather(transaction: &mut Transaction) -> Result<Vec<Gathered>, StoreError> {
    let mut gathered = Vec::new();
    for review in transaction.list_reviews().await? {
        let found = of_review(transaction, &review).await?;
        gathered.extend((!found.measures.is_empty() || !found.uncovered.is_empty()).then_some(found));
    }
    Ok(gathered)
}

async fn of_review(transaction: &mut Transaction, review: &Review) -> Result<Gathered, StoreError> {
    let mut results = bodies(transaction, review.id, Kind::Result).await?;
    let mut measures = Vec::new();
    for (key, body) in bodies(transaction, review.id, Kind::Measure).await? {
        let Body::Measure(measure) = body else { continue };
        if measure.state == MeasureState::Dropped {
            continue;
        }
        let at = results.iter().position(|(of, _)| *of == key);
        let result = match at.map(|at| results.swap_remove(at)) {
            Some((_, Body::Result(result))) => Some(result),
            _ => None,
        };
        measures.push(MeasureView { key, measure, result });
    }
    let answered: BTreeSet<&str> =
        measures.iter().flat_map(|view| view.measure.causes.iter().map(String::as_str)).collect();
    let mut uncovered = Vec::new();
    for (key, body) in bodies(transaction, review.id, Kind::TrueCause).await? {
        let is_true = matches!(&body, Body::TrueCause(cause) if cause.is_true);
        if is_true && !answered.contains(key.as_str()) {
            // A box that was removed is no cause any more.
            uncovered.extend(words_of(transaction, review, &key).await?);
        }
    }
    let case = match body_of(transaction, review.id, Kind::Case, "name").await? {
        Some(Body::Statement(name)) => name.text,
        _ => String::new(),
    };
    Ok(Gathered { id: review.id, case, measures, uncovered })
}

/// The items of one kind. What cannot be read was written by nobody here; it is passed over, as the library does.
async fn bodies(
    transaction: &mut Transaction,
    review: ReviewId,
    kind: Kind,
) -> Result<Vec<(String, Body)>, StoreError> {
    let items = transaction.list_items_of(review, kind.text()).await?;
    Ok(items.into_iter().filter_map(|item| Some((item.key, read_body(kind, &item.body?).ok()?))).collect())
}

/// What a box says; nothing if it is not there.
async fn words_of(transaction: &mut Transaction, review: &Review, key: &str) -> Result<Option<Names>, StoreError> {
    let both = |text: String| Names { ja: text.clone(), en: text };
    let Some(Body::Node(node)) = body_of(transaction, review.id, Kind::Node, key).await? else { return Ok(None) };
    Ok(Some(match node.of.split_once('/') {
        Some(("cause", cause)) => {
            let chart: Option<Chart> = chart_file::read(&review.chart).ok();
            let names = chart.as_ref().and_then(|chart| chart.find(cause).as_ref().and_then(Item::names).cloned());
            names.unwrap_or_else(|| both(cause.to_owned()))
        }
        Some((_, event)) => match body_of(transaction, review.id, Kind::Event, event).await? {
            Some(Body::Event(event)) => both(event.statement.text),
            _ => return Ok(None),
        },
        None => both(node.text),
    }))
}
