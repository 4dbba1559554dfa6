//! The clock. Decisions get the time as an argument; this is where it comes from.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use warifu_core::time::Time;

/// Where the time comes from.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The present.
    fn now(&self) -> Time;
}

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Time {
        // A clock set before 1970 or after 9999 reads as the bound; recorded times never go back for it.
        let micros = jiff::Timestamp::now().as_microsecond();
        Time::from_unix_micros(micros).unwrap_or(if micros < 0 { Time::EPOCH } else { Time::MAX })
    }
}

/// A clock that stands still until it is moved, for tests and for rehearsals.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that stands at `time`.
    #[must_use]
    pub const fn at(time: Time) -> Self {
        Self(AtomicI64::new(time.unix_micros()))
    }

    /// Moves the clock forward.
    pub fn advance(&self, duration: Duration) {
        self.0.store(self.now().saturating_add(duration).unix_micros(), Ordering::SeqCst);
    }

    /// Sets the clock, backwards too.
    pub fn set(&self, time: Time) {
        self.0.store(time.unix_micros(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Time {
        Time::from_unix_micros(self.0.load(Ordering::SeqCst)).unwrap_or(Time::EPOCH)
    }
}
