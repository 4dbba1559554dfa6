//! The member's wallet in a real browser, with passkeys that the browser plays: signed up for, paid with, stolen from, cut off.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on panics"
)]

mod devices;
mod entry;
mod look;
mod purchase;
mod trouble;
mod visit;
