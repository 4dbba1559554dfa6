//! Transactions that are not what was decided.

use warifu_core::refusal::Refusal;
use warifu_store::Invariant;

use super::{Named, Planted, planted, replace, set, transaction, wallet};
use crate::story::{Story, WALLETS};

/// Replaces a part of a column of one transaction, which must then be unbalanced.
fn unbalanced(story: &Story, name: &str, column: &str, from: &str, to: &str) -> Planted {
    planted(replace(story, name, column, from, to), Invariant::Balanced, transaction(story.of(name).1))
}

/// Changes one transaction, which must then be unreadable.
fn unreadable(story: &Story, name: &str, change: &str) -> Planted {
    planted(set(story, name, change), Invariant::Unchanged, format!("position {}", story.of(name).0))
}

pub(super) const ALL: &[Named] = &[
    ("an amount asked for is changed", |story, _| {
        let sql = set(story, "payment", "amount = amount + 1");
        planted(sql, Invariant::Balanced, transaction(story.of("payment").1))
    }),
    ("an amount moved is changed", |story, _| unbalanced(story, "big payment", "transfers", ":6400,", ":6399,")),
    ("an amount moved and its lot's are changed", |story, _| {
        let sql = set(
            story,
            "big payment",
            "transfers = replace(transfers, ':6400,', ':6399,'), effect = replace(effect, ':6400}', ':6399}')",
        );
        planted(sql, Invariant::Balanced, transaction(story.of("big payment").1))
    }),
    ("an amount is changed wherever it stands", |story, _| {
        let sql = set(
            story,
            "top-up",
            "amount = 40001, transfers = replace(transfers, '40000', '40001'), \
             effect = replace(effect, '40000', '40001')",
        );
        planted(sql, Invariant::Fold, wallet(WALLETS[0]))
    }),
    ("a balance afterwards is changed", |story, _| {
        let after = story.of("big payment").1.done().unwrap().transfers[0].debit_after.unwrap().get();
        let (from, to) = (format!("_after\":{after}"), format!("_after\":{}", after + 1));
        planted(replace(story, "big payment", "transfers", &from, &to), Invariant::Fold, wallet(WALLETS[0]))
    }),
    ("a balance afterwards is gone", |story, _| {
        let after = story.of("top-up").1.done().unwrap().transfers[0].credit_after.unwrap().get();
        unbalanced(story, "top-up", "transfers", &format!(r#","credit_after":{after}"#), "")
    }),
    ("more was paid than there was", |story, _| {
        let sql = replace(story, "big payment", "transfers", ":6400,", ":640000,");
        planted(sql, Invariant::NotNegative, wallet(WALLETS[0]))
    }),
    ("more left a lot than was in it", |story, _| {
        let sql = replace(story, "big payment", "effect", ":6400}", ":640000}");
        planted(sql, Invariant::NotNegative, wallet(WALLETS[0]))
    }),
    ("more left a hold than was in it", |story, _| {
        let sql = replace(story, "second capture", "effect", ":1111}", ":11110}");
        planted(sql, Invariant::NotNegative, wallet(WALLETS[1]))
    }),
    ("a payment came out of another lot", |story, _| {
        let sql = replace(story, "big payment", "effect", r#""lot":1,"#, r#""lot":9,"#);
        planted(sql, Invariant::NotNegative, wallet(WALLETS[0]))
    }),
    ("both sides are one account", |story, _| {
        unbalanced(story, "big payment", "transfers", "shop:payable", "wallet:paid")
    }),
    ("value goes where its kind never sends it", |story, _| {
        unbalanced(story, "big payment", "transfers", "shop:payable", "issuer:suspense")
    }),
    ("value goes from another account of the wallet", |story, _| {
        unbalanced(story, "payment", "transfers", "wallet:bonus", "wallet:paid")
    }),
    ("cash of the ATM counts as cash of the shop", |story, _| {
        unbalanced(story, "top-up at the ATM", "transfers", "atm:cash", "shop:cash")
    }),
    ("what expired went to the shop", |story, _| {
        unbalanced(story, "payment with a lapse", "transfers", "issuer:breakage", "shop:payable")
    }),
    ("an account is counted in another unit", |story, _| unbalanced(story, "big payment", "transfers", "JPY", "POINT")),
    ("a unit asked for is changed", |story, _| {
        let sql = set(story, "payment", "unit = 'POINT'");
        planted(sql, Invariant::Balanced, transaction(story.of("payment").1))
    }),
    ("a transaction is of another kind", |story, _| {
        let sql = set(story, "compensation", "kind = 'correction'");
        planted(sql, Invariant::Balanced, transaction(story.of("compensation").1))
    }),
    ("a transaction forgot what it did to the wallet", |story, _| {
        let sql = set(story, "compensation", "effect = '{}'");
        planted(sql, Invariant::Balanced, transaction(story.of("compensation").1))
    }),
    ("a transaction moves nothing of what it says", |story, _| {
        let sql = set(story, "compensation", "transfers = '[]'");
        planted(sql, Invariant::Balanced, transaction(story.of("compensation").1))
    }),
    ("a refused transaction is made a done one", |story, _| {
        let (position, record) = story.refused(Refusal::InsufficientBalance);
        let sql = format!("UPDATE journal SET refusal = NULL WHERE position = {position}");
        planted(sql, Invariant::Balanced, transaction(record))
    }),
    ("a done transaction is made a refused one", |story, _| {
        unreadable(story, "payment", "refusal = 'code_expired', wallet_version = NULL")
    }),
    ("transfers are garbage", |story, _| unreadable(story, "payment", "transfers = '[{'")),
    ("an effect is garbage", |story, _| unreadable(story, "payment", "effect = '{\"moves\":'")),
    ("an effect says what nobody wrote", |story, _| {
        unreadable(story, "payment", "effect = replace(effect, '\"out\"', '\"off\"')")
    }),
    ("a kind is no word of ours", |story, _| unreadable(story, "payment", "kind = 'charge'")),
    ("an account is nobody's", |story, _| {
        unreadable(story, "payment", "transfers = replace(transfers, 'shop:payable', 'shop:pocket')")
    }),
    ("a code lost its bucket", |story, _| unreadable(story, "payment", "code_bucket = NULL")),
    ("a refused transaction moves money", |story, _| {
        unreadable(story, "refused payment", "transfers = (SELECT transfers FROM journal WHERE position = 2)")
    }),
    ("a refused transaction has an effect", |story, _| {
        unreadable(story, "refused payment", "effect = (SELECT effect FROM journal WHERE position = 2)")
    }),
    ("a refusal is no word of ours", |story, _| unreadable(story, "expired code", "refusal = 'no'")),
];
