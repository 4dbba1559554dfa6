//! What the thread that writes has beside its connection: what it remembers, the tail with its file, and who settles it.

use std::path::Path;

use rusqlite::Connection;

use super::job::Job;
use super::memory::Memory;
use super::settler::{Answer, End, Order, Settler};
use super::tail::Tail;
use crate::error::StoreError;

/// See the module.
#[derive(Debug)]
pub(super) struct Writing {
    pub(super) memory: Memory,
    pub(super) tail: Tail,
    /// The connection to the tail's file.
    pub(super) file: Connection,
    pub(super) settler: Settler,
    /// Who waits for what is settled next.
    pub(super) waiting: Vec<Answer>,
    /// What the settler is to do beside.
    pub(super) beside: Vec<Box<dyn Job>>,
    /// What came of the settling that ended last, for those who wait for nothing else.
    pub(super) settled: Result<(), StoreError>,
    /// By which SQLite tells that another connection has committed: of the database and of the tail's file.
    versions: (i64, i64),
    /// Whether the settler explains that another connection has committed to the database.
    has_settled: bool,
    /// Whether the database is held, and not only a snapshot of it.
    pub(super) holds: bool,
    /// Whether the piece of work at hand stands between savepoints, and whether it has changed the database.
    pub(super) is_shared: bool,
    pub(super) has_changed: bool,
    /// Whether this transaction has added to the tail's file.
    pub(super) has_appended: bool,
    /// Up to which row the database has, on the disk, what stands in the file.
    pub(super) durable: i64,
    /// Up to which the file is rid of them.
    pub(super) removed: i64,
}

impl Writing {
    /// Of the database at `path`.
    pub(super) fn new(path: &Path, file: Connection, settler: Settler) -> Self {
        Self {
            memory: Memory::default(),
            tail: Tail::unread(path),
            file,
            settler,
            waiting: Vec::new(),
            beside: Vec::new(),
            settled: Ok(()),
            versions: (0, 0),
            has_settled: false,
            holds: false,
            is_shared: false,
            has_changed: false,
            has_appended: false,
            durable: 0,
            removed: 0,
        }
    }

    /// Takes note of what came of what the settler was doing.
    pub(super) fn note(&mut self, ended: Option<End>) {
        self.has_settled |= ended.is_some();
        let Some(End::Settled(slice, settled)) = ended else { return };
        if settled.is_ok() {
            self.tail.forget(&slice);
            self.durable = self.durable.max(slice.last());
        } else {
            self.tail.take_back(slice);
        }
        self.settled = settled;
    }

    /// Whether another process has changed something, or somebody the database by hand.
    pub(super) fn is_changed(&mut self, connection: &Connection) -> Result<bool, rusqlite::Error> {
        let version = |of: &Connection| of.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0));
        let (before, now) = (self.versions, (version(connection)?, version(&self.file)?));
        self.versions = now;
        let is_settled = std::mem::replace(&mut self.has_settled, self.settler.is_busy());
        Ok(before.1 != now.1 || before.0 != now.0 && !is_settled && !self.settler.is_busy())
    }

    pub(super) fn forget(&mut self) {
        self.memory.forget();
        self.tail.distrust();
    }

    /// Hands the next slice to the settler, and those who wait for it.
    pub(super) fn order(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        if self.tail.is_empty() {
            waiting.into_iter().for_each(|answer| drop(answer.send(self.settled.clone())));
        } else {
            self.settler.order(Order::Settle(self.tail.take(), waiting));
        }
    }

    /// Has the settler do what waits for it besides. `false` if there is nothing.
    pub(super) fn order_beside(&mut self) -> bool {
        let jobs = std::mem::take(&mut self.beside);
        let is_some = !jobs.is_empty();
        if is_some {
            self.settler.order(Order::Work(jobs));
        }
        is_some
    }
}
