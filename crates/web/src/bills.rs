//! `/v1/bills` and `/v1/shop-code`: the shop's own code. A terminal asks for an amount; a member opens the code, sees where and how
//! much, and confirms with the passkey.

pub(crate) mod claims;
mod view;

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use warifu_app::{BillRequest, Confirmed, Found, PublicKeyCredential, ShownShopCode, Station};
use warifu_core::id::BillId;
use warifu_core::ledger::Kind;
use warifu_core::money::Amount;
use warifu_core::request::RequestId;

use self::claims::ClaimedBill;
use self::view::{BillView, SettledBill};
use crate::body::{JsonBody, objects, word};
use crate::caller::{AsMember, AsTerminal};
use crate::members::{Ceremony, answer, ceremony};
use crate::picture;
use crate::problem::Problem;
use crate::state::Web;
use crate::transaction::{Currency, Item, Note, amount, amount_if_any, reply, request_id};

/// What a bill is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum BillKind {
    /// The member pays.
    #[default]
    Payment,
    /// The terminal has taken cash, which goes into the member's wallet.
    TopUp,
}

impl From<Kind> for BillKind {
    fn from(kind: Kind) -> Self {
        if kind == Kind::TopUp { Self::TopUp } else { Self::Payment }
    }
}

/// What a terminal asks for, to be paid by whoever opens its code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BillBody {
    /// The terminal's own id, under which it will be paid: by it the terminal inquires and cancels as for every payment.
    #[serde(deserialize_with = "request_id")]
    #[schema(value_type = String, pattern = "^[!-~]{1,64}$", min_length = 1, max_length = 64, example = "till-7-000123")]
    request_id: RequestId,
    /// `payment` if absent; `top_up` where cash was taken, which is then inquired and cancelled as a top-up.
    #[serde(default, deserialize_with = "word")]
    kind: BillKind,
    /// How much, in minor units.
    #[serde(deserialize_with = "amount")]
    #[schema(value_type = i64, minimum = 1, maximum = 9_999_999_999_999_i64, example = 1200)]
    amount: Amount,
    /// Of what.
    #[serde(deserialize_with = "word")]
    #[allow(dead_code, reason = "checked by being read: there is one currency")]
    currency: Currency,
    /// What is sold, as for a payment.
    #[serde(default, deserialize_with = "objects")]
    #[schema(max_items = 200)]
    items: Vec<Item>,
    /// Words of the till's own, as for a payment.
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

/// A code of the shop in a picture.
#[derive(Debug, Serialize, ToSchema)]
struct ShopPicture {
    /// `qr_svg`, or `link_qr_svg`: the link as a QR code, for the camera of any phone.
    kind: &'static str,
    /// `image/svg+xml`.
    media_type: &'static str,
    /// The SVG's text.
    data: String,
}

/// A code of the shop.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShopCodeView {
    /// The text of the QR code (EMVCo and JPQR, merchant-presented).
    code: String,
    /// Opens the same in a browser.
    link: String,
    /// Both in pictures.
    pictures: Vec<ShopPicture>,
}

impl ShopCodeView {
    fn of(shown: ShownShopCode) -> Result<Self, Problem> {
        let draw = |kind, text: &str| {
            let data = picture::qr_svg(text, "Code of the shop").map_err(|error| {
                tracing::error!(%error, "a code of a shop could not be drawn");
                Problem::unavailable()
            })?;
            Ok::<_, Problem>(ShopPicture { kind, media_type: "image/svg+xml", data })
        };
        let pictures = vec![draw("qr_svg", &shown.code)?, draw("link_qr_svg", &shown.link)?];
        Ok(Self { code: shown.code, link: shown.link, pictures })
    }
}

/// A bill, as its terminal sees it. What became of it is told by an inquiry for the payment under its `request_id`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MadeBill {
    /// Its id.
    #[schema(example = "bil_0198c0de000070008000000000000001")]
    id: String,
    /// The terminal's own id, under which it will be paid.
    request_id: String,
    /// What it is for.
    kind: BillKind,
    /// How much, in minor units.
    amount: i64,
    /// Of what.
    currency: Currency,
    /// Its code.
    #[serde(flatten)]
    shown: ShopCodeView,
    /// Since when it can be paid, RFC 3339, UTC.
    #[schema(format = DateTime)]
    issued_at: String,
    /// The first moment at which it cannot.
    #[schema(format = DateTime)]
    expires_at: String,
}

/// Make a bill: a code of the shop that names an amount.
///
/// The same `request_id` with the same body gets the same bill again. A payment appears under this `request_id` when a member
/// has confirmed it; until then an inquiry for it is 404. After `expires_at`, or when the customer has gone, cancel the payment
/// by its `request_id`: only an accepted cancel is final.
#[utoipa::path(
    post, path = "/v1/bills", tag = "bills", operation_id = "makeBill",
    security(("terminal_token" = []), ("terminal_signature" = [])),
    request_body = BillBody,
    responses(
        (status = 201, description = "The bill", body = MadeBill),
        (status = 409, description = "The request_id stands for another request", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn make(
    State(web): State<Web>,
    AsTerminal(terminal): AsTerminal,
    JsonBody(body): JsonBody<BillBody>,
) -> Result<(StatusCode, Json<MadeBill>), Problem> {
    let asked = body.request_id.to_string();
    let note = Note { items: body.items, metadata: body.metadata, reason: None }.text(&asked)?;
    let kind = if body.kind == BillKind::TopUp { Kind::TopUp } else { Kind::Payment };
    let request = BillRequest { request_id: body.request_id, kind, amount: body.amount, note };
    let made = web.app.make_bill(&terminal, request).await.map_err(|fault| Problem::from(fault).for_request(&asked))?;
    let bill = MadeBill {
        id: made.bill.id.to_string(),
        request_id: asked,
        kind: made.bill.kind.into(),
        amount: made.bill.amount.get(),
        currency: Currency::Jpy,
        shown: ShopCodeView::of(made.shown)?,
        issued_at: made.bill.issued_at.to_string(),
        expires_at: made.bill.expires_at.to_string(),
    };
    Ok((StatusCode::CREATED, Json(bill)))
}

/// Ask for the code of this terminal's place, which names no amount: to be printed and put on the counter.
#[utoipa::path(
    get, path = "/v1/shop-code", tag = "bills", operation_id = "getShopCode",
    security(("terminal_token" = []), ("terminal_signature" = [])),
    responses((status = 200, description = "The code", body = ShopCodeView))
)]
pub(crate) async fn shop_code(
    State(web): State<Web>,
    AsTerminal(terminal): AsTerminal,
) -> Result<Json<ShopCodeView>, Problem> {
    Ok(Json(ShopCodeView::of(web.app.shop_code(&terminal).await?)?))
}

/// A code of a shop that a member scanned, and how much the member wants to pay where it names no amount.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScannedShopCode {
    /// The text of the QR code, or the link.
    #[schema(max_length = 512)]
    code: String,
    /// How much, in minor units.
    #[serde(default, deserialize_with = "amount_if_any")]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 9_999_999_999_999_i64)]
    amount: Option<Amount>,
}

/// Where a member pays.
#[derive(Debug, Serialize, ToSchema)]
struct PlaceView {
    /// The shop.
    shop_id: String,
    /// What it is called.
    shop_name: String,
    /// Whose it is.
    merchant_name: String,
    /// The terminal whose code it is: `/shop/{terminal_id}` opens the same in the wallet.
    terminal_id: String,
}

impl From<&Station> for PlaceView {
    fn from(station: &Station) -> Self {
        Self {
            shop_id: station.shop.id.to_string(),
            shop_name: station.shop.name.clone(),
            merchant_name: station.merchant.name.clone(),
            terminal_id: station.terminal.id.to_string(),
        }
    }
}

/// What a code of a shop leads to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReadShopCode {
    /// The bill to be paid; null if the code names no amount and none was given.
    bill_id: Option<String>,
    /// Where; null where a bill is given, which tells it itself.
    place: Option<PlaceView>,
}

/// Open a code of a shop.
///
/// A code that names an amount leads to its bill. One that does not tells the shop, and with `amount` makes a bill of it.
#[utoipa::path(
    post, path = "/v1/shop-codes/open", tag = "bills", operation_id = "openShopCode",
    security(("member_session" = [], "member_signature" = [])),
    request_body = ScannedShopCode,
    responses(
        (status = 200, description = "Where it leads", body = ReadShopCode),
        (status = 404, description = "No such bill, or no such place takes payments", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn open_code(
    State(web): State<Web>,
    AsMember(phone): AsMember,
    JsonBody(body): JsonBody<ScannedShopCode>,
) -> Result<Json<ReadShopCode>, Problem> {
    let read = match (web.app.read_shop_code(&body.code).await?, body.amount) {
        (Found::Bill(bill), _) => ReadShopCode { bill_id: Some(bill.to_string()), place: None },
        (Found::Place(station), None) => ReadShopCode { bill_id: None, place: Some((&*station).into()) },
        (Found::Place(station), Some(amount)) => {
            let bill = web.app.make_bill_at(&phone, station.terminal.id, amount).await?;
            ReadShopCode { bill_id: Some(bill.to_string()), place: None }
        }
    };
    Ok(Json(read))
}

fn bill_id(id: &str) -> Result<BillId, Problem> {
    id.parse().map_err(|_| Problem::not_found("There is no such bill."))
}

/// Ask for a bill: where, how much, and what became of it.
#[utoipa::path(
    get, path = "/v1/bills/{id}", tag = "bills", operation_id = "getBill",
    security(("member_session" = [], "member_signature" = [])),
    params(("id" = String, Path, description = "The id of the bill")),
    responses(
        (status = 200, description = "The bill", body = BillView),
        (status = 404, description = "No such bill", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(
    State(web): State<Web>,
    AsMember(phone): AsMember,
    Path(id): Path<String>,
) -> Result<Json<BillView>, Problem> {
    Ok(Json(web.app.open_bill(&phone, bill_id(&id)?).await?.into()))
}

/// Begin to confirm a bill with a passkey.
#[utoipa::path(
    post, path = "/v1/bills/{id}/confirm", tag = "bills", operation_id = "beginPayingBill",
    security(("member_session" = [], "member_signature" = [])),
    params(("id" = String, Path, description = "The id of the bill")),
    responses(
        (status = 200, description = "What to ask for the passkey by", body = Ceremony),
        (status = 404, description = "No such bill", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`not_this_device`, or `bill_closed`", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn begin(
    State(web): State<Web>,
    AsMember(phone): AsMember,
    Path(id): Path<String>,
) -> Result<Json<Ceremony>, Problem> {
    Ok(Ceremony::of(&web.app.begin_paying_bill(&phone, bill_id(&id)?).await?))
}

/// A member's confirmation of a bill.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfirmedBill {
    /// The ceremony that the confirmation belongs to.
    #[schema(pattern = "^cer_[0-9a-f]{32}$")]
    ceremony: String,
    /// The credential, as WebAuthn gives it in JSON.
    #[schema(value_type = Object)]
    credential: serde_json::Value,
    /// Whether points are used, beside money in the order of expiry.
    #[serde(default)]
    use_points: bool,
}

/// Pay a bill, confirmed with a passkey.
///
/// It is decided as a payment by a scanned code is, and recorded under the `request_id` of the terminal. Asking again for a bill
/// that this member has paid gets the same reply, with `Idempotent-Replay: true`, whatever the ceremony. After an unknown outcome
/// ask for the bill. A bill for cash (`top_up`) is not settled: the reply, 202, has a number that is to be typed at the machine.
#[utoipa::path(
    post, path = "/v1/bills/{id}/pay", tag = "bills", operation_id = "payBill",
    security(("member_session" = [], "member_signature" = [])),
    params(("id" = String, Path, description = "The id of the bill")),
    request_body = ConfirmedBill,
    responses(
        (status = 201, description = "Done", body = SettledBill),
        (status = 202, description = "For cash: confirmed, and its number is to be typed at the machine", body = ClaimedBill),
        (status = 401, description = "`passkey_refused`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such bill", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`not_this_device`, or `bill_closed`", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Refused; the code says why", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn pay(
    State(web): State<Web>,
    AsMember(phone): AsMember,
    Path(id): Path<String>,
    JsonBody(body): JsonBody<ConfirmedBill>,
) -> Result<Response, Problem> {
    let credential: PublicKeyCredential = answer(body.credential)?;
    let (id, ceremony) = (bill_id(&id)?, ceremony(&body.ceremony)?);
    let paid = match web.app.pay_bill(&phone, id, ceremony, &credential, body.use_points).await {
        Ok(Confirmed::Claimed(bill, claim)) => {
            return Ok((StatusCode::ACCEPTED, Json(ClaimedBill::of(&bill, claim))).into_response());
        }
        Ok(Confirmed::Settled(receipt)) => Ok(receipt),
        Err(fault) => Err(fault),
    };
    let asked = paid.as_ref().map(|receipt| receipt.record.key.request_id.to_string()).unwrap_or_default();
    reply(paid, &asked, SettledBill::of)
}

/// Have the trial member of a sandbox terminal pay one of its bills.
#[utoipa::path(
    post, path = "/v1/sandbox/bills/{id}/pay", tag = "sandbox", operation_id = "paySandboxBill",
    security(("terminal_token" = []), ("terminal_signature" = [])),
    params(("id" = String, Path, description = "The id of the bill")),
    responses(
        (status = 201, description = "Done", body = SettledBill),
        (status = 404, description = "No such bill of this terminal in the sandbox", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`bill_closed`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Refused; the code says why", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn pay_in_sandbox(
    State(web): State<Web>,
    AsTerminal(terminal): AsTerminal,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let paid = web.app.pay_sandbox_bill(&terminal, bill_id(&id)?).await;
    let asked = paid.as_ref().map(|receipt| receipt.record.key.request_id.to_string()).unwrap_or_default();
    reply(paid, &asked, SettledBill::of)
}
