//! The faults that the queue knows, by the names that they have in the app and in the store.

use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StoreError {
    Unavailable(String),
    Conflict(String),
    Constraint(String),
    Unknown(String),
    Corrupt {},
    Failed(String),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Overloaded,
    TimedOut,
    RequestIdConflict,
    ShuttingDown,
    Store(StoreError),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
