//! The lines of shops: each says what the journal says, and none is missing up to where the bookkeeper has come.

use std::collections::BTreeMap;

use warifu_core::id::ShopId;
use warifu_core::ledger::{Done, Kind, Transaction as Record};
use warifu_core::place::Book;

use super::sums::book_name;
use super::{Complaints, Invariant, PAGE, Run};
use crate::error::StoreError;
use crate::registry::statements;

statements! {
    LIST_WRONG_SHOP_LINES (Int) -> (Int)
        "SELECT l.position FROM shop_lines l LEFT JOIN journal j ON j.position = l.position \
         WHERE j.position IS NULL OR j.refusal IS NOT NULL OR j.shop_id IS NULL OR j.shop_id <> l.shop_id \
            OR j.book <> l.book OR j.business_date <> l.business_date OR j.at <> l.at OR j.caller <> l.terminal_id \
            OR j.kind <> l.kind OR j.target IS NOT NULL \
            OR (j.kind IN ('payment', 'capture', 'top_up') AND l.amount <> j.amount) \
            OR (j.kind IN ('refund', 'top_up_cancel') AND l.amount <> -j.amount) LIMIT $1";
    SUM_ALL_SHOP_LINES () -> (Blob, Int, Int, Int)
        "SELECT shop_id, book, count(*), CAST(sum(amount) AS bigint) FROM shop_lines GROUP BY shop_id, book \
         ORDER BY shop_id, book";
}

/// How many transactions of a shop there are, and what they change of sales and cash together.
type Tally = BTreeMap<(Book, [u8; 16]), (i128, i128)>;

/// What the journal says that the lines of shops should.
#[derive(Default)]
pub(super) struct ShopLines {
    /// How far the bookkeeper has come with them, by stream.
    pub(super) ends: BTreeMap<i64, i64>,
    tally: Tally,
}

impl ShopLines {
    pub(super) fn add(&mut self, record: &Record, done: &Done) {
        // A cancel of what never came has none.
        let Some(shop) = record.shop.filter(|_| record.target.is_none()) else { return };
        let amount = i128::from(record.amount.get());
        let change = match record.kind {
            Kind::Payment | Kind::Capture | Kind::TopUp => amount,
            Kind::Refund | Kind::TopUpCancel => amount.saturating_neg(),
            Kind::Cancel => done.totals.map_or(0, |totals| i128::from(totals.refunded.get())).saturating_neg(),
            _ => 0,
        };
        let entry = self.tally.entry((record.book, shop.bytes())).or_default();
        *entry = (entry.0.saturating_add(1), entry.1.saturating_add(change));
    }
}

impl Run<'_> {
    pub(super) async fn shop_lines(&mut self) -> Result<(), StoreError> {
        for row in self.transaction.rows(&LIST_WRONG_SHOP_LINES, &[PAGE.into()]).await? {
            let object = format!("line of a shop at position {}", row.int(0)?);
            self.report.violated(Invariant::Sums, object, "it does not say what the journal says");
        }
        let mut expected = std::mem::take(&mut self.shop_lines.tally);
        for row in self.transaction.rows(&SUM_ALL_SHOP_LINES, &[]).await? {
            let key = (row.converted(1, Book::from_number)?, row.bytes(0)?);
            let found = (i128::from(row.int(2)?), i128::from(row.int(3)?));
            let expected = expected.remove(&key).unwrap_or_default();
            self.compare(key, found, expected);
        }
        expected.into_iter().for_each(|(key, expected)| self.compare(key, (0, 0), expected));
        Ok(())
    }

    fn compare(&mut self, (book, shop): (Book, [u8; 16]), found: (i128, i128), expected: (i128, i128)) {
        let mut complaints = Complaints::default();
        complaints.equal(Invariant::Sums, "lines of the shop", found.0, expected.0);
        complaints.equal(Invariant::Sums, "what the lines of the shop come to", found.1, expected.1);
        self.report.take(&format!("shop {}{}", ShopId::from_bytes(shop), book_name(book)), complaints);
    }
}
