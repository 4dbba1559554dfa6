//! A payment from its first record on: authorised, captured, voided. What became of it is the fold of its records.

use jiff::tz::TimeZone;

use crate::id::{ShopId, TransactionId, WalletId};
use crate::ledger::{Kind, Outcome, Transaction};
use crate::limit::Policy;
use crate::lot::{LotAccount, Part, Step};
use crate::money::Amount;
use crate::points;
use crate::posting::{Posting, take_in_order};
use crate::refusal::Refusal;
use crate::time::Time;

/// How many transactions may follow one payment.
pub const FOLLOWERS_MAX: u32 = 1_000;

/// A payment and all that followed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Which payment.
    pub id: TransactionId,
    /// Who paid.
    pub wallet: WalletId,
    /// Who was paid.
    pub shop: Option<ShopId>,
    /// Figures, as every record carries them.
    pub totals: Totals,
    /// When its hold expires; `None` if it was captured at once.
    pub hold_expires_at: Option<Time>,
    /// Whether its hold was closed: by the last capture, a void or a cancel.
    pub is_closed: bool,
    /// Whether it was cancelled.
    pub is_canceled: bool,
    /// What was captured, in the order of drawing.
    pub captured_parts: Vec<Part>,
    /// What of them was not refunded yet.
    pub refundable_parts: Vec<Part>,
    /// The lot that its points went to last.
    pub points_lot: Option<i64>,
    /// How many transactions followed it.
    pub followers: u32,
}

/// The figures of a payment after a transaction, in yen and points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// What the member agreed to.
    pub authorized: Amount,
    /// What was captured of it.
    pub captured: Amount,
    /// What was refunded of that.
    pub refunded: Amount,
    /// The points that it earned.
    pub points_earned: Amount,
    /// The points that were taken back, those that were paid for included.
    pub points_taken: Amount,
}

/// What became of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaymentState {
    /// Held, nothing captured yet.
    Authorized,
    /// Captured, whole or in part, and nothing given back.
    Captured,
    /// Some of what was captured was refunded.
    PartiallyRefunded,
    /// All that was captured was refunded.
    Refunded,
    /// Undone.
    Canceled,
    /// Voided before anything was captured.
    Voided,
    /// Expired before anything was captured.
    Expired,
}

impl Payment {
    /// The payment that a record began; `None` if it began none.
    #[must_use]
    pub fn begun_by(record: &Transaction) -> Option<Self> {
        let (Outcome::Done(done), Some(wallet)) = (&record.outcome, record.wallet) else { return None };
        if !matches!(record.kind, Kind::Payment | Kind::Authorization) {
            return None;
        }
        let mut payment = Self {
            id: record.id,
            wallet,
            shop: record.shop,
            totals: done.totals.unwrap_or_default(),
            hold_expires_at: done.hold_expires_at,
            is_closed: record.kind == Kind::Payment,
            is_canceled: false,
            captured_parts: Vec::new(),
            refundable_parts: Vec::new(),
            points_lot: None,
            followers: 0,
        };
        payment.add_captured(record);
        Some(payment)
    }

    /// Folds in a record that followed it, the oldest first. Refused ones change nothing.
    pub fn follow(&mut self, record: &Transaction) {
        let Outcome::Done(done) = &record.outcome else { return };
        self.followers = self.followers.saturating_add(1);
        let before = self.totals.refunded;
        self.totals = done.totals.unwrap_or(self.totals);
        take_last(&mut self.refundable_parts, self.totals.refunded.checked_sub(before).unwrap_or(Amount::ZERO));
        match record.kind {
            Kind::Capture => {
                self.add_captured(record);
                self.is_closed = done.closes_hold;
            }
            Kind::Void => self.is_closed = true,
            Kind::Cancel => {
                self.is_closed = true;
                self.is_canceled = true;
            }
            _ => {}
        }
    }

    fn add_captured(&mut self, record: &Transaction) {
        let Outcome::Done(done) = &record.outcome else { return };
        let step = if record.kind == Kind::Payment { Step::Out } else { Step::Capture };
        let captured = done.moves.iter().filter(|step_of| step_of.step == step);
        for part in captured.map(|step_of| &step_of.part) {
            self.captured_parts.push(part.clone());
            self.refundable_parts.push(part.clone());
        }
        let earned = done.moves.iter().find(|step_of| step_of.step == Step::In);
        self.points_lot = earned.map(|step_of| step_of.part.lot).or(self.points_lot);
    }

    /// What became of it by the time `at`.
    #[must_use]
    pub fn state(&self, at: Time) -> PaymentState {
        let Totals { captured, refunded, .. } = self.totals;
        if self.is_canceled {
            PaymentState::Canceled
        } else if captured.is_zero() && self.is_closed {
            PaymentState::Voided
        } else if captured.is_zero() && self.has_lapsed(at) {
            PaymentState::Expired
        } else if captured.is_zero() {
            PaymentState::Authorized
        } else if refunded.is_zero() {
            PaymentState::Captured
        } else if refunded == captured {
            PaymentState::Refunded
        } else {
            PaymentState::PartiallyRefunded
        }
    }

    /// What can still be captured at `at`.
    #[must_use]
    pub fn capturable(&self, at: Time) -> Amount {
        if self.is_closed || self.has_lapsed(at) {
            return Amount::ZERO;
        }
        self.totals.authorized.checked_sub(self.totals.captured).unwrap_or(Amount::ZERO)
    }

    fn has_lapsed(&self, at: Time) -> bool {
        self.hold_expires_at.is_some_and(|expires_at| at >= expires_at)
    }

    /// Whether its hold is open.
    ///
    /// # Errors
    /// [`Refusal::AlreadyCanceled`], [`Refusal::HoldClosed`], [`Refusal::HoldExpired`].
    pub fn check_hold(&self, at: Time) -> Result<(), Refusal> {
        if self.is_canceled {
            Err(Refusal::AlreadyCanceled)
        } else if self.has_lapsed(at) && !self.is_closed {
            Err(Refusal::HoldExpired)
        } else if self.is_closed {
            Err(Refusal::HoldClosed)
        } else {
            Ok(())
        }
    }

    /// Whether one more transaction may follow it.
    ///
    /// # Errors
    /// [`Refusal::LimitExceeded`].
    pub const fn check_followers(&self) -> Result<(), Refusal> {
        if self.followers < FOLLOWERS_MAX { Ok(()) } else { Err(Refusal::LimitExceeded) }
    }

    /// What of the captured parts is in yen.
    fn captured_yen(&self) -> Amount {
        crate::wallet::total(self.captured_parts.iter().filter(|part| part.account != LotAccount::Points))
    }
}

/// Takes `amount` off the end of parts, and says what that was, the last first.
pub(crate) fn take_last(parts: &mut Vec<Part>, amount: Amount) -> Vec<Part> {
    let mut rest = amount;
    let mut taken = Vec::new();
    while !rest.is_zero() {
        let Some(part) = parts.pop() else { break };
        let gone = rest.min(part.amount);
        rest = rest.checked_sub(gone).unwrap_or(Amount::ZERO);
        taken.push(part.of(gone));
        let left = part.amount.checked_sub(gone).unwrap_or(Amount::ZERO);
        if !left.is_zero() {
            parts.push(part.of(left));
        }
    }
    taken
}

/// What capturing has to know besides the wallet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Earning<'a> {
    pub(crate) yen_per_point: i64,
    pub(crate) policy: &'a Policy,
    pub(crate) zone: &'a TimeZone,
}

/// Captures an amount at once, of parts that are chosen by the spending order.
pub(crate) fn capture_now(
    posting: &mut Posting,
    id: TransactionId,
    parts: Vec<Part>,
    amount: Amount,
    earning: Earning<'_>,
) -> Result<Totals, Refusal> {
    let yen = crate::wallet::total(parts.iter().filter(|part| part.account != LotAccount::Points));
    for part in parts {
        posting.pay_shop(None, part)?;
    }
    let points_earned = points::earned(yen, earning.yen_per_point);
    points::give(posting, id, points_earned, earning)?;
    Ok(Totals { authorized: amount, captured: amount, points_earned, ..Totals::default() })
}

/// Captures an amount of a hold, closes it if that is asked or nothing is left, and says whether it closed.
pub(crate) fn capture(
    posting: &mut Posting,
    id: TransactionId,
    payment: &Payment,
    amount: Amount,
    is_final: bool,
    earning: Earning<'_>,
) -> Result<(Totals, bool), Refusal> {
    let hold = posting.wallet.hold(payment.id).ok_or(Refusal::HoldExpired)?;
    let (parts, missing) = take_in_order(hold.parts.iter(), amount);
    if !missing.is_zero() {
        return Err(Refusal::CaptureExceedsAuthorized);
    }
    let fresh = parts.iter().filter(|part| part.account != LotAccount::Points);
    let yen = payment.captured_yen().checked_add(crate::wallet::total(fresh)).ok_or(Refusal::LimitExceeded)?;
    for part in parts {
        posting.pay_shop(Some(payment.id), part)?;
    }
    let before = payment.totals;
    let in_all = points::earned(yen, earning.yen_per_point).max(before.points_earned);
    let earned = in_all.checked_sub(before.points_earned).unwrap_or(Amount::ZERO);
    let captured = before.captured.checked_add(amount).ok_or(Refusal::LimitExceeded)?;
    let closes = is_final || captured == before.authorized;
    if closes {
        posting.release(payment.id)?;
    }
    points::give(posting, id, earned, earning)?;
    Ok((Totals { captured, points_earned: in_all, ..before }, closes))
}
