//! Sums that are not the journal's, and shops that would be paid too much or too little.

use warifu_store::Invariant;

use super::{Named, Planted, planted, set, transaction};
use crate::blob;
use crate::story::{SHOP, Story};

fn account(name: &str) -> String {
    format!("account {name} of {SHOP} in JPY")
}

/// Changes the line of the payment.
fn moved_line(story: &Story, change: &str) -> Planted {
    let (position, _) = story.of("payment");
    let sql = format!("UPDATE shop_lines SET {change} WHERE position = {position}");
    planted(sql, Invariant::Sums, format!("line of a shop at position {position}"))
}

pub(super) const ALL: &[Named] = &[
    ("a sum of a shop is one yen more", |_, _| {
        let sql = "UPDATE account_sums SET credits = credits + 1 WHERE account = 'shop:payable' AND book = 0";
        planted(sql, Invariant::Sums, account("shop:payable"))
    }),
    ("a shop would be paid one yen more", |_, _| {
        let sql = "UPDATE account_sums SET credits = credits + 1 WHERE account = 'shop:payable' AND book = 0";
        planted(sql, Invariant::Payout, format!("shop {SHOP}"))
    }),
    ("a shop would owe less cash", |_, _| {
        let sql = "UPDATE account_sums SET debits = debits - 500 WHERE account = 'atm:cash' AND book = 0";
        planted(sql, Invariant::Payout, format!("shop {SHOP}"))
    }),
    ("a sum is gone", |_, _| {
        let sql = "DELETE FROM account_sums WHERE account = 'shop:cash' AND book = 0";
        planted(sql, Invariant::Sums, account("shop:cash"))
    }),
    ("a sum of trials counts as real", |_, _| {
        let sql = "DELETE FROM account_sums WHERE account = 'shop:cash' AND book = 0; \
                   UPDATE account_sums SET book = 0 WHERE account = 'shop:cash' AND book = 1";
        planted(sql, Invariant::Payout, format!("shop {SHOP} (sandbox)"))
    }),
    ("a sum of the issuer is less", |_, _| {
        let sql = "UPDATE account_sums SET debits = debits - 1 WHERE account = 'issuer:bonus_expense'";
        planted(sql, Invariant::Sums, "account issuer:bonus_expense of the issuer in JPY")
    }),
    ("the books do not sum to zero", |_, _| {
        let sql =
            "UPDATE account_sums SET debits = debits - 1 WHERE account = 'issuer:points_expense' AND unit = 'POINT'";
        planted(sql, Invariant::Sums, "all accounts in POINT")
    }),
    ("the wallets hold more than was put in", |_, engine| {
        let id = blob(engine, &crate::story::WALLETS[0].bytes());
        let sql = format!("UPDATE wallets SET paid = paid + 1 WHERE id = {id}");
        planted(sql, Invariant::Sums, "account wallet:paid of all wallets in JPY")
    }),
    ("a sum is nobody's doing", |_, engine| {
        let issuer = blob(engine, &[0; 16]);
        let columns = "book, account, owner, unit, debits, credits";
        let sql = format!("INSERT INTO account_sums ({columns}) VALUES (0, 'issuer:fees', {issuer}, 'JPY', 0, 1)");
        planted(sql, Invariant::Sums, "account issuer:fees of the issuer in JPY")
    }),
    ("a sum is of an account that there is not", |_, _| {
        let sql = "UPDATE account_sums SET account = 'issuer:pocket' WHERE account = 'issuer:bonus_expense'";
        planted(sql, Invariant::Unchanged, format!("account issuer:pocket of {}", "00".repeat(16)))
    }),
    ("more was summed up than was recorded", |_, _| {
        planted("UPDATE cursors SET position = position + 1000 WHERE stream = 0", Invariant::Sums, "stream 0")
    }),
    ("a line of a shop is one yen more", |_, _| {
        let sql = "UPDATE shop_lines SET amount = amount + 1 WHERE kind = 'payment' AND book = 0";
        planted(sql, Invariant::Sums, format!("shop {SHOP}"))
    }),
    ("a line of a shop is gone", |_, _| {
        let sql = "DELETE FROM shop_lines WHERE kind = 'authorization' AND book = 0";
        planted(sql, Invariant::Sums, format!("shop {SHOP}"))
    }),
    ("all lines of a shop are gone", |_, _| {
        planted("DELETE FROM shop_lines WHERE book = 1", Invariant::Sums, format!("shop {SHOP} (sandbox)"))
    }),
    ("a line of a shop is on another day", |story, _| moved_line(story, "business_date = business_date + 1")),
    ("a line of a shop is at another time", |story, _| moved_line(story, "at = at + 1")),
    ("a line of a shop is of another kind", |story, _| moved_line(story, "kind = 'refund'")),
    ("a line of a shop is another terminal's", |story, engine| {
        moved_line(story, &format!("terminal_id = {}", blob(engine, &[0x99; 16])))
    }),
    ("a line of a shop is of nothing", |story, _| {
        let (position, _) = story.of("payment");
        let sql = format!("UPDATE shop_lines SET position = 100000 WHERE position = {position}");
        planted(sql, Invariant::Sums, "line of a shop at position 100000")
    }),
    ("a shop's sale became another shop's", |story, engine| {
        let sql = set(story, "payment", &format!("shop_id = {}", blob(engine, &[0x99; 16])));
        planted(sql, Invariant::Payout, transaction(story.of("payment").1))
    }),
    ("a shop's sale became nobody's", |story, _| {
        let sql = set(story, "payment", "shop_id = NULL");
        planted(sql, Invariant::Payout, transaction(story.of("payment").1))
    }),
];
