//! Codes that were used twice, late, by somebody else, or by nothing.

use warifu_store::Invariant;
use warifu_testkit::Engine;

use super::{Named, Planted, hex, planted, set, transaction};
use crate::blob;
use crate::story::{OTHER_TILL, Story, WALLETS, code_mac};

/// Changes the code that the payment used, so that the payment must be named.
fn in_code(story: &Story, engine: Engine, change: &str) -> Planted {
    let (_, record) = story.of("payment");
    let mac = blob(engine, &record.code.unwrap().mac);
    planted(format!("UPDATE codes SET {change} WHERE mac = {mac}"), Invariant::CodeOnce, transaction(record))
}

/// Marks the code that was never shown as used.
fn marked(story: &Story, engine: Engine, by: &[u8], invariant: Invariant) -> Planted {
    let mac = code_mac(story.unused_code).mac;
    let sql = format!("UPDATE codes SET consumed_by = {} WHERE mac = {}", blob(engine, by), blob(engine, &mac));
    planted(sql, invariant, format!("code {}", hex(&mac)))
}

pub(super) const ALL: &[Named] = &[
    ("an unused code is marked as used by nothing", |story, engine| {
        marked(story, engine, &[9; 16], Invariant::CodeOnce)
    }),
    ("a code is marked as used by a refused transaction", |story, engine| {
        marked(story, engine, &story.of("expired code").1.id.bytes(), Invariant::CodeOnce)
    }),
    ("a code is marked as used by garbage", |story, engine| marked(story, engine, &[9; 3], Invariant::Unchanged)),
    ("a used code is not marked", |story, engine| in_code(story, engine, "consumed_by = NULL")),
    ("a used code is marked as used by another", |story, engine| {
        let other = blob(engine, &story.of("top-up").1.id.bytes());
        in_code(story, engine, &format!("consumed_by = {other}"))
    }),
    ("a code is another wallet's", |story, engine| {
        in_code(story, engine, &format!("wallet_id = {}", blob(engine, &WALLETS[1].bytes())))
    }),
    ("a code belongs to another terminal", |story, engine| {
        in_code(story, engine, &format!("bound_to = {}", blob(engine, &OTHER_TILL.bytes())))
    }),
    ("a code was used when it had expired", |story, engine| {
        let at = story.of("payment").1.at.unix_micros();
        in_code(story, engine, &format!("issued_at = {at} - 1, expires_at = {at}"))
    }),
    ("a code is used twice", |story, engine| {
        let code = story.of("payment").1.code.unwrap();
        let change = format!("code_bucket = {}, code_mac = {}", code.bucket, blob(engine, &code.mac));
        planted(set(story, "big payment", &change), Invariant::CodeOnce, format!("code {}", hex(&code.mac)))
    }),
    ("a payment forgets its code", |story, _| {
        let sql = set(story, "payment", "code_bucket = NULL, code_mac = NULL");
        planted(sql, Invariant::CodeOnce, transaction(story.of("payment").1))
    }),
    ("a used code was used by nothing", |story, _| {
        let sql = set(story, "payment", "code_bucket = NULL, code_mac = NULL");
        let mac = story.of("payment").1.code.unwrap().mac;
        planted(sql, Invariant::CodeOnce, format!("code {}", hex(&mac)))
    }),
    ("a capture uses a code", |story, engine| {
        let code = code_mac(story.unused_code);
        let change = format!("code_bucket = {}, code_mac = {}", code.bucket, blob(engine, &code.mac));
        planted(set(story, "capture", &change), Invariant::CodeOnce, transaction(story.of("capture").1))
    }),
    ("a used code was never issued", |story, engine| {
        let (_, record) = story.of("payment");
        let mac = blob(engine, &record.code.unwrap().mac);
        planted(format!("DELETE FROM codes WHERE mac = {mac}"), Invariant::CodeOnce, transaction(record))
    }),
];
