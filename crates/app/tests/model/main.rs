//! The server against a second implementation of docs/rules.md, over random histories on both databases; and many at once
//! against everything that there is once.
//!
//! `model` is that implementation, `history` makes what is asked of both, `driver`, `town` and `compare` ask it of the
//! server and compare. `WARIFU_HISTORIES` runs more histories than every day, from the seed `WARIFU_SEED` on.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test that cannot go on panics, and says why"
)]
#![allow(unreachable_pub, reason = "the model and its histories are written as a library")]

mod client;
mod compare;
mod driver;
mod history;
mod model;
mod races;
mod town;

mod random_histories_agree_with_the_model {
    use warifu_testkit::Engine;

    #[test]
    fn sqlite() {
        super::driver::run(Engine::Sqlite);
    }

    #[test]
    fn postgres() {
        super::driver::run(Engine::Postgres);
    }
}
