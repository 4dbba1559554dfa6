//! The commit queue at its bounds: full, and closing.

use std::time::Duration;

use futures::future::join_all;
use tokio::sync::oneshot;
use warifu_app::Fault;
use warifu_core::code::Code;
use warifu_core::id::TransactionId;
use warifu_core::refusal::Refusal;
use warifu_core::request::{CallerId, RequestKey};
use warifu_store::{StoreError, Transaction};
use warifu_testkit::{TestDatabase, on_both_databases};

use crate::town::{PREFIX, Town, refusal};

on_both_databases! {
    /// More than can wait: those beyond are told at once, leave their keys unused, and can be asked again.
    async fn a_full_queue_tells_at_once_and_does_nothing(database: TestDatabase) {
        let town = Town::found(&database).await;
        let code = Code::new(&PREFIX.parse().unwrap(), 1).unwrap();
        let keys: Vec<_> = (0..12_000).map(|number| format!("p-{number}")).collect();
        // Lanes wait for whoever else claims the same keys: on SQLite for all that it writes, on PostgreSQL for these keys.
        let (beside, (begin, begun), (release, released)) = (database.open().await, oneshot::channel(), oneshot::channel());
        let caller = CallerId::from(town.till.terminal.id);
        let claimed: Vec<_> =
            keys.iter().step_by(50).map(|key| RequestKey { caller, request_id: key.parse().unwrap() }).collect();
        let held = tokio::spawn(async move {
            let given_up = beside.write(move |transaction| Box::pin(hold(transaction, claimed, begin, released)));
            assert!(matches!(given_up.await, Err(StoreError::Conflict(_))));
            beside.close().await;
        });
        begun.await.unwrap();
        let until_full = async {
            while town.app.statistics().overloaded == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            let _ = release.send(());
        };
        let (answers, ()) = tokio::join!(join_all(keys.iter().map(|key| town.pay(key, &code, 1))), until_full);
        held.await.unwrap();
        let mut overloaded = Vec::new();
        for (key, answer) in keys.iter().zip(answers) {
            match answer {
                Ok(receipt) => assert_eq!(refusal(&receipt.record), Some(Refusal::CodeUnknown)),
                Err(Fault::Overloaded) => overloaded.push(key),
                Err(other) => panic!("{other:?}"),
            }
        }
        let done = keys.len() - overloaded.len();
        assert!(done >= 4_096 && !overloaded.is_empty(), "{done} were done");
        assert_eq!(database.query_raw("SELECT count(*) FROM requests").await, [[done.to_string()]]);
        let again = town.pay(overloaded[0], &code, 1).await.unwrap();
        assert!(!again.replayed);
        let statistics = town.app.statistics();
        let (done, told) = (done as u64 + 1, overloaded.len() as u64);
        assert_eq!((statistics.commands, statistics.overloaded, statistics.waiting), (done, told, 0));
        assert!(statistics.batches < done / 20, "{statistics:?}");
        town.close_clean(&database).await;
    }

    /// More at once than can be done at once, again and again: whoever is told that too much waits left nothing behind, and
    /// afterwards all is as before. How many are told so depends on the machine.
    async fn a_crowd_that_comes_again_and_again_is_done_or_told(database: TestDatabase) {
        let town = Town::found(&database).await;
        let code = Code::new(&PREFIX.parse().unwrap(), 1).unwrap();
        let (town_of_all, code_of_all) = (&town, &code);
        let callers = (0..2_000).map(|caller| async move {
            let mut answers = Vec::new();
            for round in 0..6 {
                answers.push(town_of_all.pay(&format!("p-{caller}-{round}"), code_of_all, 1).await);
            }
            answers
        });
        let answers: Vec<_> = join_all(callers).await.into_iter().flatten().collect();
        let done = answers.iter().filter(|answer| answer.is_ok()).count();
        let overloaded = answers.iter().filter(|answer| matches!(answer, Err(Fault::Overloaded))).count();
        assert_eq!(done + overloaded, 12_000, "nothing else is told");
        assert!(done > 2_000, "{overloaded} of 12,000 were told that too much waits");
        assert_eq!(database.query_raw("SELECT count(*) FROM journal").await, [[done.to_string()]]);
        for number in 0..3 {
            assert!(town.pay(&format!("q-{number}"), &code, 1).await.is_ok());
        }
        assert!(!town.app.is_overloaded());
        town.close_clean(&database).await;
    }

    /// A node that closes finishes what waits, and takes nothing new.
    async fn a_closing_node_finishes_what_waits(database: TestDatabase) {
        let town = Town::found(&database).await;
        let code = town.code().await;
        let (paid, ()) = tokio::join!(town.top_up("t-1", &code, 500), town.app.drain());
        assert_eq!(refusal(&paid.unwrap().record), None);
        let late = town.top_up("t-2", &code, 500).await;
        assert!(matches!(late, Err(Fault::ShuttingDown)));
        assert_eq!(database.query_raw("SELECT paid FROM wallets").await, [["500"]]);
        town.close_clean(&database).await;
    }
}

/// Claims keys, says so, and gives them up when told to.
async fn hold(
    transaction: &mut Transaction,
    keys: Vec<RequestKey>,
    begin: oneshot::Sender<()>,
    released: oneshot::Receiver<()>,
) -> Result<(), StoreError> {
    let id = TransactionId::from_bytes([7; 16]);
    transaction.begin_batch(&keys.iter().map(|key| (key, id)).collect()).await?;
    let _ = begin.send(());
    let _ = released.await;
    Err(StoreError::Conflict("given up".to_owned()))
}
