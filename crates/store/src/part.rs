//! Parts, moves and rolling sums as columns hold them: JSON, so that a person with a database shell can read it.

use serde::{Deserialize, Serialize};
use warifu_core::id::TransactionId;
use warifu_core::limit::Rolling;
use warifu_core::lot::{LotAccount, Move, Part, Step};
use warifu_core::money::Amount;
use warifu_core::time::Time;

/// A part of a lot.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoredPart {
    lot: i64,
    account: String,
    origin: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<i64>,
    amount: i64,
}

impl StoredPart {
    pub(crate) fn write(part: &Part) -> Self {
        Self {
            lot: part.lot,
            account: part.account.text().to_owned(),
            origin: part.origin.to_string(),
            until: part.expires_at.map(Time::unix_micros),
            amount: part.amount.get(),
        }
    }

    pub(crate) fn read(self) -> Option<Part> {
        Some(Part {
            lot: self.lot,
            account: LotAccount::parse(&self.account)?,
            origin: self.origin.parse().ok()?,
            expires_at: read_time(self.until)?,
            amount: Amount::new(self.amount)?,
        })
    }
}

/// A step of a part.
#[derive(Serialize, Deserialize)]
pub(crate) struct StoredMove {
    step: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payment: Option<String>,
    #[serde(flatten)]
    part: StoredPart,
}

impl StoredMove {
    pub(crate) fn write(step: &Move) -> Self {
        Self {
            step: step.step.text().to_owned(),
            payment: step.payment.map(|payment| payment.to_string()),
            part: StoredPart::write(&step.part),
        }
    }

    pub(crate) fn read(self) -> Option<Move> {
        Some(Move {
            step: Step::parse(&self.step)?,
            part: self.part.read()?,
            payment: self.payment.map(|payment| payment.parse::<TransactionId>()).transpose().ok()?,
        })
    }
}

/// Sums by hours and days.
#[derive(Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoredRolling {
    hours: Vec<(i64, i64)>,
    days: Vec<(i64, i64)>,
}

impl StoredRolling {
    pub(crate) fn write(rolling: &Rolling) -> Self {
        let buckets = |buckets: &[(i64, Amount)]| buckets.iter().map(|(index, sum)| (*index, sum.get())).collect();
        Self { hours: buckets(&rolling.hours), days: buckets(&rolling.days) }
    }

    pub(crate) fn read(self) -> Option<Rolling> {
        let buckets = |buckets: Vec<(i64, i64)>| {
            buckets.into_iter().map(|(index, sum)| Some((index, Amount::new(sum)?))).collect::<Option<Vec<_>>>()
        };
        Some(Rolling { hours: buckets(self.hours)?, days: buckets(self.days)? })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.hours.is_empty() && self.days.is_empty()
    }
}

/// A time that may be none; `None` outside of its bounds.
pub(crate) fn read_time(micros: Option<i64>) -> Option<Option<Time>> {
    match micros {
        None => Some(None),
        Some(micros) => Time::from_unix_micros(micros).map(Some),
    }
}
