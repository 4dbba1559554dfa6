//! What Warifu shows: the JSON interface under `/v1`, its description, and the routes by which operators watch it.
//!
//! The only crate that knows HTTP serving. It turns requests into calls of `warifu-app` and answers into replies; it decides
//! nothing about money and never names the store.

mod authorization;
mod balances;
mod bills;
mod body;
mod caller;
mod codes;
mod device_proof;
mod devices;
mod diagram;
mod docs;
mod events;
mod export;
mod front;
mod health;
mod history;
mod live;
mod mandala;
mod members;
mod metrics;
mod middleware;
mod operator;
mod pages;
mod passkeys;
mod payment_view;
mod payments;
pub mod picture;
mod problem;
mod receipts;
mod refunds;
mod reviews;
mod router;
mod sandbox;
mod serve;
mod sessions;
mod shop;
mod state;
mod terminals;
mod top_ups;
mod transaction;
mod webhooks;

pub use front::Front;
pub use operator::metrics_router;
pub use router::{board_router, openapi, router};
pub use serve::serve;
pub use state::{Limits, Web};
