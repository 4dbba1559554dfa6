//! What the replies about payments and top-ups share.

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use warifu_app::{ByCode, Receipt};
use warifu_core::code::Code;
use warifu_core::ledger::{Outcome, Transaction};
use warifu_core::money::Amount;
use warifu_core::request::RequestId;

use crate::body::word;
use crate::problem::Problem;

/// The one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) enum Currency {
    /// Japanese yen; the minor unit is one yen.
    #[serde(rename = "JPY")]
    Jpy,
}

/// What a terminal asks for, by the code that a member shows.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CodeRequest {
    /// The terminal's own id for this request, 1 to 64 printable ASCII characters without space. The same id with the same
    /// body gets the same reply; with another body it is a conflict.
    #[serde(deserialize_with = "request_id")]
    #[schema(value_type = String, pattern = "^[!-~]{1,64}$", min_length = 1, max_length = 64, example = "till-7-000123")]
    pub(crate) request_id: RequestId,
    /// What the scanner read: the 24 digits of the barcode, or the text of the QR code.
    #[serde(deserialize_with = "code")]
    #[schema(value_type = String, pattern = "^[0-9]{24}$", example = "900001231234567890123456")]
    pub(crate) code: Code,
    /// How much, in minor units.
    #[serde(deserialize_with = "amount")]
    #[schema(value_type = i64, minimum = 1, maximum = 9_007_199_254_740_991_i64, example = 1200)]
    pub(crate) amount: Amount,
    /// Of what.
    #[serde(deserialize_with = "word")]
    #[allow(dead_code, reason = "checked by being read: there is one currency")]
    pub(crate) currency: Currency,
}

impl From<CodeRequest> for ByCode {
    fn from(request: CodeRequest) -> Self {
        Self { request_id: request.request_id, code: request.code, amount: request.amount }
    }
}

fn request_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RequestId, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

fn code<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Code, D::Error> {
    Code::read(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

fn amount<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Amount, D::Error> {
    Amount::new(i64::deserialize(deserializer)?)
        .filter(|amount| !amount.is_zero())
        .ok_or_else(|| serde::de::Error::custom("an amount is 1 to 9007199254740991 minor units"))
}

/// Says on a reply that it is that of an earlier request with the same id.
static IDEMPOTENT_REPLAY: HeaderName = HeaderName::from_static("idempotent-replay");

/// The reply to a command: what was recorded, or the refusal that was. Made from the record alone, so that a replay is the
/// very same.
pub(crate) fn reply<T: Serialize>(receipt: &Receipt, id: String, view: T) -> Response {
    let record = &receipt.record;
    let mut response = match record.outcome {
        Outcome::Done { .. } => (StatusCode::CREATED, Json(view)).into_response(),
        Outcome::Refused(refusal) => {
            let (trace_id, is_replay) = (trace_id(record), receipt.replayed);
            tracing::debug!(trace_id, refusal = refusal.word(), is_replay, "refused");
            Problem::refused(refusal, id, record.key.request_id.as_str(), trace_id).into_response()
        }
    };
    if receipt.replayed {
        response.headers_mut().insert(IDEMPOTENT_REPLAY.clone(), HeaderValue::from_static("true"));
    }
    response
}

/// The trace id of the request that was recorded: the hex digits of the transaction's id.
fn trace_id(record: &Transaction) -> String {
    record.id.to_string().trim_start_matches("txn_").to_owned()
}
