//! Which routes there are and who may call them, as a golden list: whoever adds a route says whose it is.

use std::collections::BTreeSet;
use std::path::Path;

use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use warifu_testkit::{Cashier, Engine, Partner, Reply, Server};

/// Routes that are not operations of the interface description. `/metrics` has an address of its own.
const OTHERS: [&str; 25] = [
    "GET / anyone",
    "GET /assets/{version}/{file} anyone",
    "GET /atm anyone",
    "GET /bill/{id} anyone",
    "GET /charts anyone",
    "GET /docs anyone",
    "GET /docs/ anyone",
    "GET /docs/{file} anyone",
    "GET /favicon.ico anyone",
    "GET /history anyone",
    "GET /mandala anyone",
    "GET /manifest.webmanifest anyone",
    "GET /me anyone",
    "GET /metrics anyone, on its own address",
    "GET /openapi.json anyone",
    "GET /ready whoever is near, on the address of /metrics",
    "GET /reviews anyone",
    "GET /reviews/compare anyone",
    "GET /reviews/{id} anyone",
    "GET /sandbox anyone",
    "GET /scan anyone",
    "GET /shop/{id} anyone",
    "GET /sw.js anyone",
    "GET /till anyone",
    "GET /top-up anyone",
];

/// An operation of the description, and the security schemes that it names.
struct Operation {
    method: String,
    path: String,
    schemes: BTreeSet<String>,
}

impl Operation {
    fn line(&self) -> String {
        let Self { method, path, .. } = self;
        let callers: Vec<_> =
            ["terminal", "member", "partner", "seat"].into_iter().filter(|caller| self.admits(caller)).collect();
        let callers = if callers.is_empty() { "anyone".to_owned() } else { callers.join(", ") };
        format!("{method} {path} {callers}")
    }

    fn admits(&self, caller: &str) -> bool {
        self.schemes.iter().any(|scheme| scheme.split('_').next() == Some(caller))
    }
}

/// Every operation of the description. One that says nothing about security is a mistake, not an open door.
fn operations() -> Vec<Operation> {
    let description = serde_json::to_value(warifu_web::openapi()).unwrap();
    let mut operations = Vec::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let security =
                operation["security"].as_array().unwrap_or_else(|| panic!("{method} {path} names no caller"));
            let names = |scheme: &Value| scheme.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
            let schemes: BTreeSet<_> = security.iter().flat_map(names).collect();
            let by_token = schemes.contains("terminal_token");
            assert_eq!(by_token, schemes.contains("terminal_signature"), "{method} {path}: a terminal may do both");
            operations.push(Operation { method: method.to_uppercase(), path: path.clone(), schemes });
        }
    }
    operations
}

#[test]
fn the_routes_are_those_of_the_golden_list() {
    let mut found: Vec<String> = operations().iter().map(Operation::line).collect();
    found.extend(OTHERS.map(str::to_owned));
    // By the path, then by the method.
    found.sort_unstable_by_key(|line| (line.split(' ').nth(1).map(str::to_owned), line.clone()));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/http/golden/routes.txt");
    let golden = std::fs::read_to_string(&path).unwrap();
    let golden: Vec<String> = golden.lines().map(str::to_owned).collect();
    let mark = |mark: &'static str, lines: &[String], others: &[String]| {
        let only = lines.iter().filter(|line| !others.contains(line));
        only.map(|line| format!("{mark} {line}\n")).collect::<String>()
    };
    let difference = mark("-", &golden, &found) + &mark("+", &found, &golden);
    assert!(
        found == golden,
        "the routes are not those of crates/web/tests/http/golden/routes.txt (- listed, + served):\n{difference}         If that is intended, the list shall read:\n{}",
        found.join("\n")
    );
}

/// A request that is well-formed as far as its path goes; what it names need not exist.
async fn call(operation: &Operation, request: impl AsyncFnOnce(&str, &str) -> Reply) -> Reply {
    let named = ["{id}", "{payment_id}", "{request_id}", "{event_id}", "{kind}", "{key}", "{cause}", "{version}"];
    let path = named.iter().fold(operation.path.clone(), |path, name| path.replace(name, "none"));
    assert!(!path.contains('{'), "{path} has a parameter that this test does not know");
    request(&operation.method, &path).await
}

#[tokio::test]
async fn whoever_is_not_listed_is_refused_and_whoever_is_listed_is_not() {
    let server = Server::start(Engine::Sqlite).await;
    let shop = server.add_shop().await;
    let (real, trial) = (server.add_till(shop).await, server.add_sandbox_till(shop).await);
    let anonymous = server.anonymous();
    let partner = server.issuers_partner().await;
    let sitter = Partner::by_token(server.origin(), &facilitator(&server).await);
    for operation in operations() {
        let line = operation.line();
        let till = if operation.path.starts_with("/v1/sandbox/") { &trial } else { &real };
        let by_token = Cashier::by_token(server.origin(), &till.token);
        let by_signature = Cashier::by_signature(server.origin(), &till.terminal, &till.secret, server.clock());
        let is_open = operation.schemes.is_empty();
        let refused = |reply: &Reply| [401, 403].contains(&reply.status());
        let reply =
            call(&operation, async |method, path| anonymous.request(method, path).json(&json!({})).send().await);
        let reply = reply.await;
        assert_eq!(reply.status() == 401, !is_open, "{line}: {reply}");
        for (caller, cashier) in [("token", &by_token), ("signature", &by_signature)] {
            let reply =
                call(&operation, async |method, path| cashier.request(method, path).json(&json!({})).send().await);
            let reply = reply.await;
            assert_eq!(
                refused(&reply),
                !is_open && !operation.admits("terminal"),
                "{line}, terminal by {caller}: {reply}"
            );
        }
        // One of the operations ends the session.
        let member = server.member().await;
        let reply =
            call(&operation, async |method, path| member.request(method, path).json(&json!({})).send().await).await;
        assert_eq!(refused(&reply), !is_open && !operation.admits("member"), "{line}, member: {reply}");
        if refused(&reply) {
            let _ = reply.expect_problem(403, "forbidden");
        }
        let reply =
            call(&operation, async |method, path| partner.request(method, path).json(&json!({})).send().await).await;
        assert_eq!(refused(&reply), !is_open && !operation.admits("partner"), "{line}, partner: {reply}");
        // What is open goes on for minutes.
        if operation.path == "/v1/review/live" {
            continue;
        }
        let reply =
            call(&operation, async |method, path| sitter.request(method, path).json(&json!({})).send().await).await;
        assert_eq!(refused(&reply), !is_open && !operation.admits("seat"), "{line}, seat: {reply}");
    }
}

/// The key of a facilitator's seat in a new review.
async fn facilitator(server: &Server) -> String {
    let board = server.app().board();
    let review = board.add_review("Case", ("base", None)).await.unwrap();
    let made = board.invite_to(review, warifu_core::review::Role::Facilitator, 1).await.unwrap();
    let token = made.link.expose_secret().split_once('#').unwrap().1.to_owned();
    let text = format!("wfr_{}", "A".repeat(43));
    let _ = board.take_seat(&board.seat_key(&text).unwrap(), &token).await.unwrap();
    text
}

#[tokio::test]
async fn the_other_routes_are_open_and_metrics_stand_apart() {
    let server = Server::start(Engine::Sqlite).await;
    let anonymous = server.anonymous();
    let description = anonymous.get("/openapi.json").await.expect(200).json();
    assert!(description["openapi"].as_str().unwrap().starts_with("3.1."), "{}", description["openapi"]);
    assert_eq!(description, serde_json::to_value(warifu_web::openapi()).unwrap());
    let docs = anonymous.get("/docs").await;
    assert_eq!((docs.status(), docs.header("location")), (308, Some("/docs/")), "{docs}");
    let page = anonymous.get("/docs/").await.expect(200).text();
    let named = page.split(['"']).filter(|text| [".js", ".css", ".png"].iter().any(|ending| text.ends_with(ending)));
    let mut files = 0;
    for file in named {
        files += 1;
        let reply = anonymous.get(&format!("/docs/{file}")).await.expect(200);
        assert!(reply.header("content-security-policy").is_some() && !reply.bytes().is_empty(), "{file}");
    }
    assert!(files >= 4, "{page}");
    let _ = anonymous.get("/metrics").await.expect_problem(404, "not_found");
    assert!(server.metrics().await.ends_with("# EOF\n"));
}

/// Every reply that any operation gives is described: a program that is made from the description knows them all.
#[test]
fn every_operation_under_v1_describes_the_common_problems() {
    let description = serde_json::to_value(warifu_web::openapi()).unwrap();
    for operation in operations().iter().filter(|operation| operation.path.starts_with("/v1/")) {
        let responses = &description["paths"][&operation.path][operation.method.to_lowercase()]["responses"];
        for status in ["400", "401", "403", "429", "500", "503"] {
            let schema = &responses[status]["content"]["application/problem+json"]["schema"]["$ref"];
            assert_eq!(schema, "#/components/schemas/Problem", "{} {status}", operation.line());
        }
    }
}
