//! What can go wrong in storage, sorted by what the caller can do about it.

/// A fault of the store. Never a refusal: those are answers, and are recorded.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached or has no connection to give. Nothing was done; later it may work.
    #[error("the database cannot be reached: {0}")]
    Unavailable(String),
    /// The transaction was rolled back because of another one. Nothing was done; the same again may work at once.
    #[error("the transaction gave way to another one: {0}")]
    Conflict(String),
    /// A rule of the schema stopped the write. Nothing was done; the same again will fail again.
    #[error("the database refused the write: {0}")]
    Constraint(String),
    /// The answer to a commit did not come. It may be done or not; ask again by the request key.
    #[error("the outcome of the commit is unknown: {0}")]
    Unknown(String),
    /// A sync of the disk failed, then or before, or what was recorded does not fit what is stored; nothing is written any more until the
    /// next start. What a failed sync was to keep may be done or not.
    #[error("nothing is written any more: {0}")]
    Stopped(String),
    /// A row holds what nobody here wrote.
    #[error("statement {statement}: column {column} holds an impossible value; run `warifu verify`")]
    Corrupt {
        /// The name of the statement in the registry.
        statement: &'static str,
        /// The position of the column, from zero.
        column: usize,
    },
    /// Anything else that the database said.
    #[error("the database failed: {0}")]
    Failed(String),
}

impl StoreError {
    /// Whether the same transaction may succeed if it is simply run again.
    #[must_use]
    pub const fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict(_))
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        let text = error.to_string();
        let extended = error.sqlite_error().map(|error| error.extended_code);
        if let Some(rusqlite::ffi::SQLITE_IOERR_FSYNC | rusqlite::ffi::SQLITE_IOERR_DIR_FSYNC) = extended {
            return Self::Stopped(format!("a sync of the disk failed: {text}"));
        }
        match error.sqlite_error_code() {
            Some(Code::DatabaseBusy | Code::DatabaseLocked) => Self::Conflict(text),
            Some(Code::ConstraintViolation) => Self::Constraint(text),
            Some(
                Code::CannotOpen
                | Code::PermissionDenied
                | Code::ReadOnly
                | Code::NotADatabase
                // The disk failed or is full. The transaction was rolled back, and later there may be room.
                | Code::SystemIoFailure
                | Code::DiskFull,
            ) => Self::Unavailable(text),
            _ => Self::Failed(text),
        }
    }
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(detail) = error.as_db_error() else {
            let text = with_sources(&error);
            return if error.is_closed() || error.code().is_none() {
                Self::Unavailable(text)
            } else {
                Self::Failed(text)
            };
        };
        let text = format!("{} ({})", detail.message(), detail.code().code());
        // The classes of SQLSTATE: PostgreSQL manual, appendix A.
        match detail.code().code() {
            "40001" | "40P01" | "55P03" => Self::Conflict(text),
            code if code.starts_with("23") => Self::Constraint(text),
            code if ["08", "53", "57P", "58"].iter().any(|class| code.starts_with(class)) => Self::Unavailable(text),
            _ => Self::Failed(text),
        }
    }
}

impl From<deadpool_postgres::PoolError> for StoreError {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        match error {
            deadpool_postgres::PoolError::Backend(error) => error.into(),
            other => Self::Unavailable(with_sources(&other)),
        }
    }
}

fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}
