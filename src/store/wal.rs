//! Keeping the chain store's write-ahead log short, on a connection of its own.
//!
//! SQLite copies the log into the file at a commit once it has grown, and that commit then
//! takes up to a second. Here another connection copies while the writer goes on.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

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
    due: Arc<Notify>,
    connection: DatabaseConnection,
    task: JoinHandle<()>,
}

impl WalKeeper {
    /// Starts the task, with a first checkpoint of what an earlier run left.
    pub(super) async fn start(path: &Path) -> Result<Self, DbErr> {
        let connection = sqlite::connect(path, Role::WriterWithoutCheckpoints, 1).await?;
        let due = Arc::new(Notify::new());
        due.notify_one();
        let task = tokio::spawn(keep(connection.clone(), due.clone()));
        Ok(Self { appended_bytes: AtomicU64::new(0), due, connection, task })
    }

    /// Counts a block's bytes and wakes the task when enough have come together.
    pub(super) fn appended(&self, block_bytes: usize) {
        // A length in memory always fits into 64 bits.
        let bytes = block_bytes as u64 + BLOCK_OVERHEAD_BYTES;
        if self.appended_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes >= CHECKPOINT_EVERY_BYTES {
            self.appended_bytes.store(0, Ordering::Relaxed);
            self.due.notify_one();
        }
    }

    /// Ends the task and closes its connection, after a checkpoint that is under way.
    pub(super) async fn close(&self) -> Result<(), DbErr> {
        self.task.abort();
        self.connection.close_by_ref().await
    }
}

impl Drop for WalKeeper {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn keep(connection: DatabaseConnection, due: Arc<Notify>) {
    loop {
        due.notified().await;
        // Only the size of the log depends on it: the next one may succeed.
        if let Err(error) = shorten(&connection).await {
            tracing::warn!(%error, "the chain store's write-ahead log could not be checkpointed");
        }
    }
}

/// Twice, since the second pass is short and so likely ends at the log's very end, from where
/// the writer begins the log anew.
async fn shorten(connection: &DatabaseConnection) -> Result<(), DbErr> {
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
