//! One writer per data directory.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// The file whose lock says that somebody writes here.
const LOCK_FILE: &str = "writer.lock";

/// The right to write in a data directory. The operating system takes it back when the value
/// is dropped or the process ends in any way; the file itself stays and means nothing.
#[derive(Debug)]
pub struct WriterLock {
    _file: File,
}

/// The data directory could not be taken for writing.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody else writes there.
    #[error(
        "another Aqueduct process is already writing in {}; stop it, or choose another data directory",
        directory.display()
    )]
    AlreadyRunning {
        /// The data directory.
        directory: PathBuf,
    },
    /// The lock file could not be made or locked.
    #[error("the lock file {} could not be used", path.display())]
    File {
        /// The lock file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl WriterLock {
    /// Takes the directory, making it when it does not exist; never waits.
    pub fn acquire(directory: &Path) -> Result<Self, LockError> {
        let path = directory.join(LOCK_FILE);
        let failed = |source| LockError::File { path: path.clone(), source };
        fs::create_dir_all(directory).map_err(failed)?;
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(LockError::AlreadyRunning { directory: directory.to_owned() }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}
