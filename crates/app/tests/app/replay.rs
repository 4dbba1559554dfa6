//! Retries: the same request gets the very same answer, another request under the same key gets none.

use warifu_app::Fault;
use warifu_core::refusal::Refusal;
use warifu_testkit::{TestDatabase, on_both_databases};

use crate::town::{Town, pay, refusal, top_up};

on_both_databases! {
    /// A payment and a top-up that are asked for again are the same record, marked as replayed, and move nothing.
    async fn the_same_request_gets_the_same_record(database: TestDatabase) {
        let town = Town::found(&database).await;
        let code = town.code().await;
        let first = town.top_up("t-1", &code, 1_000).await.unwrap();
        let code_of_payment = town.code().await;
        let paid = town.pay("p-1", &code_of_payment, 300).await.unwrap();
        for _ in 0..3 {
            town.clock.advance(std::time::Duration::from_secs(600));
            let again = town.top_up("t-1", &code, 1_000).await.unwrap();
            assert_eq!((&again.record, again.replayed), (&first.record, true));
            let again = town.pay("p-1", &code_of_payment, 300).await.unwrap();
            assert_eq!((&again.record, again.replayed), (&paid.record, true));
        }
        assert!(!first.replayed && !paid.replayed);
        assert_eq!(town.balance().await, 700);
        assert_eq!(database.query_raw("SELECT count(*) FROM journal").await, [["2"]]);
        town.close_clean(&database).await;
    }

    /// A refusal is final for its key: it is replayed even when what was missing is there by now.
    async fn a_refusal_is_replayed_as_it_was(database: TestDatabase) {
        let town = Town::found(&database).await;
        let code = town.code().await;
        let refused = town.pay("p-1", &code, 300).await.unwrap();
        assert_eq!((refusal(&refused.record), refused.replayed), (Some(Refusal::InsufficientBalance), false));
        town.fund("t-1", 1_000).await;
        let again = town.pay("p-1", &code, 300).await.unwrap();
        assert_eq!((again.record, again.replayed), (refused.record, true));
        assert_eq!(town.balance().await, 1_000);
        town.close_clean(&database).await;
    }

    /// The same key with another amount, another code or as another kind is a conflict, and does nothing: the first answer
    /// stays, the balance stays, the other code stays good.
    async fn another_request_under_the_same_key_is_a_conflict(database: TestDatabase) {
        let town = Town::found(&database).await;
        town.fund("t-1", 1_000).await;
        let code = town.code().await;
        let paid = town.pay("p-1", &code, 300).await.unwrap();
        let fresh = town.code().await;
        for result in [
            town.pay("p-1", &code, 301).await,
            town.pay("p-1", &fresh, 300).await,
            town.top_up("p-1", &code, 300).await,
            town.top_up("p-1", &fresh, 300).await,
            town.pay("t-1", &fresh, 1_000).await,
        ] {
            assert!(matches!(result, Err(Fault::RequestIdConflict)), "{result:?}");
        }
        assert_eq!(town.balance().await, 700);
        assert_eq!(database.query_raw("SELECT count(*) FROM journal").await, [["2"]]);
        let again = town.pay("p-1", &code, 300).await.unwrap();
        assert_eq!((again.record, again.replayed), (paid.record, true));
        // A conflict is no try: the code is bound to nobody.
        let used = pay(&town.app, &town.other_till.terminal, "p-1", &fresh, 700).await.unwrap();
        assert_eq!(refusal(&used.record), None);
        town.close_clean(&database).await;
    }

    /// A conflict with a refused request is a conflict too.
    async fn a_refused_key_is_used_up_for_other_requests(database: TestDatabase) {
        let town = Town::found(&database).await;
        let code = town.code().await;
        assert_eq!(refusal(&town.pay("p-1", &code, 300).await.unwrap().record), Some(Refusal::InsufficientBalance));
        town.fund("t-1", 1_000).await;
        let code = town.code().await;
        assert!(matches!(town.pay("p-1", &code, 300).await, Err(Fault::RequestIdConflict)));
        assert_eq!(town.balance().await, 1_000);
        town.close_clean(&database).await;
    }

    /// Two terminals may use the same key; they mean two requests.
    async fn one_key_at_two_terminals_is_two_requests(database: TestDatabase) {
        let town = Town::found(&database).await;
        let code = town.code().await;
        let here = top_up(&town.app, &town.till.terminal, "r-1", &code, 500).await.unwrap();
        let code = town.code().await;
        let there = top_up(&town.app, &town.other_till.terminal, "r-1", &code, 500).await.unwrap();
        assert_ne!(here.record.id, there.record.id);
        assert!(!here.replayed && !there.replayed);
        assert_eq!(town.balance().await, 1_000);
        town.close_clean(&database).await;
    }
}
