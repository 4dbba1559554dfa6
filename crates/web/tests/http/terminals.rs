//! Terminals that are browsers: enrolled by a link, good once; revoked at once; each signature good for one terminal and one request.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use warifu_app::DeviceKey;
use warifu_core::id::TerminalId;
use warifu_testkit::{Cashier, Engine, Server};

fn key() -> Arc<DeviceKey> {
    Arc::new(DeviceKey::generate().unwrap())
}

fn enrollment(token: &str, key: &DeviceKey) -> Value {
    json!({ "token": token, "device": { "public_key": URL_SAFE_NO_PAD.encode(key.public_key()), "name": "till" } })
}

fn id(text: &str) -> TerminalId {
    text.parse().unwrap()
}

fn cashier(server: &Server, terminal: &str, key: &Arc<DeviceKey>) -> Cashier {
    Cashier::by_browser(server.origin(), id(terminal), Arc::clone(key), server.clock())
}

/// The link is taken once, by one browser; the next link makes the next browser the terminal, and the one before is nobody.
#[tokio::test]
async fn a_link_is_good_once_and_the_browser_before_is_nobody_then() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let server = Server::start(engine).await;
        let till = server.add_till(server.add_shop().await).await;
        let (first, second) = (key(), key());
        let anonymous = server.anonymous();
        let enroll = |token: String, key: Arc<DeviceKey>| {
            anonymous.request("POST", "/v1/enrollments").json(&enrollment(&token, &key)).send()
        };
        let token = server.terminal_token(&till.terminal).await;
        let told = enroll(token.clone(), Arc::clone(&first)).await.expect(201).json();
        assert_eq!(
            (&told["id"], &told["book"], &told["channel"]),
            (&json!(till.terminal), &json!("real"), &json!("till"))
        );
        let practice = told["practice_id"].as_str().unwrap().to_owned();
        let _ = enroll(token, Arc::clone(&second)).await.expect_problem(401, "link_refused");
        let _ = enroll("wfe_x".to_owned(), Arc::clone(&second)).await.expect_problem(401, "link_refused");
        let here = cashier(&server, &till.terminal, &first);
        assert_eq!(here.get("/v1/terminal").await.expect(200).json()["id"], till.terminal);
        let member = server.member_with(1_000).await;
        let _ = here.take(300, &member.show_code().await).await.expect(201);
        // The same key signs for practice, in the other book.
        let practising = cashier(&server, &practice, &first);
        assert_eq!(practising.get("/v1/terminal").await.expect(200).json()["book"], "sandbox");
        assert_eq!(practising.take(1, &member.show_code().await).await.expect(422).code(), "code_unknown");

        // A link that waits takes nothing from the browser that is the terminal; one that is used does.
        let older = server.terminal_token(&till.terminal).await;
        let newer = server.terminal_token(&till.terminal).await;
        let _ = here.get("/v1/terminal").await.expect(200);
        let _ = enroll(older, Arc::clone(&second)).await.expect_problem(401, "link_refused");
        let told = enroll(newer, Arc::clone(&second)).await.expect(201).json();
        assert_eq!(told["practice_id"], practice, "one for practising is enough");
        let _ = here.get("/v1/terminal").await.expect_problem(401, "unauthorized");
        let _ = practising.get("/v1/terminal").await.expect_problem(401, "unauthorized");
        let _ = cashier(&server, &till.terminal, &second)
            .take_as("second", 300, &member.show_code().await)
            .await
            .expect(201);
        server.verify().await;
    }
}

/// After a day the link is of no use.
#[tokio::test]
async fn a_link_ends_after_a_day() {
    let server = Server::start(Engine::Sqlite).await;
    let till = server.add_till(server.add_shop().await).await;
    let (key, token) = (key(), server.terminal_token(&till.terminal).await);
    server.manual_clock().advance(Duration::from_secs(86_400));
    let enroll = server.anonymous().request("POST", "/v1/enrollments").json(&enrollment(&token, &key)).send();
    let _ = enroll.await.expect_problem(401, "link_refused");
}

/// A revoked terminal is nobody from that moment on, by browser, by token and by secret, and no payment that it has begun goes on.
#[tokio::test]
async fn a_revoked_terminal_is_nobody_at_once() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let server = Server::start(engine).await;
        let till = server.add_till(server.add_shop().await).await;
        let (key, token) = (key(), server.terminal_token(&till.terminal).await);
        let told = server.anonymous().request("POST", "/v1/enrollments").json(&enrollment(&token, &key)).send().await;
        let practice = told.expect(201).text_at("/practice_id");
        let by_browser = cashier(&server, &till.terminal, &key);
        let practising = cashier(&server, &practice, &key);
        let by_token = Cashier::by_token(server.origin(), &till.token);
        let by_secret = Cashier::by_signature(server.origin(), &till.terminal, &till.secret, server.clock());
        let all = [&by_browser, &practising, &by_token, &by_secret];
        for one in all {
            let _ = one.get("/v1/terminal").await.expect(200);
        }
        let waiting = server.terminal_token(&till.terminal).await;
        server.app().revoke_terminal(id(&till.terminal)).await.unwrap();
        for one in all {
            let _ = one.get("/v1/terminal").await.expect_problem(401, "unauthorized");
            let _ = one.post("/v1/payments", &json!({})).await.expect_problem(401, "unauthorized");
        }
        let late = server.anonymous().request("POST", "/v1/enrollments").json(&enrollment(&waiting, &key)).send();
        let _ = late.await.expect_problem(401, "link_refused");
        assert!(server.app().make_terminal_link(id(&till.terminal)).await.is_err());
        assert!(server.app().revoke_terminal(id(&till.terminal)).await.is_err(), "once is for good");
        assert!(server.app().freeze_terminal(id(&till.terminal), false).await.is_err(), "and no way back");
    }
}

/// A signature is good for its terminal, method, path and body, for two minutes, and once where it changes something.
#[tokio::test]
async fn a_browsers_signature_is_good_for_one_request() {
    let server = Server::start(Engine::Sqlite).await;
    let till = server.add_till(server.add_shop().await).await;
    let (key, token) = (key(), server.terminal_token(&till.terminal).await);
    let enroll = server.anonymous().request("POST", "/v1/enrollments").json(&enrollment(&token, &key)).send();
    let practice = enroll.await.expect(201).text_at("/practice_id");
    let now = server.clock().now().unix_micros() / 1_000_000;
    let header = |terminal: &str, signed_for: &str, method: &str, path: &str, time: i64, nonce: &str, body: &str| {
        let signature = key.sign_for(id(signed_for), (method, path), time, nonce, body.as_bytes()).unwrap();
        let signature = URL_SAFE_NO_PAD.encode(signature);
        format!("Warifu-ECDSA-P256 terminal={terminal}, time={time}, nonce={nonce}, signature={signature}")
    };
    let (real, nonce, path) = (till.terminal.as_str(), "0123456789abcdef", "/v1/payments/check");
    let body = json!({ "request_id": "a", "code": "900001230000000000000000", "amount": 1, "currency": "JPY" });
    let text = body.to_string();
    let send = async |header: String| {
        let request = server.anonymous().request("POST", path).header("authorization", header).json(&body);
        request.send().await.status()
    };
    for (wrong, what) in [
        (header(&practice, real, "POST", path, now, nonce, &text), "another terminal"),
        (header(real, &practice, "POST", path, now, nonce, &text), "signed for practice"),
        (header(real, real, "GET", path, now, nonce, &text), "another method"),
        (header(real, real, "POST", "/v1/payments", now, nonce, &text), "another path"),
        (header(real, real, "POST", path, now, nonce, "{}"), "another body"),
        (header(real, real, "POST", path, now - 121, nonce, &text), "too old"),
        (header(real, real, "POST", path, now + 121, nonce, &text), "too early"),
    ] {
        assert_eq!(send(wrong).await, 401, "{what}");
    }
    let good = header(real, real, "POST", path, now, nonce, &text);
    assert_eq!(send(good.clone()).await, 200);
    assert_eq!(send(good).await, 401, "once");
}
