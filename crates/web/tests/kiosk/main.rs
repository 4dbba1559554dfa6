//! The ATM and the sandbox's page in a real browser: notes in, notes out, whatever fails meanwhile.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on panics"
)]

mod browser;
#[path = "../scanner/screen.rs"]
mod screen;
#[path = "../wallet/visit.rs"]
#[allow(dead_code, reason = "shared with the tests of the wallet")]
mod visit;
