//! What a till wants remembered: items, metadata, reasons. What does not fit is refused before anything is recorded.

use serde_json::{Value, json};
use warifu_testkit::actors::{command, refund};
use warifu_testkit::{Server, TestDatabase, on_both_databases};

fn item(change: impl FnOnce(&mut Value)) -> Value {
    let mut item =
        json!({ "jan_code": "4901234567894", "name": "Tea", "unit_price": 100, "quantity": 1, "tax_rate": 8 });
    change(&mut item);
    json!([item])
}

fn pairs(count: usize) -> Value {
    (0..count).map(|number| (format!("key-{number}"), json!("x"))).collect::<serde_json::Map<_, _>>().into()
}

/// What is wrong with them, the items, and what the reply says about it.
fn bad_items() -> Vec<(&'static str, Value, &'static str)> {
    let many = Value::Array(vec![json!({ "name": "x", "unit_price": 1, "quantity": 1 }); 201]);
    vec![
        ("no list", json!({}), "expected"),
        ("null", json!(null), "expected"),
        ("201 of them", many, "at most 200"),
        ("lists of the values", json!([[null, "Tea", 100, 1, 8]]), "expected"),
        ("unknown field", item(|item| item["colour"] = json!("red")), "unknown field"),
        ("no name", json!([{ "unit_price": 1, "quantity": 1 }]), "missing field `name`"),
        ("empty name", item(|item| item["name"] = json!("")), "name"),
        ("101 characters", item(|item| item["name"] = json!("茶".repeat(101))), "name"),
        ("a line feed in a name", item(|item| item["name"] = json!("Tea\n")), "name"),
        ("a zero byte in a name", item(|item| item["name"] = json!("Tea\0")), "name"),
        ("JAN code of 12 digits", item(|item| item["jan_code"] = json!("490123456789")), "jan_code"),
        ("JAN code with a letter", item(|item| item["jan_code"] = json!("490123456789A")), "jan_code"),
        ("JAN code in wide digits", item(|item| item["jan_code"] = json!("\u{ff14}90121")), "jan_code"),
        ("JAN code as a number", item(|item| item["jan_code"] = json!(49_012_345)), "expected"),
        ("negative price", item(|item| item["unit_price"] = json!(-1)), "unit_price"),
        ("price beyond what can be counted", item(|item| item["unit_price"] = json!(1_i64 << 53)), "unit_price"),
        ("price with a point", item(|item| item["unit_price"] = json!(1.5)), "expected"),
        ("no quantity", item(|item| item["quantity"] = json!(0)), "quantity"),
        ("10,000 of one", item(|item| item["quantity"] = json!(10_000)), "quantity"),
        ("negative tax", item(|item| item["tax_rate"] = json!(-1)), "tax_rate"),
        ("101 percent", item(|item| item["tax_rate"] = json!(101)), "tax_rate"),
    ]
}

fn bad_metadata() -> Vec<(&'static str, Value, &'static str)> {
    vec![
        ("no object", json!([]), "expected"),
        ("null", json!(null), "expected"),
        ("21 pairs", pairs(21), "at most 20"),
        ("empty key", json!({ "": "x" }), "metadata"),
        ("empty value", json!({ "x": "" }), "metadata"),
        ("key of 41", json!({ "x".repeat(41): "x" }), "metadata"),
        ("value of 201", json!({ "x": "茶".repeat(201) }), "metadata"),
        ("a number", json!({ "x": 1 }), "expected"),
        ("nested", json!({ "x": { "y": "z" } }), "expected"),
        ("a zero byte", json!({ "x": "\0" }), "metadata"),
        ("a tab in a key", json!({ "a\tb": "x" }), "metadata"),
    ]
}

on_both_databases! {
    async fn what_does_not_fit_is_told_and_leaves_the_request_id_unused(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let (cashier, member) = (server.cashier().await, server.member_with(5_000).await);
        let payment = cashier.authorise(1_000, &member.show_code().await).await.expect(201).text_at("/id");
        let code = member.show_code().await;
        let mut cases: Vec<(String, String, Value, &str)> = Vec::new();
        for (what, items, told) in bad_items() {
            let mut body = command("unused", 100, &code);
            body["items"] = items;
            cases.push((format!("items: {what}"), "/v1/payments".to_owned(), body, told));
        }
        for path in ["/v1/payments", "/v1/top-ups"] {
            for (what, metadata, told) in bad_metadata() {
                let mut body = command("unused", 100, &code);
                body["metadata"] = metadata;
                cases.push((format!("{path}, metadata: {what}"), path.to_owned(), body, told));
            }
        }
        let mut items_at_top_up = command("unused", 100, &code);
        items_at_top_up["items"] = json!([]);
        cases.push(("items of a top-up".to_owned(), "/v1/top-ups".to_owned(), items_at_top_up, "unknown field"));
        for reason in ["", "line\nfeed", &"x".repeat(501)] {
            for (path, body) in [
                ("/v1/refunds".to_owned(), refund("unused", &payment, 1)),
                (format!("/v1/payments/{payment}/cancel"), json!({ "request_id": "unused" })),
                ("/v1/payments/by-request/lost/cancel".to_owned(), json!({ "request_id": "unused" })),
                ("/v1/top-ups/by-request/lost/cancel".to_owned(), json!({ "request_id": "unused" })),
            ] {
                let mut body = body;
                body["reason"] = json!(reason);
                cases.push((format!("{path}, reason {reason:.12?}"), path, body, "reason"));
            }
        }
        let words = [("capture", json!("never")), ("capture", json!(true)), ("capture", json!(null))];
        for (field, value) in words {
            let mut body = command("unused", 100, &code);
            body[field] = value;
            cases.push((format!("{body}"), "/v1/payments".to_owned(), body, "expected"));
        }
        for (field, value) in [("amount", json!(0)), ("amount", json!("1")), ("final", json!("yes")), ("tip", json!(1))] {
            let mut body = json!({ "request_id": "unused" });
            body[field] = value;
            cases.push((format!("{body}"), format!("/v1/payments/{payment}/capture"), body, ""));
        }

        let (before, count) = (member.snapshot().await, server.journal_count().await);
        for (what, path, body, told) in cases {
            let reply = cashier.post(&path, &body).await;
            assert_eq!(reply.status(), 400, "{what}: {reply}");
            let detail = reply.expect_problem(400, "invalid_request").text_at("/detail");
            assert!(detail.contains(told) && detail.contains("Nothing was done"), "{what}: {detail}");
            assert!(!detail.contains(&code[8..]), "{what}: {detail}");
        }
        assert_eq!((member.snapshot().await, server.journal_count().await), (before, count));
        let _ = cashier.take_as("unused", 100, &code).await.expect(201);
    }

    async fn what_just_fits_is_kept(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let (cashier, member) = (server.cashier().await, server.member_with(5_000).await);
        let many = Value::Array(vec![json!({ "name": "x", "unit_price": 0, "quantity": 9_999, "tax_rate": 100 }); 200]);
        let long = item(|item| {
            item["name"] = json!("茶".repeat(100));
            item["unit_price"] = json!(9_007_199_254_740_991_i64);
            item["jan_code"] = json!("49012345");
            item["tax_rate"] = json!(0);
        });
        for items in [json!([]), many, long] {
            let mut body = command(&cashier.next_request_id(), 100, &member.show_code().await);
            body["items"] = items.clone();
            let id = cashier.post("/v1/payments", &body).await.expect(201).text_at("/id");
            assert_eq!(cashier.payment(&id).await["items"], items);
            assert_eq!(member.get(&format!("/v1/receipts/{id}")).await.expect(200).json()["payment"]["items"], items);
        }
        let mut metadata = pairs(19);
        metadata["茶".repeat(40)] = json!("\"'; DROP TABLE journal -- 茶 \u{1f375}".to_owned() + &"x".repeat(150));
        for path in ["/v1/payments", "/v1/top-ups"] {
            let mut body = command(&cashier.next_request_id(), 100, &member.show_code().await);
            body["metadata"] = metadata.clone();
            let done = cashier.post(path, &body).await.expect(201).json();
            let found = format!("{path}/{}", done["id"].as_str().unwrap());
            assert_eq!(done["metadata"], metadata);
            assert_eq!(cashier.get(&found).await.expect(200).json()["metadata"], metadata);
            assert_eq!(member.get(&found).await.expect(200).json().get("metadata"), None, "the till's own words");
        }
        server.verify().await;
    }

    async fn what_is_to_be_remembered_is_part_of_the_request(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let (cashier, member) = (server.cashier().await, server.member_with(5_000).await);
        let code = member.show_code().await;
        let body = |items: Value, metadata: &str| {
            let body = command("same", 100, &code).to_string();
            body.replacen('{', &format!("{{\"items\":{items},\"metadata\":{metadata},"), 1)
        };
        let send = async |body: String| {
            cashier.request("POST", "/v1/payments").body("application/json", body).send().await
        };
        let first = send(body(item(|_| {}), r#"{"a":"1","b":"2"}"#)).await.expect(201);
        let again = send(body(item(|_| {}), r#"{ "b": "2", "a": "1" }"#)).await.expect(201);
        assert_eq!((again.text(), again.header("idempotent-replay")), (first.text(), Some("true")));
        for other in [
            body(item(|item| item["quantity"] = json!(2)), r#"{"a":"1","b":"2"}"#),
            body(item(|_| {}), r#"{"a":"1"}"#),
            command("same", 100, &code).to_string(),
        ] {
            let _ = send(other).await.expect_problem(409, "request_id_conflict");
        }
    }
}
