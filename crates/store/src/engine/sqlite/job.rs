//! Some work that one of the threads is to do, and who waits for what comes of it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::sync::oneshot;

use crate::engine::{Transaction, Work};
use crate::error::StoreError;

/// Some work and whoever waits for it.
pub(super) trait Job: Send {
    /// Does the work in the open transaction. If it says that it failed, what it did is to be undone.
    fn run(self: Box<Self>, transaction: &mut Transaction) -> (Result<(), StoreError>, Ended);
    /// Answers that it was not begun.
    fn refuse(self: Box<Self>, error: StoreError);
}

impl std::fmt::Debug for dyn Job {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Job")
    }
}

/// Answers how it ended, once that is known of the transaction: the job's own error, if it had one.
pub(super) type Ended = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

pub(super) struct Errand<T> {
    pub(super) work: Work<T>,
    pub(super) answer: oneshot::Sender<Result<T, StoreError>>,
}

impl<T: Send + 'static> Job for Errand<T> {
    fn run(self: Box<Self>, transaction: &mut Transaction) -> (Result<(), StoreError>, Ended) {
        let Self { work, answer } = *self;
        // Ready at the first poll: nothing on this engine waits.
        let outcome = catch_unwind(AssertUnwindSafe(|| futures::executor::block_on(work(transaction))));
        let outcome = outcome.unwrap_or_else(|_| Err(StoreError::Failed("a transaction panicked".to_owned())));
        let own = outcome.as_ref().map(drop).map_err(StoreError::clone);
        // Nobody may be waiting any more; the transaction ended all the same.
        (own, Box::new(move |ended| drop(answer.send(outcome.and_then(|value| ended.map(|()| value))))))
    }

    fn refuse(self: Box<Self>, error: StoreError) {
        let _ = self.answer.send(Err(error));
    }
}
