//! A node: its stores, its keys, its orderer and projector, started and stopped together.

use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock, RwLockReadGuard};
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tracing::{error, info};
use uuid::Uuid;

use crate::chain::block::Header;
use crate::chain::digest::Digest;
use crate::chain::key::PublicKey;
use crate::chain::merkle::{TileId, Tree};
use crate::leakage::detectors::ALL;
use crate::leakage::examine::Detector;
use crate::ledger::registry::Party;
use crate::ledger::state::Tables;
use crate::ledger::time::Millis;
use crate::limits;
use crate::store::chain::ChainStore;
use crate::store::database::{Database, Place};
use crate::store::error::StoreError;
use crate::store::faults::Faults;
use crate::store::findings::{Examined, Findings, Stopped};
use crate::store::lock::{LockError, WriterLock};
use crate::store::node::NodeStore;
use crate::store::node::drafts::DraftStatus;
use crate::store::node::keyring::{Keyring, KeyringError, NODE_ITSELF, Unlock};
use crate::store::node::unlock::UnlockError;
use crate::store::postgres::NotAnAddress;
use crate::store::views::Views;
use crate::store::views::error::ViewsError;

use super::ahead::{Ahead, Found};
use super::bodies::Bodies;
use super::clock::{Clock, ClockSuspect};
use super::examiner::{self, Examiner, ExaminerState, Followed};
use super::identity;
use super::metrics::Metrics;
use super::officers::Viewer;
use super::operation::{Checked, NotAnOperation};
use super::orderer::{NotRecorded, Orderer, Recorder};
use super::prefetch::{PrefetchError, prefetch};
use super::projector::{Applied, Projector};
use super::replica::{Rejected, Replica};
use super::statements::Statements;

/// How a node is opened.
#[derive(Debug)]
pub struct Options {
    /// The data directory: the node's files.
    pub directory: PathBuf,
    /// Where the stores are.
    pub database: Database,
    /// How the keys it keeps are unlocked.
    pub unlock: Unlock,
    /// Where time comes from.
    pub clock: Arc<Clock>,
    /// Whether it makes empty blocks when money falls due: a server does, a command does not.
    pub serving: bool,
    /// How much it keeps in memory.
    pub bounds: Bounds,
    /// Faults that a test arms; inert otherwise.
    pub faults: Faults,
    /// What looks for leakage.
    pub detectors: Vec<&'static dyn Detector>,
}

/// How much a node keeps in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Records that the views hold as well; beyond it the oldest are dropped.
    pub resident_records: usize,
    /// Facts that the views do not hold yet; beyond it nothing is accepted.
    pub lag_facts: i64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { resident_records: limits::RESIDENT_RECORDS_MAX, lag_facts: limits::LAG_FACTS_MAX }
    }
}

impl Options {
    /// A command's options: stores, and the key file, in the data directory; the system's clock.
    pub fn new(directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
            database: Database::Files(directory.to_owned()),
            unlock: Unlock::key_file_in(directory),
            clock: Arc::new(Clock::system()),
            serving: false,
            bounds: Bounds::default(),
            faults: Faults::default(),
            detectors: ALL.to_vec(),
        }
    }

    /// The same with the stores in a PostgreSQL database.
    pub fn with_database(self, address: &str) -> Result<Self, NotAnAddress> {
        Ok(Self { database: Database::Postgres(address.parse()?), ..self })
    }

    /// The same, waiting so long for the database's server when that is just being started.
    pub fn with_database_wait(self, wait: Duration) -> Self {
        let database = match self.database {
            Database::Postgres(server) => Database::Postgres(server.waiting(wait)),
            files => files,
        };
        Self { database, ..self }
    }
}

/// Why a node does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory cannot be made or read.
    #[error("the data directory {path} cannot be used")]
    Directory {
        /// Where.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Another process writes this chain.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The views cannot be opened.
    #[error(transparent)]
    Views(#[from] ViewsError),
    /// The keys it keeps cannot be unlocked.
    #[error(transparent)]
    Unlock(#[from] UnlockError),
    /// The node's own key cannot be used.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// There is no chain yet.
    #[error("there is no chain in {0}; begin one with `aqueduct init`, or try `aqueduct demo`")]
    NoChain(Database),
    /// There is a chain already.
    #[error("there is a chain in {0} already")]
    ChainExists(Database),
    /// The views hold more than the chain, or another one.
    #[error("the end of the chain is missing: {0}; bring the chain back from a copy that verifies")]
    ChainBehindViews(String),
    /// The node's own store was lost.
    #[error(
        "{0} holds no key of this chain's node: logins, keys and the last signed checkpoint are missing; \
         bring it back from a copy"
    )]
    NodeStoreLost(Place),
    /// The views and the chain contradict each other.
    #[error("the views do not fit the chain: {0}; make them anew with `aqueduct rebuild`")]
    ViewsContradict(String),
    /// What a stored operation names cannot be read.
    #[error(transparent)]
    Prefetch(#[from] PrefetchError),
    /// A stored block is not admitted.
    #[error("the chain is broken: {0}; look with `aqueduct verify`")]
    Broken(#[from] Rejected),
    /// The clock is far behind the last block.
    #[error("the clock says {now}, but the last block is of {head}; set the clock right")]
    ClockBehind {
        /// The clock.
        now: Millis,
        /// The last block's time.
        head: Millis,
    },
    /// The clock cannot be trusted.
    #[error(transparent)]
    Clock(#[from] ClockSuspect),
    /// The first operation is not admitted.
    #[error("the chain cannot begin: {0}")]
    Begin(String),
}

/// How far the chain and the views are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heights {
    /// The head of the chain.
    pub head: Applied,
    /// What the views hold.
    pub views: Applied,
    /// Facts committed but not yet in the views.
    pub lag_facts: i64,
    /// The last block that was examined; none before the first.
    pub findings: Option<u64>,
}

/// A running node.
pub struct Node {
    chain_id: Digest,
    tables: Arc<RwLock<Tables>>,
    chain: Arc<ChainStore>,
    views: Views,
    findings: Findings,
    examiner: ExaminerState,
    store: NodeStore,
    keyring: Keyring,
    proposer: PublicKey,
    salt_key: [u8; 32],
    recorder: Recorder,
    head: watch::Receiver<Applied>,
    applied: watch::Receiver<Applied>,
    lag: Arc<super::projector::Lag>,
    metrics: Arc<Metrics>,
    statements: Statements,
    bodies: Bodies,
    stream_turns: Arc<Semaphore>,
    clock: Arc<Clock>,
    stop: watch::Sender<bool>,
    broken: Arc<watch::Sender<bool>>,
    tasks: Vec<JoinHandle<()>>,
    lock: WriterLock,
}

struct Opened {
    chain: Arc<ChainStore>,
    views: Views,
    findings: Findings,
    store: NodeStore,
    keyring: Keyring,
    proposer: PublicKey,
    salt_key: [u8; 32],
    lock: WriterLock,
}

impl Node {
    /// Begins a chain in an empty directory with its first operation, whole and signed.
    pub async fn begin(options: Options, envelope: Vec<u8>) -> Result<Digest, StartError> {
        let (database, clock) = (options.database.clone(), options.clock.clone());
        let opened = open_stores(options).await?;
        if opened.chain.head().await?.is_some() {
            return Err(StartError::ChainExists(database));
        }
        let checked = Checked::new(envelope, Vec::new(), &Digest::ZERO)
            .map_err(|why: NotAnOperation| StartError::Begin(why.to_string()))?;
        let replica = Replica::new(Tables::default(), None, Tree::new(), opened.proposer);
        let proposal = replica.propose(vec![checked], clock.now()?, false);
        let Some(block) = &proposal.block else {
            return Err(StartError::Begin(format!("{:?}", proposal.verdicts)));
        };
        let id = block.header.chain_id();
        opened.chain.append(&super::orderer::stored(block)).await.map_err(|why| StartError::Begin(why.to_string()))?;
        opened.lock.release().await;
        Ok(id)
    }

    /// Opens the chain of a directory and brings everything up to its head.
    pub async fn open(options: Options) -> Result<Self, StartError> {
        let (database, clock, serving) = (options.database.clone(), options.clock.clone(), options.serving);
        let (bounds, detectors) = (options.bounds, options.detectors.clone());
        let opened = open_stores(options).await?;
        let Some(stored_head) = opened.chain.head().await? else {
            return Err(match opened.views.applied().await?.height {
                Some(height) => StartError::ChainBehindViews(format!("the views hold block {height}, the chain none")),
                None => StartError::NoChain(database),
            });
        };
        let now = clock.now()?;
        if stored_head.time > now.plus(limits::CLOCK_BEHIND_MS_MAX) {
            return Err(StartError::ClockBehind { now, head: stored_head.time });
        }
        let (mut replica, applied) = load(&opened, bounds).await?;
        let identity = identity::check(opened.views.clone()).await?;
        let (stop, stopped) = watch::channel(false);
        let metrics = Arc::new(Metrics::new(now));
        let (offered, inbox) = examiner::offered();
        let (projector, projecting) = Projector::start(
            opened.views.clone(),
            applied,
            bounds.lag_facts,
            metrics.clone(),
            offered,
            stopped.clone(),
        );
        let followed = Followed {
            views: opened.views.clone(),
            tables: replica.tables(),
            inbox,
            applied: projector.applied(),
            lag: projector.lag(),
            stop: stopped.clone(),
        };
        let (examiner, examining) = Examiner::start(opened.findings.clone(), detectors, followed).await?;
        replay(&opened, &mut replica, &projector, stored_head.height).await?;
        let tables = replica.tables();
        let chain_id = replica.chain_id();
        let (lag, head, applied) = (projector.lag(), projector.head(), projector.applied());
        if serving {
            lag.give_way();
        }
        let statements = Statements::new(projector.batches());
        let (orderer, recorder) = Orderer::new(
            replica,
            opened.chain.clone(),
            opened.views.clone(),
            projector,
            clock.clone(),
            stopped,
            serving,
        );
        let broken = Arc::new(watch::channel(false).0);
        let ordering = watch_over("orderer", tokio::spawn(orderer.run()), &stop, &broken);
        let projecting = watch_over("projector", projecting, &stop, &broken);
        if let Some(identity) = identity {
            tokio::spawn(identity::watch(identity, broken.clone()));
        }
        info!(chain.id = %chain_id, height = stored_head.height, "node is open");
        let node = Self {
            chain_id,
            tables,
            chain: opened.chain,
            views: opened.views,
            findings: opened.findings,
            examiner,
            store: opened.store,
            keyring: opened.keyring,
            proposer: opened.proposer,
            salt_key: opened.salt_key,
            recorder,
            head,
            applied,
            lag,
            metrics,
            statements,
            bodies: Bodies::default(),
            stream_turns: Arc::new(Semaphore::new(limits::STREAMS_READ_AT_ONCE_MAX)),
            clock,
            stop,
            broken,
            tasks: vec![ordering, projecting, examining],
            lock: opened.lock,
        };
        if let Ok(now) = node.clock.now() {
            node.store.expire_drafts(now).await?;
        }
        node.finish_submitted().await;
        Ok(node)
    }

    /// Stops: what was taken is answered, the views are brought up to the head.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        let Self { tasks, recorder, chain, views, findings, store, keyring, lock, .. } = self;
        drop((recorder, keyring));
        for task in tasks {
            // A task that panicked has said so already.
            let _ = tokio::time::timeout(Duration::from_secs(limits::STOP_GRACE_SECONDS), task).await;
        }
        // What is not closed here is closed with the process; everything answered is durable.
        if let Some(chain) = Arc::into_inner(chain) {
            let _ = chain.close().await;
        }
        let _ = views.close().await;
        let _ = findings.close().await;
        let _ = store.close().await;
        lock.release().await;
    }

    /// The chain's id.
    pub fn chain_id(&self) -> Digest {
        self.chain_id
    }

    /// The committed tables: parties, keys, programmes, appropriations whole, the rest in part.
    pub fn tables(&self) -> RwLockReadGuard<'_, Tables> {
        self.tables.read().expect("nothing panics while holding the books")
    }

    /// The chain store.
    pub fn chain(&self) -> &ChainStore {
        &self.chain
    }

    /// The views.
    pub fn views(&self) -> &Views {
        &self.views
    }

    /// The findings.
    pub fn findings(&self) -> &Findings {
        &self.findings
    }

    /// How far the findings are, to be watched.
    pub fn examined(&self) -> watch::Receiver<Examined> {
        self.examiner.reached.clone()
    }

    /// The detectors that stand still.
    pub fn stopped_detectors(&self) -> Vec<Stopped> {
        self.examiner.stopped()
    }

    /// The node's own store.
    pub fn store(&self) -> &NodeStore {
        &self.store
    }

    /// The keys it keeps.
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// Where operations go.
    pub fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// The node's own key, which signs its checkpoints.
    pub fn proposer(&self) -> PublicKey {
        self.proposer
    }

    /// The secret from which the salts of lines are made.
    pub fn salt_key(&self) -> &[u8; 32] {
        &self.salt_key
    }

    /// The figures of what it does.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// The clock's moment.
    pub fn now(&self) -> Result<Millis, NotRecorded> {
        Ok(self.clock.now()?)
    }

    /// The clock, for who tells a story of the past.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// How far the views are, to be watched.
    pub fn applied(&self) -> watch::Receiver<Applied> {
        self.applied.clone()
    }

    /// The statements that are followed.
    pub fn statements(&self) -> &Statements {
        &self.statements
    }

    /// The bodies of blocks that were read last.
    pub fn bodies(&self) -> &Bodies {
        &self.bodies
    }

    /// The turns of those who follow the log, to read on and to answer what they ask of an entry.
    pub fn stream_turns(&self) -> &Arc<Semaphore> {
        &self.stream_turns
    }

    /// How far everything is.
    pub fn heights(&self) -> Heights {
        Heights {
            head: *self.head.borrow(),
            views: *self.applied.borrow(),
            lag_facts: self.lag.facts(),
            findings: self.examiner.reached.borrow().height,
        }
    }

    /// Becomes true when the orderer or the projector ended though nobody stopped the node: then
    /// nothing more is recorded, and the process should end and say so.
    pub fn broken(&self) -> watch::Receiver<bool> {
        self.broken.subscribe()
    }

    /// Ready means: state loaded, store writable, lag under its bound.
    pub fn is_ready(&self) -> bool {
        self.recorder.is_accepting() && !self.lag.is_over_its_bound() && !*self.broken.borrow()
    }

    /// Waits until the views hold `entries`, at most the time a reader waits for its own
    /// writes. Says whether they do.
    pub async fn wait_for(&self, entries: u64) -> bool {
        let mut applied = self.applied.clone();
        let wait = applied.wait_for(|applied| applied.entries >= entries);
        tokio::time::timeout(Duration::from_millis(limits::READ_OWN_WRITES_MS), wait)
            .await
            .is_ok_and(|seen| seen.is_ok())
    }

    /// Waits until the views are at the head of what was recorded so far, however long.
    pub async fn catch_up(&self) {
        let mut applied = self.applied.clone();
        while self.lag.facts() > 0 {
            if applied.changed().await.is_err() {
                return;
            }
        }
    }

    /// Waits until everything that was recorded so far is examined, however long.
    pub async fn examine_up(&self) {
        self.catch_up().await;
        let to = self.applied.borrow().height;
        // Ends early when the examiner does.
        let _ = self.examined().wait_for(|examined| examined.height >= to).await;
    }

    /// The officer behind a bearer token.
    pub async fn viewer(&self, token: &str) -> Result<Option<Viewer>, StoreError> {
        let login = self.store.login_by_token(token).await?;
        Ok(login.and_then(|login| Viewer::of(&self.tables(), login.officer)))
    }

    /// A party by its public id.
    pub fn party_by_id(&self, id: Uuid) -> Option<Arc<Party>> {
        let tables = self.tables();
        tables.parties.by_id(&id)
    }

    /// The entry and expiry of an operation that the views hold.
    pub async fn recorded(&self, party: &Party, id: Uuid) -> Result<Option<(u64, Millis)>, NotRecorded> {
        let found = self.views.operations(&[id]).await.map_err(|_| NotRecorded::Unavailable)?;
        let expiry = super::operation::id_time(id).map_or(Millis(0), |at| at.plus(limits::VALIDITY_MS_MAX));
        Ok(found.into_iter().find(|r| r.party == party.key).map(|r| (r.entry, expiry)))
    }

    /// Records drafts that were fully signed when the node last stopped.
    async fn finish_submitted(&self) {
        let submitted = self.store.drafts_with(DraftStatus::Submitted, None, limits::SUBMITTED_DRAFTS_MAX).await;
        for draft in submitted.unwrap_or_default() {
            let envelope = super::record::envelope_of(&draft).map(|envelope| envelope.to_entry_bytes());
            let lines = super::record::lines_of(&draft);
            if let Some(checked) = envelope.ok().and_then(|e| Checked::new(e, lines, &self.chain_id).ok()) {
                // The draft notes the outcome itself; without an answer it is tried at the next start.
                let _ = self.record_draft(draft.party, checked).await;
            }
        }
    }
}

/// Notices when a task ends by itself or by a panic.
fn watch_over(
    name: &'static str,
    task: JoinHandle<()>,
    stop: &watch::Sender<bool>,
    broken: &Arc<watch::Sender<bool>>,
) -> JoinHandle<()> {
    let (stopped, broken) = (stop.subscribe(), broken.clone());
    tokio::spawn(async move {
        let ended = task.await;
        if !*stopped.borrow() {
            error!(task = name, panicked = ended.is_err(), "a task of the node ended; nothing more is recorded");
            broken.send_replace(true);
        }
    })
}

/// Makes the data directory, for its owner only: it holds logins and sealed keys.
pub(super) fn make_directory(directory: &Path) -> Result<(), StartError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory).map_err(|source| StartError::Directory { path: directory.to_owned(), source })
}

async fn open_stores(options: Options) -> Result<Opened, StartError> {
    let directory = options.directory.as_path();
    make_directory(directory)?;
    let database = &options.database;
    let lock = WriterLock::acquire(directory, database).await?;
    let chain = Arc::new(ChainStore::open_locked(&database.chain(), options.faults.clone(), &lock).await?);
    let views = Views::open(&database.views(), options.faults.clone()).await?;
    let findings = Findings::open(&database.findings()).await?;
    let store = NodeStore::open(&database.node(), options.faults.clone()).await?;
    let keyring = Keyring::unlock(&store, options.unlock).await?;
    let proposer = match store.proposer_key().await? {
        Some(key) => key,
        None if chain.head().await?.is_some() => return Err(StartError::NodeStoreLost(database.node())),
        None => {
            let key = keyring.create(NODE_ITSELF).await?;
            store.set_proposer_key(key).await?;
            key
        }
    };
    // Signatures are deterministic (RFC 8032), so this is a secret that needs no place of its own.
    let salt_key = Digest::of(&keyring.sign(proposer, b"aqueduct/salt-key/v1")?).0;
    Ok(Opened { chain, views, findings, store, keyring, proposer: PublicKey(proposer.0), salt_key, lock })
}

/// The books as the views hold them.
async fn load(opened: &Opened, bounds: Bounds) -> Result<(Replica, Applied), StartError> {
    let contradict = |what: &str| StartError::ViewsContradict(what.to_owned());
    let held = opened.views.applied().await?;
    let Some(height) = held.height else {
        let replica =
            Replica::new(Tables::default(), None, Tree::new(), opened.proposer).bounded(bounds.resident_records);
        return Ok((replica, Applied::default()));
    };
    let ahead = || StartError::ChainBehindViews(format!("the views hold block {height}, which the chain has not"));
    let block = opened.chain.block(height).await?.ok_or_else(ahead)?;
    let header = Header::parse(&block.header).map_err(|_| contradict("the block they stand at cannot be read"))?;
    if header.changes_digest.0 != held.changes_digest || header.tree_size != held.entries {
        let what = format!("the views were made from another block {height} than the one here");
        return Err(StartError::ChainBehindViews(what));
    }
    let mut tiles = std::collections::BTreeMap::new();
    for TileId { level, index } in Tree::tiles_for_restore(header.tree_size) {
        if let Some(bytes) = opened.views.tile(level, index).await? {
            tiles.insert(TileId { level, index }, bytes);
        }
    }
    let tree = Tree::restore(header.tree_size, |id| tiles.get(&id).cloned())
        .map_err(|_| contradict("tiles of the log are missing"))?;
    if tree.root() != header.tree_root {
        return Err(contradict("their tiles are of another log"));
    }
    let applied = Applied { height: Some(height), entries: header.tree_size, time: Some(Millis(header.time.millis())) };
    let tables = opened.views.load_resident().await?;
    opened.views.load_cells().await?;
    if let Some(what) = opened.views.contradiction(&tables) {
        return Err(contradict(&what));
    }
    let mut replica = Replica::new(tables, Some(header), tree, opened.proposer).bounded(bounds.resident_records);
    replica.set_due(opened.views.due_amounts());
    Ok((replica, applied))
}

/// Checks and applies the blocks that the views do not hold yet.
async fn replay(opened: &Opened, replica: &mut Replica, projector: &Projector, head: u64) -> Result<(), StartError> {
    let next = |replica: &Replica| replica.head().map_or(0, |header| header.height + 1);
    let mut ahead = Ahead::new(&opened.chain, next(replica), head);
    while next(replica) <= head {
        let height = next(replica);
        let found = ahead.next().await?.filter(|found| found.stored.height == height);
        let Found { stored, examined, stated, .. } = found.ok_or(Rejected::Missing { height })?;
        prefetch(replica, &opened.views, &stated.iter().flatten().collect::<Vec<_>>(), stored.time).await?;
        let proposal = replica.check(examined, stated, stored.body)?;
        projector.take(replica.commit(proposal));
        replica.drop_projected(projector.lag().applied_entries());
        wait_below_bound(projector).await;
    }
    Ok(())
}

/// Replaying may not outrun the views without bound.
async fn wait_below_bound(projector: &Projector) {
    let (lag, mut applied) = (projector.lag(), projector.applied());
    while lag.is_over_its_bound() {
        if applied.changed().await.is_err() {
            return;
        }
    }
}
