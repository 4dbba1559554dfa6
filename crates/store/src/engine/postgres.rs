//! PostgreSQL: a pool of connections, transactions opened and closed by hand so that one type serves both engines.

use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Timeouts};
use futures::future::{try_join, try_join_all};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Config, NoTls, Statement as Prepared};

use super::{Access, Asked, Engine, Transaction, Work};
use crate::error::StoreError;
use crate::registry::{Each, Statement};
use crate::value::{Row, Type, Value};

/// How long a transaction waits for a connection.
const WAIT: Duration = Duration::from_secs(5);

/// The connections to one PostgreSQL database, and the threads that serve them: among the tasks of thousands of callers each of the
/// round trips of a transaction would wait for its turn, while what it locks stays locked.
#[derive(Debug)]
pub(crate) struct Postgres {
    pool: Pool,
    /// There until it is dropped.
    runtime: Option<Runtime>,
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Whoever drops it may be a task itself, which cannot wait for the threads.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Postgres {
    pub(crate) fn open(url: &str, connections: usize) -> Result<Self, StoreError> {
        let mut config: Config =
            url.parse().map_err(|error: tokio_postgres::Error| StoreError::Unavailable(error.to_string()))?;
        if config.get_application_name().is_none() {
            config.application_name("warifu");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(WAIT);
        }
        // A server that vanishes without a word is noticed within the time that a command may wait.
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(2 * WAIT);
        }
        config.keepalives_idle(2 * WAIT).keepalives_interval(WAIT / 2).keepalives_retries(3);
        let manager = Manager::from_config(config, NoTls, ManagerConfig { recycling_method: RecyclingMethod::Fast });
        let pool = Pool::builder(manager)
            .max_size(connections)
            .runtime(deadpool_postgres::Runtime::Tokio1)
            .timeouts(Timeouts { wait: Some(WAIT), create: Some(WAIT), recycle: Some(WAIT) })
            .build()
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        // Half of the cores, so that who reads much holds up nobody where there are many.
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(cores.div_ceil(2))
            .thread_name("postgres")
            .enable_all()
            .build()
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self { pool, runtime: Some(runtime) })
    }

    pub(crate) fn close(&self) {
        self.pool.close();
    }

    pub(crate) async fn run<T: Send + 'static>(&self, access: Access, work: Work<T>) -> Result<T, StoreError> {
        let runtime = self.runtime.as_ref().ok_or_else(|| StoreError::Unavailable("closed".to_owned()))?;
        let pool = self.pool.clone();
        let (answer, answered) = oneshot::channel();
        // A task of its own: a caller who hangs up must not leave a transaction half way. One that hung up before begins none.
        runtime.spawn(async move {
            let result = match pool.get().await {
                Ok(client) if !answer.is_closed() => transact(client, access, work).await,
                Ok(_) => return,
                Err(error) => Err(error.into()),
            };
            let _ = answer.send(result);
        });
        answered.await.map_err(|_| StoreError::Unknown("a transaction panicked".to_owned()))?
    }
}

async fn transact<T>(client: Object, access: Access, work: Work<T>) -> Result<T, StoreError> {
    let mut transaction = Transaction { engine: Engine::Postgres(Open { client: Some(client), later: Vec::new() }) };
    transaction
        .script(match access {
            // Nothing here runs long enough to be worth compiling, and what walks along a chain is thought to.
            Access::Read | Access::ReadBehind => {
                "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET LOCAL jit = off"
            }
            // Said each time, for a role or a pooler may have other defaults: an answered payment is on the disk, and a lock
            // that nobody gives back holds up nobody for long.
            Access::Write | Access::WriteBeside => {
                "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL synchronous_commit = on; SET LOCAL lock_timeout = '5s'; \
                 SET LOCAL idle_in_transaction_session_timeout = '60s'"
            }
        })
        .await?;
    let result = work(&mut transaction).await;
    let Engine::Postgres(mut open) = transaction.engine else { unreachable!("opened as PostgreSQL above") };
    match result {
        Ok(value) => {
            let committed = open.commit(access).await;
            match committed {
                Ok(()) => open.close(),
                Err(_) => open.roll_back().await,
            }
            committed.map(|()| value)
        }
        Err(error) => {
            open.roll_back().await;
            Err(error)
        }
    }
}

/// A connection inside a transaction. Dropped before [`Open::close`], it leaves the pool for good, so that no open
/// transaction is ever handed to somebody else.
pub(super) struct Open {
    client: Option<Object>,
    /// What is sent with whatever comes next.
    later: Vec<Ready>,
}

/// A statement of the hot path that can be sent.
struct Ready {
    statement: &'static Each,
    prepared: Prepared,
    arrays: Vec<Vec<Value>>,
}

impl Ready {
    async fn send(&self, client: &Object) -> Result<Vec<tokio_postgres::Row>, tokio_postgres::Error> {
        let params: Vec<&(dyn ToSql + Sync)> = self.arrays.iter().map(|array| array as &(dyn ToSql + Sync)).collect();
        client.query(&self.prepared, &params).await
    }

    async fn run(&self, client: &Object) -> Result<Vec<Row>, StoreError> {
        let found = self.send(client).await?;
        found.iter().map(|row| read(self.statement.name, self.statement.columns, row)).collect()
    }
}

impl std::fmt::Debug for Open {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Open")
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            drop(Object::take(client));
        }
    }
}

impl Open {
    async fn roll_back(&mut self) {
        self.later.clear();
        if self.script("ROLLBACK").await.is_ok() {
            self.close();
        }
    }

    fn close(&mut self) {
        drop(self.client.take());
    }

    fn client(&self) -> Result<&Object, StoreError> {
        self.client.as_ref().ok_or_else(|| StoreError::Failed("the transaction is closed".to_owned()))
    }

    pub(super) async fn rows(
        &mut self,
        statement: &'static Statement,
        params: &[Value],
    ) -> Result<Vec<Row>, StoreError> {
        self.send_later().await?;
        let client = self.client()?;
        let prepared = client.prepare_cached(statement.text).await?;
        let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        let found = client.query(&prepared, &params).await?;
        found.iter().map(|row| read(statement.name, statement.columns, row)).collect()
    }

    pub(super) async fn execute(&mut self, statement: &'static Statement, params: &[Value]) -> Result<u64, StoreError> {
        self.send_later().await?;
        let client = self.client()?;
        let prepared = client.prepare_cached(statement.text).await?;
        let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        Ok(client.execute(&prepared, &params).await?)
    }

    pub(super) async fn each(
        &mut self,
        statement: &'static Each,
        rows: Vec<Vec<Value>>,
    ) -> Result<Vec<Row>, StoreError> {
        let mut found = [Vec::new()];
        self.all([(statement, rows)], &mut found).await?;
        let [found] = found;
        Ok(found)
    }

    /// All statements are sent before the first is answered; PostgreSQL runs them in their order, and after one that fails none.
    pub(super) async fn all<const N: usize>(
        &mut self,
        asked: [Asked; N],
        found: &mut [Vec<Row>; N],
    ) -> Result<(), StoreError> {
        self.send_later().await?;
        let mut ready = Vec::with_capacity(N);
        for ((statement, rows), found) in asked.into_iter().zip(found) {
            if !rows.is_empty() {
                ready.push((self.ready(statement, rows).await?, found));
            }
        }
        let client = self.client()?;
        // Each is sent when it is first polled, and they are polled in this order.
        let sent = ready.into_iter().map(async |(ready, found)| {
            *found = ready.run(client).await?;
            Ok::<_, StoreError>(())
        });
        try_join_all(sent).await.map(drop)
    }

    /// Sends statements that return nothing with what comes next: another statement, or the commit, which then says what became of them.
    pub(super) async fn later<const N: usize>(&mut self, asked: [Asked; N]) -> Result<(), StoreError> {
        for (statement, rows) in asked {
            if !rows.is_empty() {
                let ready = self.ready(statement, rows).await?;
                self.later.push(ready);
            }
        }
        Ok(())
    }

    async fn send_later(&mut self) -> Result<(), StoreError> {
        let later = std::mem::take(&mut self.later);
        if later.is_empty() {
            return Ok(());
        }
        let client = self.client()?;
        Ok(try_join_all(later.iter().map(|ready| ready.send(client))).await.map(drop)?)
    }

    /// After a statement that fails PostgreSQL makes a rollback of the commit that was sent behind it, so what it says of a statement is
    /// certain. Where it says nothing, what was sent may have arrived.
    async fn commit(&mut self, access: Access) -> Result<(), StoreError> {
        let unknown = |error: tokio_postgres::Error| match StoreError::from(error) {
            StoreError::Unavailable(text) if access.writes() => StoreError::Unknown(text),
            other => other,
        };
        let later = std::mem::take(&mut self.later);
        let client = self.client()?;
        let sent = try_join_all(later.iter().map(|ready| ready.send(client)));
        let sent = async {
            sent.await.map_err(|error| if error.as_db_error().is_some() { error.into() } else { unknown(error) })
        };
        let commit = async { client.batch_execute("COMMIT").await.map_err(unknown) };
        try_join(sent, commit).await.map(drop)
    }

    async fn ready(&self, statement: &'static Each, rows: Vec<Vec<Value>>) -> Result<Ready, StoreError> {
        let prepared = self.client()?.prepare_cached(statement.set).await?;
        let mut arrays: Vec<Vec<Value>> = statement.params.iter().map(|_| Vec::with_capacity(rows.len())).collect();
        for row in rows {
            for (array, value) in arrays.iter_mut().zip(row) {
                array.push(value);
            }
        }
        Ok(Ready { statement, prepared, arrays })
    }

    pub(super) async fn script(&mut self, text: &str) -> Result<(), StoreError> {
        self.send_later().await?;
        Ok(self.client()?.batch_execute(text).await?)
    }

    pub(super) async fn check(
        &mut self,
        text: &str,
        params: &[Type],
        columns: &[Type],
        arrays: bool,
    ) -> Result<(), String> {
        let client = self.client().map_err(|error| error.to_string())?;
        let prepared = client.prepare(text).await.map_err(|error| StoreError::from(error).to_string())?;
        let element = |ty: &tokio_postgres::types::Type| match ty.kind() {
            tokio_postgres::types::Kind::Array(element) if arrays => element.clone(),
            _ => ty.clone(),
        };
        let found: Vec<_> = prepared.params().iter().map(element).collect();
        let wanted: Vec<_> = params.iter().map(|ty| ty.postgres()).collect();
        if found != wanted {
            return Err(format!("takes {found:?}, registered {wanted:?}"));
        }
        let found: Vec<_> = prepared.columns().iter().map(|column| column.type_().clone()).collect();
        let wanted: Vec<_> = columns.iter().map(|ty| ty.postgres()).collect();
        if found != wanted {
            return Err(format!("returns {found:?}, registered {wanted:?}"));
        }
        Ok(())
    }
}

fn read(statement: &'static str, columns: &[Type], row: &tokio_postgres::Row) -> Result<Row, StoreError> {
    let values = columns
        .iter()
        .enumerate()
        .map(|(index, ty)| {
            Ok(match ty {
                Type::Int => row.try_get::<_, Option<i64>>(index)?.into(),
                Type::Text => row.try_get::<_, Option<String>>(index)?.into(),
                Type::Blob => row.try_get::<_, Option<Vec<u8>>>(index)?.map_or(Value::Null, Value::Blob),
            })
        })
        .collect::<Result<_, tokio_postgres::Error>>()?;
    Ok(Row { statement, values })
}
