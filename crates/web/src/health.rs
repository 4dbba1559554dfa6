//! Whether the process lives, and whether it can work.

use axum::extract::State;
use axum::http::StatusCode;

use crate::front::Front;
use crate::problem::Problem;

/// Whether the process lives.
#[utoipa::path(
    get,
    path = "/livez",
    tag = "health",
    operation_id = "isAlive",
    security(()),
    responses((status = 200, description = "It lives", body = String, content_type = "text/plain"))
)]
pub(crate) async fn live() -> &'static str {
    "ok\n"
}

/// Whether the process can work: the store answers, and it is not ending.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "health",
    operation_id = "isReady",
    security(()),
    responses(
        (status = 200, description = "It can work", body = String, content_type = "text/plain"),
        (status = 503, description = "It cannot work now", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn ready(State(front): State<Front>) -> Result<(StatusCode, &'static str), Problem> {
    if front.is_draining() {
        return Err(Problem::overloaded());
    }
    front.board.check_ready().await.map_err(|error| {
        tracing::warn!(%error, "not ready");
        Problem::unavailable()
    })?;
    Ok((StatusCode::OK, "ok\n"))
}
