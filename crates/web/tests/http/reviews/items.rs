//! What a group writes together: every kind, its versions, and that nobody's change is lost to another's.

use serde_json::{Value, json};
use warifu_testkit::{Engine, Seat, Server, TestDatabase, on_both_databases};

use crate::reviews::{CAUSES, conjecture, each, facilitator, fact, join_one, source};

/// Something that happened, nobody knows when.
pub(crate) fn event(text: &str) -> Value {
    json!({ "statement": conjecture(text), "when": { "kind": "unknown", "at": "" }, "rank": 0 })
}

/// A review as it stands, but for how many look at it.
pub(crate) async fn stands(seat: &Seat) -> Value {
    let mut review = seat.review().await;
    review["present"] = Value::Null;
    review
}

fn when(kind: &str, at: &str, rank: i64) -> Value {
    json!({ "statement": conjecture("it broke"), "when": { "kind": kind, "at": at }, "rank": rank })
}

/// A body of every kind, and some that are at the end of what can be said.
fn good() -> Vec<(String, Value)> {
    let mut good = Vec::new();
    for field in "name date place site summary event course cause response measures knowledge background sequel asides interviews motive \
        main_scenario side_scenarios"
        .split_whitespace()
    {
        good.push((format!("case/{field}"), fact(&format!("about {field}"), &[source("document", "report", "")])));
    }
    for kind in ["why", "why_not", "discussion"] {
        good.push((format!("{kind}/{}", CAUSES[1]), conjecture(kind)));
    }
    good.push((format!("lift/{}", CAUSES[1]), json!({ "is_lifted": true })));
    good.push((format!("lift/{}", CAUSES[2]), json!({ "is_lifted": false })));
    let moments = [
        ("exact", "2019"),
        ("about", "2019-07"),
        ("before", "2020-02-29"),
        ("after", "2019-07-03T23:59"),
        ("unknown", ""),
    ];
    for (number, (kind, at)) in moments.into_iter().enumerate() {
        good.push((format!("event/e-{number}"), when(kind, at, 1_048_576 * i64::try_from(number).unwrap())));
    }
    good.push((format!("event/{}", "z".repeat(40)), when("exact", "0001-01-01", 9_007_199_254_740_991)));
    good.push(("event/0".to_owned(), when("exact", "9999-12-31T00:00", -9_007_199_254_740_991)));
    good.push(("open/o-1".to_owned(), json!({ "text": "what then?", "about": CAUSES[0], "is_settled": false })));
    good.push(("open/o-2".to_owned(), json!({ "text": "who decides?", "about": "", "is_settled": true })));
    good.push(("comment/c-1".to_owned(), json!({ "on": "case/main_scenario", "text": "see there" })));
    good.push(("comment/c-2".to_owned(), json!({ "on": "event/gone", "text": "of one that is not there" })));
    good
}

on_both_databases! {
    /// Every kind of item comes back as it was written: in the review, in its history and among the changes. Nothing says by whom.
    async fn every_kind_comes_back_as_it_was_written(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let facilitator = facilitator(&server).await;
        let participant = join_one(&server, &facilitator, "participant").await;
        let begun = facilitator.review().await;
        assert_eq!((&begun["state"], &begun["step"]), (&json!("open"), &json!(1)));
        for (number, (place, body)) in good().into_iter().enumerate() {
            let seat = if number % 2 == 0 { &facilitator } else { &participant };
            let seen = u64::from(place == "case/name");
            let written = seat.write(&place, seen, &body).await.expect(200);
            assert_eq!(written.number_at("/version"), i64::try_from(seen).unwrap() + 1);
            let item = facilitator.item(&place).await;
            assert_eq!((&item["version"], &item["body"]), (&json!(seen + 1), &body));
            assert_eq!(item.as_object().unwrap().len(), 4, "kind, key, version and body: {item}");
            let newest = participant.versions(&place).await[0].clone();
            assert_eq!((&newest["number"], &newest["body"]), (&json!(written.number_at("/number")), &body));
            assert_eq!(newest.as_object().unwrap().len(), 6, "nothing says by whom: {newest}");
            assert_eq!(facilitator.changes_after(written.number_at("/number") - 1).await, [newest]);
        }
    }

    /// A change needs the version that it was made from; whoever is late is told what stands there. Removed items count on.
    async fn versions_guard_every_change(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let facilitator = facilitator(&server).await;
        let other = join_one(&server, &facilitator, "participant").await;
        let place = "why/hand-over";
        let [one, two, three] = ["one", "two", "three"].map(conjecture);
        let first = facilitator.write(place, 0, &one).await.expect(200).json();
        let conflicts = |reply: warifu_testkit::Reply, version: u64, body: &Value| {
            let reply = reply.expect_problem(409, "changed_meanwhile");
            assert_eq!(reply.json()["current"], json!({ "version": version, "body": body }));
        };
        conflicts(other.write(place, 0, &two).await, 1, &one);
        conflicts(other.write(place, 2, &two).await, 1, &one);
        conflicts(other.remove(place, 0).await, 1, &one);
        // Whoever asks again was not told: it is not done twice.
        assert_eq!(facilitator.write(place, 0, &one).await.expect(200).json(), first);
        assert_eq!(other.write(place, 1, &two).await.expect(200).number_at("/version"), 2);
        conflicts(facilitator.write(place, 1, &three).await, 2, &two);
        conflicts(facilitator.write(place, 0, &one).await, 2, &two);
        let removed = facilitator.remove(place, 2).await.expect(200).json();
        assert_eq!(removed["version"], 3);
        assert_eq!(facilitator.remove(place, 2).await.expect(200).json(), removed, "nor is it removed twice");
        assert_eq!(facilitator.item(place).await, Value::Null);
        conflicts(other.write(place, 2, &three).await, 3, &Value::Null);
        conflicts(other.write(place, 0, &three).await, 3, &Value::Null);
        assert_eq!(other.write(place, 3, &three).await.expect(200).number_at("/version"), 4);
        // Undo: an older body with the present version.
        let versions = other.versions(place).await;
        assert_eq!(each(&versions, "/version"), [4, 3, 2, 1].map(|it| json!(it)).each_ref());
        assert_eq!(each(&versions, "/body"), [&three, &Value::Null, &two, &one]);
        assert_eq!(facilitator.write(place, 4, &versions[3]["body"]).await.expect(200).number_at("/version"), 5);
        assert_eq!(other.item(place).await["body"], one);
        assert_eq!(other.versions(place).await.len(), 5, "and what was undone can be undone");
        let numbers: Vec<_> = other.changes_after(0).await.iter().map(|change| change["number"].as_i64().unwrap()).collect();
        assert_eq!(numbers, (1..=i64::try_from(numbers.len()).unwrap()).collect::<Vec<_>>());
        assert_eq!(numbers.len(), 7, "what was refused or repeated is no change");
        let _ = other.remove("why_not/hand-over", 0).await.expect_problem(404, "not_found");
    }

    /// Where the group is, its facilitators say. A completed review takes nothing but this.
    async fn a_completed_review_takes_nothing(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let facilitator = facilitator(&server).await;
        let participant = join_one(&server, &facilitator, "participant").await;
        let _ = facilitator.write("event/e1", 0, &event("before")).await.expect(200);
        let file = facilitator.upload("a.txt", "text/plain", "x").await.expect(201).text_at("/id");
        for (state, step) in [("open", 2), ("in_review", 5)] {
            let _ = facilitator.progress(state, step).await.expect(200);
            let review = participant.review().await;
            assert_eq!((&review["state"], &review["step"]), (&json!(state), &json!(step)));
            let _ = participant.progress("complete", 5).await.expect_problem(403, "forbidden");
            let _ = participant.write("progress/review", 0, &json!({ "state": "open", "step": 1 })).await.expect_problem(403, "forbidden");
            let _ = participant.remove("progress/review", 2).await.expect_problem(403, "forbidden");
        }
        let _ = facilitator.remove("progress/review", 3).await.expect_problem(404, "not_found");
        let _ = facilitator.progress("complete", 5).await.expect(200);
        let before = stands(&facilitator).await;
        for seat in [&facilitator, &participant] {
            let _ = seat.write("event/e1", 1, &event("after")).await.expect_problem(409, "review_complete");
            let _ = seat.write("event/e2", 0, &event("after")).await.expect_problem(409, "review_complete");
            let _ = seat.write("lift/hand-over", 0, &json!({ "is_lifted": true })).await.expect_problem(409, "review_complete");
            let _ = seat.remove("event/e1", 1).await.expect_problem(409, "review_complete");
            let _ = seat.upload("b.txt", "text/plain", "y").await.expect_problem(409, "review_complete");
            let _ = seat.delete(&format!("/v1/review/files/{file}")).await.expect_problem(409, "review_complete");
        }
        assert_eq!(stands(&participant).await["items"], before["items"]);
        assert_eq!(stands(&facilitator).await, before);
        // It is read as before.
        assert_eq!(participant.get(&format!("/v1/review/files/{file}")).await.expect(200).bytes(), b"x");
        let _ = facilitator.progress("open", 1).await.expect(200);
        let _ = participant.write("event/e1", 1, &event("after")).await.expect(200);
    }

    /// A zero byte, which no text of PostgreSQL can have, is nowhere a failure of the service.
    async fn a_zero_byte_in_a_name_is_not_found(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let seat = facilitator(&server).await;
        let mut replies = Vec::new();
        for place in ["event/%00", "why/%00", "case/a%00", "progress/%00"] {
            let body = if place.starts_with("event") { event("x") } else { conjecture("x") };
            let body = if place.starts_with("progress") { json!({ "state": "open", "step": 1 }) } else { body };
            replies.push(seat.write(place, 0, &body).await);
            replies.push(seat.remove(place, 0).await);
        }
        replies.push(seat.mark("%00", 0, &conjecture("x")).await);
        replies.push(seat.unmark("%00", 0).await);
        replies.push(seat.get("/v1/charts/%00/1").await);
        replies.push(server.seat().post("/v1/reviews", &json!({ "name": "Case", "chart_key": "\0" })).await);
        // What is not there has no history and no marks, or is not found.
        let lists = [seat.get("/v1/review/items/event/%00/history").await, seat.get("/v1/review/table/%00").await];
        let failed: Vec<_> = replies.iter().filter(|reply| reply.status() != 404).map(ToString::to_string).collect();
        assert!(failed.is_empty(), "{failed:#?}");
        assert!(lists.iter().all(|reply| [200, 404].contains(&reply.status())), "{lists:?}");
    }

    /// The changes of a review are read in stretches, forwards and backwards, and none is missing.
    async fn changes_are_read_in_stretches(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let seat = facilitator(&server).await;
        for version in 0..530 {
            let _ = seat.write("lift/hand-over", version, &json!({ "is_lifted": version % 2 == 0 })).await.expect(200);
        }
        let page = |query: String| { let seat = seat.clone(); async move { seat.get(&format!("/v1/review/changes?{query}")).await.expect(200).json() } };
        let numbers = |page: &Value| -> Vec<i64> { page["items"].as_array().unwrap().iter().map(|it| it["number"].as_i64().unwrap()).collect() };
        let first = page("after=0".to_owned()).await;
        assert_eq!((numbers(&first), &first["number"]), ((1..=500).collect(), &json!(500)));
        let second = page("after=500".to_owned()).await;
        assert_eq!(numbers(&second), (501..=532).collect::<Vec<_>>());
        let none = page("after=532".to_owned()).await;
        assert_eq!((&none["items"], &none["number"]), (&json!([]), &json!(532)));
        let newest = page("before=9007199254740991".to_owned()).await;
        assert_eq!(numbers(&newest), (433..=532).rev().collect::<Vec<_>>());
        assert_eq!(numbers(&page("before=50".to_owned()).await), (1..50).rev().collect::<Vec<_>>());
        assert_eq!(numbers(&page("before=1".to_owned()).await), [0_i64; 0]);
        for query in ["", "after=0&before=9", "after=x", "after=", "at=1", "after=0&after=1"] {
            let _ = seat.get(&format!("/v1/review/changes?{query}")).await.expect_problem(400, "invalid_request");
        }
        assert_eq!(seat.versions("lift/hand-over").await.len(), 200, "as many as anybody reads");
    }
}

/// A place that the chart, the case or the kinds do not have is not found, and nothing is written there.
#[tokio::test]
async fn only_places_that_there_are_can_be_written() {
    let server = Server::start(Engine::Sqlite).await;
    let seat = facilitator(&server).await;
    let before = stands(&seat).await;
    for kind in ["why", "why_not", "discussion"] {
        for key in ["hand-over-2", "ignorance", "individual", "it-project", "Hand-over"] {
            let _ = seat.write(&format!("{kind}/{key}"), 0, &conjecture("x")).await.expect_problem(404, "not_found");
        }
    }
    for key in ["ignorance", "no-such-cause"] {
        let _ =
            seat.write(&format!("lift/{key}"), 0, &json!({ "is_lifted": true })).await.expect_problem(404, "not_found");
    }
    for place in ["case/title", "case/Name", "table/review", "mark/hand-over", "nothing/x", "Case/name"] {
        let _ = seat.write(place, 0, &conjecture("x")).await.expect_problem(404, "not_found");
    }
    let _ =
        seat.write("progress/other", 0, &json!({ "state": "open", "step": 1 })).await.expect_problem(404, "not_found");
    for key in ["E1", "e_1", "e%201", "%C3%A4", &"e".repeat(41), "e.1", "..%2Fname", "%00"] {
        let _ = seat.write(&format!("event/{key}"), 0, &event("x")).await.expect_problem(404, "not_found");
    }
    let file = json!({ "name": "a.txt", "media_type": "text/plain", "size": 1 });
    let own = seat.upload("a.txt", "text/plain", "x").await.expect(201).text_at("/id");
    let before_file = stands(&seat).await;
    let _ = seat.write("file/fil_00000000000070008000000000000000", 0, &file).await.expect_problem(404, "not_found");
    let _ = seat.write(&format!("file/{own}"), 1, &file).await.expect_problem(404, "not_found");
    let _ = seat.remove(&format!("file/{own}"), 1).await.expect_problem(404, "not_found");
    assert_eq!(stands(&seat).await, before_file);
    let _ = seat.get("/v1/review/items/nothing/x/history").await.expect_problem(404, "not_found");
    assert!(seat.versions("event/never").await.is_empty());
    assert_eq!(before["number"], 2);
}

/// Bodies that are none of their kind.
fn bad() -> Vec<(&'static str, Value)> {
    let open = |text: &str, about: &str| json!({ "text": text, "about": about, "is_settled": false });
    let comment = |on: &str| json!({ "on": on, "text": "x" });
    let mut bad = vec![
        ("progress/review", json!({ "state": "done", "step": 1 })),
        ("progress/review", json!({ "state": "open", "step": 0 })),
        ("progress/review", json!({ "state": "open", "step": 6 })),
        ("progress/review", json!({ "state": "open", "step": 1.5 })),
        ("progress/review", json!({ "state": "open" })),
        ("progress/review", json!({ "state": "open", "step": 1, "by": "x" })),
        ("lift/hand-over", json!({ "is_lifted": "yes" })),
        ("lift/hand-over", json!({})),
        ("lift/hand-over", json!(null)),
        ("lift/hand-over", json!([true])),
        ("lift/hand-over", json!(true)),
        ("case/summary", json!("text")),
        ("case/summary", json!({ "is_lifted": true })),
        ("event/e1", conjecture("a statement is no event")),
        ("event/e1", json!({ "statement": conjecture(""), "when": { "kind": "unknown", "at": "" }, "rank": 0 })),
        ("event/e1", json!({ "statement": conjecture("x"), "when": { "kind": "unknown" }, "rank": 0 })),
        ("event/e1", json!({ "statement": conjecture("x"), "when": { "kind": "unknown", "at": "" } })),
        ("event/e1", json!({ "statement": conjecture("x"), "when": { "kind": "unknown", "at": "" }, "rank": "1" })),
        ("event/e1", json!({ "statement": conjecture("x"), "when": { "kind": "unknown", "at": "" }, "rank": 0.5 })),
        ("event/e1", when("unknown", "", 9_007_199_254_740_992)),
        ("event/e1", when("unknown", "", -9_007_199_254_740_992)),
        ("event/e1", when("unknown", "2019", 0)),
        ("event/e1", when("never", "2019", 0)),
        ("open/o1", open("", "")),
        ("open/o1", open(" \n ", "")),
        ("open/o1", open("x", "no-such-cause")),
        ("open/o1", open("x", "ignorance")),
        ("open/o1", open(&"長".repeat(10_001), "")),
        ("comment/c1", json!({ "on": "case/name", "text": "" })),
        ("comment/c1", json!({ "on": "case/name", "text": "x", "by": "Taro" })),
    ];
    bad.extend(
        ["", "case", "case/", "/name", "nothing/x", "case/name/x", "case/NAME!"].map(|on| ("comment/c1", comment(on))),
    );
    bad.extend(
        [
            "",
            "19",
            "2019-13",
            "2019-02-29",
            "2019-7",
            "2019-07-03 10:05",
            "2019-07-03T24:00",
            "2019-07-03T10:05:00",
            "20190703",
            "-001",
            "２０１９",
            "2019-07-03T10:05Z",
        ]
        .map(|at| ("event/e1", when("exact", at, 0))),
    );
    bad
}

/// What does not fit its kind is refused with words that say why, and nothing is changed.
#[tokio::test]
async fn bodies_that_do_not_fit_are_refused() {
    let server = Server::start(Engine::Sqlite).await;
    let seat = facilitator(&server).await;
    let before = stands(&seat).await;
    for (place, body) in bad() {
        let seen = u64::from(place == "progress/review");
        let refused = seat.write(place, seen, &body).await.expect_problem(400, "invalid_request");
        assert!(refused.text_at("/detail").len() > 10, "{body}: {refused}");
    }
    for text in [
        "",
        "{",
        "[]",
        "null",
        "{\"version\":0,\"version\":0,\"body\":{}}",
        "\"x\"",
        "{\"version\":0,\"body\":{\"text\":\"\\ud800\"}}",
    ] {
        let reply = seat.request("PUT", "/v1/review/items/case/summary").body("application/json", text).send().await;
        let _ = reply.expect_problem(400, "invalid_request");
    }
    let not_utf8 = seat
        .request("PUT", "/v1/review/items/case/summary")
        .body("application/json", b"{\"version\":0,\"body\":{\"text\":\"\xff\"}}".to_vec());
    let _ = not_utf8.send().await.expect_problem(400, "invalid_request");
    let huge = seat.request("PUT", "/v1/review/items/case/summary").body("application/json", " ".repeat(70_000));
    let _ = huge.send().await.expect_problem(413, "payload_too_large");
    assert_eq!(stands(&seat).await, before);
}
