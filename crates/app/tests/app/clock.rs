//! The clock of the machine may jump; what is recorded never goes back.

use std::time::Duration;

use warifu_core::time::Time;
use warifu_testkit::{TestDatabase, on_both_databases};

use crate::town::{Town, morning, refusal};

const DAY: Duration = Duration::from_secs(86_400);

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
