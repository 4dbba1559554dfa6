//! A shop's day over HTTP: every transaction is in the list from the moment it is recorded, and the sums are those of the list.

use serde_json::{Value, json};
use warifu_testkit::{Cashier, Engine, Server};

async fn lines(cashier: &Cashier, query: &str) -> Value {
    cashier.get(&format!("/v1/shop/transactions{query}")).await.expect(200).json()
}

fn kinds(page: &Value) -> Vec<(String, i64)> {
    let items = page["items"].as_array().unwrap();
    items.iter().map(|it| (it["kind"].as_str().unwrap().to_owned(), it["amount"].as_i64().unwrap())).collect()
}

async fn totals(cashier: &Cashier) -> Value {
    cashier.get("/v1/shop/totals").await.expect(200).json()
}

/// Two tills and an ATM's worth of a day: the list, page by page, and the sums by till; at once, and when the bookkeeper has come by.
#[tokio::test]
async fn a_day_is_listed_and_summed_to_the_yen() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let server = Server::start(engine).await;
        let shop = server.add_shop().await;
        let (first, second) = (server.cashier_at(shop).await, server.cashier_at(shop).await);
        let elsewhere = server.cashier().await;
        let member = server.member().await;
        let _ = first.top_up(10_000, &member.show_code().await).await.expect(201);
        let paid = first.take(1_200, &member.show_code().await).await.expect(201).text_at("/id");
        assert_eq!(
            kinds(&lines(&first, "").await),
            [("payment".to_owned(), 1_200), ("top_up".to_owned(), 10_000)],
            "at once"
        );
        let _ = second.refund(&paid, 200).await.expect(201);
        let undone = second.take(500, &member.show_code().await).await.expect(201).text_at("/id");
        let _ = second.cancel(&undone).await.expect(201);
        let held = first.authorise(2_000, &member.show_code().await).await.expect(201).text_at("/id");
        let _ = first.capture_finally(&held, 1_500).await.expect(201);
        let given_back = second.top_up(3_000, &member.show_code().await).await.expect(201).text_at("/id");
        let _ = second.cancel_top_up(&given_back).await.expect(201);
        let _ = first.cancel_by_request("never-came").await.expect(201);
        let _ = first.take(1_000_000, &member.show_code().await).await.expect(422);
        let _ = elsewhere.take(10, &member.show_code().await).await.expect(201);
        for _ in 0..2 {
            let sums = totals(&first).await;
            let total = &sums["total"];
            let pair = |name: &str| (total[name]["count"].as_i64().unwrap(), total[name]["amount"].as_i64().unwrap());
            assert_eq!(pair("sales"), (3, 3_200), "{sums}");
            assert_eq!(pair("refunds"), (1, 200));
            assert_eq!(pair("cancels"), (1, 500), "that of what never came is none");
            assert_eq!(pair("top_ups"), (2, 13_000));
            assert_eq!(pair("top_up_cancels"), (1, 3_000));
            assert_eq!((&total["owed"], &total["cash"]), (&json!(2_500), &json!(10_000)));
            let by_terminal = sums["terminals"].as_array().unwrap();
            assert_eq!(by_terminal.len(), 2);
            let owed: i64 = by_terminal.iter().map(|it| it["owed"].as_i64().unwrap()).sum();
            assert_eq!(owed, 2_500, "the tills come to the shop");

            let whole = lines(&second, "?limit=200").await;
            assert_eq!((whole["items"].as_array().unwrap().len(), &whole["next_cursor"]), (9, &Value::Null));
            let (mut paged, mut query) = (Vec::new(), "?limit=3".to_owned());
            loop {
                let page = lines(&second, &query).await;
                paged.extend(page["items"].as_array().unwrap().clone());
                let Some(cursor) = page["next_cursor"].as_str() else { break };
                query = format!("?limit=3&cursor={cursor}");
            }
            assert_eq!(json!(paged), whole["items"]);
            // The second time it is the bookkeeper's.
            while server.app().bookkeeper_lag().await.unwrap() > 0 {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        }
        assert_eq!(lines(&first, "?business_date=2001-01-01").await["items"], json!([]));
        for wrong in
            ["?business_date=2026-1-1", "?business_date=20260101", "?limit=0", "?limit=201", "?cursor=x", "?a=b"]
        {
            let _ = first.get(&format!("/v1/shop/transactions{wrong}")).await.expect_problem(400, "invalid_request");
        }
        server.verify().await;
    }
}

/// What practice does is in the day of practice and in no other.
#[tokio::test]
async fn the_books_have_a_day_each() {
    let server = Server::start(Engine::Sqlite).await;
    let shop = server.add_shop().await;
    let real = server.cashier_at(shop).await;
    let trial = server.add_sandbox_till(shop).await;
    let trial = Cashier::by_token(server.origin(), &trial.token);
    let _ = trial.take(100, &trial.sandbox_code("plain").await).await.expect(201);
    assert_eq!(kinds(&lines(&trial, "").await), [("payment".to_owned(), 100)]);
    assert_eq!(kinds(&lines(&real, "").await), []);
    assert_eq!(totals(&real).await["total"]["owed"], 0);
    server.verify().await;
}
