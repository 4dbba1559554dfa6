//! `/v1/history`: what changed a member's wallet, newest first, with the transfers of each transaction.

use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use warifu_app::HistoryItem;
use warifu_core::id::{PaymentId, TopUpId};
use warifu_core::ledger::{Kind, Outcome, Transfer};
use warifu_core::money::Amount;

use crate::body::CheckedQuery;
use crate::caller::AsMember;
use crate::problem::Problem;
use crate::state::Web;
use crate::transaction::Currency;

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

/// A line of the history.
#[derive(Debug, Serialize, ToSchema)]
struct HistoryLine {
    /// The payment or top-up.
    id: String,
    /// `payment` or `top_up`.
    #[schema(example = "payment")]
    kind: &'static str,
    /// How much, in minor units.
    amount: i64,
    /// Of what.
    currency: Currency,
    /// Where.
    shop: ShopName,
    /// When, RFC 3339, UTC.
    #[schema(format = DateTime)]
    created_at: String,
    /// The date that it counts under in the books.
    #[schema(format = Date)]
    business_date: String,
    /// Which version of the wallet it made.
    wallet_version: Option<i64>,
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
    security(("member_token" = [])),
    params(HistoryQuery),
    responses((status = 200, description = "A page of the history", body = History))
)]
pub(crate) async fn list(
    State(web): State<Web>,
    AsMember(member): AsMember,
    CheckedQuery(query): CheckedQuery<HistoryQuery>,
) -> Result<Json<History>, Problem> {
    let limit = query.limit.unwrap_or(50);
    if !(1..=200).contains(&limit) {
        return Err(Problem::invalid("limit is 1 to 200."));
    }
    let before = query.cursor.as_deref().map(read_cursor).transpose()?;
    let page = web.app.history(member, before, limit).await?;
    Ok(Json(History { items: page.items.iter().map(line).collect(), next_cursor: page.next.map(write_cursor) }))
}

fn line(item: &HistoryItem) -> HistoryLine {
    let record = &item.record;
    let transfers = match &record.outcome {
        Outcome::Done { transfers, .. } => transfers.iter().map(LedgerTransfer::from).collect(),
        Outcome::Refused(_) => Vec::new(),
    };
    HistoryLine {
        id: match record.kind {
            Kind::Payment => PaymentId::from(record.id).to_string(),
            Kind::TopUp => TopUpId::from(record.id).to_string(),
        },
        kind: record.kind.text(),
        amount: record.amount.get(),
        currency: Currency::Jpy,
        shop: ShopName { id: record.shop.to_string(), name: item.shop.as_ref().map(|shop| shop.name.clone()) },
        created_at: record.at.to_string(),
        business_date: record.business_date.to_string(),
        wallet_version: record.wallet_version(),
        transfers,
    }
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
