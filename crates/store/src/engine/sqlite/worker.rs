//! A thread that owns a connection and does what it is sent, one after the other.
//!
//! What waits for the writer shares a transaction, for a sync of the disk is what a small one costs. Each piece of work in
//! it stands between savepoints, so that one that fails undoes nothing of the others. All are answered after the commit.

use std::collections::VecDeque;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::job::{Ended, Errand, Job};
use super::log::Log;
use super::open::Open;
use super::settler::Answer;
use super::tail;
use super::writing::Writing;
use crate::engine::{Access, Engine, Transaction, Work};
use crate::error::StoreError;

/// How much may wait for one connection before the next has to wait outside.
const QUEUE: usize = 256;
/// How much shares a transaction, or a settling before it is read, at most.
const GROUP: usize = 64;

/// What a thread is for.
#[derive(Debug)]
pub(super) enum Duty {
    /// To read, each time on a snapshot of its own, which another worker has the tail settled for.
    Read(Worker),
    /// To write, and to have the logs of the database and of the tail moved by other workers when they are long.
    Write { database: (Log, Worker), tail: (Log, Worker) },
    /// To move the log into the file.
    Move(Log),
}

/// Tells a worker that what it ordered has come to an end. It does not keep it alive.
#[derive(Debug)]
pub(super) struct Wake(mpsc::WeakSender<Task>);

impl Wake {
    /// A worker that is busy looks by itself, one that is closed needs nothing.
    pub(super) fn ring(&self) {
        if let Some(worker) = self.0.upgrade() {
            let _ = worker.try_send(Task::Settled);
        }
    }
}

/// The sending end of a thread. Cloning it shares the thread.
#[derive(Clone, Debug)]
pub(super) struct Worker(mpsc::Sender<Task>);

enum Task {
    Run(Access, Box<dyn Job>),
    /// Has what waits in the tail settled.
    Settle(Answer),
    /// Something was.
    Settled,
    /// Reads what is settled for this job alone and undone again.
    RunAside(Box<dyn Job>),
    MoveLog,
    Close(oneshot::Sender<()>),
}

impl Worker {
    /// Starts a thread that owns `connection`.
    pub(super) fn start(name: &str, connection: Connection, duty: Duty) -> Result<Self, StoreError> {
        Self::start_with(name, connection, duty, |_| Ok(None))
    }

    /// Starts the thread that writes, with what it has beside its connection.
    pub(super) fn start_with(
        name: &str,
        connection: Connection,
        duty: Duty,
        writing: impl FnOnce(Wake) -> Result<Option<Writing>, StoreError>,
    ) -> Result<Self, StoreError> {
        let (sender, tasks) = mpsc::channel(QUEUE);
        let transaction = Transaction::on(connection, writing(Wake(sender.downgrade()))?);
        std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || Thread { transaction, duty }.work_through(tasks))
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
    pub(super) fn move_log(&self) -> bool {
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
    fn work_through(mut self, mut tasks: mpsc::Receiver<Task>) {
        let mut put_back = None;
        while let Some(task) = put_back.take().or_else(|| tasks.blocking_recv()) {
            match task {
                Task::Run(Access::WriteBeside, job) => self.open().order_for_job(job),
                Task::Run(access, job) => {
                    let mut jobs = vec![job];
                    put_back = gather(access, &mut jobs, &mut tasks);
                    self.work(access, jobs);
                }
                Task::Settle(answer) => self.open().order_for(answer),
                Task::Settled => self.open().order(),
                Task::RunAside(job) => self.run_aside(job),
                Task::MoveLog => self.move_log(),
                Task::Close(closed) => {
                    self.close();
                    // Whoever comes after the answer is told that it is closed.
                    drop(tasks);
                    let _ = closed.send(());
                    return;
                }
            }
        }
    }

    /// Does jobs: those that write in as few transactions as may be, those that read each on a snapshot of its own.
    fn work(&mut self, access: Access, jobs: Vec<Box<dyn Job>>) {
        if matches!(self.duty, Duty::Write { .. }) {
            let mut jobs = VecDeque::from(jobs);
            while !jobs.is_empty() {
                self.transact(&mut jobs);
            }
            self.open().order();
            return;
        }
        // All of them came before, so settling once is enough for all. Where a sync is slow they would else wait for one another.
        if let (Duty::Read(writer), Access::Read) = (&self.duty, access)
            && let Err(error) = settle_before(open(&mut self.transaction).connection(), writer)
        {
            tracing::debug!(%error, "what is read is settled aside");
            jobs.into_iter().for_each(|job| writer.run_aside(job));
            return;
        }
        for job in jobs {
            self.transact(&mut VecDeque::from([job]));
        }
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
        if let Duty::Write { database, tail } = &self.duty {
            let open = open(&mut self.transaction);
            if open.has_held() {
                database.0.look_after(open.connection(), || database.1.move_log());
            }
            if let Some(file) = open.file() {
                tail.0.look_after(file, || tail.1.move_log());
            }
        }
    }

    fn begin(&mut self) -> Result<(), StoreError> {
        let Duty::Write { database: (log, _), .. } = &self.duty else { return self.open().begin() };
        log.check()?;
        self.open().make_room()?;
        self.open().begin_writing()
    }

    /// Runs one job. An error is one of the whole transaction.
    fn run(&mut self, job: Box<dyn Job>, is_shared: bool, ended: &mut Vec<Ended>) -> Result<(), StoreError> {
        if let Err(error) = self.open().begin_work(is_shared) {
            job.refuse(error.clone());
            return Err(error);
        }
        let (own, tell) = job.run(&mut self.transaction);
        ended.push(tell);
        match own {
            Ok(()) => self.open().end_work(),
            Err(error) => {
                self.note(&error);
                self.open().forget();
                // After some errors SQLite has undone the others' work as well.
                if is_shared && self.open().is_open() { self.open().undo_work() } else { Err(error) }
            }
        }
    }

    fn note(&self, error: &StoreError) {
        if let Duty::Write { database: (log, _), .. } | Duty::Move(log) = &self.duty {
            log.note(error);
        }
    }

    fn move_log(&mut self) {
        if let Duty::Move(log) = &self.duty {
            log.move_most(open(&mut self.transaction).connection());
        }
    }

    fn close(mut self) {
        if let Duty::Write { database: (log, _), .. } = &self.duty
            && let Err(error) = log.check().and_then(|()| open(&mut self.transaction).settle_all())
        {
            tracing::warn!(%error, "what was recorded last is settled at the next start");
        }
        self.open().refuse_beside();
        let Engine::Sqlite(mut open) = self.transaction.engine else { unreachable!("opened as SQLite") };
        open.roll_back();
        if let Duty::Write { database: (log, _), .. } | Duty::Move(log) = &self.duty {
            std::iter::once(open.connection()).chain(open.file()).for_each(|it| log.prepare_to_close(it));
        }
        open.close();
    }

    fn open(&mut self) -> &mut Open {
        open(&mut self.transaction)
    }
}

/// Takes what waits behind the first job and is of its kind. Returns what is not.
fn gather(access: Access, jobs: &mut Vec<Box<dyn Job>>, tasks: &mut mpsc::Receiver<Task>) -> Option<Task> {
    while jobs.len() < GROUP {
        match tasks.try_recv().ok()? {
            Task::Run(other, job) if other == access => jobs.push(job),
            other => return Some(other),
        }
    }
    None
}

/// Has the tail settled if something waits in the file as it is now.
fn settle_before(connection: &Connection, writer: &Worker) -> Result<(), StoreError> {
    if tail::waits(connection)? { writer.settle() } else { Ok(()) }
}

pub(super) fn open(transaction: &mut Transaction) -> &mut Open {
    match &mut transaction.engine {
        Engine::Sqlite(open) => open,
        Engine::Postgres(_) => unreachable!("opened as SQLite"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    /// Readers that wait are settled for once together, and nobody is settled for who does not need it.
    #[test]
    fn what_waits_and_is_of_one_kind_is_done_together() {
        let (sender, mut tasks) = mpsc::channel(8);
        let job = || {
            let errand = Errand::<()> { work: Box::new(|_| Box::pin(async { Ok(()) })), answer: oneshot::channel().0 };
            Box::new(errand) as Box<dyn Job>
        };
        for access in [Access::Read, Access::Read, Access::ReadBehind, Access::Read] {
            assert!(sender.try_send(Task::Run(access, job())).is_ok());
        }
        let mut jobs = vec![job()];
        let other = gather(Access::Read, &mut jobs, &mut tasks);
        assert_eq!(jobs.len(), 3);
        assert!(matches!(other, Some(Task::Run(Access::ReadBehind, _))));
        assert!(gather(Access::Read, &mut jobs, &mut tasks).is_none(), "nothing is waited for");
        assert_eq!(jobs.len(), 4);
    }
}
