//! The interface over HTTP, as programs and browsers use it. One program, for each costs a link with everything.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on panics"
)]

mod authorisations;
mod bad_input;
mod balances;
mod bills;
mod cancels;
mod codes;
mod command;
mod events;
mod health;
mod history;
mod limits;
mod notes;
mod paper;
mod payments;
mod pictures;
mod prevent;
mod readiness;
mod receipts;
mod receiver;
mod refunds;
mod refusals;
mod reviews;
mod routes;
mod sample;
mod sandbox;
mod scanner;
mod schemathesis;
mod shop_days;
mod signatures;
mod terminals;
mod top_ups;
mod webhooks;
