//! How a row of the tail's file is written and read: a byte for the format, then for each row of a table its place in [`LATER`] and the parameters
//! of that statement, those first that name it.

use rusqlite::types::ValueRef;

use super::LATER;
use crate::error::StoreError;
use crate::value::Value;

/// The first byte of every row of the file. 1 was before journal and wallets had a chain, 2 before wallets were packed.
pub(super) const FORMAT: u8 = 3;

pub(super) fn corrupt() -> StoreError {
    StoreError::Corrupt { statement: "LIST_TAIL", column: 0 }
}

/// A name with its place before it.
pub(super) fn key(place: u8, name: &[u8]) -> Vec<u8> {
    let mut key = Vec::with_capacity(name.len().saturating_add(64));
    key.push(place);
    key.extend(name);
    key
}

/// The name of a row of a table: its place and the columns that name it.
pub(super) fn name_of(place: u8, row: &[Value]) -> Vec<u8> {
    let columns = LATER.get(usize::from(place)).map_or(0, |(_, columns)| *columns);
    let mut name = key(place, &[]);
    row.iter().take(columns).for_each(|value| write(&mut name, value));
    name
}

const NULL: u8 = 0;
const INT: u8 = 1;
const TEXT: u8 = 2;
const BLOB: u8 = 3;

/// A tag; then eight bytes, in whose order the numbers are, or a length of four and so many.
pub(super) fn write(out: &mut Vec<u8>, value: &Value) {
    let mut bytes = |tag: u8, bytes: &[u8]| {
        out.push(tag);
        // What is written here was checked for its length long before.
        out.extend(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
        out.extend(bytes);
    };
    match value {
        Value::Null => out.push(NULL),
        Value::Int(int) => {
            out.push(INT);
            out.extend((int ^ i64::MIN).to_be_bytes());
        }
        Value::Text(text) => bytes(TEXT, text.as_bytes()),
        Value::Blob(blob) => bytes(BLOB, blob),
    }
}

/// One row of a table, as it is to be written.
pub(super) struct Change<'a> {
    pub(super) place: u8,
    /// The columns that name it, encoded.
    pub(super) name: &'a [u8],
    pub(super) values: Vec<ValueRef<'a>>,
}

/// Reads a row of the file.
pub(super) fn read_changes<'a>(bytes: &'a [u8], mut found: impl FnMut(Change<'a>)) -> Result<(), StoreError> {
    let mut reader = Reader(bytes);
    let format = reader.byte()?;
    if format != FORMAT {
        return Err(StoreError::Failed(format!(
            "the tail has rows of format {format}, this version writes {FORMAT}; start the version that wrote them once more"
        )));
    }
    while !reader.0.is_empty() {
        let place = reader.byte()?;
        let (statement, named) = LATER.get(usize::from(place)).ok_or_else(corrupt)?;
        let begin = reader.0;
        let mut name = begin;
        let mut values = Vec::with_capacity(statement.params.len());
        for column in 1..=statement.params.len() {
            values.push(reader.value()?);
            if column == *named {
                name = begin.get(..begin.len().saturating_sub(reader.0.len())).ok_or_else(corrupt)?;
            }
        }
        found(Change { place, name, values });
    }
    Ok(())
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], StoreError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or_else(corrupt)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], StoreError> {
        self.take(N)?.try_into().map_err(|_| corrupt())
    }

    fn byte(&mut self) -> Result<u8, StoreError> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn value(&mut self) -> Result<ValueRef<'a>, StoreError> {
        Ok(match self.byte()? {
            NULL => ValueRef::Null,
            INT => ValueRef::Integer(i64::from_be_bytes(self.array()?) ^ i64::MIN),
            TEXT => {
                let text = self.counted()?;
                std::str::from_utf8(text).map_err(|_| corrupt())?;
                ValueRef::Text(text)
            }
            BLOB => ValueRef::Blob(self.counted()?),
            _ => return Err(corrupt()),
        })
    }

    fn counted(&mut self) -> Result<&'a [u8], StoreError> {
        let count = u32::from_be_bytes(self.array()?);
        self.take(usize::try_from(count).map_err(|_| corrupt())?)
    }
}
