//! Whole requests, through the router as tills, members and partners send them, to a server on a database in a folder of
//! its own. The first byte chooses who asks for what; the rest is the body, or the end of the path after a zero byte. `CODE`
//! in it becomes a new payment code, `PAYMENT` the payment that was taken last.
//!
//! Nothing panics, nothing is answered by a fault of the server, and the same request again has the same answer.
#![no_main]

use std::sync::{Arc, LazyLock, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderName, Request, StatusCode};
use jiff::tz::TimeZone;
use libfuzzer_sys::fuzz_target;
use secrecy::ExposeSecret as _;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;
use warifu_app::{App, Database, DatabaseUrl, Handset, KeyRing, ManualClock, Options};
use warifu_core::place::{Book, Channel};
use warifu_core::time::Time;
use warifu_web::{Limits, Web, router};

/// Who asks, how, where. `{}` is where the input puts something.
const ROUTES: &[(Who, &str, &str)] = &[
    (Who::Till, "POST", "/v1/payments"),
    (Who::Till, "POST", "/v1/top-ups"),
    (Who::Till, "POST", "/v1/refunds"),
    (Who::Till, "POST", "/v1/payments/{}/capture"),
    (Who::Till, "POST", "/v1/payments/{}/void"),
    (Who::Till, "POST", "/v1/payments/{}/cancel"),
    (Who::Till, "POST", "/v1/payments/by-request/{}/cancel"),
    (Who::Till, "POST", "/v1/top-ups/{}/cancel"),
    (Who::Till, "POST", "/v1/top-ups/by-request/{}/cancel"),
    (Who::Till, "GET", "/v1/payments/{}"),
    (Who::Till, "GET", "/v1/payments/by-request/{}"),
    (Who::Till, "GET", "/v1/receipts/{}"),
    (Who::Till, "POST", "/v1/sandbox/codes"),
    (Who::Member, "POST", "/v1/codes"),
    (Who::Member, "POST", "/v1/top-ups/from-points"),
    (Who::Member, "GET", "/v1/history?{}"),
    (Who::Member, "GET", "/v1/payments/{}"),
    (Who::Partner, "GET", "/v1/events?{}"),
    (Who::Partner, "POST", "/v1/webhooks"),
    (Who::Partner, "GET", "/v1/webhooks/{}/deliveries"),
    (Who::Nobody, "POST", "/v1/sign-up/finish"),
    (Who::Nobody, "POST", "/v1/sign-in/finish"),
    (Who::Nobody, "POST", "/v1/recovery"),
    (Who::Nobody, "GET", "/{}"),
];

#[derive(Clone, Copy)]
enum Who {
    Till,
    Member,
    Partner,
    Nobody,
}

struct Town {
    runtime: Runtime,
    router: Router,
    till: String,
    member: Handset,
    partner: String,
}

fn now() -> Time {
    Time::from_unix_micros(1_775_001_600_000_000).expect("a time")
}

static TOWN: LazyLock<Town> = LazyLock::new(build);

fn build() -> Town {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let folder = std::env::temp_dir().join(format!("warifu-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    let (router, till, member, partner) = runtime.block_on(async {
        let url = DatabaseUrl::Sqlite(folder.join("warifu.db"));
        let database = Database::open(&url, Options::default()).expect("a database opens");
        database.migrate().await.expect("a database migrates");
        let clock = Arc::new(ManualClock::at(now()));
        let (keys, prefix) = (KeyRing::fixed([7; 32]), "90000123".parse().expect("a prefix"));
        let app = App::open_with_keys(database, keys, prefix, &TimeZone::UTC, clock).await.expect("a Warifu opens");
        let merchant = app.add_merchant("Stores").await.expect("a merchant").id;
        let shop = app.add_shop(merchant, "Shop").await.expect("a shop").id;
        let till = app.add_terminal(shop, "Till", Channel::Till, Book::Sandbox).await.expect("a till").token;
        let member = app.add_member().await.expect("a member").handset;
        let partner = app.add_partner(None, "Issuer").await.expect("a partner").token;
        let web = Web::new(Arc::new(app), Limits { requests_per_second: None });
        let text = |token: &secrecy::SecretString| token.expose_secret().to_owned();
        (router(web), text(&till), member, text(&partner))
    });
    Town { runtime, router, till, member, partner }
}

fuzz_target!(|data: &[u8]| {
    let Some((choice, rest)) = data.split_first() else { return };
    let (who, method, path) = ROUTES[usize::from(*choice) % ROUTES.len()];
    let (body, end) = match rest.iter().position(|byte| *byte == 0) {
        Some(zero) => (&rest[..zero], &rest[zero + 1..]),
        None if method == "GET" => (&rest[..0], rest),
        None => (rest, &rest[..0]),
    };
    let path = filled(&path.replace("{}", &String::from_utf8_lossy(end)));
    // What is no UTF-8 has no place for a code.
    let body = match std::str::from_utf8(body) {
        Ok(text) => filled(text).into_bytes(),
        Err(_) => body.to_vec(),
    };
    let body = body.as_slice();
    let first = send(who, method, &path, body);
    let (Some((status, reply)), false) = (first, matches!(who, Who::Nobody)) else { return };
    assert!(status.as_u16() < 500, "{method} {path}: {status}: {}", String::from_utf8_lossy(&reply));
    // A code is new each time, and the second webhook is another one.
    let replays = body.windows(12).any(|window| window == b"\"request_id\"") && !path.starts_with("/v1/codes");
    if path == "/v1/payments" && status == StatusCode::CREATED {
        let reply: serde_json::Value = serde_json::from_slice(&reply).expect("a reply is JSON");
        *LAST.lock().expect("one thread") = reply["id"].as_str().expect("a payment has an id").to_owned();
    }
    if method == "POST" && replays && (status == StatusCode::CREATED || status == StatusCode::UNPROCESSABLE_ENTITY) {
        let again = send(who, method, &path, body);
        assert!(again.as_ref() == Some(&(status, reply)), "{method} {path}: the same request has two answers");
    }
});

static LAST: Mutex<String> = Mutex::new(String::new());

fn filled(text: &str) -> String {
    let text = text.replace("PAYMENT", &LAST.lock().expect("one thread"));
    if !text.contains("CODE") {
        return text;
    }
    let asked = br#"{"scenario":"plain"}"#;
    let reply = send(Who::Till, "POST", "/v1/sandbox/codes", asked).map(|(_, reply)| reply).unwrap_or_default();
    let reply: serde_json::Value = serde_json::from_slice(&reply).expect("a reply is JSON");
    text.replace("CODE", reply["code"].as_str().expect("a code is shown"))
}

fn send(who: Who, method: &str, path: &str, body: &[u8]) -> Option<(StatusCode, Vec<u8>)> {
    let town = &*TOWN;
    let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    let request = match who {
        Who::Till => request.header("authorization", format!("Bearer {}", town.till)),
        Who::Partner => request.header("authorization", format!("Bearer {}", town.partner)),
        Who::Member | Who::Nobody => request,
    };
    // Not every text is a path.
    let mut request = request.body(Body::from(body.to_vec())).ok()?;
    if matches!(who, Who::Member) {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
        for (name, value) in town.member.headers(method, &path, now(), body).expect("a request can be signed") {
            request.headers_mut().insert(
                HeaderName::from_bytes(name.as_bytes()).expect("a header"),
                value.expose_secret().parse().expect("a header's value"),
            );
        }
    }
    town.runtime.block_on(async {
        let reply = town.router.clone().oneshot(request).await.expect("a router always answers");
        let status = reply.status();
        let bytes = to_bytes(reply.into_body(), 1 << 24).await.expect("a reply ends");
        Some((status, bytes.to_vec()))
    })
}
