//! The truth: appended by compare-and-set, durable, never half written.

use std::path::Path;
use std::sync::Arc;

use aqueduct::ledger::time::Millis;
use aqueduct::store::chain::{ChainStore, Head, StoredBlock};
use aqueduct::store::error::AppendError;
use aqueduct::store::faults::{Faults, Point};
use aqueduct_migrations::chain::ChainMigrator;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use tempfile::TempDir;

use super::goes_up_down_up;
use crate::database::{self, beside};

async fn empty() -> (TempDir, ChainStore) {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    (directory, store)
}

async fn open(directory: &Path) -> ChainStore {
    ChainStore::open(&database::of(directory).chain(), Faults::default()).await.unwrap()
}

fn digest(height: u64, branch: u8) -> [u8; 32] {
    let mut digest = [branch; 32];
    digest[..8].copy_from_slice(&height.to_be_bytes());
    digest
}

/// The block at a height of the chain in which every block holds two entries.
fn block(height: u64) -> StoredBlock {
    StoredBlock {
        height,
        digest: digest(height, 0),
        previous: height.checked_sub(1).map_or([0; 32], |before| digest(before, 0)),
        first_entry: 2 * height,
        entry_count: 2,
        time: Millis(1_000 + height as i64),
        header: vec![1, 2, 3],
        body: vec![height as u8; 100],
    }
}

async fn of_height(store: &ChainStore, last: u64) {
    for height in 0..=last {
        store.append(&block(height)).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_appended_is_read_back_and_survives_reopening() {
    let (directory, store) = empty().await;
    assert_eq!(store.head().await.unwrap(), None);
    assert_eq!(store.block(0).await.unwrap(), None);
    of_height(&store, 2).await;
    let head = Head { height: 2, digest: digest(2, 0), time: Millis(1_002), next_entry: 6 };
    assert_eq!(store.head().await.unwrap(), Some(head));
    store.reopen().await.unwrap();
    assert_eq!(store.head().await.unwrap(), Some(head));
    store.close().await.unwrap();
    let store = open(directory.path()).await;
    assert_eq!(store.head().await.unwrap(), Some(head));
    for height in 0..=2 {
        assert_eq!(store.block(height).await.unwrap(), Some(block(height)));
    }
    assert_eq!(store.block(3).await.unwrap(), None);
    assert_eq!(store.block(u64::MAX).await.unwrap(), None);
    store.append(&block(3)).await.unwrap();
}

#[tokio::test]
async fn a_block_that_does_not_follow_the_head_is_a_conflict() {
    let (_directory, store) = empty().await;
    conflicts(&store, block(1)).await;
    of_height(&store, 2).await;
    conflicts(&store, block(0)).await;
    conflicts(&store, block(2)).await;
    conflicts(&store, StoredBlock { digest: digest(2, 9), ..block(2) }).await;
    conflicts(&store, StoredBlock { previous: digest(2, 9), ..block(3) }).await;
    conflicts(&store, block(4)).await;
    store.append(&block(3)).await.unwrap();
}

async fn conflicts(store: &ChainStore, block: StoredBlock) {
    let before = store.head().await.unwrap();
    let error = store.append(&block).await.unwrap_err();
    assert!(matches!(error, AppendError::Conflict), "{error:?}");
    assert_eq!(store.head().await.unwrap(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_writers_at_once_exactly_one_appends_at_each_height() {
    let (directory, first) = empty().await;
    let (first, second) = (Arc::new(first), Arc::new(open(directory.path()).await));
    first.append(&block(0)).await.unwrap();
    let mut previous = block(0).digest;
    for height in 1..=30 {
        let rival = |store: &Arc<ChainStore>, branch: u8| {
            let store = store.clone();
            let block = StoredBlock { digest: digest(height, branch), previous, ..block(height) };
            tokio::spawn(async move { store.append(&block).await })
        };
        // The second writer of the same store, and one with connections of its own.
        let tries = [rival(&first, 1), rival(&first, 2), rival(&second, 3)];
        let mut won = Vec::new();
        for (branch, attempt) in (1..).zip(tries) {
            match attempt.await.unwrap() {
                Ok(()) => won.push(branch),
                Err(error) => assert!(matches!(error, AppendError::Conflict), "{error:?}"),
            }
        }
        assert_eq!(won.len(), 1);
        let head = second.head().await.unwrap().unwrap();
        assert_eq!((head.height, head.digest), (height, digest(height, won[0])));
        previous = head.digest;
    }
}

#[tokio::test]
async fn a_failure_before_the_insert_is_surely_not_written() {
    let directory = tempfile::tempdir().unwrap();
    let faults = Faults::default();
    let store = ChainStore::open(&database::of(directory.path()).chain(), faults.clone()).await.unwrap();
    faults.arm(Point::BeforeAppend, 1);
    let error = store.append(&block(0)).await.unwrap_err();
    assert!(matches!(error, AppendError::Failed { .. }), "{error:?}");
    assert_eq!(store.head().await.unwrap(), None);
    store.append(&block(0)).await.unwrap();
}

#[tokio::test]
async fn after_an_unknown_outcome_the_head_tells() {
    let directory = tempfile::tempdir().unwrap();
    let faults = Faults::default();
    let store = ChainStore::open(&database::of(directory.path()).chain(), faults.clone()).await.unwrap();
    faults.arm(Point::AfterAppend, 1);
    let error = store.append(&block(0)).await.unwrap_err();
    assert!(matches!(error, AppendError::Unknown { .. }), "{error:?}");
    store.reopen().await.unwrap();
    assert_eq!(store.head().await.unwrap().unwrap().digest, block(0).digest);
    conflicts(&store, block(0)).await;
    store.append(&block(1)).await.unwrap();
}

#[tokio::test]
async fn a_body_of_four_mebibytes_comes_back_whole() {
    let (directory, store) = empty().await;
    let body: Vec<u8> = (0..4 * 1024 * 1024_u32).map(|at| ((at * 31) >> 3) as u8).collect();
    let large = StoredBlock { body, ..block(0) };
    store.append(&large).await.unwrap();
    store.close().await.unwrap();
    let store = open(directory.path()).await;
    assert_eq!(store.block(0).await.unwrap(), Some(large));
}

#[tokio::test]
async fn a_full_disk_fails_the_append_and_the_store_goes_on() {
    if database::is_for_sqlite_only() {
        return;
    }
    let (_directory, store) = empty().await;
    of_height(&store, 2).await;
    store.pragma("max_page_count = 20").await.unwrap();
    let large = StoredBlock { body: vec![7; 1024 * 1024], ..block(3) };
    for _ in 0..3 {
        let error = store.append(&large).await.unwrap_err();
        assert!(matches!(error, AppendError::Failed { .. }), "{error:?}");
    }
    assert_eq!(store.head().await.unwrap().unwrap().height, 2);
    store.append(&block(3)).await.unwrap();
    store.pragma("max_page_count = 1000000").await.unwrap();
    store.append(&StoredBlock { body: vec![7; 1024 * 1024], ..block(4) }).await.unwrap();
}

#[tokio::test]
async fn a_writer_that_is_locked_out_fails_without_writing() {
    if database::is_for_sqlite_only() {
        return;
    }
    let (directory, store) = empty().await;
    of_height(&store, 0).await;
    let beside = beside(directory.path(), "chain").await;
    beside.execute_unprepared("BEGIN IMMEDIATE").await.unwrap();
    store.pragma("busy_timeout = 0").await.unwrap();
    let error = store.append(&block(1)).await.unwrap_err();
    assert!(matches!(error, AppendError::Failed { .. }), "{error:?}");
    beside.execute_unprepared("ROLLBACK").await.unwrap();
    store.append(&block(1)).await.unwrap();
}

#[tokio::test]
async fn blocks_are_read_in_order_within_both_bounds() {
    let (_directory, store) = empty().await;
    of_height(&store, 9).await;
    // Each block has 103 bytes.
    for (from, blocks_max, bytes_max, expected) in [
        (0, 100, u64::MAX, 0..10),
        (4, 3, u64::MAX, 4..7),
        (4, 100, 309, 4..7),
        (4, 100, 308, 4..6),
        (4, 100, 0, 4..5),
        (9, 100, u64::MAX, 9..10),
        (10, 100, u64::MAX, 0..0),
        (0, 0, u64::MAX, 0..0),
        (u64::MAX, 100, u64::MAX, 0..0),
    ] {
        let read = store.blocks_from(from, blocks_max, bytes_max).await.unwrap();
        assert_eq!(read, expected.map(block).collect::<Vec<_>>(), "from {from}, {blocks_max}, {bytes_max}");
    }
}

#[tokio::test]
async fn the_block_of_an_entry_is_found_among_empty_blocks() {
    let (_directory, store) = empty().await;
    // Entries a block: none, two, none, none, three, none.
    let mut first_entry = 0;
    for (height, entry_count) in (0..).zip([0, 2, 0, 0, 3, 0]) {
        store.append(&StoredBlock { first_entry, entry_count, ..block(height) }).await.unwrap();
        first_entry += u64::from(entry_count);
    }
    let expected = [Some(1), Some(1), Some(4), Some(4), Some(4), None];
    for (entry, height) in (0..).zip(expected) {
        let found = store.block_of_entry(entry).await.unwrap();
        assert_eq!(found.map(|block| block.height), height, "entry {entry}");
    }
    assert_eq!(store.block_of_entry(u64::MAX).await.unwrap(), None);
}

#[tokio::test]
async fn finding_a_block_by_entry_uses_the_index() {
    if database::is_for_sqlite_only() {
        return;
    }
    let (directory, _store) = empty().await;
    let db = beside(directory.path(), "chain").await;
    let sql = "EXPLAIN QUERY PLAN SELECT * FROM blocks WHERE first_entry <= 7 \
               ORDER BY first_entry DESC, height DESC LIMIT 1";
    let rows = db.query_all_raw(Statement::from_string(DbBackend::Sqlite, sql)).await.unwrap();
    let plan: Vec<String> = rows.iter().map(|row| row.try_get("", "detail").unwrap()).collect();
    assert_eq!(plan, ["SEARCH blocks USING INDEX blocks_by_first_entry (first_entry<?)"]);
}

#[tokio::test]
async fn the_log_is_checkpointed_beside_the_writer() {
    if database::is_for_sqlite_only() {
        return;
    }
    let (directory, store) = empty().await;
    for height in 0..20 {
        store.append(&StoredBlock { body: vec![1; 1024 * 1024], ..block(height) }).await.unwrap();
    }
    // The writer left all 20 MiB in the log; the task takes them over while others read.
    let grown = || std::fs::metadata(directory.path().join("chain.db")).unwrap().len() > 16 * 1024 * 1024;
    let mut reads = 0;
    while !grown() {
        assert_eq!(store.head().await.unwrap().unwrap().height, 19);
        reads += 1;
        assert!(reads < 100_000, "nobody checkpoints the log");
    }
    assert_eq!(store.block(19).await.unwrap().unwrap().body, [1; 1024 * 1024]);
}

#[tokio::test]
async fn closing_waits_for_the_task_that_checkpoints() {
    if database::is_for_sqlite_only() {
        return;
    }
    let (directory, store) = empty().await;
    let log = directory.path().join("chain.db-wal");
    store.append(&block(0)).await.unwrap();
    store.close().await.unwrap();
    for height in 1..20 {
        let store = open(directory.path()).await;
        store.append(&block(height)).await.unwrap();
        assert!(log.exists());
        store.close().await.unwrap();
        // SQLite removes the log with the last connection.
        assert!(!log.exists(), "a connection is open after block {height}");
    }
}

#[tokio::test]
async fn the_writer_syncs_every_commit_and_checkpoints_none() {
    if database::is_for_sqlite_only() {
        return;
    }
    let (_directory, store) = empty().await;
    for reopened in [false, true] {
        assert_eq!(store.pragma("synchronous").await.unwrap(), Some(2), "FULL, reopened {reopened}");
        assert_eq!(store.pragma("wal_autocheckpoint").await.unwrap(), Some(0), "reopened {reopened}");
        store.reopen().await.unwrap();
    }
}

#[tokio::test]
async fn a_damaged_row_is_told_and_not_taken_for_a_block() {
    let (directory, store) = empty().await;
    of_height(&store, 1).await;
    let beside = beside(directory.path(), "chain").await;
    beside.execute_unprepared("UPDATE blocks SET digest = zeroblob(1) WHERE height = 1").await.unwrap();
    assert!(store.block(1).await.is_err());
    assert!(store.head().await.is_err());
    assert_eq!(store.block(0).await.unwrap(), Some(block(0)));
}

#[tokio::test]
async fn migrations_of_the_chain_run_up_down_up() {
    goes_up_down_up::<ChainMigrator>().await;
}
