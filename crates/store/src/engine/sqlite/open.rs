//! A connection inside a transaction. That of the thread that writes spans two files: the tail, which it holds against other processes from
//! its beginning, and the database, of which it has a snapshot until the first statement that changes it.

use rusqlite::Connection;

use super::job::Job;
use super::memory::{self, Memory};
use super::settler::Answer;
use super::tail::{self, Need, Tail};
use super::writing::Writing;
use crate::engine::{Engine, Transaction};
use crate::error::StoreError;
use crate::registry::{Each, Statement};
use crate::value::{Row, Type, Value};

impl Transaction {
    pub(super) fn on(connection: Connection, writing: Option<Writing>) -> Self {
        Self { engine: Engine::Sqlite(Open { connection, writing: writing.map(Box::new) }) }
    }
}

/// See the module.
#[derive(Debug)]
pub(in crate::engine) struct Open {
    connection: Connection,
    /// The writer's only: others have nothing that they could be sure of.
    writing: Option<Box<Writing>>,
}

impl Open {
    pub(super) const fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The connection to the tail's file.
    pub(super) fn file(&self) -> Option<&Connection> {
        self.writing.as_ref().map(|writing| &writing.file)
    }

    /// Whether the last transaction held the database.
    pub(super) fn has_held(&self) -> bool {
        self.writing.as_ref().is_some_and(|writing| writing.holds)
    }

    pub(super) fn close(mut self) {
        if let Some(mut writing) = self.writing.take() {
            writing.settler.close();
            close(writing.file);
        }
        close(self.connection);
    }

    pub(in crate::engine) fn memory(&mut self) -> Option<&mut Memory> {
        self.writing.as_mut().map(|writing| &mut writing.memory)
    }

    /// Begins a transaction, on a snapshot.
    pub(super) fn begin(&self) -> Result<(), StoreError> {
        self.control("BEGIN DEFERRED")
    }

    /// The same of one that writes beside the thread that writes.
    pub(super) fn begin_beside(&self) -> Result<(), StoreError> {
        self.control("BEGIN IMMEDIATE")
    }

    /// Waits until there is room for more to wait.
    pub(super) fn make_room(&mut self) -> Result<(), StoreError> {
        let Some(writing) = &mut self.writing else { return Ok(()) };
        while writing.tail.is_known() && writing.tail.is_full() {
            if !writing.settler.is_busy() {
                writing.order();
            }
            let ended = writing.settler.end();
            writing.note(ended);
            writing.settled.clone()?;
        }
        Ok(())
    }

    /// Begins one of the thread that writes.
    pub(super) fn begin_writing(&mut self) -> Result<(), StoreError> {
        let Self { connection, writing: Some(writing) } = self else { return self.begin() };
        let ended = writing.settler.ended();
        writing.note(ended);
        (writing.holds, writing.has_appended) = (false, false);
        writing.file.execute_batch("BEGIN IMMEDIATE")?;
        connection.execute_batch("BEGIN DEFERRED")?;
        if writing.is_changed(connection)? {
            writing.forget();
            writing.tail.distrust_claims();
        }
        Ok(())
    }

    /// Begins a piece of work in the open transaction, between savepoints if it shares it.
    pub(super) fn begin_work(&mut self, is_shared: bool) -> Result<(), StoreError> {
        let Some(writing) = &mut self.writing else { return Ok(()) };
        (writing.is_shared, writing.has_changed) = (is_shared, false);
        let (holds, is_known) = (writing.holds, writing.tail.is_known());
        if holds && is_shared {
            self.control("SAVEPOINT work")?;
        }
        if is_known { Ok(()) } else { self.read_tail() }
    }

    fn read_tail(&mut self) -> Result<(), StoreError> {
        let Some(writing) = &mut self.writing else { return Ok(()) };
        let ended = writing.settler.end();
        writing.note(ended);
        if !writing.holds {
            // It may be older than what was settled.
            self.connection.execute_batch("COMMIT; BEGIN DEFERRED")?;
        }
        writing.tail.read(&self.connection, &writing.file)
    }

    /// Ends a piece of work that succeeded: what it left for later is in the file of the tail.
    pub(super) fn end_work(&mut self) -> Result<(), StoreError> {
        let Some(writing) = &mut self.writing else { return Ok(()) };
        if !writing.tail.is_known() {
            // It went on after an error that was not for it to bear.
            return Err(StoreError::Failed("what was recorded was not settled".to_owned()));
        }
        if writing.tail.has_added() {
            if writing.has_changed {
                // All of it or nothing, and the two files do not become durable together.
                self.settle()?;
            } else {
                writing.has_appended = true;
                writing.tail.append(&writing.file)?;
            }
        }
        self.end_savepoint("RELEASE work")
    }

    /// Undoes a piece of work that failed, in a transaction that others share.
    pub(super) fn undo_work(&mut self) -> Result<(), StoreError> {
        self.end_savepoint("ROLLBACK TO work; RELEASE work")
    }

    fn end_savepoint(&self, text: &str) -> Result<(), StoreError> {
        match &self.writing {
            Some(writing) if writing.holds && writing.is_shared => self.control(text),
            _ => Ok(()),
        }
    }

    pub(super) fn forget(&mut self) {
        self.writing.iter_mut().for_each(|writing| writing.forget());
    }

    /// Holds the database, so that it can be changed. Whoever settles comes to its end before.
    fn hold(&mut self) -> Result<(), StoreError> {
        let Some(writing) = self.writing.as_mut().filter(|writing| !writing.holds) else { return Ok(()) };
        let ended = writing.settler.end();
        writing.note(ended);
        self.connection.execute_batch("COMMIT; BEGIN IMMEDIATE")?;
        writing.holds = true;
        if writing.is_shared { self.control("SAVEPOINT work") } else { Ok(()) }
    }

    /// Writes what waits where it belongs, in this transaction.
    pub(super) fn settle(&mut self) -> Result<(), StoreError> {
        self.hold()?;
        let Some(writing) = &mut self.writing else { return Ok(()) };
        if writing.tail.is_empty() {
            return Ok(());
        }
        let slice = writing.tail.take();
        writing.has_changed = true;
        match slice.settle(&self.connection) {
            Ok(()) => {
                writing.tail.forget(&slice);
                writing.settled = Ok(());
                Ok(())
            }
            Err(error) => {
                writing.forget();
                Err(error)
            }
        }
    }

    /// Has what is to be done beside the commits done, or what waits settled if there is enough of it or somebody waits for it.
    pub(super) fn order(&mut self) {
        let Some(writing) = &mut self.writing else { return };
        let ended = writing.settler.ended();
        writing.note(ended);
        if writing.settler.is_busy() || writing.order_beside() {
            return;
        }
        if !writing.waiting.is_empty() {
            self.order_for_waiting();
        } else if writing.tail.is_known() && writing.tail.is_long() {
            writing.order();
        }
    }

    /// Has a job done beside the commits.
    pub(super) fn order_for_job(&mut self, job: Box<dyn Job>) {
        if let Some(writing) = &mut self.writing {
            writing.beside.push(job);
            self.order();
        }
    }

    /// Answers those whose jobs will not be done any more.
    pub(super) fn refuse_beside(&mut self) {
        let jobs = self.writing.iter_mut().flat_map(|writing| std::mem::take(&mut writing.beside));
        jobs.for_each(|job| job.refuse(StoreError::Unavailable("the database is closed".to_owned())));
    }

    /// Tells `answer` when everything that was recorded before has been settled.
    pub(super) fn order_for(&mut self, answer: Answer) {
        if let Some(writing) = &mut self.writing {
            writing.waiting.push(answer);
            self.order();
        }
    }

    fn order_for_waiting(&mut self) {
        // Another process may have recorded it.
        let read = self.begin_writing().and_then(|()| self.begin_work(false));
        self.roll_back();
        let Some(writing) = &mut self.writing else { return };
        match read {
            Ok(()) => writing.order(),
            Err(error) => {
                writing.forget();
                writing.waiting.drain(..).for_each(|answer| drop(answer.send(Err(error.clone()))));
            }
        }
    }

    /// What a statement has to do with what waits. What it needs settled is settled.
    fn prepare_for(&mut self, name: &'static str, text: &'static str) -> Result<Option<u8>, StoreError> {
        match self.writing.as_mut().map_or(Need::Nothing, |writing| writing.tail.need(name, text)) {
            Need::Nothing => Ok(None),
            Need::IfFound(place) => Ok(Some(place)),
            Need::Settled => self.settle().map(|()| None),
        }
    }

    /// Settles the tail if it holds one of these rows, and says whether.
    fn settle_found(&mut self, place: Option<u8>, found: &[Row]) -> Result<bool, StoreError> {
        let holds = |tail: &Tail, place| found.iter().any(|row| tail.holds(place, &row.values));
        let is_held = place.zip(self.writing.as_ref()).is_some_and(|(place, writing)| holds(&writing.tail, place));
        if is_held {
            self.settle()?;
        }
        Ok(is_held)
    }

    /// Settles the tail in memory only, for who wants to read where nothing can be written.
    pub(super) fn begin_aside(&mut self) -> Result<(), StoreError> {
        // Otherwise a full cache would be emptied into the log.
        self.connection.pragma_update(None, "cache_spill", "OFF")?;
        self.begin_writing()?;
        self.begin_work(false)?;
        self.settle()
    }

    /// Undoes that.
    pub(super) fn end_aside(&mut self) {
        self.roll_back();
        self.forget();
        if let Err(error) = self.connection.pragma_update(None, "cache_spill", "ON") {
            tracing::warn!(%error, "the cache keeps what it could write");
        }
    }

    /// Whether a transaction is open. SQLite ends one by itself after some errors.
    pub(super) fn is_open(&self) -> bool {
        !self.connection.is_autocommit() && self.file().is_none_or(|file| !file.is_autocommit())
    }

    pub(super) fn roll_back(&mut self) {
        for connection in std::iter::once(&self.connection).chain(self.file()) {
            if !connection.is_autocommit()
                && let Err(error) = connection.execute_batch("ROLLBACK")
            {
                tracing::error!(%error, "a transaction could not be rolled back");
            }
        }
    }

    /// A commit that the disk did not take whole is undone here, but the next process may find it whole in the log.
    pub(super) fn commit(&mut self) -> Result<(), StoreError> {
        let unknown = |error: rusqlite::Error| match StoreError::from(error) {
            StoreError::Unavailable(text) => StoreError::Unknown(text),
            other => other,
        };
        let Some(writing) = &mut self.writing else {
            return self.connection.execute_batch("COMMIT").map_err(unknown);
        };
        if writing.has_appended && writing.removed < writing.durable {
            writing.file.prepare_cached("DELETE FROM tail WHERE number <= ?1")?.execute([writing.durable])?;
        } else if writing.holds && !writing.has_appended {
            writing.file.prepare_cached("UPDATE stamp SET changes = changes + 1")?.execute([])?;
        }
        self.connection.execute_batch("COMMIT").map_err(unknown)?;
        let appended = writing.file.execute_batch("COMMIT").map_err(unknown);
        match appended {
            Ok(()) if writing.has_appended => writing.removed = writing.durable,
            // What was done in the database is done.
            Err(StoreError::Conflict(text) | StoreError::Failed(text)) if writing.holds => {
                return Err(StoreError::Unknown(text));
            }
            _ => {}
        }
        appended
    }

    /// Settles everything and removes the file, if nobody else has it open, before the connection is closed.
    pub(super) fn settle_all(&mut self) -> Result<(), StoreError> {
        self.begin_writing()?;
        self.begin_work(false)?;
        self.settle()?;
        self.commit()?;
        if let Some(file) = self.file()
            && let Some(settled) = tail::settled(&self.connection)?
        {
            file.execute("DELETE FROM tail WHERE number <= ?1", [settled])?;
            if cfg!(unix)
                && let Err(error) = tail::remove(file)
            {
                tracing::debug!(%error, "the tail stays, and is empty");
            }
        }
        Ok(())
    }

    pub(in crate::engine) fn rows(
        &mut self,
        statement: &'static Statement,
        params: &[Value],
    ) -> Result<Vec<Row>, StoreError> {
        let place = self.prepare_for(statement.name, statement.text)?;
        self.hold_for(statement.sqlite())?;
        let found = self.run_rows(statement, params)?;
        if self.settle_found(place, &found)? { self.run_rows(statement, params) } else { Ok(found) }
    }

    /// Holds the database if this statement changes it.
    fn hold_for(&mut self, text: &str) -> Result<(), StoreError> {
        if self.connection.prepare_cached(text)?.readonly() {
            return Ok(());
        }
        if self.writing.is_none() && (memory::concerns(text) || tail::concerns(text)) {
            return Err(not_here(text));
        }
        self.hold()?;
        self.writing.iter_mut().for_each(|writing| writing.has_changed = true);
        Ok(())
    }

    fn run_rows(&mut self, statement: &'static Statement, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        let mut prepared = self.connection.prepare_cached(statement.sqlite())?;
        self.writing.iter_mut().for_each(|writing| writing.memory.note(statement.text));
        let mut out = Vec::new();
        query(&mut prepared, statement.name, statement.columns, params, &mut out)?;
        Ok(out)
    }

    pub(in crate::engine) fn execute(
        &mut self,
        statement: &'static Statement,
        params: &[Value],
    ) -> Result<u64, StoreError> {
        self.prepare_for(statement.name, statement.text)?;
        self.hold_for(statement.sqlite())?;
        let mut prepared = self.connection.prepare_cached(statement.sqlite())?;
        self.writing.iter_mut().for_each(|writing| writing.memory.note(statement.text));
        let touched = prepared.execute(rusqlite::params_from_iter(params))?;
        Ok(u64::try_from(touched).unwrap_or(u64::MAX))
    }

    /// As [`Self::execute`], with zeros over what is deleted. Only where it matters: it writes pages that deleting alone would leave.
    pub(in crate::engine) fn erase(
        &mut self,
        statement: &'static Statement,
        params: &[Value],
    ) -> Result<u64, StoreError> {
        self.connection.pragma_update(None, "secure_delete", "ON")?;
        let touched = self.execute(statement, params);
        self.connection.pragma_update(None, "secure_delete", "OFF")?;
        touched
    }

    pub(in crate::engine) fn each(
        &mut self,
        statement: &'static Each,
        rows: Vec<Vec<Value>>,
    ) -> Result<Vec<Row>, StoreError> {
        if let Some(place) = Tail::place(statement) {
            let Some(writing) = &mut self.writing else { return Err(not_here(statement.name)) };
            if Tail::is_claim(place) {
                return writing.tail.claim(&self.connection, statement.name, rows);
            }
            rows.iter().for_each(|row| writing.tail.add(place, row));
            return Ok(Vec::new());
        }
        let place = self.prepare_for(statement.name, statement.row)?;
        self.hold_for(statement.sqlite())?;
        let found = self.run_each(statement, &rows)?;
        if self.settle_found(place, &found)? { self.run_each(statement, &rows) } else { Ok(found) }
    }

    fn run_each(&self, statement: &'static Each, rows: &[Vec<Value>]) -> Result<Vec<Row>, StoreError> {
        let mut prepared = self.connection.prepare_cached(statement.sqlite())?;
        let mut out = Vec::new();
        if prepared.column_count() > 0 {
            for params in rows {
                query(&mut prepared, statement.name, statement.columns, params, &mut out)?;
            }
            return Ok(out);
        }
        for params in rows {
            let touched = prepared.execute(rusqlite::params_from_iter(params))?;
            if touched > 0 && statement.echoes() {
                out.push(Row { statement: statement.name, values: params.clone() });
            }
        }
        Ok(out)
    }

    fn control(&self, text: &str) -> Result<(), StoreError> {
        Ok(self.connection.execute_batch(text)?)
    }

    /// Runs a migration, which may change anything.
    pub(in crate::engine) fn script(&mut self, text: &str) -> Result<(), StoreError> {
        self.settle()?;
        self.writing.iter_mut().for_each(|writing| {
            writing.has_changed = true;
            writing.memory.forget();
            writing.tail.distrust_claims();
        });
        Ok(self.connection.execute_batch(text)?)
    }

    pub(in crate::engine) fn check(&mut self, text: &str, params: &[Type], columns: &[Type]) -> Result<(), String> {
        let prepared = self.connection.prepare(text).map_err(|error| error.to_string())?;
        if prepared.parameter_count() != params.len() {
            return Err(format!("takes {} parameters, registered {}", prepared.parameter_count(), params.len()));
        }
        let echoes = prepared.column_count() == 0 && columns == params;
        if prepared.column_count() != columns.len() && !echoes {
            return Err(format!("returns {} columns, registered {}", prepared.column_count(), columns.len()));
        }
        Ok(())
    }
}

/// What nobody but the thread that writes may change, for it would not learn of it.
fn not_here(statement: &str) -> StoreError {
    StoreError::Failed(format!("only the thread that writes may do this: {statement}"))
}

fn close(connection: Connection) {
    if let Err((_, error)) = connection.close() {
        tracing::warn!(%error, "a connection did not close cleanly; nothing is lost");
    }
}

/// Runs a prepared statement with one row of parameters, and adds the rows that it returns.
fn query(
    prepared: &mut rusqlite::Statement<'_>,
    name: &'static str,
    columns: &[Type],
    params: &[Value],
    out: &mut Vec<Row>,
) -> Result<(), StoreError> {
    let mut found = prepared.query(rusqlite::params_from_iter(params))?;
    while let Some(row) = found.next()? {
        let values = (0..columns.len()).map(|column| row.get_ref(column).map(to_value)).collect::<Result<_, _>>()?;
        out.push(Row { statement: name, values });
    }
    Ok(())
}

fn to_value(value: rusqlite::types::ValueRef<'_>) -> Value {
    use rusqlite::types::ValueRef;
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(int) => Value::Int(int),
        // Strict tables hold no reals; one that appears anyway is reported as corrupt by whoever reads it.
        ValueRef::Real(real) => Value::Text(real.to_string()),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    }
}
