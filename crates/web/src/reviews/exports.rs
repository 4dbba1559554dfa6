//! `/v1/review/export`, `/v1/reviews/import` and `/v1/measures`: taking a review away, bringing one back, and what other groups learned.

use axum::Json;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use warifu_app::Export;

use super::press::written;
use super::seats::{Seat, seat};
use super::{AsSeat, MayBegin};
use crate::body::{CheckedQuery, JsonBody, page_limit};
use crate::export::{calendar, csv, html, markdown};
use crate::front::Front;
use crate::problem::Problem;

/// As what a review is taken away.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Form {
    /// Markdown.
    Md,
    /// One page that needs nothing else.
    Html,
    /// Paper.
    #[cfg(feature = "paper")]
    Pdf,
    /// A table.
    Csv,
    /// The dates of measures.
    Ics,
    /// What comes back in without loss.
    Json,
}

impl Form {
    /// How it is called on the wire, and as a file.
    const fn named(self) -> (&'static str, &'static str) {
        match self {
            Self::Md => ("text/markdown; charset=utf-8", "review.md"),
            Self::Html => ("text/html; charset=utf-8", "review.html"),
            #[cfg(feature = "paper")]
            Self::Pdf => ("application/pdf", "review.pdf"),
            Self::Csv => ("text/csv; charset=utf-8", "review.csv"),
            Self::Ics => ("text/calendar; charset=utf-8", "review.ics"),
            Self::Json => ("application/json", "review.json"),
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ExportQuery {
    /// `md`, `html`, `pdf`, `csv`, `ics` or `json`.
    #[serde(rename = "as")]
    #[param(inline)]
    form: Form,
}

/// Take the review away, in the language that the browser asks for or that was chosen.
#[utoipa::path(
    get, path = "/v1/review/export", tag = "reviews", operation_id = "exportReview", security(("seat_key" = [])),
    params(ExportQuery),
    responses((status = 200, description = "The document", body = Vec<u8>, content_type = "application/octet-stream"))
)]
pub(super) async fn export(
    State(front): State<Front>,
    AsSeat(key): AsSeat,
    CheckedQuery(query): CheckedQuery<ExportQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let document = match query.form {
        Form::Json => {
            let export = front.board.export(&key).await?;
            // Never the fallback: nothing in it can fail to serialise.
            serde_json::to_vec_pretty(&export).unwrap_or_default()
        }
        Form::Md => written(&front, &key, &headers, |it| Ok(markdown(it).into_bytes())).await?,
        Form::Html => written(&front, &key, &headers, |it| Ok(html(it).into_bytes())).await?,
        #[cfg(feature = "paper")]
        Form::Pdf => written(&front, &key, &headers, |it| Ok(crate::export::pdf(it)?)).await?,
        Form::Csv => written(&front, &key, &headers, |it| Ok(csv(it).into_bytes())).await?,
        Form::Ics => written(&front, &key, &headers, |it| Ok(calendar(it).into_bytes())).await?,
    };
    let (media_type, name) = query.form.named();
    let mut response = document.into_response();
    let told = response.headers_mut();
    told.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        told.insert(CONTENT_DISPOSITION, value);
    }
    told.insert(
        "content-security-policy",
        HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox"),
    );
    Ok(response)
}

/// Begin a review that is what a document says, as its facilitator.
#[utoipa::path(
    post, path = "/v1/reviews/import", tag = "reviews", operation_id = "importReview", security(("seat_key" = [])),
    request_body(content = Object, description = "What was taken away as `json`"),
    responses(
        (status = 201, description = "It is begun", body = Seat),
        (status = 403, description = "Only the operator begins reviews here", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON, or with a file of no kind that a review takes", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn import(
    State(front): State<Front>,
    AsSeat(key): AsSeat,
    MayBegin: MayBegin,
    JsonBody(export): JsonBody<Export>,
) -> Result<(StatusCode, Json<Seat>), Problem> {
    front.admit_anyone()?;
    Ok(seat(front.board.import(&key, &export).await?))
}

/// Begin a review that is the sample, in the language that the browser asks for or that was chosen: the case that Warifu was made for.
#[utoipa::path(
    post, path = "/v1/reviews/sample", tag = "reviews", operation_id = "openSample", security(("seat_key" = [])),
    responses(
        (status = 201, description = "It is begun", body = Seat),
        (status = 403, description = "Only the operator begins reviews here", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn sample(
    State(front): State<Front>,
    AsSeat(key): AsSeat,
    MayBegin: MayBegin,
    headers: HeaderMap,
) -> Result<(StatusCode, Json<Seat>), Problem> {
    front.admit_anyone()?;
    Ok(seat(front.board.begin_sample(&key, crate::pages::language(&headers)).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct MeasuresQuery {
    /// Words that are among those of a measure; two characters are enough.
    #[serde(default)]
    q: String,
    /// How many, 1 to 200; 50 if absent.
    limit: Option<u16>,
}

/// Measures of the library.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Measures {
    /// `text`, `causes`, `role`, `proof` and `learned` of each, the latest first.
    #[schema(value_type = Vec<Object>)]
    items: Vec<warifu_app::SharedMeasure>,
}

/// Search what other groups did against causes, and learned.
#[utoipa::path(
    get, path = "/v1/measures", tag = "reviews", operation_id = "searchMeasures", security(("seat_key" = [])),
    params(MeasuresQuery),
    responses((status = 200, description = "The measures", body = Measures))
)]
pub(super) async fn measures(
    State(front): State<Front>,
    AsSeat(key): AsSeat,
    CheckedQuery(query): CheckedQuery<MeasuresQuery>,
) -> Result<Json<Measures>, Problem> {
    let limit = page_limit(query.limit)?;
    if query.q.chars().count() > 100 || query.q.contains('\0') {
        return Err(Problem::invalid("q has at most 100 characters."));
    }
    Ok(Json(Measures { items: front.board.search_measures(&key, &query.q, limit).await? }))
}
