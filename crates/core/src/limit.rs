//! The issuer's policy, and the rolling sums that its limits are held against.

use core::time::Duration;

use crate::money::Amount;
use crate::refusal::Refusal;
use crate::time::Time;

macro_rules! policy {
    (
        limits { $($(#[$limit_meta:meta])* $limit:ident = $limit_default:expr;)* }
        lives { $($(#[$life_meta:meta])* $life:ident = $life_default:expr;)* }
    ) => {
        /// What the issuer allows. Limits are in yen; `None` is no limit. Lives are whole days or months; `None` is for ever.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Policy {
            /// Which policy: 1, 2, ... in the order in which they were made; 0 is that of the program.
            pub number: i64,
            $($(#[$limit_meta])* pub $limit: Option<Amount>,)*
            $($(#[$life_meta])* pub $life: Option<u16>,)*
        }

        impl Default for Policy {
            fn default() -> Self {
                Self {
                    number: 0,
                    $($limit: $limit_default.and_then(Amount::new),)*
                    $($life: $life_default,)*
                }
            }
        }

        impl Policy {
            /// The names of all its entries.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($limit),)* $(stringify!($life),)*];

            /// Every entry by name, as [`Policy::set`] reads it; `None` is off.
            #[must_use]
            pub fn entries(&self) -> Vec<(&'static str, Option<i64>)> {
                vec![
                    $((stringify!($limit), self.$limit.map(Amount::get)),)*
                    $((stringify!($life), self.$life.map(i64::from)),)*
                ]
            }

            /// Sets the entry of this name; `None` switches it off. `false` if there is no such entry or it cannot be that.
            #[must_use]
            pub fn set(&mut self, name: &str, value: Option<i64>) -> bool {
                match name {
                    $(stringify!($limit) => {
                        let Ok(value) = value.map(|value| Amount::new(value).ok_or(())).transpose() else { return false };
                        self.$limit = value;
                    })*
                    $(stringify!($life) => {
                        let Ok(value) = value.map(u16::try_from).transpose() else { return false };
                        if value == Some(0) {
                            return false;
                        }
                        self.$life = value;
                    })*
                    _ => return false,
                }
                true
            }
        }
    };
}

policy! {
    limits {
        /// One top-up by cash at a till.
        till_top_up_max = Some(49_000);
        /// One top-up by cash at an ATM.
        atm_top_up_max = Some(100_000);
        /// One top-up from points.
        exchange_max = None;
        /// One payment.
        payment_max = None;
        /// What a wallet may hold in paid and bonus yen after a top-up.
        balance_max = Some(100_000);
        /// Top-ups of a wallet over a day.
        wallet_top_up_day = None;
        /// Top-ups of a wallet over a month.
        wallet_top_up_month = None;
        /// Payments of a wallet over a day.
        wallet_payment_day = None;
        /// Payments of a wallet over a day while it cools, if that is less.
        cooling_payment_day = Some(10_000);
        /// Payments of a wallet over a month.
        wallet_payment_month = None;
        /// Top-ups at a terminal over a day.
        terminal_top_up_day = None;
        /// Payments at a terminal over a day.
        terminal_payment_day = None;
    }
    lives {
        /// Days until an authorisation expires; off is 7.
        hold_days = Some(7);
        /// Days until what a top-up by cash opened expires.
        paid_days = None;
        /// Days until bonus yen expire.
        bonus_days = Some(180);
        /// Months after the one in which points were earned until they expire.
        points_months = Some(12);
        /// Days for which a wallet cools after it was moved to another device without the consent of the one before.
        cooling_days = Some(1);
    }
}

impl Policy {
    /// Whether terminals have to be counted.
    #[must_use]
    pub const fn caps_terminals(&self) -> bool {
        self.terminal_top_up_day.is_some() || self.terminal_payment_day.is_some()
    }

    /// What a wallet may pay over a day, while it cools or otherwise.
    #[must_use]
    pub fn payment_day(&self, is_cooling: bool) -> Option<Amount> {
        let limits = [self.wallet_payment_day, self.cooling_payment_day.filter(|_| is_cooling)];
        limits.into_iter().flatten().min()
    }

    /// Until when a wallet cools that is moved to another device at `at`; `None` if it need not.
    #[must_use]
    pub fn cooling_until(&self, at: Time) -> Option<Time> {
        self.cooling_days.map(|count| at.saturating_add(days(count)))
    }

    /// How long a hold lives.
    #[must_use]
    pub fn hold_life(&self) -> Duration {
        days(self.hold_days.unwrap_or(7))
    }
}

/// So many days of 24 hours.
#[must_use]
pub fn days(count: u16) -> Duration {
    Duration::from_secs(u64::from(count).saturating_mul(86_400))
}

/// [`Refusal::LimitExceeded`] if `amount` is above a limit.
///
/// # Errors
/// That refusal.
pub fn within(limit: Option<Amount>, amount: Amount) -> Result<(), Refusal> {
    if limit.is_some_and(|limit| amount > limit) { Err(Refusal::LimitExceeded) } else { Ok(()) }
}

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 86_400_000_000;
/// How many hours before the present one still count.
const HOURS: i64 = 24;
/// How many days before the present one still count.
const DAYS: i64 = 30;

/// Sums by hours and by days, as far back as any limit looks.
///
/// The hour and the day that lie partly in the window count whole: rounded against the member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rolling {
    /// Hours since 1970, and what was counted in them; in their order.
    pub hours: Vec<(i64, Amount)>,
    /// Days of 24 hours since 1970, likewise.
    pub days: Vec<(i64, Amount)>,
}

impl Rolling {
    /// What was counted over a day.
    #[must_use]
    pub fn over_a_day(&self, at: Time) -> Amount {
        sum(&self.hours, index(at, HOUR).saturating_sub(HOURS))
    }

    /// What was counted over a month.
    #[must_use]
    pub fn over_a_month(&self, at: Time) -> Amount {
        sum(&self.days, index(at, DAY).saturating_sub(DAYS))
    }

    /// Counts an amount, and forgets what no window reaches any more.
    pub fn count(&mut self, at: Time, amount: Amount) {
        count(&mut self.hours, index(at, HOUR), HOURS, amount);
        count(&mut self.days, index(at, DAY), DAYS, amount);
    }

    /// Whether `amount` more stays within the limits.
    ///
    /// # Errors
    /// [`Refusal::LimitExceeded`].
    pub fn check(&self, at: Time, amount: Amount, day: Option<Amount>, month: Option<Amount>) -> Result<(), Refusal> {
        let more = |sum: Amount| sum.checked_add(amount).unwrap_or(Amount::MAX);
        within(day, more(self.over_a_day(at)))?;
        within(month, more(self.over_a_month(at)))
    }
}

fn index(at: Time, length: i64) -> i64 {
    at.unix_micros().checked_div(length).unwrap_or(0)
}

fn sum(buckets: &[(i64, Amount)], from: i64) -> Amount {
    let counted = buckets.iter().filter(|(index, _)| *index >= from);
    counted.fold(Amount::ZERO, |sum, (_, amount)| sum.checked_add(*amount).unwrap_or(Amount::MAX))
}

fn count(buckets: &mut Vec<(i64, Amount)>, index: i64, reach: i64, amount: Amount) {
    buckets.retain(|(bucket, _)| *bucket >= index.saturating_sub(reach));
    match buckets.last_mut() {
        // A wallet's time never goes back, so this is the last bucket or none.
        Some((bucket, sum)) if *bucket >= index => *sum = sum.checked_add(amount).unwrap_or(Amount::MAX),
        _ => buckets.push((index, amount)),
    }
}

/// What a terminal did over a day, where the policy caps it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Top-ups.
    pub top_ups: Rolling,
    /// Payments.
    pub payments: Rolling,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn yen(yen: i64) -> Amount {
        Amount::new(yen).unwrap()
    }

    #[test]
    fn any_24_hours_and_any_30_days_stay_within_the_limit() {
        let minute = Duration::from_secs(60);
        let first = Time::from_unix_micros(HOUR * 500_000 - 60_000_000).unwrap();
        let mut rolling = Rolling::default();
        rolling.count(first, yen(100));
        // 24 hours later the hour in which it was counted still counts, until the hour is over.
        let after_a_day = first.saturating_add(days(1));
        assert_eq!(rolling.over_a_day(after_a_day), yen(100));
        assert_eq!(rolling.over_a_day(after_a_day.saturating_add(minute)), Amount::ZERO);
        assert_eq!(rolling.over_a_month(first.saturating_add(days(30))), yen(100));
        assert_eq!(rolling.over_a_month(first.saturating_add(days(31))), Amount::ZERO);
    }

    #[test]
    fn what_no_window_reaches_is_forgotten() {
        let mut rolling = Rolling::default();
        for hour in 0..2_000 {
            rolling.count(Time::from_unix_micros(hour * HOUR).unwrap(), yen(1));
        }
        assert_eq!((rolling.hours.len(), rolling.days.len()), (25, 31));
        assert_eq!(rolling.over_a_day(Time::from_unix_micros(1_999 * HOUR).unwrap()), yen(25));
    }

    #[test]
    fn terminals_are_counted_when_either_of_their_limits_is_on() {
        for (names, caps) in [
            (&[][..], false),
            (&["terminal_top_up_day"], true),
            (&["terminal_payment_day"], true),
            (&["terminal_top_up_day", "terminal_payment_day"], true),
            (&["payment_max"], false),
        ] {
            let mut policy = Policy::default();
            assert!(names.iter().all(|name| policy.set(name, Some(1))));
            assert_eq!(policy.caps_terminals(), caps, "{names:?}");
        }
    }

    #[test]
    fn a_sum_is_held_against_both_windows() {
        let at = Time::from_unix_micros(DAY * 20_000).unwrap();
        let mut rolling = Rolling::default();
        rolling.count(at, yen(60));
        assert_eq!(rolling.check(at, yen(40), Some(yen(100)), Some(yen(100))), Ok(()));
        assert_eq!(rolling.check(at, yen(41), Some(yen(100)), None), Err(Refusal::LimitExceeded));
        assert_eq!(rolling.check(at, yen(41), None, Some(yen(100))), Err(Refusal::LimitExceeded));
        assert_eq!(rolling.check(at, yen(41), None, None), Ok(()));
        assert_eq!((Policy::default().hold_life(), days(2)), (days(7), Duration::from_secs(172_800)));
        let off = Policy { hold_days: None, ..Policy::default() };
        assert_eq!(off.hold_life(), days(7));
    }

    #[test]
    fn while_a_wallet_cools_the_smaller_limit_counts() {
        let policy =
            |day, cooling| Policy { wallet_payment_day: day, cooling_payment_day: cooling, ..Policy::default() };
        for (day, cooling, otherwise, while_it_cools) in [
            (None, Some(yen(5)), None, Some(yen(5))),
            (Some(yen(9)), Some(yen(5)), Some(yen(9)), Some(yen(5))),
            (Some(yen(3)), Some(yen(5)), Some(yen(3)), Some(yen(3))),
            (Some(yen(9)), None, Some(yen(9)), Some(yen(9))),
            (None, None, None, None),
        ] {
            let policy = policy(day, cooling);
            assert_eq!((policy.payment_day(false), policy.payment_day(true)), (otherwise, while_it_cools));
        }
        let at = Time::EPOCH.saturating_add(days(2));
        assert_eq!(Policy::default().cooling_until(at), Some(Time::EPOCH.saturating_add(days(3))));
        assert_eq!(Policy { cooling_days: None, ..Policy::default() }.cooling_until(at), None);
    }

    #[test]
    fn entries_are_set_by_their_names() {
        let mut policy = Policy::default();
        for name in Policy::NAMES {
            assert!(policy.set(name, Some(5)), "{name}");
            assert!(!policy.set(name, Some(-1)), "{name}");
        }
        assert!(policy.entries().iter().all(|(_, value)| *value == Some(5)));
        assert!(policy.set("balance_max", None) && policy.balance_max.is_none());
        assert!(!policy.set("hold_days", Some(0)), "a hold that has expired when it is made");
        assert!(!policy.set("balance", Some(1)));
    }
}
