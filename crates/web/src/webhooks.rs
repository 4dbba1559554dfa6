//! `/v1/webhooks`: where a partner wants to be told of events, and what came of telling it.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use warifu_core::id::{EventId, WebhookId};

use crate::body::{CheckedQuery, JsonBody, page_limit};
use crate::caller::AsPartner;
use crate::problem::Problem;
use crate::state::Web;

/// What a partner asks for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookRequest {
    /// Where events are sent: https, without user and password, at most 2,000 characters.
    #[schema(example = "https://example.com/warifu", max_length = 2000)]
    url: String,
    /// The types of events that are sent; all, if it is left out.
    #[schema(example = json!(["payment.captured.v1"]))]
    event_types: Option<Vec<String>>,
}

/// Whether a webhook is told of events.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum WebhookStatus {
    /// It is told.
    Enabled,
    /// Its receiver answered 410: nothing is sent to it any more.
    Disabled,
}

/// A webhook.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Webhook {
    /// Its id.
    #[schema(example = "whk_0198c0de000070008000000000000001")]
    id: String,
    /// Where events are sent.
    url: String,
    /// The types of events that are sent; null for all.
    #[schema(required)]
    event_types: Option<Vec<String>>,
    /// Whether it is told of events.
    status: WebhookStatus,
    /// When it was made, RFC 3339, UTC.
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<warifu_app::Webhook> for Webhook {
    fn from(webhook: warifu_app::Webhook) -> Self {
        Self {
            id: webhook.id.to_string(),
            url: webhook.url,
            event_types: webhook.event_types,
            status: match webhook.status {
                warifu_app::WebhookStatus::Enabled => WebhookStatus::Enabled,
                // A deleted one is not found, so it is never shown.
                warifu_app::WebhookStatus::Disabled | warifu_app::WebhookStatus::Deleted => WebhookStatus::Disabled,
            },
            created_at: webhook.created_at.to_string(),
        }
    }
}

/// A webhook that was just made.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewWebhook {
    #[serde(flatten)]
    webhook: Webhook,
    /// The key of the signatures, shown this once: `whsec_` and Base64 of 32 bytes.
    #[schema(example = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")]
    secret: String,
}

/// The webhooks of a partner.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Webhooks {
    /// The webhooks, the oldest first; at most ten.
    items: Vec<Webhook>,
}

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DeliveryStatus {
    /// It is still to be sent, or sent again.
    Pending,
    /// The receiver took it.
    Delivered,
    /// It was tried to the end, in vain.
    Failed,
}

impl From<DeliveryStatus> for warifu_app::DeliveryStatus {
    fn from(status: DeliveryStatus) -> Self {
        match status {
            DeliveryStatus::Pending => Self::Pending,
            DeliveryStatus::Delivered => Self::Delivered,
            DeliveryStatus::Failed => Self::Failed,
        }
    }
}

impl From<warifu_app::DeliveryStatus> for DeliveryStatus {
    fn from(status: warifu_app::DeliveryStatus) -> Self {
        match status {
            warifu_app::DeliveryStatus::Pending => Self::Pending,
            warifu_app::DeliveryStatus::Delivered => Self::Delivered,
            warifu_app::DeliveryStatus::Failed => Self::Failed,
        }
    }
}

/// How the telling of an event stands.
#[derive(Debug, Serialize, ToSchema)]
struct Delivery {
    /// The event.
    event_id: String,
    /// The event's type.
    #[serde(rename = "type")]
    event_type: String,
    /// What became of it.
    status: DeliveryStatus,
    /// How many attempts were begun since it was last asked for.
    attempts: i64,
    /// The HTTP status of the last attempt; null if there was none.
    #[schema(required)]
    last_status: Option<i64>,
    /// What was wrong with the last attempt; null if nothing was.
    #[schema(required)]
    last_error: Option<String>,
    /// When the next attempt is made; null if none will be.
    #[schema(required, format = DateTime)]
    next_attempt_at: Option<String>,
    /// When it was delivered; null if it was not.
    #[schema(required, format = DateTime)]
    delivered_at: Option<String>,
}

impl From<&warifu_app::Delivery> for Delivery {
    fn from(delivery: &warifu_app::Delivery) -> Self {
        let is_delivered = delivery.status == warifu_app::DeliveryStatus::Delivered;
        Self {
            event_id: delivery.event.to_string(),
            event_type: delivery.event_type.clone(),
            status: delivery.status.into(),
            attempts: delivery.attempts,
            last_status: delivery.last_status,
            last_error: delivery.last_error.clone(),
            next_attempt_at: delivery.next_attempt_at.map(|at| at.to_string()),
            delivered_at: delivery.ended_at.filter(|_| is_delivered).map(|at| at.to_string()),
        }
    }
}

/// A page of deliveries.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Deliveries {
    /// The deliveries, newest event first.
    items: Vec<Delivery>,
    /// Ask with this for the next page; null at the end.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeliveriesQuery {
    /// Only those of which this became.
    status: Option<DeliveryStatus>,
    /// How many lines at most, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u16>,
    /// `next_cursor` of the page before; absent for the first.
    cursor: Option<String>,
}

fn missing() -> Problem {
    Problem::not_found("There is no such webhook.")
}

/// Be told of events from now on.
///
/// The reply holds the secret by which deliveries are signed; it is shown this once. What happened before is in the list of
/// events.
#[utoipa::path(
    post,
    path = "/v1/webhooks",
    tag = "webhooks",
    operation_id = "createWebhook",
    security(("partner_token" = [])),
    request_body = WebhookRequest,
    responses(
        (status = 201, description = "Made", body = NewWebhook),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create(
    State(web): State<Web>,
    AsPartner(partner): AsPartner,
    JsonBody(request): JsonBody<WebhookRequest>,
) -> Result<(StatusCode, Json<NewWebhook>), Problem> {
    let made = web.app.add_webhook(&partner, &request.url, request.event_types).await?;
    let reply = NewWebhook { webhook: made.webhook.into(), secret: made.secret.expose_secret().to_owned() };
    Ok((StatusCode::CREATED, Json(reply)))
}

/// Ask for the own webhooks.
#[utoipa::path(
    get,
    path = "/v1/webhooks",
    tag = "webhooks",
    operation_id = "listWebhooks",
    security(("partner_token" = [])),
    responses((status = 200, description = "The webhooks", body = Webhooks))
)]
pub(crate) async fn list(State(web): State<Web>, AsPartner(partner): AsPartner) -> Result<Json<Webhooks>, Problem> {
    let found = web.app.webhooks(partner.id).await?;
    Ok(Json(Webhooks { items: found.into_iter().map(Webhook::from).collect() }))
}

/// Ask for a webhook.
#[utoipa::path(
    get,
    path = "/v1/webhooks/{id}",
    tag = "webhooks",
    operation_id = "getWebhook",
    security(("partner_token" = [])),
    params(("id" = String, Path, description = "The id of the webhook")),
    responses(
        (status = 200, description = "The webhook", body = Webhook),
        (status = 404, description = "No such webhook", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(
    State(web): State<Web>,
    AsPartner(partner): AsPartner,
    Path(id): Path<String>,
) -> Result<Json<Webhook>, Problem> {
    let id: WebhookId = id.parse().map_err(|_| missing())?;
    Ok(Json(web.app.webhook(partner.id, id).await?.ok_or_else(missing)?.into()))
}

/// Be told no more.
///
/// What was not sent yet is not sent. A delivery that is on its way may still arrive.
#[utoipa::path(
    delete,
    path = "/v1/webhooks/{id}",
    tag = "webhooks",
    operation_id = "deleteWebhook",
    security(("partner_token" = [])),
    params(("id" = String, Path, description = "The id of the webhook")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "No such webhook", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn delete(
    State(web): State<Web>,
    AsPartner(partner): AsPartner,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let id: WebhookId = id.parse().map_err(|_| missing())?;
    if web.app.delete_webhook(partner.id, id).await? { Ok(StatusCode::NO_CONTENT) } else { Err(missing()) }
}

/// Ask what came of telling a webhook.
///
/// Newest event first. Deliveries that ended more than 30 days ago are forgotten.
#[utoipa::path(
    get,
    path = "/v1/webhooks/{id}/deliveries",
    tag = "webhooks",
    operation_id = "listDeliveries",
    security(("partner_token" = [])),
    params(("id" = String, Path, description = "The id of the webhook"), DeliveriesQuery),
    responses(
        (status = 200, description = "A page of deliveries", body = Deliveries),
        (status = 404, description = "No such webhook", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn deliveries(
    State(web): State<Web>,
    AsPartner(partner): AsPartner,
    Path(id): Path<String>,
    CheckedQuery(query): CheckedQuery<DeliveriesQuery>,
) -> Result<Json<Deliveries>, Problem> {
    let limit = page_limit(query.limit)?;
    let before = query.cursor.as_deref().map(read_cursor).transpose()?;
    let id: WebhookId = id.parse().map_err(|_| missing())?;
    let page = web.app.deliveries(partner.id, id, query.status.map(Into::into), before, limit).await?;
    let page = page.ok_or_else(missing)?;
    Ok(Json(Deliveries {
        items: page.items.iter().map(Delivery::from).collect(),
        next_cursor: page.next.map(write_cursor),
    }))
}

/// Have an event sent again, at once.
///
/// Whatever became of it before; its attempts are counted anew.
#[utoipa::path(
    post,
    path = "/v1/webhooks/{id}/deliveries/{event_id}/redeliver",
    tag = "webhooks",
    operation_id = "redeliverEvent",
    security(("partner_token" = [])),
    params(
        ("id" = String, Path, description = "The id of the webhook"),
        ("event_id" = String, Path, description = "The id of the event"),
    ),
    responses(
        (status = 202, description = "It will be sent"),
        (status = 404, description = "No such webhook or delivery", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn redeliver(
    State(web): State<Web>,
    AsPartner(partner): AsPartner,
    Path((id, event)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let id: WebhookId = id.parse().map_err(|_| missing())?;
    let event: EventId =
        event.parse().map_err(|_| Problem::not_found("There is no delivery of this event to this webhook."))?;
    web.app.redeliver(partner.id, id, event).await?;
    Ok(StatusCode::ACCEPTED)
}

/// A cursor is opaque to callers: Base64 of the bytes of the event before which the page begins.
fn write_cursor(before: EventId) -> String {
    URL_SAFE_NO_PAD.encode(before.bytes())
}

fn read_cursor(cursor: &str) -> Result<EventId, Problem> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| bytes.try_into().ok());
    bytes
        .map(EventId::from_bytes)
        .filter(|before| write_cursor(*before) == cursor)
        .ok_or_else(|| Problem::invalid("cursor is not one that a page of this list gave."))
}
