//! `/v1/review/items` and `/v1/review/changes`: what a group writes together, and how it came to be.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};
use warifu_app::{Change, read_body};
use warifu_core::review::Kind;

use super::{AsSeat, raw};
use crate::body::{CheckedQuery, JsonBody, describe};
use crate::front::Front;
use crate::problem::Problem;

/// An item as it is to stand.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ItemBody {
    /// The version that was seen; 0 for a new one.
    version: u32,
    /// What it is to say, by its kind.
    #[schema(value_type = Object)]
    body: Box<RawValue>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Seen {
    /// The version that was seen.
    version: u32,
}

impl Seen {
    pub(super) const fn version(&self) -> u32 {
        self.version
    }
}

/// That it was written.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Written {
    /// The version of the item.
    version: u32,
    /// The number of the change.
    number: i64,
}

impl From<warifu_app::Written> for Written {
    fn from(written: warifu_app::Written) -> Self {
        Self { version: written.version, number: written.number }
    }
}

/// A change of the review: an item as it became. Whose it was nobody knows.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ChangeView {
    number: i64,
    /// When, in whole minutes.
    #[schema(format = DateTime)]
    at: String,
    kind: String,
    key: String,
    version: u32,
    /// What it said from then on; `null` if it was removed.
    #[schema(value_type = Option<Object>)]
    body: Option<Box<RawValue>>,
}

impl From<Change> for ChangeView {
    fn from(change: Change) -> Self {
        let Change { number, at, item } = change;
        Self { number, at: at.to_string(), kind: item.kind, key: item.key, version: item.version, body: raw(item.body) }
    }
}

/// Changes of the review.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Changes {
    items: Vec<ChangeView>,
    /// The number of the last one in the list; the one that was asked for, if there is none.
    number: i64,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ChangesQuery {
    /// Those after this number, the oldest first, 500 at most.
    after: Option<i64>,
    /// Those before this number, the newest first, 100 at most.
    before: Option<i64>,
}

pub(super) fn kind(text: &str) -> Result<Kind, Problem> {
    Kind::parse(text).ok_or_else(|| Problem::not_found("There is no item of this kind."))
}

/// Write an item of the review, or change it.
#[utoipa::path(
    put, path = "/v1/review/items/{kind}/{key}", tag = "reviews", operation_id = "putItem", security(("seat_key" = [])),
    params(("kind" = String, Path, description = "What it is about"), ("key" = String, Path, description = "Which")),
    request_body = ItemBody,
    responses(
        (status = 200, description = "It stands", body = Written),
        (status = 404, description = "There is no such place", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Somebody changed it meanwhile (`changed_meanwhile`), the review is complete, or marks would be lost", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Too large, or too many", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn put(
    State(front): State<Front>,
    AsSeat(seat): AsSeat,
    Path((kind_text, key)): Path<(String, String)>,
    JsonBody(item): JsonBody<ItemBody>,
) -> Result<Json<Written>, Problem> {
    let kind = kind(&kind_text)?;
    let body = read_body(kind, item.body.get()).map_err(|error| Problem::invalid(describe(&error)))?;
    Ok(Json(front.board.write_item(&seat, (kind, &key), item.version, Some(body)).await?.into()))
}

/// Remove an item of the review. Its history stays.
#[utoipa::path(
    delete, path = "/v1/review/items/{kind}/{key}", tag = "reviews", operation_id = "removeItem", security(("seat_key" = [])),
    params(("kind" = String, Path, description = "What it is about"), ("key" = String, Path, description = "Which"), Seen),
    responses(
        (status = 200, description = "It is gone", body = Written),
        (status = 404, description = "There is no such item", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Somebody changed it meanwhile (`changed_meanwhile`), or the review is complete", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn remove(
    State(front): State<Front>,
    AsSeat(seat): AsSeat,
    Path((kind_text, key)): Path<(String, String)>,
    CheckedQuery(seen): CheckedQuery<Seen>,
) -> Result<Json<Written>, Problem> {
    let kind = kind(&kind_text)?;
    Ok(Json(front.board.write_item(&seat, (kind, &key), seen.version, None).await?.into()))
}

/// Read the versions of an item, the newest first, 200 at most.
#[utoipa::path(
    get, path = "/v1/review/items/{kind}/{key}/history", tag = "reviews", operation_id = "listVersions", security(("seat_key" = [])),
    params(("kind" = String, Path, description = "What it is about"), ("key" = String, Path, description = "Which")),
    responses(
        (status = 200, description = "The versions; none of an item that never was", body = Changes),
        (status = 404, description = "There is no such kind", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn history(
    State(front): State<Front>,
    AsSeat(seat): AsSeat,
    Path((kind_text, key)): Path<(String, String)>,
) -> Result<Json<Changes>, Problem> {
    let kind = kind(&kind_text)?;
    Ok(Json(listed(front.board.item_history(&seat, kind, &key).await?, 0)))
}

/// Read the changes of the review after a number or before one.
#[utoipa::path(
    get, path = "/v1/review/changes", tag = "reviews", operation_id = "listChanges", security(("seat_key" = [])),
    params(ChangesQuery),
    responses((status = 200, description = "The changes", body = Changes))
)]
pub(super) async fn changes(
    State(front): State<Front>,
    AsSeat(seat): AsSeat,
    CheckedQuery(query): CheckedQuery<ChangesQuery>,
) -> Result<Json<Changes>, Problem> {
    let (found, number) = match (query.after, query.before) {
        (Some(after), None) => (front.board.changes_after(&seat, after).await?, after),
        (None, Some(before)) => (front.board.changes_before(&seat, before).await?, before),
        _ => return Err(Problem::invalid("Ask for the changes `after` a number or `before` one.")),
    };
    Ok(Json(listed(found, number)))
}

fn listed(found: Vec<Change>, asked: i64) -> Changes {
    let number = found.last().map_or(asked, |change| change.number);
    Changes { items: found.into_iter().map(ChangeView::from).collect(), number }
}
