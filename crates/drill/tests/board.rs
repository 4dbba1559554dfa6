//! Proves that a group does what it says it did, on a real server.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::time::Duration;

use warifu_drill::board::{Large, Plan, run, run_prevent};
use warifu_testkit::{Engine, Server};

/// A smoke run: four people. Everything is answered as it should be, and every browser is told every change.
#[tokio::test]
async fn a_group_reviews_a_failure_and_every_browser_is_told() {
    let server = Server::start(Engine::Sqlite).await;
    let plan = Plan {
        address: server.origin().trim_start_matches("http://").parse().unwrap(),
        name: "smoke".to_owned(),
        people: 4,
        causes: 9,
        every: Duration::from_millis(10),
        each: 4,
        gatherings: 2,
    };
    let outcome = run(&plan).await.unwrap();
    let count = |kind: &str| outcome.kinds.get(kind).unwrap().count;
    assert_eq!((count("put_mark"), count("collect"), count("table_at_once"), count("review_at_once")), (36, 2, 8, 8));
    assert_eq!(outcome.interaction.count, 36 + 44);
    let writes: usize =
        ["why", "why_not", "discussion", "event", "comment"].map(|it| count(&format!("put_{it}"))).iter().sum();
    assert_eq!(outcome.changes, writes + 2, "and the two times that marks were collected");
    assert_eq!(outcome.live.count, outcome.changes * 4);
}

/// Each person needs a cause to write about.
#[tokio::test]
async fn a_group_larger_than_its_chart_does_not_begin() {
    let plan = Plan {
        address: ([127, 0, 0, 1], 9).into(),
        name: "none".to_owned(),
        people: 3,
        causes: 2,
        every: Duration::from_millis(10),
        each: 1,
        gatherings: 1,
    };
    assert!(run(&plan).await.is_err());
}

/// The same of steps 4 and 5: every kind of thing is done and answered, and a changed diagram is laid out in the end.
#[tokio::test]
async fn a_group_draws_decides_and_prevents() {
    let server = Server::start(Engine::Sqlite).await;
    let plan = Plan {
        address: server.origin().trim_start_matches("http://").parse().unwrap(),
        name: "prevent".to_owned(),
        people: 3,
        causes: 9,
        every: Duration::from_millis(20),
        each: 3,
        gatherings: 2,
    };
    let outcome = run_prevent(&plan, Large { boxes: 20, arrows: 40, shared: 5 }).await.unwrap();
    let count = |kind: &str| outcome.kinds.get(kind).unwrap().count;
    for kind in ["put_box", "move_box", "put_true_cause", "put_measure", "search_library", "get_diagram", "export_md"] {
        assert_eq!(count(kind), 3, "{kind}");
    }
    assert_eq!((count("put_arrow"), count("laid_out"), count("diagram_at_once")), (3 + 2, 2, 6));
    assert_eq!((count("first_diagram"), count("same_diagram")), (3, 3));
    assert_eq!(outcome.live.count, outcome.changes * 3);
}
