//! The commit queue put through the orders of its steps. The queue is the file of the app, not a copy; what it is made with
//! is in `means`, the database is played by `books`, which also watches that nothing is lost, doubled or told wrongly.
#![cfg(test)]

mod books;
mod fault;
mod means;
#[path = "../../crates/app/src/commit/queue.rs"]
mod queue;
mod stage;
mod stories;

use fault::{Fault, StoreError};
