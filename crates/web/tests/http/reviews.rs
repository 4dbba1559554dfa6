//! The failure board through its interface: who may do what, that nothing is lost, and that nobody learns who marked what.

mod anonymity;
mod charts;
mod everything;
mod files;
mod incidents;
mod items;
mod live;
mod marks;
mod picture;
mod results;
mod rounds;
mod seats;
mod texts;
mod writers;

use futures::future::{BoxFuture, join_all};
use serde_json::{Value, json};
use warifu_testkit::{Seat, Server};

/// Causes of the chart for projects, of each of its regions.
const CAUSES: [&str; 6] = [
    "insufficient-knowledge",
    "hand-over",
    "insufficient-prior-study",
    "different-culture",
    "rigid-management",
    "unknown-phenomenon",
];

/// A statement that somebody only thinks.
pub(crate) fn conjecture(text: &str) -> Value {
    json!({ "text": text, "basis": "conjecture", "sources": [] })
}

/// A statement that can be looked up.
fn fact(text: &str, sources: &[Value]) -> Value {
    json!({ "text": text, "basis": "fact", "sources": sources })
}

fn source(kind: &str, text: &str, url: &str) -> Value {
    json!({ "kind": kind, "text": text, "url": url, "file": "" })
}

/// Whoever began a new review.
pub(crate) fn facilitator(server: &Server) -> BoxFuture<'_, Seat> {
    Box::pin(async move {
        let seat = server.seat();
        assert_eq!(seat.begin("Case").await.expect(201).text_at("/role"), "facilitator");
        seat
    })
}

/// People who took seats by one link, in this order.
fn join<'a>(server: &'a Server, facilitator: &'a Seat, role: &'a str, count: u32) -> BoxFuture<'a, Vec<Seat>> {
    Box::pin(async move {
        let link = facilitator.invite(role, count).await;
        let mut seats = Vec::new();
        for _ in 0..count {
            let seat = server.seat();
            assert_eq!(seat.join(&link).await.expect(201).text_at("/role"), role);
            seats.push(seat);
        }
        seats
    })
}

/// One more who took a seat.
fn join_one<'a>(server: &'a Server, facilitator: &'a Seat, role: &'a str) -> BoxFuture<'a, Seat> {
    Box::pin(async move { join(server, facilitator, role, 1).await.remove(0) })
}

/// What all of them come to, side by side.
async fn at_once<T: Send + 'static>(
    futures: impl IntoIterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let tasks = futures.into_iter().map(tokio::spawn);
    join_all(tasks).await.into_iter().map(|done| done.expect("nobody panics")).collect()
}

/// The texts at a pointer into each of a list.
fn each<'a>(list: &'a [Value], pointer: &str) -> Vec<&'a Value> {
    list.iter().map(|value| value.pointer(pointer).unwrap_or_else(|| panic!("no {pointer} in {value}"))).collect()
}
