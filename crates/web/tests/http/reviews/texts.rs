//! What may be said, and that it is kept as it was said, wherever it is read.

use serde_json::{Value, json};
use warifu_testkit::{Engine, Reply, Seat, Server, TestDatabase, on_both_databases};

use crate::reviews::{CAUSES, conjecture, facilitator, fact, source};

/// Texts that somebody could mean something else by than what they say.
const TEXTS: [&str; 9] = [
    "<script>alert('x')</script><img src=x onerror=alert(1)>",
    "'; DROP TABLE review_marks; --",
    "back\\slash \"quotes\" \\u0041 {{ braces }} ${dollar} %s $1 ?1",
    " \n\tindented\n\nlines\n ",
    "𠮷野家 ☕ 👩‍👩‍👧‍👦 e\u{301} が\u{3099} ﷽ \u{200f}עברית",
    "line\u{2028}separator\u{2029}paragraph",
    "\u{feff}\u{ffff}\u{fdd0}\u{10ffff}",
    "null",
    "-->]]><!--</template></style>",
];

/// Says a text everywhere and reads it everywhere.
async fn round_trip(seat: &Seat, number: usize, said: &str) {
    let body = conjecture(said);
    let place = ["case/summary", "why/hand-over", "why_not/hand-over", "discussion/hand-over"][number % 4];
    let version = seat.versions(place).await.first().map_or(0, |change| change["version"].as_u64().unwrap());
    let mut stream = seat.look().await;
    let written = seat.write(place, version, &body).await.expect(200).number_at("/number");
    let told = stream.until(|told| told.data["number"] == written && told.event == "change").await;
    assert_eq!(told.data["body"], body);
    assert_eq!(seat.item(place).await["body"], body);
    assert_eq!(seat.versions(place).await[0]["body"], body);
    assert_eq!(seat.changes_after(written - 1).await[0]["body"], body);
    let marks = seat.marks().await;
    let version =
        marks.iter().find(|mark| mark["cause"] == "hand-over").map_or(0, |mark| mark["version"].as_u64().unwrap());
    let _ = seat.mark("hand-over", version, &body).await.expect(200);
    assert_eq!(seat.marks().await[0]["body"], body);
    let _ = seat.collect().await.expect(200);
    assert_eq!(seat.column_marks("hand-over").await[0]["body"], body);
}

on_both_databases! {
    /// Scripts, quotes, line ends, every script of the world and 10,000 characters of any size come back as they were.
    async fn texts_come_back_exactly(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let seat = facilitator(&server).await;
        let longest = ["漢", "😀", "\"", "\n"].map(|one| one.repeat(10_000));
        let all = TEXTS.iter().copied().chain(longest.iter().map(String::as_str));
        for (number, said) in all.enumerate() {
            round_trip(&seat, number, said).await;
        }
        for one in ["漢", "😀", "a"] {
            let before = crate::reviews::items::stands(&seat).await;
            let marks = seat.marks().await;
            let too_long = conjecture(&one.repeat(10_001));
            let version = marks[0]["version"].as_u64().unwrap();
            let refused = seat.mark("hand-over", version, &too_long).await.expect_problem(400, "invalid_request");
            assert!(refused.text_at("/detail").contains("10000"), "{}", refused.text_at("/detail"));
            let _ = seat.write("case/background", 0, &too_long).await.expect_problem(400, "invalid_request");
            assert_eq!((crate::reviews::items::stands(&seat).await, seat.marks().await), (before, marks));
        }
    }

    /// The name of a case is drawn in the middle of the mandala, as text and never as markup.
    async fn a_name_is_no_markup(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let seat = server.seat();
        let _ = seat.begin("<b>x</b>\"><script>").await.expect(201);
        let drawn = seat.get("/v1/review/mandala").await.expect(200);
        assert!(drawn.header("content-type").unwrap().starts_with("text/html"));
        assert!(!drawn.text().contains("<script") && !drawn.text().contains("<b>x"), "{drawn}");
        assert!(drawn.text().contains("&#60;") || drawn.text().contains("&lt;"), "{drawn}");
        let in_japanese = seat.request("GET", "/v1/review/mandala").header("accept-language", "ja").send().await.expect(200);
        assert!(in_japanese.text().contains("引き継ぎ"));
    }
}

async fn refused_everywhere(seat: &Seat, body: &Value) -> String {
    let before = (crate::reviews::items::stands(seat).await, seat.marks().await);
    let mark = seat.mark(CAUSES[0], 0, body).await.expect_problem(400, "invalid_request");
    for place in ["case/summary", "why/hand-over", "why_not/hand-over", "discussion/hand-over"] {
        let _ = seat.write(place, 0, body).await.expect_problem(400, "invalid_request");
    }
    let event = json!({ "statement": body, "when": { "kind": "unknown", "at": "" }, "rank": 0 });
    let _ = seat.write("event/e1", 0, &event).await.expect_problem(400, "invalid_request");
    assert_eq!((crate::reviews::items::stands(seat).await, seat.marks().await), before, "{body}");
    mark.text_at("/detail")
}

/// Characters that cannot be seen, or that make a text look like another, are refused, wherever a text can stand; the reply says so.
#[tokio::test]
async fn texts_that_hide_something_are_refused() {
    let server = Server::start(Engine::Sqlite).await;
    let seat = facilitator(&server).await;
    let hidden = [
        '\0', '\u{1}', '\r', '\u{b}', '\u{1b}', '\u{7f}', '\u{85}', '\u{9b}', '\u{202a}', '\u{202d}', '\u{202e}',
        '\u{2066}', '\u{2069}',
    ];
    for character in hidden {
        let said = format!("a{character}b");
        let detail = refused_everywhere(&seat, &conjecture(&said)).await;
        assert!(detail.contains("character") && !detail.contains(character), "{detail}");
        let _ = refused_everywhere(&seat, &fact("seen", &[source("document", &said, "")])).await;
        let _ = refused_everywhere(&seat, &fact("seen", &[source("link", "", &format!("https://example.com/{said}"))]))
            .await;
        let open = json!({ "text": said, "about": "", "is_settled": false });
        let comment = json!({ "on": "case/name", "text": said });
        let _ = seat.write("open/o1", 0, &open).await.expect_problem(400, "invalid_request");
        let _ = seat.write("comment/c1", 0, &comment).await.expect_problem(400, "invalid_request");
        let _ = server.seat().begin(&said).await.expect_problem(400, "invalid_request");
    }
    for name in ["", " ", "\u{3000}", &"長".repeat(101)] {
        let _ = server.seat().begin(name).await.expect_problem(400, "invalid_request");
    }
    let longest = "長".repeat(100);
    let begun: Reply = server.seat().begin(&longest).await;
    let _ = begun.expect(201);
}

/// A fact says where it can be looked up: addresses of the web, files, or words; never a script, and never nothing.
#[tokio::test]
async fn facts_rest_on_sources_that_can_be_looked_up() {
    let server = Server::start(Engine::Sqlite).await;
    let seat = facilitator(&server).await;
    assert!(refused_everywhere(&seat, &fact("seen", &[])).await.contains("source"));
    let many = vec![source("thing", "part", ""); 11];
    let _ = refused_everywhere(&seat, &fact("seen", &many)).await;
    let long = format!("https://example.com/{}", "x".repeat(481));
    for url in [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        " https://example.com",
        "data:text/html,x",
        "ftp://example.com",
        "//example.com",
        "example.com",
        "https://example.com/a b",
        "https://example.com/\n",
        "http:/x",
        "file:///etc/passwd",
        "vbscript:x",
        &long,
    ] {
        let _ = refused_everywhere(&seat, &fact("seen", &[source("link", "here", url)])).await;
        // Nor beside a conjecture.
        let beside = json!({ "text": "x", "basis": "conjecture", "sources": [source("link", "here", url)] });
        let _ = refused_everywhere(&seat, &beside).await;
    }
    for bad in [
        source("document", "", ""),
        source("document", " \n", ""),
        source("document", &"長".repeat(301), ""),
        source("rumour", "heard", ""),
        json!({ "kind": "document", "text": "a", "url": "", "file": "fil_1" }),
        json!({ "kind": "document", "text": "a", "url": "", "file": "../../etc/passwd" }),
        json!({ "kind": "document", "text": "a", "url": "" }),
        json!({ "kind": "person", "text": "operator", "url": "", "file": "", "name": "Taro" }),
        json!("a document"),
    ] {
        let _ = refused_everywhere(&seat, &fact("seen", &[bad])).await;
    }
    for bad in [
        json!({ "text": "x", "basis": "rumour", "sources": [] }),
        json!({ "text": "x", "basis": "conjecture" }),
        json!({ "basis": "conjecture", "sources": [] }),
        json!({ "text": 1, "basis": "conjecture", "sources": [] }),
        json!({ "text": null, "basis": "conjecture", "sources": [] }),
        json!({ "text": "x", "basis": "conjecture", "sources": [], "author": "Taro" }),
        json!({ "text": "x", "basis": "conjecture", "sources": {} }),
    ] {
        let _ = refused_everywhere(&seat, &bad).await;
    }
    let file = seat.upload("a.txt", "text/plain", "seen").await.expect(201).text_at("/id");
    let good = [
        source("document", &"長".repeat(300), ""),
        source("link", "", &format!("https://example.com/{}", "x".repeat(480))),
        source("link", "", "http://例え.jp/パス?q=1#f"),
        source("place", "machine hall", ""),
        source("thing", "broken bolt", ""),
        source("person", "night operator", ""),
        json!({ "kind": "document", "text": "", "url": "", "file": file }),
        source("document", "8", ""),
        source("document", "9", ""),
        source("document", "10", ""),
    ];
    let body = fact("seen", &good);
    let _ = seat.mark(CAUSES[0], 0, &body).await.expect(200);
    assert_eq!(seat.marks().await[0]["body"], body);
    let _ = seat.write("case/summary", 0, &body).await.expect(200);
    assert_eq!(seat.item("case/summary").await["body"], body);
}
