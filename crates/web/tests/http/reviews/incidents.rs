//! An incident that a system wrote down becomes a review: its case, and its time line as facts with their sources, in order; or nothing
//! at all, with the place that does not fit.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};
use warifu_testkit::{Engine, Seat, Server, ServerSettings, TestDatabase, on_both_databases};

/// An incident with something of everything.
pub(crate) fn incident() -> Value {
    json!({
        "format": "warifu-incident", "version": 1, "chart": "it-project", "language": "en",
        "name": "Emptied wallets", "summary": "Wallets were emptied in one night.", "place": "20,000 stores", "site": "A wallet",
        "began": { "kind": "about", "at": "2019-07-02" }, "ended": { "kind": "exact", "at": "2019-07-31T17:00" },
        "source": { "kind": "document", "text": "Press", "url": "" },
        "events": [
            { "at": { "kind": "exact", "at": "2019-07-04T18:05" }, "text": "Sign-up is stopped." },
            { "at": { "kind": "unknown", "at": "" }, "text": "The source was visible." },
            { "at": { "kind": "exact", "at": "2019-07-02" }, "text": "First enquiry.",
              "source": { "kind": "person", "text": "call centre", "url": "" } },
            { "at": { "kind": "before", "at": "2019-07" }, "text": "No second factor is made." },
            { "at": { "kind": "after", "at": "2019-07" }, "text": "Calls go on." },
        ],
        "affected": [
            { "at": { "kind": "exact", "at": "2019-07-31T17:00" }, "members": 808, "amount": 38_615_473, "currency": "JPY" },
            { "at": { "kind": "exact", "at": "2019-07-04T06:00" }, "members": 900, "amount": 55_000_000,
              "counted": "charged 10,000 yen or more", "source": { "kind": "link", "text": "", "url": "https://example.org/a" } },
        ],
        "switches": [
            { "at": { "kind": "about", "at": "2019-07-03" }, "switch": "card top-up", "is_on": false, "by": "operations", "why": "fraud",
              "source": { "kind": "thing", "text": "switch board" } },
        ],
    })
}

/// Key and text of the events, in their order.
async fn events(seat: &Seat) -> Vec<(String, String)> {
    let review = seat.review().await;
    let mut events: Vec<_> =
        review["items"].as_array().unwrap().iter().filter(|it| it["kind"] == "event").cloned().collect();
    events.sort_by_key(|it| it["body"]["rank"].as_i64().unwrap());
    let text = |it: &Value| {
        (it["key"].as_str().unwrap().to_owned(), it["body"]["statement"]["text"].as_str().unwrap().to_owned())
    };
    events.iter().map(text).collect()
}

async fn begin(server: &Server, incident: &Value) -> Seat {
    let seat = server.seat();
    let told = seat.post("/v1/reviews/incident", incident).await.expect(201);
    assert_eq!(told.text_at("/role"), "facilitator");
    seat
}

on_both_databases! {
    /// Its time line stands in order, each line a fact with the source that it names or the usual one; the case says what it says.
    async fn an_incident_becomes_a_review(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let seat = begin(&server, &incident()).await;
        let expected = [
            ("event-4", "No second factor is made."),
            ("event-3", "First enquiry."),
            ("switch-1", "The switch “card top-up” was turned off by operations. Why: fraud"),
            ("estimate-2", "Affected as known then: 900 members, 55,000,000 yen. Counted: charged 10,000 yen or more"),
            ("event-1", "Sign-up is stopped."),
            ("estimate-1", "Affected as known then: 808 members, 38,615,473 yen."),
            ("event-5", "Calls go on."),
            ("event-2", "The source was visible."),
        ];
        assert_eq!(events(&seat).await, expected.map(|(key, text)| (key.to_owned(), text.to_owned())));
        let review = seat.review().await;
        let items = review["items"].as_array().unwrap();
        for item in items.iter().filter(|it| it["kind"] != "progress") {
            let said = if item["kind"] == "event" { &item["body"]["statement"] } else { &item["body"] };
            assert_eq!((&said["basis"], said["sources"].as_array().unwrap().len()), (&json!("fact"), 1), "{item}");
        }
        let source = async |place: &str| seat.item(place).await["body"]["statement"]["sources"][0].clone();
        assert_eq!(source("event/event-3").await, json!({ "kind": "person", "text": "call centre", "url": "", "file": "" }));
        assert_eq!(source("event/estimate-2").await["url"], "https://example.org/a");
        assert_eq!(source("event/switch-1").await["text"], "switch board");
        assert_eq!(source("event/event-1").await["text"], "Press");
        assert_eq!(seat.item("event/event-1").await["body"]["when"], json!({ "kind": "exact", "at": "2019-07-04T18:05" }));
        let case = async |field: &str| seat.item(&format!("case/{field}")).await["body"]["text"].as_str().unwrap().to_owned();
        assert_eq!(case("name").await, "Emptied wallets");
        assert_eq!(case("date").await, "about 2019-07-02 to 2019-07-31 17:00");
        assert_eq!((case("place").await, case("site").await), ("20,000 stores".to_owned(), "A wallet".to_owned()));
        assert_eq!(case("event").await, expected[5].1);
        let course = case("course").await;
        assert_eq!(course.lines().count(), 8, "{course}");
        assert!(course.starts_with("before 2019-07  No second factor is made.\n2019-07-02  First enquiry.\n"), "{course}");
        assert_eq!((&review["state"], &review["step"], &review["columns"]), (&json!("open"), &json!(1), &json!(0)));
        assert_eq!((&review["chart"]["key"], &review["role"]), (&json!("it-project"), &json!("facilitator")));
    }

    /// With the same key again it is the same review; taken away and brought back it is the same; what is told of it names nobody.
    async fn it_is_asked_for_again_and_comes_back_without_loss(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let seat = begin(&server, &incident()).await;
        let id = seat.review().await["id"].clone();
        assert_eq!(seat.post("/v1/reviews/incident", &incident()).await.expect(201).json()["id"], id);
        let away = seat.get("/v1/review/export?as=json").await.expect(200).json();
        assert!(!away.to_string().contains(seat.key()) && !away.to_string().contains("rev_"));
        let back = server.seat();
        let _ = back.post("/v1/reviews/import", &away).await.expect(201);
        assert_eq!(back.get("/v1/review/export?as=json").await.expect(200).json(), away);
        assert_eq!(events(&back).await, events(&seat).await);
        // The same incident is the same review, but for its id and who leads it.
        let other = begin(&server, &incident()).await;
        assert_eq!(other.get("/v1/review/export?as=json").await.expect(200).json(), away);
        let program = crate::reviews::join_one(&server, &seat, "program").await;
        let _ = program.get("/v1/review/export?as=json").await.expect_problem(403, "forbidden");
        // The group goes on from there.
        let _ = seat.write("event/event-1", 1, &crate::reviews::items::event("otherwise")).await.expect(200);
        let _ = seat.mark("hand-over", 0, &crate::reviews::conjecture("why")).await.expect(200);
        let _ = seat.collect().await.expect(200);
        assert_eq!(seat.progress("complete", 5).await.expect(200).status(), 200);
    }

    /// In Japanese it is said in Japanese; what is left out is left out; the system's record is the source of what names none.
    async fn the_least_incident_in_japanese(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let least = json!({
            "format": "warifu-incident", "version": 1, "language": "ja", "name": "残高の流出", "summary": "一晩で残高が流出した。",
            "began": { "kind": "exact", "at": "2026" }, "chart": "base",
            "affected": [{ "at": { "kind": "about", "at": "2026-01" }, "members": 1 }, { "at": { "kind": "exact", "at": "2026-02" }, "amount": 0, "currency": "USD", "counted": "返金した分" }],
            "switches": [{ "at": { "kind": "exact", "at": "2026-01-01T00:00" }, "switch": "支払い", "is_on": true }],
        });
        let seat = begin(&server, &least).await;
        let expected = [
            ("estimate-1", "この時点の被害：1人。"),
            ("switch-1", "スイッチ「支払い」をオンにした。"),
            ("estimate-2", "この時点の被害：0 USD。数え方：返金した分"),
        ];
        assert_eq!(events(&seat).await, expected.map(|(key, text)| (key.to_owned(), text.to_owned())));
        assert_eq!(seat.item("event/switch-1").await["body"]["statement"]["sources"][0]["text"], "システムの記録");
        assert_eq!(seat.item("case/date").await["body"]["text"], "2026");
        assert!(seat.item("case/course").await["body"]["text"].as_str().unwrap().starts_with("2026-01頃  この時点"));
        for field in ["place", "site"] {
            assert_eq!(seat.item(&format!("case/{field}")).await, Value::Null);
        }
        assert_eq!(seat.review().await["chart"]["key"], "base");
    }
}

/// What does not fit is refused with its place, and no review is begun.
#[tokio::test]
async fn what_does_not_fit_is_refused_with_its_place() {
    let server = Server::start(Engine::Sqlite).await;
    let long = |n: usize| json!("長".repeat(n));
    for (pointer, value, told) in [
        ("/format", json!("warifu-review"), "no incident"),
        ("/version", json!(2), "no incident"),
        ("/language", json!("fr"), "language"),
        ("/name", json!(" "), "name: "),
        ("/name", long(101), "name: "),
        ("/name", json!("a\nb"), "name: "),
        ("/summary", json!("\n"), "summary: "),
        ("/summary", long(10_001), "summary: the text is longer than 10000"),
        ("/place", json!("\u{0}"), "place: "),
        ("/began/at", json!("2019-13"), "began: a date is"),
        ("/began/kind", json!("unknown"), "began: "),
        ("/ended/at", json!("yesterday"), "ended: a date is"),
        ("/ended", json!(["exact", "2019"]), "ended: expected an object"),
        ("/source/kind", json!("rumour"), "source: unknown variant"),
        ("/source/text", json!(""), "name: a source says which it is"),
        ("/events/1/at/kind", json!("exact"), "events 2: a date is"),
        ("/events/2/text", json!(" "), "events 3: the event is empty"),
        ("/events/2/text", long(10_001), "events 3: the text is longer than 10000"),
        ("/events/2/source/url", json!("javascript:alert(1)"), "events 3: an address"),
        ("/events/2/source/file", json!("fil_0"), "events 3, source: unknown field"),
        ("/events/0", json!("text"), "events 1: expected an object"),
        ("/affected/0/members", json!(-1), "affected 1: "),
        ("/affected/0/members", json!(1.5), "affected 1: "),
        ("/affected/1/amount", json!(9_007_199_254_740_992_u64), "affected 2: a number is at most"),
        ("/affected/1/currency", json!("yen"), "affected 2: `currency`"),
        ("/affected/1/counted", long(2_001), "affected 2: `counted`"),
        (
            "/affected/1",
            json!({ "at": { "kind": "exact", "at": "2019" } }),
            "affected 2: it says `members` or `amount`",
        ),
        ("/switches/0/switch", json!(""), "switches 1: `switch` is empty"),
        ("/switches/0/switch", long(81), "switches 1: `switch`"),
        ("/switches/0/by", long(81), "switches 1: `by`"),
        ("/switches/0/why", long(10_000), "switches 1: `why`"),
        ("/switches/0/is_on", json!("off"), "switches 1: "),
        ("/events", Value::Array(vec![incident()["events"][0].clone(); 1_000]), "at most 1000"),
        ("/who", json!("Yamada"), "unknown field"),
    ] {
        let mut wrong = incident();
        match wrong.pointer_mut(pointer) {
            Some(place) => *place = value,
            None => {
                let (parent, name) = pointer.rsplit_once('/').unwrap();
                wrong.pointer_mut(parent).unwrap()[name] = value;
            }
        }
        let reply = server.seat().post("/v1/reviews/incident", &wrong).await;
        let detail = reply.expect_problem(400, "invalid_request").text_at("/detail");
        assert!(detail.contains(told), "{pointer}: {detail}");
        assert!(detail.contains("Nothing was"), "{pointer}: {detail}");
    }
    for chart in ["nowhere", "../x"] {
        let mut wrong = incident();
        wrong["chart"] = json!(chart);
        let _ = server.seat().post("/v1/reviews/incident", &wrong).await.expect_problem(404, "not_found");
    }
    assert_eq!(server.database().query_raw("SELECT count(*) FROM reviews").await[0][0], "0");
    assert_eq!(server.database().query_raw("SELECT count(*) FROM review_seats").await[0][0], "0");
}

/// At the ends of what is allowed it is taken: a thousand lines, and texts of 10,000 characters.
#[tokio::test]
async fn as_much_as_is_allowed_is_taken() {
    let server = Server::start(Engine::Sqlite).await;
    let mut much = incident();
    let text = "文".repeat(10_000);
    much["summary"] = json!(text);
    let long = json!({ "at": { "kind": "exact", "at": "2019-07-05" }, "text": text });
    let short = json!({ "at": { "kind": "exact", "at": "2019-07-06T10:05" }, "text": "<b>x</b>" });
    much["events"] = Value::Array([vec![long; 60], vec![short; 937]].concat());
    much["switches"][0]["why"] = json!("理".repeat(2_000));
    let seat = begin(&server, &much).await;
    let events = events(&seat).await;
    assert_eq!(events.len(), 1_000);
    // Of the same moment the order of the document stays.
    let keys: Vec<_> = events.iter().filter(|(_, text)| text.starts_with('<')).map(|(key, _)| key.as_str()).collect();
    let expected: Vec<_> = (61..=997).map(|number| format!("event-{number}")).collect();
    assert_eq!(keys, expected);
    assert_eq!(seat.item("case/course").await, Value::Null, "a course that is too long stays out");
    let html = seat.get("/v1/review/export?as=html").await.expect(200).text();
    assert!(html.contains("&lt;b&gt;x&lt;/b&gt;") && !html.contains("<b>x</b>"));
}

/// Where the operator begins reviews, nobody else does, by this way either.
#[tokio::test]
async fn only_the_operator_begins_one_where_only_the_operator_may() {
    let settings = ServerSettings { reviews_begun_by_operator: true, ..ServerSettings::default() };
    let server = Server::start_with(TestDatabase::new(Engine::Sqlite).await, settings).await;
    let _ = server.seat().post("/v1/reviews/incident", &incident()).await.expect_problem(403, "forbidden");
    let nobody = server.anonymous().request("POST", "/v1/reviews/incident").json(&incident()).send().await;
    let _ = nobody.expect_problem(401, "unauthorized");
    assert_eq!(server.database().query_raw("SELECT count(*) FROM reviews").await[0][0], "0");
}

/// The names of all fields in a document, each with where it stands; the parts of a list are one.
fn names(value: &Value, at: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(list) => list.iter().for_each(|it| names(it, at, found)),
        Value::Object(map) => {
            for (name, inner) in map {
                let at = format!("{at}/{name}");
                names(inner, &at, found);
                found.insert(at);
            }
        }
        _ => {}
    }
}

/// The same in a description.
fn described(description: &Value, schema: &Value, at: &str, found: &mut BTreeSet<String>) {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit_once('/').unwrap().1;
        return described(description, &description["components"]["schemas"][name], at, found);
    }
    for one in schema["oneOf"].as_array().into_iter().flatten() {
        described(description, one, at, found);
    }
    if schema["items"].is_object() {
        described(description, &schema["items"], at, found);
    }
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        let at = format!("{at}/{name}");
        described(description, inner, &at, found);
        found.insert(at);
    }
}

/// The description of the interface and the example in the documents have the fields that are taken, every one and no other.
#[tokio::test]
async fn the_form_is_described_as_it_is_taken() {
    let description = serde_json::to_value(warifu_web::openapi()).unwrap();
    let path = &description["paths"]["/v1/reviews/incident"]["post"];
    let (mut schema, mut example) = (BTreeSet::new(), BTreeSet::new());
    described(&description, &path["requestBody"]["content"]["application/json"]["schema"], "", &mut schema);

    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/interface.md");
    let page = std::fs::read_to_string(page).unwrap();
    let start = page.find("    {\"format\": \"warifu-incident\"").expect("an example");
    let text: String = page[start..].lines().take_while(|line| line.starts_with("    ")).collect();
    let shown: Value = serde_json::from_str(&text).unwrap();
    names(&shown, "", &mut example);
    // Every list has a source of its own in the description.
    let missing: Vec<_> = schema.difference(&example).filter(|it| !it.contains("/source")).collect();
    assert!(missing.is_empty(), "not in the example: {missing:?}");
    let unknown: Vec<_> = example.difference(&schema).collect();
    assert!(unknown.is_empty(), "not in the description: {unknown:?}");
    let server = Server::start(Engine::Sqlite).await;
    let seat = begin(&server, &shown).await;
    assert_eq!(events(&seat).await.len(), 13);
}
