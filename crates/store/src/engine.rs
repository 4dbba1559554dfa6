//! One transaction on either engine. The thin layer that lets everything above be written once.
//!
//! On SQLite a transaction runs as one closure on a thread that owns the connection; its futures are ready at once, so the
//! thread simply drives them to the end. On PostgreSQL the same futures run on the server's runtime.

mod postgres;
mod sqlite;

pub(crate) use postgres::Postgres;
pub(crate) use sqlite::{Memory, Sqlite, tail_of};

use futures::future::BoxFuture;

use crate::error::StoreError;
use crate::registry::{Each, Statement};
use crate::value::{Row, Value};

/// An open transaction. It ends when the closure that was given it returns: `Ok` commits, `Err` rolls back.
#[derive(Debug)]
pub struct Transaction {
    engine: Engine,
}

#[derive(Debug)]
enum Engine {
    Sqlite(sqlite::Open),
    Postgres(postgres::Open),
}

/// Whether a transaction may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// A snapshot to read from.
    Read,
    /// The same, which may lack what was recorded last.
    ReadBehind,
    /// The one that writes.
    Write,
    /// One that writes beside it.
    WriteBeside,
}

impl Access {
    const fn writes(self) -> bool {
        matches!(self, Self::Write | Self::WriteBeside)
    }
}

/// A statement of the hot path and the rows to run it for; without rows it is not run.
pub(crate) type Asked = (&'static Each, Vec<Vec<Value>>);

/// What runs inside a transaction.
pub(crate) type Work<T> = Box<dyn for<'t> FnOnce(&'t mut Transaction) -> BoxFuture<'t, Result<T, StoreError>> + Send>;

impl Transaction {
    /// Runs a statement and reads all its rows.
    pub(crate) async fn rows(
        &mut self,
        statement: &'static Statement,
        params: &[Value],
    ) -> Result<Vec<Row>, StoreError> {
        match &mut self.engine {
            Engine::Sqlite(open) => open.rows(statement, params),
            Engine::Postgres(open) => open.rows(statement, params).await,
        }
    }

    /// Runs a statement that finds one row or none.
    pub(crate) async fn row(
        &mut self,
        statement: &'static Statement,
        params: &[Value],
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(statement, params).await?.into_iter().next())
    }

    /// Runs a statement that returns nothing, and says how many rows it touched.
    pub(crate) async fn execute(&mut self, statement: &'static Statement, params: &[Value]) -> Result<u64, StoreError> {
        match &mut self.engine {
            Engine::Sqlite(open) => open.execute(statement, params),
            Engine::Postgres(open) => open.execute(statement, params).await,
        }
    }

    /// Runs a statement that deletes, so that nothing of what it deleted stays in the file; on SQLite what was deleted stands on free
    /// pages otherwise until they are used again. What PostgreSQL keeps of it goes with its next vacuum.
    pub(crate) async fn erase(&mut self, statement: &'static Statement, params: &[Value]) -> Result<u64, StoreError> {
        match &mut self.engine {
            Engine::Sqlite(open) => open.erase(statement, params),
            Engine::Postgres(open) => open.execute(statement, params).await,
        }
    }

    /// Runs a statement of the hot path for every row of parameters and reads what all of them return.
    pub(crate) async fn each(
        &mut self,
        statement: &'static Each,
        rows: Vec<Vec<Value>>,
    ) -> Result<Vec<Row>, StoreError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        match &mut self.engine {
            Engine::Sqlite(open) => open.each(statement, rows),
            Engine::Postgres(open) => open.each(statement, rows).await,
        }
    }

    /// Runs statements of the hot path in their order, each for its rows, and reads what each returns. None may need what another returned:
    /// over a line, all are sent before the first is answered.
    pub(crate) async fn all<const N: usize>(&mut self, asked: [Asked; N]) -> Result<[Vec<Row>; N], StoreError> {
        let mut found = [const { Vec::new() }; N];
        match &mut self.engine {
            Engine::Sqlite(open) => {
                for ((statement, rows), found) in asked.into_iter().zip(&mut found) {
                    if !rows.is_empty() {
                        *found = open.each(statement, rows)?;
                    }
                }
            }
            Engine::Postgres(open) => open.all(asked, &mut found).await?,
        }
        Ok(found)
    }

    /// Runs statements of the hot path that return nothing, each for its rows. Over a line they are sent with what comes next; if one
    /// fails, whatever comes next says so, at the latest the commit.
    pub(crate) async fn later<const N: usize>(&mut self, asked: [Asked; N]) -> Result<(), StoreError> {
        match &mut self.engine {
            Engine::Sqlite(_) => self.all(asked).await.map(drop),
            Engine::Postgres(open) => open.later(asked).await,
        }
    }

    /// What this transaction need not ask the database for, on SQLite: there, and only there, one thread writes.
    pub(crate) fn memory(&mut self) -> Option<&mut Memory> {
        match &mut self.engine {
            Engine::Sqlite(open) => open.memory(),
            Engine::Postgres(_) => None,
        }
    }

    /// Runs a script of migrations; it takes no parameters.
    pub(crate) async fn script(&mut self, text: &str) -> Result<(), StoreError> {
        match &mut self.engine {
            Engine::Sqlite(open) => open.script(text),
            Engine::Postgres(open) => open.script(text).await,
        }
    }

    /// Asks the engine whether it takes a statement as registered: its text, parameters and columns.
    pub(crate) async fn check_statement(&mut self, statement: &'static Statement) -> Result<(), String> {
        match &mut self.engine {
            Engine::Sqlite(open) => open.check(statement.sqlite(), statement.params, statement.columns),
            Engine::Postgres(open) => open.check(statement.text, statement.params, statement.columns, false).await,
        }
    }

    /// The same for a statement of the hot path.
    pub(crate) async fn check_each(&mut self, statement: &'static Each) -> Result<(), String> {
        match &mut self.engine {
            Engine::Sqlite(open) => open.check(statement.sqlite(), statement.params, statement.columns),
            Engine::Postgres(open) => open.check(statement.set, statement.params, statement.columns, true).await,
        }
    }

    /// Prepares every registered statement on this engine and lists what it would not take.
    pub async fn check_registry(&mut self) -> Vec<String> {
        let mut complaints = Vec::new();
        for statement in crate::registry::all() {
            if let Err(complaint) = self.check_statement(statement).await {
                complaints.push(format!("{}: {complaint}", statement.name));
            }
        }
        for statement in crate::registry::all_each() {
            if let Err(complaint) = self.check_each(statement).await {
                complaints.push(format!("{}: {complaint}", statement.name));
            }
        }
        complaints
    }
}
