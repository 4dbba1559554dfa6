//! The till's page in a real browser: a day at the counter, the network cut at every moment, the tab killed, the server restarted, two
//! windows. Never a payment twice, never one lost.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on panics"
)]

mod bills;
mod counter;
mod day;
mod faults;
mod input;
mod look;
mod machine;
#[path = "../scanner/screen.rs"]
mod screen;
#[path = "../wallet/visit.rs"]
#[allow(dead_code, reason = "shared with the tests of the wallet")]
mod visit;
