//! `/v1/device/...`: which device a wallet pays from.

use axum::extract::State;
use axum::http::StatusCode;

use crate::caller::AsMember;
use crate::problem::Problem;
use crate::state::Web;

/// Have the wallet pay from this device, and from no other.
///
/// Needs a session of the last five minutes. The wallet cools then: for a day it spends little and moves no further, unless the
/// device before consents.
#[utoipa::path(
    post, path = "/v1/device/move-here", tag = "devices", operation_id = "moveHere",
    security(("member_session" = [], "member_signature" = [])),
    responses(
        (status = 204, description = "It pays from here"),
        (status = 409, description = "`cooling`: it was moved lately", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn move_here(State(web): State<Web>, AsMember(phone): AsMember) -> Result<StatusCode, Problem> {
    web.app.move_here(&phone).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Say, on the device from which the wallet was moved, that this was the member's will. It need not cool any longer.
#[utoipa::path(
    post, path = "/v1/device/consent", tag = "devices", operation_id = "consentToMove",
    security(("member_session" = [], "member_signature" = [])),
    responses(
        (status = 204, description = "It cools no longer"),
        (status = 409, description = "`not_this_device`: the wallet was not moved from here, or has cooled", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn consent(State(web): State<Web>, AsMember(phone): AsMember) -> Result<StatusCode, Problem> {
    web.app.consent_to_move(&phone).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Say, on the device from which the wallet was moved, that this was not the member's will. The wallet is frozen.
#[utoipa::path(
    post, path = "/v1/device/dispute", tag = "devices", operation_id = "disputeMove",
    security(("member_session" = [], "member_signature" = [])),
    responses(
        (status = 204, description = "The wallet is frozen until the issuer has looked at it"),
        (status = 409, description = "`not_this_device`: the wallet was not moved from here, or has cooled", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn dispute(State(web): State<Web>, AsMember(phone): AsMember) -> Result<StatusCode, Problem> {
    web.app.dispute_move(&phone).await?;
    Ok(StatusCode::NO_CONTENT)
}
