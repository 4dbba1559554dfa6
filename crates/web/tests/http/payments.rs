//! Taking payments over HTTP: done once, repeated safely, found again, refused in words.

use crate::command;
use crate::command::Kind::{Payment, TopUp};
use warifu_testkit::{Server, TestDatabase, on_both_databases};

on_both_databases! {
    async fn a_payment_moves_the_money_at_once(database: TestDatabase) {
        command::check_done(&Server::start_on(database).await, Payment).await;
    }

    async fn a_repeated_payment_gets_the_very_same_reply(database: TestDatabase) {
        command::check_replayed(&Server::start_on(database).await, Payment).await;
    }

    async fn a_request_id_stands_for_one_payment(database: TestDatabase) {
        command::check_conflicts(&Server::start_on(database).await, Payment).await;
    }

    async fn a_payment_is_found_by_id_and_by_request(database: TestDatabase) {
        command::check_inquiries(&Server::start_on(database).await, Payment).await;
    }

    async fn a_payment_of_others_is_not_found(database: TestDatabase) {
        command::check_ownership(&Server::start_on(database).await, Payment).await;
    }

    async fn a_payment_with_a_bad_code_is_refused(database: TestDatabase) {
        command::check_code_refusals(&Server::start_on(database).await, Payment).await;
    }

    async fn a_payment_above_the_balance_is_refused_and_binds_the_code(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let (cashier, elsewhere) = (server.cashier().await, server.cashier().await);
        let member = server.member_with(5_000).await;
        let code = member.show_code().await;
        let here = |request_id| (Payment, &cashier, request_id);
        command::check_refused(&server, &member, "insufficient_balance", here("too_much"), (5_001, &code)).await;
        for kind in [Payment, TopUp] {
            let there = (kind, &elsewhere, if kind == Payment { "pay" } else { "top" });
            command::check_refused(&server, &member, "code_bound", there, (100, &code)).await;
        }
        // The till that tried it may try again, by less.
        let _ = cashier.take_as("all", 5_000, &code).await.expect(201);
        assert_eq!(member.balance().await, 0);
        server.verify().await;
    }

    async fn payments_sent_at_once_are_done_once(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let cashier = server.cashier().await;
        let member = server.member_with(5_000).await;
        let code = member.show_code().await;
        let sent = (0..10).map(|_| {
            let (cashier, code) = (cashier.clone(), code.clone());
            tokio::spawn(async move { cashier.take_as("once", 700, &code).await.expect(201) })
        });
        let (mut texts, mut replays) = (Vec::new(), 0);
        for reply in sent.collect::<Vec<_>>() {
            let reply = reply.await.unwrap();
            replays += usize::from(reply.header("idempotent-replay") == Some("true"));
            texts.push(reply.text());
        }
        texts.dedup();
        assert_eq!((texts.len(), replays), (1, 9));
        assert_eq!(member.balance().await, 4_300);
        server.verify().await;
    }

    async fn a_code_shown_to_many_tills_pays_at_one(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let member = server.member_with(5_000).await;
        let code = member.show_code().await;
        let mut sent = Vec::new();
        for _ in 0..8 {
            let (cashier, code) = (server.cashier().await, code.clone());
            sent.push(tokio::spawn(async move { cashier.take(700, &code).await }));
        }
        let mut done = 0;
        for reply in sent {
            let reply = reply.await.unwrap();
            if reply.status() == 201 {
                done += 1;
            } else {
                let _ = reply.expect_problem(422, "code_consumed");
            }
        }
        assert_eq!(done, 1);
        assert_eq!(member.balance().await, 4_300);
        assert_eq!(member.history().await.len(), 2);
        server.verify().await;
    }
}
