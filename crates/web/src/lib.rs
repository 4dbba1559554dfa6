//! What Warifu shows: the JSON interface under `/v1`, its description, and the routes by which operators watch it.
//!
//! The only crate that knows HTTP serving. It turns requests into calls of `warifu-app` and answers into replies; it decides
//! nothing about money and never names the store.

mod authorization;
mod balances;
mod body;
mod caller;
mod codes;
mod docs;
mod events;
mod health;
mod history;
mod metrics;
mod middleware;
mod payment_view;
mod payments;
pub mod picture;
mod problem;
mod receipts;
mod refunds;
mod router;
mod sandbox;
mod serve;
mod state;
mod top_ups;
mod transaction;
mod webhooks;

pub use router::{metrics_router, openapi, router};
pub use serve::serve;
pub use state::{Limits, Web};
