//! The use case `verify`: derives everything again from the stored blocks, and compares.
//!
//! From genesis on every block is checked as a new one would be: its bytes, its place, every
//! signature and list, whether the books admit each entry, and the digest of all changes. What
//! that gives is written into views of its own, in files that are removed afterwards, and the
//! stored views are compared with them table by table and row by row. The last checkpoint that
//! this node signed must be of this chain.
//!
//! It only reads, also beside a running server: the views may move on while they are compared,
//! so a difference counts only when they have not.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::task::JoinHandle;

use crate::chain::block::Header;
use crate::chain::merkle::Tree;
use crate::ledger::operation::Stated;
use crate::ledger::state::Tables;
use crate::ledger::time::Millis;
use crate::limits;
use crate::store::chain::{ChainStore, StoredBlock};
use crate::store::database::{Database, Place};
use crate::store::error::StoreError;
use crate::store::faults::Faults;
use crate::store::node::NodeStore;
use crate::store::node::settings::SignedCheckpoint;
use crate::store::views::error::ViewsError;
use crate::store::views::project::ProjectedBlock;
use crate::store::views::{Applied, Views};

use super::ahead::{Ahead, Found};
use super::prefetch::{PrefetchError, prefetch};
use super::projector::projected;
use super::replica::{Rejected, Replica};
use super::verified::{CheckedHead, Fault, Verified};
use super::verify_views::Comparison;

/// Why it cannot be verified; it says nothing about what was to be verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// There is no chain.
    #[error("there is no chain in {0}")]
    NoChain(Database),
    /// A file may not be read.
    #[error("{} cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A store cannot be reached, or closed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The views derived anew cannot be written or read.
    #[error("the views derived anew cannot be written or read")]
    Views(#[from] ViewsError),
    /// There is no place for the views derived anew.
    #[error("the folder {} for the views derived anew cannot be used", path.display())]
    Scratch {
        /// Where.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The views move on faster than they can be compared.
    #[error("the views change faster than they can be compared")]
    TooBusy,
}

/// Verifies the stores of a node, of which `directory` has room for the views derived anew.
/// `progress` is told what is done, how much of it, and of how much.
pub async fn verify(
    directory: &Path,
    database: &Database,
    progress: impl Fn(&str, u64, u64),
) -> Result<Verified, VerifyError> {
    let chain = database.chain();
    if !chain.exists().await? {
        return Err(VerifyError::NoChain(database.clone()));
    }
    // Read before the chain: it was signed after the blocks it covers were durable.
    let signed = match signed_checkpoint(&database.node()).await? {
        Ok(signed) => signed,
        Err(fault) => return Ok(Verified { fault: Some(fault), ..Verified::default() }),
    };
    is_readable(&chain)?;
    let chain = match ChainStore::open(&chain, Faults::default()).await {
        Ok(chain) => chain,
        Err(why) => {
            let fault = Some(Fault::in_chain(0, with_causes(&why)));
            return Ok(Verified { fault, ..Verified::default() });
        }
    };
    let folder = Scratch::make(directory)?;
    let scratch = Views::open(&Place::file(folder.0.join("views.db")), Faults::default()).await?;
    let views = match open_views(&database.views()).await? {
        Ok(views) => views,
        Err(fault) => return Ok(Verified { fault: Some(fault), ..Verified::default() }),
    };
    let holds_block = match &views {
        Some(views) => views.applied().await?.height.is_some(),
        None => false,
    };
    // Where nothing here knows of a block, none was lost: the beginning was broken off.
    if signed.is_none() && !holds_block && matches!(chain.head().await, Ok(None)) {
        return Err(VerifyError::NoChain(database.clone()));
    }
    let mut walk = Walk::new(chain, scratch, signed);
    walk.all(views.as_ref(), &progress).await?;
    let Walk { chain, scratch, verified, .. } = walk;
    if let Some(views) = views {
        views.close().await?;
    }
    scratch.close().await?;
    if let Some(chain) = Arc::into_inner(chain) {
        chain.close().await?;
    }
    Ok(verified)
}

/// The checkpoint that this node signed last, or why its store cannot tell.
async fn signed_checkpoint(place: &Place) -> Result<Result<Option<SignedCheckpoint>, Fault>, VerifyError> {
    if !place.exists().await? {
        return Ok(Ok(None));
    }
    is_readable(place)?;
    let read = async {
        let store = NodeStore::open(place, Faults::default()).await?;
        let signed = store.last_signed_checkpoint().await?;
        store.close().await?;
        Ok::<_, StoreError>(signed)
    };
    Ok(read.await.map_err(|why| Fault::in_node(with_causes(&why))))
}

/// The stored views, if there are any, or what is wrong with their file.
async fn open_views(place: &Place) -> Result<Result<Option<Views>, Fault>, VerifyError> {
    if !place.exists().await? {
        return Ok(Ok(None));
    }
    is_readable(place)?;
    let opened = Views::open_to_read(place).await;
    Ok(opened.map(Some).map_err(|why| Fault::in_views(with_causes(&why))))
}

/// A file that may not be read says nothing about what is in it.
fn is_readable(place: &Place) -> Result<(), VerifyError> {
    let Some(path) = place.path() else { return Ok(()) };
    let opened = std::fs::File::open(path);
    opened.map(drop).map_err(|source| VerifyError::Unreadable { path: path.to_owned(), source })
}

/// The chain being checked, with the views derived from it so far.
pub(super) struct Walk {
    chain: Arc<ChainStore>,
    pub(super) scratch: Views,
    signed: Option<SignedCheckpoint>,
    replica: Replica,
    /// Blocks checked and not yet in the derived views.
    waiting: Vec<ProjectedBlock>,
    waiting_facts: i64,
    /// Those that are being written, and the entries in the derived views with them.
    writing: Option<(JoinHandle<Result<(), ViewsError>>, u64)>,
    pub(super) verified: Verified,
}

impl Walk {
    fn new(chain: ChainStore, scratch: Views, signed: Option<SignedCheckpoint>) -> Self {
        // No block is made here, so it does not matter who would propose it.
        let nobody = crate::chain::key::PublicKey([0; 32]);
        let replica = Replica::new(Tables::default(), None, Tree::new(), nobody);
        let verified = Verified { signed_size: signed.map(|signed| signed.size), ..Verified::default() };
        let chain = Arc::new(chain);
        Self { chain, scratch, signed, replica, waiting: Vec::new(), waiting_facts: 0, writing: None, verified }
    }

    /// Checks everything, up to the first fault.
    async fn all(&mut self, views: Option<&Views>, progress: &impl Fn(&str, u64, u64)) -> Result<(), VerifyError> {
        let Some(head) = self.chain_head().await? else { return Ok(()) };
        let held = match views {
            Some(views) => match views.applied().await {
                Ok(applied) => applied.height,
                Err(why) => {
                    self.verified.fault = Some(views_fault(&why));
                    return Ok(());
                }
            },
            None => None,
        };
        self.verified.views_height = held;
        let target = held.map_or(0, |held| held.min(head));
        self.walk_to(target, |done| progress("checking blocks", done, head + 1)).await?;
        if self.verified.fault.is_some() {
            return Ok(());
        }
        if let (Some(views), Some(held)) = (views, held)
            && held <= head
        {
            progress("comparing views", 0, 0);
            let fault = Comparison::new(self, views).run().await?;
            self.verified.fault = fault;
            if self.verified.fault.is_some() {
                return Ok(());
            }
        }
        self.walk_to(head, |done| progress("checking blocks", done, head + 1)).await?;
        self.verified.views_behind = self.behind();
        if self.verified.fault.is_none() {
            self.verified.fault = self.rolled_back(held, head);
        }
        Ok(())
    }

    async fn chain_head(&mut self) -> Result<Option<u64>, VerifyError> {
        match self.chain.head().await {
            Ok(Some(head)) => Ok(Some(head.height)),
            Ok(None) => {
                self.verified.fault = Some(Fault::in_chain(0, "the chain holds no block"));
                Ok(None)
            }
            Err(why) => {
                self.verified.fault = Some(Fault::in_chain(0, with_causes(&why)));
                Ok(None)
            }
        }
    }

    /// The chain must reach as far as the views and the signed checkpoint say that it did.
    fn rolled_back(&self, held: Option<u64>, head: u64) -> Option<Fault> {
        if let Some(held) = held.filter(|held| *held > head) {
            let what = format!(
                "the views hold block {held}, but the chain ends with block {head}: the end of the chain is missing"
            );
            return Some(Fault { block: Some(head + 1), ..Fault::in_chain(head + 1, what) });
        }
        let signed = self.signed?;
        let entries = self.replica.head().map_or(0, |header| header.tree_size);
        (signed.size > entries).then(|| {
            Fault::in_node(format!(
                "this node signed a log of {} entries, but the chain has {entries}: the end of the chain is missing",
                signed.size
            ))
        })
    }

    fn behind(&self) -> u64 {
        let next = |height: Option<u64>| height.map_or(0, |height| height + 1);
        let head = self.verified.head.map(|head| head.height);
        next(head).saturating_sub(next(self.verified.views_height))
    }

    /// Checks the blocks up to and with a height, and derives the views of that moment: what needs
    /// no books ahead and on every core, what they admit in order, the views behind them.
    pub(super) async fn walk_to(&mut self, height: u64, progress: impl Fn(u64)) -> Result<(), VerifyError> {
        let chain = self.chain.clone();
        let mut ahead = Ahead::new(&chain, self.next(), height);
        while self.next() <= height {
            let block = match ahead.next().await {
                Ok(Some(block)) => block,
                Ok(None) => {
                    self.verified.fault = Some(Fault::in_chain(self.next(), "the block is missing"));
                    return Ok(());
                }
                Err(why) => {
                    self.verified.fault = Some(Fault::in_chain(self.next(), with_causes(&why)));
                    return Ok(());
                }
            };
            let fault = self.block(block).await?;
            if fault.is_some() {
                self.verified.fault = fault;
                return Ok(());
            }
            progress(self.verified.blocks);
        }
        self.flush().await?;
        self.written().await
    }

    /// The height of the block to be checked next.
    fn next(&self) -> u64 {
        self.replica.head().map_or(0, |header| header.height + 1)
    }

    /// Checks one block; the answer is its fault.
    async fn block(&mut self, block: Found) -> Result<Option<Fault>, VerifyError> {
        let next = self.next();
        let Found { mut stored, examined, stated, lines } = block;
        if stored.height != next {
            return Ok(Some(Fault::in_chain(next, "the block is missing")));
        }
        let known: Vec<&Stated> = stated.iter().flatten().collect();
        match prefetch(&mut self.replica, &self.scratch, &known, stored.time).await {
            Ok(()) => {}
            Err(PrefetchError::Views(why)) => return Err(why.into()),
            // The scratch views were made here from the blocks before.
            Err(PrefetchError::Contradiction(what)) => return Ok(Some(Fault::in_chain(next, what))),
        }
        let proposal = match self.replica.check(examined, stated, std::mem::take(&mut stored.body)) {
            Ok(proposal) => proposal,
            Err(why) => return Ok(Some(rejected(next, &why))),
        };
        let committed = self.replica.commit(proposal);
        if let Some(what) = wrong_columns(&stored, &committed.header) {
            return Ok(Some(Fault::in_chain(next, what)));
        }
        if let Some(signed) = self.signed
            && signed.size == committed.header.tree_size
            && signed.root != committed.header.tree_root.0
        {
            let what = format!("this node signed another log of {} entries than the chain holds", signed.size);
            return Ok(Some(Fault::in_node(what)));
        }
        let (header, facts) = (committed.header.clone(), committed.facts());
        let projected = projected(committed);
        let signatures: usize = projected.changes.iter().map(|change| change.recorded().signers.len()).sum();
        self.count(&header, count(signatures), count(lines));
        self.waiting_facts += facts;
        self.waiting.push(projected);
        if self.waiting_facts >= limits::PROJECTION_FACTS_MAX {
            self.flush().await?;
        }
        Ok(None)
    }

    fn count(&mut self, header: &Header, signatures: u64, lines: u64) {
        let verified = &mut self.verified;
        verified.chain = Some(header.chain_id());
        verified.blocks += 1;
        verified.entries += u64::from(header.entry_count);
        verified.signatures += signatures;
        verified.lines += lines;
        verified.head = Some(CheckedHead {
            height: header.height,
            digest: header.digest(),
            time: Millis(header.time.millis()),
            tree_size: header.tree_size,
            tree_root: header.tree_root,
        });
    }

    /// Begins to write the blocks that wait, once those before them are written.
    async fn flush(&mut self) -> Result<(), VerifyError> {
        self.written().await?;
        let (scratch, blocks) = (self.scratch.clone(), std::mem::take(&mut self.waiting));
        self.waiting_facts = 0;
        self.writing = Some((tokio::spawn(async move { scratch.project(&blocks).await }), self.verified.entries));
        Ok(())
    }

    /// Waits for what is being written.
    async fn written(&mut self) -> Result<(), VerifyError> {
        let Some((writing, entries)) = self.writing.take() else { return Ok(()) };
        writing.await.unwrap_or_else(|why| std::panic::resume_unwind(why.into_panic()))?;
        self.replica.drop_projected(entries);
        Ok(())
    }

    /// How far the derived views are.
    pub(super) async fn derived(&self) -> Result<Applied, VerifyError> {
        Ok(self.scratch.applied().await?)
    }
}

/// What is looked up beside a block must say the same as its header.
fn wrong_columns(block: &StoredBlock, header: &Header) -> Option<String> {
    let columns = [
        ("digest", block.digest == header.digest().0),
        ("previous", block.previous == header.previous.0),
        ("first_entry", block.first_entry == header.first_entry),
        ("entry_count", block.entry_count == header.entry_count),
        ("time", block.time.0 == header.time.millis()),
    ];
    let wrong = columns.into_iter().find(|(_, is_right)| !is_right)?;
    Some(format!("the column {} beside the block says something else than its header", wrong.0))
}

fn rejected(height: u64, why: &Rejected) -> Fault {
    let (entry, what) = match why {
        Rejected::Bytes(fault) => (fault.entry, fault.kind.to_string()),
        Rejected::NotAnOperation { entry, why, .. } => (Some(*entry), why.to_string()),
        Rejected::Refused { entry, why, .. } => (Some(*entry), format!("the books do not admit it: {why}")),
        Rejected::Repeated { entry, first, .. } => (Some(*entry), format!("it repeats entry {first}")),
        Rejected::Changes { .. } => (None, "its changes have another digest than the header names".to_owned()),
        Rejected::Missing { .. } => (None, "the block is missing".to_owned()),
    };
    Fault { entry, ..Fault::in_chain(height, what) }
}

fn count(items: usize) -> u64 {
    u64::try_from(items).unwrap_or(u64::MAX)
}

/// Stored views that cannot be read.
pub(super) fn views_fault(error: &ViewsError) -> Fault {
    let table = match error {
        ViewsError::Corrupt { table, .. } => Some(*table),
        _ => None,
    };
    Fault { table, ..Fault::in_views(with_causes(error)) }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(at) = cause {
        text.push_str(&format!(": {at}"));
        cause = at.source();
    }
    text
}

/// A folder that goes away with the value.
struct Scratch(PathBuf);

impl Scratch {
    /// Makes it in the data directory, whose disk has room for one more copy of the views, or
    /// elsewhere when that may only be read.
    fn make(directory: &Path) -> Result<Self, VerifyError> {
        let name = format!(".verify-{}", uuid::Uuid::new_v4());
        let inside = directory.join(&name);
        if std::fs::create_dir(&inside).is_ok() {
            return Ok(Self(inside));
        }
        let path = std::env::temp_dir().join(format!("aqueduct{name}"));
        std::fs::create_dir(&path).map_err(|source| VerifyError::Scratch { path: path.clone(), source })?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left behind is a copy of what stands beside it.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
