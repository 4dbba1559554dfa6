//! What somebody marks: theirs alone until it is collected, and never lost between two of their own windows.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use warifu_testkit::{Seat, Server, TestDatabase, on_both_databases};

use crate::reviews::everything::everything_read;
use crate::reviews::{CAUSES, at_once, conjecture, each, facilitator, join, join_one};

/// All that somebody can read, but for their own marks, by where it is read.
async fn seen(seat: &Seat) -> BTreeMap<String, String> {
    let replies = everything_read(seat, &[]).await;
    let others = replies.into_iter().filter(|(path, _)| path != "/v1/review/marks");
    others.map(|(path, reply)| (path, reply.expect(200).text())).collect()
}

on_both_databases! {
    /// Before marks are collected, nothing that anybody else can read differs by a byte, nothing is told live, and no conflict shows
    /// them. Afterwards everybody reads them.
    async fn nobody_sees_a_mark_before_it_is_collected(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let facilitator = facilitator(&server).await;
        let marker = join_one(&server, &facilitator, "participant").await;
        let others = [facilitator.clone(), join_one(&server, &facilitator, "participant").await, join_one(&server, &facilitator, "reader").await];
        let mut streams = Vec::new();
        for other in &others {
            streams.push(other.look().await);
        }
        for stream in &mut streams {
            let _ = stream.until(|told| told.data["present"] == 3).await;
        }
        let mut before = Vec::new();
        for other in &others {
            before.push(seen(other).await);
        }
        for (number, cause) in CAUSES.iter().enumerate() {
            let _ = marker.mark(cause, 0, &conjecture(&format!("Grund-{number}"))).await.expect(200);
        }
        let _ = marker.mark(CAUSES[0], 1, &conjecture("Grund-anders")).await.expect(200);
        let _ = marker.unmark(CAUSES[5], 1).await.expect(204);
        for (other, before) in others.iter().zip(&before) {
            for (path, text) in seen(other).await {
                assert_eq!(Some(&text), before.get(&path), "{path}");
            }
            assert!(!other.get("/v1/review/marks").await.expect(200).text().contains("Grund"));
        }
        // A conflict tells of one's own mark, which is none.
        for version in [1, 2] {
            let conflict = others[1].mark(CAUSES[0], version, &conjecture("x")).await.expect_problem(409, "changed_meanwhile");
            assert_eq!(conflict.json()["current"], json!({ "version": 0, "body": null }));
            let conflict = others[1].unmark(CAUSES[0], version).await.expect_problem(409, "changed_meanwhile");
            assert_eq!(conflict.json()["current"], json!({ "version": 0, "body": null }));
        }
        let early = facilitator.progress("complete", 5).await.expect_problem(409, "not_collected");
        assert!(!early.text().contains("Grund"));
        // The next change comes after all of this, so nothing of it was told.
        let written = facilitator.write("case/site", 0, &conjecture("end")).await.expect(200).number_at("/number");
        for stream in &mut streams {
            let told = stream.next().await.unwrap();
            assert_eq!((told.event.as_str(), &told.data["number"]), ("change", &json!(written)), "{told:?}");
        }
        let _ = facilitator.collect().await.expect(200);
        for other in &others {
            let texts = seen(other).await.into_values().collect::<String>();
            assert!(texts.contains("Grund-anders") && (1..5).all(|number| texts.contains(&format!("Grund-{number}"))));
            assert!(!texts.contains("Grund-0") && !texts.contains("Grund-5"), "what was changed or taken back is not told");
        }
    }

    /// Two windows of one participant: whoever is late is told what stands there, and can then write; nothing is lost.
    async fn two_windows_of_one_participant_lose_nothing(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let facilitator = facilitator(&server).await;
        let (here, there) = { let one = join_one(&server, &facilitator, "participant").await; (one.clone(), one) };
        let cause = CAUSES[1];
        let [one, two, three] = ["one", "two", "three"].map(conjecture);
        let conflicts = |reply: warifu_testkit::Reply, version: u64, body: &Value| {
            let reply = reply.expect_problem(409, "changed_meanwhile");
            assert_eq!(reply.json()["current"], json!({ "version": version, "body": body }));
        };
        assert_eq!(here.mark(cause, 0, &one).await.expect(200).json(), json!({ "version": 1 }));
        conflicts(there.mark(cause, 0, &two).await, 1, &one);
        // A retry, whose first reply was lost.
        assert_eq!(here.mark(cause, 0, &one).await.expect(200).json(), json!({ "version": 1 }));
        assert_eq!(there.mark(cause, 1, &two).await.expect(200).json(), json!({ "version": 2 }));
        assert_eq!(there.mark(cause, 1, &two).await.expect(200).json(), json!({ "version": 2 }));
        conflicts(here.mark(cause, 1, &three).await, 2, &two);
        conflicts(here.mark(cause, 7, &three).await, 2, &two);
        conflicts(here.unmark(cause, 1).await, 2, &two);
        conflicts(here.mark(cause, 0, &one).await, 2, &two);
        let own = here.marks().await;
        assert_eq!(own, [json!({ "cause": cause, "version": 2, "body": two, "is_collected": false })]);
        let _ = here.unmark(cause, 2).await.expect(204);
        assert!(there.marks().await.is_empty());
        conflicts(there.mark(cause, 2, &three).await, 3, &Value::Null);
        assert_eq!(there.mark(cause, 0, &three).await.expect(200).json(), json!({ "version": 4 }));
    }

    /// A mark that was taken back and made again is another one: a window that saw the first does not overwrite the second unseen.
    async fn a_mark_made_again_is_not_overwritten_unseen(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let here = facilitator(&server).await;
        let there = here.clone();
        let _ = here.mark(CAUSES[0], 0, &conjecture("first")).await.expect(200);
        let _ = there.unmark(CAUSES[0], 1).await.expect(204);
        let again = there.mark(CAUSES[0], 0, &conjecture("second")).await.expect(200).number_at("/version");
        let stale = here.mark(CAUSES[0], 1, &conjecture("third")).await.expect_problem(409, "changed_meanwhile");
        assert_eq!(stale.json()["current"], json!({ "version": again, "body": conjecture("second") }));
    }

    /// Ten windows at once: one is first, the others are told of it.
    async fn of_windows_that_mark_at_once_one_is_first(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let seat = facilitator(&server).await;
        for round in 0..4 {
            let write = |window: u32| {
                let seat = seat.clone();
                async move { seat.mark(CAUSES[2], round, &conjecture(&format!("{round}/{window}"))).await }
            };
            let replies = at_once((0..10).map(write)).await;
            let own = seat.marks().await[0].clone();
            assert_eq!(replies.iter().filter(|reply| reply.status() == 200).count(), 1);
            for reply in replies.into_iter().filter(|reply| reply.status() != 200) {
                let conflict = reply.expect_problem(409, "changed_meanwhile").json();
                assert_eq!(conflict["current"], json!({ "version": round + 1, "body": own["body"] }));
            }
        }
    }

    /// Causes of the chart are marked, and nothing else; a refused mark leaves nothing behind.
    async fn only_causes_are_marked(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let seat = facilitator(&server).await;
        for other in ["hand-over-2", "ignorance", "individual", "it-project", "HAND-OVER", "review", "..%2Fdone", "%F0%9F%98%80", "hand-over%20"] {
            let _ = seat.mark(other, 0, &conjecture("why")).await.expect_problem(404, "not_found");
            let _ = seat.unmark(other, 0).await.expect_problem(404, "not_found");
        }
        for path in ["/v1/review/marks/hand-over?version=x", "/v1/review/marks/hand-over", "/v1/review/marks/hand-over?version=-1"] {
            let _ = seat.delete(path).await.expect_problem(400, "invalid_request");
        }
        for body in [json!({}), json!({ "version": 0 }), json!({ "version": -1, "body": conjecture("x") }), json!({ "version": 0, "body": null }),
            json!({ "version": 0, "body": conjecture("x"), "author": "me" }), json!({ "body": conjecture("x") }), json!([0, conjecture("x")]),
            json!({ "version": 0, "body": ["x", "conjecture", []] }), json!({ "version": 4_294_967_296_u64, "body": conjecture("x") })] {
            let _ = seat.put("/v1/review/marks/hand-over", &body).await.expect_problem(400, "invalid_request");
        }
        let as_text = seat.request("PUT", "/v1/review/marks/hand-over").body("text/plain", "{}").send().await;
        let _ = as_text.expect_problem(415, "unsupported_media_type");
        assert!(seat.marks().await.is_empty());
        let _ = seat.collect().await.expect_problem(400, "invalid_request");
        // A mark needs no reason.
        let _ = seat.mark("hand-over", 0, &conjecture("")).await.expect(200);
    }

    /// "I have marked what I wanted" is a count, which is nobody's.
    async fn being_done_is_a_count(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let facilitator = facilitator(&server).await;
        let people = join(&server, &facilitator, "participant", 3).await;
        let done = async |seat: &Seat, is_done: bool| {
            let _ = seat.put("/v1/review/done", &json!({ "is_done": is_done })).await.expect(204);
        };
        for _ in 0..2 {
            done(&people[0], true).await;
            done(&people[2], true).await;
        }
        let reviews = [people[0].review().await, people[1].review().await, facilitator.review().await];
        assert_eq!(each(&reviews, "/people/done"), [&json!(2); 3]);
        assert_eq!(each(&reviews, "/is_done"), [&json!(true), &json!(false), &json!(false)]);
        done(&people[0], false).await;
        assert_eq!(facilitator.review().await["people"]["done"], 1);
        for body in [json!({}), json!({ "is_done": 1 }), json!({ "is_done": true, "by": "me" })] {
            let _ = people[0].put("/v1/review/done", &body).await.expect_problem(400, "invalid_request");
        }
    }
}
