//! `/v1/reviews/incident`: an incident, as a system writes it down, becomes a review.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use utoipa::ToSchema;
use warifu_app::Incident;

use super::seats::{Seat, seat};
use super::{AsSeat, MayBegin};
use crate::body::JsonBody;
use crate::front::Front;
use crate::problem::Problem;

/// An incident as it is sent. `warifu-app` reads it; here it is described.
#[derive(ToSchema)]
#[allow(dead_code, reason = "only its description is used")]
pub(super) struct IncidentBody {
    /// `warifu-incident`.
    format: String,
    /// 1.
    version: u32,
    /// The key of the chart of causes that the review keeps to.
    #[schema(default = "it-project")]
    chart: Option<String>,
    /// In which the texts are: `ja` or `en`.
    language: String,
    /// The case in a few words: up to 100 characters, in one line.
    name: String,
    began: Moment,
    /// Absent while it goes on, and of what took but a moment.
    ended: Option<Moment>,
    summary: String,
    /// Where.
    #[schema(default = "")]
    place: Option<String>,
    /// What kind of place that is.
    #[schema(default = "")]
    site: Option<String>,
    /// Where all this can be looked up that names no source of its own; the system's record, if absent.
    source: Option<SourceBody>,
    /// Up to 1,000 with the two lists that follow.
    events: Option<Vec<EventBody>>,
    affected: Option<Vec<AffectedBody>>,
    switches: Option<Vec<SwitchBody>>,
}

/// When, as far as it is known.
#[derive(ToSchema)]
#[allow(dead_code, reason = "only its description is used")]
struct Moment {
    /// `exact`, `about`, `before`, `after` or `unknown`.
    kind: String,
    /// `2019`, `2019-07`, `2019-07-03` or `2019-07-03T10:05`, in the time of the place; empty where nobody knows.
    at: String,
}

/// Where something can be looked up.
#[derive(ToSchema)]
#[allow(dead_code, reason = "only its description is used")]
struct SourceBody {
    /// `document`, `link`, `place`, `thing` or `person`.
    kind: String,
    /// Up to 300 characters; of a person the role.
    #[schema(default = "")]
    text: Option<String>,
    /// An `http` or `https` address.
    #[schema(default = "")]
    url: Option<String>,
}

/// Something that happened.
#[derive(ToSchema)]
#[allow(dead_code, reason = "only its description is used")]
struct EventBody {
    at: Moment,
    text: String,
    source: Option<SourceBody>,
}

/// How many were affected and how much was lost, as it was known then: one of the two numbers at least.
#[derive(ToSchema)]
#[allow(dead_code, reason = "only its description is used")]
struct AffectedBody {
    at: Moment,
    members: Option<u64>,
    /// In whole units of the currency: yen, dollars, never cents.
    amount: Option<u64>,
    /// Three capital letters (ISO 4217).
    #[schema(default = "JPY")]
    currency: Option<String>,
    /// How it was counted: up to 2,000 characters.
    #[schema(default = "")]
    counted: Option<String>,
    source: Option<SourceBody>,
}

/// A switch that was turned.
#[derive(ToSchema)]
#[allow(dead_code, reason = "only its description is used")]
struct SwitchBody {
    at: Moment,
    /// Which: up to 80 characters.
    switch: String,
    /// Whether it is on since.
    is_on: bool,
    /// A role, never a name: up to 80 characters.
    #[schema(default = "")]
    by: Option<String>,
    /// Up to 2,000 characters.
    #[schema(default = "")]
    why: Option<String>,
    source: Option<SourceBody>,
}

/// Begin a review of an incident, as its facilitator: its case, and its whole time line as facts with their sources. With the same key
/// again: the same review.
#[utoipa::path(
    post, path = "/v1/reviews/incident", tag = "reviews", operation_id = "beginIncidentReview", security(("seat_key" = [])),
    request_body = IncidentBody,
    responses(
        (status = 201, description = "It is begun", body = Seat),
        (status = 403, description = "Only the operator begins reviews here", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such chart", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn begin(
    State(front): State<Front>,
    AsSeat(key): AsSeat,
    MayBegin: MayBegin,
    JsonBody(incident): JsonBody<Incident>,
) -> Result<(StatusCode, Json<Seat>), Problem> {
    front.admit_anyone()?;
    Ok(seat(front.board.begin_incident(&key, &incident).await?))
}
