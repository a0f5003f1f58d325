//! Keeping the chain store's write-ahead log short, on a connection of its own.
//!
//! SQLite copies the log into the file at a commit once it has grown, and that commit then
//! takes up to a second. Here another connection copies while the writer goes on.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::error::with_causes;
use super::sqlite::{self, Role};

/// Appended bytes between two checkpoints: large enough that one is rare, small enough that
/// the log stays in the system's cache.
const CHECKPOINT_EVERY_BYTES: u64 = 16 * 1024 * 1024;

/// What a block costs in the log beside its own bytes: the pages of the tree and the index.
const BLOCK_OVERHEAD_BYTES: u64 = 16 * 1024;

/// Frames of the log beyond which the writer is made to wait once, so that the log starts
/// anew: a writer that never pauses could let it grow without end. 64 K frames are 256 MiB.
const LOG_FRAMES_MAX: i64 = 64 * 1024;

/// The task that checkpoints. It ends with this value.
#[derive(Debug)]
pub(super) struct WalKeeper {
    appended_bytes: AtomicU64,
    calls: Arc<Calls>,
    /// Taken by who waits for its end.
    task: Mutex<Option<JoinHandle<()>>>,
}

/// What the task is woken for.
#[derive(Debug, Default)]
struct Calls {
    due: Notify,
    stop: Notify,
}

impl WalKeeper {
    /// Starts the task. It opens its connection with the first block that is appended, and then
    /// also copies what an earlier run left: a store that is only read costs nothing.
    pub(super) fn start(path: &Path) -> Self {
        let calls = Arc::new(Calls::default());
        let task = tokio::spawn(keep(path.to_owned(), calls.clone()));
        // Full, so that the first block wakes the task.
        Self { appended_bytes: AtomicU64::new(CHECKPOINT_EVERY_BYTES), calls, task: Mutex::new(Some(task)) }
    }

    /// Counts a block's bytes and wakes the task when enough have come together.
    pub(super) fn appended(&self, block_bytes: usize) {
        // A length in memory always fits into 64 bits.
        let bytes = block_bytes as u64 + BLOCK_OVERHEAD_BYTES;
        if self.appended_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes >= CHECKPOINT_EVERY_BYTES {
            self.appended_bytes.store(0, Ordering::Relaxed);
            self.calls.due.notify_one();
        }
    }

    /// Ends the task, after a checkpoint that is under way, and with it its connection.
    pub(super) async fn close(&self) {
        self.calls.stop.notify_one();
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            // It fails only if the task panicked, and then there is nothing left to end.
            let _ = task.await;
        }
    }
}

impl Drop for WalKeeper {
    fn drop(&mut self) {
        // Not an abort: a query that is cut off would leave its connection to nobody.
        self.calls.stop.notify_one();
    }
}

async fn keep(path: PathBuf, calls: Arc<Calls>) {
    let mut connection = None;
    loop {
        tokio::select! {
            biased;
            () = calls.stop.notified() => break,
            () = calls.due.notified() => {}
        }
        // Only the size of the log depends on it: the next one may succeed.
        if let Err(error) = shorten(&path, &mut connection).await {
            tracing::warn!(error = with_causes(&error), "the chain store's write-ahead log could not be checkpointed");
        }
    }
    if let Some(connection) = connection
        && let Err(error) = connection.close().await
    {
        tracing::debug!(error = with_causes(&error), "the connection that checkpoints did not close");
    }
}

/// Twice, since the second pass is short and so likely ends at the log's very end, from where
/// the writer begins the log anew.
async fn shorten(path: &Path, connection: &mut Option<DatabaseConnection>) -> Result<(), DbErr> {
    let connection = match connection {
        Some(connection) => connection,
        None => connection.insert(sqlite::connect(path, Role::WriterWithoutCheckpoints, 1).await?),
    };
    checkpoint(connection, "PRAGMA wal_checkpoint(PASSIVE)").await?;
    let frames = checkpoint(connection, "PRAGMA wal_checkpoint(PASSIVE)").await?;
    if frames > LOG_FRAMES_MAX {
        checkpoint(connection, "PRAGMA wal_checkpoint(RESTART)").await?;
    }
    Ok(())
}

/// Runs one checkpoint; answers how many frames the log holds.
async fn checkpoint(connection: &DatabaseConnection, sql: &'static str) -> Result<i64, DbErr> {
    let row = connection.query_one_raw(Statement::from_string(DbBackend::Sqlite, sql)).await?;
    row.map_or(Ok(0), |row| row.try_get_by_index(1))
}
