//! The measures of reviews as lines: what was promised after a failure, and whether it holds.

use super::Gap;
use super::gap::is_over;
use crate::review::{Measure, MeasureState, ProofKind, ProofResult};

/// A measure of a review, with what came of its proof the last time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeasureView {
    /// Its key in the review.
    pub key: String,
    /// What it says.
    pub measure: Measure,
    /// What came of its proof.
    pub result: Option<ProofResult>,
}

/// Why a measure is open on this day (`2026-12-31`); nothing if it is not, or was given up. A day is late when it is over, and a
/// reminder on its day, as on the board.
#[must_use]
pub fn measure_gaps(view: &MeasureView, today: &str) -> Vec<Gap> {
    let measure = &view.measure;
    let is_pending = match measure.state {
        MeasureState::Dropped => return Vec::new(),
        MeasureState::Done => false,
        MeasureState::Proposed | MeasureState::Planned | MeasureState::Doing => true,
    };
    let is_under_way = measure.state == MeasureState::Doing;
    let has_failed = view.result.as_ref().is_some_and(|result| !result.is_passed);
    let reasons = [
        (has_failed, Gap::ProofFailed),
        (is_pending && is_over(&measure.due, today), Gap::DuePassed),
        (is_pending && !measure.remind.is_empty() && measure.remind.as_str() <= today, Gap::ReminderPassed),
        (is_pending && !is_under_way, Gap::NotMet),
        (is_under_way, Gap::UnderWay),
        (measure.proof.kind == ProofKind::None, Gap::NoProof),
    ];
    reasons.into_iter().filter_map(|(is_so, gap)| is_so.then_some(gap)).collect()
}
