//! `/v1/sessions`: where a member is signed in.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::AsMember;
use crate::problem::Problem;
use crate::state::Web;

/// A session of the member.
#[derive(Debug, Serialize, ToSchema)]
struct Session {
    #[schema(pattern = "^ses_[0-9a-f]{32}$")]
    id: String,
    /// What the member knows the device by.
    device: String,
    /// Whether it is the one that asks.
    is_this: bool,
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was last used, give or take an hour.
    #[schema(format = DateTime)]
    used_at: String,
}

/// The sessions of the member that have not ended, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Sessions {
    items: Vec<Session>,
}

/// List where the member is signed in.
#[utoipa::path(
    get, path = "/v1/sessions", tag = "members", operation_id = "listSessions",
    security(("member_session" = [], "member_signature" = [])),
    responses((status = 200, description = "The sessions", body = Sessions))
)]
pub(crate) async fn list(State(web): State<Web>, AsMember(phone): AsMember) -> Result<Json<Sessions>, Problem> {
    let found = web.app.sessions(phone.member).await?;
    let items = found
        .into_iter()
        .map(|bound| Session {
            id: bound.session.id.to_string(),
            device: bound.device_name,
            is_this: bound.session.id == phone.session,
            created_at: bound.session.created_at.to_string(),
            used_at: bound.session.used_at.to_string(),
        })
        .collect();
    Ok(Json(Sessions { items }))
}

/// End a session. In force here at once, on other nodes within ten seconds.
#[utoipa::path(
    delete, path = "/v1/sessions/{id}", tag = "members", operation_id = "endSession",
    security(("member_session" = [], "member_signature" = [])),
    params(("id" = String, Path, description = "The session")),
    responses(
        (status = 204, description = "It has ended"),
        (status = 404, description = "The member has no such session", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn end(
    State(web): State<Web>,
    AsMember(phone): AsMember,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found("There is no session with this id."))?;
    web.app.end_session(phone.member, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
