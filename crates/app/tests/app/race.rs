//! Races: many at once for one code, one wallet, one key, on one node and on two over one database.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use warifu_app::{App, Fault, KeyRing, Receipt};
use warifu_core::code::Code;
use warifu_core::refusal::Refusal;
use warifu_testkit::{Engine, TestDatabase, on_both_databases};

use crate::town::{PREFIX, SECRET, Town, assert_clean, open, paid, pay, refusal, top_up};

const MANY: usize = 64;

/// A town, and the nodes that serve it: one on SQLite, where one process is the sole writer, two on PostgreSQL.
struct Nodes {
    town: Town,
    nodes: Vec<Arc<App>>,
}

impl Nodes {
    async fn start(database: &TestDatabase) -> Self {
        let town = Town::found(database).await;
        let mut nodes = vec![Arc::clone(&town.app)];
        if database.engine() == Engine::Postgres {
            nodes.push(Arc::new(open(database, KeyRing::fixed(SECRET), PREFIX, &town.clock).await.unwrap()));
        }
        Self { town, nodes }
    }

    /// Runs `act` many times at once, on the nodes in turn, spread so that they fall into several batches.
    async fn all<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
        &self,
        act: impl Fn(Arc<App>, usize) -> F,
    ) -> Vec<T> {
        let mut tasks = JoinSet::new();
        for number in 0..MANY {
            let node = Arc::clone(&self.nodes[number % self.nodes.len()]);
            let task = act(node, number);
            let wait = Duration::from_millis(u64::try_from(number / 4).unwrap());
            tasks.spawn(async move {
                tokio::time::sleep(wait).await;
                task.await
            });
        }
        tasks.join_all().await
    }

    /// Proves the invariants while the nodes run, and again when all are closed and everything is booked.
    async fn close_clean(&self, database: &TestDatabase) {
        assert_clean(self.town.app.database()).await;
        for node in &self.nodes {
            node.drain().await;
        }
        assert_clean(&database.open().await).await;
        assert!(self.nodes.iter().all(|node| node.statistics().batches > 0), "a node took no part in the race");
    }
}

fn count(receipts: &[Receipt], of: Option<Refusal>) -> usize {
    receipts.iter().filter(|receipt| refusal(&receipt.record) == of).count()
}

on_both_databases! {
    /// A node decides by what the database says now, whoever changed it: a wallet that another node changed, a terminal that
    /// another process froze.
    async fn what_another_process_changed_is_in_force_at_once(database: TestDatabase) {
        let town = Town::found(&database).await;
        town.fund("t-0", 1_000).await;
        assert_eq!(refusal(&town.pay("p-1", &town.code().await, 100).await.unwrap().record), None);

        let other = open(&database, KeyRing::fixed(SECRET), PREFIX, &town.clock).await.unwrap();
        let code = town.code().await;
        let _ = pay(&other, &town.till.terminal, "p-2", &code, 300).await.unwrap();
        assert_eq!(refusal(&town.pay("p-3", &town.code().await, 601).await.unwrap().record), Some(Refusal::InsufficientBalance));
        assert_eq!(refusal(&town.pay("p-4", &town.code().await, 100).await.unwrap().record), None);
        assert_eq!(town.balance().await, 500);

        other.freeze_terminal(town.till.terminal.id, true).await.unwrap();
        assert_eq!(refusal(&town.pay("p-5", &town.code().await, 1).await.unwrap().record), Some(Refusal::TerminalFrozen));
        other.freeze_terminal(town.till.terminal.id, false).await.unwrap();
        assert_eq!(refusal(&town.pay("p-6", &town.code().await, 1).await.unwrap().record), None);
        other.drain().await;
        town.close_clean(&database).await;
    }

    /// One code, many requests at two terminals: one is captured, the others find the code consumed, one amount moves.
    async fn one_code_pays_once(database: TestDatabase) {
        let nodes = Nodes::start(&database).await;
        nodes.town.fund("fund", 100_000).await;
        let code = nodes.town.code().await;
        let tills = [&nodes.town.till, &nodes.town.other_till].map(|till| till.terminal.clone());
        let receipts = nodes.all(|node, number| {
            let (code, till) = (code.clone(), tills[number / 2 % 2].clone());
            async move { pay(&node, &till, &format!("p-{number}"), &code, 1_000).await.unwrap() }
        }).await;
        assert_eq!((count(&receipts, None), count(&receipts, Some(Refusal::CodeConsumed))), (1, MANY - 1));
        assert_eq!(nodes.town.balance().await, 99_000);
        nodes.close_clean(&database).await;
    }

    /// One wallet, many payments with codes of their own, money for three: none is captured beyond what there is, and the
    /// balance is exact.
    async fn one_wallet_pays_what_it_holds(database: TestDatabase) {
        let nodes = Nodes::start(&database).await;
        nodes.town.fund("fund", 1_000).await;
        let (member, till) = (nodes.town.member.phone, nodes.town.till.terminal.clone());
        let receipts = nodes.all(|node, number| {
            let till = till.clone();
            async move {
                let mut receipts = Vec::new();
                for attempt in 0..3 {
                    let code = node.issue_code(&member, false).await.unwrap().code;
                    receipts.push(pay(&node, &till, &format!("p-{number}-{attempt}"), &code, 300).await.unwrap());
                }
                receipts
            }
        }).await;
        let receipts: Vec<_> = receipts.into_iter().flatten().collect();
        let captured = count(&receipts, None);
        // A newer code ends an older one, so most come too late; the last code of all is ended by none.
        assert!((1..=3).contains(&captured), "{captured}");
        let refused = count(&receipts, Some(Refusal::CodeExpired)) + count(&receipts, Some(Refusal::InsufficientBalance));
        assert_eq!(captured + refused, 3 * MANY);
        assert_eq!(nodes.town.balance().await, 1_000 - 300 * i64::try_from(captured).unwrap());
        nodes.close_clean(&database).await;
    }

    /// One wallet, code after code, each shown many times at once, money for three: three are captured, and then all are
    /// refused for want of money.
    async fn one_wallet_is_emptied_and_no_further(database: TestDatabase) {
        let nodes = Nodes::start(&database).await;
        nodes.town.fund("fund", 1_000).await;
        let till = nodes.town.till.terminal.clone();
        for round in 1..=4 {
            let code = nodes.town.code().await;
            let receipts = nodes.all(|node, number| {
                let (code, till) = (code.clone(), till.clone());
                async move { pay(&node, &till, &format!("p-{round}-{number}"), &code, 300).await.unwrap() }
            }).await;
            let found = [None, Some(Refusal::CodeConsumed), Some(Refusal::InsufficientBalance)];
            let expected = if round == 4 { [0, 0, MANY] } else { [1, MANY - 1, 0] };
            assert_eq!(found.map(|outcome| count(&receipts, outcome)), expected, "round {round}");
        }
        assert_eq!(nodes.town.balance().await, 100);
        nodes.close_clean(&database).await;
    }

    /// One key, the same body many times: one effect, and every caller gets the very same record.
    async fn one_key_has_one_effect(database: TestDatabase) {
        let nodes = Nodes::start(&database).await;
        nodes.town.fund("fund", 100_000).await;
        let (code, till) = (nodes.town.code().await, nodes.town.till.terminal.clone());
        let receipts = nodes.all(|node, _| {
            let (code, till) = (code.clone(), till.clone());
            async move { pay(&node, &till, "the-one", &code, 1_000).await.unwrap() }
        }).await;
        assert_eq!(receipts.iter().filter(|receipt| !receipt.replayed).count(), 1);
        assert!(receipts.iter().all(|receipt| receipt.record == receipts[0].record));
        assert_eq!(count(&receipts, None), MANY);
        assert_eq!(nodes.town.balance().await, 99_000);
        nodes.close_clean(&database).await;
    }

    /// One key whose request is refused: every caller gets the very same refusal.
    async fn one_key_has_one_refusal(database: TestDatabase) {
        let nodes = Nodes::start(&database).await;
        let (code, till) = (nodes.town.code().await, nodes.town.till.terminal.clone());
        let receipts = nodes.all(|node, _| {
            let (code, till) = (code.clone(), till.clone());
            async move { pay(&node, &till, "the-one", &code, 1_000).await.unwrap() }
        }).await;
        assert_eq!(receipts.iter().filter(|receipt| !receipt.replayed).count(), 1);
        assert!(receipts.iter().all(|receipt| receipt.record == receipts[0].record));
        assert_eq!(count(&receipts, Some(Refusal::InsufficientBalance)), MANY);
        nodes.close_clean(&database).await;
    }

    /// One key, another body each time: one effect, and all the others are told of the conflict.
    async fn one_key_with_other_bodies_is_a_conflict(database: TestDatabase) {
        let nodes = Nodes::start(&database).await;
        nodes.town.fund("fund", 50_000).await;
        let (code, till) = (nodes.town.code().await, nodes.town.till.terminal.clone());
        let answers = nodes.all(|node, number| {
            let (code, till) = (code.clone(), till.clone());
            let amount = i64::try_from(number).unwrap() + 1;
            async move {
                if number % 3 == 0 {
                    top_up(&node, &till, "the-one", &code, amount).await
                } else {
                    pay(&node, &till, "the-one", &code, amount).await
                }
            }
        }).await;
        let done: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().ok()).collect();
        let conflicts = answers.iter().filter(|answer| matches!(answer, Err(Fault::RequestIdConflict))).count();
        assert_eq!((done.len(), conflicts), (1, MANY - 1));
        assert!(!done[0].replayed && refusal(&done[0].record).is_none());
        assert_eq!(database.query_raw("SELECT count(*) FROM journal").await, [["2"]]);
        nodes.close_clean(&database).await;
    }

    /// Many wallets and terminals crossing each other: every balance is exact, and no transaction ever has to give way,
    /// for all of them lock in one order.
    async fn many_wallets_cross_without_a_deadlock(database: TestDatabase) {
        let nodes = Nodes::start(&database).await;
        let mut members = Vec::new();
        for _ in 0..8 {
            members.push(nodes.town.app.add_member().await.unwrap().phone);
        }
        let members = Arc::new(members);
        let tills = [&nodes.town.till, &nodes.town.other_till].map(|till| till.terminal.clone());
        let moved = nodes.all(|node, number| {
            let (members, till) = (Arc::clone(&members), tills[number % 2].clone());
            async move {
                let mut moved = Vec::new();
                for step in 0..8 {
                    let owner = (number * 5 + step * 3) % members.len();
                    let code: Code = node.issue_code(&members[owner], false).await.unwrap().code;
                    let key = format!("r-{number}-{step}");
                    let (amount, answer) = if (number + step) % 2 == 0 {
                        (100, top_up(&node, &till, &key, &code, 100).await.unwrap())
                    } else {
                        (-30, pay(&node, &till, &key, &code, 30).await.unwrap())
                    };
                    if refusal(&answer.record).is_none() {
                        moved.push((owner, amount));
                    }
                }
                moved
            }
        }).await;
        for (owner, member) in members.iter().enumerate() {
            let expected: i64 = moved.iter().flatten().filter(|(of, _)| *of == owner).map(|(_, amount)| amount).sum();
            let held = paid(&nodes.town.app, member.member).await;
            assert_eq!(held, expected, "member {owner}");
        }
        assert!(moved.iter().flatten().count() > 0, "nobody got through");
        let gave_way: u64 = nodes.nodes.iter().map(|node| node.statistics().retried).sum();
        assert_eq!(gave_way, 0);
        nodes.close_clean(&database).await;
    }
}
