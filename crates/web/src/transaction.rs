//! What the requests and replies about commands on money share.

use std::collections::BTreeMap;

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use warifu_app::{Fault, Receipt};
use warifu_core::code::Code;
use warifu_core::id::{PaymentId, RefundId, TopUpId};
use warifu_core::ledger::{Account, Kind, Transaction};
use warifu_core::lot::{LotAccount, Part, Step};
use warifu_core::money::{Amount, Unit};
use warifu_core::request::RequestId;
use warifu_core::time::Time;

use crate::problem::Problem;

/// The one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) enum Currency {
    /// Japanese yen; the minor unit is one yen.
    #[serde(rename = "JPY")]
    Jpy,
}

/// Something that was sold.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Item {
    /// The JAN code, 8 or 13 digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^([0-9]{8}|[0-9]{13})$")]
    pub(crate) jan_code: Option<String>,
    /// What it is called on the receipt, 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100)]
    pub(crate) name: String,
    /// What one costs, tax included, in minor units.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub(crate) unit_price: i64,
    /// How many.
    #[schema(minimum = 1, maximum = 9_999)]
    pub(crate) quantity: i64,
    /// The rate of the tax that the price includes, in whole percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 100)]
    pub(crate) tax_rate: Option<i64>,
}

/// What is remembered with a transaction and decides nothing.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Note {
    /// What was sold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) items: Vec<Item>,
    /// The till's own words.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) metadata: BTreeMap<String, String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

impl Note {
    /// What a record remembers.
    pub(crate) fn of(record: &Transaction) -> Self {
        record.note.as_deref().and_then(|note| serde_json::from_str(note).ok()).unwrap_or_default()
    }

    /// The text that is stored with what `request_id` asks for: the same for the same contents. `None` if there is nothing.
    pub(crate) fn text(&self, request_id: &str) -> Result<Option<String>, Problem> {
        self.check().map_err(|wrong| Problem::invalid(wrong).for_request(request_id))?;
        if self.items.is_empty() && self.metadata.is_empty() && self.reason.is_none() {
            return Ok(None);
        }
        Ok(serde_json::to_string(self).ok())
    }

    fn check(&self) -> Result<(), &'static str> {
        let readable =
            |text: &str, most: usize| (1..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        if self.items.len() > 200 {
            return Err("items are at most 200. Nothing was done.");
        }
        for item in &self.items {
            let digits = |code: &String| matches!(code.len(), 8 | 13) && code.bytes().all(|byte| byte.is_ascii_digit());
            if item.jan_code.as_ref().is_some_and(|code| !digits(code)) {
                return Err("a jan_code is 8 or 13 digits. Nothing was done.");
            }
            if !readable(&item.name, 100) {
                return Err("the name of an item is 1 to 100 characters. Nothing was done.");
            }
            if Amount::new(item.unit_price).is_none() || !(1..=9_999).contains(&item.quantity) {
                return Err("a unit_price is 0 or more, a quantity 1 to 9999. Nothing was done.");
            }
            if item.tax_rate.is_some_and(|rate| !(0..=100).contains(&rate)) {
                return Err("a tax_rate is 0 to 100 percent. Nothing was done.");
            }
        }
        if self.metadata.len() > 20
            || !self.metadata.iter().all(|(key, value)| readable(key, 40) && readable(value, 200))
        {
            return Err(
                "metadata are at most 20 pairs, keys 1 to 40 and values 1 to 200 characters. Nothing was done.",
            );
        }
        if self.reason.as_ref().is_some_and(|reason| !readable(reason, 500)) {
            return Err("a reason is 1 to 500 characters. Nothing was done.");
        }
        Ok(())
    }
}

/// A part of a lot of the wallet.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Source {
    /// `paid`, `bonus` or `points`.
    #[schema(example = "paid")]
    account: &'static str,
    /// The number of the lot in its wallet.
    lot: i64,
    /// How much of it, in minor units.
    amount: i64,
    /// The first moment at which it cannot be spent; null if there is none.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

impl From<&Part> for Source {
    fn from(part: &Part) -> Self {
        Self {
            account: part.account.text(),
            lot: part.lot,
            amount: part.amount.get(),
            expires_at: part.expires_at.map(|time: Time| time.to_string()),
        }
    }
}

/// A request that carries nothing but its id.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlainRequest {
    /// The terminal's own id for this request.
    #[serde(deserialize_with = "request_id")]
    #[schema(value_type = String, pattern = "^[!-~]{1,64}$", min_length = 1, max_length = 64, example = "till-7-000124")]
    pub(crate) request_id: RequestId,
}

/// A cancel.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CancelRequest {
    /// The terminal's own id for the cancel itself; not that of what it cancels.
    #[serde(deserialize_with = "request_id")]
    #[schema(value_type = String, pattern = "^[!-~]{1,64}$", min_length = 1, max_length = 64, example = "till-7-000124")]
    pub(crate) request_id: RequestId,
    /// Why, 1 to 500 characters.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub(crate) reason: Option<String>,
}

pub(crate) fn request_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RequestId, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

pub(crate) fn code<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Code, D::Error> {
    Code::read(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

pub(crate) fn amount<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Amount, D::Error> {
    check_amount(i64::deserialize(deserializer)?)
}

/// An amount that may be left out; null is as good as nothing.
pub(crate) fn amount_if_any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Amount>, D::Error> {
    Option::<i64>::deserialize(deserializer)?.map(check_amount).transpose()
}

fn check_amount<E: serde::de::Error>(minor_units: i64) -> Result<Amount, E> {
    Amount::new(minor_units)
        .filter(|amount| !amount.is_zero())
        .ok_or_else(|| E::custom("an amount is 1 to 9007199254740991 minor units"))
}

/// The yen that a refund or cancel kept back for points that were not there any more: what the shop paid to the issuer, less
/// what that paid for points that went back.
pub(crate) fn kept_back(record: &Transaction) -> i64 {
    let (Some(done), Kind::Refund | Kind::Cancel) = (record.done(), record.kind) else { return 0 };
    let to_issuer =
        done.transfers.iter().filter(|it| it.credit == Account::IssuerPointsExpense && it.unit == Unit::Jpy);
    let to_issuer = to_issuer.fold(0_i64, |sum, it| sum.saturating_add(it.amount.get()));
    let returned = done.moves.iter().filter(|it| it.step == Step::In && it.part.account == LotAccount::Points);
    returned.fold(to_issuer, |sum, it| sum.saturating_sub(it.part.amount.get()))
}

/// The id of a transaction as its kind's readers know it.
pub(crate) fn public_id(record: &Transaction) -> String {
    match record.kind {
        Kind::Payment | Kind::Authorization => PaymentId::from(record.id).to_string(),
        Kind::Refund => RefundId::from(record.id).to_string(),
        Kind::TopUp | Kind::Exchange | Kind::Grant => TopUpId::from(record.id).to_string(),
        _ => record.id.to_string(),
    }
}

/// Says on a reply that it is that of an earlier request with the same id.
static IDEMPOTENT_REPLAY: HeaderName = HeaderName::from_static("idempotent-replay");

/// The reply to a command: what was recorded, or the refusal that was. Made from the record alone, so that a replay is the
/// very same.
pub(crate) fn reply<T: Serialize>(
    answer: Result<Receipt, Fault>,
    request_id: &str,
    view: impl FnOnce(&Transaction) -> T,
) -> Result<Response, Problem> {
    let receipt = answer.map_err(|fault| Problem::from(fault).for_request(request_id))?;
    let record = &receipt.record;
    let mut response = match receipt.refusal() {
        None => (StatusCode::CREATED, Json(view(record))).into_response(),
        Some(refusal) => {
            let (trace_id, is_replay) = (trace_id(record), receipt.replayed);
            tracing::debug!(trace_id, refusal = refusal.word(), is_replay, "refused");
            Problem::refused(refusal, public_id(record), request_id, trace_id).into_response()
        }
    };
    if receipt.replayed {
        response.headers_mut().insert(IDEMPOTENT_REPLAY.clone(), HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// The trace id of the request that was recorded: the hex digits of the transaction's id.
fn trace_id(record: &Transaction) -> String {
    record.id.to_string().trim_start_matches("txn_").to_owned()
}
