//! `/v1/reviews`, `/v1/seats` and `/v1/review/invitations`: beginning a review, taking seats in it, leaving it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use warifu_core::id::ReviewId;
use warifu_core::review::Role;

use super::{AsSeat, MayBegin};
use crate::body::{JsonBody, word};
use crate::front::Front;
use crate::problem::Problem;

/// A review that is to be begun.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BeginBody {
    /// The case in a few words: up to 100 characters.
    name: String,
    /// The key of the chart that the review keeps to.
    chart_key: String,
    /// Its version; the latest if absent.
    chart_version: Option<u32>,
}

/// A link, to be taken.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TakeBody {
    /// What stands behind the `#` of the link: `wfi_...`.
    invitation: String,
}

/// A link that is to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct InviteBody {
    #[serde(deserialize_with = "word")]
    role: RoleWord,
    /// For how many, 1 to 200.
    seats: u32,
}

/// What a seat allows.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum RoleWord {
    Facilitator,
    Participant,
    Reader,
    Program,
}

/// Whether one has marked what one wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DoneBody {
    is_done: bool,
}

/// A seat.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Seat {
    /// Of the review.
    #[schema(pattern = "^rev_[0-9a-f]{32}$")]
    id: String,
    /// `facilitator`, `participant`, `reader` or `program`.
    role: &'static str,
}

/// A link by which browsers take seats.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Invitation {
    /// Shown this once.
    link: String,
    role: &'static str,
    seats: u32,
    #[schema(format = DateTime)]
    expires_at: String,
}

pub(super) fn seat((id, role): (ReviewId, Role)) -> (StatusCode, Json<Seat>) {
    (StatusCode::CREATED, Json(Seat { id: id.to_string(), role: role.text() }))
}

/// Begin a review, as its facilitator. With the same key again: the same review.
#[utoipa::path(
    post, path = "/v1/reviews", tag = "reviews", operation_id = "beginReview", security(("seat_key" = [])),
    request_body = BeginBody,
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
    JsonBody(body): JsonBody<BeginBody>,
) -> Result<(StatusCode, Json<Seat>), Problem> {
    front.admit_anyone()?;
    Ok(seat(front.board.begin_review(&key, &body.name, (&body.chart_key, body.chart_version)).await?))
}

/// Take a seat by a link. With the same key again: the same seat.
#[utoipa::path(
    post, path = "/v1/seats", tag = "reviews", operation_id = "takeSeat", security(("seat_key" = [])),
    request_body = TakeBody,
    responses(
        (status = 201, description = "The seat", body = Seat),
        (status = 401, description = "The link is none, is used up, was ended, or is too old (`link_refused`)", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn take(
    State(front): State<Front>,
    AsSeat(key): AsSeat,
    JsonBody(body): JsonBody<TakeBody>,
) -> Result<(StatusCode, Json<Seat>), Problem> {
    front.admit_anyone()?;
    Ok(seat(front.board.take_seat(&key, &body.invitation).await?))
}

/// Leave the review. What was marked stays.
#[utoipa::path(
    delete, path = "/v1/review/seat", tag = "reviews", operation_id = "leaveReview", security(("seat_key" = [])),
    responses((status = 204, description = "The key has no seat any more"))
)]
pub(super) async fn leave(State(front): State<Front>, AsSeat(key): AsSeat) -> Result<StatusCode, Problem> {
    front.board.leave(&key).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Make a link for further seats, good for a week. A facilitator's.
#[utoipa::path(
    post, path = "/v1/review/invitations", tag = "reviews", operation_id = "invite", security(("seat_key" = [])),
    request_body = InviteBody,
    responses(
        (status = 201, description = "The link", body = Invitation),
        (status = 413, description = "Too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn invite(
    State(front): State<Front>,
    AsSeat(key): AsSeat,
    JsonBody(body): JsonBody<InviteBody>,
) -> Result<(StatusCode, Json<Invitation>), Problem> {
    let role = match body.role {
        RoleWord::Facilitator => Role::Facilitator,
        RoleWord::Participant => Role::Participant,
        RoleWord::Reader => Role::Reader,
        RoleWord::Program => Role::Program,
    };
    let made = front.board.invite(&key, role, body.seats).await?;
    let link = made.link.expose_secret().to_owned();
    let invitation =
        Invitation { link, role: made.role.text(), seats: made.seats, expires_at: made.expires_at.to_string() };
    Ok((StatusCode::CREATED, Json(invitation)))
}

/// End all links of the review; seats that were taken stay. A facilitator's.
#[utoipa::path(
    delete, path = "/v1/review/invitations", tag = "reviews", operation_id = "endInvitations", security(("seat_key" = [])),
    responses((status = 204, description = "No link is of use any more"))
)]
pub(super) async fn end_invitations(State(front): State<Front>, AsSeat(key): AsSeat) -> Result<StatusCode, Problem> {
    front.board.end_invitations(&key).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Say that one has marked what one wanted, or take it back. To the others it is a count.
#[utoipa::path(
    put, path = "/v1/review/done", tag = "reviews", operation_id = "setDone", security(("seat_key" = [])),
    request_body = DoneBody,
    responses(
        (status = 204, description = "It is noted"),
        (status = 413, description = "Too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn set_done(
    State(front): State<Front>,
    AsSeat(key): AsSeat,
    JsonBody(body): JsonBody<DoneBody>,
) -> Result<StatusCode, Problem> {
    front.board.set_done(&key, body.is_done).await?;
    Ok(StatusCode::NO_CONTENT)
}
