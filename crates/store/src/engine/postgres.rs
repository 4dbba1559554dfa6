//! PostgreSQL: a pool of connections, transactions opened and closed by hand so that one type serves both engines.

use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime, Timeouts};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Config, NoTls};

use super::{Access, Engine, Transaction, Work};
use crate::error::StoreError;
use crate::registry::{Each, Statement};
use crate::value::{Row, Type, Value};

/// How long a transaction waits for a connection.
const WAIT: Duration = Duration::from_secs(5);

/// The connections to one PostgreSQL database.
#[derive(Debug)]
pub(crate) struct Postgres {
    pool: Pool,
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
            .runtime(Runtime::Tokio1)
            .timeouts(Timeouts { wait: Some(WAIT), create: Some(WAIT), recycle: Some(WAIT) })
            .build()
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self { pool })
    }

    pub(crate) fn close(&self) {
        self.pool.close();
    }

    pub(crate) async fn run<T: Send + 'static>(&self, access: Access, work: Work<T>) -> Result<T, StoreError> {
        let client = self.pool.get().await?;
        // A task of its own: a caller who hangs up must not leave a transaction half way.
        let task = tokio::spawn(transact(client, access, work));
        task.await.map_err(|_| StoreError::Unknown("a transaction panicked".to_owned()))?
    }
}

async fn transact<T>(client: Object, access: Access, work: Work<T>) -> Result<T, StoreError> {
    let mut transaction = Transaction { engine: Engine::Postgres(Open { client: Some(client) }) };
    transaction
        .script(match access {
            Access::Read | Access::ReadBehind => "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
            // Said each time, for a role or a pooler may have other defaults: an answered payment is on the disk, and a lock
            // that nobody gives back holds up nobody for long.
            Access::Write => {
                "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL synchronous_commit = on; SET LOCAL lock_timeout = '5s'; \
                 SET LOCAL idle_in_transaction_session_timeout = '60s'"
            }
        })
        .await?;
    let result = work(&mut transaction).await;
    let Engine::Postgres(mut open) = transaction.engine else { unreachable!("opened as PostgreSQL above") };
    match result {
        Ok(value) => {
            open.script("COMMIT").await.map_err(|error| match error {
                StoreError::Unavailable(text) if access == Access::Write => StoreError::Unknown(text),
                other => other,
            })?;
            open.close();
            Ok(value)
        }
        Err(error) => {
            if open.script("ROLLBACK").await.is_ok() {
                open.close();
            }
            Err(error)
        }
    }
}

/// A connection inside a transaction. Dropped before [`Open::close`], it leaves the pool for good, so that no open
/// transaction is ever handed to somebody else.
pub(super) struct Open {
    client: Option<Object>,
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
        let client = self.client()?;
        let prepared = client.prepare_cached(statement.text).await?;
        let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        let found = client.query(&prepared, &params).await?;
        found.iter().map(|row| read(statement.name, statement.columns, row)).collect()
    }

    pub(super) async fn execute(&mut self, statement: &'static Statement, params: &[Value]) -> Result<u64, StoreError> {
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
        let client = self.client()?;
        let prepared = client.prepare_cached(statement.set).await?;
        let mut arrays: Vec<Vec<Value>> = statement.params.iter().map(|_| Vec::with_capacity(rows.len())).collect();
        for row in rows {
            for (array, value) in arrays.iter_mut().zip(row) {
                array.push(value);
            }
        }
        let params: Vec<&(dyn ToSql + Sync)> = arrays.iter().map(|array| array as &(dyn ToSql + Sync)).collect();
        let found = client.query(&prepared, &params).await?;
        found.iter().map(|row| read(statement.name, statement.columns, row)).collect()
    }

    pub(super) async fn script(&mut self, text: &str) -> Result<(), StoreError> {
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
