//! A member's code: drawn in the reply, read by two scanners, good at the till in either picture.

use crate::scanner::{Scan, attribute, check_read_by_both, read_by_rxing};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rxing::BarcodeFormat;
use serde_json::{Value, json};
use warifu_testkit::{Engine, Server, TestDatabase, on_both_databases};

const PICTURES: [&str; 4] = ["code128_svg", "code128_png", "jpqr_svg", "jpqr_png"];

on_both_databases! {
    async fn what_scanners_read_off_the_pictures_pays_at_the_till(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let cashier = server.cashier().await;
        let member = server.member_with(1_000).await;
        for (at, format) in [(0, BarcodeFormat::CODE_128), (2, BarcodeFormat::QR_CODE)] {
            let reply = member.issue_code(&PICTURES).await.expect(201).json();
            let pictures = reply["pictures"].as_array().unwrap();
            let content = reply[if at == 0 { "code" } else { "jpqr" }].as_str().unwrap();

            let svg = picture(&pictures[at], "image/svg+xml");
            let scan = Scan::of_svg(svg);
            check_read_by_both(&scan, &scan.png(), format, content);
            let png = BASE64.decode(picture(&pictures[at + 1], "image/png")).unwrap();
            check_read_by_both(&Scan::of_png(&png), &png, format, content);

            let (_, scanned) = read_by_rxing(&Scan::of_png(&png));
            let _ = cashier.take(300, &scanned).await.expect(201);
            let _ = cashier.take(300, content).await.expect_problem(422, "code_consumed");
            let digits = reply["code"].as_str().unwrap();
            let _ = cashier.take(300, digits).await.expect_problem(422, "code_consumed");
        }
        assert_eq!(member.balance().await, 400);
    }
}

fn picture<'a>(picture: &'a Value, media_type: &str) -> &'a str {
    assert_eq!(picture["media_type"], media_type);
    picture["data"].as_str().unwrap()
}

#[tokio::test]
async fn a_reply_holds_the_code_and_the_pictures_that_were_asked_for() {
    let server = Server::start(Engine::Sqlite).await;
    let member = server.member().await;
    let kinds = |reply: &Value| {
        let pictures = reply["pictures"].as_array().unwrap();
        pictures.iter().map(|picture| picture["kind"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let all = member.issue_code(&["jpqr_png", "code128_svg", "jpqr_svg", "code128_png"]).await.expect(201);
    assert_eq!(kinds(&all.json()), PICTURES);
    assert_eq!(all.header("cache-control"), Some("no-store"), "a code stays in no cache");
    let one = member.issue_code(&["jpqr_png", "jpqr_png"]).await.expect(201).json();
    assert_eq!(kinds(&one), ["jpqr_png"]);
    let none = member.request("POST", "/v1/codes").json(&json!({})).send().await.expect(201).json();
    assert_eq!(none["pictures"], json!([]));

    let code = none["code"].as_str().unwrap();
    assert!(code.starts_with("90000123") && code.len() == 24, "{none}");
    let times = ["issued_at", "expires_at"].map(|name| none[name].as_str().unwrap());
    let now = server.clock().now();
    assert_eq!(times[0], now.to_string());
    assert_eq!(times[1], now.saturating_add(std::time::Duration::from_secs(300)).to_string());
}

#[tokio::test]
async fn a_picture_speaks_no_digits() {
    let server = Server::start(Engine::Sqlite).await;
    let member = server.member().await;
    let reply = member.issue_code(&["code128_svg", "jpqr_svg"]).await.expect(201).json();
    for picture in reply["pictures"].as_array().unwrap() {
        let label = attribute(picture["data"].as_str().unwrap(), "aria-label");
        assert!(!label.is_empty() && !label.bytes().any(|byte| byte.is_ascii_digit()), "{label}");
    }
}

#[tokio::test]
async fn codes_do_not_repeat() {
    let server = Server::start(Engine::Sqlite).await;
    let member = server.member().await;
    let mut codes = std::collections::BTreeSet::new();
    for _ in 0..50 {
        assert!(codes.insert(member.show_code().await));
    }
}
