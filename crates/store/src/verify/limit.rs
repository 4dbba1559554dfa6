//! Limits: what was done over a day and over a month, summed once more, against the policy that it was decided by.

use std::collections::BTreeMap;

use warifu_core::ledger::{Account, Done, Kind, Transaction as Record};
use warifu_core::limit::{Policy, Rolling};
use warifu_core::lot::{LotAccount, Step};
use warifu_core::money::Amount;
use warifu_core::time::Time;

use super::fold::Fold;
use super::{Complaints, Invariant};

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 86_400_000_000;
/// How many hours before the present one count over a day, and how many days over a month.
pub(super) const HOURS: i64 = 24;
const DAYS: i64 = 30;

/// Which hour since 1970 it is.
pub(super) fn hour(at: i64) -> i64 {
    at.checked_div(HOUR).unwrap_or(0)
}

/// Whether a sum is above a limit.
pub(super) fn exceeds(limit: Option<Amount>, sum: i128) -> bool {
    limit.is_some_and(|limit| sum > i128::from(limit.get()))
}

/// What counts against a limit over a day and over a month.
#[derive(Debug, Default)]
struct Window {
    hours: BTreeMap<i64, i128>,
    days: BTreeMap<i64, i128>,
}

impl Window {
    fn count(&mut self, at: Time, amount: i128) {
        for (buckets, index, reach) in [
            (&mut self.hours, hour(at.unix_micros()), HOURS),
            (&mut self.days, at.unix_micros().checked_div(DAY).unwrap_or(0), DAYS),
        ] {
            buckets.retain(|bucket, _| *bucket >= index.saturating_sub(reach));
            let sum = buckets.entry(index).or_default();
            *sum = sum.saturating_add(amount);
        }
    }

    /// The sums over the day and over the month of what was counted last.
    fn sums(&self) -> (i128, i128) {
        let sum = |buckets: &BTreeMap<i64, i128>| buckets.values().fold(0_i128, |sum, more| sum.saturating_add(*more));
        (sum(&self.hours), sum(&self.days))
    }

    fn is(&self, stored: &Rolling) -> bool {
        let same = |stored: &[(i64, Amount)], found: &BTreeMap<i64, i128>| {
            stored
                .iter()
                .map(|(index, sum)| (*index, i128::from(sum.get())))
                .eq(found.iter().map(|(i, sum)| (*i, *sum)))
        };
        same(&stored.hours, &self.hours) && same(&stored.days, &self.days)
    }
}

/// What a wallet did lately.
#[derive(Debug, Default)]
pub(super) struct Lately {
    topped_up: Window,
    paid_out: Window,
}

impl Lately {
    /// Counts an entry and holds it against the limits of its wallet.
    pub(super) fn entry(
        &mut self,
        record: &Record,
        policy: Option<&Policy>,
        is_cooling: bool,
        complaints: &mut Complaints,
    ) {
        let is_payment = matches!(record.kind, Kind::Payment | Kind::Authorization);
        if !is_payment && !matches!(record.kind, Kind::TopUp | Kind::Exchange) {
            return;
        }
        let window = if is_payment { &mut self.paid_out } else { &mut self.topped_up };
        window.count(record.at, i128::from(record.amount.get()));
        let (sums, Some(policy)) = (window.sums(), policy) else { return };
        let (what, day, month) = if is_payment {
            ("paid", policy.wallet_payment_day, policy.wallet_payment_month)
        } else {
            ("topped up", policy.wallet_top_up_day, policy.wallet_top_up_month)
        };
        if is_payment && is_cooling {
            complaints.unless(!exceeds(policy.cooling_payment_day, sums.0), Invariant::Cooling, || {
                format!("{} were paid over a day while it cooled, above the limit of policy {}", sums.0, policy.number)
            });
        }
        for (limit, sum, over) in [(day, sums.0, "a day"), (month, sums.1, "a month")] {
            complaints.unless(!exceeds(limit, sum), Invariant::Limits, || {
                format!("{sum} were {what} over {over}, above the limit of policy {}", policy.number)
            });
        }
    }

    /// Compares with the sums that a wallet is stored with.
    pub(super) fn compare(&self, topped_up: &Rolling, paid_out: &Rolling, complaints: &mut Complaints) {
        for (window, stored, what) in [(&self.topped_up, topped_up, "top-ups"), (&self.paid_out, paid_out, "payments")]
        {
            complaints.unless(window.is(stored), Invariant::Fold, || {
                format!("the sums of its {what} over a day and a month are not those of its entries")
            });
        }
    }
}

/// The limits of a single transaction; `after` is its wallet after it.
pub(super) fn single(record: &Record, done: &Done, policy: &Policy, after: &Fold, complaints: &mut Complaints) {
    let is_at_atm = done.transfers.iter().any(|transfer| transfer.debit == Account::AtmCash);
    let most = match record.kind {
        Kind::Payment | Kind::Authorization => policy.payment_max,
        Kind::TopUp if is_at_atm => policy.atm_top_up_max,
        Kind::TopUp => policy.till_top_up_max,
        Kind::Exchange => policy.exchange_max,
        _ => None,
    };
    let amount = i128::from(record.amount.get());
    complaints.unless(!exceeds(most, amount), Invariant::Limits, || {
        format!("{amount} are above the limit of policy {} for one {}", policy.number, record.kind.text())
    });
    let opens_lot = done.moves.iter().any(|step| step.step == Step::In);
    if opens_lot && matches!(record.kind, Kind::TopUp | Kind::Exchange | Kind::Grant) {
        let balance = after.posted(LotAccount::Paid).saturating_add(after.posted(LotAccount::Bonus));
        complaints.unless(!exceeds(policy.balance_max, balance), Invariant::Limits, || {
            format!("the wallet holds {balance} yen after it, above the limit of policy {}", policy.number)
        });
    }
}
