//! The projector: brings the views up to the chain, in order and in bulk, at its own height.
//!
//! It takes committed blocks from the orderer and writes as many as are waiting in one
//! transaction, with the height it reaches. An error is tried again until it passes: the chain
//! is the truth, and nothing leaves memory before the views hold it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use tracing::{debug, error, warn};

use crate::ledger::time::Millis;
use crate::limits;
use crate::store::error::with_causes;
use crate::store::views::Views;
use crate::store::views::error::ViewsError;
use crate::store::views::project::ProjectedBlock;

use super::examiner::Offered;
use super::metrics::Metrics;
use super::replica::CommittedBlock;
use super::touched::Batches;

/// How far the chain or the views have come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// The height of the last block; none before the first.
    pub height: Option<u64>,
    /// The number of entries.
    pub entries: u64,
    /// The time of that block.
    pub time: Option<Millis>,
}

/// What is committed but not yet in the views.
#[derive(Debug)]
pub struct Lag {
    facts: AtomicI64,
    facts_max: i64,
    bytes: AtomicI64,
    /// Whether operations are accepted, which the views make way for.
    gives_way: AtomicBool,
    applied_entries: AtomicU64,
}

impl Lag {
    /// Whether nothing more may be accepted until the views catch up.
    pub fn is_over_its_bound(&self) -> bool {
        self.facts.load(Ordering::SeqCst) > self.facts_max || self.bytes.load(Ordering::SeqCst) > limits::LAG_BYTES_MAX
    }

    /// From now on operations are accepted: in a bulk run the views make way for them.
    pub fn give_way(&self) {
        self.gives_way.store(true, Ordering::SeqCst);
    }

    /// Whether more waits than one transaction takes, and less than half of what may wait.
    pub(super) fn is_bulk_run(&self) -> bool {
        let (facts, bytes) = (self.facts.load(Ordering::SeqCst), self.bytes.load(Ordering::SeqCst));
        self.gives_way.load(Ordering::SeqCst)
            && facts > limits::PROJECTION_FACTS_MAX
            && facts < self.facts_max / 2
            && bytes < limits::LAG_BYTES_MAX / 2
    }

    /// The facts waiting.
    pub fn facts(&self) -> i64 {
        self.facts.load(Ordering::SeqCst)
    }

    /// The number of entries in the views.
    pub fn applied_entries(&self) -> u64 {
        self.applied_entries.load(Ordering::SeqCst)
    }
}

/// Where committed blocks are handed to the projector.
#[derive(Clone, Debug)]
pub struct Projector {
    inbox: mpsc::UnboundedSender<CommittedBlock>,
    head: Arc<watch::Sender<Applied>>,
    applied: watch::Receiver<Applied>,
    lag: Arc<Lag>,
    metrics: Arc<Metrics>,
    batches: Arc<Batches>,
}

impl Projector {
    /// Starts a projector behind what the views hold; it ends when every handle is dropped and
    /// everything is written, or, when a write keeps failing, with the stop signal.
    pub fn start(
        views: Views,
        applied: Applied,
        lag_facts_max: i64,
        metrics: Arc<Metrics>,
        offered: Offered,
        stop: watch::Receiver<bool>,
    ) -> (Self, tokio::task::JoinHandle<()>) {
        // Unbounded by itself: the bound is the lag, checked before anything is accepted.
        let (inbox, blocks) = mpsc::unbounded_channel();
        let (sender, receiver) = watch::channel(applied);
        let lag = Arc::new(Lag {
            facts: AtomicI64::new(0),
            facts_max: lag_facts_max,
            bytes: AtomicI64::new(0),
            gives_way: AtomicBool::new(false),
            applied_entries: AtomicU64::new(applied.entries),
        });
        let batches = Arc::new(Batches::default());
        let watched = Watched { lag: lag.clone(), metrics: metrics.clone(), batches: batches.clone(), offered };
        let task = tokio::spawn(run(views, blocks, sender, watched, stop));
        let head = Arc::new(watch::channel(applied).0);
        (Self { inbox, head, applied: receiver, lag, metrics, batches }, task)
    }

    /// Takes a committed block.
    pub fn take(&self, block: CommittedBlock) {
        self.lag.facts.fetch_add(block.facts(), Ordering::SeqCst);
        self.lag.bytes.fetch_add(block.bytes(), Ordering::SeqCst);
        self.head.send_replace(Applied {
            height: Some(block.header.height),
            entries: block.header.tree_size,
            time: Some(Millis(block.header.time.millis())),
        });
        // The task outlives every handle; without it the process is ending.
        let _ = self.inbox.send(block);
    }

    /// What the newest batches touched.
    pub fn batches(&self) -> Arc<Batches> {
        self.batches.clone()
    }

    /// What is waiting.
    pub fn lag(&self) -> Arc<Lag> {
        self.lag.clone()
    }

    /// The figures of the write path, which the orderer counts as well.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// How far the chain has come, to be watched.
    pub fn head(&self) -> watch::Receiver<Applied> {
        self.head.subscribe()
    }

    /// How far the views have come, to be watched.
    pub fn applied(&self) -> watch::Receiver<Applied> {
        self.applied.clone()
    }
}

/// What a projector tells others.
struct Watched {
    lag: Arc<Lag>,
    metrics: Arc<Metrics>,
    batches: Arc<Batches>,
    offered: Offered,
}

async fn run(
    views: Views,
    mut blocks: mpsc::UnboundedReceiver<CommittedBlock>,
    applied: watch::Sender<Applied>,
    Watched { lag, metrics, batches, offered }: Watched,
    mut stop: watch::Receiver<bool>,
) {
    while let Some(first) = blocks.recv().await {
        let (mut waiting, mut bytes, mut fell_due) = (0, 0, false);
        let (mut batch, mut next) = (Vec::new(), Some(first));
        // The transaction grows with the lag, up to a bound.
        while let Some(block) = next {
            waiting += block.facts();
            bytes += block.bytes();
            fell_due |= block.fell_due;
            batch.push(projected(block));
            next = if waiting < limits::PROJECTION_FACTS_MAX { blocks.try_recv().ok() } else { None };
        }
        let began = Instant::now();
        while let Err(error) = views.project(&batch).await {
            // A commit whose outcome was unknown: the views hold the batch already.
            let reached = batch.last().map(|block| block.height);
            if views.applied().await.is_ok_and(|applied| applied.height == reached) {
                break;
            }
            if matches!(error, ViewsError::BadBlock { .. } | ViewsError::NotNext { .. }) {
                error!(
                    error = with_causes(&error),
                    "the views do not fit the chain; make them anew with `aqueduct rebuild`"
                );
                return;
            }
            warn!(error = with_causes(&error), "the views cannot be written; trying again");
            if *stop.borrow() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(limits::STORE_RETRY_MS)) => {}
                _ = stop.wait_for(|stop| *stop) => {}
            }
        }
        let took = began.elapsed();
        metrics.projection.take_duration(took);
        metrics.projected_facts.add(u64::try_from(waiting).unwrap_or(0));
        // A length in memory always fits into 64 bits.
        metrics.projected_blocks.add(batch.len() as u64);
        let last = batch.last().expect("a batch has a first block");
        debug!(height = last.height, blocks = batch.len(), facts = waiting, "views are up to date");
        let entries = last.first_entry + last.entry_count;
        lag.facts.fetch_sub(waiting, Ordering::SeqCst);
        lag.bytes.fetch_sub(bytes, Ordering::SeqCst);
        lag.applied_entries.store(entries, Ordering::SeqCst);
        let reached = Applied { height: Some(last.height), entries, time: Some(last.time) };
        batches.note(&batch, fell_due);
        offered.offer(batch);
        applied.send_replace(reached);
        make_way(&lag, &blocks, took).await;
    }
}

/// In a bulk run the machine is needed to accept: the views rest several times as long as they
/// worked, for as long as blocks keep coming. They catch up when the run is over, or when half
/// of what may wait is waiting.
async fn make_way(lag: &Lag, blocks: &mpsc::UnboundedReceiver<CommittedBlock>, worked: Duration) {
    let (rest, began) = (worked * limits::PROJECTION_REST_FACTOR, Instant::now());
    while lag.is_bulk_run() && began.elapsed() < rest {
        let waiting = blocks.len();
        tokio::time::sleep(Duration::from_millis(limits::PROJECTION_REST_MS)).await;
        if blocks.len() == waiting {
            return;
        }
    }
}

/// A committed block as the views take it.
pub fn projected(block: CommittedBlock) -> ProjectedBlock {
    ProjectedBlock {
        height: block.header.height,
        time: Millis(block.header.time.millis()),
        first_entry: block.header.first_entry,
        entry_count: u64::from(block.header.entry_count),
        digest: block.digest.0,
        tree_size: block.header.tree_size,
        tree_root: block.header.tree_root.0,
        changes_digest: block.header.changes_digest.0,
        leaves: block.leaves.iter().map(|leaf| leaf.0).collect(),
        changes: block.changes.iter().map(|change| Arc::new(change.unpack())).collect(),
        tiles: block.tiles.into_iter().map(|tile| (tile.id.level, tile.id.index, tile.bytes)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_views_make_way_in_a_bulk_run_alone() {
        let one = limits::PROJECTION_FACTS_MAX;
        let lag = Lag {
            facts: AtomicI64::new(0),
            facts_max: 10 * one,
            bytes: AtomicI64::new(0),
            gives_way: AtomicBool::new(false),
            applied_entries: AtomicU64::new(0),
        };
        let is_bulk_run = |facts: i64, bytes: i64| {
            lag.facts.store(facts, Ordering::SeqCst);
            lag.bytes.store(bytes, Ordering::SeqCst);
            lag.is_bulk_run()
        };
        assert!(!is_bulk_run(2 * one, 1), "nothing is accepted yet");
        lag.give_way();
        assert!(is_bulk_run(2 * one, 1));
        assert!(!is_bulk_run(one, 1), "one transaction takes it");
        assert!(!is_bulk_run(5 * one, 1), "half of the changes that may wait");
        assert!(!is_bulk_run(2 * one, limits::LAG_BYTES_MAX / 2), "half of their bytes");
    }
}
