//! `/v1/history`: what changed a member's wallet, newest first, with the transfers of each transaction.

use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use warifu_app::HistoryItem;
use warifu_core::id::{PaymentId, TopUpId};
use warifu_core::ledger::{Kind, Transaction, Transfer};
use warifu_core::lot::Step;
use warifu_core::money::{Amount, Unit};
use warifu_core::refusal::Refusal;

use crate::body::{CheckedQuery, page_limit};
use crate::caller::AsMember;
use crate::problem::Problem;
use crate::state::Web;
use crate::transaction::{Currency, Item, Note, Source, public_id};

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct HistoryQuery {
    /// How many lines at most, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u16>,
    /// `next_cursor` of the page before; absent for the first.
    cursor: Option<String>,
}

/// Where it happened.
#[derive(Debug, Serialize, ToSchema)]
struct ShopName {
    /// The shop.
    id: String,
    /// As it is called now.
    name: Option<String>,
}

/// One movement of value in the ledger.
#[derive(Debug, Serialize, ToSchema)]
struct LedgerTransfer {
    /// The account that is debited.
    #[schema(example = "wallet:paid")]
    debit: &'static str,
    /// The account that is credited.
    #[schema(example = "shop:payable")]
    credit: &'static str,
    /// How much, in minor units.
    amount: i64,
    /// Of what.
    unit: &'static str,
    /// What the wallet's account holds after it.
    balance_after: Option<i64>,
}

impl From<&Transfer> for LedgerTransfer {
    fn from(transfer: &Transfer) -> Self {
        Self {
            debit: transfer.debit.text(),
            credit: transfer.credit.text(),
            amount: transfer.amount.get(),
            unit: transfer.unit.text(),
            balance_after: transfer.debit_after.or(transfer.credit_after).map(Amount::get),
        }
    }
}

/// What happened to a lot.
#[derive(Debug, Serialize, ToSchema)]
struct LotChange {
    /// `in`, `out`, `expire`, `hold`, `capture` (out of a hold) or `release` (out of a hold, back).
    #[schema(example = "out")]
    step: &'static str,
    /// The part of the lot.
    #[serde(flatten)]
    part: Source,
}

/// A line of the history.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HistoryLine {
    /// The payment, refund, top-up or other transaction.
    id: String,
    /// `payment`, `authorization`, `capture`, `void`, `cancel`, `refund`, `top_up`, `top_up_cancel`, `exchange`, `grant`,
    /// `correction`, `compensation` or `expiry`.
    #[schema(example = "payment")]
    kind: &'static str,
    /// The payment or top-up that it follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    follows: Option<String>,
    /// How much, in minor units: of points, where only points moved.
    amount: i64,
    /// Of what.
    currency: Currency,
    /// What the spendable yen changed by.
    change: i64,
    /// What the usable points changed by.
    points_change: i64,
    /// Where; absent if it did not happen in a shop.
    #[serde(skip_serializing_if = "Option::is_none")]
    shop: Option<ShopName>,
    /// When, RFC 3339, UTC.
    #[schema(format = DateTime)]
    created_at: String,
    /// The date that it counts under in the books.
    #[schema(format = Date)]
    business_date: String,
    /// Which version of the wallet it made.
    wallet_version: Option<i64>,
    /// What was sold.
    /// The word of the refusal, in live updates; the history has only what was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<&'static str>,
    items: Vec<Item>,
    /// Why, for corrections and the like.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// What came into lots or out of them, in order.
    lots: Vec<LotChange>,
    /// What moved.
    transfers: Vec<LedgerTransfer>,
}

/// A page of the history.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct History {
    /// The lines, newest first.
    items: Vec<HistoryLine>,
    /// Ask with this for the next page; null at the end.
    next_cursor: Option<String>,
}

/// Ask what changed the own wallet.
///
/// Newest first, in a stable order: what is recorded meanwhile does not shift later pages.
#[utoipa::path(
    get,
    path = "/v1/history",
    tag = "history",
    operation_id = "listHistory",
    security(("member_session" = [], "member_signature" = [])),
    params(HistoryQuery),
    responses((status = 200, description = "A page of the history", body = History))
)]
pub(crate) async fn list(
    State(web): State<Web>,
    AsMember(phone): AsMember,
    CheckedQuery(query): CheckedQuery<HistoryQuery>,
) -> Result<Json<History>, Problem> {
    let limit = page_limit(query.limit)?;
    let before = query.cursor.as_deref().map(read_cursor).transpose()?;
    let page = web.app.history(phone.member, before, limit).await?;
    Ok(Json(History { items: page.items.iter().map(line).collect(), next_cursor: page.next.map(write_cursor) }))
}

pub(crate) fn line(item: &HistoryItem) -> HistoryLine {
    let record = &item.record;
    let done = record.done();
    let note = Note::of(record);
    let (change, points_change) = changes(record);
    HistoryLine {
        id: public_id(record),
        kind: record.kind.text(),
        follows: record.parent.map(|parent| match record.kind {
            Kind::TopUpCancel => TopUpId::from(parent).to_string(),
            _ => PaymentId::from(parent).to_string(),
        }),
        amount: record.amount.get(),
        currency: Currency::Jpy,
        change,
        points_change,
        shop: record
            .shop
            .map(|shop| ShopName { id: shop.to_string(), name: item.shop.as_ref().map(|shop| shop.name.clone()) }),
        created_at: record.at.to_string(),
        business_date: record.business_date.to_string(),
        wallet_version: record.wallet_version(),
        refusal: record.refusal().map(Refusal::word),
        items: note.items,
        reason: note.reason,
        lots: done
            .iter()
            .flat_map(|done| &done.moves)
            .map(|it| LotChange { step: it.step.text(), part: (&it.part).into() })
            .collect(),
        transfers: done.iter().flat_map(|done| &done.transfers).map(LedgerTransfer::from).collect(),
    }
}

/// What the spendable yen and the usable points changed by.
fn changes(record: &Transaction) -> (i64, i64) {
    let mut changes = (0_i64, 0_i64);
    for it in record.done().iter().flat_map(|done| &done.moves) {
        let amount = match it.step {
            Step::In | Step::Release => it.part.amount.get(),
            Step::Out | Step::Expire | Step::Hold => it.part.amount.get().saturating_neg(),
            Step::Capture => 0,
        };
        let change = if it.part.account.unit() == Unit::Point { &mut changes.1 } else { &mut changes.0 };
        *change = change.saturating_add(amount);
    }
    changes
}

/// A cursor is opaque to callers: Base64 of `v` and the wallet version before which the page begins.
fn write_cursor(before: i64) -> String {
    URL_SAFE_NO_PAD.encode(format!("v{before}"))
}

fn read_cursor(cursor: &str) -> Result<i64, Problem> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .and_then(|text| text.strip_prefix('v')?.parse().ok())
        .filter(|before| write_cursor(*before) == cursor)
        .ok_or_else(|| Problem::invalid("cursor is not one that a page of this list gave."))
}
