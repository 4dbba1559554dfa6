//! The thread that settles the tail beside the commits, and does other work that need not stop them; and how the thread that writes deals
//! with it.
//!
//! It writes into the database only between an order and its end, and the thread that writes only while there is none. So the two never
//! wait for each other's locks, and who holds the database knows that nobody of this process changes it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::job::Job;
use super::log::Log;
use super::open::Open;
use super::tail::Slice;
use super::worker::{Wake, Worker, open};
use crate::engine::Transaction;
use crate::error::StoreError;

/// Whoever waits until something is settled.
pub(super) type Answer = oneshot::Sender<Result<(), StoreError>>;

/// What it is to do.
pub(super) enum Order {
    /// To settle a slice, and tell those who wait for it.
    Settle(Slice, Vec<Answer>),
    /// To do jobs that change nothing that is remembered or recorded.
    Work(Vec<Box<dyn Job>>),
}

/// What came of it.
pub(super) enum End {
    Settled(Slice, Result<(), StoreError>),
    /// Who waited for the jobs knows.
    Worked,
}

/// The sending end of the thread.
#[derive(Debug)]
pub(super) struct Settler {
    orders: Option<mpsc::Sender<Order>>,
    ended: mpsc::Receiver<End>,
    thread: Option<JoinHandle<()>>,
    is_busy: bool,
}

impl Settler {
    /// Starts the thread on a connection of its own. `wake` is told of each end.
    pub(super) fn start(connection: Connection, log: Log, mover: Worker, wake: Wake) -> Result<Self, StoreError> {
        let (orders, ordered) = mpsc::channel();
        let (end, ended) = mpsc::channel();
        let work = move || {
            let mut transaction = Transaction::on(connection, None);
            while let Ok(order) = ordered.recv() {
                let _ = end.send(carry_out(order, &mut transaction, &log));
                wake.ring();
                log.look_after(open(&mut transaction).connection(), || mover.move_log());
            }
            log.prepare_to_close(open(&mut transaction).connection());
        };
        let thread = std::thread::Builder::new().name("sqlite-settler".to_owned()).spawn(work);
        let thread = thread.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self { orders: Some(orders), ended, thread: Some(thread), is_busy: false })
    }

    /// Whether it is at work, as far as is known.
    pub(super) const fn is_busy(&self) -> bool {
        self.is_busy
    }

    /// Has something done. It must not be busy.
    pub(super) fn order(&mut self, order: Order) {
        self.is_busy = self.orders.as_ref().is_some_and(|orders| orders.send(order).is_ok());
    }

    /// What came of the order, if it has come to an end.
    pub(super) fn ended(&mut self) -> Option<End> {
        let ended = self.ended.try_recv().ok();
        self.is_busy &= ended.is_none();
        ended
    }

    /// The same; waits for it.
    pub(super) fn end(&mut self) -> Option<End> {
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

fn carry_out(order: Order, transaction: &mut Transaction, log: &Log) -> End {
    match order {
        Order::Settle(slice, waiting) => {
            // Whoever writes has to learn that the slice still waits, whatever happens to this thread.
            let settled = catch_unwind(AssertUnwindSafe(|| settle(open(transaction), &slice, log)));
            let settled = settled.unwrap_or_else(|_| Err(StoreError::Stopped("settling panicked".to_owned())));
            if let Err(error) = &settled {
                log.note(error);
            }
            // Nobody may be waiting any more, or be there.
            for answer in waiting {
                let _ = answer.send(settled.clone());
            }
            End::Settled(slice, settled)
        }
        Order::Work(jobs) => {
            jobs.into_iter().for_each(|job| work(job, transaction, log));
            End::Worked
        }
    }
}

fn settle(open: &mut Open, slice: &Slice, log: &Log) -> Result<(), StoreError> {
    log.check()?;
    open.begin_beside()?;
    let settled = slice.settle(open.connection());
    let settled = settled.and_then(|()| Ok(open.connection().execute_batch("COMMIT")?));
    open.roll_back();
    settled
}

/// Does one job in a transaction of its own.
fn work(job: Box<dyn Job>, transaction: &mut Transaction, log: &Log) {
    if let Err(error) = log.check().and_then(|()| open(transaction).begin_beside()) {
        return job.refuse(error);
    }
    let (own, tell) = job.run(transaction);
    let open = open(transaction);
    let ended = own.and_then(|()| open.commit());
    open.roll_back();
    if let Err(error) = &ended {
        log.note(error);
    }
    tell(ended);
}
