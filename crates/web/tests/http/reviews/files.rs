//! Files that facts rest on: what is taken, that it tells nothing of whoever brought it, and that it is gone when it was erased.

use serde_json::{Value, json};
use warifu_testkit::{Engine, Reply, Seat, Server, TestDatabase, on_both_databases};

use crate::reviews::anonymity::is_on_disk;
use crate::reviews::items::stands;
use crate::reviews::picture::{
    SECRETS, decoded_png, jpeg_with_a_comment_after_the_scan, jpeg_with_another_behind, silent_jpeg, talkative_jpeg,
    talkative_png,
};
use crate::reviews::{facilitator, join_one};

/// Most bytes of a file.
const MOST: usize = 5 * 1_024 * 1_024;

async fn fetch(seat: &Seat, id: &str) -> Reply {
    seat.get(&format!("/v1/review/files/{id}")).await
}

/// Brings a file and gives it as it is kept.
async fn kept(seat: &Seat, name: &str, media_type: &str, content: &[u8]) -> Vec<u8> {
    let id = seat.upload(name, media_type, content).await.expect(201).text_at("/id");
    let got = fetch(seat, &id).await.expect(200);
    assert_eq!(got.header("content-type"), Some(media_type));
    assert!(got.header("content-disposition").unwrap().starts_with("attachment"), "{got}");
    assert_eq!(got.header("x-content-type-options"), Some("nosniff"));
    let policy = got.header("content-security-policy").unwrap();
    assert!(
        policy.contains("default-src 'none'") && policy.contains("sandbox") && !policy.contains("allow"),
        "{policy}"
    );
    let item = seat.item(&format!("file/{id}")).await;
    assert_eq!(item["body"]["size"], got.bytes().len());
    got.bytes().to_vec()
}

fn assert_silent(content: &[u8]) {
    for secret in SECRETS {
        assert!(!content.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret} is still there");
    }
}

on_both_databases! {
    /// Each kind of file is kept, listed among the items, and read by everybody in the review, always to be saved.
    async fn files_of_each_kind_are_kept(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let facilitator = facilitator(&server).await;
        let [participant, reader] = [join_one(&server, &facilitator, "participant").await, join_one(&server, &facilitator, "reader").await];
        let texts: [(&str, &[u8]); 4] = [
            ("application/pdf", b"%PDF-1.7\n\xff\x00\x01%%EOF"),
            ("text/plain", "<script>alert(1)</script>\r\n漢字 😀".as_bytes()),
            ("text/csv", "a,b\n1,=2+2\n".as_bytes()),
            ("text/plain", b""),
        ];
        for (media_type, content) in texts {
            let before = facilitator.review().await["number"].as_i64().unwrap();
            let added = participant.upload("%E5%86%99%E7%9C%9F%20%26%3Cb%3E.txt", media_type, content).await.expect(201);
            assert_eq!((added.number_at("/version"), added.number_at("/number")), (1, before + 1));
            let id = added.text_at("/id");
            let body = json!({ "name": "写真 &<b>.txt", "media_type": media_type, "size": content.len() });
            assert_eq!(reader.item(&format!("file/{id}")).await["body"], body);
            assert_eq!(reader.changes_after(before).await[0]["body"], body);
            let got = fetch(&reader, &id).await.expect(200);
            assert_eq!((got.bytes(), got.header("content-type")), (content, Some(media_type)));
            assert_eq!(kept(&facilitator, "x", media_type, content).await, content);
        }
        let with_charset = participant.request("POST", "/v1/review/files?name=a").body("text/plain; charset=utf-8", "x").send().await;
        let _ = with_charset.expect(201);
        assert_eq!(decoded_png(&kept(&participant, "a.png", "image/png", &talkative_png()).await), decoded_png(&talkative_png()));
        assert_eq!(kept(&participant, "a.jpg", "image/jpeg", &silent_jpeg()).await, silent_jpeg());
    }

    /// An erased file is gone for good, from every table; that there was one stays in the history.
    async fn an_erased_file_is_gone(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let seat = facilitator(&server).await;
        let [kept_id, id] = [seat.upload("a.txt", "text/plain", "stays-here").await, seat.upload("b.txt", "text/plain", "is-to-be-forgotten").await]
            .map(|reply| reply.expect(201).text_at("/id"));
        let path = format!("/v1/review/files/{id}");
        let hex: String = b"is-to-be-forgotten".iter().map(|byte| format!("{byte:02x}")).collect();
        let is_kept = async || {
            let tables = crate::reviews::anonymity::dump(server.database()).await;
            tables.values().flatten().flatten().any(|field| field.contains(&hex) || field.contains("is-to-be-forgotten"))
        };
        assert!(is_kept().await);
        let erased = seat.delete(&path).await.expect(200);
        assert_eq!((erased.number_at("/version"), erased.number_at("/number")), (2, seat.review().await["number"].as_i64().unwrap()));
        assert!(!is_kept().await);
        let _ = fetch(&seat, &id).await.expect_problem(404, "not_found");
        let _ = seat.delete(&path).await.expect_problem(404, "not_found");
        assert_eq!(seat.item(&format!("file/{id}")).await, Value::Null);
        let versions = seat.versions(&format!("file/{id}")).await;
        assert_eq!((&versions[0]["body"], &versions[1]["body"]["name"]), (&Value::Null, &json!("b.txt")));
        assert_eq!(fetch(&seat, &kept_id).await.expect(200).bytes(), b"stays-here");
        for none in ["fil_00000000000070008000000000000000", "fil_x", "x", "..%2Fseat", "%00"] {
            let _ = fetch(&seat, none).await.expect_problem(404, "not_found");
            let _ = seat.delete(&format!("/v1/review/files/{none}")).await.expect_problem(404, "not_found");
        }
    }

    /// A file has 5 MiB at most, the files of a review 50 MiB together; what was erased makes room.
    async fn files_have_a_limit_each_and_together(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let seat = facilitator(&server).await;
        let most = vec![b'x'; MOST];
        let _ = seat.upload("a.txt", "text/plain", vec![b'x'; MOST + 1]).await.expect_problem(413, "payload_too_large");
        let mut last = String::new();
        for _ in 0..10 {
            last = seat.upload("a.txt", "text/plain", most.clone()).await.expect(201).text_at("/id");
        }
        let before = stands(&seat).await;
        let _ = seat.upload("a.txt", "text/plain", "x").await.expect_problem(413, "payload_too_large");
        assert_eq!(stands(&seat).await, before);
        assert_eq!(fetch(&seat, &last).await.expect(200).bytes().len(), MOST);
        let _ = seat.delete(&format!("/v1/review/files/{last}")).await.expect(200);
        let _ = seat.upload("a.txt", "text/plain", "x").await.expect(201);
        // Another review has room of its own.
        let other = facilitator(&server).await;
        let _ = other.upload("a.txt", "text/plain", "x").await.expect(201);
    }
}

/// What is not one of the kinds, or not what it says it is, is refused, and nothing is kept.
#[tokio::test]
async fn only_files_that_are_what_they_say_are_taken() {
    let server = Server::start(Engine::Sqlite).await;
    let seat = facilitator(&server).await;
    let before = stands(&seat).await;
    let (png, jpeg) = (talkative_png(), silent_jpeg());
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
    let refused: [(&str, &[u8]); 22] = [
        ("image/png", &jpeg),
        ("image/jpeg", &png),
        ("image/png", svg),
        ("image/jpeg", b"<html>"),
        ("image/png", b"GIF89a"),
        ("image/png", &png[..6]),
        ("image/png", &png[..20]),
        ("image/png", b""),
        ("image/jpeg", &jpeg[..1]),
        ("image/jpeg", &jpeg[..3]),
        ("image/jpeg", b""),
        ("application/pdf", b"<html>%PDF-1.7"),
        ("application/pdf", b""),
        ("text/plain", b"\xff\xfeU\0T\0F\0"),
        ("text/plain", b"a\0b"),
        ("text/csv", b"\x80"),
        ("image/svg+xml", svg),
        ("text/html", b"<html>"),
        ("application/xhtml+xml", b"<html/>"),
        ("application/octet-stream", b"x"),
        ("image/gif", b"GIF89a"),
        ("application/json", b"{}"),
    ];
    for (media_type, content) in refused {
        let _ = seat.upload("a", media_type, content).await.expect_problem(415, "unsupported_media_type");
    }
    let untyped = seat.request("POST", "/v1/review/files?name=a").header("content-length", "0").send().await;
    let _ = untyped.expect_problem(415, "unsupported_media_type");
    let long = "%E9%95%B7".repeat(121);
    for name in ["", "%20", "a%00b", "a%0Ab", "a%09b", "a%E2%80%AEtxt.exe", &long] {
        let _ = seat.upload(name, "text/plain", "x").await.expect_problem(400, "invalid_request");
    }
    for query in ["", "?title=a", "?name=a&name=b", "?name=a&id=fil_1"] {
        let reply = seat.request("POST", &format!("/v1/review/files{query}")).body("text/plain", "x").send().await;
        let _ = reply.expect_problem(400, "invalid_request");
    }
    assert_eq!(stands(&seat).await, before);
    let _ = seat.upload(&"%E9%95%B7".repeat(120), "text/plain", "x").await.expect(201);
}

/// A PNG keeps its pixels, and nothing that programs and cameras wrote beside them.
#[tokio::test]
async fn a_png_tells_nothing_but_the_picture() {
    let server = Server::start(Engine::Sqlite).await;
    let seat = facilitator(&server).await;
    let content = kept(&seat, "a.png", "image/png", &talkative_png()).await;
    assert_silent(&content);
    assert_eq!(decoded_png(&content), decoded_png(&talkative_png()));
    for kind in [b"tEXt", b"zTXt", b"iTXt", b"tIME", b"eXIf", b"prVt"] {
        assert!(!content.windows(4).any(|window| window == kind), "{kind:?}");
    }
    // What was taken out is nowhere else either.
    assert!(!is_on_disk(server.database(), SECRETS[0].as_bytes()).await);
    assert_eq!(kept(&seat, "again.png", "image/png", &content).await, content);
}

/// A JPEG keeps its tables and its scan to the byte, and nothing that programs and cameras wrote beside them.
#[tokio::test]
async fn a_jpeg_tells_nothing_but_the_picture() {
    let server = Server::start(Engine::Sqlite).await;
    let seat = facilitator(&server).await;
    let content = kept(&seat, "a.jpg", "image/jpeg", &talkative_jpeg()).await;
    assert_silent(&content);
    assert_eq!(content, silent_jpeg());
    assert!(!is_on_disk(server.database(), SECRETS[0].as_bytes()).await);
}

/// Nor does it keep what stands after its end, where telephones put a second picture with the place and the time.
#[tokio::test]
async fn a_jpeg_tells_nothing_after_its_end() {
    let server = Server::start(Engine::Sqlite).await;
    let seat = facilitator(&server).await;
    let content = kept(&seat, "a.jpg", "image/jpeg", &jpeg_with_another_behind()).await;
    assert_silent(&content);
    assert_eq!(content, silent_jpeg());
}

/// Nor what stands between its scans.
#[tokio::test]
async fn a_jpeg_tells_nothing_between_its_scans() {
    let server = Server::start(Engine::Sqlite).await;
    let seat = facilitator(&server).await;
    assert_silent(&kept(&seat, "a.jpg", "image/jpeg", &jpeg_with_a_comment_after_the_scan()).await);
}

/// Erased is erased: the file of SQLite does not hold it on free pages.
#[tokio::test]
async fn an_erased_file_is_gone_from_the_disk() {
    let server = Server::start(Engine::Sqlite).await;
    let seat = facilitator(&server).await;
    let secret = b"is-to-be-forgotten-for-good";
    let id = seat.upload("a.txt", "text/plain", secret.repeat(1_000)).await.expect(201).text_at("/id");
    assert!(is_on_disk(server.database(), secret).await);
    let _ = seat.delete(&format!("/v1/review/files/{id}")).await.expect(200);
    assert!(!is_on_disk(server.database(), secret).await);
}
