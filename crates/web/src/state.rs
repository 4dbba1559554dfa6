//! What every handler shares.

use std::num::NonZeroU32;
use std::sync::Arc;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};
use tokio::sync::watch;
use warifu_app::{App, Caller};

use crate::metrics::Metrics;
use crate::problem::Problem;

/// How much one caller may ask.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Requests a second, on average, from one terminal, member or partner; twice as many at once. `None` for no limit.
    pub requests_per_second: Option<NonZeroU32>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { requests_per_second: NonZeroU32::new(200) }
    }
}

/// The state of the web server. Cloning it shares it.
#[derive(Clone, Debug)]
pub struct Web {
    pub(crate) app: Arc<App>,
    pub(crate) metrics: Arc<Metrics>,
    limiter: Option<Arc<DefaultKeyedRateLimiter<[u8; 16]>>>,
    doors: Option<Arc<DefaultDirectRateLimiter>>,
    is_draining: watch::Sender<bool>,
    plays_notes: bool,
}

impl Web {
    /// A web server for `app`.
    #[must_use]
    pub fn new(app: Arc<App>, limits: Limits) -> Self {
        let limiter = limits
            .requests_per_second
            .map(|rate| Arc::new(RateLimiter::keyed(Quota::per_second(rate).allow_burst(rate.saturating_mul(TWO)))));
        let doors = limits.requests_per_second.map(|_| Arc::new(RateLimiter::direct(DOORS)));
        let is_draining = watch::Sender::new(false);
        Self { app, metrics: Arc::new(Metrics::new()), limiter, doors, is_draining, plays_notes: false }
    }

    /// The same, not shared yet, where ATMs without a machine have buttons that play one: for a demonstration, where no money is real.
    #[must_use]
    pub fn playing_notes(self) -> Self {
        Self { plays_notes: true, ..self }
    }

    pub(crate) const fn plays_notes(&self) -> bool {
        self.plays_notes
    }

    /// Says on `/readyz` that this process is ending, so that nobody sends it more work.
    pub fn begin_draining(&self) {
        self.is_draining.send_replace(true);
    }

    pub(crate) fn is_draining(&self) -> bool {
        *self.is_draining.borrow()
    }

    /// Ready when this process is ending, so that what would go on for ever ends too.
    pub(crate) async fn drained(&self) {
        // An error means that the sender is gone, and this is one.
        let _ = self.is_draining.subscribe().wait_for(|is_draining| *is_draining).await;
    }

    /// Counts a request of somebody who is not known yet: all of them together have one limit.
    pub(crate) fn admit_anyone(&self) -> Result<(), Problem> {
        let Some(doors) = &self.doors else { return Ok(()) };
        doors.check().map_err(|_| Problem::rate_limited(1))
    }

    /// Counts a request of `caller` against its limit.
    pub(crate) fn admit(&self, caller: &Caller) -> Result<(), Problem> {
        let Some(limiter) = &self.limiter else { return Ok(()) };
        let key = match caller {
            Caller::Terminal(terminal) => terminal.id.bytes(),
            Caller::Member(phone) => phone.member.bytes(),
            Caller::Partner(partner) => partner.id.bytes(),
        };
        limiter.check_key(&key).map_err(|refused| {
            // Whole seconds, rounded up: an early retry would be refused again.
            let wait = refused.wait_time_from(DefaultClock::default().now());
            Problem::rate_limited(wait.as_secs().saturating_add(1))
        })
    }
}

/// Sign-ups and sign-ins a second, in all: each makes work before anybody is known. Twice as many steps, for each has two.
const DOORS: Quota = Quota::per_second(HUNDRED);
const HUNDRED: NonZeroU32 = NonZeroU32::MIN.saturating_add(99);
const TWO: NonZeroU32 = NonZeroU32::MIN.saturating_add(1);
