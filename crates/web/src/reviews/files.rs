//! `/v1/review/files`: documents, pictures and tables that facts rest on.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use warifu_core::id::FileId;

use super::AsSeat;
use super::items::Written;
use crate::body::CheckedQuery;
use crate::front::Front;
use crate::problem::Problem;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Named {
    /// What it is called: up to 120 characters.
    name: String,
}

/// A file that was kept.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Kept {
    #[schema(pattern = "^fil_[0-9a-f]{32}$")]
    id: String,
    version: u32,
    number: i64,
}

/// Bring a file: its bytes are the body.
#[utoipa::path(
    post, path = "/v1/review/files", tag = "reviews", operation_id = "addFile", security(("seat_key" = [])),
    params(Named),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "`image/png`, `image/jpeg`, `application/pdf`, `text/plain` or `text/csv`, at most 5 MiB"),
    responses(
        (status = 201, description = "It is kept, without what a picture says about whoever took it", body = Kept),
        (status = 409, description = "The review is complete", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Too large, or too much", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "None of these, or not what it says it is", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn add(
    State(front): State<Front>,
    AsSeat(key): AsSeat,
    CheckedQuery(named): CheckedQuery<Named>,
    headers: HeaderMap,
    content: Bytes,
) -> Result<(StatusCode, Json<Kept>), Problem> {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let essence = media_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    let (id, written) = front.board.add_file(&key, &named.name, &essence, &content).await?;
    let kept = Kept { id: id.to_string(), version: written.version, number: written.number };
    Ok((StatusCode::CREATED, Json(kept)))
}

fn id(text: &str) -> Result<FileId, Problem> {
    text.parse().map_err(|_| Problem::not_found("There is no file with this id in this review."))
}

/// Read a file. It is always to be saved and never shown in place, whatever it is.
#[utoipa::path(
    get, path = "/v1/review/files/{id}", tag = "reviews", operation_id = "getFile", security(("seat_key" = [])),
    params(("id" = String, Path, description = "The file")),
    responses(
        (status = 200, description = "Its bytes", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 404, description = "There is none, or it was erased", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn get(
    State(front): State<Front>,
    AsSeat(key): AsSeat,
    Path(text): Path<String>,
) -> Result<Response, Problem> {
    let file = front.board.file(&key, id(&text)?).await?;
    let mut response = file.content.into_response();
    let headers = response.headers_mut();
    let media_type = HeaderValue::from_str(&file.media_type);
    headers.insert(CONTENT_TYPE, media_type.unwrap_or(HeaderValue::from_static("application/octet-stream")));
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    Ok(response)
}

/// Erase a file for good.
#[utoipa::path(
    delete, path = "/v1/review/files/{id}", tag = "reviews", operation_id = "eraseFile", security(("seat_key" = [])),
    params(("id" = String, Path, description = "The file")),
    responses(
        (status = 200, description = "It is gone", body = Written),
        (status = 404, description = "There is none, or it was erased before", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The review is complete", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn erase(
    State(front): State<Front>,
    AsSeat(key): AsSeat,
    Path(text): Path<String>,
) -> Result<Json<Written>, Problem> {
    Ok(Json(front.board.erase_file(&key, id(&text)?).await?.into()))
}
