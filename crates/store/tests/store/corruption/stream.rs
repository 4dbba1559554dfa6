//! Streams with gaps, and times that go back.

use warifu_store::Invariant;

use super::{Named, planted, set, wallet};
use crate::story::WALLETS;

pub(super) const ALL: &[Named] = &[
    ("a row in the middle is gone", |story, _| {
        let (position, _) = story.of("payment");
        let sql = format!("DELETE FROM journal WHERE position = {position}");
        planted(sql, Invariant::Stream, format!("position {}", position + 1))
    }),
    ("the last row is gone", |story, _| {
        let sql = format!("DELETE FROM journal WHERE position = {}", story.records.len());
        planted(sql, Invariant::Stream, "stream 0")
    }),
    ("the last row's number leaves a gap", |story, _| {
        let last = story.records.len();
        let sql = format!(
            "UPDATE journal SET position = position + 1 WHERE position = {last}; \
             UPDATE streams SET position = position + 1 WHERE stream = 0"
        );
        planted(sql, Invariant::Stream, format!("position {}", last + 1))
    }),
    ("two rows swapped their numbers", |story, _| {
        let (position, _) = story.of("capture");
        let sql = format!(
            "UPDATE journal SET position = 1000000 WHERE position = {position}; \
             UPDATE journal SET position = {position} WHERE position = {position} + 1; \
             UPDATE journal SET position = {position} + 1 WHERE position = 1000000"
        );
        planted(sql, Invariant::Stream, format!("position {}", position + 1))
    }),
    ("a row's time goes back", |story, _| {
        let sql = set(story, "payment", "at = at - 120000000");
        planted(sql, Invariant::Stream, format!("position {}", story.of("payment").0))
    }),
    ("a wallet's time goes back", |story, _| {
        planted(set(story, "second capture", "at = at - 120000000"), Invariant::Stream, wallet(WALLETS[1]))
    }),
    ("a stream's head is moved", |_, _| {
        planted("UPDATE streams SET position = position + 1 WHERE stream = 0", Invariant::Stream, "stream 0")
    }),
    ("a stream's head is older than its last row", |_, _| {
        planted("UPDATE streams SET at = at - 1 WHERE stream = 0", Invariant::Stream, "stream 0")
    }),
    ("a stream is gone", |_, _| planted("DELETE FROM streams WHERE stream = 0", Invariant::Stream, "stream 0")),
];
