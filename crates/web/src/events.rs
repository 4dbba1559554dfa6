//! `/v1/events`: what happened, oldest first, for programs of merchants and of the issuer.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::body::{CheckedQuery, page_limit};
use crate::caller::AsPartner;
use crate::problem::Problem;
use crate::state::Web;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventsQuery {
    /// How many events at most, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u16>,
    /// `next_cursor` of an earlier page; absent for the beginning of everything.
    cursor: Option<String>,
}

/// One movement of value in the ledger.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes what `warifu_app::Event` is written as")]
struct EventTransfer {
    /// The account that is debited.
    #[schema(example = "wallet:paid")]
    debit: String,
    /// The account that is credited.
    #[schema(example = "shop:payable")]
    credit: String,
    /// How much, in minor units.
    amount: i64,
    /// Of what.
    unit: String,
}

/// The transaction that an event is.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes what `warifu_app::Event` is written as")]
struct EventData {
    /// The transaction; a payment's or top-up's own id has the same 32 digits.
    transaction_id: String,
    /// What it is for.
    #[schema(example = "payment")]
    kind: String,
    /// The shop; null if it did not happen in one.
    #[schema(required)]
    shop_id: Option<String>,
    /// The terminal that asked; null if none did.
    #[schema(required)]
    terminal_id: Option<String>,
    /// The wallet; null if the code was not known.
    #[schema(required)]
    wallet_id: Option<String>,
    /// The caller's own id for the request.
    request_id: String,
    /// The transaction of the payment or top-up that it follows, if it follows one.
    #[schema(required)]
    follows: Option<String>,
    /// The terminal's own id that a cancel holds for a request that has not arrived, if it does.
    #[schema(required)]
    canceled_request_id: Option<String>,
    /// How much was asked for, in minor units.
    amount: i64,
    /// Of what.
    currency: String,
    /// Why it was refused: a stable word; null if it was done.
    #[schema(required)]
    refusal: Option<String>,
    /// What moved in the ledger; nothing if it was refused.
    transfers: Vec<EventTransfer>,
}

/// Something that happened.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes what `warifu_app::Event` is written as")]
struct Event {
    /// The event: `evt_` and the digits of its transaction.
    #[schema(example = "evt_0198c0de000070008000000000000001")]
    id: String,
    /// What happened: `noun.verb.v1`.
    #[schema(rename = "type", example = "payment.captured.v1")]
    event_type: String,
    /// When it was recorded, RFC 3339, UTC.
    #[schema(format = DateTime)]
    created_at: String,
    /// The date that it counts under in the books.
    #[schema(format = Date)]
    business_date: String,
    /// The transaction.
    data: EventData,
}

/// A page of events.
#[derive(Serialize, ToSchema)]
pub(crate) struct Events {
    /// The events, oldest first. May be few or none though `has_more` is true.
    #[schema(value_type = Vec<Event>)]
    items: Vec<warifu_app::Event>,
    /// Ask with this for what comes after; given at the end too, to ask again later.
    next_cursor: String,
    /// Whether there is more now.
    has_more: bool,
}

/// Ask what happened.
///
/// Oldest first, refused payments and top-ups included. A partner of a merchant sees what happened at its shops. Whoever goes
/// on with `next_cursor` misses nothing and gets nothing twice.
#[utoipa::path(
    get,
    path = "/v1/events",
    tag = "events",
    operation_id = "listEvents",
    security(("partner_token" = [])),
    params(EventsQuery),
    responses((status = 200, description = "A page of events", body = Events))
)]
pub(crate) async fn list(
    State(web): State<Web>,
    AsPartner(partner): AsPartner,
    CheckedQuery(query): CheckedQuery<EventsQuery>,
) -> Result<Json<Events>, Problem> {
    let limit = page_limit(query.limit)?;
    let from = query.cursor.as_deref().map_or_else(|| Ok(warifu_app::EventCursor::default()), str::parse);
    let from = from.map_err(|error: warifu_app::EventCursorError| Problem::invalid(format!("{error}.")))?;
    let page = web.app.events(&partner, from, limit).await?;
    Ok(Json(Events { items: page.items, next_cursor: page.next.to_string(), has_more: page.has_more }))
}
