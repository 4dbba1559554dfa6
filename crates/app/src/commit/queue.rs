//! The mechanics of the commit queue: what waits, the lanes that empty it, and who is told what. It does not know what a
//! command is or how a batch is committed, so that `schedules/` can put this same file through the orders of its steps.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinHandle;

use super::means::{AtomicBool, AtomicU64, Instant, Ordering, RwLock, sleep, start};
use super::{Fault, StoreError};

/// What keeps the queue from growing, and a command from waiting, without end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// How many commands may wait.
    pub(super) queue_max: usize,
    /// How many commands one commit takes at most.
    pub(super) batch_max: usize,
    /// How long a command may wait before it is dropped undone.
    pub(super) deadline: Duration,
    /// How many commands are a long queue.
    pub(super) long: usize,
    /// How many commits in a row must leave a long queue behind them until more comes than can be done; and how many must
    /// pass without a command being turned away until it does no more.
    pub(super) commits: u32,
    /// Where commits are slow: as few in a row are enough, if they took so long.
    pub(super) slow: (u32, Duration),
    /// How often a batch is run because it gave way to another one or lost its answer.
    pub(super) tries: u32,
}

struct Pending<S, R> {
    submission: S,
    since: Instant,
    answer: oneshot::Sender<Result<R, Fault>>,
}

/// Counters since the start of the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Commits that held at least one command.
    pub batches: u64,
    /// Commands that were answered from a commit.
    pub commands: u64,
    /// Commands that were told at once that too much is waiting.
    pub overloaded: u64,
    /// Commands that were dropped at their deadline.
    pub dropped: u64,
    /// Batches that had to be run again.
    pub retried: u64,
    /// Commands that wait now.
    pub waiting: u64,
}

#[derive(Debug, Default)]
struct Counters {
    batches: AtomicU64,
    commands: AtomicU64,
    overloaded: AtomicU64,
    dropped: AtomicU64,
    retried: AtomicU64,
}

/// The way into the queue; gone once it drains.
type Entrance<S, R> = RwLock<Option<mpsc::Sender<Pending<S, R>>>>;

/// The queue and the lanes that empty it. `S` is what is submitted, `R` what it comes to.
#[derive(Debug)]
pub(crate) struct Queue<S, R> {
    entrance: Arc<Entrance<S, R>>,
    lanes: Mutex<Vec<JoinHandle<()>>>,
    counters: Arc<Counters>,
    pressure: Arc<Pressure>,
    bounds: Bounds,
}

struct Lane<S, R, C> {
    queue: Arc<Mutex<mpsc::Receiver<Pending<S, R>>>>,
    commit: C,
    bounds: Bounds,
    counters: Arc<Counters>,
    pressure: Arc<Pressure>,
}

/// Whether more comes than can be done.
///
/// A burst fills the queue too, and so does a disk that stands still for a moment; both are worked off by a few commits.
/// Only a queue that stays long while commits go on is too much. From then on only as many may wait as the next commit takes:
/// so every commit is full, whoever is let in is done by the one after the one at work, and all others are told at once.
#[derive(Debug, Default)]
pub(super) struct Pressure {
    is_standing: AtomicBool,
    /// How many commits in a row speak for the other, and since when.
    streak: RwLock<Option<(u32, Instant)>>,
    has_refused: AtomicBool,
}

impl Pressure {
    /// Notes what waits behind a batch that was taken.
    pub(super) fn note(&self, waiting: usize, bounds: &Bounds) {
        let is_standing = self.is_standing.load(Ordering::Relaxed);
        let changes = match is_standing {
            true => !self.has_refused.swap(false, Ordering::Relaxed),
            false => waiting >= bounds.long,
        };
        let mut streak = self.streak.write().unwrap_or_else(PoisonError::into_inner);
        *streak = changes.then(|| streak.map_or_else(|| (1, Instant::now()), |(commits, since)| (commits + 1, since)));
        let (few, long) = bounds.slow;
        let is_over = streak.is_some_and(|(commits, since)| {
            commits >= bounds.commits || !is_standing && commits >= few && since.elapsed() >= long
        });
        if is_over {
            *streak = None;
            self.is_standing.store(!is_standing, Ordering::Relaxed);
        }
    }

    /// Whether one more would be too many behind so many that wait.
    pub(super) fn refuses(&self, waiting: usize, bounds: &Bounds) -> bool {
        let refuses = self.is_standing.load(Ordering::Relaxed) && waiting >= bounds.batch_max;
        if refuses {
            self.has_refused.store(true, Ordering::Relaxed);
        }
        refuses
    }
}

impl<S, R> Queue<S, R>
where
    S: Clone + Send + Sync + 'static,
    R: Send + 'static,
{
    /// Starts the lanes. Must run inside a tokio runtime.
    ///
    /// `commit` runs a batch to its end: each of the batch is answered in its place and all of it is durable, or an error
    /// says what became of it.
    pub(super) fn open<C, W>(bounds: Bounds, lanes: usize, commit: C) -> Self
    where
        C: Fn(Arc<Vec<S>>) -> W + Clone + Send + Sync + 'static,
        W: Future<Output = Result<Vec<Result<R, Fault>>, StoreError>> + Send + 'static,
    {
        let (sender, receiver) = mpsc::channel(bounds.queue_max);
        let queue = Arc::new(Mutex::new(receiver));
        let (counters, pressure) = (Arc::new(Counters::default()), Arc::new(Pressure::default()));
        let lanes = (0..lanes)
            .map(|_| {
                let lane = Lane {
                    queue: Arc::clone(&queue),
                    commit: commit.clone(),
                    bounds,
                    counters: Arc::clone(&counters),
                    pressure: Arc::clone(&pressure),
                };
                start(lane.run())
            })
            .collect();
        let entrance = Arc::new(RwLock::new(Some(sender)));
        Self { entrance, lanes: Mutex::new(lanes), counters, pressure, bounds }
    }

    /// Queues a command and waits for its commit.
    pub(crate) async fn submit(&self, submission: S) -> Result<R, Fault> {
        let sender = self.entrance.read().unwrap_or_else(PoisonError::into_inner).clone().ok_or(Fault::ShuttingDown)?;
        let (answer, answered) = oneshot::channel();
        let waiting = sender.max_capacity().saturating_sub(sender.capacity());
        let is_queued = !self.pressure.refuses(waiting, &self.bounds)
            && sender.try_send(Pending { submission, since: Instant::now(), answer }).is_ok();
        if !is_queued {
            self.counters.overloaded.fetch_add(1, Ordering::Relaxed);
            return Err(Fault::Overloaded);
        }
        drop(sender);
        answered.await.map_err(|_| StoreError::Unknown("the commit queue ended".to_owned()))?
    }

    /// Whether a command that came now would be told that too much waits, so that it can be told so before it is read.
    pub(crate) fn is_overloaded(&self) -> bool {
        self.pressure.refuses(self.waiting(), &self.bounds)
    }

    fn waiting(&self) -> usize {
        let sender = self.entrance.read().unwrap_or_else(PoisonError::into_inner);
        sender.as_ref().map_or(0, |sender| sender.max_capacity().saturating_sub(sender.capacity()))
    }

    /// Queues a command after a while, whatever becomes of it.
    pub(crate) fn submit_later(&self, submission: S, after: Duration) -> Result<(), Fault> {
        if self.entrance.read().unwrap_or_else(PoisonError::into_inner).is_none() {
            return Err(Fault::ShuttingDown);
        }
        // Who holds a sender keeps the queue from draining, so it is taken only when the while is over.
        let entrance = Arc::downgrade(&self.entrance);
        tokio::spawn(async move {
            sleep(after).await;
            let Some(entrance) = entrance.upgrade() else { return };
            let sender = entrance.read().unwrap_or_else(PoisonError::into_inner).clone();
            if let Some(sender) = sender {
                let (answer, _) = oneshot::channel();
                let _ = sender.try_send(Pending { submission, since: Instant::now(), answer });
            }
        });
        Ok(())
    }

    pub(crate) fn statistics(&self) -> Statistics {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Statistics {
            batches: read(&self.counters.batches),
            commands: read(&self.counters.commands),
            overloaded: read(&self.counters.overloaded),
            dropped: read(&self.counters.dropped),
            retried: read(&self.counters.retried),
            waiting: u64::try_from(self.waiting()).unwrap_or(u64::MAX),
        }
    }

    /// Takes no more commands, finishes those that wait, and returns when the last commit is done.
    pub(crate) async fn drain(&self) {
        self.entrance.write().unwrap_or_else(PoisonError::into_inner).take();
        for lane in self.lanes.lock().await.drain(..) {
            if let Err(error) = lane.await {
                tracing::error!(%error, "a commit lane ended badly");
            }
        }
    }
}

impl<S, R, C, W> Lane<S, R, C>
where
    S: Clone,
    C: Fn(Arc<Vec<S>>) -> W,
    W: Future<Output = Result<Vec<Result<R, Fault>>, StoreError>>,
{
    async fn run(self) {
        while let Some(batch) = self.next_batch().await {
            if !batch.is_empty() {
                self.commit(batch).await;
            }
        }
    }

    /// Takes what is there and never waits for more: a window would only add its length to every answer. Who has waited
    /// longer than is bearable is told so and not taken. `None` when there is nothing and nothing will come.
    async fn next_batch(&self) -> Option<Vec<Pending<S, R>>> {
        let most = self.bounds.batch_max;
        let mut queue = self.queue.lock().await;
        let mut taken = vec![queue.recv().await?];
        let mut batch = Vec::with_capacity(most);
        while !taken.is_empty() {
            let (live, late): (Vec<_>, Vec<_>) =
                taken.into_iter().partition(|pending: &Pending<S, R>| pending.since.elapsed() < self.bounds.deadline);
            batch.extend(live);
            late.into_iter().for_each(|pending| self.drop_late(pending));
            taken = std::iter::from_fn(|| queue.try_recv().ok()).take(most.saturating_sub(batch.len())).collect();
        }
        self.pressure.note(queue.len(), &self.bounds);
        Some(batch)
    }

    fn drop_late(&self, pending: Pending<S, R>) {
        self.counters.dropped.fetch_add(1, Ordering::Relaxed);
        let _ = pending.answer.send(Err(Fault::TimedOut));
    }

    /// Commits a batch and answers everyone in it. A batch that fails for a reason that may lie with one command is taken
    /// apart, so that only this one fails.
    async fn commit(&self, batch: Vec<Pending<S, R>>) {
        let (submissions, waiting): (Vec<_>, Vec<_>) =
            batch.into_iter().map(|pending| (pending.submission, (pending.since, pending.answer))).unzip();
        let result = self.try_commit(submissions.clone()).await;
        match result {
            Ok(receipts) => {
                for ((_, answer), receipt) in waiting.into_iter().zip(receipts) {
                    // Whoever hung up finds the outcome by its request key.
                    let _ = answer.send(receipt);
                }
            }
            Err(error @ (StoreError::Constraint(_) | StoreError::Corrupt { .. } | StoreError::Failed(_)))
                if submissions.len() > 1 =>
            {
                tracing::warn!(%error, commands = submissions.len(), "a batch failed and is run one by one");
                for (submission, (since, answer)) in submissions.into_iter().zip(waiting) {
                    // The batch was rolled back, so whoever waited too long meanwhile is certainly undone.
                    if since.elapsed() >= self.bounds.deadline {
                        self.counters.dropped.fetch_add(1, Ordering::Relaxed);
                        let _ = answer.send(Err(Fault::TimedOut));
                        continue;
                    }
                    let receipt = self.try_commit(vec![submission]).await;
                    let receipt = receipt
                        .map_err(Fault::from)
                        .and_then(|mut receipts| receipts.pop().unwrap_or(Err(Fault::Overloaded)));
                    let _ = answer.send(receipt);
                }
            }
            Err(error) => {
                tracing::warn!(%error, commands = waiting.len(), "a batch failed");
                for (_, answer) in waiting {
                    let _ = answer.send(Err(Fault::Store(error.clone())));
                }
            }
        }
    }

    async fn try_commit(&self, submissions: Vec<S>) -> Result<Vec<Result<R, Fault>>, StoreError> {
        let count = u64::try_from(submissions.len()).unwrap_or(u64::MAX);
        let submissions = Arc::new(submissions);
        let mut tries = 0;
        // Once an answer to a commit was lost, no later failure makes it certain again that nothing was done.
        let mut unknown = None;
        loop {
            tries += 1;
            match (self.commit)(Arc::clone(&submissions)).await {
                // Running it again is safe even if it was committed: the request keys are then found claimed by it.
                Err(error @ (StoreError::Conflict(_) | StoreError::Unknown(_))) if tries < self.bounds.tries => {
                    tracing::debug!(%error, tries, "running a batch again");
                    if matches!(error, StoreError::Unknown(_)) {
                        unknown = Some(error);
                    }
                    self.counters.retried.fetch_add(1, Ordering::Relaxed);
                    sleep(Duration::from_millis(u64::from(tries) * 5)).await;
                }
                Ok(receipts) => {
                    self.counters.batches.fetch_add(1, Ordering::Relaxed);
                    self.counters.commands.fetch_add(count, Ordering::Relaxed);
                    return Ok(receipts);
                }
                Err(error) => return Err(unknown.unwrap_or(error)),
            }
        }
    }
}
