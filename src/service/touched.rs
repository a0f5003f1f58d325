//! What the newest blocks touched, for those who follow statements: kept only while somebody
//! does, for a bounded number of batches.

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::ledger::fact::Fact;
use crate::ledger::ids::{AllocationId, AreaId, PartyKey};
use crate::limits::TOUCHED_BATCHES_MAX;
use crate::store::views::project::ProjectedBlock;

/// Money that a statement can tell apart: its allocation, its accountable party and its area.
pub type Cell = (AllocationId, PartyKey, AreaId);

/// What a batch of blocks touched.
#[derive(Debug)]
pub struct Touched {
    first: u64,
    last: u64,
    /// Whether money on its way fell due, whosever.
    pub fell_due: bool,
    /// Where money came or went.
    pub cells: BTreeSet<Cell>,
}

/// What the newest batches touched.
#[derive(Debug, Default)]
pub struct Batches {
    followers: AtomicUsize,
    newest: Mutex<VecDeque<Arc<Touched>>>,
}

/// Keeps what is touched being noted.
#[derive(Debug)]
pub struct Follower(Arc<Batches>);

impl Drop for Follower {
    fn drop(&mut self) {
        self.0.followers.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Batches {
    /// Begins to note what is touched, for as long as the answer is kept.
    pub fn follow(self: &Arc<Self>) -> Follower {
        self.followers.fetch_add(1, Ordering::SeqCst);
        Follower(self.clone())
    }

    /// Notes a batch, if anybody follows.
    pub fn note(&self, blocks: &[ProjectedBlock], fell_due: bool) {
        let (Some(first), Some(last)) = (blocks.first(), blocks.last()) else { return };
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        if self.followers.load(Ordering::SeqCst) == 0 {
            newest.clear();
            return;
        }
        let facts = blocks.iter().flat_map(|block| &block.changes).flat_map(|change| &change.facts);
        let cell = |fact: &Fact| match fact {
            Fact::TokenMade(token) | Fact::TokenSpent(token) => Some((token.allocation, token.accountable, token.area)),
            _ => None,
        };
        let cells = facts.filter_map(cell).collect();
        newest.push_back(Arc::new(Touched { first: first.height, last: last.height, fell_due, cells }));
        if newest.len() > TOUCHED_BATCHES_MAX {
            newest.pop_front();
        }
    }

    /// What the blocks after a height touched, up to another; none when that is not known.
    pub fn between(&self, after: u64, to: u64) -> Option<Vec<Arc<Touched>>> {
        let newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let found: Vec<_> = newest.iter().filter(|batch| batch.last > after && batch.first <= to).cloned().collect();
        let mut next = after + 1;
        for batch in &found {
            if batch.first > next {
                return None;
            }
            next = batch.last + 1;
        }
        (next > to).then_some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::time::Millis;

    fn block(height: u64) -> ProjectedBlock {
        ProjectedBlock {
            height,
            time: Millis(0),
            first_entry: 0,
            entry_count: 0,
            digest: [0; 32],
            tree_size: 0,
            tree_root: [0; 32],
            changes_digest: [0; 32],
            leaves: Vec::new(),
            changes: Vec::new(),
            tiles: Vec::new(),
        }
    }

    #[test]
    fn what_was_not_noted_is_not_known() {
        let batches = Arc::new(Batches::default());
        batches.note(&[block(1)], false);
        assert!(batches.between(0, 1).is_none(), "nobody followed");
        let follower = batches.follow();
        for heights in [[2, 3], [4, 5]] {
            batches.note(&heights.map(block), heights[0] == 4);
        }
        assert!(batches.between(0, 5).is_none());
        let both: Vec<bool> = batches.between(1, 5).unwrap().iter().map(|batch| batch.fell_due).collect();
        assert_eq!(both, [false, true]);
        assert_eq!(batches.between(3, 4).unwrap().len(), 1);
        assert!(batches.between(3, 6).is_none());
        for height in 6..6 + u64::try_from(TOUCHED_BATCHES_MAX).unwrap() {
            batches.note(&[block(height)], false);
        }
        assert!(batches.between(4, 5).is_none(), "the oldest was let go");
        drop(follower);
        batches.note(&[block(999)], false);
        assert!(batches.between(998, 999).is_none());
    }
}
