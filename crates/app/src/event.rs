//! Events: every transaction of the journal, refused ones included, as partners are told of it.
//!
//! An event is made of the recorded transaction alone, so it reads the same whenever it is asked for, and the same in a list
//! as in a webhook. It holds no code, no secret and no balance of a member.

pub(crate) mod cursor;
pub(crate) mod feed;
pub(crate) mod shops;

use serde::Serialize;
use warifu_core::id::EventId;
use warifu_core::ledger::{Kind, Transaction as Record, Transfer};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// `evt_` and the 32 hex digits of the transaction's id.
    pub id: String,
    /// What happened: `noun.verb.v1`.
    #[serde(rename = "type")]
    pub event_type: &'static str,
    /// When it was recorded, RFC 3339, UTC.
    pub created_at: String,
    /// The date that it counts under in the books.
    pub business_date: String,
    /// The transaction.
    pub data: EventData,
}

/// The transaction that an event is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EventData {
    /// `txn_...`; a payment's or top-up's own id has the same digits.
    pub transaction_id: String,
    /// What it is for: `payment`, `refund`, `top_up` and so on.
    pub kind: &'static str,
    /// Where; `None` if it did not happen in a shop.
    pub shop_id: Option<String>,
    /// Which terminal asked, if one did.
    pub terminal_id: Option<String>,
    /// Whose wallet; unknown if the code was.
    pub wallet_id: Option<String>,
    /// The caller's own id for the request.
    pub request_id: String,
    /// `txn_...` of the payment or top-up that it follows.
    pub follows: Option<String>,
    /// The caller's own id that a cancel holds for a request that has not arrived.
    pub canceled_request_id: Option<String>,
    /// How much was asked for, in minor units.
    pub amount: i64,
    /// Of what.
    pub currency: &'static str,
    /// Why it was refused, if it was.
    pub refusal: Option<&'static str>,
    /// What moved in the ledger; nothing if it was refused.
    pub transfers: Vec<EventTransfer>,
}

/// One movement of value in the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EventTransfer {
    /// The account that is debited.
    pub debit: &'static str,
    /// The account that is credited.
    pub credit: &'static str,
    /// How much, in minor units.
    pub amount: i64,
    /// Of what.
    pub unit: &'static str,
}

/// What an event is called, by the kind of its transaction and by whether it was done.
const fn event_type(kind: Kind, is_done: bool) -> &'static str {
    match (kind, is_done) {
        (Kind::Payment, true) => "payment.captured.v1",
        (Kind::Payment, false) => "payment.refused.v1",
        (Kind::Authorization, true) => "payment.authorized.v1",
        (Kind::Authorization, false) => "authorization.refused.v1",
        (Kind::Capture, true) => "capture.completed.v1",
        (Kind::Capture, false) => "capture.refused.v1",
        (Kind::Void, true) => "payment.voided.v1",
        (Kind::Void, false) => "void.refused.v1",
        (Kind::Cancel, true) => "payment.canceled.v1",
        (Kind::Cancel, false) => "cancel.refused.v1",
        (Kind::Refund, true) => "refund.completed.v1",
        (Kind::Refund, false) => "refund.refused.v1",
        (Kind::TopUp, true) => "top_up.completed.v1",
        (Kind::TopUp, false) => "top_up.refused.v1",
        (Kind::TopUpCancel, true) => "top_up.canceled.v1",
        (Kind::TopUpCancel, false) => "top_up_cancel.refused.v1",
        (Kind::Exchange, true) => "exchange.completed.v1",
        (Kind::Exchange, false) => "exchange.refused.v1",
        (Kind::Grant, true) => "grant.completed.v1",
        (Kind::Grant, false) => "grant.refused.v1",
        (Kind::Correction, true) => "correction.completed.v1",
        (Kind::Correction, false) => "correction.refused.v1",
        (Kind::Compensation, true) => "compensation.completed.v1",
        (Kind::Compensation, false) => "compensation.refused.v1",
        (Kind::Expiry, true) => "expiry.completed.v1",
        (Kind::Expiry, false) => "expiry.refused.v1",
    }
}

impl Event {
    /// What the event of a transaction is called.
    #[must_use]
    pub const fn type_of(record: &Record) -> &'static str {
        event_type(record.kind, record.done().is_some())
    }

    /// Every type of event that there is.
    #[must_use]
    pub fn types() -> Vec<&'static str> {
        Kind::ALL.iter().flat_map(|kind| [event_type(*kind, true), event_type(*kind, false)]).collect()
    }
}

impl From<&Record> for Event {
    fn from(record: &Record) -> Self {
        let transfers = record.done().map(|done| done.transfers.as_slice()).unwrap_or_default();
        Self {
            id: EventId::from(record.id).to_string(),
            event_type: Self::type_of(record),
            created_at: record.at.to_string(),
            business_date: record.business_date.to_string(),
            data: EventData {
                transaction_id: record.id.to_string(),
                kind: record.kind.text(),
                shop_id: record.shop.map(|shop| shop.to_string()),
                // Only terminals ask in shops.
                terminal_id: record.shop.map(|_| record.key.caller.terminal().to_string()),
                wallet_id: record.wallet.map(|wallet| wallet.to_string()),
                request_id: record.key.request_id.to_string(),
                follows: record.parent.map(|parent| parent.to_string()),
                canceled_request_id: record.target.as_ref().map(ToString::to_string),
                amount: record.amount.get(),
                currency: record.unit.text(),
                refusal: record.refusal().map(|refusal| refusal.word()),
                transfers: transfers.iter().map(EventTransfer::from).collect(),
            },
        }
    }
}

impl From<&Transfer> for EventTransfer {
    fn from(transfer: &Transfer) -> Self {
        Self {
            debit: transfer.debit.text(),
            credit: transfer.credit.text(),
            amount: transfer.amount.get(),
            unit: transfer.unit.text(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_distinct_and_named_alike() {
        let mut types = Event::types();
        for name in &types {
            let parts: Vec<_> = name.split('.').collect();
            let is_word = |part: &str| part.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
            assert!(matches!(parts.as_slice(), [noun, verb, "v1"] if is_word(noun) && is_word(verb)), "{name}");
        }
        let count = types.len();
        types.sort_unstable();
        types.dedup();
        assert_eq!(types.len(), count);
    }
}
