//! Signed requests: what fits is believed once; whatever was changed, late or sent before is not.

use serde_json::Value;
use warifu_app::sign;
use warifu_core::time::Time;
use warifu_testkit::actors::command;
use warifu_testkit::server::Till;
use warifu_testkit::{Cashier, Reply, Server, TestDatabase, on_both_databases};

/// A request as it was signed, and as it is sent: a test changes one or the other.
#[derive(Clone)]
struct Signed<'a> {
    till: &'a Till,
    secret: &'a str,
    time: i64,
    nonce: String,
    method: &'static str,
    path: String,
    body: Option<Value>,
    signature: Option<String>,
}

impl<'a> Signed<'a> {
    fn new(server: &Server, till: &'a Till, nonce: &str, path: &str, body: Option<Value>) -> Self {
        Self {
            till,
            secret: &till.secret,
            time: server.clock().now().unix_micros() / 1_000_000,
            nonce: format!("nonce-0123456789-{nonce}"),
            method: if body.is_some() { "POST" } else { "GET" },
            path: path.to_owned(),
            body,
            signature: None,
        }
    }

    /// Signs it as it is now; what is changed later is not under the signature.
    fn signed(mut self) -> Self {
        let body = self.body.as_ref().map(Value::to_string).unwrap_or_default();
        let signature = sign(self.secret, self.method, &self.path, self.time, &self.nonce, body.as_bytes());
        self.signature = Some(signature);
        self
    }

    async fn send(&self, server: &Server) -> Reply {
        let Self { till, time, nonce, .. } = self;
        let signature = self.signature.as_deref().expect("it was signed");
        let terminal = &till.terminal;
        let header =
            format!("Warifu-HMAC-SHA256 terminal={terminal}, time={time}, nonce={nonce}, signature={signature}");
        let request = server.anonymous().request(self.method, &self.path).header("authorization", header);
        match &self.body {
            Some(body) => request.json(body).send().await,
            None => request.send().await,
        }
    }
}

on_both_databases! {
    async fn a_signing_till_takes_payments_and_inquires(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let till = server.add_till(server.add_shop().await).await;
        let cashier = Cashier::by_signature(server.origin(), &till.terminal, &till.secret, server.clock());
        let member = server.member_with(1_000).await;
        let done = cashier.take_as("signed", 700, &member.show_code().await).await.expect(201);
        let found = cashier.get("/v1/payments/by-request/signed?why=because").await.expect(200);
        assert_eq!(found.json(), done.json());
        // Both ways of saying who one is are the same terminal.
        let by_token = Cashier::by_token(server.origin(), &till.token);
        assert_eq!(by_token.get("/v1/payments/by-request/signed").await.expect(200).json(), done.json());
        let again = by_token.request("POST", "/v1/payments").json(&command("signed", 701, "900001230000000000000000"));
        let _ = again.send().await.expect_problem(409, "request_id_conflict");
    }

    async fn what_was_changed_after_signing_is_refused(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let till = server.add_till(server.add_shop().await).await;
        let other = server.add_till(till.shop).await;
        let member = server.member_with(1_000).await;
        let code = member.show_code().await;
        let payment = Signed::new(&server, &till, "post", "/v1/payments", Some(command("one", 100, &code)));
        let inquiry = Signed::new(&server, &till, "get", "/v1/payments/by-request/one?a=b", None);
        let (good_post, good_get) = (payment.clone().signed(), inquiry.clone().signed());
        let changed: Vec<(&str, Signed<'_>)> = vec![
            ("body", Signed { body: Some(command("one", 999, &code)), ..good_post.clone() }),
            ("path", Signed { path: "/v1/top-ups".to_owned(), ..good_post.clone() }),
            ("time", Signed { time: good_post.time + 1, ..good_post.clone() }),
            ("nonce", Signed { nonce: format!("{}x", good_post.nonce), ..good_post.clone() }),
            ("terminal", Signed { till: &other, ..good_post.clone() }),
            ("secret", Signed { secret: &other.secret, ..payment.clone() }.signed()),
            ("token as secret", Signed { secret: &till.token, ..payment.clone() }.signed()),
            ("signature", Signed { signature: Some("0".repeat(64)), ..good_post.clone() }),
            ("query", Signed { path: "/v1/payments/by-request/one?a=c".to_owned(), ..good_get.clone() }),
            ("no query", Signed { path: "/v1/payments/by-request/one".to_owned(), ..good_get.clone() }),
            ("method", Signed { method: "HEAD", ..good_get.clone() }),
        ];
        for (what, request) in &changed {
            let reply = request.send(&server).await.expect(401);
            assert!(reply.header("www-authenticate").is_some(), "{what}: {reply}");
        }
        let nobody = Till { terminal: format!("trm_{}", "0".repeat(32)), ..till.clone() };
        let unknown = Signed { till: &nobody, ..good_post.clone() }.send(&server).await;
        let unknown = unknown.expect_problem(401, "unauthorized");
        let wrong = changed[0].1.send(&server).await.expect_problem(401, "unauthorized");
        assert_eq!(unknown.text_at("/detail"), wrong.text_at("/detail"), "nobody learns which terminals exist");
        assert_eq!(member.balance().await, 1_000);
        // Refused tries take no nonce: the till's own request is still good.
        let _ = good_post.send(&server).await.expect(201);
        let _ = good_get.send(&server).await.expect(200);
        assert_eq!(member.balance().await, 900);
    }

    async fn a_request_is_believed_two_minutes_and_once(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let till = server.add_till(server.add_shop().await).await;
        // A signature tells whole seconds.
        let second = server.clock().now().unix_micros() / 1_000_000 * 1_000_000;
        server.manual_clock().set(Time::from_unix_micros(second).unwrap());
        let at = |nonce: &str, seconds: i64| {
            let request = Signed::new(&server, &till, nonce, "/v1/payments/by-request/none", None);
            Signed { time: request.time + seconds, ..request }.signed()
        };
        for (nonce, seconds, status) in
            [("late", -120, 404), ("too-late", -121, 401), ("early", 120, 404), ("too-early", 121, 401)]
        {
            let reply = at(nonce, seconds).send(&server).await;
            assert_eq!(reply.status(), status, "{seconds}: {reply}");
        }
        let request = at("once", 0);
        let _ = request.send(&server).await.expect_problem(404, "not_found");
        let _ = request.send(&server).await.expect_problem(401, "nonce_used");
        let signed_again = at("once", 1);
        let _ = signed_again.send(&server).await.expect_problem(401, "nonce_used");
        let colleague = server.add_till(till.shop).await;
        let theirs = Signed::new(&server, &colleague, "once", "/v1/payments/by-request/none", None).signed();
        let _ = theirs.send(&server).await.expect_problem(404, "not_found");
    }

    async fn a_captured_request_moves_money_once(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let till = server.add_till(server.add_shop().await).await;
        let member = server.member_with(1_000).await;
        let body = command("one", 100, &member.show_code().await);
        let request = Signed::new(&server, &till, "captured", "/v1/payments", Some(body)).signed();
        let sent = (0..6).map(|_| request.send(&server));
        let mut statuses: Vec<u16> = futures::future::join_all(sent).await.iter().map(Reply::status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 401, 401, 401, 401, 401]);
        assert_eq!(member.balance().await, 900);
    }
}
