//! Steps 4 and 5 of a failure review over HTTP: the relation diagram, measures and their library, and taking a review away and back.

use serde_json::{Value, json};
use warifu_testkit::{Engine, Seat, Server};

fn said(text: &str) -> Value {
    json!({ "text": text, "basis": "conjecture", "sources": [] })
}

fn found(text: &str, source: &str) -> Value {
    let source = json!({ "kind": "document", "text": source, "url": "https://example.com/a?b=1&c=2", "file": "" });
    json!({ "text": text, "basis": "fact", "sources": [source] })
}

async fn facilitator(server: &Server) -> Seat {
    let seat = Seat::at(server.origin());
    let begun = json!({ "name": "Emptied accounts", "chart_key": "it-project" });
    let _ = seat.post("/v1/reviews", &begun).await.expect(201);
    seat
}

async fn put(seat: &Seat, place: &str, body: &Value) {
    let _ = seat.write(place, 0, body).await.expect(200);
}

async fn node(seat: &Seat, key: &str, of: &str, text: &str) {
    put(seat, &format!("node/{key}"), &json!({ "of": of, "text": text, "at": null })).await;
}

async fn arrow(seat: &Seat, from: &str, to: &str, strength: u8, is_kept: bool) {
    let body = json!({ "from": from, "to": to, "strength": strength, "is_kept": is_kept, "statement": said("") });
    put(seat, &format!("arrow/{from}-{to}"), &body).await;
}

fn measure(text: &str, causes: &[&str]) -> Value {
    json!({
        "text": text, "causes": causes, "role": "platform", "due": "2027-03-31", "remind": "", "state": "proposed",
        "proof": { "kind": "none", "text": "", "url": "", "file": "" }, "learned": "", "is_shared": false,
    })
}

/// A drawn case: what is influenced stands to the right, scores are those counted by hand, and what is decided is told.
#[tokio::test]
async fn a_diagram_is_laid_out_scored_and_decided() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let server = Server::start(engine).await;
        let seat = facilitator(&server).await;
        let event = json!({ "statement": found("Money was taken", "report"), "when": { "kind": "about", "at": "2019-07" }, "rank": 1 });
        put(&seat, "event/taken", &event).await;
        node(&seat, "rehearsal", "cause/insufficient-rehearsal", "").await;
        node(&seat, "check", "", "The check was weak").await;
        node(&seat, "taken", "event/taken", "").await;
        arrow(&seat, "rehearsal", "check", 2, false).await;
        arrow(&seat, "check", "taken", 3, false).await;
        arrow(&seat, "rehearsal", "taken", 1, false).await;
        arrow(&seat, "taken", "rehearsal", 1, false).await;
        let _ = seat.write("true_cause/rehearsal", 0, &json!({ "is_true": true, "why": said(" ") })).await.expect(400);
        put(&seat, "true_cause/rehearsal", &json!({ "is_true": true, "why": said("Nobody ever tried") })).await;

        let diagram = seat.get("/v1/review/diagram").await.expect(200).json();
        let nodes: std::collections::BTreeMap<_, _> = diagram["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|node| (node["key"].as_str().unwrap(), node.clone()))
            .collect();
        let score = |key: &str| (nodes[key]["in"].as_i64().unwrap(), nodes[key]["out"].as_i64().unwrap());
        assert_eq!((score("rehearsal"), score("check"), score("taken")), ((0, 1), (1, 1), (1, 0)), "{diagram}");
        assert_eq!(diagram["undecided"], json!([["rehearsal", "taken"]]));
        assert_eq!(nodes["rehearsal"]["label"]["ja"], "仮想演習不足");
        assert_eq!((&nodes["rehearsal"]["is_true"], &nodes["check"]["is_true"]), (&json!(true), &Value::Null));
        assert_eq!((&nodes["taken"]["basis"], &nodes["taken"]["part"]), (&json!("fact"), &json!("outcome")));
        let x = |key: &str| nodes[key]["x"].as_f64().unwrap();
        assert!(x("rehearsal") < x("check") && x("check") < x("taken"), "{diagram}");

        let picture = seat.get("/v1/review/diagram.svg").await.expect(200);
        assert_eq!(picture.header("content-type"), Some("image/svg+xml"));
        assert!(picture.text().contains("Money was"), "{}", picture.text());
        // The group says which way it is.
        let stronger =
            json!({ "from": "rehearsal", "to": "taken", "strength": 3, "is_kept": false, "statement": said("") });
        let _ = seat.write("arrow/rehearsal-taken", 1, &stronger).await.expect(200);
        let diagram = seat.get("/v1/review/diagram").await.expect(200).json();
        assert_eq!(diagram["undecided"], json!([]));
        let standing = |key: &str| {
            let arrows = diagram["arrows"].as_array().unwrap();
            arrows.iter().find(|it| it["key"] == key).unwrap()["standing"].clone()
        };
        assert_eq!((standing("rehearsal-taken"), standing("taken-rehearsal")), (json!("counts"), json!("weaker")));
    }
}

/// What does not fit a box, an arrow, a decision, a measure or a result is refused, and nothing is kept of it.
#[tokio::test]
async fn what_does_not_fit_is_refused() {
    let server = Server::start(Engine::Sqlite).await;
    let seat = facilitator(&server).await;
    let number = seat.review().await["number"].clone();
    let with = |name: &str, value: Value| {
        let mut body = measure("Do it", &[]);
        body[name] = value;
        body
    };
    let proof = |kind: &str, text: &str, url: &str| json!({ "kind": kind, "text": text, "url": url, "file": "" });
    for (place, body) in [
        ("node/a", json!({ "of": "", "text": "", "at": null })),
        ("node/a", json!({ "of": "cause/hand-over", "text": "both", "at": null })),
        ("node/a", json!({ "of": "file/x", "text": "", "at": null })),
        ("node/a", json!({ "of": "", "text": "far", "at": { "x": 100_001, "y": 0 } })),
        ("node/a", json!({ "of": "", "text": "x".repeat(201), "at": null })),
        ("arrow/a", json!({ "from": "a", "to": "a", "strength": 1, "is_kept": false, "statement": said("") })),
        ("arrow/a", json!({ "from": "a", "to": "b", "strength": 4, "is_kept": false, "statement": said("") })),
        ("arrow/a", json!({ "from": "A", "to": "b", "strength": 1, "is_kept": false, "statement": said("") })),
        ("measure/a", with("text", json!(" "))),
        ("measure/a", with("due", json!("2027-02-29"))),
        ("measure/a", with("is_shared", json!(true))),
        ("measure/a", with("proof", proof("test", "", ""))),
        ("measure/a", with("proof", proof("none", "a", ""))),
        ("measure/a", with("proof", proof("document", "", "javascript:alert(1)"))),
        ("measure/a", with("state", json!("maybe"))),
        ("result/a", json!({ "is_passed": true, "at": "2026-11-22", "text": "" })),
    ] {
        let _ = seat.write(place, 0, &body).await.expect_problem(400, "invalid_request");
    }
    assert_eq!(seat.review().await["number"], number);
}

/// A finished measure is found by other groups in both languages, by two characters, whatever the case and width; it tells nobody whose
/// it was, and is gone when it is taken back.
#[tokio::test]
async fn the_library_finds_what_others_learned() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let server = Server::start(engine).await;
        let (seat, other) = (facilitator(&server).await, facilitator(&server).await);
        node(&seat, "check", "cause/insufficient-rehearsal", "").await;
        let mut shared = measure("全額を返金し、二要素認証（Second Factor）を必須にした", &["check"]);
        shared["state"] = json!("done");
        shared["is_shared"] = json!(true);
        shared["learned"] = json!("100% of members had to be told_at_once");
        shared["proof"] = json!({ "kind": "drill", "text": "ＡＰＩ drill", "url": "", "file": "" });
        let mut draft = measure("返金の下書き", &[]);
        draft["state"] = json!("done");
        put(&seat, "measure/a", &shared).await;
        put(&seat, "measure/b", &draft).await;
        let search = async |words: &str| {
            let query: String = words.bytes().map(|byte| format!("%{byte:02X}")).collect();
            other.get(&format!("/v1/measures?q={query}")).await.expect(200).json()["items"].clone()
        };
        for words in ["返金", "認証", "second factor", "SECOND", "api", "演習", "Rehearsal", "100%", "told_at", ""]
        {
            let items = search(words).await;
            assert_eq!(items.as_array().unwrap().len(), 1, "{words}: {items}");
            assert!(!items.to_string().contains("rev_"), "{items}");
        }
        for words in ["toldXat", "100x", "!", "payment"] {
            assert_eq!(search(words).await, json!([]), "{words}");
        }
        let stranger = Seat::at(server.origin());
        let _ = stranger.get("/v1/measures?q=a").await.expect_problem(401, "unauthorized");
        let _ = other.get("/v1/measures?limit=0").await.expect_problem(400, "invalid_request");
        shared["is_shared"] = json!(false);
        let _ = seat.write("measure/a", 1, &shared).await.expect(200);
        assert_eq!(search("返金").await, json!([]));
    }
}

/// A review with something of everything.
async fn full(server: &Server) -> Seat {
    let seat = facilitator(server).await;
    let _ =
        seat.mark("hand-over", 0, &found("*nobody* <b>told</b> | us", "minutes_of_[the] meeting")).await.expect(200);
    let _ = seat.mark("rigid-management", 0, &said("=HYPERLINK(\"x\")")).await.expect(200);
    let _ = seat.collect().await.expect(200);
    put(&seat, "case/summary", &found("1. 口座が\n空になった", "report")).await;
    put(&seat, "why_not/disregard-of-procedure", &said("手順はあった")).await;
    put(&seat, "open/o", &json!({ "text": "誰が決めたか", "about": "hand-over", "is_settled": false })).await;
    let event = json!({ "statement": said("漏えい"), "when": { "kind": "before", "at": "2019-07-03" }, "rank": 5 });
    put(&seat, "event/e", &event).await;
    node(&seat, "n", "cause/hand-over", "").await;
    node(&seat, "m", "event/e", "").await;
    arrow(&seat, "n", "m", 3, true).await;
    put(&seat, "true_cause/n", &json!({ "is_true": true, "why": said("矢印が多い") })).await;
    put(&seat, "measure/m", &measure("引き継ぎ表を作る", &["n"])).await;
    put(&seat, "result/m", &json!({ "is_passed": false, "at": "2026-11-22T10:05", "text": "まだ" })).await;
    let _ = seat.upload("表.csv", "text/csv", "a,b\n1,2\n").await.expect(201);
    // A draft that nobody has published.
    let _ = seat.mark("different-culture", 0, &said("UNPUBLISHED")).await.expect(200);
    seat
}

/// What is taken away as JSON comes back the same: taken away again it is the same text, on either database.
#[tokio::test]
async fn a_review_comes_back_without_loss() {
    for (from, to) in [(Engine::Sqlite, Engine::Postgres), (Engine::Postgres, Engine::Sqlite)] {
        let (server, other) = (Server::start(from).await, Server::start(to).await);
        let seat = full(&server).await;
        let away = seat.get("/v1/review/export?as=json").await.expect(200);
        assert_eq!(away.header("content-disposition"), Some("attachment; filename=\"review.json\""));
        let away = away.json();
        assert!(!away.to_string().contains("UNPUBLISHED") && !away.to_string().contains(seat.key()));
        let back = Seat::at(other.origin());
        let taken = back.post("/v1/reviews/import", &away).await.expect(201).json();
        assert_eq!(back.post("/v1/reviews/import", &away).await.expect(201).json(), taken, "asked again");
        assert_eq!(back.get("/v1/review/export?as=json").await.expect(200).json(), away);
        let table = back.get("/v1/review/table").await.expect(200).json();
        assert_eq!(table["causes"], json!({ "hand-over": ["A"], "rigid-management": ["A"] }));
        // What is marked from now on comes beside it.
        let _ = back.mark("hand-over", 0, &said("later")).await.expect(200);
        let _ = back.collect().await.expect(200);
        let table = back.get("/v1/review/table").await.expect(200).json();
        assert_eq!(table["causes"]["hand-over"], json!(["A", "B"]));
    }
}

/// A document that does not fit is refused with the place, and nothing of it is kept.
#[tokio::test]
async fn a_document_that_does_not_fit_is_refused_whole() {
    let server = Server::start(Engine::Sqlite).await;
    let away = full(&server).await.get("/v1/review/export?as=json").await.expect(200).json();
    let reviews = server.database().query_raw("SELECT count(*) FROM reviews").await;
    let item = |kind: &str, key: &str, body: Value| json!({ "kind": kind, "key": key, "body": body });
    for (change, told) in [
        (("format", json!("other")), "no review"),
        (("chart", json!("key = 1")), "The chart"),
        (("items", json!([])), "at least"),
        (("items", json!([item("why", "none", said("a"))])), "why/none"),
        (("items", json!([item("case", "name", said("a\u{0}"))])), "control character"),
        (("items", json!([item("case", "name", said("a")), item("case", "name", said("b"))])), "twice"),
        (("marks", json!([{ "cause": "none", "column": 0, "body": said("a") }])), "no place"),
        (("marks", json!([{ "cause": "hand-over", "column": 5_000, "body": said("a") }])), "no place"),
        (("files", json!([{ "id": "x", "media_type": "text/csv", "content": "" }])), "A file"),
    ] {
        let mut wrong = away.clone();
        wrong[change.0] = change.1.clone();
        let reply = Seat::at(server.origin()).post("/v1/reviews/import", &wrong).await;
        let problem = reply.expect_problem(400, "invalid_request").json();
        assert!(problem["detail"].as_str().unwrap().contains(told), "{told}: {problem}");
    }
    let mut html = away.clone();
    html["files"][0]["media_type"] = json!("text/html");
    let _ =
        Seat::at(server.origin()).post("/v1/reviews/import", &html).await.expect_problem(415, "unsupported_media_type");
    assert_eq!(server.database().query_raw("SELECT count(*) FROM reviews").await, reviews);
}

/// Each document holds what the review says, in either language, with user text that means nothing but itself, and no draft.
#[tokio::test]
async fn documents_say_what_the_review_says_and_run_nothing() {
    let server = Server::start(Engine::Sqlite).await;
    let seat = full(&server).await;
    let take = async |form: &str, language: &str| {
        let path = format!("/v1/review/export?as={form}");
        let reply = seat.request("GET", &path).header("accept-language", language).send().await.expect(200);
        assert!(reply.header("content-disposition").unwrap().starts_with("attachment"));
        reply.text()
    };
    for language in ["ja", "en"] {
        let (markdown, html, csv) =
            (take("md", language).await, take("html", language).await, take("csv", language).await);
        for (form, text) in [("md", &markdown), ("html", &html), ("csv", &csv)] {
            for word in ["漏えい", "引き継ぎ表を作る", "told"] {
                assert!(text.contains(word), "{form} {language}: {word} is missing in\n{text}");
            }
            assert!(!text.contains("UNPUBLISHED") && !text.contains(seat.key()) && !text.contains("rev_"), "{form}");
        }
        assert!(markdown.contains("\\*nobody\\* \\<b\\>told\\</b\\> \\| us"), "{markdown}");
        assert!(markdown.contains("1\\. 口座が\\\n空になった"), "{markdown}");
        assert!(html.contains("*nobody* &lt;b&gt;told&lt;/b&gt; | us") && !html.contains("<b>told"), "{html}");
        assert!(!html.contains("<script") && !html.contains("href="), "{html}");
        assert!(csv.contains("\"'=HYPERLINK(\"\"x\"\")\""), "{csv}");
        let words = if language == "ja" {
            ["連関図", "真の原因", "再発防止策"]
        } else {
            ["Relation diagram", "True causes", "Countermeasures"]
        };
        for word in words {
            assert!(markdown.contains(word) && html.contains(word), "{word}");
        }
    }
    let _ = seat.get("/v1/review/export?as=exe").await.expect_problem(400, "invalid_request");
}
