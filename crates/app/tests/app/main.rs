//! The use cases against both databases: what a member, a terminal and an operator can do, and what nobody can.
//!
//! Each test has a database of its own and a clock that it moves itself.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on panics"
)]

mod access;
mod cancel;
mod clock;
mod device;
mod event;
mod expired;
mod history;
mod keys;
mod queue;
mod race;
mod refund;
mod refusal;
mod replay;
mod secret;
mod town;
mod way;
