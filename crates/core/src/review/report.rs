//! What comes of proofs, as whoever runs them hands it in: to which measures a result belongs, which of several counts, and whether it is
//! written over what stands there. Proofs go on after a review has ended, so that this alone is written into a complete one.

use std::collections::BTreeMap;

use super::prevent::{Measure, PROOF_CHARS_MAX, ProofKind, ProofResult};
use super::statement::{TextError, check_text};
use super::{Body, ITEMS_MAX, Outcome, Refusal, Standing, item};

/// Most results that are handed in at once.
pub const REPORT_MAX: usize = 500;

/// To which measures of a review a result belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// To the one with this key.
    Measure(String),
    /// To all whose proof has this kind and this text, but for the spaces around both.
    Proof(ProofKind, String),
}

/// A result that is handed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handed {
    /// Whose it is.
    pub whose: Whose,
    /// What came of the proof.
    pub result: ProofResult,
}

impl Handed {
    /// Whether it can be taken. No run has ended after `latest`, which is written as a result's `at`: what bears a later time would keep
    /// out all that come after it.
    ///
    /// # Errors
    /// [`TextError`].
    pub fn check(&self, latest: &str) -> Result<(), TextError> {
        match &self.whose {
            Whose::Measure(key) if item::is_own_key(key) => {}
            Whose::Measure(_) => return Err(TextError::Form("the key of a measure is 1 to 40 of a-z, 0-9 and -")),
            Whose::Proof(ProofKind::None, _) => {
                return Err(TextError::Form("the kind of a proof is drill, test, command or document"));
            }
            Whose::Proof(_, text) => {
                check_text("the text of the proof", text, PROOF_CHARS_MAX)?;
                if text.trim().is_empty() {
                    return Err(TextError::Empty("the text of the proof"));
                }
            }
        }
        self.result.check()?;
        if self.result.at.as_str() > latest {
            return Err(TextError::Form("it lies in the future"));
        }
        Ok(())
    }

    fn is_of(&self, key: &str, measure: &Measure) -> bool {
        match &self.whose {
            Whose::Measure(its) => its == key,
            Whose::Proof(kind, text) => *kind == measure.proof.kind && text.trim() == measure.proof.text.trim(),
        }
    }
}

/// Which result counts for each measure, by the key of the measure, and which results belong to none, by their places in the list. Of
/// several for one measure the latest counts; of the same minute one that failed, else the one that comes last.
#[must_use]
pub fn latest_of_each<'a>(
    handed: &'a [Handed],
    measures: &[(String, Measure)],
) -> (BTreeMap<String, &'a ProofResult>, Vec<usize>) {
    let mut latest: BTreeMap<String, &ProofResult> = BTreeMap::new();
    let mut unmatched = Vec::new();
    let order = |result: &ProofResult| (result.at.clone(), !result.is_passed);
    for (place, it) in handed.iter().enumerate() {
        let mut is_matched = false;
        for (key, _) in measures.iter().filter(|(key, measure)| it.is_of(key, measure)) {
            is_matched = true;
            let standing = latest.entry(key.clone()).or_insert(&it.result);
            if order(&it.result) >= order(standing) {
                *standing = &it.result;
            }
        }
        if !is_matched {
            unmatched.push(place);
        }
    }
    (latest, unmatched)
}

/// What becomes of the result of a measure of which one was handed in; `None` if one stands there that is later. The same again changes
/// nothing. What stands there from after `latest` keeps nothing out.
///
/// # Errors
/// [`Refusal::Full`].
pub fn decide_result(
    result: &ProofResult,
    standing: Standing,
    items: u64,
    latest: &str,
) -> Result<Option<Outcome>, Refusal> {
    if let Some(Body::Result(stands)) = &standing.body {
        if stands == result {
            return Ok(Some(Outcome::Unchanged(standing)));
        }
        if stands.at > result.at && stands.at.as_str() <= latest {
            return Ok(None);
        }
    }
    if standing.version == 0 && items >= ITEMS_MAX {
        return Err(Refusal::Full);
    }
    let version = standing.version.checked_add(1).ok_or(Refusal::Full)?;
    Ok(Some(Outcome::Recorded(Standing { version, body: Some(Body::Result(result.clone())) })))
}
