//! Files that appear under their name when they are whole and on the disk, or not at all.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use warifu_store::files_beside;

use super::BackupError;
use crate::random;

/// How much is read at a time.
const CHUNK: usize = 1 << 20;

/// A file in the making, in the folder where it is to be. It is gone if it is not kept.
#[derive(Debug)]
pub(super) struct Partial {
    path: PathBuf,
}

impl Partial {
    /// An empty file for what is to be `target`, readable by its owner only.
    pub(super) fn create(target: &Path) -> Result<Self, BackupError> {
        let mut name = target.as_os_str().to_owned();
        name.push(format!(".{:08x}.partial", u32::from_be_bytes(random::bytes()?)));
        let path = PathBuf::from(name);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        // The folder is what may be wrong with it: the name was not there before.
        let shown = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(target);
        options.open(&path).map_err(|source| BackupError::File { path: shown.to_owned(), source })?;
        Ok(Self { path })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn write(&self, bytes: &[u8]) -> Result<(), BackupError> {
        let mut file = OpenOptions::new().write(true).open(&self.path).map_err(said(&self.path))?;
        file.write_all(bytes).and_then(|()| file.sync_all()).map_err(said(&self.path))
    }

    /// Fills it with what is in `source`.
    pub(super) async fn copy_from(&self, source: &Path) -> Result<(), BackupError> {
        let (from, into) = (source.to_owned(), self.path.clone());
        blocking(move || {
            let mut from = File::open(&from).map_err(said(&from))?;
            let mut out = OpenOptions::new().write(true).open(&into).map_err(said(&into))?;
            std::io::copy(&mut from, &mut out).and_then(|_| out.sync_all()).map_err(said(&into))
        })
        .await
    }

    /// Flushes it to the disk, and returns its size and its SHA-256 in hexadecimal.
    pub(super) async fn measured(&self) -> Result<(u64, String), BackupError> {
        let path = self.path.clone();
        blocking(move || measure(&path).map_err(said(&path))).await
    }

    pub(super) fn flush(&self) -> Result<(), BackupError> {
        File::open(&self.path).and_then(|file| file.sync_all()).map_err(said(&self.path))
    }

    /// Gives it its name, under which there must be nothing yet, and makes that last.
    pub(super) fn keep(self, target: &Path) -> Result<(), BackupError> {
        // Renaming would replace what somebody put there meanwhile; a link does not.
        match std::fs::hard_link(&self.path, target) {
            Ok(()) => {}
            Err(_) if is_there(target) => return Err(BackupError::TargetExists(target.to_owned())),
            // A file system without links.
            Err(_) => std::fs::rename(&self.path, target).map_err(said(target))?,
        }
        drop(self);
        let synced = sync_folder(target).map_err(said(target));
        if synced.is_err() {
            let _ = std::fs::remove_file(target);
        }
        synced
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // Most of them are not there.
        let _ = std::fs::remove_file(&self.path);
        for path in files_beside(&self.path) {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Whether anything stands there, be it a link that leads nowhere.
pub(super) fn is_there(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok()
}

fn said(path: &Path) -> impl FnOnce(std::io::Error) -> BackupError {
    let path = path.to_owned();
    move |source| BackupError::File { path, source }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BackupError> + Send + 'static,
) -> Result<T, BackupError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(warifu_store::StoreError::Failed(error.to_string()).into()))
}

fn measure(path: &Path) -> std::io::Result<(u64, String)> {
    let mut file = File::open(path)?;
    file.sync_all()?;
    let mut hash = Sha256::new();
    let mut bytes = 0_u64;
    let mut chunk = vec![0; CHUNK];
    loop {
        let count = file.read(&mut chunk)?;
        if count == 0 {
            break;
        }
        hash.update(chunk.get(..count).unwrap_or_default());
        bytes = bytes.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
    }
    let sha256 = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok((bytes, sha256))
}

/// A name is on the disk when its folder is.
#[cfg(unix)]
fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_path: &Path) -> std::io::Result<()> {
    Ok(())
}
