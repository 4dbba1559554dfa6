//! Parts, moves and rolling sums as columns hold them: JSON, so that a person with a database shell can read it. Words are borrowed, from
//! the code when it is written and from the column when it is read.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use warifu_core::id::TransactionId;
use warifu_core::limit::Rolling;
use warifu_core::lot::{LotAccount, Move, Part, Step};
use warifu_core::money::Amount;
use warifu_core::time::Time;

/// A part of a lot.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoredPart<'a> {
    lot: i64,
    #[serde(borrow)]
    account: Cow<'a, str>,
    #[serde(borrow)]
    origin: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<i64>,
    amount: i64,
}

impl StoredPart<'_> {
    pub(crate) fn write(part: &Part) -> Self {
        Self {
            lot: part.lot,
            account: part.account.text().into(),
            origin: part.origin.to_string().into(),
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

/// A step of a part. Its fields stand beside the part's: to flatten one into the other costs more than to read both.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoredMove<'a> {
    #[serde(borrow)]
    step: Cow<'a, str>,
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    payment: Option<Cow<'a, str>>,
    lot: i64,
    #[serde(borrow)]
    account: Cow<'a, str>,
    #[serde(borrow)]
    origin: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<i64>,
    amount: i64,
}

impl StoredMove<'_> {
    pub(crate) fn write(step: &Move) -> Self {
        let StoredPart { lot, account, origin, until, amount } = StoredPart::write(&step.part);
        let payment = step.payment.map(|payment| payment.to_string().into());
        Self { step: step.step.text().into(), payment, lot, account, origin, until, amount }
    }

    pub(crate) fn read(self) -> Option<Move> {
        let Self { step, payment, lot, account, origin, until, amount } = self;
        Some(Move {
            step: Step::parse(&step)?,
            part: StoredPart { lot, account, origin, until, amount }.read()?,
            payment: payment.map(|payment| payment.parse::<TransactionId>()).transpose().ok()?,
        })
    }
}

/// Sums by hours and days.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoredRolling {
    hours: Buckets,
    days: Buckets,
}

impl StoredRolling {
    pub(crate) fn write(rolling: &Rolling) -> Self {
        let (hours, days) = write_rolling(rolling);
        Self { hours, days }
    }

    pub(crate) fn read(self) -> Option<Rolling> {
        read_rolling((self.hours, self.days))
    }
}

/// Numbers of hours or days, each with its sum.
pub(crate) type Buckets = Vec<(i64, i64)>;

/// The sums of hours and of days as plain numbers.
pub(crate) fn write_rolling(rolling: &Rolling) -> (Buckets, Buckets) {
    let buckets = |buckets: &[(i64, Amount)]| buckets.iter().map(|(index, sum)| (*index, sum.get())).collect();
    (buckets(&rolling.hours), buckets(&rolling.days))
}

/// Reads what [`write_rolling`] wrote.
pub(crate) fn read_rolling((hours, days): (Buckets, Buckets)) -> Option<Rolling> {
    let buckets = |buckets: Buckets| {
        buckets.into_iter().map(|(index, sum)| Some((index, Amount::new(sum)?))).collect::<Option<Vec<_>>>()
    };
    Some(Rolling { hours: buckets(hours)?, days: buckets(days)? })
}

/// A time that may be none; `None` outside of its bounds.
pub(crate) fn read_time(micros: Option<i64>) -> Option<Option<Time>> {
    match micros {
        None => Some(None),
        Some(micros) => Time::from_unix_micros(micros).map(Some),
    }
}
