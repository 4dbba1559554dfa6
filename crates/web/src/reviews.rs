//! `/v1/review` and what belongs to it: a failure review, as whoever has a seat in it reads and writes it.
//!
//! The key of a seat names the review, so no path does. What items say is read and checked by their kind; what stands in the store is
//! passed on as it is.

mod charts;
mod diagram;
mod exports;
mod files;
mod incidents;
mod items;
mod layouts;
mod live;
mod marks;
mod pictures;
mod press;
mod results;
mod seats;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::extract::{FromRef, FromRequestParts, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{Html, IntoResponse, Response};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use warifu_app::{Begin, Crowd, People, SeatKey};
use warifu_core::chart::Language;
use warifu_core::id::ReviewId;

use crate::authorization::{self, Authorization};
use crate::device_proof;
use crate::front::Front;
use crate::problem::Problem;

/// The route whose bodies are files.
pub(crate) fn uploads() -> OpenApiRouter<Front> {
    OpenApiRouter::new().routes(routes!(files::add))
}

/// The route whose bodies are whole reviews, with all their files in Base64.
pub(crate) fn imports() -> OpenApiRouter<Front> {
    OpenApiRouter::new().routes(routes!(exports::import))
}

/// The routes whose bodies programs write, who are not brief.
pub(crate) fn reports() -> OpenApiRouter<Front> {
    OpenApiRouter::new().routes(routes!(incidents::begin)).routes(routes!(results::add))
}

pub(crate) use layouts::Layouts;
pub(crate) use press::Press;

/// What can be asked about reviews and charts.
pub(crate) fn interface() -> OpenApiRouter<Front> {
    pictures::interface()
        .routes(routes!(seats::begin))
        .routes(routes!(seats::take))
        .routes(routes!(seats::leave))
        .routes(routes!(seats::invite, seats::end_invitations))
        .routes(routes!(seats::set_done))
        .routes(routes!(get))
        .routes(routes!(mandala))
        .routes(routes!(live::open))
        .routes(routes!(exports::export))
        .routes(routes!(exports::sample))
        .routes(routes!(exports::measures))
        .routes(routes!(diagram::get))
        .routes(routes!(items::changes))
        .routes(routes!(items::put, items::remove))
        .routes(routes!(items::history))
        .routes(routes!(marks::list))
        .routes(routes!(marks::put, marks::remove))
        .routes(routes!(marks::collect))
        .routes(routes!(marks::table))
        .routes(routes!(marks::of_cause))
        .routes(routes!(files::get, files::erase))
        .routes(routes!(charts::list, charts::add))
        .routes(routes!(charts::get))
}

const NO_SEAT: &str = "Only whoever has a seat in a review may do this.";

/// Whoever asks with the key of a seat; whether it has one the store says.
pub(crate) struct AsSeat(pub(crate) SeatKey);

impl<S: Send + Sync> FromRequestParts<S> for AsSeat
where
    Front: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let front = Front::from_ref(state);
        let mut headers = parts.headers.get_all(AUTHORIZATION).iter();
        let (Some(header), None) = (headers.next(), headers.next()) else {
            if device_proof::session_token(&parts.headers).is_some() {
                return Err(Problem::forbidden(NO_SEAT));
            }
            return Err(Problem::unauthorized("There is no Authorization header, or more than one."));
        };
        let header = header.to_str().map_err(|_| Problem::unauthorized("The Authorization header is not ASCII."))?;
        let Authorization::Bearer(text) = authorization::parse(header).map_err(Problem::unauthorized)? else {
            return Err(Problem::forbidden(NO_SEAT));
        };
        let Some(key) = front.board.seat_key(text) else {
            return Err(match text.starts_with("wfr_") {
                true => Problem::unauthorized("The key of a seat is `wfr_` and 32 bytes in Base64url."),
                false => Problem::forbidden(NO_SEAT),
            });
        };
        front.admit(&key.fingerprint())?;
        Ok(Self(key))
    }
}

/// Anybody may begin reviews here; where not, whoever asks is told before a body is read.
pub(crate) struct MayBegin;

impl<S: Send + Sync> FromRequestParts<S> for MayBegin
where
    Front: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(_: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Front::from_ref(state).board.begin() {
            Begin::Anyone => Ok(Self),
            Begin::Operator => Err(Problem::forbidden("Only the operator begins reviews here.")),
        }
    }
}

/// Drawings of charts that were made: drawing one takes some milliseconds, and everybody in a group asks for the same.
#[derive(Debug, Default)]
pub(crate) struct Drawings(Mutex<HashMap<(ReviewId, Language), Drawing>>);

/// A drawing, and the case in its middle.
type Drawing = (String, Arc<str>);

/// How many drawings are remembered; at this number all are forgotten and made anew.
const DRAWINGS_MAX: usize = 400;

impl Drawings {
    fn draw(&self, which: (ReviewId, Language), case: &str, draw: impl FnOnce() -> String) -> Arc<str> {
        // A lock that was poisoned holds what it held: nothing in it is half done.
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, drawn)) = known().get(&which).filter(|(it, _)| it == case) {
            return Arc::clone(drawn);
        }
        let drawn: Arc<str> = draw().into();
        let mut known = known();
        if known.len() >= DRAWINGS_MAX {
            known.clear();
        }
        known.insert(which, (case.to_owned(), Arc::clone(&drawn)));
        drawn
    }
}

/// A name in both languages.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Names {
    ja: String,
    en: String,
}

impl From<&warifu_core::chart::Names> for Names {
    fn from(names: &warifu_core::chart::Names) -> Self {
        Self { ja: names.ja.clone(), en: names.en.clone() }
    }
}

/// Who sits in a review.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
struct Seats {
    facilitators: u32,
    participants: u32,
    readers: u32,
    /// Programs that hand in results; nobody sits there.
    programs: u32,
    /// How many have marked what they wanted.
    done: u32,
}

impl From<People> for Seats {
    fn from(people: People) -> Self {
        let People { facilitators, participants, readers, programs, done } = people;
        Self { facilitators, participants, readers, programs, done }
    }
}

/// An item of a review.
#[derive(Debug, Serialize, ToSchema)]
struct Item {
    kind: String,
    key: String,
    version: u32,
    #[schema(value_type = Object)]
    body: Option<Box<RawValue>>,
}

/// A review, as whoever has a seat in it sees it.
#[derive(Debug, Serialize, ToSchema)]
struct Review {
    #[schema(pattern = "^rev_[0-9a-f]{32}$")]
    id: String,
    /// `facilitator`, `participant` or `reader`.
    role: &'static str,
    /// The number of the last change.
    number: i64,
    /// `open`, `in_review` or `complete`.
    #[schema(value_type = String)]
    state: serde_json::Value,
    /// Which of the five steps the group is at.
    #[schema(value_type = u8)]
    step: serde_json::Value,
    chart: charts::ChartView,
    people: Seats,
    /// How many browsers look at it now.
    present: u32,
    /// Whether whoever asks has marked what they wanted.
    is_done: bool,
    /// The number of the change by which marks were collected last; 0 if they never were.
    collected: i64,
    /// How many columns were collected.
    columns: u32,
    items: Vec<Item>,
}

/// JSON that stands in the store, as it is.
fn raw(json: Option<String>) -> Option<Box<RawValue>> {
    json.and_then(|json| RawValue::from_string(json).ok())
}

/// Read the review that the key has a seat in.
#[utoipa::path(
    get, path = "/v1/review", tag = "reviews", operation_id = "getReview", security(("seat_key" = [])),
    responses((status = 200, description = "The review", body = Review))
)]
async fn get(State(front): State<Front>, AsSeat(key): AsSeat) -> Result<Json<Review>, Problem> {
    let look = front.board.look(&key).await?;
    let Crowd { present, people } = look.crowd;
    let progress = look.items.iter().find(|item| item.kind == "progress").and_then(|item| item.body.as_deref());
    let progress: serde_json::Value = progress.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
    let item = |item: warifu_app::KeptItem| Item {
        kind: item.kind,
        key: item.key,
        version: item.version,
        body: raw(item.body),
    };
    Ok(Json(Review {
        id: look.review.id.to_string(),
        role: look.seat.role.text(),
        number: look.review.change_number,
        state: progress.get("state").cloned().unwrap_or_default(),
        step: progress.get("step").cloned().unwrap_or_default(),
        chart: charts::ChartView::from(&*look.chart),
        people: people.into(),
        present,
        is_done: look.seat.is_done,
        collected: look.review.collected,
        columns: look.columns,
        items: look.items.into_iter().map(item).collect(),
    }))
}

/// Have the chart of the review drawn: the mandala, and the same as a list. In the language that the browser asks for or that was chosen.
#[utoipa::path(
    get, path = "/v1/review/mandala", tag = "reviews", operation_id = "drawReview", security(("seat_key" = [])),
    responses((status = 200, description = "A piece of a page", body = String, content_type = "text/html"))
)]
async fn mandala(State(front): State<Front>, AsSeat(key): AsSeat, headers: HeaderMap) -> Result<Response, Problem> {
    let (review, chart, name) = front.board.look_at_chart(&key).await?;
    let language = crate::pages::language(&headers);
    let drawn = front.drawings.draw((review, language), &name, || crate::pages::drawn(&chart, &name, &headers));
    let mut response = Html(drawn.to_string()).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    Ok(response)
}
