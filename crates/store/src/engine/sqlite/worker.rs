//! A thread that owns a connection and does what it is sent, one after the other.
//!
//! What waits for the writer shares a transaction, for a sync of the disk is what a small one costs. Each piece of work in
//! it stands between savepoints, so that one that fails undoes nothing of the others. All are answered after the commit.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::log::Log;
use super::{Engine, Memory, Open, Transaction, Work};
use crate::error::StoreError;

/// How much may wait for one connection before the next has to wait outside.
const QUEUE: usize = 256;
/// How much shares a transaction at most.
const GROUP: usize = 64;

/// What a thread is for.
#[derive(Debug)]
pub(super) enum Duty {
    /// To read, each time on a snapshot of its own.
    Read,
    /// To write, and to have the log moved by another worker when it is long.
    Write(Log, Worker),
    /// To move the log into the file.
    Move(Log),
}

/// The sending end of a thread. Cloning it shares the thread.
#[derive(Clone, Debug)]
pub(super) struct Worker(mpsc::Sender<Task>);

enum Task {
    Run(Box<dyn Job>),
    MoveLog,
    Close(oneshot::Sender<()>),
}

/// Some work and whoever waits for it.
trait Job: Send {
    /// Does the work in the open transaction. If it says that it failed, what it did is to be undone.
    fn run(self: Box<Self>, transaction: &mut Transaction) -> (Result<(), StoreError>, Ended);
    /// Answers that it was not begun.
    fn refuse(self: Box<Self>, error: StoreError);
}

/// Answers how it ended, once that is known of the transaction: the job's own error, if it had one.
type Ended = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

struct Errand<T> {
    work: Work<T>,
    answer: oneshot::Sender<Result<T, StoreError>>,
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

impl Worker {
    /// Starts a thread that owns `connection`.
    pub(super) fn start(name: &str, connection: Connection, duty: Duty) -> Result<Self, StoreError> {
        let (sender, tasks) = mpsc::channel(QUEUE);
        std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || Thread::new(connection, duty).work_through(tasks))
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self(sender))
    }

    /// Does `work` in a transaction, which it may share.
    pub(super) async fn run<T: Send + 'static>(&self, work: Work<T>) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let sent = self.0.send(Task::Run(Box::new(Errand { work, answer }))).await;
        sent.map_err(|_| StoreError::Unavailable("the database is closed".to_owned()))?;
        answered.await.map_err(|_| StoreError::Unknown("the database thread ended".to_owned()))?
    }

    /// Has the log moved, soon. A full queue or a closed worker are no reason to wait.
    fn move_log(&self) -> bool {
        self.0.try_send(Task::MoveLog).is_ok()
    }

    /// Finishes what waits and closes the connection.
    pub(super) async fn close(&self) {
        let (closed, is_closed) = oneshot::channel();
        // An error means that it was closed before.
        if self.0.send(Task::Close(closed)).await.is_ok() {
            let _ = is_closed.await;
        }
    }
}

struct Thread {
    transaction: Transaction,
    duty: Duty,
}

impl Thread {
    fn new(connection: Connection, duty: Duty) -> Self {
        let memory = matches!(duty, Duty::Write(..)).then(Memory::default);
        Self { transaction: Transaction::on(connection, memory), duty }
    }

    fn work_through(mut self, mut tasks: mpsc::Receiver<Task>) {
        let mut put_back = None;
        while let Some(task) = put_back.take().or_else(|| tasks.blocking_recv()) {
            match task {
                Task::Run(job) => {
                    let mut jobs = vec![job];
                    put_back = self.gather(&mut jobs, &mut tasks);
                    let mut jobs = VecDeque::from(jobs);
                    while !jobs.is_empty() {
                        self.transact(&mut jobs);
                    }
                }
                Task::MoveLog => self.move_log(),
                Task::Close(closed) => {
                    self.close();
                    let _ = closed.send(());
                    return;
                }
            }
        }
    }

    /// Takes what waits behind the first job, where it may share a transaction. Returns what is not a job.
    fn gather(&self, jobs: &mut Vec<Box<dyn Job>>, tasks: &mut mpsc::Receiver<Task>) -> Option<Task> {
        while matches!(self.duty, Duty::Write(..)) && jobs.len() < GROUP {
            match tasks.try_recv().ok()? {
                Task::Run(job) => jobs.push(job),
                other => return Some(other),
            }
        }
        None
    }

    /// Runs jobs in one transaction and answers them. Those that it did not come to are left.
    fn transact(&mut self, jobs: &mut VecDeque<Box<dyn Job>>) {
        let is_shared = jobs.len() > 1;
        let mut outcome = self.begin();
        if let Err(error) = &outcome {
            jobs.drain(..).for_each(|job| job.refuse(error.clone()));
        }
        let mut ended = Vec::with_capacity(jobs.len());
        while outcome.is_ok()
            && let Some(job) = jobs.pop_front()
        {
            outcome = self.run(job, is_shared, &mut ended);
        }
        if outcome.is_ok() {
            outcome = self.open().commit();
        }
        self.open().roll_back();
        if let Err(error) = &outcome {
            self.note(error);
            self.open().forget();
        }
        ended.into_iter().for_each(|tell| tell(outcome.clone()));
        if let Duty::Write(log, mover) = &self.duty {
            log.look_after(open(&mut self.transaction).connection(), || mover.move_log());
        }
    }

    fn begin(&mut self) -> Result<(), StoreError> {
        match &self.duty {
            Duty::Write(log, _) => {
                log.check()?;
                self.open().begin_immediate()
            }
            Duty::Read | Duty::Move(_) => self.open().control("BEGIN DEFERRED"),
        }
    }

    /// Runs one job. An error is one of the whole transaction.
    fn run(&mut self, job: Box<dyn Job>, is_shared: bool, ended: &mut Vec<Ended>) -> Result<(), StoreError> {
        if is_shared && let Err(error) = self.open().control("SAVEPOINT job") {
            job.refuse(error.clone());
            return Err(error);
        }
        let (own, tell) = job.run(&mut self.transaction);
        ended.push(tell);
        match own {
            Ok(()) if is_shared => self.open().control("RELEASE job"),
            Ok(()) => Ok(()),
            Err(error) => {
                self.note(&error);
                self.open().forget();
                // After some errors SQLite has undone the others' work as well.
                if is_shared && self.open().is_open() {
                    self.open().control("ROLLBACK TO job; RELEASE job")
                } else {
                    Err(error)
                }
            }
        }
    }

    fn note(&self, error: &StoreError) {
        if let Duty::Write(log, _) | Duty::Move(log) = &self.duty {
            log.note(error);
        }
    }

    fn move_log(&mut self) {
        if let Duty::Move(log) = &self.duty {
            log.move_most(open(&mut self.transaction).connection());
        }
    }

    fn close(self) {
        let Engine::Sqlite(open) = self.transaction.engine else { unreachable!("opened as SQLite") };
        if let Duty::Write(log, _) | Duty::Move(log) = &self.duty {
            log.prepare_to_close(open.connection());
        }
        open.close();
    }

    fn open(&mut self) -> &mut Open {
        open(&mut self.transaction)
    }
}

fn open(transaction: &mut Transaction) -> &mut Open {
    match &mut transaction.engine {
        Engine::Sqlite(open) => open,
        Engine::Postgres(_) => unreachable!("opened as SQLite"),
    }
}
