//! The values that cross the edge to a database: three types and null, the same on both engines.

use bytes::BytesMut;
use rusqlite::types::{ToSqlOutput, ValueRef};
use tokio_postgres::types::{IsNull, ToSql, Type as PostgresType, to_sql_checked};

use crate::error::StoreError;

/// The type of a parameter or column: `INTEGER`/`bigint`, `TEXT`/`text`, `BLOB`/`bytea`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Int,
    Text,
    Blob,
}

impl Type {
    pub(crate) const fn postgres(self) -> PostgresType {
        match self {
            Self::Int => PostgresType::INT8,
            Self::Text => PostgresType::TEXT,
            Self::Blob => PostgresType::BYTEA,
        }
    }
}

/// One value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Int(i64),
    Text(String),
    Blob(Vec<u8>),
}

impl From<i64> for Value {
    fn from(int: i64) -> Self {
        Self::Int(int)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl<const N: usize> From<[u8; N]> for Value {
    fn from(bytes: [u8; N]) -> Self {
        Self::Blob(bytes.to_vec())
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Blob(bytes)
    }
}

impl From<bool> for Value {
    fn from(is: bool) -> Self {
        Self::Int(is.into())
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(int) => ValueRef::Integer(*int),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl ToSql for Value {
    fn to_sql(
        &self,
        ty: &PostgresType,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(int) => int.to_sql(ty, out),
            Self::Text(text) => text.to_sql(ty, out),
            Self::Blob(bytes) => bytes.to_sql(ty, out),
        }
    }

    fn accepts(ty: &PostgresType) -> bool {
        [Type::Int, Type::Text, Type::Blob].into_iter().any(|known| known.postgres() == *ty)
    }

    to_sql_checked!();
}

/// One row of a result, read by position. Whatever does not fit the asked type is [`StoreError::Corrupt`].
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) statement: &'static str,
    pub(crate) values: Vec<Value>,
}

impl Row {
    /// An error that says that this row holds what nobody wrote.
    pub(crate) fn corrupt(&self, column: usize) -> StoreError {
        StoreError::Corrupt { statement: self.statement, column }
    }

    pub(crate) fn int(&self, column: usize) -> Result<i64, StoreError> {
        match self.values.get(column) {
            Some(Value::Int(int)) => Ok(*int),
            _ => Err(self.corrupt(column)),
        }
    }

    /// A yes or no, kept as 1 or 0.
    pub(crate) fn is(&self, column: usize) -> Result<bool, StoreError> {
        self.converted(column, |int| {
            [(0, false), (1, true)].into_iter().find_map(|(kept, is)| (kept == int).then_some(is))
        })
    }

    pub(crate) fn text(&self, column: usize) -> Result<&str, StoreError> {
        match self.values.get(column) {
            Some(Value::Text(text)) => Ok(text),
            _ => Err(self.corrupt(column)),
        }
    }

    pub(crate) fn bytes<const N: usize>(&self, column: usize) -> Result<[u8; N], StoreError> {
        match self.values.get(column) {
            Some(Value::Blob(bytes)) => bytes.as_slice().try_into().map_err(|_| self.corrupt(column)),
            _ => Err(self.corrupt(column)),
        }
    }

    pub(crate) fn blob(&self, column: usize) -> Result<&[u8], StoreError> {
        match self.values.get(column) {
            Some(Value::Blob(bytes)) => Ok(bytes),
            _ => Err(self.corrupt(column)),
        }
    }

    /// `None` if the column is null, else what `read` makes of it.
    pub(crate) fn optional<'a, T>(
        &'a self,
        column: usize,
        read: impl FnOnce(&'a Self, usize) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        match self.values.get(column) {
            Some(Value::Null) => Ok(None),
            _ => read(self, column).map(Some),
        }
    }

    /// Converts with `convert`, whose `None` means that nobody here wrote such a value.
    pub(crate) fn parsed<T>(&self, column: usize, convert: impl FnOnce(&str) -> Option<T>) -> Result<T, StoreError> {
        convert(self.text(column)?).ok_or_else(|| self.corrupt(column))
    }

    /// Like [`Row::parsed`] for numbers.
    pub(crate) fn converted<T>(&self, column: usize, convert: impl FnOnce(i64) -> Option<T>) -> Result<T, StoreError> {
        convert(self.int(column)?).ok_or_else(|| self.corrupt(column))
    }
}
