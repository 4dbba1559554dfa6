//! Charts of causes that groups bring: version by version, never changed, and a review keeps to the one that it began with.

use std::fmt::Write as _;

use serde_json::{Value, json};
use warifu_testkit::{Engine, Reply, Seat, Server, ServerSettings, TestDatabase, on_both_databases};

use crate::reviews::{at_once, conjecture, facilitator};

/// The text of a chart of one group with these causes.
pub(crate) fn chart(key: &str, version: u32, causes: &[&str]) -> String {
    let mut text = format!("key = \"{key}\"\nversion = {version}\nja = \"図{version}\"\nen = \"Chart {version}\"\n\n");
    text.push_str(
        "[[regions]]\nkey = \"all\"\n\n[[regions.groups]]\nkey = \"group\"\nja = \"群\"\nen = \"Group\"\ncauses = [\n",
    );
    for cause in causes {
        writeln!(text, "  {{ key = \"{cause}\", ja = \"因\", en = \"Cause\" }},").unwrap();
    }
    text + "]\n"
}

async fn bring(seat: &Seat, toml: &str) -> Reply {
    seat.post("/v1/charts", &json!({ "toml": toml })).await
}

async fn begin_on(server: &Server, key: &str, version: Option<u32>) -> (Seat, Reply) {
    let seat = server.seat();
    let mut body = json!({ "name": "Case", "chart_key": key });
    if let Some(version) = version {
        body["chart_version"] = json!(version);
    }
    let reply = seat.post("/v1/reviews", &body).await;
    (seat, reply)
}

/// The charts in the list, as key, version and how many causes.
async fn listed(server: &Server) -> Vec<Value> {
    let list = server.anonymous().get("/v1/charts").await.expect(200).json();
    let line = |chart: &Value| json!([chart["key"], chart["version"], chart["causes"]]);
    list["items"].as_array().unwrap().iter().map(line).collect()
}

on_both_databases! {
    /// A chart is brought, listed, read, and had as the next version; the same again is answered like the first time.
    async fn charts_are_brought_version_by_version(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let seat = facilitator(&server).await;
        let shipped = listed(&server).await;
        assert_eq!(shipped.len(), 2);
        assert!(shipped.contains(&json!(["it-project", 1, 29])) && shipped.contains(&json!(["base", 1, 27])), "{shipped:?}");
        let texts = [chart("ours", 1, &["one", "two"]), chart("ours", 2, &["one", "two", "three"])];
        for (version, text) in (1..).zip(&texts) {
            for _ in 0..2 {
                assert_eq!(bring(&seat, text).await.expect(201).json(), json!({ "key": "ours", "version": version }));
            }
        }
        let all = listed(&server).await;
        assert_eq!(all.len(), 4);
        assert!(all.contains(&json!(["ours", 1, 2])) && all.contains(&json!(["ours", 2, 3])), "{all:?}");
        for (version, text) in (1..).zip(&texts) {
            let got = server.anonymous().get(&format!("/v1/charts/ours/{version}")).await.expect(200).json();
            assert_eq!((&got["toml"], &got["version"], &got["name"]["ja"]), (&json!(text), &json!(version), &json!(format!("図{version}"))));
            assert_eq!(got["chart"]["regions"][0]["groups"][0]["causes"].as_array().unwrap().len(), version + 1);
        }
        // Another text, or another number, is not the next version.
        for (key, version, next) in [("ours", 1, 3), ("ours", 2, 3), ("ours", 4, 3), ("it-project", 1, 2), ("it-project", 3, 2), ("new", 2, 1)] {
            let refused = bring(&seat, &chart(key, version, &["other"])).await.expect_problem(409, "chart_version");
            assert_eq!(refused.number_at("/next"), next, "{key} {version}");
        }
        assert_eq!(listed(&server).await, all);
        let _ = bring(&seat, &chart("it-project", 2, &["one"])).await.expect(201);
    }

    /// A review keeps to the chart that it began with, whatever comes later; without a version the latest is taken.
    async fn a_review_keeps_its_chart(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let seat = facilitator(&server).await;
        let _ = bring(&seat, &chart("ours", 1, &["one", "two"])).await.expect(201);
        let (old, begun) = begin_on(&server, "ours", None).await;
        let _ = begun.expect(201);
        let _ = old.mark("one", 0, &conjecture("why")).await.expect(200);
        let before = crate::reviews::items::stands(&old).await;
        let _ = bring(&seat, &chart("ours", 2, &["two", "three"])).await.expect(201);
        assert_eq!(crate::reviews::items::stands(&old).await, before);
        assert_eq!(before["chart"]["version"], 1);
        let _ = old.mark("three", 0, &conjecture("why")).await.expect_problem(404, "not_found");
        let _ = old.mark("one", 1, &conjecture("because")).await.expect(200);
        for (version, expected) in [(None, 2), (Some(1), 1), (Some(2), 2)] {
            let (new, begun) = begin_on(&server, "ours", version).await;
            let _ = begun.expect(201);
            assert_eq!(new.review().await["chart"]["version"], expected);
        }
        for (key, version) in [("none", None), ("ours", Some(3)), ("ours", Some(0)), ("it-project", Some(2)), ("", None), ("Ours", None)] {
            let (seat, refused) = begin_on(&server, key, version).await;
            let _ = refused.expect_problem(404, "not_found");
            let _ = seat.get("/v1/review").await.expect_problem(401, "unauthorized");
        }
        // Nor does a restart change it.
        let server = server.restart(ServerSettings::default()).await;
        assert_eq!(crate::reviews::items::stands(&old.through(server.origin())).await, before);
    }

    /// Of several who bring a version at once, one does; the others are told which is next.
    async fn a_version_is_brought_once(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let seat = facilitator(&server).await;
        let bring_own = |number: usize| {
            let (seat, text) = (seat.clone(), chart("raced", 1, &[&format!("cause-{number}")]));
            async move { (bring(&seat, &text).await, text) }
        };
        let replies = at_once((0..10).map(bring_own)).await;
        let won: Vec<_> = replies.iter().filter(|(reply, _)| reply.status() == 201).map(|(_, text)| text.clone()).collect();
        assert_eq!(won.len(), 1);
        for (reply, _) in replies {
            if reply.status() != 201 {
                assert_eq!(reply.expect_problem(409, "chart_version").number_at("/next"), 2);
            }
        }
        assert_eq!(server.anonymous().get("/v1/charts/raced/1").await.expect(200).text_at("/toml"), won[0]);
    }
}

/// What is no chart is refused with its line and what is wrong; nothing is kept.
#[tokio::test]
async fn a_text_that_is_no_chart_is_refused_with_its_line() {
    let server = Server::start(Engine::Sqlite).await;
    let seat = facilitator(&server).await;
    let before = listed(&server).await;
    let good = chart("ours", 1, &["one", "two"]);
    let empty = "key = \"ours\"\nversion = 1\nja = \"図\"\nen = \"Chart\"\n";
    for (text, expected) in [
        (good.replace("version = 1", "version = x"), "line 2"),
        (good.replace("ja = \"図1\"", "ja = 図"), "line 3"),
        (good.replace("key = \"two\"", "key = \"one\""), "line 15"),
        (good.replace("key = \"two\"", "key = \"Two\""), "line 15"),
        (good.replace("version = 1", "version = 0"), "version"),
        (good.replace("version = 1", "version = 1\nauthor = \"x\""), "author"),
        (empty.to_owned(), "no cause"),
        (chart("ours", 1, &[]), "line"),
        (String::new(), "line 1"),
        ("\0".to_owned(), "line 1"),
    ] {
        let refused = bring(&seat, &text).await.expect_problem(400, "invalid_request");
        assert!(refused.text_at("/detail").contains(expected), "{expected}: {refused}");
    }
    for body in [json!({}), json!({ "toml": 1 }), json!({ "toml": good, "key": "ours" })] {
        let _ = seat.post("/v1/charts", &body).await.expect_problem(400, "invalid_request");
    }
    let _ = bring(&seat, &format!("{good}#{}", "x".repeat(70_000))).await.expect_problem(413, "payload_too_large");
    for path in
        ["ours/1", "it-project/2", "it-project/0", "it-project/x", "it-project/-1", "none/1", "it-project/99999999999"]
    {
        let _ = server.anonymous().get(&format!("/v1/charts/{path}")).await.expect_problem(404, "not_found");
    }
    assert_eq!(listed(&server).await, before);
}

/// Where the operator begins reviews, only facilitators bring charts, and nobody begins a review in a browser.
#[tokio::test]
async fn where_the_operator_begins_only_facilitators_bring_charts() {
    let settings = ServerSettings { reviews_begun_by_operator: true, ..ServerSettings::default() };
    let server = Server::start_with(TestDatabase::new(Engine::Sqlite).await, settings).await;
    let list = server.anonymous().get("/v1/charts").await.expect(200).json();
    assert_eq!(list["may_begin"], false);
    let seats = crate::reviews::everything::seated(&server).await;
    let [facilitator, participant, reader, program] = seats.each_ref().map(|(_, seat)| seat);
    let text = chart("ours", 1, &["one"]);
    for seat in [participant, reader, program] {
        let _ = bring(seat, &text).await.expect_problem(403, "forbidden");
    }
    let _ = bring(&server.seat(), &text).await.expect_problem(401, "unauthorized");
    let nobody = server.anonymous().request("POST", "/v1/charts").json(&json!({ "toml": text })).send().await;
    let _ = nobody.expect_problem(401, "unauthorized");
    assert_eq!(listed(&server).await.len(), 2);
    let _ = bring(facilitator, &text).await.expect(201);
    for seat in [&server.seat(), facilitator, participant] {
        let _ = seat.begin("Case").await.expect_problem(403, "forbidden");
    }
}

/// Where whoever comes begins reviews, the list says so.
#[tokio::test]
async fn the_list_says_whether_reviews_can_be_begun() {
    let server = Server::start(Engine::Sqlite).await;
    let list = server.anonymous().get("/v1/charts").await.expect(200).json();
    assert_eq!(list["may_begin"], true);
    let _ = server.seat().begin("Case").await.expect(201);
}
