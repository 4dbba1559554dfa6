//! What stands beside a backup: which file it is, byte for byte, and what is in it. No key and no secret.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::BackupError;

/// Another layout would have another number.
pub(super) const FORMAT: u32 = 1;
/// A manifest is a few hundred bytes; what is far larger is another file.
const SIZE_MAX: u64 = 65_536;

/// The manifest of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The layout of this manifest.
    pub format: u32,
    /// The version of Warifu that made the backup.
    pub warifu: String,
    /// When the backup was begun.
    pub made_at: String,
    /// The name that the file had. It may have another now.
    pub file: String,
    /// The size of the file.
    pub bytes: u64,
    /// The SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// The last migration that ran on the database.
    pub schema: i64,
    /// When the newest transaction in it was recorded. What was answered later is not in it.
    pub last_recorded_at: String,
    /// How many transactions each stream has.
    pub streams: BTreeMap<i64, i64>,
    /// How many transactions there are in all, refused ones included.
    pub transactions: u64,
    /// How many wallets there are.
    pub wallets: u64,
    /// The first digits of every payment code.
    pub issuer_prefix: String,
    /// The ids of the keys that the database was used with. They stand in the key file, which is not a part of the backup.
    pub keys: Vec<u32>,
}

impl Manifest {
    /// Where the manifest of a backup stands: beside it, under its name and `.manifest`.
    #[must_use]
    pub fn path_of(backup: &Path) -> PathBuf {
        let mut name = backup.as_os_str().to_owned();
        name.push(".manifest");
        name.into()
    }

    pub(super) fn text(&self) -> String {
        // Plain numbers and texts can always be written.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    pub(super) fn read(path: &Path) -> Result<Self, BackupError> {
        let file = |source| BackupError::File { path: path.to_owned(), source };
        let wrong = |reason: String| BackupError::Manifest { path: path.to_owned(), reason };
        if std::fs::metadata(path).map_err(file)?.len() > SIZE_MAX {
            return Err(wrong("it is too large".to_owned()));
        }
        let text = std::fs::read_to_string(path).map_err(file)?;
        // The layout first: another one has other fields.
        let value: serde_json::Value = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        match value.get("format").and_then(serde_json::Value::as_u64) {
            Some(format) if format == u64::from(FORMAT) => {}
            Some(format) => return Err(wrong(format!("it has layout {format}, this version reads {FORMAT}"))),
            None => return Err(wrong("it has no `format`".to_owned())),
        }
        serde_json::from_value(value).map_err(|error| wrong(error.to_string()))
    }

    /// That the file is the one that was backed up.
    pub(super) fn check_file(&self, path: &Path, bytes: u64, sha256: &str) -> Result<(), BackupError> {
        let changed = |reason: String| Err(BackupError::Changed { path: path.to_owned(), reason });
        if bytes != self.bytes {
            return changed(format!("it has {bytes} bytes, the manifest says {}", self.bytes));
        }
        if sha256 != self.sha256 {
            return changed(format!("its SHA-256 is {sha256}, the manifest says {}", self.sha256));
        }
        Ok(())
    }
}
