//! Lots: the value in a wallet, kept apart by account, origin and expiry. A part is some of a lot.

use crate::id::TransactionId;
use crate::ledger::Account;
use crate::money::{Amount, Unit};
use crate::time::Time;

/// The account of a wallet that a lot belongs to. The order is that of spending where expiries are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LotAccount {
    /// Points, each worth one yen.
    Points,
    /// Yen that were given for free.
    Bonus,
    /// Yen that the member paid for.
    Paid,
}

impl LotAccount {
    /// Every account of a wallet.
    pub const ALL: [Self; 3] = [Self::Points, Self::Bonus, Self::Paid];

    /// The text in storage and in the interface.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Points => "points",
            Self::Bonus => "bonus",
            Self::Paid => "paid",
        }
    }

    /// Reads what [`LotAccount::text`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|account| account.text() == text)
    }

    /// Its account in the chart.
    #[must_use]
    pub const fn account(self) -> Account {
        match self {
            Self::Points => Account::WalletPoints,
            Self::Bonus => Account::WalletBonus,
            Self::Paid => Account::WalletPaid,
        }
    }

    /// What it is counted in.
    #[must_use]
    pub const fn unit(self) -> Unit {
        match self {
            Self::Points => Unit::Point,
            Self::Bonus | Self::Paid => Unit::Jpy,
        }
    }
}

/// Some of a lot, or all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The number of the lot in its wallet, from 1.
    pub lot: i64,
    /// The account it belongs to.
    pub account: LotAccount,
    /// The transaction that opened the lot.
    pub origin: TransactionId,
    /// The first moment at which it cannot be spent any more; `None` if there is none.
    pub expires_at: Option<Time>,
    /// How much of the lot, in minor units.
    pub amount: Amount,
}

impl Part {
    /// Whether its expiry has come.
    #[must_use]
    pub fn is_expired(&self, at: Time) -> bool {
        self.expires_at.is_some_and(|expires_at| at >= expires_at)
    }

    /// The same part with another amount.
    #[must_use]
    pub fn of(&self, amount: Amount) -> Self {
        Self { amount, ..self.clone() }
    }

    /// Where it stands in the spending order: earliest expiry first, none last; then points, bonus, paid; then by number.
    #[must_use]
    pub fn spending_order(&self) -> (Time, LotAccount, i64) {
        (self.expires_at.unwrap_or(Time::MAX), self.account, self.lot)
    }
}

/// What happens to a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// It comes into its lot from outside the wallet.
    In,
    /// It leaves its lot and the wallet.
    Out,
    /// It leaves its lot and the wallet, since it expired.
    Expire,
    /// It leaves its lot and is held for a payment.
    Hold,
    /// It leaves a hold and the wallet.
    Capture,
    /// It leaves a hold and goes back to its lot.
    Release,
}

impl Step {
    /// Every step.
    pub const ALL: [Self; 6] = [Self::In, Self::Out, Self::Expire, Self::Hold, Self::Capture, Self::Release];

    /// The text in storage.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
            Self::Expire => "expire",
            Self::Hold => "hold",
            Self::Capture => "capture",
            Self::Release => "release",
        }
    }

    /// Reads what [`Step::text`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.text() == text)
    }
}

/// One step of one part, as the journal keeps it. A wallet is the fold of its moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// What happened.
    pub step: Step,
    /// To which part; its expiry is that after the step.
    pub part: Part,
    /// The payment whose hold it is, for steps into or out of a hold.
    pub payment: Option<TransactionId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back() {
        for account in LotAccount::ALL {
            assert_eq!(LotAccount::parse(account.text()), Some(account));
        }
        for step in Step::ALL {
            assert_eq!(Step::parse(step.text()), Some(step));
        }
        assert_eq!((LotAccount::parse("cash"), Step::parse("move")), (None, None));
    }
}
