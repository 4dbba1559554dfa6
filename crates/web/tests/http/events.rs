//! The list of events, as partners read it.

use serde_json::{Value, json};
use warifu_testkit::{Partner, Server, TestDatabase, on_both_databases};

/// All events from a place on, and the place after them.
async fn follow(partner: &Partner, cursor: Option<String>, limit: u16) -> (Vec<Value>, String) {
    let (mut seen, mut cursor) = (Vec::new(), cursor);
    loop {
        let page = partner.events(cursor.as_deref(), limit).await;
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= usize::from(limit));
        seen.extend(items.iter().cloned());
        let next = page["next_cursor"].as_str().unwrap().to_owned();
        if page["has_more"] == false {
            return (seen, next);
        }
        cursor = Some(next);
    }
}

on_both_databases! {
    async fn an_event_tells_what_was_recorded_and_no_secret(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let shop = server.add_shop().await;
        let till = server.add_till(shop).await;
        let cashier = warifu_testkit::Cashier::by_token(server.origin(), &till.token);
        let (member, partner) = (server.member().await, server.partner_at(shop).await);
        let wallet = member.get("/v1/balances").await.expect(200).text_at("/wallet_id");
        let code = member.show_code().await;
        let topped_up = cashier.top_up_as("t-1", 1_000, &code).await.expect(201);
        let refused = cashier.take_as("p-1", 10, &code).await.expect_problem(422, "code_consumed");
        let unknown = cashier.take_as("p-2", 10, "900001230000000000000000").await.expect_problem(422, "code_unknown");
        let paid = cashier.take_as("p-3", 300, &member.show_code().await).await.expect(201);
        let (events, _) = follow(&partner, None, 200).await;
        let event = |reply: &warifu_testkit::Reply, event_type: &str, kind: &str, request_id: &str, amount: i64, rest: Value| {
            let digits = reply.text_at("/id")[4..].to_owned();
            let mut data = json!({
                "transaction_id": format!("txn_{digits}"), "kind": kind, "shop_id": shop.to_string(),
                "terminal_id": till.terminal, "wallet_id": wallet, "request_id": request_id, "amount": amount,
                "currency": "JPY", "refusal": null, "follows": null, "canceled_request_id": null, "transfers": [],
            });
            data.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
            let at = events.iter().find(|event| event["id"] == format!("evt_{digits}")).unwrap();
            json!({
                "id": format!("evt_{digits}"), "type": event_type, "created_at": at["created_at"],
                "business_date": at["business_date"], "data": data,
            })
        };
        let moved = |debit: &str, credit: &str, amount: i64, unit: &str| {
            json!({ "debit": debit, "credit": credit, "amount": amount, "unit": unit })
        };
        let cash_in = json!({ "transfers": [moved("shop:cash", "wallet:paid", 1_000, "JPY")] });
        let earned = moved("issuer:points_expense", "wallet:points", 1, "POINT");
        let sold = json!({ "transfers": [moved("wallet:paid", "shop:payable", 300, "JPY"), earned] });
        assert_eq!(events, [
            event(&topped_up, "top_up.completed.v1", "top_up", "t-1", 1_000, cash_in),
            event(&refused, "payment.refused.v1", "payment", "p-1", 10, json!({ "refusal": "code_consumed" })),
            event(&unknown, "payment.refused.v1", "payment", "p-2", 10, json!({ "refusal": "code_unknown", "wallet_id": null })),
            event(&paid, "payment.captured.v1", "payment", "p-3", 300, sold),
        ]);
        assert_eq!(events[3]["created_at"], paid.text_at("/created_at"));
        assert_eq!(events[3]["business_date"], paid.text_at("/business_date"));
        let text = json!(events).to_string();
        for secret in [code.as_str(), "90000123", "wft_", "body_hash", "balance"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }

    async fn a_partner_sees_its_merchants_events_and_the_issuer_all(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let (shop, other) = (server.add_shop().await, server.add_shop().await);
        let (member, partner, issuer) = (server.member_with(1_000).await, server.partner_at(shop).await, server.issuers_partner().await);
        let nobody = server.partner_at(server.add_shop().await).await;
        for cashier in [server.cashier_at(shop).await, server.cashier_at(other).await, server.cashier_at(shop).await] {
            let _ = cashier.take(1, &member.show_code().await).await.expect(201);
        }
        for limit in [1, 2, 200] {
            let (own, end) = follow(&partner, None, limit).await;
            assert!(own.len() == 2 && own.iter().all(|event| event["data"]["shop_id"] == shop.to_string()), "{own:?}");
            assert_eq!(follow(&issuer, None, limit).await.0.len(), 4);
            assert_eq!(follow(&nobody, None, limit).await.0, [json!(null); 0]);
            // Whoever is at the end asks on from there.
            assert_eq!(follow(&partner, Some(end), limit).await.0, [json!(null); 0]);
        }
        let (_, end) = follow(&partner, None, 200).await;
        let paid = server.cashier_at(shop).await.take(1, &member.show_code().await).await.expect(201);
        let (new, _) = follow(&partner, Some(end), 200).await;
        assert_eq!(new.len(), 1);
        assert_eq!(new[0]["id"], paid.text_at("/id").replace("pay_", "evt_"));
    }

    async fn a_cursor_that_no_page_gave_is_refused(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let partner = server.issuers_partner().await;
        let empty = partner.events(None, 50).await;
        assert_eq!((&empty["items"], &empty["has_more"]), (&json!([]), &json!(false)));
        let start = empty["next_cursor"].as_str().unwrap();
        assert_eq!(partner.events(Some(start), 50).await, empty);
        for query in [
            "cursor=", "cursor=x", "cursor=%00", "cursor=AQA", "cursor=AQ%3D%3D", "cursor=AgE", "cursor=AYA",
            // Beyond the end of the first stream: another database's.
            "cursor=AQE", "limit=0", "limit=201", "limit=x", "limit=", "offset=1", "cursor=AQ&cursor=AQ",
        ] {
            let reply = partner.get(&format!("/v1/events?{query}")).await.expect_problem(400, "invalid_request");
            assert!(!reply.text_at("/detail").is_empty(), "{query}");
        }
        let long = "A".repeat(5_000);
        let _ = partner.get(&format!("/v1/events?cursor={long}")).await.expect_problem(400, "invalid_request");
        for refused in [server.cashier().await.get("/v1/events").await, server.member().await.get("/v1/events").await] {
            let _ = refused.expect_problem(403, "forbidden");
        }
    }
}
