//! Every question that a seat can ask, and every route with whom it is for. Made from the description of the interface, so that a
//! route that is added later is not forgotten.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use warifu_core::review::Role;
use warifu_testkit::{Engine, Reply, Seat, Server, ServerSettings, TestDatabase};

use crate::reviews::{CAUSES, conjecture, fact};

/// Method and path of all operations whose caller has the key of a seat.
fn operations() -> BTreeSet<(String, String)> {
    let description = serde_json::to_value(warifu_web::openapi()).unwrap();
    let mut found = BTreeSet::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let schemes = operation["security"].as_array().unwrap();
            if schemes.iter().any(|scheme| scheme.get("seat_key").is_some()) {
                found.insert((method.to_uppercase(), path.clone()));
            }
        }
    }
    found
}

/// Every path that can be asked for, with what of a review stands in it.
fn paths(files: &[&str]) -> Vec<String> {
    let mut paths = Vec::new();
    for (method, path) in operations() {
        if method != "GET" || path.ends_with("/live") {
            continue;
        }
        match path.as_str() {
            "/v1/review/table/{cause}" => paths.extend(CAUSES.map(|cause| format!("/v1/review/table/{cause}"))),
            "/v1/review/files/{id}" => paths.extend(files.iter().map(|id| format!("/v1/review/files/{id}"))),
            "/v1/review/items/{kind}/{key}/history" => {
                let keys = ["case/summary", "case/name", "progress/review", "event/e1"].map(str::to_owned);
                let causes = CAUSES
                    .iter()
                    .flat_map(|cause| ["why", "why_not", "discussion", "lift"].map(|kind| format!("{kind}/{cause}")));
                paths.extend(keys.into_iter().chain(causes).map(|place| format!("/v1/review/items/{place}/history")));
            }
            "/v1/review/changes" => paths.extend(["after=0", "before=1000000"].map(|query| format!("{path}?{query}"))),
            "/v1/review/export" => {
                paths.extend(["md", "html", "pdf", "csv", "ics", "json"].map(|kind| format!("{path}?as={kind}")))
            }
            plain => {
                assert!(!plain.contains('{'), "{plain} has a parameter that this test does not know");
                paths.push(plain.to_owned());
            }
        }
    }
    paths
}

/// Every reply that somebody can get by asking, but for the stream.
pub(crate) async fn everything_read(seat: &Seat, files: &[&str]) -> Vec<(String, Reply)> {
    let mut replies = Vec::new();
    for path in paths(files) {
        let reply = seat.get(&path).await;
        replies.push((path, reply));
    }
    assert!(replies.len() > 30, "there is more than this to ask for");
    replies
}

/// Whom a route is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum For {
    /// Whoever has a seat, or comes for one.
    Everybody,
    /// Who are people, and see what is published.
    People,
    /// Whoever writes, and programs.
    Reporters,
    Writers,
    Facilitators,
    Operator,
}

/// A body that says nothing.
const NOTHING: &str = "{}";

/// Every route that takes the key of a seat, with a body that does something, and whom it is for. `N` is a number not used before.
fn routes() -> Vec<(&'static str, &'static str, &'static str, String, For)> {
    let statement = json!({ "version": 0, "body": conjecture("written") }).to_string();
    let progress = json!({ "version": 9_999, "body": { "state": "open", "step": 1 } }).to_string();
    let chart = json!({ "toml": crate::reviews::charts::chart("of-roles", 2, &["one"]) }).to_string();
    let begin = json!({ "name": "Case", "chart_key": "base" }).to_string();
    let incident = crate::reviews::incidents::incident().to_string();
    let results = json!({ "results": [{ "measure": "none", "is_passed": true, "at": "2019-01-02T10:05" }] });
    let all = For::Everybody;
    let mut routes = vec![
        ("POST", "/v1/reviews", "/v1/reviews", begin, For::Operator),
        ("POST", "/v1/reviews/import", "/v1/reviews/import", json!({ "export": {} }).to_string(), For::Operator),
        ("POST", "/v1/reviews/incident", "/v1/reviews/incident", incident, For::Operator),
        ("POST", "/v1/reviews/sample", "/v1/reviews/sample", NOTHING.to_owned(), For::Operator),
        ("POST", "/v1/review/results", "/v1/review/results", results.to_string(), For::Reporters),
        ("POST", "/v1/seats", "/v1/seats", json!({ "invitation": "wfi_none" }).to_string(), all),
        ("PUT", "/v1/review/items/{kind}/{key}", "/v1/review/items/event/nN", event(), For::Writers),
        ("PUT", "/v1/review/items/{kind}/{key}", "/v1/review/items/why/hand-over", statement.clone(), For::Writers),
        ("PUT", "/v1/review/items/{kind}/{key}", "/v1/review/items/progress/review", progress, For::Facilitators),
        (
            "DELETE",
            "/v1/review/items/{kind}/{key}",
            "/v1/review/items/case/site?version=9999",
            String::new(),
            For::Writers,
        ),
        ("PUT", "/v1/review/marks/{cause}", "/v1/review/marks/hand-over", statement, For::Writers),
        ("DELETE", "/v1/review/marks/{cause}", "/v1/review/marks/hand-over?version=1", String::new(), For::Writers),
        ("PUT", "/v1/review/done", "/v1/review/done", json!({ "is_done": true }).to_string(), For::Writers),
        ("POST", "/v1/review/collection", "/v1/review/collection", NOTHING.to_owned(), For::Facilitators),
        (
            "POST",
            "/v1/review/invitations",
            "/v1/review/invitations",
            json!({ "role": "reader", "seats": 1 }).to_string(),
            For::Facilitators,
        ),
        ("DELETE", "/v1/review/invitations", "/v1/review/invitations", String::new(), For::Facilitators),
        (
            "DELETE",
            "/v1/review/files/{id}",
            "/v1/review/files/fil_00000000000070008000000000000000",
            String::new(),
            For::Writers,
        ),
        ("POST", "/v1/charts", "/v1/charts", chart, For::Facilitators),
    ];
    routes.extend(questions());
    routes
}

/// Those of them that ask and change nothing.
fn questions() -> Vec<(&'static str, &'static str, &'static str, String, For)> {
    let no_file = "/v1/review/files/fil_00000000000070008000000000000000";
    let others = [
        ("/v1/review/table/{cause}", "/v1/review/table/hand-over"),
        ("/v1/review/items/{kind}/{key}/history", "/v1/review/items/case/name/history"),
        ("/v1/review/files/{id}", no_file),
    ];
    let plain = [
        "/v1/review",
        "/v1/review/mandala",
        "/v1/review/marks",
        "/v1/review/table",
        "/v1/review/changes?after=0",
        "/v1/review/diagram",
        "/v1/review/diagram.svg",
        "/v1/review/diagram.png",
        "/v1/review/mandala.svg",
        "/v1/review/mandala.png",
        "/v1/review/export?as=json",
        "/v1/measures",
    ];
    let plain = plain.map(|path| (path.split('?').next().unwrap(), path));
    let all = plain.into_iter().chain(others);
    all.map(|(route, path)| ("GET", route, path, String::new(), For::People)).collect()
}

fn event() -> String {
    json!({ "version": 0, "body": crate::reviews::items::event("happened") }).to_string()
}

async fn send(seat: &Seat, method: &str, path: &str, body: &str) -> Reply {
    let request = seat.request(method, path);
    let is_json = !body.is_empty();
    let request = if is_json { request.body("application/json", body) } else { request };
    request.send().await
}

fn may(role: Role, whose: For) -> bool {
    match whose {
        For::Everybody => true,
        For::People => role != Role::Program,
        For::Reporters => role != Role::Reader,
        For::Writers => role == Role::Facilitator || role == Role::Participant,
        For::Facilitators => role == Role::Facilitator,
        For::Operator => false,
    }
}

/// A board where only the operator begins reviews, with somebody in each role.
pub(crate) async fn seated(server: &Server) -> [(Role, Seat); 4] {
    let board = server.app().board();
    let review = board.add_review("Case", ("it-project", None)).await.unwrap();
    let mut seats = Vec::new();
    for role in [Role::Facilitator, Role::Participant, Role::Reader, Role::Program] {
        let made = board.invite_to(review, role, 1).await.unwrap();
        let link = secrecy::ExposeSecret::expose_secret(&made.link).split_once('#').unwrap().1.to_owned();
        let seat = server.seat();
        let _ = seat.join(&link).await.expect(201);
        seats.push((role, seat));
    }
    seats.try_into().unwrap()
}

/// Each route lets in whom it is for, refuses others without a trace in the review, and is on the list above.
#[tokio::test]
async fn every_route_is_open_to_whom_it_is_for() {
    let listed: BTreeSet<_> = routes().iter().map(|route| (route.0.to_owned(), route.1.to_owned())).collect();
    let others = [("GET", "/v1/review/live"), ("DELETE", "/v1/review/seat"), ("POST", "/v1/review/files")];
    let others = others.map(|(method, path)| (method.to_owned(), path.to_owned()));
    let missing: Vec<_> = operations().into_iter().filter(|it| !listed.contains(it) && !others.contains(it)).collect();
    assert!(missing.is_empty(), "say whom these are for: {missing:?}");

    for engine in [Engine::Sqlite, Engine::Postgres] {
        let settings = ServerSettings { reviews_begun_by_operator: true, ..ServerSettings::default() };
        let server = Server::start_with(TestDatabase::new(engine).await, settings).await;
        let seats = seated(&server).await;
        let facilitator = &seats[0].1;
        let _ = facilitator
            .mark("hand-over", 0, &fact("seen", &[crate::reviews::source("place", "hall", "")]))
            .await
            .expect(200);
        for (number, (method, _, path, body, whose)) in routes().into_iter().enumerate() {
            let path = path.replace('N', &number.to_string());
            for (role, seat) in &seats {
                let before = facilitator.review().await;
                let reply = send(seat, method, &path, &body).await;
                if may(*role, whose) {
                    assert!(![401, 403].contains(&reply.status()), "{role:?}: {reply}");
                } else {
                    let reply = reply.expect_problem(403, "forbidden");
                    assert_eq!(facilitator.review().await, before, "{role:?}: {reply}");
                }
            }
            let stranger = send(&server.seat(), method, &path, &body).await;
            let code = match path.as_str() {
                "/v1/seats" => "link_refused",
                "/v1/reviews" | "/v1/reviews/import" | "/v1/reviews/incident" | "/v1/reviews/sample" => "forbidden",
                _ => "unauthorized",
            };
            assert_eq!(stranger.code(), code, "{stranger}");
            let nobody = server.anonymous().request(method, &path).body("application/json", body.as_str()).send().await;
            let _ = nobody.expect_problem(401, "unauthorized");
        }
        outside_the_list(&server, &seats).await;
    }
}

/// The three routes whose calls are no single question.
async fn outside_the_list(server: &Server, seats: &[(Role, Seat); 4]) {
    let [(_, facilitator), (_, participant), (_, reader), (_, program)] = seats;
    for seat in [facilitator, participant, reader] {
        assert_eq!(seat.look().await.ready["number"], facilitator.review().await["number"]);
    }
    let _ = program.get("/v1/review/live").await.expect_problem(403, "forbidden");
    let _ = server.seat().get("/v1/review/live").await.expect_problem(401, "unauthorized");
    let _ = server.anonymous().get("/v1/review/live").await.expect_problem(401, "unauthorized");
    for seat in [facilitator, participant] {
        let _ = seat.upload("a.txt", "text/plain", "text").await.expect(201);
    }
    let before = crate::reviews::items::stands(facilitator).await;
    for seat in [reader, program] {
        let _ = seat.upload("a.txt", "text/plain", "text").await.expect_problem(403, "forbidden");
    }
    let _ = server.seat().upload("a.txt", "text/plain", "text").await.expect_problem(401, "unauthorized");
    let nobody =
        server.anonymous().request("POST", "/v1/review/files?name=a.txt").body("text/plain", "text").send().await;
    let _ = nobody.expect_problem(401, "unauthorized");
    assert_eq!(crate::reviews::items::stands(facilitator).await, before);
    let people = json!({ "facilitators": 1, "participants": 1, "readers": 1, "programs": 1, "done": 2 });
    assert_eq!(facilitator.review().await["people"], people);
    for seat in [participant, reader, program] {
        let _ = seat.delete("/v1/review/seat").await.expect(204);
    }
    let _ = server.seat().delete("/v1/review/seat").await.expect_problem(401, "unauthorized");
    assert_eq!(
        facilitator.review().await["people"],
        json!({ "facilitators": 1, "participants": 0, "readers": 0, "programs": 0, "done": 1 })
    );
    let charts: Value = facilitator.get("/v1/charts").await.expect(200).json();
    assert_eq!(charts["may_begin"], false);
}
