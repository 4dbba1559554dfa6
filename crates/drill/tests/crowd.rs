//! Proves that the crowd pays what it says it paid, on a real server.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use warifu_drill::crowd::{Plan, run};
use warifu_testkit::{Cashier, Engine, Member, Server};

/// A smoke run of a load: eight members at one till, a hundred payments, all of them captured, and the books hold.
#[tokio::test]
async fn a_crowd_pays_at_one_till_and_the_books_hold() {
    let server = Server::start(Engine::Sqlite).await;
    let shop = server.add_shop().await;
    let till = server.add_till(shop).await;
    let cashier = Cashier::by_token(server.origin(), &till.token);
    let mut member_tokens = Vec::new();
    for _ in 0..8 {
        let token = server.add_member().await;
        let member = Member::by_token(server.origin(), &token);
        let _ = cashier.top_up(1_000, &member.show_code().await).await.expect(201);
        member_tokens.push(token);
    }
    let plan = Plan {
        base: server.origin().to_owned(),
        terminal_token: till.token.clone(),
        member_tokens,
        payments: 100,
        amount: 3,
        run: "smoke".to_owned(),
    };
    let tally = run(plan).await.unwrap();
    assert_eq!(tally.answers.into_iter().collect::<Vec<_>>(), [("captured".to_owned(), 100)]);
    assert_eq!(tally.latencies.len(), 100);
    assert_eq!(server.journal_count().await, 108);
    server.verify().await;
}
