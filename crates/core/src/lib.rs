//! The rules of Warifu, as plain functions of their arguments.
//!
//! This crate decides; it never loads, stores, waits, reads a clock or draws a random byte. Whatever a decision needs is
//! an argument, whatever it causes is its result. A refusal is such a result ([`refusal::Refusal`]), not an error.
//! It knows nothing of SQL, HTTP, JSON or configuration files.

pub mod chart;
pub mod code;
pub mod correction;
pub mod cpm;
pub mod id;
pub mod ledger;
pub mod limit;
pub mod lot;
pub mod money;
pub mod mpm;
pub mod payment;
pub mod place;
mod points;
mod posting;
pub mod readiness;
mod refund;
pub mod refusal;
pub mod request;
pub mod review;
pub mod time;
mod topup;
pub mod wallet;
