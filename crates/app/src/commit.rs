//! The commit queue: commands gather while the last commit runs, are decided one after another against the same loaded
//! state, and become durable together. Each caller is answered after the commit that holds its command.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinHandle;
use warifu_core::id::TransactionId;
use warifu_core::ledger::{Command, Kind, Loaded, Transaction as Record, decide};
use warifu_core::refusal::Refusal;
use warifu_core::request::{BodyHash, RequestKey};
use warifu_core::time::Time;
use warifu_store::{Database, StoreError, Transaction, Wanted};

use crate::clock::Clock;
use crate::fault::Fault;

/// How many commands one commit takes at most.
const BATCH_MAX: usize = 256;
/// How many commands may wait. At ten thousand a second this is less than half a second of work.
const QUEUE_MAX: usize = 4_096;
/// How long a command may wait before it is dropped undone; a till waits 30 seconds.
const DEADLINE: Duration = Duration::from_secs(10);
/// How many commands one commit takes, and how long one may have waited, while more comes than can be done: then a short
/// wait for some is worth more than a long one for all.
const STANDING: (usize, Duration) = (64, Duration::from_millis(5));
/// How often a batch is run again because it gave way to another one or lost its answer.
const TRIES: u32 = 5;

/// What a command came to.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// The transaction that stands in the journal under the command's key.
    pub record: Record,
    /// Whether it was recorded for an earlier request.
    pub replayed: bool,
    /// Whether the record is the cancel that came before what was asked, which is then refused for good.
    pub was_canceled: bool,
}

impl Receipt {
    /// Why it was refused; `None` if it was done.
    #[must_use]
    pub const fn refusal(&self) -> Option<Refusal> {
        if self.was_canceled { Some(Refusal::AlreadyCanceled) } else { self.record.refusal() }
    }
}

/// A command and the hashes, one a key of the ring, by which an earlier record may know the same request.
#[derive(Clone, Debug)]
pub(crate) struct Submission {
    pub(crate) command: Command,
    pub(crate) bodies: Vec<BodyHash>,
}

struct Pending {
    submission: Submission,
    since: Instant,
    answer: oneshot::Sender<Result<Receipt, Fault>>,
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

/// The queue and the lanes that empty it.
#[derive(Debug)]
pub(crate) struct CommitQueue {
    sender: RwLock<Option<mpsc::Sender<Pending>>>,
    lanes: Mutex<Vec<JoinHandle<()>>>,
    counters: Arc<Counters>,
    pressure: Arc<Pressure>,
}

struct Lane {
    queue: Arc<Mutex<mpsc::Receiver<Pending>>>,
    database: Database,
    clock: Arc<dyn Clock>,
    zone: TimeZone,
    counters: Arc<Counters>,
    pressure: Arc<Pressure>,
}

/// Whether more comes than can be done.
///
/// A burst fills the queue too, and so does a disk that stands still for a moment; both are worked off by a few commits.
/// Only a queue that stays long while commits go on is too much.
#[derive(Debug, Default)]
struct Pressure(AtomicU32);

impl Pressure {
    /// How many commits in a row must leave a long queue behind them.
    const COMMITS: u32 = 16;
    /// How long that is.
    const LONG: usize = 64;

    /// Notes what waits behind a batch that was taken.
    fn note(&self, waiting: usize) {
        if waiting < Self::LONG {
            self.0.store(0, Ordering::Relaxed);
        } else {
            let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| count.checked_add(1));
        }
    }

    fn is_standing(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= Self::COMMITS
    }
}

impl CommitQueue {
    /// Starts the lanes. Must run inside a tokio runtime.
    pub(crate) fn start(database: &Database, clock: &Arc<dyn Clock>, zone: &TimeZone) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE_MAX);
        let queue = Arc::new(Mutex::new(receiver));
        let (counters, pressure) = (Arc::new(Counters::default()), Arc::new(Pressure::default()));
        let lanes = (0..database.lanes())
            .map(|_| {
                let lane = Lane {
                    queue: Arc::clone(&queue),
                    database: database.clone(),
                    clock: Arc::clone(clock),
                    zone: zone.clone(),
                    counters: Arc::clone(&counters),
                    pressure: Arc::clone(&pressure),
                };
                tokio::spawn(lane.run())
            })
            .collect();
        Self { sender: RwLock::new(Some(sender)), lanes: Mutex::new(lanes), counters, pressure }
    }

    /// Queues a command and waits for its commit.
    pub(crate) async fn submit(&self, submission: Submission) -> Result<Receipt, Fault> {
        let sender = self.sender.read().unwrap_or_else(PoisonError::into_inner).clone().ok_or(Fault::ShuttingDown)?;
        let (answer, answered) = oneshot::channel();
        sender.try_send(Pending { submission, since: Instant::now(), answer }).map_err(|_| {
            self.counters.overloaded.fetch_add(1, Ordering::Relaxed);
            Fault::Overloaded
        })?;
        drop(sender);
        answered.await.map_err(|_| StoreError::Unknown("the commit queue ended".to_owned()))?
    }

    /// Whether a command that came now would most likely be told that too much waits, so that it can be told so before it is
    /// read.
    pub(crate) fn is_overloaded(&self) -> bool {
        self.pressure.is_standing() && self.waiting() >= Pressure::LONG
    }

    fn waiting(&self) -> usize {
        let sender = self.sender.read().unwrap_or_else(PoisonError::into_inner);
        sender.as_ref().map_or(0, |sender| sender.max_capacity().saturating_sub(sender.capacity()))
    }

    /// Queues a command after a while, whatever becomes of it.
    pub(crate) fn submit_later(&self, submission: Submission, after: Duration) -> Result<(), Fault> {
        let sender = self.sender.read().unwrap_or_else(PoisonError::into_inner).clone().ok_or(Fault::ShuttingDown)?;
        // A strong one would keep the queue from draining.
        let sender = sender.downgrade();
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            if let Some(sender) = sender.upgrade() {
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
        self.sender.write().unwrap_or_else(PoisonError::into_inner).take();
        for lane in self.lanes.lock().await.drain(..) {
            if let Err(error) = lane.await {
                tracing::error!(%error, "a commit lane ended badly");
            }
        }
    }
}

impl Lane {
    async fn run(self) {
        while let Some(batch) = self.next_batch().await {
            if !batch.is_empty() {
                self.commit(batch).await;
            }
        }
    }

    /// Takes what is there and never waits for more: a window would only add its length to every answer. Who has waited
    /// longer than is bearable is told so and not taken. `None` when there is nothing and nothing will come.
    async fn next_batch(&self) -> Option<Vec<Pending>> {
        let (most, patience) = if self.pressure.is_standing() { STANDING } else { (BATCH_MAX, DEADLINE) };
        let mut queue = self.queue.lock().await;
        let mut taken = Vec::with_capacity(most);
        if queue.recv_many(&mut taken, most).await == 0 {
            return None;
        }
        let mut batch = Vec::with_capacity(most);
        while !taken.is_empty() {
            let (live, late): (Vec<_>, Vec<_>) =
                taken.into_iter().partition(|pending: &Pending| pending.since.elapsed() < patience);
            batch.extend(live);
            late.into_iter().for_each(|pending| self.drop_late(pending));
            taken = std::iter::from_fn(|| queue.try_recv().ok()).take(most.saturating_sub(batch.len())).collect();
        }
        self.pressure.note(queue.len());
        Some(batch)
    }

    fn drop_late(&self, pending: Pending) {
        let is_late = pending.since.elapsed() >= DEADLINE;
        let (counter, fault) = match is_late {
            true => (&self.counters.dropped, Fault::TimedOut),
            false => (&self.counters.overloaded, Fault::Overloaded),
        };
        counter.fetch_add(1, Ordering::Relaxed);
        let _ = pending.answer.send(Err(fault));
    }

    /// Commits a batch and answers everyone in it. A batch that fails for a reason that may lie with one command is taken
    /// apart, so that only this one fails.
    async fn commit(&self, batch: Vec<Pending>) {
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
            Err(StoreError::Constraint(_) | StoreError::Corrupt { .. } | StoreError::Failed(_))
                if submissions.len() > 1 =>
            {
                for (submission, (since, answer)) in submissions.into_iter().zip(waiting) {
                    // The batch was rolled back, so whoever waited too long meanwhile is certainly undone.
                    if since.elapsed() >= DEADLINE {
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

    async fn try_commit(&self, submissions: Vec<Submission>) -> Result<Vec<Result<Receipt, Fault>>, StoreError> {
        let count = u64::try_from(submissions.len()).unwrap_or(u64::MAX);
        let submissions = Arc::new(submissions);
        let mut tries = 0;
        // Once an answer to a commit was lost, no later failure makes it certain again that nothing was done.
        let mut unknown = None;
        loop {
            tries += 1;
            let (work, zone, now) = (Arc::clone(&submissions), self.zone.clone(), self.clock.now());
            let result = self
                .database
                .write(move |transaction| Box::pin(async move { run(transaction, &work, now, &zone).await }))
                .await;
            match result {
                // Running it again is safe even if it was committed: the request keys are then found claimed by it.
                Err(error @ (StoreError::Conflict(_) | StoreError::Unknown(_))) if tries < TRIES => {
                    tracing::debug!(%error, tries, "running a batch again");
                    if matches!(error, StoreError::Unknown(_)) {
                        unknown = Some(error);
                    }
                    self.counters.retried.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_millis(u64::from(tries) * 5)).await;
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

/// One batch, inside one transaction: claim, gather, decide, record; then look up what was claimed before.
async fn run(
    transaction: &mut Transaction,
    submissions: &[Submission],
    now: Time,
    zone: &TimeZone,
) -> Result<Vec<Result<Receipt, Fault>>, StoreError> {
    let head = transaction.lock_stream().await?;
    let mut first: BTreeMap<&RequestKey, &Command> = BTreeMap::new();
    for Submission { command, .. } in submissions {
        first.entry(&command.key).or_insert(command);
    }
    let targets = targets(submissions, &first);
    let mut claims: BTreeMap<&RequestKey, TransactionId> = targets.iter().map(|(key, id)| (key, *id)).collect();
    claims.extend(first.iter().map(|(key, command)| (*key, command.id)));
    let claimed = transaction.claim_requests(&claims).await?;

    let mut commands: Vec<&Command> = first.values().copied().filter(|it| claimed.contains(&it.key)).collect();
    // In the order in which they came, but a cancel after what it cancels.
    commands.sort_by_key(|command| (command.ask.target().is_some(), position(submissions, command.id)));
    let mut loaded = transaction.gather(&wanted(&commands, &targets, &claimed)).await?;
    let at = now.max(head.at).max(loaded.latest());
    let records: Vec<Record> = commands.iter().map(|command| decide(&mut loaded, command, at, zone)).collect();
    transaction.record(head, &records, &loaded).await?;
    settle_targets(transaction, &targets, &claimed, &loaded).await?;

    let mut known: BTreeMap<RequestKey, Record> =
        records.into_iter().map(|record| (record.key.clone(), record)).collect();
    for key in first.into_keys() {
        if !known.contains_key(key) {
            let found = transaction.find_transaction_by_request(key).await?;
            let recorded =
                found.ok_or_else(|| StoreError::Failed("a claimed request has no transaction".to_owned()))?;
            known.insert(key.clone(), recorded.record);
        }
    }
    Ok(submissions.iter().map(|submission| answer(submission, &known)).collect())
}

/// The request keys that are to be cancelled and that nobody in the batch claims for what it asks, with the cancel that
/// will hold them if nothing stands under them.
fn targets(submissions: &[Submission], first: &BTreeMap<&RequestKey, &Command>) -> BTreeMap<RequestKey, TransactionId> {
    let mut targets = BTreeMap::new();
    for Submission { command, .. } in submissions {
        if let Some(key) = target_key(command).filter(|key| !first.contains_key(key)) {
            targets.entry(key).or_insert(command.id);
        }
    }
    targets
}

/// Gives up the claims on targets that nobody needed, and those in the name of a cancel that did not come to hold them: a
/// retry of a refused cancel may have claimed what another cancel of the batch then was granted.
async fn settle_targets(
    transaction: &mut Transaction,
    targets: &BTreeMap<RequestKey, TransactionId>,
    claimed: &BTreeSet<RequestKey>,
    loaded: &Loaded,
) -> Result<(), StoreError> {
    let ours = targets.iter().filter(|(key, _)| claimed.contains(key));
    let given_up: Vec<_> =
        ours.filter(|(key, id)| loaded.tombstones().get(key) != Some(id)).map(|(key, id)| (key, *id)).collect();
    transaction.unclaim_requests(&given_up).await?;
    let held = given_up.iter().filter_map(|(key, _)| Some((*key, *loaded.tombstones().get(key)?))).collect();
    transaction.claim_requests(&held).await.map(drop)
}

fn target_key(command: &Command) -> Option<RequestKey> {
    let target = command.ask.target()?;
    Some(RequestKey { caller: command.key.caller, request_id: target.clone() })
}

fn position(submissions: &[Submission], id: TransactionId) -> usize {
    submissions.iter().position(|submission| submission.command.id == id).unwrap_or(usize::MAX)
}

/// What has to be gathered for these commands.
fn wanted(
    commands: &[&Command],
    targets: &BTreeMap<RequestKey, TransactionId>,
    claimed: &BTreeSet<RequestKey>,
) -> Wanted {
    let mut wanted = Wanted::default();
    for command in commands {
        wanted.codes.extend(command.ask.codes().iter().copied());
        wanted.parents.extend(command.ask.parent());
        match command.ask.wallet() {
            Some(wallet) => {
                wanted.wallets.insert(wallet);
            }
            None => {
                wanted.terminals.insert(command.key.caller.terminal());
            }
        }
        if let Some(key) = target_key(command) {
            let is_new = targets.contains_key(&key) && claimed.contains(&key);
            wanted.targets.insert(key, is_new);
        }
    }
    wanted
}

fn answer(submission: &Submission, known: &BTreeMap<RequestKey, Record>) -> Result<Receipt, Fault> {
    let command = &submission.command;
    let record = known.get(&command.key).ok_or(Fault::RequestIdConflict)?;
    let kind = command.ask.kind();
    if record.key != command.key {
        // A cancel that came before holds the id.
        let is_canceled = match record.kind {
            Kind::Cancel => matches!(kind, Kind::Payment | Kind::Authorization),
            Kind::TopUpCancel => kind == Kind::TopUp,
            _ => false,
        };
        return if is_canceled {
            Ok(Receipt { record: record.clone(), replayed: false, was_canceled: true })
        } else {
            Err(Fault::RequestIdConflict)
        };
    }
    if record.kind != kind || !submission.bodies.contains(&record.body) {
        return Err(Fault::RequestIdConflict);
    }
    Ok(Receipt { record: record.clone(), replayed: record.id != command.id, was_canceled: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_queue_that_stays_long_while_commits_go_on_is_too_much() {
        let pressure = Pressure::default();
        let burst = |commits: u32| (0..commits).for_each(|_| pressure.note(Pressure::LONG));
        burst(Pressure::COMMITS - 1);
        assert!(!pressure.is_standing(), "a burst");
        pressure.note(Pressure::LONG - 1);
        burst(Pressure::COMMITS - 1);
        assert!(!pressure.is_standing(), "another burst");
        burst(1);
        assert!(pressure.is_standing());
        burst(100);
        assert!(pressure.is_standing());
        pressure.note(0);
        assert!(!pressure.is_standing(), "it has become short");
    }
}
