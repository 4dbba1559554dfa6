//! Where a command comes from: a terminal and its shop, as a decision sees them. And the two books.

use crate::id::{ShopId, TerminalId};
use crate::limit::Usage;
use crate::refusal::Refusal;

/// Which book a transaction counts in. What is in one is never seen from the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Book {
    /// Money.
    #[default]
    Real,
    /// Trials of till makers.
    Sandbox,
}

impl Book {
    /// The number in storage.
    #[must_use]
    pub const fn number(self) -> i64 {
        match self {
            Self::Real => 0,
            Self::Sandbox => 1,
        }
    }

    /// Reads what [`Book::number`] wrote.
    #[must_use]
    pub const fn from_number(number: i64) -> Option<Self> {
        match number {
            0 => Some(Self::Real),
            1 => Some(Self::Sandbox),
            _ => None,
        }
    }
}

/// What a terminal is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// A till with a cashier.
    #[default]
    Till,
    /// A machine that takes notes.
    Atm,
}

impl Channel {
    /// The text in storage and in the interface.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Till => "till",
            Self::Atm => "atm",
        }
    }

    /// Reads what [`Channel::text`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Till, Self::Atm].into_iter().find(|channel| channel.text() == text)
    }
}

/// A terminal and its shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The terminal.
    pub terminal: TerminalId,
    /// Its shop.
    pub shop: ShopId,
    /// What it is.
    pub channel: Channel,
    /// Which book it works in.
    pub book: Book,
    /// Whether everything from this terminal is refused.
    pub terminal_is_frozen: bool,
    /// Whether everything from this shop is refused.
    pub shop_is_frozen: bool,
    /// How many yen earn a point here; 0 for none.
    pub yen_per_point: i64,
    /// How many minutes after midnight the shop's day ends.
    pub closing_minutes: i64,
    /// What the terminal did over a day; `None` where nothing is capped.
    pub usage: Option<Usage>,
}

impl Place {
    /// Whether it may do anything.
    ///
    /// # Errors
    /// [`Refusal::TerminalFrozen`], [`Refusal::ShopClosed`].
    pub const fn check(&self) -> Result<(), Refusal> {
        if self.terminal_is_frozen {
            return Err(Refusal::TerminalFrozen);
        }
        if self.shop_is_frozen {
            return Err(Refusal::ShopClosed);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_numbers_read_back() {
        for (book, number) in [(Book::Real, 0), (Book::Sandbox, 1)] {
            assert_eq!((book.number(), Book::from_number(number)), (number, Some(book)));
        }
        assert_eq!((Book::from_number(2), Book::from_number(-1)), (None, None));
        for (channel, text) in [(Channel::Till, "till"), (Channel::Atm, "atm")] {
            assert_eq!((channel.text(), Channel::parse(text)), (text, Some(channel)));
        }
        assert_eq!(Channel::parse("phone"), None);
    }
}
