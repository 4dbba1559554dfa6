//! `/v1/refunds`: a terminal gives back what was captured; anyone it concerns asks what became of it.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use warifu_app::RefundRequest;
use warifu_core::id::{PaymentId, RefundId};
use warifu_core::ledger::{Kind, Transaction};
use warifu_core::lot::{LotAccount, Step};
use warifu_core::money::Amount;
use warifu_core::request::RequestId;

use crate::body::{JsonBody, word};
use crate::caller::{AsCaller, AsTerminal};
use crate::problem::Problem;
use crate::state::Web;
use crate::transaction::{Currency, Note, Source, amount, kept_back, public_id, reply, request_id};

/// What a terminal gives back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefundBody {
    /// The terminal's own id for this request.
    #[serde(deserialize_with = "request_id")]
    #[schema(value_type = String, pattern = "^[!-~]{1,64}$", min_length = 1, max_length = 64, example = "till-7-000125")]
    request_id: RequestId,
    /// The payment.
    #[schema(example = "pay_0198c0de000070008000000000000001")]
    payment_id: String,
    /// How much of it, in minor units.
    #[serde(deserialize_with = "amount")]
    #[schema(value_type = i64, minimum = 1, maximum = 9_007_199_254_740_991_i64, example = 300)]
    amount: Amount,
    /// Of what.
    #[serde(deserialize_with = "word")]
    #[allow(dead_code, reason = "checked by being read: there is one currency")]
    currency: Currency,
    /// Why, 1 to 500 characters.
    #[serde(default)]
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// What became of a refund.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum RefundState {
    /// The value is in the wallet again.
    Completed,
    /// Nothing was moved; `refusal` says why.
    Refused,
}

/// A refund as it was recorded.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Refund {
    /// Its id.
    #[schema(example = "rfd_0198c0de000070008000000000000003")]
    id: String,
    /// What became of it.
    state: RefundState,
    /// Why it was refused, if it was: a stable word.
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<&'static str>,
    /// The payment.
    payment_id: Option<String>,
    /// How much the shop gave back, in minor units.
    amount: i64,
    /// Of what.
    currency: Currency,
    /// How much of the payment was captured.
    captured: i64,
    /// How much of that is refunded, this refund included.
    refunded: i64,
    /// The lots that it went back to.
    returned: Vec<Source>,
    /// The points that were taken from the wallet.
    points_taken_back: i64,
    /// The yen that were kept back for points that were not there any more.
    kept_back: i64,
    /// Why, as it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The shop.
    #[serde(skip_serializing_if = "Option::is_none")]
    shop_id: Option<String>,
    /// The terminal that asked.
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

impl From<&Transaction> for Refund {
    fn from(record: &Transaction) -> Self {
        let totals = record.done().and_then(|done| done.totals).unwrap_or_default();
        let moves = record.done().map(|done| done.moves.as_slice()).unwrap_or_default();
        let taken = moves.iter().filter(|it| it.step == Step::Out && it.part.account == LotAccount::Points);
        Self {
            id: public_id(record),
            state: if record.refusal().is_some() { RefundState::Refused } else { RefundState::Completed },
            refusal: record.refusal().map(|refusal| refusal.word()),
            payment_id: record.parent.map(|parent| PaymentId::from(parent).to_string()),
            amount: record.amount.get(),
            currency: Currency::Jpy,
            captured: totals.captured.get(),
            refunded: totals.refunded.get(),
            returned: moves.iter().filter(|it| it.step == Step::In).map(|it| (&it.part).into()).collect(),
            points_taken_back: taken.fold(0, |sum, it| sum.saturating_add(it.part.amount.get())),
            kept_back: kept_back(record),
            reason: Note::of(record).reason,
            shop_id: record.shop.map(|shop| shop.to_string()),
            terminal_id: record.key.caller.terminal().to_string(),
            request_id: record.key.request_id.to_string(),
            created_at: record.at.to_string(),
            business_date: record.business_date.to_string(),
        }
    }
}

const REFUNDS: &[Kind] = &[Kind::Refund];

/// Give back some of what was captured, into the lots that paid.
///
/// As often as wanted, until all is given back. Points that the payment earned are taken back in proportion. After an unknown
/// outcome, inquire, or send the same again; a refund cannot be cancelled.
#[utoipa::path(
    post,
    path = "/v1/refunds",
    tag = "refunds",
    operation_id = "refundPayment",
    security(("terminal_token" = []), ("terminal_signature" = [])),
    request_body = RefundBody,
    responses(
        (status = 201, description = "Given back", body = Refund),
        (status = 404, description = "The shop has no such payment", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The request_id stands for another request", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Refused; the code says why", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn take(
    State(web): State<Web>,
    AsTerminal(terminal): AsTerminal,
    JsonBody(body): JsonBody<RefundBody>,
) -> Result<Response, Problem> {
    let asked = body.request_id.to_string();
    let missing = || Problem::not_found("There is no such payment.").for_request(&asked);
    let payment: PaymentId = body.payment_id.parse().map_err(|_| missing())?;
    let note = Note { reason: body.reason, ..Note::default() }.text(&asked)?;
    let request = RefundRequest { request_id: body.request_id, payment, amount: body.amount, note };
    let refunded = web.app.refund_payment(&terminal, request).await;
    reply(refunded, &asked, |record| Refund::from(record))
}

/// Ask for a refund by its id.
#[utoipa::path(
    get,
    path = "/v1/refunds/{id}",
    tag = "refunds",
    operation_id = "getRefund",
    security(("terminal_token" = []), ("terminal_signature" = []), ("member_session" = [], "member_signature" = [])),
    params(("id" = String, Path, description = "The id of the refund")),
    responses(
        (status = 200, description = "The refund", body = Refund),
        (status = 404, description = "No such refund", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(
    State(web): State<Web>,
    AsCaller(caller): AsCaller,
    Path(id): Path<String>,
) -> Result<Json<Refund>, Problem> {
    let missing = || Problem::not_found("There is no such refund.");
    let id: RefundId = id.parse().map_err(|_| missing())?;
    let course = web.app.find_transaction(REFUNDS, &caller, id.into()).await?.ok_or_else(missing)?;
    Ok(Json(Refund::from(&course.record)))
}

/// Ask for a refund by the terminal's own `request_id`. 404 means that it is not recorded yet.
#[utoipa::path(
    get,
    path = "/v1/refunds/by-request/{request_id}",
    tag = "refunds",
    operation_id = "getRefundByRequest",
    security(("terminal_token" = []), ("terminal_signature" = [])),
    params(("request_id" = String, Path, description = "The terminal's own id for the request")),
    responses(
        (status = 200, description = "The refund, refused ones included", body = Refund),
        (status = 404, description = "Not recorded yet", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get_by_request(
    State(web): State<Web>,
    AsTerminal(terminal): AsTerminal,
    Path(request_id): Path<String>,
) -> Result<Json<Refund>, Problem> {
    let missing = || Problem::not_found("No refund is recorded under this request_id yet.").for_request(&request_id);
    let key = request_id.parse().map_err(|_| Problem::not_found("No refund is recorded under this request_id yet."))?;
    let course = web.app.find_by_request(REFUNDS, &terminal, key).await?.ok_or_else(missing)?;
    Ok(Json(Refund::from(&course.record)))
}
