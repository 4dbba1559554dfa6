//! `/v1/payments`: a terminal takes a payment, and anyone it concerns asks what became of it.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use warifu_core::id::PaymentId;
use warifu_core::ledger::{Kind, Outcome, Transaction};

use crate::body::JsonBody;
use crate::caller::{AsCaller, AsTerminal};
use crate::problem::Problem;
use crate::state::Web;
use crate::transaction::{CodeRequest, Currency, reply};

/// What became of a payment.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum PaymentState {
    /// The money is the shop's.
    Captured,
    /// Nothing was moved; `refusal` says why.
    Refused,
}

/// A payment as it was recorded.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Payment {
    /// Its id.
    #[schema(example = "pay_0198c0de000070008000000000000001")]
    id: String,
    /// What became of it.
    state: PaymentState,
    /// Why it was refused, if it was: a stable word.
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<&'static str>,
    /// How much was asked for, in minor units.
    amount: i64,
    /// Of what.
    currency: Currency,
    /// The shop.
    shop_id: String,
    /// The terminal that took it.
    terminal_id: String,
    /// The terminal's own id for the request.
    request_id: String,
    /// When it was recorded, RFC 3339, UTC.
    #[schema(format = DateTime)]
    created_at: String,
    /// The date that it counts under in the books.
    #[schema(format = Date)]
    business_date: String,
}

impl From<&Transaction> for Payment {
    fn from(record: &Transaction) -> Self {
        let (state, refusal) = match record.outcome {
            Outcome::Done { .. } => (PaymentState::Captured, None),
            Outcome::Refused(refusal) => (PaymentState::Refused, Some(refusal.word())),
        };
        Self {
            id: PaymentId::from(record.id).to_string(),
            state,
            refusal,
            amount: record.amount.get(),
            currency: Currency::Jpy,
            shop_id: record.shop.to_string(),
            terminal_id: record.key.caller.to_string(),
            request_id: record.key.request_id.to_string(),
            created_at: record.at.to_string(),
            business_date: record.business_date.to_string(),
        }
    }
}

/// Take a payment, captured at once.
///
/// Answered when it is durable. The same `request_id` with the same body gets the same reply again, with the header
/// `Idempotent-Replay: true`, a refusal (422) included. After a time-out, or a 5xx other than `503 overloaded`, the outcome
/// is unknown: inquire by `request_id`.
#[utoipa::path(
    post,
    path = "/v1/payments",
    tag = "payments",
    operation_id = "takePayment",
    security(("terminal_token" = []), ("terminal_signature" = [])),
    request_body = CodeRequest,
    responses(
        (status = 201, description = "Captured", body = Payment),
        (status = 409, description = "The request_id stands for another request", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Refused; the code says why", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn take(
    State(web): State<Web>,
    AsTerminal(terminal): AsTerminal,
    JsonBody(request): JsonBody<CodeRequest>,
) -> Result<Response, Problem> {
    let request_id = request.request_id.clone();
    let receipt = web
        .app
        .take_payment(&terminal, request.into())
        .await
        .map_err(|fault| Problem::from(fault).for_request(request_id.as_str()))?;
    Ok(reply(&receipt, PaymentId::from(receipt.record.id).to_string(), Payment::from(&receipt.record)))
}

/// Ask for a payment by its id.
///
/// A terminal sees the payments of its shop, a member those of the own wallet; anything else is not found.
#[utoipa::path(
    get,
    path = "/v1/payments/{id}",
    tag = "payments",
    operation_id = "getPayment",
    security(("terminal_token" = []), ("terminal_signature" = []), ("member_token" = [])),
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
    let missing = || Problem::not_found("There is no such payment.");
    let id: PaymentId = id.parse().map_err(|_| missing())?;
    let record = web.app.find_transaction(Kind::Payment, &caller, id.into()).await?.ok_or_else(missing)?;
    Ok(Json(Payment::from(&record)))
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
        (status = 200, description = "The payment, refused ones included", body = Payment),
        (status = 404, description = "Not recorded yet", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get_by_request(
    State(web): State<Web>,
    AsTerminal(terminal): AsTerminal,
    Path(request_id): Path<String>,
) -> Result<Json<Payment>, Problem> {
    let missing = || Problem::not_found("No payment is recorded under this request_id yet.").for_request(&request_id);
    let key =
        request_id.parse().map_err(|_| Problem::not_found("No payment is recorded under this request_id yet."))?;
    let record = web.app.find_by_request(Kind::Payment, &terminal, key).await?.ok_or_else(missing)?;
    Ok(Json(Payment::from(&record)))
}
