//! The commit queue: commands gather while the last commit runs, are decided one after another against the same loaded
//! state, and become durable together. Each caller is answered after the commit that holds its command. What waits, and
//! who is told what, is in `queue`; here is what a batch is.

mod means;
mod queue;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use warifu_core::id::TransactionId;
use warifu_core::ledger::{Command, Kind, Loaded, Transaction as Record, decide};
use warifu_core::refusal::Refusal;
use warifu_core::request::{BodyHash, RequestKey};
use warifu_core::time::Time;
use warifu_store::{Database, StoreError, Transaction, Wanted};

use crate::clock::Clock;
use crate::fault::Fault;
pub use queue::Statistics;
use queue::{Bounds, Queue};

/// How much may wait, and how long.
const BOUNDS: Bounds = Bounds {
    // At ten thousand a second this is less than half a second of work.
    queue_max: 4_096,
    batch_max: 256,
    // A till waits 30 seconds.
    deadline: Duration::from_secs(10),
    long: 64,
    commits: 16,
    slow: (3, Duration::from_millis(400)),
    tries: 5,
};

/// The queue of commands.
pub(crate) type CommitQueue = Queue<Submission, Receipt>;

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

impl CommitQueue {
    /// Starts the lanes. Must run inside a tokio runtime.
    pub(crate) fn start(database: &Database, clock: &Arc<dyn Clock>, zone: &TimeZone) -> Self {
        let (lanes, database, clock, zone) = (database.lanes(), database.clone(), Arc::clone(clock), zone.clone());
        Self::open(BOUNDS, lanes, move |submissions| {
            let (database, zone, now) = (database.clone(), zone.clone(), clock.now());
            async move {
                database
                    .write(move |transaction| Box::pin(async move { run(transaction, &submissions, now, &zone).await }))
                    .await
            }
        })
    }
}

/// One batch, inside one transaction: claim, gather, decide, record; then look up what was claimed before.
async fn run(
    transaction: &mut Transaction,
    submissions: &[Submission],
    now: Time,
    zone: &TimeZone,
) -> Result<Vec<Result<Receipt, Fault>>, StoreError> {
    let mut first: BTreeMap<&RequestKey, &Command> = BTreeMap::new();
    for Submission { command, .. } in submissions {
        first.entry(&command.key).or_insert(command);
    }
    let targets = targets(submissions, &first);
    let mut claims: BTreeMap<&RequestKey, TransactionId> = targets.iter().map(|(key, id)| (key, *id)).collect();
    claims.extend(first.iter().map(|(key, command)| (*key, command.id)));
    let (head, claimed) = transaction.begin_batch(&claims).await?;

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
    use super::queue::Pressure;
    use super::*;

    #[test]
    fn only_a_queue_that_stays_long_while_commits_go_on_is_too_much() {
        let (pressure, full) = (Pressure::default(), BOUNDS.batch_max);
        let burst = |commits: u32| (0..commits).for_each(|_| pressure.note(BOUNDS.long, &BOUNDS));
        burst(BOUNDS.commits - 1);
        assert!(!pressure.refuses(BOUNDS.queue_max, &BOUNDS), "a burst");
        pressure.note(BOUNDS.long - 1, &BOUNDS);
        burst(BOUNDS.commits - 1);
        assert!(!pressure.refuses(BOUNDS.queue_max, &BOUNDS), "another burst");
        burst(1);
        assert!(!pressure.refuses(full - 1, &BOUNDS), "the next commit takes it");
        assert!(pressure.refuses(full, &BOUNDS));
    }

    #[test]
    fn where_commits_are_slow_a_few_of_them_are_enough() {
        let bounds = Bounds { slow: (3, Duration::ZERO), ..BOUNDS };
        let pressure = Pressure::default();
        (0..2).for_each(|_| pressure.note(bounds.long, &bounds));
        assert!(!pressure.refuses(bounds.queue_max, &bounds), "the disk stood still for one commit");
        pressure.note(bounds.long, &bounds);
        assert!(pressure.refuses(bounds.queue_max, &bounds));
        // It ends as ever.
        (0..bounds.commits).for_each(|_| pressure.note(0, &bounds));
        assert!(pressure.refuses(bounds.queue_max, &bounds));
    }

    #[test]
    fn it_is_too_much_until_nobody_was_turned_away_for_a_while() {
        let (pressure, full) = (Pressure::default(), BOUNDS.batch_max);
        let commits = |count: u32, waiting: usize| (0..count).for_each(|_| pressure.note(waiting, &BOUNDS));
        commits(BOUNDS.commits, BOUNDS.long);
        for _ in 0..100 {
            assert!(pressure.refuses(full, &BOUNDS), "every commit takes all that waits, and more comes");
            pressure.note(0, &BOUNDS);
        }
        commits(BOUNDS.commits - 1, 0);
        assert!(pressure.refuses(full, &BOUNDS), "one that is turned away is enough");
        commits(BOUNDS.commits, 0);
        assert!(pressure.refuses(full, &BOUNDS), "the first of these was turned away before");
        commits(1 + BOUNDS.commits, 0);
        assert!(!pressure.refuses(full, &BOUNDS));
    }
}
