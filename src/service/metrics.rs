//! Figures of a running node, for whoever watches over it: what was recorded and refused, how
//! long a block takes to be durable and to be seen, who is connected.
//!
//! Counting costs a few nanoseconds and never waits. No figure says anything of the money, and
//! no name in them comes from a caller: what can be told apart is a closed list.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::ledger::time::Millis;

/// Upper ends of the buckets of durations, in nanoseconds: from a cached write to a disk that
/// stalls.
const DURATIONS_NS: &[u64] = &[
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    2_500_000_000,
    5_000_000_000,
];

/// Upper ends of the buckets of entries in a block: up to about as many as its bytes allow.
const ENTRIES: &[u64] = &[0, 1, 4, 16, 64, 256, 1_024, 4_096];

/// Upper ends of the buckets of bytes in a block: up to its bound.
const BYTES: &[u64] = &[1 << 10, 1 << 12, 1 << 14, 1 << 16, 1 << 18, 1 << 20, 1 << 22];

/// Classes of an HTTP status: `1xx` to `5xx`.
pub const STATUS_CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// The figures.
#[derive(Debug)]
pub struct Metrics {
    /// When they began to be counted: the start of the node.
    pub started: Millis,
    /// Operations recorded.
    pub recorded: Counter,
    /// Operations that were recorded before and got their first answer again.
    pub replayed: Counter,
    /// Time to make a block durable, fsync included.
    pub append: Histogram,
    /// Entries of each block.
    pub block_entries: Histogram,
    /// Bytes of each block's body.
    pub block_bytes: Histogram,
    /// Time of each transaction that brought the views on.
    pub projection: Histogram,
    /// Facts in those transactions.
    pub projected_facts: Counter,
    /// Blocks in those transactions.
    pub projected_blocks: Counter,
    /// Messages that receivers of webhooks took.
    pub webhooks_delivered: Counter,
    /// Attempts to deliver one that failed.
    pub webhooks_failed: Counter,
    webhooks_pending: AtomicU64,
    refused: Mutex<BTreeMap<&'static str, u64>>,
    requests: [Counter; STATUS_CLASSES.len()],
    subscriptions: AtomicU64,
}

/// Something that only rises.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

/// How often a figure fell into which bucket.
#[derive(Debug)]
pub struct Histogram {
    ends: &'static [u64],
    /// One for each end and one for what is beyond the last.
    counts: Vec<Counter>,
    sum: Counter,
}

/// What a histogram held at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The upper end of each bucket with how many figures were at most that.
    pub buckets: Vec<(u64, u64)>,
    /// How many figures there were.
    pub count: u64,
    /// Their sum.
    pub sum: u64,
}

/// A subscription is counted as open as long as this is held.
#[derive(Debug)]
pub struct OpenSubscription(Arc<Metrics>);

impl Metrics {
    /// Figures that begin now.
    pub fn new(started: Millis) -> Self {
        Self {
            started,
            recorded: Counter::default(),
            replayed: Counter::default(),
            append: Histogram::new(DURATIONS_NS),
            block_entries: Histogram::new(ENTRIES),
            block_bytes: Histogram::new(BYTES),
            projection: Histogram::new(DURATIONS_NS),
            projected_facts: Counter::default(),
            projected_blocks: Counter::default(),
            webhooks_delivered: Counter::default(),
            webhooks_failed: Counter::default(),
            webhooks_pending: AtomicU64::new(0),
            refused: Mutex::default(),
            requests: Default::default(),
            subscriptions: AtomicU64::new(0),
        }
    }

    /// Counts an operation that was not taken, by the code of the reason.
    pub fn refused(&self, code: &'static str) {
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner).entry(code).or_insert(0) += 1;
    }

    /// How many operations were not taken, by the code of the reason.
    pub fn refusals(&self) -> BTreeMap<&'static str, u64> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Counts an answered HTTP request.
    pub fn answered(&self, status: u16) {
        let class = usize::from(status / 100).saturating_sub(1);
        if let Some(counter) = self.requests.get(class) {
            counter.add(1);
        }
    }

    /// How many requests were answered, by class of status.
    pub fn requests(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        STATUS_CLASSES.into_iter().zip(&self.requests).map(|(class, counter)| (class, counter.get()))
    }

    /// Counts a subscription until what is given back is dropped.
    pub fn subscribed(self: &Arc<Self>) -> OpenSubscription {
        self.subscriptions.fetch_add(1, Ordering::Relaxed);
        OpenSubscription(self.clone())
    }

    /// Sets how many messages receivers of webhooks have still to be sent.
    pub fn set_webhooks_pending(&self, pending: u64) {
        self.webhooks_pending.store(pending, Ordering::Relaxed);
    }

    /// How many messages receivers of webhooks have still to be sent.
    pub fn webhooks_pending(&self) -> u64 {
        self.webhooks_pending.load(Ordering::Relaxed)
    }

    /// How many subscriptions are open.
    pub fn open_subscriptions(&self) -> u64 {
        self.subscriptions.load(Ordering::Relaxed)
    }
}

impl Drop for OpenSubscription {
    fn drop(&mut self) {
        self.0.subscriptions.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Counter {
    /// Adds to it.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// How far it is.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Histogram {
    fn new(ends: &'static [u64]) -> Self {
        Self { ends, counts: (0..=ends.len()).map(|_| Counter::default()).collect(), sum: Counter::default() }
    }

    /// Takes a figure.
    pub fn take(&self, figure: u64) {
        self.counts[self.ends.partition_point(|end| *end < figure)].add(1);
        self.sum.add(figure);
    }

    /// Takes a duration, in nanoseconds.
    pub fn take_duration(&self, duration: Duration) {
        self.take(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX));
    }

    /// What it holds. Each bucket counts those before it, as collectors expect.
    pub fn read(&self) -> Reading {
        let mut count = 0;
        let mut buckets = Vec::with_capacity(self.ends.len());
        for (end, counter) in self.ends.iter().zip(&self.counts) {
            count += counter.get();
            buckets.push((*end, count));
        }
        count += self.counts[self.ends.len()].get();
        Reading { buckets, count, sum: self.sum.get() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_in_the_first_bucket_that_is_not_below_it() {
        let histogram = Histogram::new(&[1, 4]);
        for figure in [0, 1, 2, 4, 5] {
            histogram.take(figure);
        }
        assert_eq!(histogram.read(), Reading { buckets: vec![(1, 2), (4, 4)], count: 5, sum: 12 });
    }

    #[test]
    fn a_subscription_is_open_until_it_is_dropped() {
        let metrics = Arc::new(Metrics::new(Millis(0)));
        let open = (metrics.subscribed(), metrics.subscribed());
        assert_eq!(metrics.open_subscriptions(), 2);
        drop(open);
        assert_eq!(metrics.open_subscriptions(), 0);
    }
}
