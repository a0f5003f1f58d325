//! Loaders: the look-ups of one request by id, gathered so that a page costs one query for each
//! kind of thing and not one for each row.
//!
//! The first look-up opens a batch and steps aside; those that the same page needs join it before
//! it is sent. Nothing is kept between batches, so nothing read here is ever stale.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};

use crate::ledger::case::Case;
use crate::ledger::hop::Hop;
use crate::ledger::ids::{AllocationId, CaseId, HopId, Place, TokenId};
use crate::ledger::note::Note;
use crate::ledger::registry::Allocation;
use crate::ledger::time::Millis;
use crate::ledger::token::Token;
use crate::service::lists::{EntryBytes, EntryRecord, ListError};
use crate::service::node::Node;
use crate::service::papers::{Paper, PaperKey};

/// Why a batch has no answer; shared by all who wait for it.
#[derive(Clone, Debug, thiserror::Error)]
#[error(transparent)]
pub struct LoadError(Arc<ListError>);

impl LoadError {
    /// The cause.
    pub fn cause(&self) -> &ListError {
        &self.0
    }
}

type Found<K, V> = Result<Arc<BTreeMap<K, V>>, LoadError>;
/// How many entries the views must hold before anything is read: what the caller knows of.
pub type Needed = Arc<AtomicU64>;

type Fetch<K, V> = Arc<dyn Fn(Vec<K>) -> BoxFuture<'static, Result<BTreeMap<K, V>, ListError>> + Send + Sync>;

struct Open<K, V> {
    keys: Arc<Mutex<Vec<K>>>,
    answer: Shared<BoxFuture<'static, Found<K, V>>>,
}

/// Look-ups of one kind of thing.
pub struct Loader<K, V> {
    fetch: Fetch<K, V>,
    open: Arc<Mutex<Option<Open<K, V>>>>,
}

impl<K, V> Loader<K, V>
where
    K: Ord + Copy + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    fn new(fetch: Fetch<K, V>) -> Self {
        Self { fetch, open: Arc::default() }
    }

    /// The thing of a key; none when there is none.
    pub async fn one(&self, key: K) -> Result<Option<V>, LoadError> {
        Ok(self.join(&[key]).await?.get(&key).cloned())
    }

    /// The things of some keys, in order of the keys given; those that are not there are left out.
    pub async fn many(&self, keys: &[K]) -> Result<Vec<V>, LoadError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.join(keys).await?;
        Ok(keys.iter().filter_map(|key| found.get(key).cloned()).collect())
    }

    fn join(&self, keys: &[K]) -> Shared<BoxFuture<'static, Found<K, V>>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let batch = open.get_or_insert_with(|| self.batch());
        batch.keys.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(keys);
        batch.answer.clone()
    }

    fn batch(&self) -> Open<K, V> {
        let keys: Arc<Mutex<Vec<K>>> = Arc::default();
        let (fetch, open, waiting) = (self.fetch.clone(), self.open.clone(), keys.clone());
        let answer = async move {
            everybody_joined(&waiting).await;
            open.lock().unwrap_or_else(PoisonError::into_inner).take();
            let mut keys = std::mem::take(&mut *waiting.lock().unwrap_or_else(PoisonError::into_inner));
            keys.sort_unstable();
            keys.dedup();
            fetch(keys).await.map(Arc::new).map_err(|cause| LoadError(Arc::new(cause)))
        };
        Open { keys, answer: answer.boxed().shared() }
    }
}

/// Rounds of a request in which nobody joins a batch before it is sent. The engine polls a long
/// list a few rows at a time, so one quiet round is not enough; each takes microseconds.
const QUIET_ROUNDS: usize = 3;

/// Waits until rounds of the request's resolvers have passed in which nobody joined. The engine
/// polls the fields of an object again as soon as one of them can go on, before it has come to
/// the next object; so a round is over only when the whole request has stepped aside, which is
/// when the runtime wakes what yielded to it.
async fn everybody_joined<K>(waiting: &Mutex<Vec<K>>) {
    let (mut seen, mut quiet) = (0, 0);
    while quiet < QUIET_ROUNDS {
        tokio::task::yield_now().await;
        let joined = waiting.lock().unwrap_or_else(PoisonError::into_inner).len();
        quiet = if joined == seen { quiet + 1 } else { 0 };
        seen = joined;
    }
}

/// The loaders of one request.
pub struct Loaders {
    /// Tokens by id.
    pub tokens: Loader<TokenId, Arc<Token>>,
    /// Hops by id, as they stand now.
    pub hops: Loader<HopId, Arc<Hop>>,
    /// Allocations by id.
    pub allocations: Loader<AllocationId, Arc<Allocation>>,
    /// Operations with their leaves, by entry.
    pub entries: Loader<u64, EntryRecord>,
    /// Heights of blocks, by their times.
    pub heights: Loader<Millis, u64>,
    /// The entries that made or changed each hop, in order.
    pub versions: Loader<HopId, Vec<u64>>,
    /// The newest notes about things, the oldest first, by their places.
    pub notes: Loader<Place, Vec<Arc<Note>>>,
    /// The versions of each case, the first first.
    pub case_versions: Loader<CaseId, Vec<Arc<Case>>>,
    /// The bytes of entries and the lines beside them.
    pub bytes: Loader<u64, Arc<EntryBytes>>,
    /// The bytes of operations that wait or waited for a signature here.
    pub papers: Loader<PaperKey, Arc<Paper>>,
}

impl Loaders {
    /// Loaders over a node, which wait until the views hold so many entries.
    pub fn new(node: &Arc<Node>, needed: &Needed) -> Self {
        macro_rules! loader {
            ($method:ident) => {{
                let (node, needed) = (node.clone(), needed.clone());
                Loader::new(Arc::new(move |keys: Vec<_>| {
                    let (node, needed) = (node.clone(), needed.load(Ordering::SeqCst));
                    async move {
                        settle(&node, needed).await;
                        node.$method(&keys).await
                    }
                    .boxed()
                }))
            }};
        }
        Self {
            tokens: loader!(tokens_by_id),
            hops: loader!(hops_by_id),
            allocations: loader!(allocations_by_id),
            entries: loader!(entries_by_index),
            heights: loader!(heights_of_times),
            versions: loader!(entries_of_hops),
            notes: loader!(notes_about),
            case_versions: loader!(versions_of_cases),
            bytes: loader!(bytes_of_entries),
            papers: loader!(papers),
        }
    }
}

/// Waits until the views hold so many entries, at most the time a read may wait.
pub async fn settle(node: &Node, needed: u64) {
    if node.heights().views.entries < needed {
        // Behind all the same: the answer's headers say how far the views are.
        node.wait_for(needed).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use futures_util::future::{join_all, try_join};

    use super::*;

    fn counting(fetched: &Arc<AtomicUsize>) -> Loader<u64, u64> {
        let fetched = fetched.clone();
        Loader::new(Arc::new(move |keys: Vec<u64>| {
            fetched.fetch_add(1, Ordering::SeqCst);
            let found = keys.into_iter().filter(|key| key % 2 == 0).map(|key| (key, key * 10)).collect();
            async move { Ok(found) }.boxed()
        }))
    }

    #[tokio::test]
    async fn the_look_ups_of_a_page_are_one_fetch() {
        let fetched = Arc::new(AtomicUsize::new(0));
        let loader = counting(&fetched);
        let page: Vec<u64> = (0..100).map(|row| row / 2).collect();
        let found = join_all(page.iter().map(|key| loader.one(*key))).await;
        assert_eq!(fetched.load(Ordering::SeqCst), 1);
        for (key, found) in page.iter().zip(found) {
            assert_eq!(found.unwrap(), (key % 2 == 0).then_some(key * 10));
        }
        let (many, one) = try_join(loader.many(&[4, 3, 2]), loader.one(6)).await.unwrap();
        assert_eq!((many, one), (vec![40, 20], Some(60)));
        assert_eq!(fetched.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn rows_that_are_polled_again_by_themselves_are_one_fetch_all_the_same() {
        use futures_util::StreamExt as _;
        use futures_util::stream::FuturesUnordered;
        let fetched = Arc::new(AtomicUsize::new(0));
        let loader = counting(&fetched);
        // As the engine does it: the fields of each row by themselves, the rows together.
        let row = |row: u64| {
            let fields: FuturesUnordered<_> = (0..3).map(|field| loader.one(2 * (row + field))).collect();
            async move { fields.collect::<Vec<_>>().await.len() }
        };
        assert_eq!(join_all((0..100).map(row)).await, [3; 100]);
        assert_eq!(fetched.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_look_up_that_is_given_up_does_not_hold_up_the_others() {
        let fetched = Arc::new(AtomicUsize::new(0));
        let loader = counting(&fetched);
        let mut given_up = Box::pin(loader.one(2));
        assert!((&mut given_up).now_or_never().is_none());
        let other = loader.one(4);
        drop(given_up);
        assert_eq!(other.await.unwrap(), Some(40));
    }
}
