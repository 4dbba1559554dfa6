//! When a failed delivery is tried again.

use std::time::Duration;

use warifu_core::time::Time;
use warifu_store::Ended;

const SECOND: u64 = 1;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

/// How long after each failed attempt the next one is made: twelve attempts in three days.
pub const BACK_OFF: [Duration; 11] = [
    Duration::from_secs(5 * SECOND),
    Duration::from_secs(30 * SECOND),
    Duration::from_secs(2 * MINUTE),
    Duration::from_secs(10 * MINUTE),
    Duration::from_secs(30 * MINUTE),
    Duration::from_secs(HOUR),
    Duration::from_secs(3 * HOUR),
    Duration::from_secs(6 * HOUR),
    Duration::from_secs(12 * HOUR),
    Duration::from_secs(24 * HOUR),
    Duration::from_secs(24 * HOUR),
];

/// What becomes of a delivery after its `attempts`th attempt failed. The wait is longer by up to a tenth, as `chance` has
/// it, so that what failed together does not come back together.
pub(super) fn after_failure(attempts: i64, now: Time, chance: u8) -> Ended {
    let index = attempts.checked_sub(1).and_then(|index| usize::try_from(index).ok()).unwrap_or(0);
    match BACK_OFF.get(index) {
        None => Ended::Failed(now),
        Some(wait) => {
            let jitter = wait.saturating_mul(u32::from(chance)) / (10 * u32::from(u8::MAX));
            Ended::NotYet(now.saturating_add(*wait).saturating_add(jitter))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twelve_attempts_are_made_in_three_days() {
        let mut now = Time::EPOCH;
        for (attempt, wait) in (1..).zip(BACK_OFF) {
            let Ended::NotYet(next) = after_failure(attempt, now, 0) else { unreachable!("attempt {attempt}") };
            assert_eq!(next, now.saturating_add(wait));
            let Ended::NotYet(latest) = after_failure(attempt, now, u8::MAX) else { unreachable!("attempt {attempt}") };
            assert_eq!(latest, now.saturating_add(wait).saturating_add(wait / 10));
            now = next;
        }
        assert_eq!(after_failure(12, now, 0), Ended::Failed(now));
        assert_eq!(after_failure(13, now, 0), Ended::Failed(now));
        let hours = now.unix_micros() / 3_600_000_000;
        assert!((70..=72).contains(&hours), "{hours}");
    }
}
