//! `/v1/live`: what happens to a wallet, as it happens, as server-sent events (WHATWG HTML, 9.2).
//!
//! A browser cannot sign the request that opens a stream, so a signed request gets a ticket first, which opens one stream.

use std::convert::Infallible;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures::Stream;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use warifu_app::{Update, Updates};

use crate::body::CheckedQuery;
use crate::caller::AsMember;
use crate::history::line;
use crate::problem::Problem;
use crate::state::Web;

/// How long a stream lives. A phone opens the next one with a new ticket, which a session that was ended does not get.
const LIFE: Duration = Duration::from_secs(300);

/// A ticket for one stream.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Ticket {
    /// Good once, within ten seconds.
    ticket: String,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LiveQuery {
    /// The ticket.
    ticket: String,
}

/// Have a ticket made for live updates.
#[utoipa::path(
    post, path = "/v1/live-tickets", tag = "live", operation_id = "makeLiveTicket",
    security(("member_session" = [], "member_signature" = [])),
    responses((status = 201, description = "The ticket", body = Ticket))
)]
pub(crate) async fn ticket(
    State(web): State<Web>,
    AsMember(phone): AsMember,
) -> Result<(StatusCode, Json<Ticket>), Problem> {
    let ticket = web.app.live_ticket(&phone).await?.expose_secret().to_owned();
    Ok((StatusCode::CREATED, Json(Ticket { ticket })))
}

/// Be told what happens to the wallet, as it happens.
///
/// Events: `ready` when nothing that is recorded from now on is missed; `recorded`, a line of the history with the word of its
/// refusal if it was refused; `missed` when too much came at once. The stream ends after five minutes.
#[utoipa::path(
    get, path = "/v1/live", tag = "live", operation_id = "openLive", security(()),
    params(LiveQuery),
    responses(
        (status = 200, description = "The events, as `text/event-stream`"),
        (status = 401, description = "The ticket is none, was used, or is too old", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn open(
    State(web): State<Web>,
    CheckedQuery(query): CheckedQuery<LiveQuery>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let member = web.app.take_live_ticket(&query.ticket).await?;
    let updates = web.app.watch(member).await?;
    let end = tokio::time::Instant::now() + LIFE;
    let events =
        futures::stream::unfold((updates, false), move |(updates, is_told)| next(web.clone(), updates, is_told, end));
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

async fn next(
    web: Web,
    mut updates: Updates,
    is_told: bool,
    end: tokio::time::Instant,
) -> Option<(Result<Event, Infallible>, (Updates, bool))> {
    if !is_told {
        return Some((Ok(Event::default().event("ready").data("{}")), (updates, true)));
    }
    let update = tokio::select! {
        update = updates.next() => update?,
        () = tokio::time::sleep_until(end) => return None,
        () = web.front.drained() => return None,
    };
    let event = match update {
        Update::Recorded(item) => {
            let text = serde_json::to_string(&line(&item)).unwrap_or_default();
            Event::default().event("recorded").data(text)
        }
        Update::Missed => Event::default().event("missed").data("{}"),
    };
    Some((Ok(event), (updates, true)))
}
