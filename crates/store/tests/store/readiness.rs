//! Readiness: answers are kept for ever and in order, and what wallets hold is read whole where it must be.

use warifu_core::time::Time;
use warifu_store::{KeptAnswer, StoreError};
use warifu_testkit::{TestDatabase, on_both_databases};

use crate::tale::tell;

/// JSON that a database could take for something else.
const BODY: &str = r#"{"note":"O'Neill \"x\" \\ %_ $1 ?1 𠮷 \u0000"}"#;

fn answer(key: &str, version: u32, at: Time) -> KeptAnswer {
    KeptAnswer { key: key.to_owned(), version, at, body: format!("{BODY}{version}") }
}

on_both_databases! {
    /// Every answer comes back as it was given; the last of each line stands; a number is given once.
    async fn answers_round_trip(database: TestDatabase) {
        let opened = database.open().await;
        let long = "k".repeat(40);
        let kept = [answer("a", 1, Time::EPOCH), answer("a", 2, Time::MAX), answer(&long, u32::MAX, Time::EPOCH)];
        let written = kept.clone();
        opened.write(move |transaction| Box::pin(async move {
            for answer in &written {
                assert!(transaction.create_answer(answer).await?);
            }
            assert!(!transaction.create_answer(&answer("a", 2, Time::EPOCH)).await?, "somebody answered meanwhile");
            Ok(())
        })).await.unwrap();
        let [first, second, other] = kept;
        opened.read(move |transaction| Box::pin(async move {
            assert_eq!(transaction.find_answer("a").await?.as_ref(), Some(&second));
            assert_eq!(transaction.find_answer("b").await?, None);
            assert_eq!(transaction.list_answers().await?, [second.clone(), other]);
            assert_eq!(transaction.list_answers_of("a").await?, [first, second]);
            Ok(())
        })).await.unwrap();
    }

    /// The schema keeps the history: nothing of it is changed or deleted, and nothing stands there that no line has.
    async fn the_history_of_readiness_stays(database: TestDatabase) {
        let opened = database.open().await;
        let kept = answer("a", 1, Time::EPOCH);
        opened.write(move |transaction| Box::pin(async move { transaction.create_answer(&kept).await })).await.unwrap();
        for sql in [
            "UPDATE readiness_changes SET body = 'x'",
            "DELETE FROM readiness_changes",
            "INSERT INTO readiness_changes VALUES ('a', 0, 0, 'x')",
            "INSERT INTO readiness_changes VALUES ('', 1, 0, 'x')",
            "INSERT INTO readiness_changes VALUES ('a', 1, 0, 'x')",
        ] {
            assert!(database.attempt_raw(sql).await.is_err(), "{sql}");
        }
        let long = format!("INSERT INTO readiness_changes VALUES ('{}', 1, 0, 'x')", "k".repeat(41));
        assert!(database.attempt_raw(&long).await.is_err());
    }

    /// However the wallets are read, page by page, each comes once; and a wallet that holds something for a payment is read whole.
    async fn holdings_are_those_of_the_wallets(database: TestDatabase) {
        let opened = database.open().await;
        let _ = tell(&opened).await;
        let found = opened.read(|transaction| Box::pin(async move {
            let at = Time::EPOCH;
            let all = transaction.list_holdings(None, at, 1_000).await?;
            let mut paged = Vec::new();
            loop {
                let page = transaction.list_holdings(paged.last().map(|(id, _)| *id), at, 1).await?;
                if page.is_empty() {
                    break;
                }
                paged.extend(page);
            }
            assert_eq!(all, paged);
            for (id, holding) in &all {
                let wallet = transaction.find_wallet(*id).await?.ok_or(StoreError::Failed("no wallet".to_owned()))?;
                let whole = warifu_core::readiness::exposure::Holding::of(&wallet, holding.is_bound, at).unwrap();
                assert_eq!(*holding, whole);
            }
            Ok(all)
        })).await.unwrap();
        assert!(!found.is_empty());
    }
}
