//! What the queue is made with besides tokio: locks, counters, time. `schedules/` has a file of this name with others, so
//! that it decides which step comes next and how late it is.

pub(super) use std::sync::RwLock;
pub(super) use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
pub(super) use std::time::Instant;

pub(super) use tokio::time::sleep;
