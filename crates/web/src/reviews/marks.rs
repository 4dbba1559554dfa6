//! `/v1/review/marks` and `/v1/review/table`: what one marks alone, and what became of everybody's.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use warifu_app::read_body;
use warifu_core::review::{Body, Kind, Statement};

use super::items::Seen;
use super::{AsSeat, raw};
use crate::body::{CheckedQuery, JsonBody, describe};
use crate::front::Front;
use crate::problem::Problem;

/// A mark of one's own.
#[derive(Debug, Serialize, ToSchema)]
struct OwnMark {
    /// The key of the cause.
    cause: String,
    version: u32,
    /// Why.
    #[schema(value_type = Object)]
    body: Option<Box<RawValue>>,
    /// Whether it was collected as it is.
    is_collected: bool,
}

/// One's own marks.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OwnMarks {
    items: Vec<OwnMark>,
}

/// A mark as it is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MarkBody {
    /// The version that was seen; 0 for a new one.
    version: u32,
    /// Why: a statement.
    #[schema(value_type = Object)]
    body: Box<RawValue>,
}

/// That it is kept.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Marked {
    version: u32,
}

/// What was collected.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Collected {
    /// How many columns there are.
    columns: u32,
    /// The number of the change.
    number: i64,
}

/// Which columns marked which cause.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Table {
    /// The letters of the columns.
    columns: Vec<String>,
    /// The letters by the key of the cause; a cause that is not there nobody marked.
    causes: BTreeMap<String, Vec<String>>,
    /// The number of the change by which it was collected; 0 if it never was.
    collected: i64,
}

/// A mark of a column.
#[derive(Debug, Serialize, ToSchema)]
struct ColumnMark {
    column: String,
    /// Why.
    #[schema(value_type = Object)]
    body: Option<Box<RawValue>>,
}

/// The marks of a cause.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ColumnMarks {
    items: Vec<ColumnMark>,
}

/// Read one's own marks, which nobody else sees.
#[utoipa::path(
    get, path = "/v1/review/marks", tag = "reviews", operation_id = "listOwnMarks", security(("seat_key" = [])),
    responses((status = 200, description = "The marks", body = OwnMarks))
)]
pub(super) async fn list(State(front): State<Front>, AsSeat(seat): AsSeat) -> Result<Json<OwnMarks>, Problem> {
    let own = |it: warifu_app::OwnMark| OwnMark {
        cause: it.cause,
        version: it.version,
        body: raw(Some(it.body)),
        is_collected: it.is_collected,
    };
    Ok(Json(OwnMarks { items: front.board.own_marks(&seat).await?.into_iter().map(own).collect() }))
}

/// Mark a cause, or change why. Nobody else sees it until it is collected.
#[utoipa::path(
    put, path = "/v1/review/marks/{cause}", tag = "reviews", operation_id = "putMark", security(("seat_key" = [])),
    params(("cause" = String, Path, description = "The key of the cause")),
    request_body = MarkBody,
    responses(
        (status = 200, description = "It is kept", body = Marked),
        (status = 404, description = "The chart has no such cause", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Another window was faster (`changed_meanwhile`), or the review is complete", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn put(
    State(front): State<Front>,
    AsSeat(seat): AsSeat,
    Path(cause): Path<String>,
    JsonBody(mark): JsonBody<MarkBody>,
) -> Result<Json<Marked>, Problem> {
    let statement = statement(mark.body.get())?;
    let version = front.board.mark(&seat, &cause, mark.version, Some(statement)).await?;
    Ok(Json(Marked { version }))
}

fn statement(json: &str) -> Result<Statement, Problem> {
    match read_body(Kind::Case, json) {
        Ok(Body::Statement(statement)) => Ok(statement),
        Ok(_) => Err(Problem::invalid("The body is no statement. Nothing was done.")),
        Err(error) => Err(Problem::invalid(describe(&error))),
    }
}

/// Take a mark back. One that was collected stays in the table until marks are collected again.
#[utoipa::path(
    delete, path = "/v1/review/marks/{cause}", tag = "reviews", operation_id = "removeMark", security(("seat_key" = [])),
    params(("cause" = String, Path, description = "The key of the cause"), Seen),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "The chart has no such cause", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Another window was faster (`changed_meanwhile`), or the review is complete", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn remove(
    State(front): State<Front>,
    AsSeat(seat): AsSeat,
    Path(cause): Path<String>,
    CheckedQuery(seen): CheckedQuery<Seen>,
) -> Result<StatusCode, Problem> {
    front.board.mark(&seat, &cause, seen.version(), None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Collect: publish what everybody marked as columns, whose letters are drawn anew. A facilitator's.
#[utoipa::path(
    post, path = "/v1/review/collection", tag = "reviews", operation_id = "collectMarks", security(("seat_key" = [])),
    responses(
        (status = 200, description = "It is published", body = Collected),
        (status = 409, description = "The review is complete", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn collect(State(front): State<Front>, AsSeat(seat): AsSeat) -> Result<Json<Collected>, Problem> {
    let (columns, number) = front.board.collect_marks(&seat).await?;
    Ok(Json(Collected { columns, number }))
}

/// Read which columns marked which cause.
#[utoipa::path(
    get, path = "/v1/review/table", tag = "reviews", operation_id = "getTable", security(("seat_key" = [])),
    responses((status = 200, description = "The table", body = Table))
)]
pub(super) async fn table(State(front): State<Front>, AsSeat(seat): AsSeat) -> Result<Json<Table>, Problem> {
    let warifu_app::Table { columns, causes, collected } = front.board.table(&seat).await?;
    Ok(Json(Table { columns, causes, collected }))
}

/// Read why a cause was marked, column by column.
#[utoipa::path(
    get, path = "/v1/review/table/{cause}", tag = "reviews", operation_id = "listMarks", security(("seat_key" = [])),
    params(("cause" = String, Path, description = "The key of the cause")),
    responses((status = 200, description = "The marks; none of a cause that nobody marked", body = ColumnMarks))
)]
pub(super) async fn of_cause(
    State(front): State<Front>,
    AsSeat(seat): AsSeat,
    Path(cause): Path<String>,
) -> Result<Json<ColumnMarks>, Problem> {
    let show = |mark: warifu_app::ColumnMark| ColumnMark { column: mark.column, body: raw(Some(mark.body)) };
    Ok(Json(ColumnMarks { items: front.board.marks_of(&seat, &cause).await?.into_iter().map(show).collect() }))
}
