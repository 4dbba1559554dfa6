//! What operators watch: whether it lives, whether it can work, figures; and what every reply and every caller is held to.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use warifu_testkit::{Anonymous, Engine, Server, ServerSettings, TestDatabase, on_both_databases};

on_both_databases! {
    async fn a_server_lives_and_is_ready_until_it_drains(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let anonymous = server.anonymous();
        for path in ["/livez", "/readyz"] {
            let reply = anonymous.get(path).await.expect(200);
            assert_eq!((reply.text(), reply.header("content-type")), ("ok\n".to_owned(), Some("text/plain; charset=utf-8")));
        }
        let member = server.member_with(500).await;
        server.web().begin_draining();
        let reply = anonymous.get("/readyz").await.expect_problem(503, "overloaded");
        assert!(reply.header("retry-after").is_some(), "{reply}");
        let _ = anonymous.get("/livez").await.expect(200);
        assert_eq!(member.balance().await, 500, "whoever is here already is served");
    }
}

#[tokio::test]
async fn postgres_gone_is_told_as_unavailable_and_never_as_zero() {
    let mut server = Server::start(Engine::Postgres).await;
    let (cashier, member) = (server.cashier().await, server.member_with(500).await);
    let code = member.show_code().await;
    let _ = cashier.get("/v1/payments/by-request/none").await.expect(404);
    server.lose_database().await;
    let anonymous = server.anonymous();
    let _ = anonymous.get("/livez").await.expect(200);
    let reply = anonymous.get("/readyz").await.expect_problem(503, "unavailable");
    assert!(reply.header("retry-after").is_some(), "{reply}");
    let _ = member.get("/v1/balances").await.expect_problem(503, "unavailable");
    let _ = member.get("/v1/history").await.expect_problem(503, "unavailable");
    let reply = cashier.take_as("lost", 100, &code).await.expect_problem(503, "unavailable");
    assert_eq!(reply.text_at("/request_id"), "lost");
    let stranger = anonymous.request("GET", "/v1/balances").header("authorization", "Bearer wfm_unknown");
    let _ = stranger.send().await.expect_problem(503, "unavailable");
}

/// The samples of an OpenMetrics text by name and labels; panics where it is none.
fn samples(text: &str) -> BTreeMap<String, f64> {
    let lines = text.strip_suffix("# EOF\n").expect("the text ends with its end mark").lines();
    let mut types = BTreeMap::new();
    let mut samples = BTreeMap::new();
    for line in lines {
        if let Some(comment) = line.strip_prefix("# ") {
            if let Some((name, kind)) = comment.strip_prefix("TYPE ").and_then(|comment| comment.split_once(' ')) {
                types.insert(name.to_owned(), kind.to_owned());
            }
            continue;
        }
        let (sample, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no value: {line}"));
        let name = sample.split('{').next().unwrap();
        let family = ["_total", "_bucket", "_count", "_sum"].iter().find_map(|ending| name.strip_suffix(ending));
        assert!(types.contains_key(name) || types.contains_key(family.unwrap_or(name)), "no type: {line}");
        assert!(samples.insert(sample.to_owned(), value.parse().unwrap()).is_none(), "twice: {line}");
    }
    samples
}

fn requests(samples: &BTreeMap<String, f64>, method: &str, route: &str, status: u16) -> f64 {
    let labels = [format!("method=\"{method}\""), format!("route=\"{route}\""), format!("status=\"{status}\"")];
    let is_it = |name: &&String| {
        name.starts_with("warifu_http_requests_total{") && labels.iter().all(|label| name.contains(label.as_str()))
    };
    samples.keys().filter(is_it).map(|name| samples[name]).sum()
}

#[tokio::test]
async fn metrics_count_what_was_answered_by_route_and_not_by_what_was_named() {
    let server = Server::start(Engine::Sqlite).await;
    let (cashier, member) = (server.cashier().await, server.member_with(500).await);
    let before = samples(&server.metrics().await);
    for amount in [100, 200, 100_000] {
        let _ = cashier.take(amount, &member.show_code().await).await;
    }
    let _ = cashier.get(&format!("/v1/payments/pay_{}", "0".repeat(32))).await.expect(404);
    for path in ["/nowhere", "/nowhere/else"] {
        let _ = server.anonymous().request("BREW", path).send().await.expect(404);
    }
    let reply = Anonymous::at(server.metrics_origin()).get("/metrics").await.expect(200);
    assert!(reply.header("content-type").unwrap().starts_with("application/openmetrics-text"), "{reply}");
    let after = samples(&reply.text());
    for (method, route, status, count) in [
        ("POST", "/v1/payments", 201, 2.0),
        ("POST", "/v1/payments", 422, 1.0),
        ("POST", "/v1/codes", 201, 3.0),
        ("GET", "/v1/payments/{id}", 404, 1.0),
        ("other", "unmatched", 404, 2.0),
    ] {
        let grown = requests(&after, method, route, status) - requests(&before, method, route, status);
        assert!((grown - count).abs() < 0.5, "{method} {route} {status} grew by {grown}");
    }
    for name in ["warifu_commit_batches", "warifu_commit_commands"] {
        assert!(after[name] > before[name], "{name}");
    }
    assert!(after["warifu_commit_waiting"] < 0.5);
    let text = reply.text();
    for secret in ["wft_", "wfm_", "pay_", "90000123"] {
        assert!(!text.contains(secret), "{secret} in the figures");
    }
}

#[tokio::test]
async fn a_caller_is_held_to_a_rate_and_others_are_not() {
    let database = TestDatabase::new(Engine::Sqlite).await;
    let settings = ServerSettings { requests_per_second: NonZeroU32::new(5), ..ServerSettings::default() };
    let server = Server::start_with(database, settings).await;
    let (cashier, member) = (server.cashier().await, server.member_with(500).await);
    let started = std::time::Instant::now();
    let mut answered = 0;
    let refused = loop {
        let reply = cashier.get("/v1/payments/by-request/none").await;
        if reply.status() != 404 {
            break reply.expect_problem(429, "rate_limited");
        }
        answered += 1;
        assert!(answered < 500, "there is no limit");
    };
    let allowed = 10 + started.elapsed().as_secs() * 5 + 5;
    assert!(answered >= 10 && answered <= allowed, "{answered} were answered");
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=2).contains(&wait), "{wait}");
    assert_eq!(member.balance().await, 500, "another caller has a limit of its own");
    let _ = server.anonymous().get("/livez").await.expect(200);

    tokio::time::sleep(Duration::from_secs(wait)).await;
    let _ = cashier.get("/v1/payments/by-request/none").await.expect(404);
}

#[tokio::test]
async fn every_reply_carries_the_headers_that_keep_it_safe() {
    let server = Server::start(Engine::Sqlite).await;
    let (anonymous, member) = (server.anonymous(), server.member().await);
    let replies = [
        anonymous.get("/livez").await.expect(200),
        anonymous.get("/nowhere").await.expect(404),
        anonymous.get("/v1/balances").await.expect(401),
        member.get("/v1/balances").await.expect(200),
        member.issue_code(&[]).await.expect(201),
        anonymous.get("/docs/").await.expect(200),
        anonymous.get("/openapi.json").await.expect(200),
    ];
    let mut traces = std::collections::BTreeSet::new();
    for reply in &replies {
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{reply}");
        assert_eq!(reply.header("referrer-policy"), Some("no-referrer"), "{reply}");
        assert!(matches!(reply.header("cache-control"), Some("no-store" | "no-cache")), "{reply}");
        assert_eq!(reply.header("server"), None, "{reply}");
        assert!(traces.insert(reply.header("trace-id").unwrap()), "each request has a trace of its own");
    }
    assert_eq!(replies[3].header("cache-control"), Some("no-store"), "a balance stays in no cache");
    let policy = replies[5].header("content-security-policy").unwrap();
    for part in ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"] {
        assert!(policy.split(';').any(|directive| directive.trim() == part), "{part} in {policy}");
    }
}

/// The bookkeeper catches up with what is recorded, and where its lag cannot be read it is not a number.
#[tokio::test]
async fn the_lag_of_the_bookkeeper_is_told_and_never_guessed() {
    let mut server = Server::start(Engine::Postgres).await;
    let (cashier, member) = (server.cashier().await, server.member_with(500).await);
    let _ = cashier.take(100, &member.show_code().await).await.expect(201);
    let mut lag = f64::NAN;
    for _ in 0..100 {
        lag = samples(&server.metrics().await)["warifu_bookkeeper_lag"];
        if lag < 0.5 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert!(lag < 0.5, "{lag} are not booked after ten seconds");
    server.lose_database().await;
    assert!(samples(&server.metrics().await)["warifu_bookkeeper_lag"].is_nan());
}
