//! Dates in Asia/Tokyo (UTC+9 all year), counted by hand. Knows nothing of money.

/// One second in microseconds.
pub const SECOND: i64 = 1_000_000;
/// One hour in microseconds.
pub const HOUR: i64 = 3_600 * SECOND;
/// A day of 24 hours in microseconds.
pub const DAY: i64 = 24 * HOUR;
/// What Tokyo is ahead of UTC.
const AHEAD: i64 = 9 * HOUR;

/// Year, month (1 to 12), day (1 to 31).
pub type Date = (i64, i64, i64);

fn leap(year: i64) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

fn days_of_month(year: i64, month: i64) -> i64 {
    match month {
        2 if leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn days_of_year(year: i64) -> i64 {
    if leap(year) { 366 } else { 365 }
}

/// The date of a day counted from 1970-01-01 (day 0), by walking over years and months.
pub fn date_of_day(day: i64) -> Date {
    let (mut year, mut rest) = (1970, day);
    while rest < 0 {
        year -= 1;
        rest += days_of_year(year);
    }
    while rest >= days_of_year(year) {
        rest -= days_of_year(year);
        year += 1;
    }
    let mut month = 1;
    while rest >= days_of_month(year, month) {
        rest -= days_of_month(year, month);
        month += 1;
    }
    (year, month, rest + 1)
}

/// Days from 1970-01-01 to this date (not before 1970).
pub fn day_of_date((year, month, day): Date) -> i64 {
    let years: i64 = (1970..year).map(days_of_year).sum();
    let months: i64 = (1..month).map(|m| days_of_month(year, m)).sum();
    years + months + day - 1
}

/// The date in Tokyo at a time in microseconds from 1970 UTC.
pub fn tokyo_date(time: i64) -> Date {
    date_of_day((time + AHEAD).div_euclid(DAY))
}

/// The first microsecond of this date in Tokyo.
pub fn tokyo_midnight(date: Date) -> i64 {
    day_of_date(date) * DAY - AHEAD
}

/// The end of the calendar month in Tokyo that is `months` after the month of `time`: the first microsecond after it.
pub fn month_end(time: i64, months: i64) -> i64 {
    let (year, month, _) = tokyo_date(time);
    let after = year * 12 + (month - 1) + months + 1;
    tokyo_midnight((after.div_euclid(12), after.rem_euclid(12) + 1, 1))
}

/// The date that a time counts to in a shop that closes so many minutes after midnight.
pub fn business_date(time: i64, closing_minutes: i64) -> Date {
    tokyo_date(time - closing_minutes * 60 * SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_are_each_others_inverse() {
        for day in 0..60_000 {
            assert_eq!(day_of_date(date_of_day(day)), day);
        }
        assert_eq!(date_of_day(0), (1970, 1, 1));
        assert_eq!(date_of_day(11_016), (2000, 2, 29));
        assert_eq!(date_of_day(-1), (1969, 12, 31));
    }

    #[test]
    fn a_month_ends_at_midnight_in_tokyo() {
        // 2026-01-31 14:59:59.999999 UTC is the last microsecond of January in Tokyo.
        let last = tokyo_midnight((2026, 2, 1)) - 1;
        assert_eq!(tokyo_date(last), (2026, 1, 31));
        assert_eq!(tokyo_date(last + 1), (2026, 2, 1));
        assert_eq!(month_end(last, 0), last + 1);
        assert_eq!(month_end(last + 1, 0), tokyo_midnight((2026, 3, 1)));
        assert_eq!(month_end(last, 12), tokyo_midnight((2027, 2, 1)));
        assert_eq!(month_end(tokyo_midnight((2026, 12, 5)), 1), tokyo_midnight((2027, 2, 1)));
        assert_eq!(month_end(tokyo_midnight((2026, 11, 5)), 1), tokyo_midnight((2027, 1, 1)));
    }

    #[test]
    fn a_shop_that_closes_at_four_counts_the_night_to_the_day_before() {
        let four = tokyo_midnight((2026, 3, 1)) + 4 * HOUR;
        assert_eq!(business_date(four - 1, 240), (2026, 2, 28));
        assert_eq!(business_date(four, 240), (2026, 3, 1));
    }
}
