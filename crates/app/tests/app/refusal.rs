//! Each refusal, provoked, and what it leaves behind.

use std::collections::BTreeSet;
use std::time::Duration;

use warifu_core::code::{CODE_LIFETIME, Code};
use warifu_core::money::Amount;
use warifu_core::refusal::Refusal;
use warifu_testkit::{TestDatabase, on_both_databases};

use crate::town::{PREFIX, Town, pay, refusal, top_up};

on_both_databases! {
    /// Every refusal there is, each recorded under its key, none of them moving anything.
    async fn each_refusal_is_recorded_and_moves_nothing(database: TestDatabase) {
        let town = Town::found(&database).await;
        town.fund("t-1", 1_000).await;
        let till = &town.till.terminal;
        let mut seen = BTreeSet::new();
        let mut see = |result: Result<warifu_app::Receipt, warifu_app::Fault>, expected: Refusal| {
            assert_eq!(refusal(&result.unwrap().record), Some(expected));
            seen.insert(expected);
        };

        let unknown = Code::new(&PREFIX.parse().unwrap(), 1).unwrap();
        see(town.pay("unknown", &unknown, 1).await, Refusal::CodeUnknown);
        let foreign = Code::new(&"12345678".parse().unwrap(), 1).unwrap();
        see(town.top_up("foreign", &foreign, 1).await, Refusal::CodeUnknown);

        let code = town.code().await;
        see(town.pay("poor", &code, 1_001).await, Refusal::InsufficientBalance);
        see(pay(&town.app, &town.other_till.terminal, "bound", &code, 1).await, Refusal::CodeBound);
        see(town.top_up("rich", &code, Amount::MAX.get()).await, Refusal::LimitExceeded);
        let used = pay(&town.app, till, "used", &code, 1).await.unwrap();
        assert_eq!(refusal(&used.record), None);
        see(town.pay("consumed", &code, 1).await, Refusal::CodeConsumed);
        let late = town.code().await;
        town.clock.advance(CODE_LIFETIME);
        see(town.pay("late", &late, 1).await, Refusal::CodeExpired);

        assert_eq!(seen, BTreeSet::from(Refusal::ALL), "a refusal is not provoked");
        assert_eq!(town.balance().await, 999);
        let recorded = database.query_raw("SELECT count(*) FROM journal WHERE refusal IS NOT NULL").await;
        assert_eq!(recorded, [["7"]]);
        town.close_clean(&database).await;
    }

    /// A code is good until a microsecond before its five minutes are over, and not at five minutes.
    async fn a_code_ends_at_exactly_five_minutes(database: TestDatabase) {
        let town = Town::found(&database).await;
        assert_eq!(CODE_LIFETIME, Duration::from_secs(300));
        let code = town.code().await;
        town.clock.advance(CODE_LIFETIME - Duration::from_micros(1));
        assert_eq!(refusal(&town.top_up("t-1", &code, 10).await.unwrap().record), None);
        let code = town.code().await;
        town.clock.advance(CODE_LIFETIME);
        assert_eq!(refusal(&town.top_up("t-2", &code, 10).await.unwrap().record), Some(Refusal::CodeExpired));
        assert_eq!(town.balance().await, 10);
        town.close_clean(&database).await;
    }

    /// A newer code ends the older one of the same member, and of nobody else.
    async fn a_newer_code_ends_the_older(database: TestDatabase) {
        let town = Town::found(&database).await;
        let neighbour = town.app.add_member().await.unwrap();
        let older = town.code().await;
        let other = town.app.issue_code(neighbour.id, false).await.unwrap().code;
        let newer = town.code().await;
        assert_eq!(refusal(&town.top_up("t-1", &older, 10).await.unwrap().record), Some(Refusal::CodeExpired));
        assert_eq!(refusal(&town.top_up("t-2", &newer, 20).await.unwrap().record), None);
        assert_eq!(refusal(&town.top_up("t-3", &other, 30).await.unwrap().record), None);
        assert_eq!(town.balance().await, 20);
        town.close_clean(&database).await;
    }

    /// A refused try keeps the code for that terminal: there it works later, elsewhere it does not, whatever is asked.
    async fn a_refused_try_binds_the_code_to_its_terminal(database: TestDatabase) {
        let town = Town::found(&database).await;
        town.fund("t-1", 1_000).await;
        let elsewhere = &town.other_till.terminal;
        let code = town.code().await;
        assert_eq!(refusal(&town.pay("p-1", &code, 1_001).await.unwrap().record), Some(Refusal::InsufficientBalance));
        for (key, result) in [
            ("p-1", pay(&town.app, elsewhere, "p-1", &code, 1).await),
            ("t-1", top_up(&town.app, elsewhere, "t-1", &code, 1).await),
        ] {
            assert_eq!(refusal(&result.unwrap().record), Some(Refusal::CodeBound), "{key}");
        }
        assert_eq!(refusal(&town.pay("p-2", &code, 1_000).await.unwrap().record), None);
        let late = pay(&town.app, elsewhere, "p-2", &code, 1).await.unwrap();
        assert_eq!(refusal(&late.record), Some(Refusal::CodeBound), "not even that it was used is told elsewhere");
        assert_eq!(town.balance().await, 0);
        town.close_clean(&database).await;
    }
}
