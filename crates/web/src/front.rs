//! What every page and resource shares, with or without a wallet behind it: the board, the figures, the limits, and whether the
//! process is ending.

use std::num::NonZeroU32;
use std::sync::Arc;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};
use tokio::sync::watch;
use warifu_app::Board;

use crate::metrics::Metrics;
use crate::problem::Problem;
use crate::reviews::{Drawings, Layouts, Press};
use crate::state::Limits;

/// The state of a web server that serves the failure board. Cloning it shares it.
#[derive(Clone, Debug)]
pub struct Front {
    pub(crate) board: Arc<Board>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) layouts: Arc<Layouts>,
    pub(crate) drawings: Arc<Drawings>,
    pub(crate) press: Arc<Press>,
    limiter: Option<Arc<DefaultKeyedRateLimiter<[u8; 16]>>>,
    doors: Option<Arc<DefaultDirectRateLimiter>>,
    is_draining: watch::Sender<bool>,
}

impl Front {
    /// A web server for `board`.
    #[must_use]
    pub fn new(board: Arc<Board>, limits: Limits) -> Self {
        let limiter = limits
            .requests_per_second
            .map(|rate| Arc::new(RateLimiter::keyed(Quota::per_second(rate).allow_burst(rate.saturating_mul(TWO)))));
        let doors = limits.requests_per_second.map(|_| Arc::new(RateLimiter::direct(DOORS)));
        let (metrics, is_draining) = (Arc::new(Metrics::new()), watch::Sender::new(false));
        let (layouts, drawings, press) = (Arc::default(), Arc::default(), Arc::default());
        Self { board, metrics, layouts, drawings, press, limiter, doors, is_draining }
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

    /// Counts a request of whoever this names against their limit.
    pub(crate) fn admit(&self, caller: &[u8; 16]) -> Result<(), Problem> {
        let Some(limiter) = &self.limiter else { return Ok(()) };
        limiter.check_key(caller).map_err(|refused| {
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
