//! Backups of a database that is a file, and the way back. What is kept as a backup was proved first: the file is sound,
//! every invariant holds, and its checksum stands in a manifest beside it. The key file is never in it.

mod file;
mod manifest;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use warifu_store::{
    Database, DatabaseUrl, MigrateError, Options, Progress, Report, StoreError, Violation, copy_file, files_beside,
};

use crate::clock::Clock;
use crate::keys::{KeyError, KeyRing};
use crate::open::{OpenError, check_keys};
use file::Partial;
pub use manifest::Manifest;

/// How many violations and complaints are told.
const TOLD: usize = 5;

/// Why there is no backup, or why one is not restored. Nothing was changed that was there before, and nothing is left that
/// was begun.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database is a server's.
    #[error(
        "PostgreSQL has better tools for this than a copy by Warifu: pg_dump, or continuous archiving; docs/guides/backup.md \
         says how, and `warifu verify` proves what was restored"
    )]
    NotAFile,
    /// There is nothing to back up.
    #[error("there is no database at {0}")]
    NoDatabase(PathBuf),
    /// Something stands where the backup would go.
    #[error("{0} is there already, and backups are never overwritten; choose another name")]
    TargetExists(PathBuf),
    /// Something stands where the database would go.
    #[error(
        "{0} is there already, and a restore never replaces a database; end the server, move it away together with \
         `-wal`, `-shm` and `-tail`, and restore again"
    )]
    DatabaseExists(PathBuf),
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The manifest says nothing that this version understands.
    #[error("{path} is not the manifest of a backup: {reason}")]
    Manifest {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The backup is not what it was when it was made.
    #[error("{path} is not what was backed up: {reason}; it is damaged or another file, take another backup")]
    Changed {
        /// Which file.
        path: PathBuf,
        /// What is different.
        reason: String,
    },
    /// The file is damaged inside.
    #[error("the file is not sound: {}", .0.join("; "))]
    Unsound(Vec<String>),
    /// The money is not right.
    #[error("{count} violations of the invariants, the first: {first}; `warifu verify` names them")]
    Violated {
        /// How many.
        count: u64,
        /// The first of them.
        first: String,
    },
    /// The schema is another version's.
    #[error("{0}; to back it up, run the version that works on it")]
    Schema(MigrateError),
    /// The schema cannot be brought to this version's.
    #[error(transparent)]
    Migrate(MigrateError),
    /// The key file cannot be read.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The key file is not the one of this database.
    #[error(transparent)]
    Open(OpenError),
    /// The key file is from before the backup.
    #[error(
        "the backup was made with key {used}, and the newest key in the key file is {newest}: it is an older copy; take a \
         newer one"
    )]
    OlderKeys {
        /// The newest key that the database was used with.
        used: u32,
        /// The newest key of the ring.
        newest: u32,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system gave no random bytes.
    #[error(transparent)]
    Fault(#[from] crate::fault::Fault),
}

/// What was restored.
#[derive(Clone, Debug)]
pub struct Restored {
    /// What the backup said of itself.
    pub manifest: Manifest,
    /// How many migrations brought it to this version's schema.
    pub migrations: usize,
    /// Keys that the database was used with and that are not in the ring any more. What was made under them is lost.
    pub missing_keys: Vec<u32>,
}

/// Backs up the database into the file `target`, with a manifest beside it. A server may work on it meanwhile.
///
/// # Errors
/// [`BackupError`]; then neither file is there.
pub async fn back_up(
    url: &DatabaseUrl,
    target: &Path,
    clock: &dyn Clock,
    progress: impl FnMut(Progress) + Send + 'static,
) -> Result<Manifest, BackupError> {
    let source = url.file().ok_or(BackupError::NotAFile)?;
    if !source.exists() {
        return Err(BackupError::NoDatabase(source.to_owned()));
    }
    let described = Manifest::path_of(target);
    for path in [target, &described] {
        if file::is_there(path) {
            return Err(BackupError::TargetExists(path.to_owned()));
        }
    }
    let made_at = clock.now();
    let copy = Partial::create(target)?;
    copy_file(source, copy.path()).await?;
    let (report, database) = open_copy(&copy, async |database: &Database| {
        database.check_schema().await.map_err(BackupError::Schema)?;
        let report = prove(database, progress).await?;
        Ok((report, Known::read(database).await?))
    })
    .await?;
    let (bytes, sha256) = copy.measured().await?;
    let manifest = database.manifest(target, made_at, &report, bytes, sha256);
    let page = Partial::create(&described)?;
    page.write(manifest.text().as_bytes())?;
    copy.keep(target)?;
    // The manifest comes last: a copy without one is not a backup.
    if let Err(error) = page.keep(&described) {
        let _ = std::fs::remove_file(target);
        return Err(error);
    }
    Ok(manifest)
}

/// Puts a backup where the database is to be, after the same proofs. The ring at `keys` must be the backup's.
///
/// # Errors
/// [`BackupError`]; then there is no database, as before.
pub async fn restore(
    source: &Path,
    url: &DatabaseUrl,
    keys: &Path,
    progress: impl FnMut(Progress) + Send + 'static,
) -> Result<Restored, BackupError> {
    let target = url.file().ok_or(BackupError::NotAFile)?;
    // A log that is left of another database would be taken for a part of this one.
    for path in std::iter::once(target.to_owned()).chain(files_beside(target)) {
        if file::is_there(&path) {
            return Err(BackupError::DatabaseExists(path));
        }
    }
    let manifest = Manifest::read(&Manifest::path_of(source))?;
    if !keys.exists() {
        return Err(BackupError::Open(OpenError::KeysMissing(keys.to_owned())));
    }
    let ring = KeyRing::load(keys)?;
    let copy = Partial::create(target)?;
    copy.copy_from(source).await?;
    let (bytes, sha256) = copy.measured().await?;
    manifest.check_file(source, bytes, &sha256)?;
    let (migrations, known) = open_copy(&copy, async |database: &Database| {
        let found = Known::read(database).await?;
        found.check(source, &manifest)?;
        check_keys(database, &ring).await.map_err(BackupError::Open)?;
        let migrations = database.migrate().await.map_err(BackupError::Migrate)?;
        prove(database, progress).await?;
        Ok((migrations, found))
    })
    .await?;
    let missing_keys = known.missing_keys(&ring)?;
    copy.flush()?;
    copy.keep(target)?;
    Ok(Restored { manifest, migrations, missing_keys })
}

/// Opens the copy for `work` and closes it again, so that the file alone is all of it.
async fn open_copy<T>(
    copy: &Partial,
    work: impl AsyncFnOnce(&Database) -> Result<T, BackupError>,
) -> Result<T, BackupError> {
    let url = DatabaseUrl::Sqlite(copy.path().to_owned());
    let database = Database::open(&url, Options { sqlite_readers: 1, ..Options::default() })?;
    let done = work(&database).await;
    database.close().await;
    let done = done?;
    match files_beside(copy.path()).into_iter().find(|path| file::is_there(path)) {
        Some(path) => Err(BackupError::Unsound(vec![format!("{} was not closed cleanly", path.display())])),
        None => Ok(done),
    }
}

/// Proves that the file is sound and that the money in it is right.
async fn prove(database: &Database, progress: impl FnMut(Progress) + Send + 'static) -> Result<Report, BackupError> {
    let mut complaints = database.check_file().await?;
    if !complaints.is_empty() {
        complaints.truncate(TOLD);
        return Err(BackupError::Unsound(complaints));
    }
    let report = database.verify(progress).await?;
    if report.violation_count() > 0 {
        let said = |Violation { invariant, object, detail }: &Violation| {
            format!("invariant {}: {object}: {detail}", invariant.number())
        };
        let first = report.violations.first().map_or_else(String::new, said);
        return Err(BackupError::Violated { count: report.violation_count(), first });
    }
    Ok(report)
}

/// What a database says of itself.
struct Known {
    contents: warifu_store::Contents,
    last_recorded_at: warifu_core::time::Time,
    issuer_prefix: String,
    keys: Vec<u32>,
}

impl Known {
    async fn read(database: &Database) -> Result<Self, StoreError> {
        let contents = database.contents().await?;
        let read = database.read(|transaction| {
            Box::pin(async move {
                let last = transaction.last_recorded_at().await?;
                let prefix = transaction.find_setting("issuer_prefix").await?;
                Ok((last, prefix, transaction.list_settings("key_check.").await?))
            })
        });
        let (last_recorded_at, issuer_prefix, checks) = read.await?;
        let ids = checks.iter().filter_map(|(name, _)| name.strip_prefix("key_check.")?.parse().ok());
        let mut keys: Vec<u32> = ids.collect();
        keys.sort_unstable();
        Ok(Self { contents, last_recorded_at, issuer_prefix: issuer_prefix.unwrap_or_default(), keys })
    }

    fn streams(&self) -> BTreeMap<i64, i64> {
        self.contents.streams.iter().map(|end| (end.stream, end.number())).collect()
    }

    fn manifest(
        self,
        target: &Path,
        made_at: warifu_core::time::Time,
        report: &Report,
        bytes: u64,
        sha256: String,
    ) -> Manifest {
        Manifest {
            format: manifest::FORMAT,
            warifu: env!("CARGO_PKG_VERSION").to_owned(),
            made_at: made_at.to_string(),
            file: target.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            bytes,
            sha256,
            schema: self.contents.schema,
            last_recorded_at: self.last_recorded_at.to_string(),
            streams: self.streams(),
            transactions: report.transactions,
            wallets: report.wallets,
            issuer_prefix: self.issuer_prefix,
            keys: self.keys,
        }
    }

    /// That this is the database that the manifest speaks of.
    fn check(&self, source: &Path, manifest: &Manifest) -> Result<(), BackupError> {
        let same = self.contents.schema == manifest.schema
            && self.streams() == manifest.streams
            && self.issuer_prefix == manifest.issuer_prefix
            && self.keys == manifest.keys;
        let reason = "the database says otherwise than its manifest".to_owned();
        if same { Ok(()) } else { Err(BackupError::Changed { path: source.to_owned(), reason }) }
    }

    /// Keys that were used and are not in the ring. Old ones may have been dropped for good; a ring that knows none as new
    /// as the newest that was used is an older copy.
    fn missing_keys(&self, ring: &KeyRing) -> Result<Vec<u32>, BackupError> {
        let newest = ring.newest();
        if let Some(used) = self.keys.last().copied().filter(|used| *used > newest) {
            return Err(BackupError::OlderKeys { used, newest });
        }
        let held = ring.ids();
        Ok(self.keys.iter().copied().filter(|id| !held.contains(id)).collect())
    }
}
