//! `/v1/top-ups`: a terminal takes cash for a wallet, a member makes points into yen; anyone it concerns asks what became of it.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use warifu_app::{Caller, CancelTarget, Course, TopUpRequest};
use warifu_core::code::Code;
use warifu_core::id::TopUpId;
use warifu_core::ledger::{Kind, Transaction};
use warifu_core::lot::Step;
use warifu_core::money::Amount;
use warifu_core::request::RequestId;

use crate::body::{JsonBody, word};
use crate::caller::{AsCaller, AsMember, AsTerminal};
use crate::problem::Problem;
use crate::state::Web;
use crate::transaction::{CancelRequest, Currency, Note, Source, amount, code, public_id, reply, request_id};

/// What a terminal asks for, by the code that a member shows.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TopUpBody {
    /// The terminal's own id for this request, 1 to 64 printable ASCII characters without space.
    #[serde(deserialize_with = "request_id")]
    #[schema(value_type = String, pattern = "^[!-~]{1,64}$", min_length = 1, max_length = 64, example = "till-7-000123")]
    request_id: RequestId,
    /// What the scanner read: the 24 digits of the barcode, or the text of the QR code.
    #[serde(deserialize_with = "code")]
    #[schema(value_type = String, pattern = "^[0-9]{24}$", example = "900001231234567890123456")]
    code: Code,
    /// How much cash was taken, in minor units.
    #[serde(deserialize_with = "amount")]
    #[schema(value_type = i64, minimum = 1, maximum = 9_007_199_254_740_991_i64, example = 5000)]
    amount: Amount,
    /// Of what.
    #[serde(deserialize_with = "word")]
    #[allow(dead_code, reason = "checked by being read: there is one currency")]
    currency: Currency,
    /// Words of the till's own, kept with the top-up; at most 20.
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

/// What a member makes of points.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExchangeBody {
    /// The member's own id for this request; a retry with the same id and amount has the same effect once.
    #[serde(deserialize_with = "request_id")]
    #[schema(value_type = String, pattern = "^[!-~]{1,64}$", min_length = 1, max_length = 64, example = "exchange-1")]
    request_id: RequestId,
    /// How many points; each becomes one yen.
    #[serde(deserialize_with = "amount")]
    #[schema(value_type = i64, minimum = 1, maximum = 9_007_199_254_740_991_i64, example = 100)]
    amount: Amount,
}

/// What became of a top-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum TopUpState {
    /// The value is in the wallet.
    Completed,
    /// Undone, perhaps before it arrived. Final.
    Canceled,
    /// Nothing was moved; `refusal` says why.
    Refused,
}

/// What a top-up was made of.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum TopUpSource {
    /// Cash that a terminal took.
    Cash,
    /// Points of the member.
    Points,
    /// A gift of the issuer.
    Bonus,
}

/// A top-up.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TopUp {
    /// Its id.
    #[schema(example = "top_0198c0de000070008000000000000001")]
    id: String,
    /// What became of it.
    state: TopUpState,
    /// What it was made of.
    source: TopUpSource,
    /// Why it was refused, if it was: a stable word.
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<&'static str>,
    /// How much, in minor units; absent if it was cancelled before it arrived.
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<i64>,
    /// Of what.
    currency: Currency,
    /// The lot that it opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    lot: Option<Source>,
    /// The till's own words; for terminals only.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    metadata: BTreeMap<String, String>,
    /// The shop; absent if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    shop_id: Option<String>,
    /// The terminal that took the cash.
    #[serde(skip_serializing_if = "Option::is_none")]
    terminal_id: Option<String>,
    /// The caller's own id for the request.
    request_id: String,
    /// When it was recorded, RFC 3339, UTC.
    #[schema(format = DateTime)]
    created_at: String,
    /// The date that it counts under in the books.
    #[schema(format = Date)]
    business_date: String,
}

impl TopUp {
    /// A top-up with what followed it. Metadata are shown to whoever gave them.
    fn of(record: &Transaction, followers: &[Transaction], to_terminal: bool) -> Self {
        let came_first = record.target.as_ref();
        let is_canceled = came_first.is_some() || followers.iter().any(|follower| follower.kind == Kind::TopUpCancel);
        let opened = record.done().and_then(|done| done.moves.iter().find(|it| it.step == Step::In));
        Self {
            id: public_id(record),
            state: match record.refusal() {
                _ if is_canceled => TopUpState::Canceled,
                Some(_) => TopUpState::Refused,
                None => TopUpState::Completed,
            },
            source: match record.kind {
                Kind::Exchange => TopUpSource::Points,
                Kind::Grant => TopUpSource::Bonus,
                _ => TopUpSource::Cash,
            },
            refusal: record.refusal().map(|refusal| refusal.word()),
            amount: came_first.is_none().then(|| record.amount.get()),
            currency: Currency::Jpy,
            lot: opened.map(|it| (&it.part).into()),
            metadata: if to_terminal { Note::of(record).metadata } else { BTreeMap::new() },
            shop_id: record.shop.map(|shop| shop.to_string()),
            terminal_id: record.shop.map(|_| record.key.caller.terminal().to_string()),
            request_id: came_first.unwrap_or(&record.key.request_id).to_string(),
            created_at: record.at.to_string(),
            business_date: record.business_date.to_string(),
        }
    }
}

/// A cancel of a top-up.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TopUpCancel {
    /// Its id.
    #[schema(example = "txn_0198c0de000070008000000000000002")]
    id: String,
    /// The top-up; absent if it was cancelled before it arrived.
    #[serde(skip_serializing_if = "Option::is_none")]
    top_up_id: Option<String>,
    /// The terminal's own id that the cancel holds for a top-up that has not arrived.
    #[serde(skip_serializing_if = "Option::is_none")]
    canceled_request_id: Option<String>,
    /// How much was taken away again, in minor units: give that much cash back.
    amount: i64,
    /// Of what.
    currency: Currency,
    /// The terminal's own id for the request.
    request_id: String,
    /// When it was recorded, RFC 3339, UTC.
    #[schema(format = DateTime)]
    created_at: String,
    /// The date that it counts under in the books.
    #[schema(format = Date)]
    business_date: String,
}

impl From<&Transaction> for TopUpCancel {
    fn from(record: &Transaction) -> Self {
        Self {
            id: record.id.to_string(),
            top_up_id: record.parent.map(|parent| TopUpId::from(parent).to_string()),
            canceled_request_id: record.target.as_ref().map(ToString::to_string),
            amount: record.amount.get(),
            currency: Currency::Jpy,
            request_id: record.key.request_id.to_string(),
            created_at: record.at.to_string(),
            business_date: record.business_date.to_string(),
        }
    }
}

const TOP_UPS: &[Kind] = &[Kind::TopUp, Kind::Exchange, Kind::Grant];
/// What stands under a request id of a top-up: the top-up, or the cancel that came first.
const UNDER_REQUEST: &[Kind] = &[Kind::TopUp, Kind::TopUpCancel];

/// Put the value of cash that a terminal took into a wallet.
///
/// Answered when it is durable. The same `request_id` with the same body gets the same reply again, with the header
/// `Idempotent-Replay: true`, a refusal (422) included. After a time-out, or a 5xx other than `503 overloaded`, the outcome
/// is unknown: inquire or cancel by `request_id`.
#[utoipa::path(
    post,
    path = "/v1/top-ups",
    tag = "top-ups",
    operation_id = "takeTopUp",
    security(("terminal_token" = []), ("terminal_signature" = [])),
    request_body = TopUpBody,
    responses(
        (status = 201, description = "Completed", body = TopUp),
        (status = 409, description = "The request_id stands for another request", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Refused; the code says why", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn take(
    State(web): State<Web>,
    AsTerminal(terminal): AsTerminal,
    JsonBody(body): JsonBody<TopUpBody>,
) -> Result<Response, Problem> {
    let asked = body.request_id.to_string();
    let note = Note { metadata: body.metadata, ..Note::default() }.text(&asked)?;
    let request = TopUpRequest { request_id: body.request_id, code: body.code, amount: body.amount, note };
    let taken = web.app.take_top_up(&terminal, request).await;
    reply(taken, &asked, |record| TopUp::of(record, &[], true))
}

/// Make points into as many bonus yen.
#[utoipa::path(
    post,
    path = "/v1/top-ups/from-points",
    tag = "top-ups",
    operation_id = "exchangePoints",
    security(("member_session" = [], "member_signature" = [])),
    request_body = ExchangeBody,
    responses(
        (status = 201, description = "Completed", body = TopUp),
        (status = 409, description = "The request_id stands for another request", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Refused; the code says why", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn from_points(
    State(web): State<Web>,
    AsMember(phone): AsMember,
    JsonBody(body): JsonBody<ExchangeBody>,
) -> Result<Response, Problem> {
    let asked = body.request_id.to_string();
    let exchanged = web.app.exchange_points(&phone, body.request_id, body.amount).await;
    reply(exchanged, &asked, |record| TopUp::of(record, &[], true))
}

/// Ask for a top-up by its id.
///
/// A terminal sees the top-ups at its shop, a member those of the own wallet; anything else is not found.
#[utoipa::path(
    get,
    path = "/v1/top-ups/{id}",
    tag = "top-ups",
    operation_id = "getTopUp",
    security(("terminal_token" = []), ("terminal_signature" = []), ("member_session" = [], "member_signature" = [])),
    params(("id" = String, Path, description = "The id of the top-up")),
    responses(
        (status = 200, description = "The top-up", body = TopUp),
        (status = 404, description = "No such top-up", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(
    State(web): State<Web>,
    AsCaller(caller): AsCaller,
    Path(id): Path<String>,
) -> Result<Json<TopUp>, Problem> {
    let missing = || Problem::not_found("There is no such top-up.");
    let id: TopUpId = id.parse().map_err(|_| missing())?;
    let course = web.app.find_transaction(TOP_UPS, &caller, id.into()).await?.ok_or_else(missing)?;
    Ok(Json(TopUp::of(&course.record, &course.followers, matches!(caller, Caller::Terminal(_)))))
}

/// Ask for a top-up by the terminal's own `request_id`.
///
/// 404 means that it is not recorded yet; a request that is still on its way may come later.
#[utoipa::path(
    get,
    path = "/v1/top-ups/by-request/{request_id}",
    tag = "top-ups",
    operation_id = "getTopUpByRequest",
    security(("terminal_token" = []), ("terminal_signature" = [])),
    params(("request_id" = String, Path, description = "The terminal's own id for the request")),
    responses(
        (status = 200, description = "The top-up, refused and cancelled ones included", body = TopUp),
        (status = 404, description = "Not recorded yet", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get_by_request(
    State(web): State<Web>,
    AsTerminal(terminal): AsTerminal,
    Path(request_id): Path<String>,
) -> Result<Json<TopUp>, Problem> {
    let missing = || Problem::not_found("No top-up is recorded under this request_id yet.").for_request(&request_id);
    let key: RequestId =
        request_id.parse().map_err(|_| Problem::not_found("No top-up is recorded under this request_id yet."))?;
    let found = web.app.find_by_request(UNDER_REQUEST, &terminal, key.clone()).await?;
    // Under a cancel's own id there is no top-up.
    let is_top_up = |it: &Course| it.record.kind != Kind::TopUpCancel || it.record.target.as_ref() == Some(&key);
    let course = found.filter(is_top_up).ok_or_else(missing)?;
    Ok(Json(TopUp::of(&course.record, &course.followers, true)))
}

/// Undo a top-up by cash whose money is still there: take it away and give the cash back. Final once it is accepted.
#[utoipa::path(
    post,
    path = "/v1/top-ups/{id}/cancel",
    tag = "top-ups",
    operation_id = "cancelTopUp",
    security(("terminal_token" = []), ("terminal_signature" = [])),
    params(("id" = String, Path, description = "The id of the top-up")),
    request_body = CancelRequest,
    responses(
        (status = 201, description = "Undone", body = TopUpCancel),
        (status = 404, description = "The shop has no such top-up", body = Problem, content_type = "application/problem+json"),
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
    let missing = || Problem::not_found("There is no such top-up.").for_request(&asked);
    let id: TopUpId = id.parse().map_err(|_| missing())?;
    let note = Note { reason: body.reason, ..Note::default() }.text(&asked)?;
    let canceled = web.app.cancel_top_up(&terminal, CancelTarget::Id(id.into()), body.request_id, note).await;
    reply(canceled, &asked, |record| TopUpCancel::from(record))
}

/// Undo the top-up that the terminal's own `request_id` stands for, whether it has arrived or not.
///
/// Accepted even if nothing is recorded under the id: a top-up that arrives later is then refused (`already_canceled`).
#[utoipa::path(
    post,
    path = "/v1/top-ups/by-request/{request_id}/cancel",
    tag = "top-ups",
    operation_id = "cancelTopUpByRequest",
    security(("terminal_token" = []), ("terminal_signature" = [])),
    params(("request_id" = String, Path, description = "The terminal's own id for the top-up")),
    request_body = CancelRequest,
    responses(
        (status = 201, description = "Undone, or never to be done", body = TopUpCancel),
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
    let canceled = web.app.cancel_top_up(&terminal, CancelTarget::Request(target), body.request_id, note).await;
    reply(canceled, &asked, |record| TopUpCancel::from(record))
}
