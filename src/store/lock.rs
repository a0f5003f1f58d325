//! One writer per data directory and per database.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::database::{Database, Place};
use super::error::StoreError;
use super::session::{NoSession, Session};

/// The file whose lock says that somebody writes here.
const LOCK_FILE: &str = "writer.lock";

/// The right to write in a data directory, and in the database that goes with it. The operating
/// system and the database's server take it back when the value is dropped or the process ends
/// in any way; the file itself stays and means nothing.
#[derive(Debug)]
pub struct WriterLock {
    file: File,
    session: Option<Arc<Session>>,
}

/// It could not be taken for writing.
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
    /// Somebody else writes to the database, with a directory of its own.
    #[error("another Aqueduct process is already writing in {database}; stop it, or choose another database")]
    DatabaseInUse {
        /// The database.
        database: Database,
    },
    /// The lock file could not be made or locked.
    #[error("the lock file {} could not be used", path.display())]
    File {
        /// The lock file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The database could not be asked.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl LockError {
    /// Whether somebody else has it.
    pub fn is_held(&self) -> bool {
        matches!(self, Self::AlreadyRunning { .. } | Self::DatabaseInUse { .. })
    }
}

impl WriterLock {
    /// Takes the directory, making it when it does not exist, and the database. Waits only as
    /// long as a server may take to notice the end of a process that had it.
    pub async fn acquire(directory: &Path, database: &Database) -> Result<Self, LockError> {
        let file = lock_file(directory)?;
        let place = database.chain();
        let session = match &place {
            Place::File(_) => None,
            Place::Schema(schema) => match Session::locked(schema.clone()).await {
                Ok(session) => Some(Arc::new(session)),
                Err(NoSession::Held) => return Err(LockError::DatabaseInUse { database: database.clone() }),
                Err(NoSession::Server(source)) => return Err(place.cannot_open(source).into()),
            },
        };
        Ok(Self { file, session })
    }

    /// Gives it back; when this returns somebody else can take it.
    pub async fn release(self) {
        if let Some(session) = &self.session {
            session.close().await;
        }
    }

    /// The session that holds the database's lock.
    pub(super) fn session(&self) -> Option<Arc<Session>> {
        self.session.clone()
    }
}

impl Drop for WriterLock {
    fn drop(&mut self) {
        // Not by closing alone: a process that is just being started has the file open, too,
        // until it runs its program. If this fails, closing is what is left.
        let _ = self.file.unlock();
    }
}

fn lock_file(directory: &Path) -> Result<File, LockError> {
    let path = directory.join(LOCK_FILE);
    let failed = |source| LockError::File { path: path.clone(), source };
    fs::create_dir_all(directory).map_err(failed)?;
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(LockError::AlreadyRunning { directory: directory.to_owned() }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}
