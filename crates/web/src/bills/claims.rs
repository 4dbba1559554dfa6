//! Cash of a machine: a member confirms its bill and is given a number, which is typed at the machine.

use axum::extract::{Path, State};
use axum::response::Response;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use warifu_app::{Bill, BillClaim};
use warifu_core::id::BillId;

use super::view::SettledBill;
use super::{BillKind, bill_id};
use crate::body::JsonBody;
use crate::caller::AsTerminal;
use crate::problem::Problem;
use crate::state::Web;
use crate::transaction::{Currency, reply};

/// A bill of a machine that a member has confirmed: nothing was moved yet.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClaimedBill {
    /// Of the bill.
    #[schema(example = "bil_0198c0de000070008000000000000001")]
    id: String,
    /// What it is for.
    kind: BillKind,
    /// How much, in minor units.
    amount: i64,
    /// Of what.
    currency: Currency,
    /// What is to be typed at the machine.
    #[schema(pattern = "^[0-9]{4}$", example = "4821")]
    number: String,
}

impl ClaimedBill {
    pub(super) fn of(bill: &Bill, claim: BillClaim) -> Self {
        Self {
            id: bill.id.to_string(),
            kind: bill.kind.into(),
            amount: bill.amount.get(),
            currency: Currency::Jpy,
            number: claim.number,
        }
    }
}

/// The number that a customer typed at the machine.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Release {
    /// What the customer's phone shows.
    #[serde(deserialize_with = "number")]
    #[schema(pattern = "^[0-9]{4}$", min_length = 4, max_length = 4, example = "4821")]
    number: String,
}

fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    let is_number = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { Ok(text) } else { Err(serde::de::Error::custom("a number is four digits")) }
}

/// Give the cash of a bill to the member whose phone shows this number.
///
/// It is recorded under the `request_id` of the bill. The same number again gets the same reply, with `Idempotent-Replay: true`.
/// After an unknown outcome inquire by the `request_id`.
#[utoipa::path(
    post, path = "/v1/bills/{id}/release", tag = "bills", operation_id = "releaseBill",
    security(("terminal_token" = []), ("terminal_signature" = [])),
    params(("id" = String, Path, description = "The id of the bill")),
    request_body = Release,
    responses(
        (status = 201, description = "Done", body = SettledBill),
        (status = 404, description = "No such bill of this terminal", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`number_unknown`, `not_this_device`, or `bill_closed`", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Refused; the code says why", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn release(
    State(web): State<Web>,
    AsTerminal(terminal): AsTerminal,
    Path(id): Path<String>,
    JsonBody(body): JsonBody<Release>,
) -> Result<Response, Problem> {
    let id: BillId = bill_id(&id)?;
    let released = web.app.release_bill(&terminal, id, &body.number).await;
    let asked = released.as_ref().map(|receipt| receipt.record.key.request_id.to_string()).unwrap_or_default();
    reply(released, &asked, SettledBill::of)
}
