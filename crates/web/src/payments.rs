//! `/v1/payments`: a terminal takes a payment and follows it up; anyone it concerns asks what became of it.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use warifu_app::{Caller, CancelTarget, CaptureRequest, Course, PaymentRequest};
use warifu_core::code::Code;
use warifu_core::id::PaymentId;
use warifu_core::ledger::{Capture, Kind};
use warifu_core::money::Amount;
use warifu_core::request::RequestId;

use crate::body::{JsonBody, objects, word};
use crate::caller::{AsCaller, AsTerminal};
use crate::payment_view::{Payment, PaymentStep};
use crate::problem::Problem;
use crate::state::Web;
use crate::transaction::{
    CancelRequest, Currency, Item, Note, PlainRequest, amount, amount_if_any, code, reply, request_id,
};

/// When a payment is captured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CaptureTime {
    /// At once.
    #[default]
    Now,
    /// By `capture` requests that follow, within the life of the hold.
    Later,
}

/// What a terminal asks for, by the code that a member shows.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PaymentBody {
    /// The terminal's own id for this request, 1 to 64 printable ASCII characters without space. The same id with the same
    /// body gets the same reply; with another body it is a conflict.
    #[serde(deserialize_with = "request_id")]
    #[schema(value_type = String, pattern = "^[!-~]{1,64}$", min_length = 1, max_length = 64, example = "till-7-000123")]
    request_id: RequestId,
    /// What the scanner read: the 24 digits of the barcode, or the text of the QR code.
    #[serde(deserialize_with = "code")]
    #[schema(value_type = String, pattern = "^[0-9]{24}$", example = "900001231234567890123456")]
    code: Code,
    /// How much, in minor units.
    #[serde(deserialize_with = "amount")]
    #[schema(value_type = i64, minimum = 1, maximum = 9_007_199_254_740_991_i64, example = 1200)]
    amount: Amount,
    /// Of what.
    #[serde(deserialize_with = "word")]
    #[allow(dead_code, reason = "checked by being read: there is one currency")]
    currency: Currency,
    /// When it is captured; at once if absent.
    #[serde(default, deserialize_with = "word")]
    capture: CaptureTime,
    /// What is sold, for the receipt; at most 200. Prices include tax. They need not add up to the amount: the rest may be
    /// paid otherwise.
    #[serde(default, deserialize_with = "objects")]
    #[schema(max_items = 200)]
    items: Vec<Item>,
    /// Words of the till's own, kept with the payment; at most 20.
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

/// What a terminal asks for of an authorised payment.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CaptureBody {
    /// The terminal's own id for this request.
    #[serde(deserialize_with = "request_id")]
    #[schema(value_type = String, pattern = "^[!-~]{1,64}$", min_length = 1, max_length = 64, example = "till-7-000124")]
    request_id: RequestId,
    /// How much, in minor units; all that is left, if absent.
    #[serde(default, deserialize_with = "amount_if_any")]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    amount: Option<Amount>,
    /// Whether what is left then is let go.
    #[serde(default, rename = "final")]
    is_final: bool,
}

/// What stands under a request id of a payment: the payment, or the cancel that came first.
const UNDER_REQUEST: &[Kind] = &[Kind::Payment, Kind::Authorization, Kind::Cancel];
const PAYMENTS: &[Kind] = &[Kind::Payment, Kind::Authorization];

/// Take a payment, captured at once or later.
///
/// Answered when it is durable. The same `request_id` with the same body gets the same reply again, with the header
/// `Idempotent-Replay: true`, a refusal (422) included. After a time-out, or a 5xx other than `503 overloaded`, the outcome
/// is unknown: inquire or cancel by `request_id`.
#[utoipa::path(
    post,
    path = "/v1/payments",
    tag = "payments",
    operation_id = "takePayment",
    security(("terminal_token" = []), ("terminal_signature" = [])),
    request_body = PaymentBody,
    responses(
        (status = 201, description = "Captured, or authorised", body = Payment),
        (status = 409, description = "The request_id stands for another request", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Refused; the code says why", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn take(
    State(web): State<Web>,
    AsTerminal(terminal): AsTerminal,
    JsonBody(body): JsonBody<PaymentBody>,
) -> Result<Response, Problem> {
    let asked = body.request_id.to_string();
    let note = Note { items: body.items, metadata: body.metadata, reason: None };
    let request = PaymentRequest {
        request_id: body.request_id,
        code: body.code,
        amount: body.amount,
        capture: if body.capture == CaptureTime::Now { Capture::Now } else { Capture::Later },
        note: note.text(&asked)?,
    };
    let taken = web.app.take_payment(&terminal, request).await;
    reply(taken, &asked, Payment::recorded)
}

/// What was understood of a payment that is only being checked.
#[derive(Serialize, ToSchema)]
pub(crate) struct CheckedPayment {
    /// As it was read.
    #[schema(example = "till-7-000123")]
    request_id: String,
    /// Always `checked`: nothing was done and nothing is recorded under the `request_id`.
    #[schema(example = "checked")]
    state: &'static str,
    /// How much, in minor units.
    amount: i64,
    /// Of what.
    currency: Currency,
    /// When it would be captured.
    capture: CaptureTime,
    /// How many items were read.
    items: usize,
    /// How many words of the till's own were read.
    metadata: usize,
    /// The terminal that asked, as it is called.
    terminal: String,
}

/// Check that a payment is well formed, without taking it.
///
/// For makers of tills. The request is authenticated and read like a payment, and what was understood is sent back. Neither
/// the code nor the wallet is looked up; nothing is stored; the `request_id` stays free.
#[utoipa::path(
    post,
    path = "/v1/payments/check",
    tag = "payments",
    operation_id = "checkPayment",
    security(("terminal_token" = []), ("terminal_signature" = [])),
    request_body = PaymentBody,
    responses(
        (status = 200, description = "What was understood", body = CheckedPayment),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn check(
    AsTerminal(terminal): AsTerminal,
    JsonBody(body): JsonBody<PaymentBody>,
) -> Result<Json<CheckedPayment>, Problem> {
    let request_id = body.request_id.to_string();
    let note = Note { items: body.items, metadata: body.metadata, reason: None };
    note.text(&request_id)?;
    Ok(Json(CheckedPayment {
        request_id,
        state: "checked",
        amount: body.amount.get(),
        currency: Currency::Jpy,
        capture: body.capture,
        items: note.items.len(),
        metadata: note.metadata.len(),
        terminal: terminal.name,
    }))
}

/// Ask for a payment by its id.
///
/// A terminal sees the payments of its shop, a member those of the own wallet; anything else is not found.
#[utoipa::path(
    get,
    path = "/v1/payments/{id}",
    tag = "payments",
    operation_id = "getPayment",
    security(("terminal_token" = []), ("terminal_signature" = []), ("member_session" = [], "member_signature" = [])),
    params(("id" = String, Path, description = "The id of the payment")),
    responses(
        (status = 200, description = "The payment", body = Payment),
        (status = 404, description = "No such payment", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(
    State(web): State<Web>,
    AsCaller(caller): AsCaller,
    Path(id): Path<String>,
) -> Result<Json<Payment>, Problem> {
    let course = find(&web, &caller, &id).await?;
    Ok(Json(Payment::of(&course, matches!(caller, Caller::Terminal(_)))))
}

/// The payment with this id, if it is the caller's to see.
pub(crate) async fn find(web: &Web, caller: &Caller, id: &str) -> Result<Course, Problem> {
    let missing = || Problem::not_found("There is no such payment.");
    let id: PaymentId = id.parse().map_err(|_| missing())?;
    web.app.find_transaction(PAYMENTS, caller, id.into()).await?.ok_or_else(missing)
}

/// Ask for a payment by the terminal's own `request_id`.
///
/// 404 means that it is not recorded yet; a request that is still on its way may come later.
#[utoipa::path(
    get,
    path = "/v1/payments/by-request/{request_id}",
    tag = "payments",
    operation_id = "getPaymentByRequest",
    security(("terminal_token" = []), ("terminal_signature" = [])),
    params(("request_id" = String, Path, description = "The terminal's own id for the request")),
    responses(
        (status = 200, description = "The payment, refused and cancelled ones included", body = Payment),
        (status = 404, description = "Not recorded yet", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get_by_request(
    State(web): State<Web>,
    AsTerminal(terminal): AsTerminal,
    Path(request_id): Path<String>,
) -> Result<Json<Payment>, Problem> {
    let missing = || Problem::not_found("No payment is recorded under this request_id yet.").for_request(&request_id);
    let key: RequestId =
        request_id.parse().map_err(|_| Problem::not_found("No payment is recorded under this request_id yet."))?;
    let found = web.app.find_by_request(UNDER_REQUEST, &terminal, key.clone()).await?;
    // Under a cancel's own id there is no payment.
    let is_payment =
        |course: &Course| course.record.kind != Kind::Cancel || course.record.target.as_ref() == Some(&key);
    let course = found.filter(is_payment).ok_or_else(missing)?;
    Ok(Json(Payment::of(&course, true)))
}

/// Capture some of an authorised payment, or all that is left.
#[utoipa::path(
    post,
    path = "/v1/payments/{id}/capture",
    tag = "payments",
    operation_id = "capturePayment",
    security(("terminal_token" = []), ("terminal_signature" = [])),
    params(("id" = String, Path, description = "The id of the payment")),
    request_body = CaptureBody,
    responses(
        (status = 201, description = "Captured", body = PaymentStep),
        (status = 404, description = "The shop has no such payment", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The request_id stands for another request", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Refused; the code says why", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn capture(
    State(web): State<Web>,
    AsTerminal(terminal): AsTerminal,
    Path(id): Path<String>,
    JsonBody(body): JsonBody<CaptureBody>,
) -> Result<Response, Problem> {
    let asked = body.request_id.to_string();
    let payment = payment_id(&id, &asked)?;
    let request = CaptureRequest { request_id: body.request_id, payment, amount: body.amount, is_final: body.is_final };
    let captured = web.app.capture_payment(&terminal, request).await;
    reply(captured, &asked, |record| PaymentStep::from(record))
}

/// Let go what was authorised and not captured.
#[utoipa::path(
    post,
    path = "/v1/payments/{id}/void",
    tag = "payments",
    operation_id = "voidPayment",
    security(("terminal_token" = []), ("terminal_signature" = [])),
    params(("id" = String, Path, description = "The id of the payment")),
    request_body = PlainRequest,
    responses(
        (status = 201, description = "Let go", body = PaymentStep),
        (status = 404, description = "The shop has no such payment", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The request_id stands for another request", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Refused; the code says why", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn void(
    State(web): State<Web>,
    AsTerminal(terminal): AsTerminal,
    Path(id): Path<String>,
    JsonBody(body): JsonBody<PlainRequest>,
) -> Result<Response, Problem> {
    let asked = body.request_id.to_string();
    let payment = payment_id(&id, &asked)?;
    let voided = web.app.void_payment(&terminal, payment, body.request_id).await;
    reply(voided, &asked, |record| PaymentStep::from(record))
}

/// Undo a payment: what is held is let go, what was captured goes back. Final once it is accepted.
#[utoipa::path(
    post,
    path = "/v1/payments/{id}/cancel",
    tag = "payments",
    operation_id = "cancelPayment",
    security(("terminal_token" = []), ("terminal_signature" = [])),
    params(("id" = String, Path, description = "The id of the payment")),
    request_body = CancelRequest,
    responses(
        (status = 201, description = "Undone", body = PaymentStep),
        (status = 404, description = "The shop has no such payment", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The request_id stands for another request", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Refused; the code says why", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn cancel(
    State(web): State<Web>,
    AsTerminal(terminal): AsTerminal,
    Path(id): Path<String>,
    JsonBody(body): JsonBody<CancelRequest>,
) -> Result<Response, Problem> {
    let asked = body.request_id.to_string();
    let payment = payment_id(&id, &asked)?;
    let target = CancelTarget::Id(payment.into());
    let note = Note { reason: body.reason, ..Note::default() }.text(&asked)?;
    let canceled = web.app.cancel_payment(&terminal, target, body.request_id, note).await;
    reply(canceled, &asked, |record| PaymentStep::from(record))
}

/// Undo the payment that the terminal's own `request_id` stands for, whether it has arrived or not.
///
/// Accepted even if nothing is recorded under the id: a payment that arrives later is then refused (`already_canceled`).
#[utoipa::path(
    post,
    path = "/v1/payments/by-request/{request_id}/cancel",
    tag = "payments",
    operation_id = "cancelPaymentByRequest",
    security(("terminal_token" = []), ("terminal_signature" = [])),
    params(("request_id" = String, Path, description = "The terminal's own id for the payment")),
    request_body = CancelRequest,
    responses(
        (status = 201, description = "Undone, or never to be done", body = PaymentStep),
        (status = 409, description = "The request_id stands for another request", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Refused; the code says why", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn cancel_by_request(
    State(web): State<Web>,
    AsTerminal(terminal): AsTerminal,
    Path(target): Path<String>,
    JsonBody(body): JsonBody<CancelRequest>,
) -> Result<Response, Problem> {
    let asked = body.request_id.to_string();
    let target = target.parse().map_err(|error| Problem::invalid(format!("{error}. Nothing was done.")))?;
    let note = Note { reason: body.reason, ..Note::default() }.text(&asked)?;
    let canceled = web.app.cancel_payment(&terminal, CancelTarget::Request(target), body.request_id, note).await;
    reply(canceled, &asked, |record| PaymentStep::from(record))
}

fn payment_id(id: &str, request_id: &str) -> Result<PaymentId, Problem> {
    id.parse().map_err(|_| Problem::not_found("There is no such payment.").for_request(request_id))
}
