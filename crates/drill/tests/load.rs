//! Proves that a load pays what it says it paid, on a real server.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::sync::Arc;

use warifu_drill::load::{Crowd, Load, Outcome};
use warifu_testkit::{Cashier, Engine, Member, Server};

/// A smoke run: eight members and two tills. What was issued and paid, checked or refused is what the books say.
#[tokio::test]
async fn a_crowd_pays_and_the_books_hold() {
    let server = Server::start(Engine::Sqlite).await;
    let shop = server.add_shop().await;
    let tills = [server.add_till(shop).await, server.add_till(shop).await];
    let cashier = Cashier::by_token(server.origin(), &tills[0].token);
    let mut crowd = tills.iter().map(|till| format!("{}\n", till.token)).collect::<String>();
    for _ in 0..8 {
        let handset = server.add_member().await;
        let member = Member::by_handset(server.origin(), &handset);
        let _ = cashier.top_up(10_000, &member.show_code().await).await.expect(201);
        crowd.push_str(&format!("{handset}\n"));
    }
    let address = server.origin().trim_start_matches("http://").parse().unwrap();
    let load = Arc::new(Load::new(address, Crowd::parse(&crowd).unwrap()));
    let run = async |text: &str| -> Outcome {
        let mut run: warifu_drill::load::Run = text.parse().unwrap();
        run.name = format!("smoke-{}", text.replace(':', "-"));
        load.run(run).await.unwrap()
    };

    assert_eq!(run("issue:4:8").await.done, 8);
    assert_eq!(run("check:4:8").await.done, 8);
    let paid = run("pay@100:4:8").await;
    assert_eq!((paid.done, paid.answers.len()), (8, 0));
    let again = run("pay:4:8").await;
    assert_eq!((again.done, again.answers.get("422 code_consumed")), (0, Some(&8)), "each code is good once");
    assert_eq!(run("used:4:16").await.done, 16, "and a refusal is what is hoped for here");
    assert_eq!(run("pair:4:40").await.done, 40);
    assert_eq!(server.journal_count().await, 8 + 8 + 8 + 16 + 40);
    server.verify().await;
}
