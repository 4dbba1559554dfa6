//! Receipts: what was sold, by whom, with which taxes, and what it was paid with.

use serde_json::{Value, json};
use warifu_core::lot::LotAccount;
use warifu_testkit::actors::command;
use warifu_testkit::{Server, TestDatabase, on_both_databases};

fn items() -> Value {
    json!([
        { "jan_code": "4901234567894", "name": "おにぎり", "unit_price": 108, "quantity": 2, "tax_rate": 8 },
        { "jan_code": "49012345", "name": "お茶", "unit_price": 53, "quantity": 1, "tax_rate": 8 },
        { "name": "Umbrella", "unit_price": 550, "quantity": 1, "tax_rate": 10 },
        { "name": "Stamp", "unit_price": 84, "quantity": 1 },
    ])
}

on_both_databases! {
    async fn a_receipt_has_what_a_qualified_invoice_needs(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let merchant = server.app().add_merchant("山田商店").await.unwrap().id;
        server.app().set_invoice_number(merchant, "T1234567890123").await.unwrap();
        let shop = server.app().add_shop(merchant, "駅前店").await.unwrap().id;
        let (cashier, member) = (server.cashier_at(shop).await, server.member_with(2_000).await);
        server.grant(&member, 100, None).await;
        server.add_by_hand(&member, LotAccount::Points, 50).await;
        let mut body = command("receipt", 903, &member.show_code_with_points().await);
        body["items"] = items();
        body["metadata"] = json!({ "cashier": "7" });
        let payment = cashier.post("/v1/payments", &body).await.expect(201);
        assert_eq!((&payment.json()["items"], &payment.json()["metadata"]), (&items(), &json!({ "cashier": "7" })));
        let id = payment.text_at("/id");
        let _ = cashier.refund(&id, 84).await.expect(201);

        let by_shop = cashier.get(&format!("/v1/receipts/{id}")).await.expect(200).json();
        assert_eq!(by_shop["payment"], cashier.payment(&id).await);
        assert_eq!(by_shop["payment"]["refunds"][0]["amount"], 84);
        let seller = json!({
            "shop_id": shop.to_string(), "shop_name": "駅前店", "merchant_name": "山田商店",
            "invoice_number": "T1234567890123",
        });
        assert_eq!(by_shop["seller"], seller);
        let taxes = json!([{ "rate": 8, "amount": 269, "tax": 19 }, { "rate": 10, "amount": 550, "tax": 50 }]);
        assert_eq!(by_shop["taxes"], taxes, "rounded down once a rate; what names no rate is in none");
        let paid_from = json!([
            { "account": "points", "amount": 50 }, { "account": "bonus", "amount": 100 }, { "account": "paid", "amount": 753 },
        ]);
        assert_eq!(by_shop["paid_from"], paid_from, "of what was captured; refunds are told apart");

        // The till's own words are not for members; all else is the same.
        let mut expected = by_shop.clone();
        expected["payment"].as_object_mut().unwrap().remove("metadata");
        assert_eq!(member.get(&format!("/v1/receipts/{id}")).await.expect(200).json(), expected);
        let history = member.history().await;
        let line = history.iter().find(|line| line["id"] == json!(id)).unwrap();
        assert_eq!((&line["items"], line.get("metadata")), (&items(), None));
        for reply in [
            server.member().await.get(&format!("/v1/receipts/{id}")).await,
            server.cashier().await.get(&format!("/v1/receipts/{id}")).await,
            member.get("/v1/receipts/none").await,
        ] {
            let _ = reply.expect_problem(404, "not_found");
        }
    }

    async fn a_receipt_of_a_held_payment_shows_what_was_captured(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let (cashier, member) = (server.cashier().await, server.member_with(2_000).await);
        let id = cashier.authorise(1_000, &member.show_code().await).await.expect(201).text_at("/id");
        let receipt = member.get(&format!("/v1/receipts/{id}")).await.expect(200).json();
        assert_eq!((&receipt["paid_from"], &receipt["taxes"]), (&json!([]), &json!([])));
        assert_eq!(receipt["seller"]["invoice_number"], Value::Null);
        for _ in 0..2 {
            let _ = cashier.capture(&id, Some(300)).await.expect(201);
        }
        let receipt = member.get(&format!("/v1/receipts/{id}")).await.expect(200).json();
        assert_eq!(receipt["paid_from"], json!([{ "account": "paid", "amount": 600 }]));
    }
}
