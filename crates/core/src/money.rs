//! Amounts and the units they are counted in. No float, no sign: the direction of value is a transfer's debit and credit.

use std::fmt;

/// What an amount counts. The unit stands in every row, so that a second one never needs a guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    /// Japanese yen; the minor unit is one yen.
    Jpy,
    /// Loyalty points.
    Point,
}

impl Unit {
    /// The text in storage and in the interface: an ISO 4217 code for money.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Jpy => "JPY",
            Self::Point => "POINT",
        }
    }

    /// Reads what [`Unit::text`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "JPY" => Some(Self::Jpy),
            "POINT" => Some(Self::Point),
            _ => None,
        }
    }
}

/// A count of minor units from 0 to [`Amount::MAX`].
///
/// The bound is 2^53 - 1, the largest integer that every JSON reader keeps exactly (RFC 8259, section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Amount(i64);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// 9,007,199,254,740,991 minor units.
    pub const MAX: Self = Self(9_007_199_254_740_991);

    /// `None` below zero or above [`Amount::MAX`].
    #[must_use]
    pub const fn new(minor_units: i64) -> Option<Self> {
        if minor_units < 0 || minor_units > Self::MAX.0 { None } else { Some(Self(minor_units)) }
    }

    /// The count of minor units, for storage and for people.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Whether there is nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum, or `None` above [`Amount::MAX`].
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).and_then(Self::new)
    }

    /// The difference, or `None` below zero.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).and_then(Self::new)
    }
}

impl fmt::Display for Amount {
    /// Groups thousands: `1234567` reads `1,234,567`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        let mut grouped = String::new();
        for (index, digit) in digits.chars().rev().enumerate() {
            if index != 0 && index.is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        let grouped: String = grouped.chars().rev().collect();
        formatter.pad(&grouped)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_never_leaves_its_bounds() {
        assert_eq!(Amount::new(-1), None);
        assert_eq!(Amount::new(Amount::MAX.get() + 1), None);
        assert_eq!(Amount::MAX.checked_add(Amount::new(1).unwrap()), None);
        assert_eq!(Amount::ZERO.checked_sub(Amount::new(1).unwrap()), None);
        assert_eq!(Amount::MAX.checked_sub(Amount::MAX), Some(Amount::ZERO));
    }

    #[test]
    fn amounts_add_and_take_exactly() {
        let yen = |yen| Amount::new(yen).unwrap();
        assert_eq!((yen(3).checked_add(yen(4)), yen(7).checked_sub(yen(4))), (Some(yen(7)), Some(yen(3))));
        assert_eq!(yen(3).checked_sub(yen(3)), Some(Amount::ZERO));
        assert_eq!(Amount::new(Amount::MAX.get()), Some(Amount::MAX));
        assert!(Amount::ZERO.is_zero() && !yen(1).is_zero());
        assert_eq!((Unit::Jpy.text(), Unit::Point.text()), ("JPY", "POINT"));
    }

    #[test]
    fn thousands_are_grouped() {
        for (minor_units, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (9_999_999, "9,999,999")] {
            assert_eq!(Amount::new(minor_units).unwrap().to_string(), text);
        }
    }

    #[test]
    fn units_read_back() {
        for unit in [Unit::Jpy, Unit::Point] {
            assert_eq!(Unit::parse(unit.text()), Some(unit));
        }
        assert_eq!(Unit::parse("USD"), None);
    }
}
