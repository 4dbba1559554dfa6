//! The pages in a real browser.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on panics"
)]
#![allow(clippy::float_arithmetic, reason = "places on a screen")]

mod board;
mod docs_page;
mod kiosk;
mod ready;
mod screen;
mod till;
mod visit;
mod wallet;
