//! Failures on demand, so that tests can fail a store at the moments that matter.
//!
//! Production never arms one; an unarmed check is one atomic load.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Where a failure can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// Before a block is written: surely not written.
    BeforeAppend,
    /// After a block was written, before anybody hears of it: outcome unknown.
    AfterAppend,
    /// Before the projector's transaction begins.
    BeforeProject,
    /// In the middle of the projector's transaction, with rows written and not committed.
    ViewsHalfway,
    /// Before anything is written to the node's own store.
    BeforeNodeWrite,
}

/// How often each point is still to fail. Clones share the counts.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<[AtomicU32; 5]>);

/// A failure that a test asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a test asked for a failure at {0:?}")]
pub struct Injected(pub Point);

impl Faults {
    /// Makes the next `times` checks of `point` fail.
    pub fn arm(&self, point: Point, times: u32) {
        self.count(point).store(times, Ordering::SeqCst);
    }

    /// Fails when the point is armed, and counts down.
    pub fn check(&self, point: Point) -> Result<(), Injected> {
        let spend = |left: u32| left.checked_sub(1);
        match self.count(point).fetch_update(Ordering::SeqCst, Ordering::SeqCst, spend) {
            Ok(_) => Err(Injected(point)),
            Err(_) => Ok(()),
        }
    }

    fn count(&self, point: Point) -> &AtomicU32 {
        match point {
            Point::BeforeAppend => &self.0[0],
            Point::AfterAppend => &self.0[1],
            Point::BeforeProject => &self.0[2],
            Point::ViewsHalfway => &self.0[3],
            Point::BeforeNodeWrite => &self.0[4],
        }
    }
}
