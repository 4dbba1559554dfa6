//! Many who write at once: each change is one version and one number, and none is lost.

use std::collections::BTreeSet;

use serde_json::Value;
use warifu_testkit::{Seat, Server, TestDatabase, on_both_databases};

use crate::reviews::{at_once, conjecture, facilitator, join};

/// How many write at once.
const WRITERS: usize = 30;

/// Changes are numbered from 1 without a gap, and an item's last change is how it stands.
async fn check_history(seat: &Seat) {
    let changes = seat.changes_after(0).await;
    let numbers: Vec<_> = changes.iter().map(|change| change["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=changes.len() as u64).collect::<Vec<_>>());
    let review = seat.review().await;
    assert_eq!(review["number"], changes.len());
    for item in review["items"].as_array().unwrap() {
        let last = changes.iter().rev().find(|change| change["kind"] == item["kind"] && change["key"] == item["key"]);
        let last = last.unwrap_or_else(|| panic!("{item} has no change"));
        assert_eq!((&last["version"], &last["body"]), (&item["version"], &item["body"]));
    }
}

on_both_databases! {
    /// Thirty who saw the same version: one of them writes the next, round after round.
    async fn of_writers_who_saw_the_same_one_wins(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let facilitator = facilitator(&server).await;
        let seats = join(&server, &facilitator, "participant", WRITERS as u32).await;
        let mut winners = Vec::new();
        for round in 0..5_u64 {
            let write = |(number, seat): (usize, &Seat)| {
                let (seat, text) = (seat.clone(), format!("{round}/{number}"));
                async move { (seat.write("discussion/hand-over", round, &conjecture(&text)).await, text) }
            };
            let replies = at_once(seats.iter().enumerate().map(write)).await;
            let won: Vec<_> = replies.iter().filter(|(reply, _)| reply.status() == 200).map(|(_, text)| text.clone()).collect();
            assert_eq!(won.len(), 1, "round {round}: {won:?}");
            for (reply, _) in replies {
                if reply.status() != 200 {
                    let told = reply.expect_problem(409, "changed_meanwhile").json();
                    assert_eq!((&told["current"]["version"], &told["current"]["body"]["text"]), (&(round + 1).into(), &won[0].clone().into()));
                }
            }
            winners.extend(won);
        }
        let history: Vec<_> = facilitator.versions("discussion/hand-over").await.iter().rev().map(|it| it["body"]["text"].clone()).collect();
        assert_eq!(Value::from(history), Value::from(winners));
        check_history(&facilitator).await;
    }

    /// Thirty who each go on until they have written: every one of them stands in the history, once, on top of what it saw.
    async fn writers_who_try_again_all_get_through(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let facilitator = facilitator(&server).await;
        let seats = join(&server, &facilitator, "participant", WRITERS as u32).await;
        let write = |(number, seat): (usize, &Seat)| {
            let seat = seat.clone();
            async move {
                let mut seen = (0, String::new());
                loop {
                    // Each writes what it saw and its own number after it, so that a change that was lost is missed.
                    let text = format!("{} {number}", seen.1);
                    let reply = seat.write("case/course", seen.0, &conjecture(&text)).await;
                    if reply.status() == 200 {
                        return;
                    }
                    let current = reply.expect_problem(409, "changed_meanwhile").json()["current"].clone();
                    seen = (current["version"].as_u64().unwrap(), current["body"]["text"].as_str().unwrap().to_owned());
                }
            }
        };
        let _ = at_once(seats.iter().enumerate().map(write)).await;
        let item = facilitator.item("case/course").await;
        assert_eq!(item["version"], WRITERS);
        let written: BTreeSet<usize> = item["body"]["text"].as_str().unwrap().split_whitespace().map(|it| it.parse().unwrap()).collect();
        assert_eq!(written, (0..WRITERS).collect());
        assert_eq!(facilitator.versions("case/course").await.len(), WRITERS);
        check_history(&facilitator).await;
    }

    /// Thirty who write different things are not in each other's way.
    async fn writers_of_different_items_all_succeed(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let facilitator = facilitator(&server).await;
        let seats = join(&server, &facilitator, "participant", WRITERS as u32).await;
        let write = |(number, seat): (usize, &Seat)| {
            let seat = seat.clone();
            async move {
                let place = format!("event/e{number}");
                for version in 0..4 {
                    let _ = seat.write(&place, version, &crate::reviews::items::event(&format!("{number}/{version}"))).await.expect(200);
                }
                let _ = seat.mark("hand-over", 0, &conjecture(&format!("{number}"))).await.expect(200);
            }
        };
        let _ = at_once(seats.iter().enumerate().map(write)).await;
        check_history(&facilitator).await;
        assert_eq!(facilitator.review().await["number"], 2 + 4 * WRITERS);
        assert_eq!(facilitator.collect().await.expect(200).number_at("/columns"), WRITERS as i64);
    }

    /// While the group marks and the facilitators collect and complete, each mark that was taken stands in the table in the end.
    async fn marks_made_while_it_is_collected_are_not_lost(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let facilitator = facilitator(&server).await;
        let seats = join(&server, &facilitator, "participant", 8).await;
        let mark = |(number, seat): (usize, &Seat)| {
            let seat = seat.clone();
            async move {
                let mut taken = BTreeSet::new();
                for cause in crate::reviews::CAUSES {
                    let text = format!("{number} {cause}");
                    let reply = seat.mark(cause, 0, &conjecture(&text)).await;
                    match reply.status() {
                        200 => assert!(taken.insert(text)),
                        _ => drop(reply.expect_problem(409, "review_complete")),
                    }
                }
                taken
            }
        };
        let leading = tokio::spawn({
            let seat = facilitator.clone();
            async move {
                loop {
                    let _ = seat.collect().await;
                    if seat.progress("complete", 5).await.status() == 200 && !seat.column_marks(crate::reviews::CAUSES[0]).await.is_empty() {
                        return;
                    }
                    let _ = seat.progress("open", 1).await;
                }
            }
        });
        let taken: BTreeSet<String> = at_once(seats.iter().enumerate().map(mark)).await.into_iter().flatten().collect();
        leading.await.unwrap();
        if facilitator.review().await["state"] == "complete" {
            let _ = facilitator.progress("open", 1).await.expect(200);
        }
        let _ = facilitator.collect().await;
        let mut published = BTreeSet::new();
        for cause in crate::reviews::CAUSES {
            for mark in facilitator.column_marks(cause).await {
                assert!(published.insert(mark["body"]["text"].as_str().unwrap().to_owned()), "twice: {mark}");
            }
        }
        assert_eq!(published, taken);
    }
}
