//! What the queue is made with here: locks and counters whose every use is a step, and a time that stands still until
//! somebody moves it, which is a step as well.

use std::time::Duration;

use shuttle::future::yield_now;
pub(crate) use shuttle::sync::RwLock;
pub(crate) use shuttle::sync::atomic::{AtomicBool, AtomicU64, Ordering};

shuttle::lazy_static! {
    /// Microseconds since the schedule began.
    static ref NOW: AtomicU64 = AtomicU64::new(0);
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Instant(u64);

impl Instant {
    pub(crate) fn now() -> Self {
        Self(NOW.load(Ordering::SeqCst))
    }

    pub(crate) fn elapsed(&self) -> Duration {
        Duration::from_micros(NOW.load(Ordering::SeqCst) - self.0)
    }
}

/// Time passes, for everybody.
pub(crate) fn advance(by: Duration) {
    NOW.fetch_add(micros(by), Ordering::SeqCst);
}

/// Starts a lane.
pub(crate) fn start(lane: impl Future<Output = ()> + Send + 'static) -> tokio::task::JoinHandle<()> {
    tokio::spawn(lane)
}

/// Lets others go on, for as long as the schedule likes; then it is at least as late as was asked for.
pub(crate) async fn sleep(duration: Duration) {
    let end = NOW.load(Ordering::SeqCst) + micros(duration);
    yield_now().await;
    NOW.fetch_max(end, Ordering::SeqCst);
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
