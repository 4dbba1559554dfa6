//! `verify`: silent about a clean store, and for each planted corruption a violation of the right invariant that names
//! the right object.

use std::sync::{Arc, Mutex};

use warifu_core::code::CODE_LIFETIME;
use warifu_core::refusal::Refusal;
use warifu_store::Invariant;
use warifu_testkit::{TestDatabase, on_both_databases};

use crate::corruption::{Corruption, Planted, all};
use crate::empty;
use crate::story::{WALLETS, tell, time};

on_both_databases! {
    /// A clean store has no violation, and everything in it is counted.
    async fn a_clean_store_has_no_violation(database: TestDatabase) {
        let opened = database.open().await;
        let story = tell(&opened).await;
        let passes = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&passes);
        let report = opened.verify(move |progress| told.lock().unwrap().push(progress.pass)).await.unwrap();
        assert_eq!((report.violation_count(), report.violations), (0, vec![]));
        assert_eq!(story.done(), 3 * 13);
        let done = u64::try_from(story.done()).unwrap();
        let all = u64::try_from(story.records.len()).unwrap();
        assert_eq!((report.transactions, report.requests, report.wallets), (all, all, 3));
        assert_eq!((report.transfers, report.codes), (done, done));
        let mut passes = passes.lock().unwrap().clone();
        passes.dedup();
        assert_eq!(passes, ["streams", "wallets", "request keys", "codes"]);
    }

    /// An empty store has no violation either, and neither has one that is not summed up to its end.
    async fn an_empty_store_and_an_unbooked_one_are_clean(database: TestDatabase) {
        let opened = database.open().await;
        let report = opened.verify(|_| {}).await.unwrap();
        assert_eq!((report.violations, report.transactions), (vec![], 0));
        tell(&opened).await;
        database.execute_raw(
            "UPDATE cursors SET position = 0 WHERE stream = 0; DELETE FROM account_sums",
        ).await;
        assert_eq!(opened.verify(|_| {}).await.unwrap().violations, []);
    }

    /// Each corruption, planted in a fresh store by SQL behind its back, is named.
    async fn every_planted_corruption_is_named(database: TestDatabase) {
        let mut missed = Vec::new();
        for Corruption { name, plant } in all() {
            let fresh = &empty(&database).await;
            let opened = fresh.open().await;
            let story = tell(&opened).await;
            let Planted { sql, invariant, object } = plant(&story, database.engine());
            fresh.execute_raw(&sql).await;
            let report = opened.verify(|_| {}).await.unwrap();
            let named = |violation: &&warifu_store::Violation| {
                violation.invariant == invariant && violation.object == object
            };
            if report.violations.iter().find(named).is_none() {
                missed.push(format!("{name}: expected {invariant:?} of {object}, found {:#?}", report.violations));
            }
        }
        assert!(missed.is_empty(), "{}", missed.join("\n"));
    }

    /// A violation is counted even when there are too many to tell.
    async fn violations_beyond_the_told_ones_are_counted(database: TestDatabase) {
        let opened = database.open().await;
        tell(&opened).await;
        // Thirteen entries a wallet, each with a balance that does not follow.
        database.execute_raw(
            "UPDATE journal SET transfers = replace(transfers, '_after\":', '_after\":1') WHERE refusal IS NULL",
        ).await;
        let report = opened.verify(|_| {}).await.unwrap();
        assert_eq!(report.violation_count(), 39);
        assert_eq!(report.violations.len(), 39);
        assert!(report.violations.iter().all(|violation| violation.invariant == Invariant::Fold));
    }
}

/// The story holds what the corruptions are planted in.
#[tokio::test]
async fn the_story_has_every_kind_of_transaction() {
    let database = TestDatabase::new(warifu_testkit::Engine::Sqlite).await;
    let story = tell(&database.open().await).await;
    assert_eq!(story.records.len(), 44);
    for refusal in [Refusal::CodeUnknown, Refusal::CodeExpired, Refusal::InsufficientBalance] {
        story.refused(refusal);
    }
    assert_eq!(story.payment().1.wallet, Some(WALLETS[0]));
    assert_eq!(story.records[43].at, time(43 * 60).saturating_add(CODE_LIFETIME));
}
