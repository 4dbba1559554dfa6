//! Request keys that were lost, bent or used twice.

use warifu_core::refusal::Refusal;
use warifu_store::Invariant;
use warifu_testkit::Engine;

use super::{Named, Planted, hex, planted, set, transaction};
use crate::blob;
use crate::story::{OTHER_TILL, Story};

/// The claim of a request id is gone.
fn unclaimed(request_id: &str, object: String) -> Planted {
    planted(format!("DELETE FROM requests WHERE request_id = '{request_id}'"), Invariant::OneEffect, object)
}

/// A claim points somewhere else.
fn bent(engine: Engine, request_id: &str, to: [u8; 16]) -> Planted {
    let sql = format!("UPDATE requests SET transaction_id = {} WHERE request_id = '{request_id}'", blob(engine, &to));
    planted(sql, Invariant::OneEffect, format!("request {request_id:?} of transaction {}", hex(&to)))
}

fn key(story: &Story, name: &str) -> String {
    story.of(name).1.key.request_id.to_string()
}

pub(super) const ALL: &[Named] = &[
    ("a claim is gone", |story, _| unclaimed(&key(story, "payment"), transaction(story.of("payment").1))),
    ("a claim of a refused request is gone", |story, _| {
        let (_, record) = story.refused(Refusal::CodeUnknown);
        unclaimed(record.key.request_id.as_str(), transaction(record))
    }),
    ("a cancel in advance lost what it cancels", |story, _| {
        unclaimed("r-late", transaction(story.of("cancel in advance").1))
    }),
    ("a claim points to another transaction", |story, engine| {
        bent(engine, &key(story, "payment"), story.of("top-up").1.id.bytes())
    }),
    ("a claim points to nothing", |story, engine| bent(engine, &key(story, "payment"), [0; 16])),
    ("a cancel in advance holds what another transaction has", |story, engine| {
        bent(engine, "r-late", story.of("top-up").1.id.bytes())
    }),
    ("a cancel in advance names another request", |story, _| {
        let sql = set(story, "cancel in advance", "target = 'r-later'");
        planted(sql, Invariant::OneEffect, transaction(story.of("cancel in advance").1))
    }),
    ("a cancel in advance names no request", |story, _| {
        let sql = set(story, "cancel in advance", "target = NULL");
        planted(sql, Invariant::OneEffect, transaction(story.of("cancel in advance").1))
    }),
    ("a payment holds another request", |story, _| {
        let sql = set(story, "payment", "target = 'r-001'");
        planted(sql, Invariant::OneEffect, transaction(story.of("payment").1))
    }),
    ("a request key has two effects", |story, _| {
        let sql = set(story, "big payment", &format!("request_id = '{}'", key(story, "payment")));
        planted(sql, Invariant::OneEffect, transaction(story.of("big payment").1))
    }),
    ("what was cancelled in advance was done", |story, _| {
        let sql = set(story, "big payment", "request_id = 'r-late'");
        planted(sql, Invariant::OneEffect, transaction(story.of("big payment").1))
    }),
    ("a transaction has another caller", |story, engine| {
        let sql = set(story, "payment", &format!("caller = {}", blob(engine, &OTHER_TILL.bytes())));
        planted(sql, Invariant::OneEffect, transaction(story.of("payment").1))
    }),
];
