//! Blocks of a stored chain, read and examined ahead of whoever takes them in order: what needs no
//! books (bytes, signatures, lists) is done on every core.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::chain::audit::Examined;
use crate::ledger::operation::Stated;
use crate::limits;
use crate::store::chain::{ChainStore, StoredBlock};
use crate::store::error::StoreError;

use super::operation::{self, NotAnOperation};

/// A stored block with what was found of it.
#[derive(Debug)]
pub(super) struct Found {
    /// As it is stored.
    pub(super) stored: StoredBlock,
    /// What its bytes are.
    pub(super) examined: Examined,
    /// What each entry states; nothing when something is wrong with the bytes.
    pub(super) stated: Vec<Result<Stated, NotAnOperation>>,
    /// Lines beside its entries.
    pub(super) lines: usize,
}

impl Found {
    fn of(stored: StoredBlock) -> Self {
        let examined = Examined::of(&stored.header, &stored.body);
        let stated = examined.entries().map(|(stored, checked)| operation::read(checked, &stored.lines)).collect();
        let lines = examined.entries().map(|(stored, _)| stored.lines.len()).sum();
        Self { stored, examined, stated, lines }
    }
}

/// The blocks from one height to another.
pub(super) struct Ahead<'a> {
    chain: &'a ChainStore,
    next: u64,
    last: u64,
    /// One for each core.
    turns: Arc<Semaphore>,
    /// In order; each with the bytes of its block.
    under_way: VecDeque<(u64, JoinHandle<Found>)>,
    bytes: u64,
    /// Why nothing more can be read; said once all before it are taken.
    failed: Option<StoreError>,
}

impl<'a> Ahead<'a> {
    /// The blocks of a chain from `next` to `last`.
    pub(super) fn new(chain: &'a ChainStore, next: u64, last: u64) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let turns = Arc::new(Semaphore::new(cores));
        Self { chain, next, last, turns, under_way: VecDeque::new(), bytes: 0, failed: None }
    }

    /// The next block; none after the last, or where the chain has no further one.
    pub(super) async fn next(&mut self) -> Result<Option<Found>, StoreError> {
        self.fill().await;
        let Some((bytes, found)) = self.under_way.pop_front() else {
            return self.failed.take().map_or(Ok(None), Err);
        };
        self.bytes -= bytes;
        match found.await {
            Ok(found) => Ok(Some(found)),
            Err(why) => std::panic::resume_unwind(why.into_panic()),
        }
    }

    /// Reads on while little is under way.
    async fn fill(&mut self) {
        let blocks_max = limits::REPLAY_BLOCKS;
        while self.failed.is_none()
            && self.next <= self.last
            && self.bytes < limits::REPLAY_BYTES
            && u64::try_from(self.under_way.len()).is_ok_and(|blocks| blocks < blocks_max)
        {
            let blocks_max = blocks_max.min(self.last - self.next + 1);
            match self.chain.blocks_from(self.next, blocks_max, limits::REPLAY_BYTES).await {
                Ok(blocks) if blocks.is_empty() => self.last = self.next - 1,
                Ok(blocks) => blocks.into_iter().for_each(|block| self.examine(block)),
                Err(why) => self.failed = Some(why),
            }
        }
    }

    fn examine(&mut self, block: StoredBlock) {
        // What stands at a wrong height is found by who takes it.
        self.next = block.height + 1;
        // A length in memory always fits into 64 bits.
        let bytes = block.body.len() as u64;
        self.bytes += bytes;
        let turns = self.turns.clone();
        let found = tokio::spawn(async move {
            let _turn = turns.acquire_owned().await.expect("it is never closed");
            match spawn_blocking(|| Found::of(block)).await {
                Ok(found) => found,
                Err(why) => std::panic::resume_unwind(why.into_panic()),
            }
        });
        self.under_way.push_back((bytes, found));
    }
}

impl Drop for Ahead<'_> {
    fn drop(&mut self) {
        self.under_way.iter().for_each(|(_, found)| found.abort());
    }
}
