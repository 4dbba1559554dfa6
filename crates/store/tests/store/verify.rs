//! `verify`: silent about a clean store, and for each planted corruption a violation of the right invariant that names
//! the right object.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use warifu_core::correction::Direction;
use warifu_core::id::TransactionId;
use warifu_core::ledger::{Ask, Command, Kind};
use warifu_core::lot::{LotAccount, Step};
use warifu_core::refusal::Refusal;
use warifu_core::request::{CallerId, RequestKey};
use warifu_store::{Invariant, Violation};
use warifu_testkit::{Engine, TestDatabase, on_both_databases};

use crate::blob;
use crate::corruption::{Corruption, Planted, all};
use crate::story::{WALLETS, command, record, tell, time, yen};

/// Where operators read what each corruption is named by.
const GUIDE: &str = include_str!("../../../../docs/guides/verifying.md");

on_both_databases! {
    /// A clean store has no violation, and everything in it is counted.
    async fn a_clean_store_has_no_violation(database: TestDatabase) {
        let opened = database.open().await;
        let story = tell(&opened).await;
        let passes = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&passes);
        let report = opened.verify(move |progress| told.lock().unwrap().push(progress.pass)).await.unwrap();
        assert_eq!((report.violation_count(), report.violations), (0, vec![]));
        let (payments, transfers, codes) = story.counts();
        let all = u64::try_from(story.records.len()).unwrap();
        // A cancel in advance holds two request keys.
        assert_eq!((report.transactions, report.requests, report.wallets), (all, all + 1, 4));
        assert_eq!((report.payments, report.transfers, report.codes), (payments, transfers, codes));
        let mut passes = passes.lock().unwrap().clone();
        passes.dedup();
        assert_eq!(passes, ["streams", "wallets", "payments", "request keys", "codes", "terminals"]);
    }

    /// An empty store has no violation either, and neither has one that is not summed up to its end.
    async fn an_empty_store_and_an_unbooked_one_are_clean(database: TestDatabase) {
        let opened = database.open().await;
        let report = opened.verify(|_| {}).await.unwrap();
        assert_eq!((report.violations, report.transactions), (vec![], 0));
        tell(&opened).await;
        database.execute_raw(
            "UPDATE cursors SET position = 0 WHERE stream = 0; DELETE FROM account_sums; DELETE FROM shop_lines",
        ).await;
        assert_eq!(opened.verify(|_| {}).await.unwrap().violations, []);
    }

    /// Each corruption, planted in a fresh store by SQL behind its back, is named.
    async fn every_planted_corruption_is_named(database: TestDatabase) {
        let opened = database.open().await;
        let story = tell(&opened).await;
        let saved = Saved::of(&database).await;
        let mut missed = Vec::new();
        for Corruption { name, plant } in all() {
            let Planted { sql, invariant, object } = plant(&story, database.engine());
            let line = format!("| {name} | {} |", invariant.number());
            if !GUIDE.contains(&line) {
                missed.push(format!("docs/guides/verifying.md lacks: {line}"));
            }
            database.execute_raw(&sql).await;
            let report = opened.verify(|_| {}).await.unwrap();
            let named = |violation: &&warifu_store::Violation| {
                violation.invariant == invariant && violation.object == object
            };
            if report.violations.iter().find(named).is_none() {
                missed.push(format!("{name}: expected {invariant:?} of {object}, found {:#?}", report.violations));
            }
            database.execute_raw(&saved.restore).await;
        }
        assert_eq!(opened.verify(|_| {}).await.unwrap().violations, [], "what was planted was not taken out again");
        assert!(missed.is_empty(), "{}", missed.join("\n"));
    }

    /// A wallet that was changed more often than a page has rows is folded whole, beside others: nothing is missed and nothing is wrong; and what is
    /// wrong in its oldest page, or between two, is named.
    async fn a_long_history_is_folded_whole(database: TestDatabase) {
        let opened = database.open().await;
        tell(&opened).await;
        let (before, many) = (opened.verify(|_| {}).await.unwrap().transactions, 2_100_u16);
        opened.write(move |transaction| Box::pin(async move {
            for number in 0..many {
                let bytes = [[0x60; 14].as_slice(), &number.to_be_bytes()].concat();
                let ask = Ask::Correct {
                    wallet: WALLETS[1],
                    account: LotAccount::Paid,
                    direction: if number.is_multiple_of(2) { Direction::Add } else { Direction::Take },
                    amount: yen(1),
                };
                let command = Command {
                    id: TransactionId::from_bytes(bytes.try_into().unwrap()),
                    key: RequestKey { caller: CallerId::ISSUER, request_id: format!("long-{number}").parse().unwrap() },
                    ..command(0, CallerId::ISSUER, ask)
                };
                record(transaction, &command, time(10_000_000)).await?;
            }
            Ok(())
        })).await.unwrap();
        let report = opened.verify(|_| {}).await.unwrap();
        assert_eq!((report.violations, report.transactions), (vec![], before + u64::from(many)));
        let object = format!("wallet {}", WALLETS[1]);
        let last: i64 = database.query_raw("SELECT max(position) FROM journal").await[0][0].parse().unwrap();
        for position in [last - 2_050, last - 1_999, last - 1] {
            let set = |to: &str| format!("UPDATE journal SET previous_id = {to} WHERE position = {position}");
            database.execute_raw(&set("id")).await;
            let report = opened.verify(|_| {}).await.unwrap();
            let named = |found: &Violation| found.invariant == Invariant::Fold && found.object == object;
            assert!(report.violations.iter().any(named), "{position}");
            database.execute_raw(&set(&format!("(SELECT id FROM journal WHERE position = {})", position - 1))).await;
        }
        assert_eq!(opened.verify(|_| {}).await.unwrap().violations, []);
    }

    /// A violation is counted even when there are too many to tell.
    async fn violations_beyond_the_told_ones_are_counted(database: TestDatabase) {
        let opened = database.open().await;
        tell(&opened).await;
        // Every balance that a transfer tells does not follow, and there are many.
        database.execute_raw(
            "UPDATE journal SET transfers = replace(transfers, '_after\":', '_after\":1') WHERE refusal IS NULL",
        ).await;
        let report = opened.verify(|_| {}).await.unwrap();
        let told = u64::try_from(report.violations.len()).unwrap();
        assert!(told > 40 && report.violation_count() == told, "{told}");
        assert!(report.violations.iter().all(|violation| violation.invariant == Invariant::Fold));
        // Copies of one transaction, none of which any request key claims.
        let columns = "kind, at, business_date, caller, request_id, body_hash, shop_id, amount, unit, refusal, transfers";
        let mut copies = String::new();
        for number in 0..1_100_u64 {
            let id = blob(database.engine(), &[[0x77; 8], number.to_be_bytes()].concat());
            copies += &format!(
                "INSERT INTO journal (position, id, {columns}, book, policy, effect) \
                 SELECT {number} + 1000, {id}, {columns}, book, policy, effect FROM journal WHERE position = 1; "
            );
        }
        database.execute_raw(&copies).await;
        let report = opened.verify(|_| {}).await.unwrap();
        assert_eq!(report.violations.len(), 1_000);
        assert!(report.violation_count() > 1_100);
    }
}

/// The rows of all tables, to begin anew from.
struct Saved {
    restore: String,
}

impl Saved {
    async fn of(database: &TestDatabase) -> Self {
        let names = match database.engine() {
            Engine::Sqlite => "SELECT name FROM sqlite_schema WHERE type = 'table'",
            Engine::Postgres => "SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
        };
        let tables: Vec<_> = database.query_raw(names).await.into_iter().map(|mut row| row.swap_remove(0)).collect();
        let each = |of: fn(&str) -> String| tables.iter().map(|table| of(table)).collect::<String>();
        database.execute_raw(&each(|table| format!("CREATE TABLE saved_{table} AS SELECT * FROM {table}; "))).await;
        let empty = match database.engine() {
            Engine::Sqlite => each(|table| format!("DELETE FROM {table}; ")),
            Engine::Postgres => format!("TRUNCATE {}; ", tables.join(", ")),
        };
        let fill = each(|table| format!("INSERT INTO {table} SELECT * FROM saved_{table}; "));
        Self { restore: format!("BEGIN; {empty} {fill} COMMIT") }
    }
}

/// The story holds what the corruptions are planted in: everything that the rules know.
#[tokio::test]
async fn the_story_has_every_kind_of_transaction() {
    let database = TestDatabase::new(Engine::Sqlite).await;
    let story = tell(&database.open().await).await;
    for kind in Kind::ALL {
        let done = story.records.iter().any(|record| record.kind == *kind && record.done().is_some());
        assert!(done, "no {} was done", kind.text());
    }
    let refused: Vec<_> = story
        .names
        .iter()
        .zip(&story.records)
        .filter_map(|(name, record)| record.refusal().map(|refusal| (*name, refusal)))
        .collect();
    assert_eq!(
        refused,
        [
            ("trial payment", Refusal::CodeUnknown),
            ("refused payment", Refusal::InsufficientBalance),
            ("cancel once more", Refusal::AlreadyCanceled),
            ("payment above the cap", Refusal::LimitExceeded),
            ("unknown code", Refusal::CodeUnknown),
            ("expired code", Refusal::CodeExpired),
        ]
    );
    let steps: BTreeSet<_> =
        story.records.iter().filter_map(|it| it.done()).flat_map(|done| &done.moves).map(|step| step.step).collect();
    assert_eq!(steps.into_iter().collect::<Vec<_>>(), Step::ALL);
    let points = |name| story.of(name).1.done().unwrap().totals.unwrap().points_earned.get();
    assert_eq!((points("payment"), points("payment with points"), points("last capture")), (40, 1, 35));
}
