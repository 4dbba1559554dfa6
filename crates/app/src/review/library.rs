//! The library of measures: what was done against a cause, how it is verified and what was learned, for other groups to find.

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;
use warifu_core::chart::{Chart, Item};
use warifu_core::id::ReviewId;
use warifu_core::review::{Body, Kind, Measure, Proof};
use warifu_core::time::Time;
use warifu_store::{StoreError, Transaction};

use super::{ReviewFault, SeatKey, or_say, read_body, sitter};
use crate::board::Board;

/// A measure of the library. Whose it was nobody knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedMeasure {
    /// What was done.
    pub text: String,
    /// Against what, in words.
    pub causes: Vec<String>,
    /// By whom: a role.
    pub role: String,
    /// How it is verified.
    pub proof: Proof,
    /// What was learned.
    pub learned: String,
}

impl Board {
    /// The measures of the library that have these words among theirs, the latest first; all, if there are none. Case and width do not
    /// matter.
    ///
    /// # Errors
    /// [`ReviewFault::Stranger`], or what the store said.
    pub async fn search_measures(
        &self,
        key: &SeatKey,
        words: &str,
        limit: u16,
    ) -> Result<Vec<SharedMeasure>, ReviewFault> {
        let (key, folded) = (key.clone(), folded(words.trim()));
        let found = self.ask(move |transaction| {
            Box::pin(async move {
                or_say!(sitter(transaction, &key).await?);
                transaction.list_measures(&folded, i64::from(limit)).await.map(Ok)
            })
        });
        Ok(found.await?.iter().filter_map(|json| serde_json::from_str(json).ok()).collect())
    }
}

/// Puts a measure into the library or takes it out, as it says.
pub(super) async fn keep(
    transaction: &mut Transaction,
    (review, key): (ReviewId, &str),
    measure: Option<&Measure>,
    chart: &Chart,
    at: Time,
) -> Result<(), StoreError> {
    let Some(measure) = measure.filter(|measure| measure.is_shared) else {
        return transaction.delete_measure((review, key)).await;
    };
    let mut causes = Vec::new();
    for cause in &measure.causes {
        causes.extend(words_of(transaction, review, cause, chart).await?);
    }
    let Measure { text, role, proof, learned, .. } = measure.clone();
    let mut words = vec![text.as_str(), learned.as_str(), proof.text.as_str()];
    words.extend(causes.iter().map(String::as_str));
    let folded = folded(&words.join("\n"));
    let shared = SharedMeasure { text, causes, role, proof, learned };
    let body = serde_json::to_string(&shared).unwrap_or_default();
    transaction.save_measure((review, key), at, &body, &folded).await
}

/// What a box says, in the languages that it has.
async fn words_of(
    transaction: &mut Transaction,
    review: ReviewId,
    key: &str,
    chart: &Chart,
) -> Result<Vec<String>, StoreError> {
    let Some(Body::Node(node)) = body_of(transaction, review, Kind::Node, key).await? else { return Ok(Vec::new()) };
    Ok(match node.of.split_once('/') {
        Some(("cause", key)) => {
            let names = chart.find(key).as_ref().and_then(Item::names).cloned();
            names.map(|names| format!("{} {}", names.ja, names.en)).into_iter().collect()
        }
        Some((_, key)) => match body_of(transaction, review, Kind::Event, key).await? {
            Some(Body::Event(event)) => vec![event.statement.text],
            _ => Vec::new(),
        },
        None => vec![node.text],
    })
}

/// What an item says, if it is there and says what its kind says.
pub(crate) async fn body_of(
    transaction: &mut Transaction,
    review: ReviewId,
    kind: Kind,
    key: &str,
) -> Result<Option<Body>, StoreError> {
    let found = transaction.find_item(review, kind.text(), key).await?.and_then(|item| item.body);
    Ok(found.and_then(|json| read_body(kind, &json).ok()))
}

/// Words as they are searched: in one case and one width (Unicode NFKC, lower case).
fn folded(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_width_do_not_matter() {
        assert_eq!(folded("Second　Factor"), "second factor");
        assert_eq!(folded("ＡＰＩ認証ﾊﾟｽｷｰ"), "api認証パスキー");
    }
}
