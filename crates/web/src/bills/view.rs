//! A bill as members see it, and what was recorded of it.

use serde::Serialize;
use utoipa::ToSchema;
use warifu_app::{BillState, OpenBill};
use warifu_core::ledger::{Kind, Transaction};
use warifu_core::refusal::Refusal;

use super::{BillKind, PlaceView};
use crate::transaction::{Currency, Item, Note, public_id};

/// What became of a bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum BillStateView {
    /// It can be paid.
    Open,
    /// Confirmed by the member who asks: cash of a machine, where `number` is to be typed.
    Claimed,
    /// Done by the member who asks.
    Paid,
    /// What the member who asks confirmed was refused; `settled` says why.
    Refused,
    /// Undone by the shop, after the member who asks had done it.
    Canceled,
    /// Done by somebody else, or cancelled by the shop.
    Closed,
    /// Its time is over, but a payment may still be on its way: ask again in a few seconds.
    Settling,
    /// Its time is over and nothing was moved.
    Expired,
}

/// A bill, as a member sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BillView {
    /// Its id.
    id: String,
    /// What became of it.
    state: BillStateView,
    /// What it is for.
    kind: BillKind,
    /// How much, in minor units.
    amount: i64,
    /// Of what.
    currency: Currency,
    /// Where.
    #[serde(flatten)]
    place: PlaceView,
    /// What is sold.
    items: Vec<Item>,
    /// The first moment at which it cannot be paid, RFC 3339, UTC.
    #[schema(format = DateTime)]
    expires_at: String,
    /// What the member who asks is to type at the machine; null unless it is `claimed`.
    #[schema(pattern = "^[0-9]{4}$", example = "4821")]
    number: Option<String>,
    /// What was recorded of the member who asks, done or refused.
    settled: Option<SettledBill>,
}

/// What was recorded when a member confirmed a bill.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SettledBill {
    /// Of the payment or top-up.
    #[schema(example = "pay_0198c0de000070008000000000000001")]
    id: String,
    /// Which of them.
    kind: BillKind,
    /// How much, in minor units.
    amount: i64,
    /// Of what.
    currency: Currency,
    /// Why it was refused, if it was: a stable word.
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<&'static str>,
    /// The points that it earned.
    points_earned: i64,
    /// When, RFC 3339, UTC.
    #[schema(format = DateTime)]
    created_at: String,
}

impl SettledBill {
    pub(super) fn of(record: &Transaction) -> Self {
        let totals = record.done().and_then(|done| done.totals).unwrap_or_default();
        Self {
            id: public_id(record),
            kind: record.kind.into(),
            amount: record.amount.get(),
            currency: Currency::Jpy,
            refusal: record.refusal().map(Refusal::word),
            points_earned: totals.points_earned.get(),
            created_at: record.at.to_string(),
        }
    }
}

impl From<OpenBill> for BillView {
    fn from(OpenBill { bill, station, state }: OpenBill) -> Self {
        let note: Note = bill.note.as_deref().and_then(|note| serde_json::from_str(note).ok()).unwrap_or_default();
        let number = if let BillState::Claimed(number) = &state { Some(number.clone()) } else { None };
        let (state, settled) = match state {
            BillState::Open => (BillStateView::Open, None),
            BillState::Claimed(_) => (BillStateView::Claimed, None),
            BillState::Closed => (BillStateView::Closed, None),
            BillState::Settling => (BillStateView::Settling, None),
            BillState::Expired => (BillStateView::Expired, None),
            BillState::Mine(course) => {
                let is_canceled = course.followers.iter().any(|it| matches!(it.kind, Kind::Cancel | Kind::TopUpCancel));
                let state = match course.record.refusal() {
                    Some(_) => BillStateView::Refused,
                    None if is_canceled => BillStateView::Canceled,
                    None => BillStateView::Paid,
                };
                (state, Some(SettledBill::of(&course.record)))
            }
        };
        Self {
            id: bill.id.to_string(),
            state,
            kind: bill.kind.into(),
            amount: bill.amount.get(),
            currency: Currency::Jpy,
            place: (&station).into(),
            items: note.items,
            expires_at: bill.expires_at.to_string(),
            number,
            settled,
        }
    }
}
