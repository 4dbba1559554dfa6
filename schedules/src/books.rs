//! The database's place: takes batches and does what a database may do with them. It holds the queue to what it told: every
//! command has one end, and the end that was told is the one that it had.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use shuttle::future::yield_now;
use shuttle::rand::{Rng, thread_rng};

use crate::fault::{Fault, StoreError};
use crate::queue::Bounds;

/// What a command is, as far as the database minds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nature {
    Plain,
    /// Its request key stands for another: it alone is told so, and the batch is committed.
    Taken,
    /// The database refuses whatever holds it.
    Poison,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Command {
    pub(crate) id: u32,
    pub(crate) nature: Nature,
}

/// What a command came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Receipt {
    pub(crate) id: u32,
}

/// What the database does with a batch that it has no objection to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outcome {
    Done,
    /// Rolled back for another one.
    GaveWay,
    /// Committed, and the answer did not come.
    LostAfter,
    /// Not committed, and nobody can know.
    LostBefore,
    /// Not reached.
    Away,
    /// Rolled back, for a reason that may lie with one command.
    Failed,
    /// Likewise: a row could not be read.
    Corrupt,
}

/// How often what was seen, over all schedules: a story in which a thing never happens proves nothing of it.
#[derive(Debug, Default)]
pub(crate) struct Seen(Mutex<BTreeMap<&'static str, u64>>);

impl Seen {
    pub(crate) fn note(&self, what: &'static str) {
        *lock(&self.0).entry(what).or_default() += 1;
    }

    pub(crate) fn all(&self) -> BTreeMap<&'static str, u64> {
        lock(&self.0).clone()
    }
}

#[derive(Debug)]
pub(crate) struct Books {
    state: Mutex<State>,
    outcomes: &'static [Outcome],
    bounds: Bounds,
    pub(crate) seen: Arc<Seen>,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    /// What is done for good.
    pub(crate) committed: BTreeSet<u32>,
    /// How often it was in a batch.
    tries: BTreeMap<u32, u32>,
    /// What is in a batch that runs now.
    running: BTreeSet<u32>,
    /// What the queue was given the outcome of, by a batch that was committed.
    settled: BTreeSet<u32>,
    /// What was in a batch whose answer was lost.
    unknown: BTreeSet<u32>,
    /// Who was told what: the one end that a command has.
    told: BTreeMap<u32, &'static str>,
    /// Batches that were committed, with an answer.
    batches: u64,
    /// Whether the queue said that the last commit is done.
    is_closed: bool,
}

impl Books {
    pub(crate) fn new(outcomes: &'static [Outcome], bounds: Bounds, seen: Arc<Seen>) -> Self {
        Self { state: Mutex::default(), outcomes, bounds, seen }
    }

    /// No step is taken while it is held, so it is always free.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.try_lock().expect("held by one at a time")
    }

    /// Nothing may be committed after this.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        assert!(state.running.is_empty(), "drained while {:?} are being committed", state.running);
        state.is_closed = true;
    }

    /// One try of one batch.
    pub(crate) async fn commit(&self, batch: &[Command]) -> Result<Vec<Result<Receipt, Fault>>, StoreError> {
        self.begin(batch);
        yield_now().await;
        let result = self.run(batch);
        yield_now().await;
        self.end(batch, &result);
        result
    }

    fn begin(&self, batch: &[Command]) {
        assert!((1..=self.bounds.batch_max).contains(&batch.len()), "a batch of {}", batch.len());
        let mut state = self.state();
        for command in batch {
            let id = command.id;
            assert!(!state.is_closed, "{id} is committed after the drain");
            assert!(!state.told.contains_key(&id), "{id} was told {:?}, and then committed", state.told.get(&id));
            assert!(!state.settled.contains(&id), "{id} was committed and answered, and then again");
            assert!(state.running.insert(id), "{id} is in two batches at once");
            let tries = state.tries.entry(id).or_default();
            *tries += 1;
            // With others, and once more alone.
            assert!(*tries <= 2 * self.bounds.tries, "{id} is tried for ever");
        }
    }

    /// The moment at which the batch is decided.
    fn run(&self, batch: &[Command]) -> Result<Vec<Result<Receipt, Fault>>, StoreError> {
        let outcome = self.outcomes[thread_rng().gen_range(0..self.outcomes.len())];
        let is_refused = batch.iter().any(|command| command.nature == Nature::Poison);
        let mut state = self.state();
        match outcome {
            Outcome::Done | Outcome::LostAfter if is_refused => return Err(StoreError::Constraint(String::new())),
            Outcome::Done | Outcome::LostAfter => {
                let plain = batch.iter().filter(|command| command.nature == Nature::Plain);
                state.committed.extend(plain.map(|command| command.id));
            }
            Outcome::GaveWay => return Err(StoreError::Conflict(String::new())),
            Outcome::LostBefore => {}
            Outcome::Away => return Err(StoreError::Unavailable(String::new())),
            Outcome::Failed => return Err(StoreError::Failed(String::new())),
            Outcome::Corrupt => return Err(StoreError::Corrupt {}),
        }
        if !matches!(outcome, Outcome::Done) {
            state.unknown.extend(batch.iter().map(|command| command.id));
            return Err(StoreError::Unknown("lost".to_owned()));
        }
        let answer = |command: &Command| match command.nature {
            Nature::Taken => Err(Fault::RequestIdConflict),
            Nature::Plain | Nature::Poison => Ok(Receipt { id: command.id }),
        };
        Ok(batch.iter().map(answer).collect())
    }

    fn end(&self, batch: &[Command], result: &Result<Vec<Result<Receipt, Fault>>, StoreError>) {
        let mut state = self.state();
        for command in batch {
            state.running.remove(&command.id);
            if result.is_ok() {
                state.settled.insert(command.id);
            }
        }
        match result {
            Ok(_) => state.batches += 1,
            Err(StoreError::Unknown(_)) => self.seen.note("an outcome was lost"),
            Err(_) if batch.len() > 1 => self.seen.note("a batch of several failed"),
            Err(_) => {}
        }
    }

    /// A caller got its answer: is it true, and will it stay so?
    pub(crate) fn tell(&self, command: Command, answer: &Result<Receipt, Fault>) {
        let Command { id, nature } = command;
        let mut state = self.state();
        let is_undone = !state.committed.contains(&id) && !state.running.contains(&id) && !state.unknown.contains(&id);
        let told = match answer {
            Ok(receipt) => {
                assert_eq!(receipt.id, id, "another's receipt");
                assert!(nature == Nature::Plain && state.committed.contains(&id), "{id} was told done, and is not");
                "done"
            }
            Err(Fault::Store(StoreError::Unknown(why))) => {
                assert!(state.unknown.contains(&id), "{id} was told unknown, and no outcome was lost: {why}");
                "unknown"
            }
            Err(fault) => {
                assert!(!state.committed.contains(&id), "{id} was told {fault:?}, and is done");
                // A refusal of its own is true even if an earlier answer was lost.
                assert!(is_undone || *fault == Fault::RequestIdConflict, "{id} was told {fault:?}, and may be done");
                self.no(nature, fault, state.tries.get(&id).copied().unwrap_or(0))
            }
        };
        self.seen.note(told);
        let before = state.told.insert(id, told);
        assert_eq!(before, None, "{id} was told twice");
    }

    /// Which no that is, and whether it is this command's own.
    fn no(&self, nature: Nature, fault: &Fault, tries: u32) -> &'static str {
        match fault {
            Fault::Overloaded => "overloaded",
            Fault::TimedOut => "timed out",
            Fault::ShuttingDown => "shutting down",
            Fault::RequestIdConflict => {
                assert_eq!(nature, Nature::Taken, "another's answer");
                "refused by itself"
            }
            Fault::Store(StoreError::Constraint(_)) => {
                assert_eq!(nature, Nature::Poison, "failed for another's fault");
                "refused by the database"
            }
            Fault::Store(StoreError::Conflict(_)) => {
                assert!(tries >= self.bounds.tries, "gave way, and was not tried again");
                "gave way"
            }
            Fault::Store(StoreError::Unavailable(_)) => "unavailable",
            Fault::Store(_) => "failed",
        }
    }

    /// How many were told this.
    pub(crate) fn count(&self, what: &str) -> u64 {
        let state = self.state();
        u64::try_from(state.told.values().filter(|told| **told == what).count()).unwrap_or(u64::MAX)
    }

    /// Batches that were committed with an answer, and the commands in them.
    pub(crate) fn settled(&self) -> (u64, u64) {
        let state = self.state();
        (state.batches, u64::try_from(state.settled.len()).unwrap_or(u64::MAX))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
