//! A review on paper, as pictures and as a calendar: each is read again by a program that knows nothing of ours, and nothing that was written is
//! lost, whatever script it is in.

use std::collections::BTreeSet;

use icalendar::{Calendar, CalendarDateTime, Component as _, DatePerhapsTime};
use lopdf::{Dictionary, Document, Object};
use serde_json::{Value, json};
use warifu_testkit::{Engine, Seat, Server};

use crate::reviews::{conjecture, facilitator};

/// A document in a language, as bytes.
async fn take(seat: &Seat, path: &str, language: &str) -> Vec<u8> {
    seat.request("GET", path).header("accept-language", language).send().await.expect(200).bytes().to_vec()
}

async fn sample(server: &Server, language: &str) -> Seat {
    let seat = Seat::at(server.origin());
    let begin = seat.request("POST", "/v1/reviews/sample").header("accept-language", language);
    let _ = begin.body("application/json", "{}").send().await.expect(201);
    seat
}

async fn put(seat: &Seat, place: &str, body: &Value) {
    let _ = seat.write(place, 0, body).await.expect(200);
}

/// A PDF that was read again.
struct Paper {
    pdf: Document,
    /// What stands on each page, without line feeds.
    pages: Vec<String>,
}

impl Paper {
    fn read(bytes: &[u8]) -> Self {
        let pdf = Document::load_mem(bytes).unwrap();
        let numbers: Vec<u32> = pdf.get_pages().into_keys().collect();
        let pages = numbers.into_iter().map(|page| pdf.extract_text(&[page]).unwrap().replace('\n', "")).collect();
        Self { pdf, pages }
    }

    /// All of it, without what stands above and below on each page, which is written first.
    fn text(&self) -> String {
        let count = self.pages.len();
        let body = |(number, page): (usize, &String)| {
            let foot = format!("{} / {count}", number + 1);
            page.split_once(&foot).unwrap().1.to_owned()
        };
        self.pages.iter().enumerate().map(body).collect()
    }

    fn dictionaries(&self) -> impl Iterator<Item = &Dictionary> {
        self.pdf.objects.values().filter_map(|object| match object {
            Object::Dictionary(dictionary) => Some(dictionary),
            Object::Stream(stream) => Some(&stream.dict),
            _ => None,
        })
    }

    fn has(&self, name: &str) -> bool {
        self.dictionaries().any(|dictionary| dictionary.has(name.as_bytes()))
    }

    /// The addresses that links lead to.
    fn addresses(&self) -> BTreeSet<String> {
        let actions = self.dictionaries().filter_map(|it| it.get(b"A").ok()?.as_dict().ok()?.get(b"URI").ok());
        actions.map(|uri| String::from_utf8(uri.as_str().unwrap().to_vec()).unwrap()).collect()
    }

    fn title(&self) -> String {
        let info = self.pdf.trailer.get(b"Info").unwrap().as_reference().unwrap();
        let title = self.pdf.get_dictionary(info).unwrap().get(b"Title").unwrap();
        lopdf::decode_text_string(title).unwrap()
    }
}

/// What was written, as it stands on paper: over lines without their feeds.
fn flat(text: &str) -> String {
    text.replace('\n', "")
}

#[tokio::test]
async fn the_sample_is_a_report_in_both_languages() {
    let server = Server::start(Engine::Sqlite).await;
    for (language, words) in [
        ("ja", ["失敗検討会", "連関図", "真の原因", "再発防止策", "返金", "事実", "推測", "目次"]),
        (
            "en",
            [
                "Failure review",
                "Relation diagram",
                "True causes",
                "Countermeasures",
                "refund",
                "fact",
                "conjecture",
                "Contents",
            ],
        ),
    ] {
        let seat = sample(&server, language).await;
        let reply = seat.request("GET", "/v1/review/export?as=pdf").header("accept-language", language).send().await;
        let reply = reply.expect(200);
        assert_eq!(reply.header("content-type"), Some("application/pdf"));
        assert_eq!(reply.header("content-disposition"), Some("attachment; filename=\"review.pdf\""));
        let bytes = reply.bytes().to_vec();
        assert!(bytes == take(&seat, "/v1/review/export?as=pdf", language).await, "the same review, the same bytes");
        assert!(bytes.len() < 1_500_000, "only the letters that are used: {}", bytes.len());
        let paper = Paper::read(&bytes);
        let text = paper.text();
        assert!((5..60).contains(&paper.pages.len()), "{}", paper.pages.len());
        for word in words {
            assert!(text.contains(word), "{language}: {word} is missing in\n{text}");
        }
        let last = format!("{0} / {0}", paper.pages.len());
        assert!(paper.pages.last().unwrap().contains(&last), "pages are numbered");
        // Every statement is there, whole.
        let review = seat.review().await;
        for item in review["items"].as_array().unwrap() {
            let said = [&item["body"]["text"], &item["body"]["statement"]["text"], &item["body"]["why"]["text"]];
            if item["kind"] == "arrow" || item["kind"] == "comment" {
                continue;
            }
            for said in said.into_iter().filter_map(Value::as_str) {
                let squeezed = |text: &str| text.split_whitespace().collect::<String>();
                assert!(squeezed(&text).contains(&squeezed(said)), "{language}: {said} is missing");
            }
        }
        let catalog = paper.pdf.catalog().unwrap();
        assert_eq!(catalog.get(b"Lang").unwrap().as_str().unwrap(), language.as_bytes());
        assert!(catalog.has(b"Outlines") && catalog.has(b"StructTreeRoot"));
        assert!(paper.title().contains("7pay"), "{}", paper.title());
        assert!(paper.has("FontFile2") && !paper.has("FontFile"), "the font is in it");
        for absent in ["Author", "CreationDate", "ModDate", "JavaScript", "JS", "Launch"] {
            assert!(!paper.has(absent), "{absent}");
        }
        let addresses = paper.addresses();
        assert!(addresses.iter().all(|it| it.starts_with("http")), "{addresses:?}");
        let id = review["id"].as_str().unwrap();
        let raw = String::from_utf8_lossy(&bytes);
        assert!(!raw.contains(id) && !raw.contains(seat.key()) && !text.contains(id));
    }
}

/// Other scripts, what fits into no line, and addresses that must not be links.
#[tokio::test]
async fn what_is_awkward_is_lost_nowhere() {
    let server = Server::start(Engine::Sqlite).await;
    let seat = facilitator(&server).await;
    let long = "あ".repeat(9_999) + "終";
    let awkward = "עברית العربية ไทย देवनागरी 한국어 简体 🎉👨‍👩‍👧 か\u{3099} e\u{301} 髙﨑 ①㈱";
    put(&seat, "case/summary", &conjecture(&long)).await;
    put(&seat, "case/course", &conjecture(awkward)).await;
    put(&seat, "case/cause", &conjecture(&format!("{} {}", "x".repeat(4_000), "W".repeat(4_000)))).await;
    put(&seat, "case/response", &conjecture("javascript:alert(1) https://example.com/a?b=(c) file:///etc/passwd"))
        .await;
    let _ = seat.write("case/name", 1, &conjecture(&"長い名前".repeat(25))).await.expect(200);
    put(&seat, "case/sequel", &conjecture("a\n\n\n\tb\u{3000}c")).await;
    let node = json!({ "of": "", "text": format!("{awkward}<&\">"), "at": { "x": -100_000, "y": 100_000 } });
    put(&seat, "node/n", &node).await;
    put(&seat, "node/m", &json!({ "of": "", "text": "ok", "at": null })).await;
    let paper = Paper::read(&take(&seat, "/v1/review/export?as=pdf", "ja").await);
    let text = paper.text();
    assert!(text.contains("終"), "the last of ten thousand characters");
    assert!(text.matches('x').count() + text.matches('W').count() >= 8_000);
    for word in ["が", "é", "髙﨑", "①㈱"] {
        assert!(text.contains(word), "{word}");
    }
    let all: String =
        paper.pdf.get_pages().values().fold(String::new(), |all, page| {
            all + &String::from_utf8_lossy(&paper.pdf.get_page_content(*page).unwrap())
        });
    assert!(all.contains("ActualText"), "what the font has not got is said all the same");
    assert_eq!(paper.addresses(), BTreeSet::from(["https://example.com/a?b=(c)".to_owned()]));
    for path in ["/v1/review/diagram.png", "/v1/review/mandala.png"] {
        let _ = size(&take(&seat, path, "ja").await);
    }
}

/// Thirty columns stand beside each other; more are named.
#[tokio::test]
async fn many_columns_stay_apart() {
    let server = Server::start(Engine::Sqlite).await;
    for columns in [30, 40] {
        let seat = Seat::at(server.origin());
        let mut review = facilitator(&server).await.get("/v1/review/export?as=json").await.expect(200).json();
        let mark =
            |column: u32| json!({ "cause": "hand-over", "column": column, "body": conjecture(&format!("第{column}")) });
        review["marks"] = (0..columns).map(mark).collect();
        let _ = seat.post("/v1/reviews/import", &review).await.expect(201);
        let paper = Paper::read(&take(&seat, "/v1/review/export?as=pdf", "ja").await);
        let page = paper.pages.iter().find(|page| page.contains("AD") && page.contains("引き継ぎ"));
        assert!(page.is_some(), "{:?}", paper.pages);
        let dots = paper.text().matches('●').count();
        assert_eq!(dots, if columns == 30 { 30 } else { 0 });
        assert!(flat(&paper.text()).contains(&format!("第{}", columns - 1)));
    }
}

/// Nothing but a name, and not even that.
#[tokio::test]
async fn an_empty_review_is_a_page() {
    let server = Server::start(Engine::Sqlite).await;
    let seat = facilitator(&server).await;
    for (form, begins) in [("pdf", "%PDF-"), ("ics", "BEGIN:VCALENDAR\r\n"), ("md", "# "), ("html", "<!doctype")] {
        let bytes = take(&seat, &format!("/v1/review/export?as={form}"), "en").await;
        assert!(String::from_utf8_lossy(&bytes).starts_with(begins), "{form}");
    }
    for picture in ["mandala", "diagram"] {
        let _ = size(&take(&seat, &format!("/v1/review/{picture}.png"), "en").await);
    }
    let _ = Seat::at(server.origin()).get("/v1/review/mandala.png").await.expect_problem(401, "unauthorized");
}

/// Width, height and how many colours a PNG has.
fn size(bytes: &[u8]) -> (u32, u32, usize) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    let mut dots = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut dots).unwrap();
    let colours: BTreeSet<[u8; 4]> =
        dots.chunks_exact(4).step_by(13).map(|dot| [dot[0], dot[1], dot[2], dot[3]]).collect();
    (frame.width, frame.height, colours.len())
}

/// The pictures stand alone, twice as large in dots as in units, with counts as heat.
#[tokio::test]
async fn pictures_stand_alone() {
    let server = Server::start(Engine::Sqlite).await;
    for language in ["ja", "en"] {
        let seat = sample(&server, language).await;
        let svg = String::from_utf8(take(&seat, "/v1/review/mandala.svg", language).await).unwrap();
        assert!(
            svg.starts_with("<svg ") && svg.contains("heat-5") && svg.contains(".heat-5 .area{fill:#1f4480"),
            "{svg}"
        );
        for outside in ["href", "url(http", "@import", "<script", "<image", "var(", "color-mix"] {
            assert!(!svg.contains(outside), "{outside}");
        }
        let (width, height, colours) = size(&take(&seat, "/v1/review/mandala.png", language).await);
        assert_eq!((width, height), (2_000, 2_000));
        assert!(colours > 50, "{colours}");
        let svg = String::from_utf8(take(&seat, "/v1/review/diagram.svg", language).await).unwrap();
        let unit = |name: &str| {
            let (_, rest) = svg.split_once(&format!(" {name}=\"")).unwrap();
            rest.split('"').next().unwrap().parse::<f64>().unwrap()
        };
        let (width, height, colours) = size(&take(&seat, "/v1/review/diagram.png", language).await);
        let near = |dots: u32, units: f64| (f64::from(dots) - 2.0 * units).abs() <= 1.0;
        assert!(near(width, unit("width")) && near(height, unit("height")), "{width} {height}");
        assert!(colours > 20, "{colours}");
    }
}

/// A picture of any size has a bound on its dots.
#[tokio::test]
async fn a_huge_diagram_is_a_picture_all_the_same() {
    let server = Server::start(Engine::Sqlite).await;
    let seat = facilitator(&server).await;
    for (key, x, y) in [("a", -100_000, -100_000), ("b", 100_000, 100_000)] {
        put(&seat, &format!("node/{key}"), &json!({ "of": "", "text": key, "at": { "x": x, "y": y } })).await;
    }
    let reply = seat.get("/v1/review/diagram.png").await.expect(200);
    let mut reader = png::Decoder::new(std::io::Cursor::new(reply.bytes())).read_info().unwrap();
    let (width, height) = (reader.info().width, reader.info().height);
    assert!(u64::from(width) * u64::from(height) <= 24_100_000 && width.min(height) > 1_000, "{width} {height}");
    assert!(reader.next_row().unwrap().is_some());
}

/// What is to be done until when, as another program reads it.
#[tokio::test]
async fn dates_go_into_a_calendar() {
    let server = Server::start(Engine::Sqlite).await;
    let seat = facilitator(&server).await;
    let measure = |text: &str, due: &str, remind: &str, state: &str| {
        json!({
            "text": text, "causes": [], "role": "運用, 責任者; A\\B", "due": due, "remind": remind, "state": state,
            "proof": { "kind": "none", "text": "", "url": "", "file": "" }, "learned": "", "is_shared": false,
        })
    };
    let text = format!("返金の手順を、全員で確かめる; 次に\n{}", "長い説明🎉".repeat(40));
    put(&seat, "measure/due", &measure(&text, "2027-03-01", "2027-02-26", "doing")).await;
    put(&seat, "measure/only-remind", &measure("Ask", "", "2027-05-01", "planned")).await;
    put(&seat, "measure/late-remind", &measure("Late", "2027-03-01", "2027-03-02", "proposed")).await;
    put(&seat, "measure/done", &measure("DONE", "2027-03-01", "", "done")).await;
    put(&seat, "measure/dropped", &measure("DROPPED", "2027-03-01", "", "dropped")).await;
    put(&seat, "measure/undated", &measure("UNDATED", "", "", "doing")).await;
    let reply = seat.get("/v1/review/export?as=ics").await.expect(200);
    assert_eq!(reply.header("content-type"), Some("text/calendar; charset=utf-8"));
    let raw = reply.text();
    assert_eq!(raw, seat.get("/v1/review/export?as=ics").await.expect(200).text(), "the same each time");
    assert!(raw.split_inclusive('\n').all(|line| line.ends_with("\r\n") && line.len() <= 77), "{raw}");
    assert!(!raw.contains("rev_") && !raw.contains(seat.key()));
    let calendar: Calendar = raw.parse().unwrap();
    let events: Vec<_> = calendar.events().collect();
    assert_eq!(events.len(), 3, "{raw}");
    let of = |word: &str| *events.iter().find(|it| it.get_summary().unwrap().contains(word)).unwrap();
    let day = |event: &icalendar::Event| match event.get_start().unwrap() {
        DatePerhapsTime::Date(date) => date.to_string(),
        DatePerhapsTime::DateTime(CalendarDateTime::Floating(time)) => time.to_string(),
        DatePerhapsTime::DateTime(other) => panic!("{other:?}"),
    };
    let due = of("返金");
    assert_eq!(day(due), "2027-03-01");
    let description = due
        .get_description()
        .unwrap()
        .replace("\\n", "\n")
        .replace("\\,", ",")
        .replace("\\;", ";")
        .replace("\\\\", "\\");
    assert!(description.contains(&text) && description.contains("運用, 責任者; A\\B"), "{description}");
    assert_eq!(day(of("Ask")), "2027-05-01");
    // Three days before at nine, on the day at nine, a day after at nine.
    let triggers: Vec<_> = raw.lines().filter(|line| line.starts_with("TRIGGER")).collect();
    assert_eq!(triggers, ["TRIGGER:-PT63H", "TRIGGER:PT33H", "TRIGGER:PT9H"], "{raw}");
    let names: BTreeSet<_> = events.iter().map(|it| it.get_uid().unwrap()).collect();
    assert_eq!(names.len(), 3);
    // A change keeps the name and counts.
    let _ = seat.write("measure/only-remind", 1, &measure("Ask again", "", "2027-05-02", "planned")).await.expect(200);
    let changed: Calendar = seat.get("/v1/review/export?as=ics").await.expect(200).text().parse().unwrap();
    let changed = changed.events().find(|it| it.get_summary().unwrap().contains("Ask")).unwrap().clone();
    assert_eq!(changed.get_uid(), of("Ask").get_uid());
    assert_eq!(changed.property_value("SEQUENCE"), Some("1"));
}
