//! `/v1/review/results`: what came of the proofs of measures, as programs and people hand it in.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use warifu_app::{Became, Results};

use super::AsSeat;
use crate::body::JsonBody;
use crate::front::Front;
use crate::problem::Problem;

/// Results as they are sent. `warifu-app` reads them; here they are described.
#[derive(ToSchema)]
#[allow(dead_code, reason = "only its description is used")]
pub(super) struct ResultsBody {
    /// 1 to 500. Of several for one measure the latest counts; of the same minute one that failed.
    results: Vec<ResultBody>,
}

/// A result: of the measures whose proof it names by `kind` and `proof`, or of the one `measure`.
#[derive(ToSchema)]
#[allow(dead_code, reason = "only its description is used")]
struct ResultBody {
    /// `drill`, `test`, `command` or `document`.
    kind: Option<String>,
    /// The text of the proof, whole, but for the spaces around it.
    proof: Option<String>,
    /// The key of a measure, instead of the two.
    measure: Option<String>,
    /// Whether the proof held.
    is_passed: bool,
    /// When, in the time of the place: `2026-11-22T10:05`.
    at: String,
    /// What it said: up to 1,000 characters.
    #[schema(default = "")]
    text: Option<String>,
}

/// What was done with the results.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HandedIn {
    /// The measures to which any of them belongs, by their keys.
    measures: Vec<MeasureView>,
    /// The results that belong to no measure of the review, by their numbers from 1.
    unmatched: Vec<usize>,
    /// The number of the last change.
    number: i64,
}

/// What became of the result of a measure.
#[derive(Debug, Serialize, ToSchema)]
struct MeasureView {
    /// The key of the measure.
    measure: String,
    /// The version of its result, as it stands now.
    version: u32,
    /// `written`; `unchanged`, where it stood there already; `older`, where a later one stands.
    became: &'static str,
}

/// Hand in what came of proofs. The same again changes nothing.
///
/// A result is written for every measure to which it belongs, over one that is not later; in a complete review too, since proofs go on. For
/// whoever writes, and for programs. Whole or not at all.
#[utoipa::path(
    post, path = "/v1/review/results", tag = "reviews", operation_id = "handInResults", security(("seat_key" = [])),
    request_body = ResultsBody,
    responses(
        (status = 200, description = "What became of them", body = HandedIn),
        (status = 413, description = "Too large, or too many", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn add(
    State(front): State<Front>,
    AsSeat(key): AsSeat,
    JsonBody(results): JsonBody<Results>,
) -> Result<Json<HandedIn>, Problem> {
    let told = front.board.hand_in(&key, &results).await?;
    let measures = told.measures.into_iter().map(|it| MeasureView {
        measure: it.measure,
        version: it.version,
        became: match it.became {
            Became::Written => "written",
            Became::Unchanged => "unchanged",
            Became::Older => "older",
        },
    });
    Ok(Json(HandedIn { measures: measures.collect(), unmatched: told.unmatched, number: told.number }))
}
