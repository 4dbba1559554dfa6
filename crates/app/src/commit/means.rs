//! What the queue is made with besides tokio: locks, counters, time. `schedules/` has a file of this name with others, so
//! that it decides which step comes next and how late it is.

pub(super) use std::sync::RwLock;
pub(super) use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
pub(super) use std::time::Instant;

pub(super) use tokio::time::sleep;

use tokio::runtime::Handle;
use tokio::task::{JoinHandle, spawn_blocking};

/// Starts a lane, on a thread of its own: among the tasks of thousands of connections it would wait for its turn, and they all for it.
pub(super) fn start(lane: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    let runtime = Handle::current();
    spawn_blocking(move || runtime.block_on(lane))
}
