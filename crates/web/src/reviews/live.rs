//! `/v1/review/live`: what happens in a review, as it happens, as server-sent events (WHATWG HTML, 9.2).

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures::Stream;
use serde::Serialize;
use warifu_app::{Crowd, Told, Watch};

use super::items::ChangeView;
use super::{AsSeat, Seats};
use crate::front::Front;
use crate::problem::Problem;

/// How long a stream lives. A browser opens the next one, which a seat that was given up does not get.
const LIFE: Duration = Duration::from_secs(300);

#[derive(Serialize)]
struct Ready {
    number: i64,
    present: u32,
    people: Seats,
}

#[derive(Serialize)]
struct Present {
    present: u32,
    people: Seats,
}

/// Be told what happens in the review, as it happens.
///
/// Events: `ready` with the number after which nothing is missed; `change`; `present` when others sit there or look; `missed` when too
/// much came at once. The stream ends after five minutes.
#[utoipa::path(
    get, path = "/v1/review/live", tag = "reviews", operation_id = "openLiveReview", security(("seat_key" = [])),
    responses((status = 200, description = "The events, as `text/event-stream`"))
)]
pub(super) async fn open(
    State(front): State<Front>,
    AsSeat(key): AsSeat,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let watch = front.board.watch(&key).await?;
    let end = tokio::time::Instant::now() + LIFE;
    let events =
        futures::stream::unfold((watch, false), move |(watch, is_told)| next(front.clone(), watch, is_told, end));
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

async fn next(
    front: Front,
    mut watch: Watch,
    is_told: bool,
    end: tokio::time::Instant,
) -> Option<(Result<Event, Infallible>, (Watch, bool))> {
    if !is_told {
        let Crowd { present, people } = watch.crowd;
        let ready = Ready { number: watch.number, present, people: people.into() };
        return Some((Ok(event("ready", &ready)), (watch, true)));
    }
    let told = tokio::select! {
        told = watch.next() => told?,
        () = tokio::time::sleep_until(end) => return None,
        () = front.drained() => return None,
    };
    let event = match told {
        Told::Change(change) => event("change", &ChangeView::from((*change).clone())),
        Told::Crowd(Crowd { present, people }) => event("present", &Present { present, people: people.into() }),
        Told::Missed => Event::default().event("missed").data("{}"),
    };
    Some((Ok(event), (watch, true)))
}

fn event(name: &str, data: &impl Serialize) -> Event {
    // Never the fallback: nothing in it can fail to serialise.
    Event::default().event(name).data(serde_json::to_string(data).unwrap_or_default())
}
