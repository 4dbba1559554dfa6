//! The clock of the machine may jump; what is recorded never goes back.

use std::time::Duration;

use warifu_app::{CaptureRequest, PaymentRequest};
use warifu_core::id::TransactionId;
use warifu_core::ledger::Capture;
use warifu_core::refusal::Refusal;
use warifu_core::time::Time;
use warifu_testkit::{TestDatabase, on_both_databases};

use crate::town::{Town, morning, refusal, yen};

const DAY: Duration = Duration::from_secs(86_400);

/// Moves the clock by whole days, backwards too.
fn step(town: &Town, days: i64) {
    let micros = days * i64::try_from(DAY.as_micros()).unwrap();
    town.clock.set(Time::from_unix_micros(town.clock_now().unix_micros() + micros).unwrap());
}

async fn hold(town: &Town, key: &str, amount: i64) -> TransactionId {
    let (request_id, code, amount) = (key.parse().unwrap(), town.code().await, yen(amount));
    let request = PaymentRequest { request_id, code, amount, capture: Capture::Later, note: None };
    let receipt = town.app.take_payment(&town.till.terminal, request).await.unwrap();
    assert_eq!(receipt.refusal(), None, "{key}");
    receipt.record.id
}

async fn capture(town: &Town, key: &str, payment: TransactionId) -> Option<Refusal> {
    let request =
        CaptureRequest { request_id: key.parse().unwrap(), payment: payment.into(), amount: None, is_final: false };
    town.app.capture_payment(&town.till.terminal, request).await.unwrap().refusal()
}

on_both_databases! {
    /// After the clock stepped back a day, what is recorded carries the time of the last record, not an earlier one, on the
    /// same business date; a code that was good stays good, and everything still adds up.
    async fn recorded_times_never_go_back(database: TestDatabase) {
        let town = Town::found(&database).await;
        town.fund("t-1", 1_000).await;
        let before = town.code().await;
        let yesterday = Time::from_unix_micros(morning().unix_micros() - i64::try_from(DAY.as_micros()).unwrap()).unwrap();
        town.clock.set(yesterday);
        let paid = town.pay("p-1", &before, 100).await.unwrap();
        assert_eq!(refusal(&paid.record), None);
        assert_eq!((paid.record.at, paid.record.business_date.number()), (morning(), 20_260_401));
        for number in 2..5 {
            town.clock.advance(Duration::from_secs(1));
            let code = town.code().await;
            // A code that is shown under the wrong clock is good all the same.
            let answered = town.pay(&format!("p-{number}"), &code, 100).await.unwrap();
            assert_eq!(refusal(&answered.record), None);
            assert_eq!(answered.record.at, morning());
        }
        town.clock.set(morning());
        town.clock.advance(Duration::from_secs(1));
        let code = town.code().await;
        let paid = town.pay("p-9", &code, 100).await.unwrap();
        assert_eq!(paid.record.at, morning().saturating_add(Duration::from_secs(1)));
        let times = database.query_raw("SELECT at FROM journal ORDER BY position").await;
        let times: Vec<i64> = times.iter().map(|row| row[0].parse().unwrap()).collect();
        assert!(times.is_sorted(), "{times:?}");
        town.close_clean(&database).await;
    }

    /// Steps of a day either way, again and again, around payments, retries, holds and a sweep: what was agreed stays agreed,
    /// no hold comes back from its expiry, nothing is counted twice, and every invariant holds.
    async fn steps_of_a_day_either_way_harm_nothing(database: TestDatabase) {
        let town = Town::found(&database).await;
        town.fund("t-1", 10_000).await;
        let mut spent = 0;
        for (number, days) in [1, -1, -1, 1, 1, -1, -1, -1, 1, 1].into_iter().enumerate() {
            let held = hold(&town, &format!("h-{number}"), 10).await;
            let shown = town.code().await;
            step(&town, days);
            // The code is good where its five minutes are not over by the recorded time, and refused otherwise; the same again
            // says the same under any clock.
            let first = town.pay(&format!("p-{number}"), &shown, 100).await.unwrap();
            step(&town, -days);
            let again = town.pay(&format!("p-{number}"), &shown, 100).await.unwrap();
            step(&town, days);
            assert_eq!((again.record, again.replayed), (first.record.clone(), true));
            assert!(matches!(refusal(&first.record), None | Some(Refusal::CodeExpired)), "{:?}", first.record);
            spent += if refusal(&first.record).is_none() { 110 } else { 10 };
            // Seven days have not passed by any clock.
            assert_eq!(capture(&town, &format!("c-{number}"), held).await, None);
            // A new code is good at once, wherever the clock stands.
            let code = town.code().await;
            let fresh = town.pay(&format!("q-{number}"), &code, 1).await.unwrap();
            assert_eq!(refusal(&fresh.record), None, "after {number} steps");
            spent += 1;
            assert_eq!(town.balance().await, 10_000 - spent);
        }
        let late = hold(&town, "h-late", 500).await;
        step(&town, 8);
        town.app.sweep_expired().await.unwrap();
        assert_eq!(town.balance().await, 10_000 - spent, "what was held is the member's again");
        step(&town, -8);
        assert_eq!(capture(&town, "c-late", late).await, Some(Refusal::HoldExpired));
        assert_eq!(town.balance().await, 10_000 - spent);
        town.close_clean(&database).await;
    }

    /// A payment after midnight in the books' time zone counts under the next date, whatever the date is in UTC.
    async fn the_business_date_follows_the_zone_of_the_books(database: TestDatabase) {
        let town = Town::found(&database).await;
        // 2026-04-01T14:59:59.999999Z, a microsecond before midnight in Tokyo.
        town.clock.set(Time::from_unix_micros(1_775_055_600_000_000 - 1).unwrap());
        let code = town.code().await;
        let evening = town.top_up("t-1", &code, 10).await.unwrap().record;
        town.clock.advance(Duration::from_micros(1));
        let code = town.code().await;
        let night = town.top_up("t-2", &code, 10).await.unwrap().record;
        assert_eq!((evening.business_date.number(), night.business_date.number()), (20_260_401, 20_260_402));
    }
}
