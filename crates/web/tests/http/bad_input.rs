//! Whatever is wrong with a request, the reply is the documented problem, says nothing secret, and nothing was done.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use warifu_testkit::actors::command;
use warifu_testkit::server::Till;
use warifu_testkit::{Cashier, Member, Request, Server, TestDatabase, on_both_databases};

const INVALID: (u16, &str) = (400, "invalid_request");
const UNAUTHORIZED: (u16, &str) = (401, "unauthorized");
const NOT_FOUND: (u16, &str) = (404, "not_found");

/// A request, and the problem that it must get.
struct Case {
    what: String,
    request: Request,
    problem: (u16, &'static str),
}

impl Case {
    fn new(what: impl Into<String>, request: Request, problem: (u16, &'static str)) -> Self {
        Self { what: what.into(), request, problem }
    }
}

/// A shop with a till, and a member who shows a good code.
struct Scene {
    server: Server,
    till: Till,
    cashier: Cashier,
    token: String,
    member: Member,
    code: String,
}

impl Scene {
    async fn on(database: TestDatabase) -> Self {
        let server = Server::start_on(database).await;
        let till = server.add_till(server.add_shop().await).await;
        let cashier = Cashier::by_token(server.origin(), &till.token);
        let token = server.add_member().await;
        let member = Member::by_handset(server.origin(), &token);
        let _ = cashier.top_up(5_000, &member.show_code().await).await.expect(201);
        let code = member.show_code().await;
        Self { server, till, cashier, token, member, code }
    }

    /// A good body, changed.
    fn body(&self, change: impl FnOnce(&mut Value)) -> Value {
        let mut body = command("bad", 100, &self.code);
        change(&mut body);
        body
    }

    /// Sends every case; then nothing was done, and the code is as good as it was.
    async fn check(&self, cases: Vec<Case>) {
        let before = self.server.journal_count().await;
        for Case { what, request, problem: (status, code) } in cases {
            let reply = request.send().await;
            assert_eq!(reply.status(), status, "{what}: {reply}");
            let reply = reply.expect_problem(status, code);
            for secret in [&self.code[8..], &self.till.token, &self.till.secret, &self.token] {
                assert!(!reply.text().contains(secret), "{what}: a secret in {reply}");
            }
            assert_eq!(status == 401, reply.header("www-authenticate").is_some(), "{what}: {reply}");
            assert_eq!(status == 405, reply.header("allow").is_some(), "{what}: {reply}");
        }
        assert_eq!(self.server.journal_count().await, before, "nothing was recorded");
        assert_eq!(self.member.balance().await, 5_000);
        let _ = self.server.cashier().await.take(100, &self.code).await.expect(201);
    }

    fn post(&self, body: impl Into<Vec<u8>>) -> Request {
        self.cashier.request("POST", "/v1/payments").body("application/json", body)
    }
}

on_both_databases! {
    async fn a_body_that_is_no_json_is_refused(database: TestDatabase) {
        let scene = Scene::on(database).await;
        let good = scene.body(|_| {}).to_string();
        let nested = format!("{}{}", "[".repeat(30_000), "]".repeat(30_000));
        let duplicate = good.replacen('{', "{\"amount\":100,", 1);
        let invalid: Vec<(&str, Vec<u8>)> = vec![
            ("empty", Vec::new()),
            ("not JSON", b"request_id=bad".to_vec()),
            ("truncated", good.as_bytes()[..good.len() - 1].to_vec()),
            ("more after it", format!("{good}{good}").into_bytes()),
            ("not UTF-8", good.replace("bad", "ba\u{fffd}").replace('\u{fffd}', "@").into_bytes().iter()
                .map(|byte| if *byte == b'@' { 0xff } else { *byte }).collect()),
            ("UTF-16", good.encode_utf16().flat_map(u16::to_le_bytes).collect()),
            ("byte order mark", format!("\u{feff}{good}").into_bytes()),
            ("null", b"null".to_vec()),
            ("a number", b"100".to_vec()),
            ("a text", json!(good).to_string().into_bytes()),
            ("a list of the values", json!(["bad", scene.code, 100, "JPY"]).to_string().into_bytes()),
            ("a list of bodies", format!(" [{good}]").into_bytes()),
            ("nested", nested.clone().into_bytes()),
            ("nested in a field", good.replace(":100", &format!(":{nested}")).into_bytes()),
            ("nested in an unknown field", good.replace("\"amount\"", "\"more\"").replace(":100", &format!(":{nested}")).into_bytes()),
            ("a field twice", duplicate.into_bytes()),
            ("a comment", format!("/* good */{good}").into_bytes()),
            ("a comma too many", good.replace('}', ",}").into_bytes()),
            ("single quotes", good.replace('"', "'").into_bytes()),
        ];
        let mut cases: Vec<_> =
            invalid.into_iter().map(|(what, body)| Case::new(what, scene.post(body), INVALID)).collect();
        let padded = |length: usize| format!("{good}{}", " ".repeat(length - good.len()));
        cases.push(Case::new("65,537 bytes", scene.post(padded(65_537)), (413, "payload_too_large")));
        let conflicting = padded(65_536).replace(&scene.code, "0");
        cases.push(Case::new("65,536 bytes", scene.post(conflicting), INVALID));
        for media_type in
            ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonp", "application/json-patch+json"]
        {
            let request = scene.cashier.request("POST", "/v1/payments").body(media_type, good.clone());
            cases.push(Case::new(format!("as {media_type}"), request, (415, "unsupported_media_type")));
        }
        scene.check(cases).await;
    }

    async fn a_field_that_does_not_fit_is_refused(database: TestDatabase) {
        let scene = Scene::on(database).await;
        let mut bodies: Vec<(String, String)> = Vec::new();
        for field in ["request_id", "code", "amount", "currency"] {
            let mut missing = scene.body(|_| {});
            missing.as_object_mut().unwrap().remove(field);
            bodies.push((format!("no {field}"), missing.to_string()));
            for wrong in [json!(null), json!(true), json!([]), json!({}), json!(1.5), json!({ "JPY": null })] {
                bodies.push((format!("{field}: {wrong}"), scene.body(|body| body[field] = wrong).to_string()));
            }
        }
        bodies.push(("unknown field".to_owned(), scene.body(|body| body["tip"] = json!(1)).to_string()));
        let named = scene.body(|body| body[&scene.code] = json!(1));
        bodies.push(("unknown field named like a secret".to_owned(), named.to_string()));
        for amount in
            ["0", "-1", "-0", "1.5", "1.0", "1e3", "9007199254740992", "9223372036854775808", "1e400", "\"1200\"", "\"\"", "0100", "+100"]
            .map(str::to_owned).into_iter().chain([format!("1{}", "0".repeat(30))])
        {
            let body = scene.body(|body| body["amount"] = json!("AMOUNT")).to_string();
            bodies.push((format!("amount {amount}"), body.replace("\"AMOUNT\"", &amount)));
        }
        for currency in ["USD", "jpy", "", "JPY ", &scene.code] {
            let body = scene.body(|body| body["currency"] = json!(currency));
            bodies.push((format!("currency {currency:?}"), body.to_string()));
        }
        for request_id in ["", "with space", "\u{e9}", "a\0", "a\n", "\u{7f}", "\u{ff11}", &"x".repeat(65)] {
            let body = scene.body(|body| body["request_id"] = json!(request_id));
            bodies.push((format!("request_id {request_id:?}"), body.to_string()));
        }
        let cases = bodies.into_iter().map(|(what, body)| Case::new(what, scene.post(body), INVALID)).collect();
        scene.check(cases).await;
    }

    async fn a_text_that_is_no_code_is_refused(database: TestDatabase) {
        let scene = Scene::on(database).await;
        let jpqr = scene.member.issue_code(&[]).await.expect(201).text_at("/jpqr");
        let good = scene.member.show_code().await;
        let scene = Scene { code: good.clone(), ..scene };
        let full_width: String = good.chars().map(|digit| char::from_u32(digit as u32 + 0xfee0).unwrap()).collect();
        let texts = [
            String::new(),
            good[..23].to_owned(),
            format!("{good}1"),
            format!(" {good}"),
            format!("{good}\n"),
            good.replace(&good[..1], "O"),
            full_width,
            format!("{}\u{0664}", &good[..23]),
            jpqr[..jpqr.len() - 4].to_owned(),
            jpqr.to_lowercase(),
            format!("{jpqr}{jpqr}"),
            format!("={jpqr}"),
            "hQVDUFYwMQ==".to_owned(),
            "A".repeat(60_000),
        ];
        let case = |text: String| {
            let body = scene.body(|body| body["code"] = json!(text));
            Case::new(format!("code {text:.40}"), scene.post(body.to_string()), INVALID)
        };
        scene.check(texts.into_iter().map(case).collect()).await;
    }

    async fn whoever_does_not_say_who_is_asking_is_refused(database: TestDatabase) {
        let scene = Scene::on(database).await;
        let anonymous = scene.server.anonymous();
        let good = scene.body(|_| {});
        let plain = || anonymous.request("POST", "/v1/payments").json(&good);
        let (token, secret) = (&scene.till.token, &scene.till.secret);
        let mut cases = vec![
            Case::new("nothing", plain(), UNAUTHORIZED),
            Case::new("twice", plain().header("authorization", format!("Bearer {token}"))
                .header("authorization", format!("Bearer {token}")), UNAUTHORIZED),
            Case::new("not ASCII", plain().header("authorization", "Bearer \u{e9}"), UNAUTHORIZED),
        ];
        let signature = format!("terminal={}, time=1775000000, nonce=0123456789abcdef", scene.till.terminal);
        for header in [
            String::new(),
            "Bearer".to_owned(),
            "Bearer ".to_owned(),
            token.clone(),
            format!("Basic {token}"),
            format!("Bearer  , {token}"),
            format!("Bearer {token} {token}"),
            format!("Bearer \"{token}\""),
            format!("Bearer {}", &token[..token.len() - 1]),
            format!("Bearer {token}A"),
            format!("Bearer {}", token.to_uppercase()),
            format!("Bearer {}", token.replace("wft_", "wfm_")),
            format!("Bearer {secret}"),
            format!("Bearer {}", "a".repeat(600)),
            "Warifu-HMAC-SHA256".to_owned(),
            format!("Warifu-HMAC-SHA256 {signature}"),
            format!("Warifu-HMAC-SHA256 {signature}, signature={}", "0".repeat(63)),
            format!("Warifu-HMAC-SHA256 {signature}, signature={}, signature={}", "0".repeat(64), "0".repeat(64)),
            format!("Warifu-HMAC-SHA256 {signature}, signature={}", "g".repeat(64)),
        ] {
            let what = format!("Authorization: {header:.60}");
            cases.push(Case::new(what, plain().header("authorization", header), UNAUTHORIZED));
        }
        let as_member = scene.member.request("POST", "/v1/payments").json(&good);
        cases.push(Case::new("a member", as_member, (403, "forbidden")));
        cases.push(Case::new("a terminal for a code", scene.cashier.request("POST", "/v1/codes").json(&json!({})), (403, "forbidden")));
        scene.check(cases).await;
    }

    async fn a_query_or_a_path_that_does_not_fit_is_refused(database: TestDatabase) {
        let scene = Scene::on(database).await;
        let mut cases = Vec::new();
        for query in [
            "limit=0", "limit=201", "limit=-1", "limit=x", "limit=", "limit=1.5", "limit=65536", "limit=1&limit=2",
            "cursor=", "cursor=x", "cursor=djE%3D", "cursor=djAx", "cursor=dis1", "cursor=%00", "cursor=%FF",
            "cursor=1&cursor=2", "offset=1", "LIMIT=1", "limit%00=1", "=",
        ] {
            cases.push(Case::new(query, scene.member.request("GET", &format!("/v1/history?{query}")), INVALID));
        }
        let zeros = "0".repeat(32);
        for path in [
            "/v1/payments/x", "/v1/payments/pay_", "/v1/payments/by-request", "/v1/payments/by-request/",
            "/v1/payments/", "/v1/payments//", "/v1/payments/%00", "/v1/payments/by-request/%00",
            "/v1/payments/by-request/a%20b", "/v1/payments/by-request/%C3%A9", "/v1/payments/by-request/a/b",
            "/v1/payments/%2e%2e%2fbalances", "/v1/payments/by-request%2Fbad", "/v1/payment", "/V1/payments/x",
            "/v2/payments", "/v1", "/v1/", "/nothing", "//v1/payments/x", "/metrics", "/docs/../v1", "/docs/nothing.js",
        ].map(str::to_owned).into_iter().chain([
            format!("/v1/payments/pay_{zeros}"),
            format!("/v1/payments/{zeros}"),
            format!("/v1/payments/top_{zeros}"),
            format!("/v1/payments/pay_{}", "A".repeat(32)),
            format!("/v1/payments/pay_{zeros}0"),
            format!("/v1/payments/pay_{zeros}%20"),
            format!("/v1/payments/by-request/{}", "x".repeat(65)),
            format!("/v1/refunds/rfd_{zeros}"),
            format!("/v1/refunds/pay_{zeros}"),
            format!("/v1/receipts/pay_{zeros}"),
            format!("/v1/receipts/rfd_{zeros}"),
            "/v1/receipts/".to_owned(),
            "/v1/refunds/by-request/%00".to_owned(),
        ]) {
            cases.push(Case::new(&path, scene.cashier.request("GET", &path), NOT_FOUND));
        }
        for path in ["/v1/payments/%FF", "/v1/payments/by-request/%ff", "/v1/top-ups/%C3", "/v1/receipts/%FF"] {
            cases.push(Case::new(path, scene.cashier.request("GET", path), INVALID));
        }
        let post = |path: &str, body: Value| scene.cashier.request("POST", path).json(&body);
        let plain = || json!({ "request_id": "bad" });
        for path in [
            format!("/v1/payments/pay_{zeros}/capture"),
            format!("/v1/payments/pay_{zeros}/void"),
            format!("/v1/payments/pay_{zeros}/cancel"),
            format!("/v1/payments/top_{zeros}/cancel"),
            format!("/v1/payments/{zeros}/void"),
            format!("/v1/payments/pay_{zeros}/refund"),
            format!("/v1/top-ups/top_{zeros}/cancel"),
            format!("/v1/top-ups/pay_{zeros}/cancel"),
            "/v1/payments/x/capture".to_owned(),
            "/v1/payments/by-request/a/b/cancel".to_owned(),
        ] {
            cases.push(Case::new(&path, post(&path, plain()), NOT_FOUND));
        }
        for target in ["", "%00", "a%20b", "%C3%A9", "%FF", &"x".repeat(65)] {
            for subject in ["payments", "top-ups"] {
                let path = format!("/v1/{subject}/by-request/{target}/cancel");
                cases.push(Case::new(&path, post(&path, plain()), INVALID));
            }
        }
        for payment in ["", "x", &zeros, &format!("rfd_{zeros}"), &format!("pay_{zeros}")] {
            let body = warifu_testkit::actors::refund("bad", payment, 1);
            cases.push(Case::new(format!("a refund of {payment:?}"), post("/v1/refunds", body), NOT_FOUND));
        }
        scene.check(cases).await;
    }
}

/// What a method that a path does not take is told, by whom it may be asked for instead.
#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let server = Server::start(warifu_testkit::Engine::Sqlite).await;
    let cashier = server.cashier().await;
    for (method, path, allowed) in [
        ("GET", "/v1/payments", "POST"),
        ("DELETE", "/v1/payments", "POST"),
        ("PUT", "/v1/top-ups", "POST"),
        ("GET", "/v1/codes", "POST"),
        ("POST", "/v1/balances", "GET,HEAD"),
        ("PATCH", "/v1/payments/x", "GET,HEAD"),
        ("POST", "/v1/payments/by-request/x", "GET,HEAD"),
        ("GET", "/v1/payments/x/capture", "POST"),
        ("DELETE", "/v1/payments/x/cancel", "POST"),
        ("GET", "/v1/payments/by-request/x/cancel", "POST"),
        ("GET", "/v1/refunds", "POST"),
        ("POST", "/v1/refunds/x", "GET,HEAD"),
        ("GET", "/v1/top-ups/from-points", "POST"),
        ("GET", "/v1/sandbox/codes", "POST"),
        ("OPTIONS", "/v1/history", "GET,HEAD"),
        ("TRACE", "/v1/history", "GET,HEAD"),
        ("BREW", "/v1/history", "GET,HEAD"),
        ("POST", "/livez", "GET,HEAD"),
        ("DELETE", "/openapi.json", "GET,HEAD"),
    ] {
        for request in [cashier.request(method, path), server.anonymous().request(method, path)] {
            let reply = request.send().await.expect_problem(405, "method_not_allowed");
            assert_eq!(reply.header("allow"), Some(allowed), "{method} {path}");
        }
    }
}

/// Sends bytes that no client would and returns the status; the server closes or answers within a moment.
async fn status_of(server: &Server, bytes: &str) -> u16 {
    let address = server.origin().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    let mut reply = [0; 12];
    let read = tokio::time::timeout(std::time::Duration::from_secs(5), stream.read_exact(&mut reply));
    read.await.expect("an answer in time").unwrap();
    std::str::from_utf8(&reply[9..]).unwrap().parse().unwrap()
}

#[tokio::test]
async fn what_is_no_http_is_refused_and_harms_nobody() {
    let server = Server::start(warifu_testkit::Engine::Sqlite).await;
    let end = "Host: x\r\n\r\n";
    for bytes in [
        format!("GET /v1/payments/../balances HTTP/1.1\r\n{end}"),
        format!("GET /v1/payments/%zz HTTP/1.1\r\n{end}"),
        format!("GET livez HTTP/1.1\r\n{end}"),
        format!("GET /livez\u{e9} HTTP/1.1\r\n{end}"),
        format!("GET /livez HTTP/9.9\r\n{end}"),
        format!("GET /livez HTTP/1.1\r\nContent-Length: -1\r\n{end}"),
        format!("POST /v1/payments HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n{end}"),
        format!("GET /livez HTTP/1.1\r\nno colon\r\n{end}"),
        format!("GET /{} HTTP/1.1\r\n{end}", "x".repeat(70_000)),
        format!("GET /livez HTTP/1.1\r\nX: {}\r\n{end}", "x".repeat(600_000)),
        "\0\0\0\0\r\n\r\n".to_owned(),
    ] {
        let status = status_of(&server, &bytes).await;
        assert!((400..500).contains(&status), "{status} for {bytes:.60}");
    }
    let _ = server.anonymous().get("/livez").await.expect(200);
}

/// An error in a body is told with the name of the field and its place, so that whoever programs a till finds it.
#[tokio::test]
async fn a_refused_body_is_told_what_is_wrong_with_it() {
    let scene = Scene::on(TestDatabase::new(warifu_testkit::Engine::Sqlite).await).await;
    for (body, told) in [
        (json!({}), "missing field `request_id`"),
        (scene.body(|body| body["amount"] = json!("100")), "expected i64"),
        (scene.body(|body| body["amount"] = json!(0)), "1 to 9007199254740991"),
        (scene.body(|body| body["currency"] = json!("USD")), "expected `JPY`"),
        (scene.body(|body| body["tip"] = json!(1)), "unknown field, expected one of"),
        (scene.body(|body| body["request_id"] = json!("")), "1 to 64 printable ASCII"),
        (scene.body(|body| body["code"] = json!("1")), "24 digits"),
    ] {
        let detail =
            scene.post(body.to_string()).send().await.expect_problem(400, "invalid_request").text_at("/detail");
        assert!(detail.contains(told) && detail.contains("line 1 column"), "{told} in {detail}");
        assert!(detail.contains("Nothing was done"), "{detail}");
        assert_eq!(detail.matches(" column ").count(), 1, "{detail}");
    }
}
