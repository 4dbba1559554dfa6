//! Points in time and the business date. The clock itself is elsewhere: every time here is an argument.

use core::time::Duration;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// A point in time in whole microseconds since 1970-01-01T00:00:00Z, between the years 1970 and 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

impl Time {
    /// 1970-01-01T00:00:00Z, before anything was recorded.
    pub const EPOCH: Self = Self(0);
    /// 9999-12-30T00:00:00Z, less than what can be written as RFC 3339 in every time zone.
    pub const MAX: Self = Self(253_402_128_000_000_000);

    /// `None` outside the years 1970 to 9999.
    #[must_use]
    pub const fn from_unix_micros(micros: i64) -> Option<Self> {
        if micros < 0 || micros > Self::MAX.0 { None } else { Some(Self(micros)) }
    }

    /// The microseconds that storage keeps.
    #[must_use]
    pub const fn unix_micros(self) -> i64 {
        self.0
    }

    /// Whole milliseconds since 1970, as a UUID version 7 wants them.
    #[must_use]
    pub fn unix_millis(self) -> u64 {
        self.0.checked_div(1_000).and_then(|millis| u64::try_from(millis).ok()).unwrap_or(0)
    }

    /// This time plus `duration`, at most [`Time::MAX`].
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(micros).min(Self::MAX.0))
    }

    /// This time less `duration`, at least [`Time::EPOCH`].
    #[must_use]
    pub fn saturating_sub(self, duration: Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self(self.0.saturating_sub(micros).max(0))
    }

    /// How far two times lie apart, in either order.
    #[must_use]
    pub fn distance(self, other: Self) -> Duration {
        Duration::from_micros(self.0.abs_diff(other.0))
    }

    /// The end of the calendar month in `zone` that is `months` after the month of this time: the first moment of the month
    /// after it. `None` where there is no such time.
    #[must_use]
    pub fn end_of_month_after(self, months: u16, zone: &TimeZone) -> Option<Self> {
        let first = zone.to_datetime(self.timestamp()).date().first_of_month();
        let months = i64::from(months).checked_add(1)?;
        let end = first.checked_add(jiff::Span::new().try_months(months).ok()?).ok()?;
        Self::from_unix_micros(end.to_zoned(zone.clone()).ok()?.timestamp().as_microsecond())
    }

    /// The civil date in `zone`.
    #[must_use]
    pub fn date_in(self, zone: &TimeZone) -> BusinessDate {
        BusinessDate(zone.to_datetime(self.timestamp()).date())
    }

    fn timestamp(self) -> Timestamp {
        // Never the fallback: the bounds of `Time` lie inside those of `Timestamp`.
        Timestamp::from_microsecond(self.0).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

impl fmt::Display for Time {
    /// RFC 3339 in UTC with microseconds: `2026-04-01T09:30:00.000000Z`. Always the same width, so texts sort as times do.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:.6}", self.timestamp())
    }
}

/// The date that a transaction counts under in the books, in the operator's time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BusinessDate(Date);

impl BusinessDate {
    /// The date as the number `yyyymmdd`, which sorts and reads well in a database.
    #[must_use]
    pub fn number(self) -> i64 {
        let year = i64::from(self.0.year()).saturating_mul(10_000);
        let month = i64::from(self.0.month()).saturating_mul(100);
        year.saturating_add(month).saturating_add(i64::from(self.0.day()))
    }

    /// Reads what [`BusinessDate::number`] wrote.
    #[must_use]
    pub fn from_number(number: i64) -> Option<Self> {
        let year = i16::try_from(number.checked_div(10_000)?).ok()?;
        let month = i8::try_from(number.checked_div(100)?.checked_rem(100)?).ok()?;
        let day = i8::try_from(number.checked_rem(100)?).ok()?;
        Date::new(year, month, day).ok().map(Self)
    }

    /// The date so many days later; `None` after the last one of the calendar.
    #[must_use]
    pub fn days_after(self, days: u16) -> Option<Self> {
        self.0.checked_add(jiff::Span::new().days(i64::from(days))).ok().map(Self)
    }
}

impl fmt::Display for BusinessDate {
    /// `2026-04-01`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_business_date_turns_at_midnight_of_the_zone() {
        let tokyo = TimeZone::get("Asia/Tokyo").unwrap();
        // 2026-03-31T14:59:59.999999Z is the last microsecond of March in Tokyo.
        let last = Time::from_unix_micros(1_774_969_199_999_999).unwrap();
        assert_eq!(last.to_string(), "2026-03-31T14:59:59.999999Z");
        assert_eq!(last.date_in(&tokyo).number(), 20_260_331);
        let first = last.saturating_add(Duration::from_micros(1));
        assert_eq!(first.date_in(&tokyo).to_string(), "2026-04-01");
    }

    #[test]
    fn months_end_at_midnight_of_the_zone() {
        let tokyo = TimeZone::get("Asia/Tokyo").unwrap();
        let last_of_march = Time::from_unix_micros(1_774_969_199_999_999).unwrap();
        assert_eq!(last_of_march.end_of_month_after(0, &tokyo).unwrap().to_string(), "2026-03-31T15:00:00.000000Z");
        assert_eq!(last_of_march.end_of_month_after(12, &tokyo).unwrap().to_string(), "2027-03-31T15:00:00.000000Z");
        let first_of_april = last_of_march.saturating_add(Duration::from_micros(1));
        assert_eq!(first_of_april.end_of_month_after(10, &tokyo).unwrap().to_string(), "2027-02-28T15:00:00.000000Z");
        assert_eq!(Time::MAX.end_of_month_after(12, &tokyo), None);
    }

    #[test]
    fn dates_read_back_and_nonsense_does_not() {
        let date = BusinessDate::from_number(20_240_229).unwrap();
        assert_eq!(date.number(), 20_240_229);
        for nonsense in [0, -1, 20_230_229, 20_241_301, i64::MAX] {
            assert_eq!(BusinessDate::from_number(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn times_are_reckoned_to_the_microsecond() {
        let at = |micros| Time::from_unix_micros(micros).unwrap();
        assert_eq!(at(5).saturating_add(Duration::from_micros(3)), at(8));
        assert_eq!(at(5).saturating_sub(Duration::from_micros(3)), at(2));
        for (one, other) in [(at(5), at(9)), (at(9), at(5))] {
            assert_eq!(one.distance(other), Duration::from_micros(4));
        }
        assert_eq!((at(1_999).unix_millis(), at(1_999).unix_micros()), (1, 1_999));
        assert_eq!((Time::from_unix_micros(0), at(0).unix_millis()), (Some(Time::EPOCH), 0));
        assert_eq!(Time::from_unix_micros(Time::MAX.unix_micros()), Some(Time::MAX));
        assert_eq!(Time::from_unix_micros(Time::MAX.unix_micros() + 1), None);
    }

    #[test]
    fn time_stays_in_its_bounds() {
        assert_eq!(Time::from_unix_micros(-1), None);
        assert_eq!(Time::MAX.saturating_add(Duration::MAX), Time::MAX);
        assert_eq!(Time::MAX.saturating_sub(Duration::MAX), Time::EPOCH);
        assert_eq!(Time::MAX.to_string(), "9999-12-30T00:00:00.000000Z");
    }
}
