//! The bodies of the blocks that were read last: who follows the head asks for the bytes of the
//! same entries as everybody else who does.
//!
//! Few are read at once, so that readers of old entries leave the chain's connections to others.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;

use crate::chain::block::{Body, StoredEntry};
use crate::limits::{BODIES_KEPT_BYTES_MAX, BODIES_KEPT_MAX, BODIES_READ_AT_ONCE_MAX};
use crate::store::chain::ChainStore;

use super::lists::{EntryBytes, ListError};

/// The entries of one block.
#[derive(Debug)]
pub struct BlockEntries {
    first: u64,
    entries: Vec<Arc<EntryBytes>>,
    /// Of the stored body; what was parsed takes about as many.
    bytes: usize,
}

/// The bodies that are kept, the last read first.
#[derive(Debug)]
pub struct Bodies {
    kept: Mutex<VecDeque<Arc<BlockEntries>>>,
    reading: Semaphore,
    read_from_chain: AtomicU64,
}

impl Default for Bodies {
    fn default() -> Self {
        Self {
            kept: Mutex::default(),
            reading: Semaphore::new(BODIES_READ_AT_ONCE_MAX),
            read_from_chain: AtomicU64::new(0),
        }
    }
}

impl BlockEntries {
    /// An entry by its index in the log; none when another block has it.
    pub fn entry(&self, index: u64) -> Option<&Arc<EntryBytes>> {
        self.entries.get(usize::try_from(index.checked_sub(self.first)?).ok()?)
    }
}

impl Bodies {
    /// The block of an entry; none when the log is not that long.
    pub async fn of_entry(&self, index: u64, chain: &ChainStore) -> Result<Option<Arc<BlockEntries>>, ListError> {
        match self.kept(index) {
            Some(kept) => Ok(Some(kept)),
            None => self.read(index, chain).await,
        }
    }

    /// How many were read from the chain so far.
    pub fn read_from_chain(&self) -> u64 {
        self.read_from_chain.load(Ordering::Relaxed)
    }

    async fn read(&self, index: u64, chain: &ChainStore) -> Result<Option<Arc<BlockEntries>>, ListError> {
        let _permit = self.reading.acquire().await.expect("nobody closes it");
        // Whoever waited for the same block finds it here.
        if let Some(kept) = self.kept(index) {
            return Ok(Some(kept));
        }
        self.read_from_chain.fetch_add(1, Ordering::Relaxed);
        let Some(block) = chain.block_of_entry(index).await? else { return Ok(None) };
        let body = Body::parse(&block.body).map_err(|_| ListError::Broken(index))?;
        let entry = |entry: StoredEntry| Arc::new(EntryBytes { envelope: entry.envelope, lines: entry.lines });
        let entries = body.into_entries().into_iter().map(entry).collect();
        let read = Arc::new(BlockEntries { first: block.first_entry, entries, bytes: block.body.len() });
        if read.entry(index).is_none() {
            return Err(ListError::Broken(index));
        }
        self.keep(read.clone());
        Ok(Some(read))
    }

    fn kept(&self, index: u64) -> Option<Arc<BlockEntries>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|block| block.entry(index).is_some()).cloned()
    }

    /// Keeps a block, and forgets those read longest ago beyond the bounds.
    fn keep(&self, read: Arc<BlockEntries>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_front(read);
        let mut bytes = 0;
        let is_within = |(place, block): (usize, &Arc<BlockEntries>)| {
            bytes += block.bytes;
            place < BODIES_KEPT_MAX && bytes <= BODIES_KEPT_BYTES_MAX
        };
        let within = kept.iter().enumerate().map(is_within).take_while(|is_within| *is_within).count();
        kept.truncate(within);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(first: u64, bytes: usize) -> Arc<BlockEntries> {
        let entry = |n: u8| Arc::new(EntryBytes { envelope: vec![n], lines: Vec::new() });
        Arc::new(BlockEntries { first, entries: vec![entry(0), entry(1)], bytes })
    }

    #[test]
    fn bodies_are_kept_within_their_bounds() {
        let bodies = Bodies::default();
        bodies.keep(block(0, 1));
        assert_eq!(bodies.kept(1).unwrap().entry(1).unwrap().envelope, [1]);
        assert!(bodies.kept(2).is_none());
        for n in 1..=BODIES_KEPT_MAX as u64 {
            bodies.keep(block(2 * n, 1));
        }
        assert!(bodies.kept(1).is_none() && bodies.kept(2).is_some(), "the oldest is forgotten");
        bodies.keep(block(1_000, BODIES_KEPT_BYTES_MAX));
        assert!(bodies.kept(1_001).is_some() && bodies.kept(2).is_none(), "one that fills the room has it alone");
        bodies.keep(block(2_000, BODIES_KEPT_BYTES_MAX + 1));
        assert!(bodies.kept.lock().unwrap().is_empty(), "one that is too large is not kept");
    }
}
