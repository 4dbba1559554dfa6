//! The thread that settles the tail beside the commits, and how the thread that writes deals with it.
//!
//! It writes into the database only between an order and its end, and the thread that writes only while there is none. So the two never
//! wait for each other's locks, and who holds the database knows that nobody of this process changes it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::log::Log;
use super::tail::Slice;
use super::worker::{Wake, Worker};
use crate::error::StoreError;

/// Whoever waits until something is settled.
pub(super) type Answer = oneshot::Sender<Result<(), StoreError>>;

/// The sending end of the thread.
#[derive(Debug)]
pub(super) struct Settler {
    orders: Option<mpsc::Sender<(Slice, Vec<Answer>)>>,
    ended: mpsc::Receiver<(Slice, Result<(), StoreError>)>,
    thread: Option<JoinHandle<()>>,
    is_busy: bool,
}

impl Settler {
    /// Starts the thread on a connection of its own. `wake` is told of each end.
    pub(super) fn start(connection: Connection, log: Log, mover: Worker, wake: Wake) -> Result<Self, StoreError> {
        let (orders, ordered) = mpsc::channel::<(Slice, Vec<Answer>)>();
        let (end, ended) = mpsc::channel();
        let work = move || {
            while let Ok((slice, waiting)) = ordered.recv() {
                // Whoever writes has to learn that the slice still waits, whatever happens to this thread.
                let settled = catch_unwind(AssertUnwindSafe(|| settle(&connection, &slice, &log)));
                let settled = settled.unwrap_or_else(|_| Err(StoreError::Stopped("settling panicked".to_owned())));
                if let Err(error) = &settled {
                    log.note(error);
                }
                // Nobody may be waiting any more, or be there.
                for answer in waiting {
                    let _ = answer.send(settled.clone());
                }
                let _ = end.send((slice, settled));
                wake.ring();
                log.look_after(&connection, || mover.move_log());
            }
            log.prepare_to_close(&connection);
        };
        let thread = std::thread::Builder::new().name("sqlite-settler".to_owned()).spawn(work);
        let thread = thread.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self { orders: Some(orders), ended, thread: Some(thread), is_busy: false })
    }

    /// Whether it is at work, as far as is known.
    pub(super) const fn is_busy(&self) -> bool {
        self.is_busy
    }

    /// Has a slice settled, and `waiting` told. It must not be busy.
    pub(super) fn order(&mut self, slice: Slice, waiting: Vec<Answer>) {
        self.is_busy = self.orders.as_ref().is_some_and(|orders| orders.send((slice, waiting)).is_ok());
    }

    /// What came of the slice that it was given, if it has come to an end.
    pub(super) fn ended(&mut self) -> Option<(Slice, Result<(), StoreError>)> {
        let ended = self.ended.try_recv().ok();
        self.is_busy &= ended.is_none();
        ended
    }

    /// The same; waits for it.
    pub(super) fn end(&mut self) -> Option<(Slice, Result<(), StoreError>)> {
        if !self.is_busy {
            return None;
        }
        self.is_busy = false;
        self.ended.recv().ok()
    }

    /// Has it close its connection.
    pub(super) fn close(&mut self) {
        self.orders = None;
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that settles had ended");
        }
    }
}

fn settle(connection: &Connection, slice: &Slice, log: &Log) -> Result<(), StoreError> {
    log.check()?;
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let settled = slice.settle(connection).and_then(|()| Ok(connection.execute_batch("COMMIT")?));
    if !connection.is_autocommit()
        && let Err(error) = connection.execute_batch("ROLLBACK")
    {
        tracing::error!(%error, "a transaction could not be rolled back");
    }
    settled
}
