//! Payments that were captured, released, refunded or cancelled as no rule allows.

use warifu_core::time::Time;
use warifu_store::Invariant;
use warifu_testkit::Engine;

use super::{Named, Planted, planted, replace, set, transaction};
use crate::blob;
use crate::story::{Story, WALLETS};

/// What makes the transaction of the second name break the rules of payments.
fn broken(story: &Story, sql: String, name: &str) -> Planted {
    planted(sql, Invariant::Refunds, transaction(story.of(name).1))
}

/// A transaction follows another one.
fn follows(story: &Story, engine: Engine, name: &str, parent: [u8; 16]) -> Planted {
    broken(story, set(story, name, &format!("parent_id = {}", blob(engine, &parent))), name)
}

fn hold_until(story: &Story, name: &str, until: Time) -> String {
    let found = story.of(name).1.done().unwrap().hold_expires_at.unwrap().unix_micros();
    let until = until.unix_micros();
    replace(story, name, "effect", &format!(r#""hold_until":{found}"#), &format!(r#""hold_until":{until}"#))
}

pub(super) const ALL: &[Named] = &[
    ("more was refunded than captured", |story, _| {
        broken(story, set(story, "second refund", "amount = amount + 1"), "second refund")
    }),
    ("more was captured than authorised", |story, _| {
        broken(story, set(story, "last capture", "amount = amount + 10000"), "last capture")
    }),
    ("less was authorised than captured", |story, _| {
        let sql = set(
            story,
            "authorization",
            "amount = 4000, effect = replace(effect, '\"authorized\":10000', '\"authorized\":4000')",
        );
        broken(story, sql, "second capture")
    }),
    ("the figures of a payment are changed", |story, _| {
        let sql = replace(story, "payment", "effect", r#""captured":8001"#, r#""captured":8002"#);
        broken(story, sql, "payment")
    }),
    ("the figures of a capture are changed", |story, _| {
        let sql = replace(story, "second capture", "effect", r#""captured":5111"#, r#""captured":5110"#);
        broken(story, sql, "second capture")
    }),
    ("the figures of a refund are changed", |story, _| {
        broken(story, replace(story, "refund", "effect", r#""refunded":2500"#, r#""refunded":0"#), "refund")
    }),
    ("fewer points are said to be taken back", |story, _| {
        let taken = story.of("refund").1.done().unwrap().totals.unwrap().points_taken.get();
        let (from, to) = (format!(r#""points_taken":{taken}"#), format!(r#""points_taken":{}"#, taken - 1));
        broken(story, replace(story, "refund", "effect", &from, &to), "refund")
    }),
    ("more points are said to be earned", |story, _| {
        let earned = story.of("payment").1.done().unwrap().totals.unwrap().points_earned.get();
        let (from, to) = (format!(r#""points_earned":{earned}"#), format!(r#""points_earned":{}"#, earned + 1));
        broken(story, replace(story, "payment", "effect", &from, &to), "payment")
    }),
    ("it was captured after the hold was closed", |story, _| {
        let sql = replace(story, "second capture", "effect", r#""totals""#, r#""closes_hold":true,"totals""#);
        broken(story, sql, "last capture")
    }),
    ("a hold that was closed stays open", |story, _| {
        broken(story, replace(story, "last capture", "effect", r#""closes_hold":true,"#, ""), "last capture")
    }),
    ("it was captured after the hold had expired", |story, _| {
        let soon = story.of("second capture").1.at;
        broken(story, hold_until(story, "authorization", soon), "second capture")
    }),
    ("it was voided after the hold had expired", |story, _| {
        let soon = story.of("void").1.at;
        broken(story, hold_until(story, "authorization to void", soon), "void")
    }),
    ("a hold never expires", |story, _| {
        let until = story.of("authorization").1.done().unwrap().hold_expires_at.unwrap().unix_micros();
        let sql = replace(story, "authorization", "effect", &format!(r#""hold_until":{until},"#), "");
        broken(story, sql, "authorization")
    }),
    ("a void released less than was left", |story, _| {
        broken(story, replace(story, "void", "effect", ":1000}", ":999}"), "void")
    }),
    ("a void is said to have released more", |story, _| {
        broken(story, set(story, "void", "amount = amount + 1"), "void")
    }),
    ("a cancel is said to have undone less", |story, _| {
        broken(story, set(story, "cancel by request", "amount = amount - 1"), "cancel by request")
    }),
    ("a refund went into another lot", |story, _| {
        broken(story, replace(story, "refund", "effect", r#""lot":1,"#, r#""lot":2,"#), "refund")
    }),
    ("a refund follows nothing", |story, _| broken(story, set(story, "refund", "parent_id = NULL"), "refund")),
    ("a refund follows what is not there", |story, engine| follows(story, engine, "refund", [9; 16])),
    ("a refund follows another wallet's payment", |story, engine| {
        follows(story, engine, "refund", story.of("payment").1.id.bytes())
    }),
    ("a refund follows a grant", |story, engine| follows(story, engine, "refund", story.of("grant").1.id.bytes())),
    ("a capture follows a top-up", |story, engine| {
        follows(story, engine, "second capture", story.of("top-up at the ATM").1.id.bytes())
    }),
    ("a payment follows another", |story, engine| {
        follows(story, engine, "big payment", story.of("payment").1.id.bytes())
    }),
    ("a payment was cancelled twice", |story, engine| {
        follows(story, engine, "cancel of a refused one", story.of("payment to cancel").1.id.bytes())
    }),
    ("something follows a cancel", |story, engine| {
        follows(story, engine, "cancel of what expired", story.of("payment to cancel").1.id.bytes())
    }),
    ("a refused payment was refunded", |story, engine| {
        follows(story, engine, "refund in part", story.of("refused payment").1.id.bytes())
    }),
    ("a top-up was undone that was another", |story, engine| {
        follows(story, engine, "top-up cancel", story.of("third top-up").1.id.bytes())
    }),
    ("a capture is another wallet's", |story, engine| {
        let other = blob(engine, &WALLETS[3].bytes());
        let change = format!("wallet_id = {other}, wallet_version = 100");
        broken(story, set(story, "second capture", &change), "second capture")
    }),
    ("a refund is another shop's", |story, engine| {
        broken(story, set(story, "refund", &format!("shop_id = {}", blob(engine, &[0x99; 16]))), "refund")
    }),
    ("a capture counts in the other book", |story, _| {
        broken(story, set(story, "second capture", "book = 1"), "second capture")
    }),
];
