//! The books: every value that moves is written down twice, and every balance is the sum of all lines.

use super::Model;
use super::types::{Account, Book, Entry, Part, Unit};

impl Model {
    /// Debits less credits of a book in a unit, from all lines since the beginning. What the issuer or a shop *owes* is
    /// negative: `Payable` and `Wallet` usually are.
    pub fn net(&self, book: Book, unit: Unit) -> i64 {
        self.entries.iter().filter(|e| e.book == book && e.unit == unit).map(|e| e.amount).sum()
    }

    pub(super) fn book(&mut self, debit: Book, credit: Book, unit: Unit, amount: i64) {
        assert!(amount >= 0, "{debit:?} {credit:?} {amount}");
        if amount > 0 {
            let event = self.events.len();
            self.entries.push(Entry { event, book: debit, unit, amount });
            self.entries.push(Entry { event, book: credit, unit, amount: -amount });
        }
    }

    /// A captured part goes to the shop.
    pub(super) fn book_captured(&mut self, wallet: u32, shop: u32, part: &Part) {
        let from = Book::Wallet(wallet, part.account);
        if part.account == Account::Points {
            self.book(from, Book::PointsExpense, Unit::Points, part.amount);
            self.book(Book::PointsExpense, Book::Payable(shop), Unit::Yen, part.amount);
        } else {
            self.book(from, Book::Payable(shop), Unit::Yen, part.amount);
        }
    }

    /// A refunded part comes back from the shop.
    pub(super) fn book_refunded(&mut self, wallet: u32, shop: u32, part: &Part) {
        let to = Book::Wallet(wallet, part.account);
        if part.account == Account::Points {
            self.book(Book::PointsExpense, to, Unit::Points, part.amount);
            self.book(Book::Payable(shop), Book::PointsExpense, Unit::Yen, part.amount);
        } else {
            self.book(Book::Payable(shop), to, Unit::Yen, part.amount);
        }
    }
}

/// The unit of an account.
pub(super) fn unit_of(account: Account) -> Unit {
    if account == Account::Points { Unit::Points } else { Unit::Yen }
}
