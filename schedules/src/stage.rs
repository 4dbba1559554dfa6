//! Where a story is played: a queue with its lanes, the books below it, the people, the clock; and how often it is played.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use shuttle::scheduler::{PctScheduler, RandomScheduler, UncontrolledNondeterminismCheckScheduler as Twice};
use shuttle::{Config, Runner};
use tokio::task::JoinHandle;

use crate::books::{Books, Command, Nature, Outcome, Receipt, Seen};
use crate::fault::Fault;
use crate::means::{Instant, advance};
use crate::queue::{Bounds, Queue};

/// Small enough that a few commands come to every bound that a story is about, and no other.
pub(crate) const ROOMY: Bounds = Bounds {
    queue_max: 32,
    batch_max: 3,
    deadline: Duration::from_secs(10),
    long: 32,
    commits: 3,
    slow: (2, Duration::from_millis(6)),
    tries: 3,
};

/// How many schedules of each kind a story is played in, unless `WARIFU_SCHEDULES` says otherwise.
const SCHEDULES: u64 = 1_000;
/// How many are played twice before, step by step the same.
const TWICE: usize = 10;
/// Of how many points at which another task takes over a PCT schedule is made.
const DEPTH: usize = 4;
/// A story takes some hundreds of steps; what takes so many does not end.
const STEPS_MAX: usize = 100_000;

pub(crate) struct Stage {
    pub(crate) queue: Queue<Command, Receipt>,
    pub(crate) books: Arc<Books>,
    bounds: Bounds,
    next: AtomicU32,
    /// Commands whose answer nobody waits for.
    unheard: AtomicU64,
}

impl Stage {
    fn new(bounds: Bounds, lanes: usize, outcomes: &'static [Outcome], seen: Arc<Seen>) -> Self {
        let books = Arc::new(Books::new(outcomes, bounds, seen));
        let below = Arc::clone(&books);
        let queue = Queue::open(bounds, lanes, move |batch| {
            let books = Arc::clone(&below);
            async move { books.commit(&batch).await }
        });
        Self { queue, books, bounds, next: AtomicU32::default(), unheard: AtomicU64::default() }
    }

    /// A new command.
    pub(crate) fn command(&self, nature: Nature) -> Command {
        Command { id: self.next.fetch_add(1, Ordering::SeqCst), nature }
    }

    /// Submits a command, and has the books look at the answer.
    pub(crate) async fn ask(&self, command: Command) {
        let before = Instant::now();
        let answer = self.queue.submit(command).await;
        self.books.tell(command, &answer);
        if matches!(answer, Err(Fault::TimedOut)) {
            assert!(before.elapsed() >= self.bounds.deadline, "told too early that it waited too long");
        }
    }

    /// Somebody who asks for one thing after another.
    pub(crate) fn somebody(self: &Arc<Self>, natures: &'static [Nature]) -> JoinHandle<()> {
        let stage = Arc::clone(self);
        tokio::spawn(async move {
            for nature in natures {
                stage.ask(stage.command(*nature)).await;
            }
        })
    }

    /// Several who ask at once, each for this.
    pub(crate) fn crowd(self: &Arc<Self>, people: usize, natures: &'static [Nature]) -> Vec<JoinHandle<()>> {
        (0..people).map(|_| self.somebody(natures)).collect()
    }

    /// A command whose answer nobody hears.
    pub(crate) fn unheard(&self) -> Command {
        self.unheard.fetch_add(1, Ordering::SeqCst);
        self.command(Nature::Plain)
    }

    /// Time that passes beside the others, in so many jumps.
    pub(crate) fn clock(&self, jumps: u32, by: Duration) -> JoinHandle<()> {
        tokio::spawn(async move { (0..jumps).for_each(|_| advance(by)) })
    }

    /// Drains the queue; from then on nothing may be committed.
    pub(crate) async fn drain(&self) {
        self.queue.drain().await;
        self.books.close();
    }

    /// The end of every story: drained, nothing waits, nothing more is taken, and the counters say what was told.
    async fn end(&self) {
        self.drain().await;
        let counted = self.queue.statistics();
        assert_eq!(counted.waiting, 0, "{counted:?}");
        assert!(!self.queue.is_overloaded());
        assert_eq!((counted.batches, counted.commands), self.books.settled());
        let told = (self.books.count("overloaded"), self.books.count("timed out"));
        if self.unheard.load(Ordering::SeqCst) == 0 {
            assert_eq!((counted.overloaded, counted.dropped), told, "{counted:?}");
        }
        let late = self.command(Nature::Plain);
        assert!(matches!(self.queue.submit(late).await, Err(Fault::ShuttingDown)));
        assert!(matches!(self.queue.submit_later(late, Duration::ZERO), Err(Fault::ShuttingDown)));
    }
}

/// Plays a story with one lane and with two, each in random schedules and in PCT ones, from a seed (`WARIFU_SEED`). All
/// of `must_see` must have happened, with either number of lanes.
pub(crate) fn play<F, W>(bounds: Bounds, outcomes: &'static [Outcome], must_see: &[&str], story: F)
where
    F: Fn(Arc<Stage>) -> W + Copy + Send + Sync + 'static,
    W: Future<Output = ()> + Send + 'static,
{
    let schedules = usize::try_from(number("WARIFU_SCHEDULES", SCHEDULES)).unwrap();
    let seed = number("WARIFU_SEED", 1);
    for lanes in [1, 2] {
        let seen = Arc::new(Seen::default());
        let watched = Arc::clone(&seen);
        let once = move || {
            let stage = Arc::new(Stage::new(bounds, lanes, outcomes, Arc::clone(&watched)));
            shuttle::future::block_on(async move {
                story(Arc::clone(&stage)).await;
                stage.end().await;
            });
        };
        // A schedule says all that happens: the same one again is the same story.
        Runner::new(Twice::new(RandomScheduler::new_from_seed(seed, TWICE)), config()).run(once.clone());
        let random = Runner::new(RandomScheduler::new_from_seed(seed, schedules), config()).run(once.clone());
        let pct = Runner::new(PctScheduler::new_from_seed(seed, DEPTH, schedules), config()).run(once);
        let seen: BTreeMap<_, _> = seen.all();
        println!("{lanes} lanes, {random} random and {pct} PCT schedules: {seen:?}");
        let missing: Vec<_> = must_see.iter().filter(|what| !seen.contains_key(**what)).collect();
        assert!(missing.is_empty(), "in no schedule: {missing:?}");
    }
}

fn config() -> Config {
    let mut config = Config::new();
    config.stack_size = 0x4_0000;
    config.max_steps = shuttle::MaxSteps::FailAfter(STEPS_MAX);
    // That it orders atomics more strictly than they ask for is said in docs/reliability.md.
    config.silence_warnings = true;
    config
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect(name))
}

/// Waits for everybody.
pub(crate) async fn all(people: Vec<JoinHandle<()>>) {
    for somebody in people {
        somebody.await.expect("nobody was stopped");
    }
}
