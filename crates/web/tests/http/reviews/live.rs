//! Being told of what happens: each change once, in order, soon, whoever wrote it where.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use warifu_testkit::{
    Chance, Engine, Live, Seat, Server, ServerSettings, TestDatabase, Told, on_both_databases, schedules,
};

use crate::reviews::{CAUSES, conjecture, facilitator, join, join_one};

/// How late something may be told.
const SOON: Duration = Duration::from_secs(1);

/// Waits until the change with this number was told, and gives all changes until then.
async fn changes_until(stream: &mut Live, number: i64) -> Vec<Told> {
    let mut found = Vec::new();
    if stream.ready["number"].as_i64().unwrap() >= number {
        return found;
    }
    loop {
        let told = stream.next_of("change").await;
        let is_last = told.data["number"] == number;
        found.push(told);
        if is_last {
            return found;
        }
    }
}

fn numbers(told: &[Told]) -> Vec<i64> {
    told.iter().map(|told| told.data["number"].as_i64().unwrap()).collect()
}

/// Writes through these seats in turn, and says when each change was answered.
async fn write_all(seats: &[Seat], count: usize) -> Vec<(i64, Instant)> {
    let mut written = Vec::new();
    for number in 0..count {
        let seat = &seats[number % seats.len()];
        let place = format!("event/e{number}");
        let reply = seat.write(&place, 0, &crate::reviews::items::event(&place)).await.expect(200);
        written.push((reply.number_at("/number"), Instant::now()));
    }
    written
}

/// Each stream told each change once, in order, and as it is among the changes; nine of ten of them soon, for the machine of a test may
/// be busy with something else for a moment.
async fn check_told(seat: &Seat, streams: &mut [Live], written: &[(i64, Instant)]) {
    let last = written.last().unwrap().0;
    let changes = seat.changes_after(0).await;
    let mut late = Vec::new();
    for stream in &mut *streams {
        let ready = stream.ready["number"].as_i64().unwrap();
        let told = changes_until(stream, last).await;
        assert_eq!(numbers(&told), (ready + 1..=last).collect::<Vec<_>>());
        for (number, answered) in written {
            let told = told.iter().find(|told| told.data["number"] == *number).unwrap();
            late.push(told.at.saturating_duration_since(*answered));
            assert_eq!(told.data, changes[usize::try_from(*number).unwrap() - 1]);
        }
    }
    let soon = late.iter().filter(|late| **late < SOON).count();
    assert!(soon * 10 >= late.len() * 9, "{soon} of {} in time: {late:?}", late.len());
}

/// Tells apart whether anything but how many look was told.
fn is_crowd(told: &Told) -> bool {
    told.event == "present"
}

on_both_databases! {
    /// Five who look are each told every change of everybody, once, in order and within a second; a collection too.
    async fn whoever_looks_is_told_every_change(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let facilitator = facilitator(&server).await;
        let people = join(&server, &facilitator, "participant", 3).await;
        let reader = join_one(&server, &facilitator, "reader").await;
        let mut streams = Vec::new();
        for seat in people.iter().chain([&facilitator, &reader]) {
            let stream = seat.look().await;
            assert_eq!(stream.ready["number"], 2);
            assert_eq!(stream.ready["people"], json!({ "facilitators": 1, "participants": 3, "readers": 1, "programs": 0, "done": 0 }));
            streams.push(stream);
        }
        let mut written = write_all(&people, 40).await;
        let _ = people[0].mark(CAUSES[0], 0, &conjecture("mine")).await.expect(200);
        written.push((facilitator.collect().await.expect(200).number_at("/number"), Instant::now()));
        written.push((facilitator.remove("event/e0", 1).await.expect(200).number_at("/number"), Instant::now()));
        check_told(&facilitator, &mut streams, &written).await;
        for stream in &mut streams {
            let more = stream.so_far();
            assert!(more.iter().all(is_crowd), "nothing is told twice: {more:?}");
        }
    }

    /// How many look rises and falls with those who look, and who sits there with those who come, are done, and leave.
    async fn whoever_looks_is_told_how_many_look(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let facilitator = facilitator(&server).await;
        let people = join(&server, &facilitator, "participant", 2).await;
        let mut here = facilitator.look().await;
        let _ = here.until(|told| told.data["present"] == 1).await;
        let first = people[0].look().await;
        let _ = here.until(|told| told.data["present"] == 2).await;
        // Two windows of one seat are two that look.
        let second = people[0].look().await;
        let third = people[1].look().await;
        let _ = here.until(|told| told.data["present"] == 4).await;
        assert_eq!(people[1].review().await["present"], 4);
        drop(second);
        let _ = here.until(|told| told.data["present"] == 3).await;
        drop((first, third));
        let told = here.until(|told| told.data["present"] == 1).await;
        assert_eq!(told.event, "present");
        assert_eq!(told.data["people"], json!({ "facilitators": 1, "participants": 2, "readers": 0, "programs": 0, "done": 0 }));
        let come = join_one(&server, &facilitator, "reader").await;
        let _ = here.until(|told| told.data["people"]["readers"] == 1).await;
        let _ = people[0].put("/v1/review/done", &json!({ "is_done": true })).await.expect(204);
        let _ = here.until(|told| told.data["people"]["done"] == 1).await;
        let _ = come.delete("/v1/review/seat").await.expect(204);
        let told = here.until(|told| told.data["people"]["readers"] == 0).await;
        assert_eq!(told.data, json!({ "present": 1, "people": { "facilitators": 1, "participants": 2, "readers": 0, "programs": 0, "done": 1 } }));
        drop(here);
        // Nobody looks at a review that nobody looks at.
        let deadline = Instant::now() + Duration::from_secs(10);
        while facilitator.review().await["present"] != 0 {
            assert!(Instant::now() < deadline, "{}", facilitator.review().await["present"]);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Whoever left is told no more once the stream is opened again.
    async fn a_stream_of_a_seat_that_left_is_not_opened_again(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let facilitator = facilitator(&server).await;
        let goes = join_one(&server, &facilitator, "participant").await;
        let stream = goes.look().await;
        let _ = goes.delete("/v1/review/seat").await.expect(204);
        drop(stream);
        let _ = goes.get("/v1/review/live").await.expect_problem(401, "unauthorized");
        // Others are told as before.
        let mut here = facilitator.look().await;
        let number = facilitator.write("case/site", 0, &conjecture("x")).await.expect(200).number_at("/number");
        assert_eq!(numbers(&changes_until(&mut here, number).await), [number]);
    }

    /// While somebody writes all the time, people come to look by chance: the number in `ready` and the changes told after it, with
    /// those before it read, leave nothing out and nothing twice.
    async fn nothing_falls_between_ready_and_the_first_change(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let facilitator = facilitator(&server).await;
        let people = join(&server, &facilitator, "participant", 2).await;
        for seed in schedules(3) {
            let mut chance = Chance::new(seed);
            let writers: Vec<_> = people.iter().enumerate().map(|(number, seat)| {
                let (seat, mut chance) = (seat.clone(), Chance::new(seed * 100 + number as u64));
                tokio::spawn(async move {
                    for version in 0..25 {
                        let place = format!("event/s{seed}-{number}-{version}");
                        let _ = seat.write(&place, 0, &crate::reviews::items::event("x")).await.expect(200);
                        tokio::time::sleep(Duration::from_millis(chance.below(12))).await;
                    }
                })
            }).collect();
            let mut streams = Vec::new();
            for _ in 0..6 {
                tokio::time::sleep(Duration::from_millis(chance.below(40))).await;
                let stream = facilitator.look().await;
                let known = facilitator.changes_after(0).await;
                if chance.below(3) == 0 {
                    // Some look away again.
                    drop(stream);
                } else {
                    streams.push((stream, known));
                }
            }
            for writer in writers {
                writer.await.unwrap();
            }
            let last = facilitator.review().await["number"].as_i64().unwrap();
            for (mut stream, known) in streams {
                let ready = stream.ready["number"].as_i64().unwrap();
                assert!(known.len() >= usize::try_from(ready).unwrap(), "what is before `ready` can be read");
                let told = changes_until(&mut stream, last).await;
                assert_eq!(numbers(&told), (ready + 1..=last).collect::<Vec<_>>(), "seed {seed}");
            }
        }
    }
}

/// What is written through one server is told by another on the same database, as soon; and both count who looks through either.
#[tokio::test]
async fn two_servers_tell_the_same_postgres() {
    let server = Server::start(Engine::Postgres).await;
    let other = server.start_beside(ServerSettings::default()).await;
    let facilitator = facilitator(&server).await;
    let people = join(&server, &facilitator, "participant", 4).await;
    let there: Vec<Seat> = people.iter().map(|seat| seat.through(other.origin())).collect();
    let mut streams = Vec::new();
    for seat in [&people[0], &people[1], &there[2], &there[3], &there[0]] {
        streams.push(seat.look().await);
    }
    let present = |told: &Told| told.data["present"] == 5;
    for stream in &mut streams {
        let _ = stream.until(present).await;
    }
    assert_eq!(there[0].review().await["present"], 5);
    let both = [people[0].clone(), there[1].clone(), people[2].clone(), there[3].clone()];
    let written = write_all(&both, 40).await;
    check_told(&facilitator, &mut streams, &written).await;
    let _ = streams.pop();
    for stream in &mut streams {
        let _ = stream.until(|told| told.data["present"] == 4).await;
        let more = stream.so_far();
        assert!(more.iter().all(is_crowd), "{more:?}");
    }
    drop(streams);
}

/// A server that ends tells its streams so, and its members come to another one.
#[tokio::test]
async fn streams_end_with_the_server() {
    let server = Server::start(Engine::Sqlite).await;
    let seat = facilitator(&server).await;
    let mut stream = seat.look().await;
    let server = server.restart(ServerSettings::default()).await;
    while let Some(told) = stream.next().await {
        assert!(is_crowd(&told), "{told:?}");
    }
    let seat = seat.through(server.origin());
    let mut stream = seat.look().await;
    assert_eq!(stream.ready["number"], 2);
    let number = seat.write("case/site", 0, &conjecture("x")).await.expect(200).number_at("/number");
    let told = changes_until(&mut stream, number).await;
    assert_eq!(told[0].data["body"], conjecture("x"));
    let _: Value = seat.review().await;
}
