//! Webhooks: whoever asks to be told of events is told, signed, until it takes them, and nobody waits for it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use warifu_app::BACK_OFF;
use warifu_testkit::{Engine, Partner, Reply, Server, ServerSettings, TestDatabase, on_both_databases};

use crate::receiver::{Got, Receiver};

/// A webhook that was just made: its path, and its secret.
async fn webhook(partner: &Partner, url: &str) -> (String, String) {
    let made = partner.add_webhook(url, None).await.expect(201);
    (format!("/v1/webhooks/{}", made.text_at("/id")), made.text_at("/secret"))
}

/// The deliveries of a webhook, newest first.
async fn deliveries(partner: &Partner, path: &str) -> Vec<Value> {
    let page = partner.get(&format!("{path}/deliveries")).await.expect(200).json();
    page["items"].as_array().unwrap().clone()
}

/// The newest delivery, once it is as wanted.
async fn delivery(partner: &Partner, path: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let found = deliveries(partner, path).await.into_iter().next().unwrap_or_default();
        if is_wanted(&found) {
            return found;
        }
        assert!(Instant::now() < deadline, "{found}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn redeliver(partner: &Partner, path: &str, event: &str) -> Reply {
    partner.request("POST", &format!("{path}/deliveries/{event}/redeliver")).send().await
}

on_both_databases! {
    async fn an_event_is_told_once_signed_and_as_the_list_has_it(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let shop = server.add_shop().await;
        let (cashier, partner) = (server.cashier_at(shop).await, server.partner_at(shop).await);
        let member = server.member_with(1_000).await;
        let receiver = Receiver::start().await;
        let (path, secret) = webhook(&partner, &receiver.url()).await;
        let before = server.clock().now().unix_micros() / 1_000_000;
        let paid = cashier.take(300, &member.show_code().await).await.expect(201);
        let _ = cashier.take(9_999, &member.show_code().await).await.expect(422);
        // Another merchant's.
        let _ = server.cashier().await.take(1, &member.show_code().await).await.expect(201);

        let got = receiver.wait_for(2).await;
        let events = partner.events(None, 200).await;
        let items = events["items"].as_array().unwrap();
        assert_eq!((items.len(), &events["has_more"]), (2, &json!(false)), "what happened before the webhook is in the list");
        for got in &got {
            assert_eq!(got.request, "POST /hooks?x=1");
            assert_eq!(got.header("content-type"), "application/json");
            assert!(got.header("user-agent").starts_with("Warifu/"));
            assert_eq!(got.header("webhook-timestamp"), before.to_string());
            assert!(got.is_signed_with(&secret), "{got:?}");
            let event = got.json();
            assert_eq!(got.header("webhook-id"), event["id"].as_str().unwrap());
            assert!(items.contains(&event), "{event} is not in {items:?}");
        }
        let captured = got.iter().map(Got::json).find(|event| event["type"] == "payment.captured.v1").unwrap();
        assert_eq!(captured["id"], paid.text_at("/id").replace("pay_", "evt_"));
        assert_eq!(captured["data"]["amount"], 300);
        let refused = got.iter().map(Got::json).find(|event| event["type"] == "payment.refused.v1").unwrap();
        assert_eq!(refused["data"]["refusal"], "insufficient_balance");

        let done = delivery(&partner, &path, |delivery| delivery["status"] == "delivered").await;
        assert_eq!((&done["attempts"], &done["last_status"], &done["last_error"]), (&json!(1), &json!(200), &json!(null)));
        assert!(done["delivered_at"].is_string() && done["next_attempt_at"].is_null(), "{done}");
        tokio::time::sleep(Duration::from_millis(600)).await;
        assert_eq!(receiver.got().len(), 2, "nothing is told twice, and no other merchant's");
        server.stop().await;
    }

    async fn a_receiver_that_fails_is_told_again_later(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let partner = server.issuers_partner().await;
        let receiver = Receiver::start().await;
        receiver.will_answer(&[500, 302]);
        let (path, secret) = webhook(&partner, &receiver.url()).await;
        let _ = server.member_with(700).await;
        let first = delivery(&partner, &path, |delivery| delivery["last_status"] == 500).await;
        assert_eq!((&first["status"], &first["attempts"]), (&json!("pending"), &json!(1)));
        assert_eq!(first["last_error"], "the receiver answered 500");
        assert!(first["delivered_at"].is_null());
        tokio::time::sleep(Duration::from_millis(600)).await;
        assert_eq!(receiver.got().len(), 1, "not before its time");
        server.manual_clock().advance(BACK_OFF[0] * 11 / 10);
        // Where a redirect leads to is not asked.
        let _ = delivery(&partner, &path, |delivery| delivery["last_status"] == 302).await;
        server.manual_clock().advance(BACK_OFF[1] * 11 / 10);
        let third = delivery(&partner, &path, |delivery| delivery["status"] == "delivered").await;
        assert_eq!((&third["attempts"], &third["last_status"], &third["last_error"]), (&json!(3), &json!(200), &json!(null)));
        let got = receiver.got();
        assert_eq!(got.len(), 3);
        for again in &got {
            assert_eq!((&again.request, &again.body), (&got[0].request, &got[0].body));
            assert_eq!(again.header("webhook-id"), got[0].header("webhook-id"));
            assert!(again.is_signed_with(&secret));
        }
        assert_ne!(got[0].header("webhook-timestamp"), got[2].header("webhook-timestamp"), "each attempt is signed anew");
        let metrics = server.metrics().await;
        for line in ["warifu_webhook_delivered 1\n", "warifu_webhook_failed_attempts 2\n", "warifu_webhook_deliveries_pending 0.0\n"] {
            assert!(metrics.contains(line), "{line} in {metrics}");
        }

        let event = third["event_id"].as_str().unwrap();
        let _ = redeliver(&partner, &path, event).await.expect(202);
        let again = receiver.wait_for(4).await;
        assert_eq!(again[3].body, got[0].body);
        let done = delivery(&partner, &path, |delivery| delivery["status"] == "delivered").await;
        assert_eq!(done["attempts"], 1, "counted anew");
    }

    async fn a_delivery_fails_after_its_last_attempt_and_can_be_had_again(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let partner = server.issuers_partner().await;
        let receiver = Receiver::answering(503).await;
        let (path, _) = webhook(&partner, &receiver.url()).await;
        let _ = server.member_with(700).await;
        for (attempt, wait) in (1..).zip(BACK_OFF) {
            // While an attempt is under way, its lease stands there.
            let [first, last] = [wait, wait * 11 / 10].map(|wait| server.clock().now().saturating_add(wait).to_string());
            let is_in_time = |at: &str| (first.as_str()..=last.as_str()).contains(&at);
            let found = delivery(&partner, &path, |found| found["next_attempt_at"].as_str().is_some_and(is_in_time)).await;
            assert_eq!((&found["status"], &found["attempts"]), (&json!("pending"), &json!(attempt)));
            server.manual_clock().advance(wait * 11 / 10);
        }
        let failed = delivery(&partner, &path, |found| found["status"] == "failed").await;
        assert_eq!(failed["attempts"], 12);
        assert!(failed["next_attempt_at"].is_null() && failed["delivered_at"].is_null(), "{failed}");
        let list = |status: &str| format!("{path}/deliveries?status={status}");
        for (status, count) in [("failed", 1), ("pending", 0), ("delivered", 0)] {
            let page = partner.get(&list(status)).await.expect(200).json();
            assert_eq!(page["items"].as_array().unwrap().len(), count, "{status}");
        }
        receiver.will_answer(&[204]);
        let _ = redeliver(&partner, &path, failed["event_id"].as_str().unwrap()).await.expect(202);
        let _ = delivery(&partner, &path, |found| found["status"] == "delivered").await;
    }

    async fn a_receiver_that_is_gone_is_told_no_more(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let partner = server.issuers_partner().await;
        let receiver = Receiver::answering(410).await;
        let (path, _) = webhook(&partner, &receiver.url()).await;
        let member = server.member_with(700).await;
        let gone = delivery(&partner, &path, |found| found["status"] == "failed").await;
        assert_eq!((&gone["attempts"], &gone["last_status"]), (&json!(1), &json!(410)));
        assert_eq!(partner.get(&path).await.expect(200).text_at("/status"), "disabled");
        let _ = server.cashier().await.take(1, &member.show_code().await).await.expect(201);
        let refused = redeliver(&partner, &path, gone["event_id"].as_str().unwrap()).await;
        assert!(refused.expect_problem(400, "invalid_request").text_at("/detail").contains("disabled"));
        tokio::time::sleep(Duration::from_millis(700)).await;
        assert_eq!(receiver.got().len(), 1);
        assert_eq!(deliveries(&partner, &path).await.len(), 1);
    }

    async fn a_webhook_is_told_of_its_types_until_it_is_deleted(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let partner = server.issuers_partner().await;
        let receiver = Receiver::start().await;
        let made = partner.add_webhook(&receiver.url(), Some(&["payment.captured.v1", "payment.captured.v1"])).await.expect(201);
        assert_eq!(made.json()["event_types"], json!(["payment.captured.v1"]));
        let path = format!("/v1/webhooks/{}", made.text_at("/id"));
        let (cashier, member) = (server.cashier().await, server.member_with(700).await);
        let _ = cashier.take(1_000, &member.show_code().await).await.expect(422);
        let _ = cashier.take(1, &member.show_code().await).await.expect(201);
        assert_eq!(receiver.wait_for(1).await[0].json()["type"], "payment.captured.v1");
        let shown = partner.get(&path).await.expect(200);
        assert!(!shown.text().contains("whsec_"), "the secret is shown once");
        assert_eq!((shown.text_at("/url"), shown.text_at("/status")), (receiver.url(), "enabled".to_owned()));
        assert_eq!(partner.get("/v1/webhooks").await.expect(200).json()["items"], json!([shown.json()]));

        let gone = partner.request("DELETE", &path).send().await.expect(204);
        assert_eq!(gone.bytes(), b"");
        let _ = cashier.take(1, &member.show_code().await).await.expect(201);
        for reply in [
            partner.get(&path).await,
            partner.get(&format!("{path}/deliveries")).await,
            partner.request("DELETE", &path).send().await,
            redeliver(&partner, &path, receiver.got()[0].header("webhook-id")).await,
        ] {
            let _ = reply.expect_problem(404, "not_found");
        }
        assert_eq!(partner.get("/v1/webhooks").await.expect(200).json()["items"], json!([]));
        tokio::time::sleep(Duration::from_millis(700)).await;
        assert_eq!(receiver.got().len(), 1);
    }

    async fn a_partner_sees_its_own_webhooks_only(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let shop = server.add_shop().await;
        let (owner, same_merchant) = (server.partner_at(shop).await, server.partner_at(shop).await);
        let issuer = server.issuers_partner().await;
        let receiver = Receiver::start().await;
        let (path, _) = webhook(&owner, &receiver.url()).await;
        let member = server.member_with(700).await;
        let _ = server.cashier_at(shop).await.take(1, &member.show_code().await).await.expect(201);
        let event = receiver.wait_for(1).await[0].header("webhook-id").to_owned();
        for stranger in [&same_merchant, &issuer] {
            assert_eq!(stranger.get("/v1/webhooks").await.expect(200).json()["items"], json!([]));
            for reply in [
                stranger.get(&path).await,
                stranger.get(&format!("{path}/deliveries")).await,
                redeliver(stranger, &path, &event).await,
                stranger.request("DELETE", &path).send().await,
            ] {
                let _ = reply.expect_problem(404, "not_found");
            }
        }
        assert_eq!(owner.get(&path).await.expect(200).text_at("/status"), "enabled");
        let never = format!("evt_{}", "0".repeat(32));
        for event in [never.as_str(), "none", &event.replace("evt_", "pay_")] {
            let _ = redeliver(&owner, &path, event).await.expect_problem(404, "not_found");
        }
    }

    async fn a_receiver_that_never_answers_delays_nobody(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let partner = server.issuers_partner().await;
        let (silent, prompt) = (Receiver::answering(0).await, Receiver::start().await);
        let (path, _) = webhook(&partner, &silent.url()).await;
        let _ = webhook(&partner, &prompt.url()).await;
        let (cashier, member) = (server.cashier().await, server.member_with(1_000).await);
        let mut slowest = Duration::ZERO;
        for _ in 0..40 {
            let code = member.show_code().await;
            let started = Instant::now();
            let _ = cashier.take(1, &code).await.expect(201);
            slowest = slowest.max(started.elapsed());
        }
        assert!(slowest < Duration::from_secs(2), "a payment took {slowest:?}");
        let _ = prompt.wait_for(41).await;
        assert!((1..=4).contains(&silent.got().len()), "{} are under way", silent.got().len());
        let waiting = deliveries(&partner, &path).await;
        assert!(waiting.len() == 41 && waiting.iter().all(|delivery| delivery["status"] == "pending"), "{waiting:?}");
        // Ending does not wait for it either.
        let started = Instant::now();
        server.stop().await;
        assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    }

    async fn deliveries_come_in_pages(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let partner = server.issuers_partner().await;
        let receiver = Receiver::start().await;
        let (path, _) = webhook(&partner, &receiver.url()).await;
        let (cashier, member) = (server.cashier().await, server.member().await);
        for _ in 0..7 {
            let _ = cashier.top_up(10, &member.show_code().await).await.expect(201);
            // Ids of one millisecond have no order among them.
            server.manual_clock().advance(Duration::from_millis(1));
        }
        let _ = receiver.wait_for(7).await;
        let (mut seen, mut query) = (Vec::new(), "?limit=3".to_owned());
        loop {
            let page = partner.get(&format!("{path}/deliveries{query}")).await.expect(200).json();
            seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["event_id"].as_str().unwrap().to_owned()));
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            query = format!("?limit=3&cursor={cursor}");
        }
        let mut events: Vec<_> = partner.events(None, 200).await["items"].as_array().unwrap().iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect();
        events.reverse();
        assert_eq!(seen, events);
    }

    async fn what_does_not_fit_is_refused_with_a_reason(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let partner = server.issuers_partner().await;
        for (body, told) in [
            (json!({}), "missing field `url`"),
            (json!({ "url": 1 }), "expected a string"),
            (json!({ "url": "https://example.com/", "secret": "x" }), "unknown field"),
            (json!({ "url": "example.com" }), "url is not a URL"),
            (json!({ "url": "ftp://example.com/" }), "url is not https"),
            (json!({ "url": "https://user:hush@example.com/" }), "user or a password"),
            (json!({ "url": "https://example.com/#a" }), "fragment"),
            (json!({ "url": format!("https://example.com/{}", "x".repeat(2_000)) }), "longer than 2,000"),
            (json!({ "url": "https://example.com/", "event_types": [] }), "names one or more of payment.captured.v1"),
            (json!({ "url": "https://example.com/", "event_types": ["payment.captured"] }), "names one or more of"),
            (json!({ "url": "https://example.com/", "event_types": "payment.captured.v1" }), "expected a sequence"),
        ] {
            let reply = partner.request("POST", "/v1/webhooks").json(&body).send().await;
            let detail = reply.expect_problem(400, "invalid_request").text_at("/detail");
            assert!(detail.contains(told) && !detail.contains("hush"), "{told} in {detail}");
        }
        let (path, _) = webhook(&partner, "https://example.com/").await;
        for query in [
            "limit=0", "limit=201", "limit=x", "status=", "status=deleted", "status=Pending", "cursor=", "cursor=x",
            "cursor=AAAAAAAAAAAAAAAAAAAAAB", "cursor=AAAAAAAAAAAAAAAAAAAAAA%3D%3D", "offset=1",
        ] {
            let _ = partner.get(&format!("{path}/deliveries?{query}")).await.expect_problem(400, "invalid_request");
        }
        for id in ["none", &format!("whk_{}", "0".repeat(32)), &format!("ptr_{}", "0".repeat(32))] {
            let _ = partner.get(&format!("/v1/webhooks/{id}")).await.expect_problem(404, "not_found");
        }
        for _ in 1..10 {
            let _ = webhook(&partner, "https://example.com/").await;
        }
        let reply = partner.add_webhook("https://example.com/", None).await.expect_problem(400, "invalid_request");
        assert!(reply.text_at("/detail").contains("at most 10 webhooks"), "{reply}");
        let _ = webhook(&server.issuers_partner().await, "https://example.com/").await;
        let _ = partner.request("DELETE", &path).send().await.expect(204);
        let _ = webhook(&partner, "https://example.com/").await;
        let reply = partner.request("PUT", &path).send().await.expect_problem(405, "method_not_allowed");
        assert_eq!(reply.header("allow"), Some("GET,HEAD,DELETE"));
    }
}

#[tokio::test]
async fn a_name_that_leads_into_a_private_network_is_refused_and_told() {
    let database = TestDatabase::new(Engine::Sqlite).await;
    let settings = ServerSettings { refuses_private_addresses: true, ..ServerSettings::default() };
    let server = Server::start_with(database, settings).await;
    let partner = server.issuers_partner().await;
    let receiver = Receiver::start().await;
    for (url, told) in [
        (receiver.url(), "not https"),
        (receiver.url().replace("http", "https"), "not public"),
        ("https://2130706433/".to_owned(), "not public"),
        ("https://[::ffff:127.0.0.1]/".to_owned(), "not public"),
    ] {
        let detail = partner.add_webhook(&url, None).await.expect_problem(400, "invalid_request").text_at("/detail");
        assert!(detail.contains(told), "{url}: {detail}");
    }
    // What a name leads to is known when it is connected to.
    let (path, _) = webhook(&partner, &format!("https://localhost:{}/", receiver.port())).await;
    let _ = server.member_with(700).await;
    let failed = delivery(&partner, &path, |found| found["last_error"].is_string()).await;
    let told = failed["last_error"].as_str().unwrap();
    assert!(told.contains("the host has no public address"), "{told}");
    assert!(!told.contains("127.0.0.1") && !told.contains("::1"), "{told}");
    assert_eq!((&failed["status"], &failed["last_status"]), (&json!("pending"), &json!(null)));
    assert_eq!(receiver.got().len(), 0);
}

#[tokio::test]
async fn a_receiver_whose_certificate_cannot_be_believed_is_not_told() {
    let server = Server::start(Engine::Sqlite).await;
    let partner = server.issuers_partner().await;
    // It speaks no TLS at all.
    let receiver = Receiver::start().await;
    let (path, _) = webhook(&partner, &receiver.url().replace("http", "https")).await;
    let nobody = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap();
    let (closed, _) = webhook(&partner, &format!("http://{nobody}/")).await;
    let _ = server.member_with(700).await;
    for path in [path, closed] {
        let failed = delivery(&partner, &path, |found| found["last_error"].is_string()).await;
        assert!(failed["last_status"].is_null() && failed["status"] == "pending", "{failed}");
    }
    assert_eq!(receiver.got().len(), 0);
}
