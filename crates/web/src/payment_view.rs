//! Payments as they are shown: a payment with all that followed it, and one step of it.

use serde::Serialize;
use utoipa::ToSchema;
use warifu_app::Course;
use warifu_core::id::PaymentId;
use warifu_core::ledger::{Kind, Transaction};
use warifu_core::lot::Step;
use warifu_core::payment::{Payment as Folded, PaymentState as State, Totals};

use crate::transaction::{Currency, Item, Note, Source, kept_back, public_id};

/// What became of a payment.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PaymentState {
    /// Held for the shop; nothing is captured yet.
    Authorized,
    /// The money is the shop's, or what was captured of it.
    Captured,
    /// Some of what was captured went back.
    PartiallyRefunded,
    /// All that was captured went back.
    Refunded,
    /// Undone, perhaps before it arrived. Final.
    Canceled,
    /// Let go before anything was captured.
    Voided,
    /// The hold expired before anything was captured.
    Expired,
    /// Nothing was moved; `refusal` says why.
    Refused,
}

impl From<State> for PaymentState {
    fn from(state: State) -> Self {
        match state {
            State::Authorized => Self::Authorized,
            State::Captured => Self::Captured,
            State::PartiallyRefunded => Self::PartiallyRefunded,
            State::Refunded => Self::Refunded,
            State::Canceled => Self::Canceled,
            State::Voided => Self::Voided,
            State::Expired => Self::Expired,
        }
    }
}

/// A refund of a payment, in a line.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RefundLine {
    /// Its id.
    id: String,
    /// How much, in minor units.
    amount: i64,
    /// When, RFC 3339, UTC.
    #[schema(format = DateTime)]
    created_at: String,
}

/// A payment.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Payment {
    /// Its id.
    #[schema(example = "pay_0198c0de000070008000000000000001")]
    id: String,
    /// What became of it.
    state: PaymentState,
    /// Why it was refused, if it was: a stable word.
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<&'static str>,
    /// How much was asked for, in minor units; absent if it was cancelled before it arrived.
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<i64>,
    /// Of what.
    currency: Currency,
    /// How much of it was captured.
    captured: i64,
    /// How much of that was refunded.
    refunded: i64,
    /// How much can still be captured.
    capturable: i64,
    /// Until when, RFC 3339, UTC; absent if it was captured at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    capture_before: Option<String>,
    /// The points that it earned.
    points_earned: i64,
    /// The points that refunds took back.
    points_taken_back: i64,
    /// What it was paid with, or what is held for it, in the order of drawing.
    sources: Vec<Source>,
    /// What was sold.
    items: Vec<Item>,
    /// The till's own words; for terminals only.
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    metadata: std::collections::BTreeMap<String, String>,
    /// Its refunds, the oldest first.
    refunds: Vec<RefundLine>,
    /// The shop.
    #[serde(skip_serializing_if = "Option::is_none")]
    shop_id: Option<String>,
    /// The terminal that took it.
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

impl Payment {
    /// A payment as it was recorded, before anything followed it.
    pub(crate) fn recorded(record: &Transaction) -> Self {
        let payment = Folded::begun_by(record);
        Self::of(&Course { record: record.clone(), followers: Vec::new(), payment, at: record.at }, true)
    }

    /// A payment with all that followed it. Metadata are shown to whoever gave them.
    pub(crate) fn of(course: &Course, to_terminal: bool) -> Self {
        let record = &course.record;
        // A cancel that came first stands where the payment would.
        let came_first = record.target.as_ref();
        let is_canceled = came_first.is_some() || course.followers.iter().any(|follower| follower.kind == Kind::Cancel);
        let state = match &course.payment {
            Some(payment) => payment.state(course.at).into(),
            None if is_canceled => PaymentState::Canceled,
            None => PaymentState::Refused,
        };
        let totals = course.payment.as_ref().map(|payment| payment.totals).unwrap_or_default();
        let note = Note::of(record);
        let drawn = [Step::Out, Step::Hold];
        let moves = record.done().map(|done| done.moves.as_slice()).unwrap_or_default();
        Self {
            id: public_id(record),
            state,
            refusal: record.refusal().map(|refusal| refusal.word()),
            amount: came_first.is_none().then(|| record.amount.get()),
            currency: Currency::Jpy,
            captured: totals.captured.get(),
            refunded: totals.refunded.get(),
            capturable: course.payment.as_ref().map_or(0, |payment| payment.capturable(course.at).get()),
            capture_before: record.done().and_then(|done| done.hold_expires_at).map(|time| time.to_string()),
            points_earned: totals.points_earned.get(),
            points_taken_back: totals.points_taken.get(),
            sources: moves.iter().filter(|it| drawn.contains(&it.step)).map(|it| (&it.part).into()).collect(),
            items: note.items,
            metadata: if to_terminal { note.metadata } else { std::collections::BTreeMap::new() },
            refunds: course
                .followers
                .iter()
                .filter(|follower| follower.kind == Kind::Refund)
                .map(refund_line)
                .collect(),
            shop_id: record.shop.map(|shop| shop.to_string()),
            terminal_id: record.key.caller.terminal().to_string(),
            request_id: came_first.unwrap_or(&record.key.request_id).to_string(),
            created_at: record.at.to_string(),
            business_date: record.business_date.to_string(),
        }
    }
}

fn refund_line(record: &Transaction) -> RefundLine {
    RefundLine { id: public_id(record), amount: record.amount.get(), created_at: record.at.to_string() }
}

/// A capture, a void or a cancel, and the figures of its payment after it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PaymentStep {
    /// Its id.
    #[schema(example = "txn_0198c0de000070008000000000000002")]
    id: String,
    /// `capture`, `void` or `cancel`.
    #[schema(example = "capture")]
    kind: &'static str,
    /// The payment; absent if it was cancelled before it arrived.
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_id: Option<String>,
    /// The terminal's own id that a cancel holds for a payment that has not arrived.
    #[serde(skip_serializing_if = "Option::is_none")]
    canceled_request_id: Option<String>,
    /// How much was captured, let go or undone by it, in minor units.
    amount: i64,
    /// Of what.
    currency: Currency,
    /// How much of the payment was authorised.
    authorized: i64,
    /// How much is captured now.
    captured: i64,
    /// How much is refunded now.
    refunded: i64,
    /// The points that the payment has earned now.
    points_earned: i64,
    /// The points that were taken back.
    points_taken_back: i64,
    /// The yen that a cancel kept back for points that were not there any more.
    kept_back: i64,
    /// Whether nothing is held for the payment any more.
    hold_is_closed: bool,
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

impl From<&Transaction> for PaymentStep {
    fn from(record: &Transaction) -> Self {
        let Totals { authorized, captured, refunded, points_earned, points_taken } =
            record.done().and_then(|done| done.totals).unwrap_or_default();
        Self {
            id: record.id.to_string(),
            kind: record.kind.text(),
            payment_id: record.parent.map(|parent| PaymentId::from(parent).to_string()),
            canceled_request_id: record.target.as_ref().map(ToString::to_string),
            amount: record.amount.get(),
            currency: Currency::Jpy,
            authorized: authorized.get(),
            captured: captured.get(),
            refunded: refunded.get(),
            points_earned: points_earned.get(),
            points_taken_back: points_taken.get(),
            kept_back: kept_back(record),
            hold_is_closed: record.kind != Kind::Capture || record.done().is_some_and(|done| done.closes_hold),
            terminal_id: record.key.caller.terminal().to_string(),
            request_id: record.key.request_id.to_string(),
            created_at: record.at.to_string(),
            business_date: record.business_date.to_string(),
        }
    }
}
