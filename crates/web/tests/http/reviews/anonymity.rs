//! Nobody learns who marked what: not from a reply, not from the log, and not from any table of the database.

mod notes;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use warifu_testkit::{Engine, Seat, Server, TestDatabase, on_both_databases};

use crate::reviews::everything::everything_read;
use crate::reviews::{CAUSES, conjecture, facilitator, join};

/// All rows of every table that there is, one added later included.
pub(crate) async fn dump(database: &TestDatabase) -> BTreeMap<String, Vec<Vec<String>>> {
    let tables = match database.engine() {
        Engine::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table'",
        Engine::Postgres => {
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
        }
    };
    let mut rows = BTreeMap::new();
    for table in database.query_raw(tables).await {
        let found = database.query_raw(&format!("SELECT * FROM \"{}\"", table[0])).await;
        rows.insert(table[0].clone(), found);
    }
    assert!(rows.len() > 20 && rows.contains_key("review_drafts"), "{:?}", rows.keys());
    rows
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// All that would tell of a secret text: itself, and what it is easily made into.
fn traces(secret: &str) -> Vec<String> {
    let bare = secret.split_once('_').unwrap().1;
    let bytes = URL_SAFE_NO_PAD.decode(bare).unwrap();
    let hashes = [secret, bare].map(|text| hex(&Sha256::digest(text)));
    let mut traces =
        vec![bare.to_owned(), hex(bare.as_bytes()), hex(&bytes), STANDARD.encode(&bytes), hex(&Sha256::digest(&bytes))];
    traces.extend(hashes);
    traces
}

fn assert_no_trace(secrets: &[String], text: &str, place: &str) {
    let text_lower = text.to_lowercase();
    for secret in secrets {
        assert!(
            !text.contains(secret.as_str()) && !text_lower.contains(&secret.to_lowercase()),
            "{secret} stands in {place}"
        );
    }
}

/// What a browser might tell of whoever sits before it, with every request.
async fn mark_as(seat: &Seat, cause: &str, text: &str) {
    let body = serde_json::json!({ "version": 0, "body": conjecture(text) });
    let request = seat.request("PUT", &format!("/v1/review/marks/{cause}")).json(&body);
    let request = request.header("user-agent", "Yamada-Taro-Browser").header("x-forwarded-for", "203.0.113.77");
    let request = request.header("cookie", "name=Yamada-Taro-Cookie").header("referer", "http://intranet/Yamada-Taro");
    let _ = request.send().await.expect(200);
}

/// The column names of a table, in order.
async fn column_names(database: &TestDatabase, table: &str) -> Vec<String> {
    let sql = match database.engine() {
        Engine::Sqlite => format!("SELECT name FROM pragma_table_info('{table}') ORDER BY cid"),
        Engine::Postgres => format!(
            "SELECT column_name FROM information_schema.columns WHERE table_name = '{table}' ORDER BY ordinal_position"
        ),
    };
    database.query_raw(&sql).await.into_iter().map(|row| row[0].clone()).collect()
}

/// Nothing in these tables is a time, a count or a place in an order.
async fn check_shape(database: &TestDatabase) {
    for (table, columns) in [
        ("review_seats", "key_mac review_id role is_done"),
        ("review_drafts", "review_id author cause version body is_collected"),
        ("review_marks", "review_id cause column_number round body"),
    ] {
        assert_eq!(
            column_names(database, table).await.join(" "),
            columns,
            "{table}: does what was added tell who came when?"
        );
        if database.engine() == Engine::Sqlite {
            let schema =
                &database.query_raw(&format!("SELECT sql FROM sqlite_master WHERE name = '{table}'")).await[0][0];
            assert!(schema.contains("WITHOUT ROWID"), "a row number would count who came when: {schema}");
        } else {
            let sequences = "SELECT count(*) FROM information_schema.sequences";
            assert_eq!(database.query_raw(sequences).await, [["0"]]);
        }
    }
}

/// The group of these tests: six who mark, in the order in which they came, each with words of their own.
async fn marked(server: &Server) -> (Seat, Vec<Seat>) {
    let facilitator = facilitator(server).await;
    let people = join(server, &facilitator, "participant", 6).await;
    for (number, seat) in people.iter().enumerate() {
        for cause in CAUSES.iter().take(number + 1).rev() {
            mark_as(seat, cause, &format!("word-of-{number} on {cause}")).await;
        }
    }
    (facilitator, people)
}

on_both_databases! {
    /// After a collection no key, no invitation and nothing that a browser tells of its owner stands in a table, a reply, a stream or
    /// the log; the hash of a seat stands in no other table, nor does that of an author.
    async fn nothing_leads_from_a_mark_to_a_person(database: TestDatabase) {
        let log = notes::take();
        let server = Server::start_on(database).await;
        let (facilitator, people) = marked(&server).await;
        let mut stream = facilitator.look().await;
        let invitations = [facilitator.invite("participant", 3).await, facilitator.invite("reader", 3).await];
        let late = server.seat();
        let _ = late.join(&invitations[0]).await.expect(201);
        let _ = facilitator.collect().await.expect(200);
        let _ = people[3].delete("/v1/review/seat").await.expect(204);
        let _ = people[2].write("why/hand-over", 0, &conjecture("published")).await.expect(200);

        let keys = people.iter().chain([&facilitator, &late]).map(|seat| seat.key().to_owned());
        let mut secrets: Vec<String> = keys.chain(invitations).flat_map(|secret| traces(&secret)).collect();
        secrets.extend(["Yamada".to_owned(), "203.0.113.77".to_owned(), hex(b"Yamada")]);
        let tables = dump(server.database()).await;
        for (table, rows) in &tables {
            assert_no_trace(&secrets, &format!("{rows:?}"), table);
        }
        check_hashes(&tables);
        check_shape(server.database()).await;
        for seat in people.iter().take(3).chain([&facilitator, &late]) {
            for (path, reply) in everything_read(seat, &[]).await {
                assert_no_trace(&secrets, &reply.to_string(), &path);
                let hashes = tables["review_seats"].iter().map(|row| row[0].trim_start_matches("\\x").to_owned());
                assert_no_trace(&hashes.collect::<Vec<_>>(), &reply.to_string(), &path);
            }
        }
        assert_no_trace(&secrets, &format!("{:?}", stream.so_far()), "the stream");
        assert_no_trace(&secrets, &server.metrics().await, "the figures");
        let log = log.so_far();
        assert!(log.contains("/v1/review/marks/{cause}"), "the log is read");
        assert_no_trace(&secrets, &log, "the log");
        assert!(!log.contains("word-of"), "no reason stands in the log");
    }

    /// What was published stands on the disk by cause and column, which tell nothing of who came or marked first.
    async fn published_rows_are_in_the_order_of_the_table(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let (facilitator, _) = marked(&server).await;
        let _ = facilitator.collect().await.expect(200);
        let order = match server.database().engine() {
            Engine::Sqlite => "",
            Engine::Postgres => " ORDER BY ctid",
        };
        let rows = server.database().query_raw(&format!("SELECT cause, column_number, body FROM review_marks{order}")).await;
        let rows: Vec<_> = rows.iter().map(|row| (row[0].clone(), row[1].parse::<u32>().unwrap())).collect();
        assert_eq!(rows.len(), 1 + 2 + 3 + 4 + 5 + 6);
        assert!(rows.is_sorted(), "{rows:?}");
    }

    /// When a review is completed, whose the marks were is gone: from the tables, whatever they are called.
    async fn after_completion_no_author_is_left(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let (facilitator, people) = marked(&server).await;
        let authors: BTreeSet<_> = dump(server.database()).await["review_drafts"].iter().map(|row| row[1].clone()).collect();
        assert_eq!(authors.len(), 6);
        let _ = facilitator.collect().await.expect(200);
        let _ = facilitator.progress("complete", 5).await.expect(200);
        for (table, rows) in dump(server.database()).await {
            assert!(table != "review_drafts" || rows.is_empty());
            for row in rows {
                assert!(row.iter().all(|field| !authors.contains(field)), "an author stands in {table}");
            }
        }
        // The columns stay.
        assert_eq!(people[0].review().await["columns"], 6);
        assert_eq!(people[0].column_marks(CAUSES[0]).await.len(), 6);
    }

    /// Times are told and kept in whole minutes, so that nobody is known by when they wrote.
    async fn times_are_whole_minutes(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let facilitator = facilitator(&server).await;
        let people = join(&server, &facilitator, "participant", 2).await;
        let mut stream = facilitator.look().await;
        let before = server.clock().now().unix_micros();
        for number in 0..12 {
            server.manual_clock().advance(Duration::from_micros(17_654_321));
            let seat = &people[number % 2];
            let _ = seat.write(&format!("event/e{number}"), 0, &crate::reviews::items::event("x")).await.expect(200);
        }
        let _ = people[0].mark(CAUSES[0], 0, &conjecture("x")).await.expect(200);
        let _ = people[1].upload("a.txt", "text/plain", "x").await.expect(201);
        let _ = facilitator.collect().await.expect(200);
        let changes = facilitator.changes_after(0).await;
        let mut times: Vec<String> = changes.iter().map(|change| change["at"].as_str().unwrap().to_owned()).collect();
        assert!(times.is_sorted() && times[0] != times[times.len() - 1], "{times:?}");
        let last = changes.last().unwrap()["number"].clone();
        loop {
            let told = stream.next_of("change").await;
            times.push(told.data["at"].as_str().unwrap().to_owned());
            if told.data["number"] == last {
                break;
            }
        }
        times.extend(facilitator.versions("event/e3").await.iter().map(|change| change["at"].as_str().unwrap().to_owned()));
        let is_whole = |at: &str| at.ends_with(":00Z") || at.ends_with(":00.000000Z");
        assert!(times.iter().all(|at| is_whole(at)), "{times:?}");
        let kept = server.database().query_raw("SELECT at FROM review_changes").await;
        for row in kept {
            let at: i64 = row[0].parse().unwrap();
            assert_eq!(at % 60_000_000, 0);
            assert!(at > before - 120_000_000);
        }
    }

    /// Letters are drawn anew at each collection: of three who came and marked in a known order, each order is as likely, whatever the
    /// last one was.
    async fn letters_tell_nothing_of_who_came_first(database: TestDatabase) {
        const ROUNDS: i64 = 200;
        let server = Server::start_on(database).await;
        let facilitator = facilitator(&server).await;
        let people = join(&server, &facilitator, "participant", 3).await;
        for (number, seat) in people.iter().enumerate() {
            let _ = seat.mark(CAUSES[0], 0, &conjecture(&format!("{number}"))).await.expect(200);
        }
        let mut orders: BTreeMap<String, i64> = BTreeMap::new();
        let (mut repeated, mut last) = (0_i64, String::new());
        for _ in 0..ROUNDS {
            let _ = facilitator.collect().await.expect(200);
            let marks = facilitator.column_marks(CAUSES[0]).await;
            let order: String = marks.iter().map(|mark| mark["body"]["text"].as_str().unwrap()).collect();
            repeated += i64::from(order == last);
            *orders.entry(order.clone()).or_default() += 1;
            last = order;
        }
        assert_eq!(orders.len(), 6, "every order comes up: {orders:?}");
        // Chi-squared with five degrees of freedom, times 6 n, so that it is whole: above 50 by chance once in a milliard.
        let squares: i64 = orders.values().map(|count| (6 * count - ROUNDS).pow(2)).sum();
        assert!(squares <= 50 * 6 * ROUNDS, "{orders:?}");
        // A sixth of them are as the one before: 33 of 200, give or take 5.
        assert!((5..=75).contains(&repeated), "{repeated} of {ROUNDS} are as the one before");
    }
}

/// The hash that a seat is known by stands in `review_seats` alone, and that of an author in `review_drafts`.
fn check_hashes(tables: &BTreeMap<String, Vec<Vec<String>>>) {
    for (home, column) in [("review_seats", 0), ("review_drafts", 1)] {
        let hashes: BTreeSet<&str> = tables[home].iter().map(|row| row[column].trim_start_matches("\\x")).collect();
        assert!(hashes.len() >= 6 && hashes.iter().all(|hash| hash.len() == 64), "{hashes:?}");
        for (table, rows) in tables {
            for (number, field) in rows.iter().flat_map(|row| row.iter().enumerate()) {
                let is_home = table == home && number == column;
                let is_there = hashes.iter().any(|hash| {
                    field.contains(hash) || hash.contains(field.trim_start_matches("\\x")) && field.len() > 20
                });
                assert!(is_home || !is_there, "a hash of {home} stands in {table}");
            }
        }
    }
}

/// Whether these bytes lie anywhere in the file of a SQLite database, whose log was written into it and emptied.
pub(crate) async fn is_on_disk(database: &TestDatabase, bytes: &[u8]) -> bool {
    let told = database.query_raw("PRAGMA wal_checkpoint(TRUNCATE)").await;
    assert_eq!(told[0][0], "0", "the log is emptied: {told:?}");
    let file = std::fs::read(database.url().trim_start_matches("sqlite:")).unwrap();
    file.windows(bytes.len()).any(|window| window == bytes)
}

/// Not even the free pages in the file of SQLite hold whose the marks were.
#[tokio::test]
async fn after_completion_no_author_is_left_on_the_disk() {
    let server = Server::start(Engine::Sqlite).await;
    let (facilitator, _) = marked(&server).await;
    let authors = server.database().query_raw("SELECT DISTINCT author FROM review_drafts").await;
    let bytes = |text: &str| -> Vec<u8> {
        let digits = text.trim_start_matches("\\x");
        (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
    };
    let authors: Vec<_> = authors.iter().map(|row| bytes(&row[0])).collect();
    for author in &authors {
        assert!(is_on_disk(server.database(), author).await);
    }
    let _ = facilitator.collect().await.expect(200);
    let _ = facilitator.progress("complete", 5).await.expect(200);
    for author in &authors {
        assert!(!is_on_disk(server.database(), author).await);
    }
}
