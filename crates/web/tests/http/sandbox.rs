//! The sandbox: a till maker makes the server do what it rarely does, and no money notices.

use std::time::{Duration, Instant};

use serde_json::json;
use warifu_core::refusal::Refusal;
use warifu_testkit::{Cashier, Server, TestDatabase, on_both_databases};

/// What stands in the sums of a book, as soon as all is booked. Nothing can be asked for after that.
async fn sums_in_the_end(server: &Server, book: u8) -> Vec<Vec<String>> {
    server.app().drain().await;
    let sql =
        format!("SELECT account, unit, debits, credits FROM account_sums WHERE book = {book} ORDER BY account, unit");
    server.database().query_raw(&sql).await
}

on_both_databases! {
    async fn a_code_for_trials_is_made_for_sandbox_terminals_only(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let (trial, real, member) = (server.sandbox_cashier().await, server.cashier().await, server.member().await);
        let path = "/v1/sandbox/codes";
        let _ = real.post(path, &json!({})).await.expect_problem(403, "forbidden");
        let as_member = member.request("POST", path).json(&json!({})).send().await;
        let _ = as_member.expect_problem(403, "forbidden");
        for scenario in ["", "Plain", "refused", "insufficient balance"] {
            let reply = trial.post(path, &json!({ "scenario": scenario })).await.expect_problem(400, "invalid_request");
            assert!(reply.text_at("/detail").contains("late_success"), "{reply}");
        }
        let said = trial.post(path, &json!({})).await.expect(201).json();
        let now = server.clock().now();
        let expected = json!({
            "code": said["code"], "jpqr": said["jpqr"], "scenario": "plain", "issued_at": now.to_string(),
            "expires_at": now.saturating_add(Duration::from_secs(300)).to_string(), "pictures": [],
        });
        assert_eq!(said, expected);
        let _ = trial.take(100, said["jpqr"].as_str().unwrap()).await.expect(201);
    }

    async fn codes_that_are_asked_for_at_once_are_all_made_and_the_newest_pays(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let trial = server.sandbox_cashier().await;
        let asked = (0..6).map(|_| {
            let trial = trial.clone();
            tokio::spawn(async move { trial.sandbox_code("plain").await })
        });
        let mut codes = Vec::new();
        for code in asked.collect::<Vec<_>>() {
            codes.push(code.await.unwrap());
        }
        let mut paid = 0;
        for code in &codes {
            let reply = trial.take(100, code).await;
            if reply.status() == 201 {
                paid += 1;
            } else {
                let _ = reply.expect_problem(422, "code_expired");
            }
        }
        assert_eq!(paid, 1);
        let _ = trial.take(100, &trial.sandbox_code("plain").await).await.expect(201);
        server.verify().await;
    }

    async fn a_trial_goes_through_all_that_a_till_does_and_moves_no_money(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let shop = server.add_shop().await;
        let trial = Cashier::by_token(server.origin(), &server.add_sandbox_till(shop).await.token);
        let colleague = server.cashier_at(shop).await;
        let member = server.member_with(5_000).await;
        let real = colleague.take(1_000, &member.show_code().await).await.expect(201).text_at("/id");

        let paid = trial.take(50_000, &trial.sandbox_code("plain").await).await.expect(201);
        let held = trial.authorise(50_000, &trial.sandbox_code("plain").await).await.expect(201).text_at("/id");
        let _ = trial.capture_finally(&held, 100).await.expect(201);
        let _ = trial.refund(&paid.text_at("/id"), 300).await.expect(201);
        let _ = trial.cancel(&held).await.expect(201);
        let topped_up = trial.top_up(100, &trial.sandbox_code("plain").await).await.expect(201).text_at("/id");
        let _ = trial.cancel_top_up(&topped_up).await.expect(201);
        let found = format!("/v1/payments/{}", paid.text_at("/id"));
        assert_eq!(trial.get(&found).await.expect(200).text_at("/state"), "partially_refunded");
        for reply in [
            colleague.get(&found).await,
            colleague.cancel(&held).await,
            member.get(&found).await,
            trial.refund(&real, 1).await,
        ] {
            let _ = reply.expect_problem(404, "not_found");
        }
        assert_eq!((member.balance().await, member.points().await), (4_000, 5));
        server.verify().await;
        let expected = [
            ["issuer:points_expense", "POINT", "5", "0"],
            ["shop:cash", "JPY", "5000", "0"],
            ["shop:payable", "JPY", "0", "1000"],
        ];
        assert_eq!(sums_in_the_end(&server, 0).await, expected, "the real book knows nothing of the trials");
        assert!(!sums_in_the_end(&server, 1).await.is_empty());
    }

    async fn a_code_of_the_other_book_is_unknown(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let (trial, real) = (server.sandbox_cashier().await, server.cashier().await);
        let other_trial = server.sandbox_cashier().await;
        let member = server.member_with(5_000).await;
        let (of_trial, of_member) = (trial.sandbox_code("plain").await, member.show_code().await);
        for (cashier, code) in [(&real, &of_trial), (&trial, &of_member)] {
            let _ = cashier.take(100, code).await.expect_problem(422, "code_unknown");
            let _ = cashier.top_up(100, code).await.expect_problem(422, "code_unknown");
        }
        // Neither was harmed by it, and another terminal of the sandbox may use the code as another till may a member's.
        let _ = other_trial.take(100, &of_trial).await.expect(201);
        let _ = real.take(100, &of_member).await.expect(201);
        assert_eq!(member.balance().await, 4_900);
    }

    async fn every_refusal_can_be_rehearsed(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let trial = server.sandbox_cashier().await;
        for refusal in Refusal::ALL {
            let word = refusal.word();
            let code = trial.sandbox_code(word).await;
            let done = server.done_count().await;
            let first = trial.take_as(&format!("pay-{word}"), 100, &code).await.expect_problem(422, word);
            let again = trial.take_as(&format!("pay-{word}"), 100, &code).await.expect_problem(422, word);
            assert_eq!((again.text(), again.header("idempotent-replay")), (first.text(), Some("true")));
            let found = trial.get(&format!("/v1/payments/by-request/pay-{word}")).await.expect(200);
            assert_eq!((found.text_at("/state"), found.text_at("/refusal")), ("refused".to_owned(), word.to_owned()));
            let _ = trial.authorise(100, &code).await.expect_problem(422, word);
            let _ = trial.top_up(100, &code).await.expect_problem(422, word);
            assert_eq!(server.done_count().await, done, "{word} moves nothing");
        }
        let _ = trial.take(50_000, &trial.sandbox_code("plain").await).await.expect(201);
        server.verify().await;
    }

    async fn an_unknown_outcome_is_settled_by_the_same_request_again(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let trial = server.sandbox_cashier().await;
        let code = trial.sandbox_code("unknown").await;
        let _ = trial.take_as("unknown", 100, &code).await.expect_problem(503, "unavailable");
        let _ = trial.get("/v1/payments/by-request/unknown").await.expect_problem(404, "not_found");
        let settled = trial.take_as("unknown", 100, &code).await.expect(201);
        assert_eq!(settled.header("idempotent-replay"), None);

        // Or by a cancel, after which it never comes.
        let code = trial.sandbox_code("unknown").await;
        let _ = trial.take_as("given_up", 100, &code).await.expect_problem(503, "unavailable");
        let _ = trial.cancel_by_request("given_up").await.expect(201);
        let _ = trial.take_as("given_up", 100, &code).await.expect_problem(422, "already_canceled");
    }

    async fn a_duplicate_is_recorded_once_and_replayed(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let trial = server.sandbox_cashier().await;
        let code = trial.sandbox_code("duplicate").await;
        let _ = trial.top_up_as("twice", 100, &code).await.expect_problem(503, "unavailable");
        let found = trial.get("/v1/top-ups/by-request/twice").await.expect(200);
        let count = server.journal_count().await;
        let replayed = trial.top_up_as("twice", 100, &code).await.expect(201);
        assert_eq!(replayed.header("idempotent-replay"), Some("true"));
        assert_eq!((replayed.json(), server.journal_count().await), (found.json(), count));
    }

    async fn a_late_success_arrives_after_the_till_was_told_nothing(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let trial = server.sandbox_cashier().await;
        let (late, given_up) = (trial.sandbox_code("late_success").await, Instant::now());
        let _ = trial.take_as("late", 100, &late).await.expect_problem(503, "unavailable");
        let _ = trial.get("/v1/payments/by-request/late").await.expect_problem(404, "not_found");
        let found = loop {
            let found = trial.get("/v1/payments/by-request/late").await;
            if found.status() == 200 {
                break found;
            }
            let _ = found.expect_problem(404, "not_found");
            assert!(given_up.elapsed() < Duration::from_secs(30), "it never came");
            tokio::time::sleep(Duration::from_millis(200)).await;
        };
        assert!(given_up.elapsed() >= Duration::from_secs(5), "it came too soon");
        let replayed = trial.take_as("late", 100, &late).await.expect(201);
        assert_eq!((replayed.json(), replayed.header("idempotent-replay")), (found.json(), Some("true")));
        server.verify().await;
    }

    async fn a_late_success_that_was_cancelled_meanwhile_does_not_come(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let trial = server.sandbox_cashier().await;
        let code = trial.sandbox_code("late_success").await;
        let _ = trial.take_as("late", 100, &code).await.expect_problem(503, "unavailable");
        let _ = trial.cancel_by_request("late").await.expect(201);
        let count = server.journal_count().await;
        // Long enough for it to have come.
        tokio::time::sleep(Duration::from_secs(6)).await;
        assert_eq!(server.journal_count().await, count);
        assert_eq!(trial.get("/v1/payments/by-request/late").await.expect(200).text_at("/state"), "canceled");
    }

    async fn a_time_out_says_nothing_and_records_nothing(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let trial = server.sandbox_cashier().await;
        let code = trial.sandbox_code("time_out").await;
        // A till that loses patience sooner than the server, which would say 503 after 25 s.
        let sent = tokio::time::timeout(Duration::from_secs(2), trial.take_as("silent", 100, &code)).await;
        assert!(sent.is_err(), "{sent:?}");
        let _ = trial.get("/v1/payments/by-request/silent").await.expect_problem(404, "not_found");
        let _ = trial.take_as("silent", 100, &code).await.expect(201);
        assert_eq!(trial.get("/v1/payments/by-request/silent").await.expect(200).text_at("/state"), "captured");
    }
}
