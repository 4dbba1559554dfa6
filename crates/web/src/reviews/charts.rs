//! `/v1/charts`: charts of causes, version by version. They are a method and nobody's secret.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use warifu_app::{Begin, chart_file};
use warifu_core::chart::Chart;

use super::{AsSeat, Names};
use crate::body::JsonBody;
use crate::front::Front;
use crate::problem::Problem;

/// A chart: regions, groups and causes in the order of the walk.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChartView {
    key: String,
    version: u32,
    name: Names,
    regions: Vec<Region>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Region {
    key: String,
    /// `null` for the one region of a chart without regions.
    name: Option<Names>,
    source: String,
    groups: Vec<Group>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Group {
    key: String,
    name: Names,
    source: String,
    causes: Vec<Cause>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Cause {
    key: String,
    name: Names,
    source: String,
}

impl From<&Chart> for ChartView {
    fn from(chart: &Chart) -> Self {
        let cause = |it: &warifu_core::chart::Cause| Cause {
            key: it.key.clone(),
            name: (&it.name).into(),
            source: it.source.0.clone(),
        };
        let group = |it: &warifu_core::chart::Group| Group {
            key: it.key.clone(),
            name: (&it.name).into(),
            source: it.source.0.clone(),
            causes: it.causes.iter().map(cause).collect(),
        };
        let region = |it: &warifu_core::chart::Region| Region {
            key: it.key.clone(),
            name: it.name.as_ref().map(Names::from),
            source: it.source.0.clone(),
            groups: it.groups.iter().map(group).collect(),
        };
        Self {
            key: chart.key.clone(),
            version: chart.version,
            name: (&chart.name).into(),
            regions: chart.regions.iter().map(region).collect(),
        }
    }
}

/// A version of a chart, in a list.
#[derive(Debug, Serialize, ToSchema)]
struct Listed {
    key: String,
    version: u32,
    name: Names,
    /// How many it has.
    causes: usize,
}

/// The charts.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Charts {
    items: Vec<Listed>,
    /// Whether whoever reaches this may begin reviews.
    may_begin: bool,
}

/// A version of a chart, and its text.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ChartText {
    key: String,
    version: u32,
    name: Names,
    toml: String,
    chart: ChartView,
}

/// A chart that is to be kept.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AddBody {
    /// The chart as TOML; its version is the next one of its key.
    toml: String,
}

/// A chart that was kept.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Added {
    key: String,
    version: u32,
}

/// List all versions of all charts.
#[utoipa::path(
    get, path = "/v1/charts", tag = "charts", operation_id = "listCharts", security(()),
    responses((status = 200, description = "The charts", body = Charts))
)]
pub(super) async fn list(State(front): State<Front>) -> Result<Json<Charts>, Problem> {
    front.admit_anyone()?;
    let items = front.board.charts().await?.into_iter().map(|chart| Listed {
        key: chart.key,
        version: chart.version,
        name: (&chart.name).into(),
        causes: chart.causes,
    });
    Ok(Json(Charts { items: items.collect(), may_begin: front.board.begin() == Begin::Anyone }))
}

/// Read a version of a chart.
#[utoipa::path(
    get, path = "/v1/charts/{key}/{version}", tag = "charts", operation_id = "getChart", security(()),
    params(("key" = String, Path, description = "Which chart"), ("version" = String, Path, description = "Its version, or `latest`")),
    responses(
        (status = 200, description = "The chart", body = ChartText),
        (status = 404, description = "There is none", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn get(
    State(front): State<Front>,
    Path((key, version)): Path<(String, String)>,
) -> Result<Json<ChartText>, Problem> {
    front.admit_anyone()?;
    let missing = || Problem::not_found("There is no such chart.");
    let version = match version.as_str() {
        "latest" => None,
        text => Some(text.parse().map_err(|_| missing())?),
    };
    let toml = front.board.chart_text(&key, version).await?;
    let chart = chart_file::read(&toml).map_err(|_| missing())?;
    let (name, view) = ((&chart.name).into(), ChartView::from(&chart));
    Ok(Json(ChartText { key: chart.key, version: chart.version, name, toml, chart: view }))
}

/// Keep a chart as the next version of its key. A facilitator's, of any review; anybody's, with any key, where anybody may begin reviews.
#[utoipa::path(
    post, path = "/v1/charts", tag = "charts", operation_id = "addChart", security(("seat_key" = [])),
    request_body = AddBody,
    responses(
        (status = 201, description = "It is kept", body = Added),
        (status = 409, description = "Another version is next (`chart_version`)", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn add(
    State(front): State<Front>,
    AsSeat(key): AsSeat,
    JsonBody(body): JsonBody<AddBody>,
) -> Result<(StatusCode, Json<Added>), Problem> {
    front.admit_anyone()?;
    let added = front.board.add_chart(&key, &body.toml).await?;
    Ok((StatusCode::CREATED, Json(Added { key: added.key, version: added.version })))
}
