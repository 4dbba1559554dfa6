//! A thread that owns a connection and does what it is sent, one after the other.
//!
//! What waits for the writer shares a transaction, for a sync of the disk is what a small one costs. Each piece of work in
//! it stands between savepoints, so that one that fails undoes nothing of the others. All are answered after the commit.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::log::Log;
use super::{Access, Engine, Open, Transaction, Work, tail};
use crate::error::StoreError;

/// How much may wait for one connection before the next has to wait outside.
const QUEUE: usize = 256;
/// How much shares a transaction at most.
const GROUP: usize = 64;

/// What a thread is for.
#[derive(Debug)]
pub(super) enum Duty {
    /// To read, each time on a snapshot of its own, which another worker settles the tail for.
    Read(Worker),
    /// To write, and to have the log moved by another worker when it is long.
    Write(Log, Worker),
    /// To move the log into the file.
    Move(Log),
}

/// The sending end of a thread. Cloning it shares the thread.
#[derive(Clone, Debug)]
pub(super) struct Worker(mpsc::Sender<Task>);

enum Task {
    Run(Access, Box<dyn Job>),
    /// Settles what waits in the tail.
    Settle(oneshot::Sender<Result<(), StoreError>>),
    /// Reads what is settled for this job alone and undone again.
    RunAside(Box<dyn Job>),
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
    pub(super) async fn run<T: Send + 'static>(&self, access: Access, work: Work<T>) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let sent = self.0.send(Task::Run(access, Box::new(Errand { work, answer }))).await;
        sent.map_err(|_| StoreError::Unavailable("the database is closed".to_owned()))?;
        answered.await.map_err(|_| StoreError::Unknown("the database thread ended".to_owned()))?
    }

    /// Has the tail settled.
    fn settle(&self) -> Result<(), StoreError> {
        let closed = |_| StoreError::Unavailable("the database is closed".to_owned());
        let (answer, answered) = oneshot::channel();
        self.0.blocking_send(Task::Settle(answer)).map_err(closed)?;
        answered.blocking_recv().map_err(|_| StoreError::Unavailable("the database is closed".to_owned()))?
    }

    /// Has a job that only reads done by this worker.
    fn run_aside(&self, job: Box<dyn Job>) {
        if let Err(mpsc::error::SendError(Task::RunAside(job))) = self.0.blocking_send(Task::RunAside(job)) {
            job.refuse(StoreError::Unavailable("the database is closed".to_owned()));
        }
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
        let writes = matches!(duty, Duty::Write(..));
        Self { transaction: Transaction::on(connection, writes), duty }
    }

    fn work_through(mut self, mut tasks: mpsc::Receiver<Task>) {
        let mut put_back = None;
        while let Some(task) = put_back.take().or_else(|| tasks.blocking_recv()) {
            match task {
                Task::Run(access, job) => {
                    let mut jobs = vec![job];
                    put_back = self.gather(&mut jobs, &mut tasks);
                    self.work(access, jobs);
                }
                Task::Settle(answer) => {
                    let _ = answer.send(self.settle());
                }
                Task::RunAside(job) => self.run_aside(job),
                Task::MoveLog => self.move_log(),
                Task::Close(closed) => {
                    self.close();
                    let _ = closed.send(());
                    return;
                }
            }
        }
    }

    /// Does jobs, in as few transactions as may be.
    fn work(&mut self, access: Access, jobs: Vec<Box<dyn Job>>) {
        let mut jobs = VecDeque::from(jobs);
        if let (Duty::Read(writer), Access::Read) = (&self.duty, access)
            && let Err(error) = settle_before(open(&mut self.transaction).connection(), writer)
        {
            tracing::debug!(%error, "what is read is settled aside");
            jobs.into_iter().for_each(|job| writer.run_aside(job));
            return;
        }
        while !jobs.is_empty() {
            self.transact(&mut jobs);
        }
        if self.open().is_tail_long() {
            // Whoever comes next is told; who came before has been answered.
            let _ = self.settle();
        }
    }

    /// Settles the tail in a transaction of its own. Nobody waits for its sync: until the next one, the tail is what counts.
    fn settle(&mut self) -> Result<(), StoreError> {
        self.open().wait_for_sync(false)?;
        let settled = self.begin().and_then(|()| {
            let open = self.open();
            open.begin_work()?;
            open.settle()?;
            open.commit()
        });
        self.end(&settled);
        // Without it no commit would be what its caller is told.
        if let Err(error) = self.open().wait_for_sync(true) {
            self.note(&StoreError::Stopped(error.to_string()));
        }
        self.look_after_log();
        settled
    }

    /// Does a job that only reads on what is settled for it and undone again: where nothing can be written, what was recorded can be read.
    fn run_aside(&mut self, job: Box<dyn Job>) {
        let open = self.open();
        match open.begin_aside() {
            Ok(()) => {
                let (_, tell) = job.run(&mut self.transaction);
                self.open().end_aside();
                tell(Ok(()));
            }
            Err(error) => {
                open.end_aside();
                job.refuse(error);
            }
        }
    }

    /// Takes what waits behind the first job, where it may share a transaction. Returns what is not a job.
    fn gather(&self, jobs: &mut Vec<Box<dyn Job>>, tasks: &mut mpsc::Receiver<Task>) -> Option<Task> {
        while matches!(self.duty, Duty::Write(..)) && jobs.len() < GROUP {
            match tasks.try_recv().ok()? {
                Task::Run(_, job) => jobs.push(job),
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
        self.end(&outcome);
        ended.into_iter().for_each(|tell| tell(outcome.clone()));
        self.look_after_log();
    }

    /// Ends a transaction that came to this.
    fn end(&mut self, outcome: &Result<(), StoreError>) {
        self.open().roll_back();
        if let Err(error) = outcome {
            self.note(error);
            self.open().forget();
        }
    }

    fn look_after_log(&mut self) {
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
            Duty::Read(_) | Duty::Move(_) => self.open().control("BEGIN DEFERRED"),
        }
    }

    /// Runs one job. An error is one of the whole transaction.
    fn run(&mut self, job: Box<dyn Job>, is_shared: bool, ended: &mut Vec<Ended>) -> Result<(), StoreError> {
        if is_shared && let Err(error) = self.open().control("SAVEPOINT job") {
            job.refuse(error.clone());
            return Err(error);
        }
        if let Err(error) = self.open().begin_work() {
            job.refuse(error.clone());
            return Err(error);
        }
        let (own, tell) = job.run(&mut self.transaction);
        ended.push(tell);
        match own {
            Ok(()) => {
                self.open().end_work()?;
                if is_shared { self.open().control("RELEASE job") } else { Ok(()) }
            }
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

    fn close(mut self) {
        if matches!(self.duty, Duty::Write(..))
            && let Err(error) = self.settle()
        {
            tracing::warn!(%error, "what was recorded last is settled at the next start");
        }
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

/// Has the tail settled if something waits in the file as it is now.
fn settle_before(connection: &Connection, writer: &Worker) -> Result<(), StoreError> {
    if tail::waits(connection)? { writer.settle() } else { Ok(()) }
}

fn open(transaction: &mut Transaction) -> &mut Open {
    match &mut transaction.engine {
        Engine::Sqlite(open) => open,
        Engine::Postgres(_) => unreachable!("opened as SQLite"),
    }
}
