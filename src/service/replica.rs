//! A replica of the books: the seam of ordering.
//!
//! `propose` makes a block of what is waiting, `check` admits a block that somebody made,
//! `commit` takes either into the committed state once it is durable. Local ordering loops
//! over propose and commit; restart and `verify` check and commit. No I/O here.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;
use std::sync::{Arc, RwLock};

use uuid::Uuid;

use crate::chain::audit::{Audit, AuditedBlock, Examined};
use crate::chain::block::{Block, Body, Header, Stamp, StoredEntry};
use crate::chain::digest::Digest;
use crate::chain::fault::Fault;
use crate::chain::key::PublicKey;
use crate::chain::merkle::{Tile, Tree};
use crate::chain::time::Timestamp;
use crate::ledger::admit::{self, Admitted, Change, Context, Requirement};
use crate::ledger::fact::Fact;
use crate::ledger::ids::{AllocationId, HopId, PartyKey, Place, TokenId};
use crate::ledger::needs::{Needs, lacking};
use crate::ledger::operation::Stated;
use crate::ledger::packed::{Packed as _, PackedChange};
use crate::ledger::refusal::Refusal;
use crate::ledger::registry::Recorded;
use crate::ledger::state::{Layer, Tables};
use crate::ledger::time::Millis;
use crate::ledger::token::TokenState;
use crate::limits;

use super::operation::{Checked, NotAnOperation};

/// What became of one waiting operation in a proposal.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// Admitted: recorded once the block is durable.
    Admitted(Arc<Change>),
    /// Recorded before: the first answer again.
    Replayed(Arc<Recorded>),
    /// Refused.
    Refused(Refusal),
}

/// A block that is not yet durable, with what it changes.
#[derive(Debug)]
pub struct Proposal {
    /// The block; none when nothing was admitted and no empty block was asked for.
    pub block: Option<Block>,
    /// One for each waiting operation, in order.
    pub verdicts: Vec<Verdict>,
    /// The changes of the block's entries, in order.
    pub changes: Vec<Arc<Change>>,
    /// The leaves of the block's entries, in order.
    pub leaves: Vec<Digest>,
    tree: Tree,
}

/// A block as the views take it.
#[derive(Clone, Debug)]
pub struct CommittedBlock {
    /// Its header.
    pub header: Header,
    /// The header's digest.
    pub digest: Digest,
    /// The leaves of its entries.
    pub leaves: Vec<Digest>,
    /// The changes of its entries.
    pub changes: Vec<PackedChange>,
    /// Tiles of the log that changed.
    pub tiles: Vec<Tile>,
    /// Whether money on its way fell due with it.
    pub fell_due: bool,
}

impl CommittedBlock {
    /// How many facts it changed.
    pub fn facts(&self) -> i64 {
        let facts: usize = self.changes.iter().map(PackedChange::facts).sum();
        i64::try_from(facts).unwrap_or(i64::MAX)
    }

    /// What its changes take in memory, about, in bytes.
    pub fn bytes(&self) -> i64 {
        let bytes: usize = self.changes.iter().map(PackedChange::bytes).sum();
        i64::try_from(bytes).unwrap_or(i64::MAX)
    }
}

/// Why a block is not admitted.
#[derive(Debug, thiserror::Error)]
pub enum Rejected {
    /// It is not there.
    #[error("block {height}: the block is missing")]
    Missing {
        /// The block.
        height: u64,
    },
    /// Its bytes are wrong.
    #[error(transparent)]
    Bytes(#[from] Fault),
    /// An entry is not an operation.
    #[error("block {height}, entry {entry}: {why}")]
    NotAnOperation {
        /// The block.
        height: u64,
        /// The entry.
        entry: u64,
        /// What is wrong.
        why: NotAnOperation,
    },
    /// An entry that the books do not admit.
    #[error("block {height}, entry {entry}: refused: {why}")]
    Refused {
        /// The block.
        height: u64,
        /// The entry.
        entry: u64,
        /// The rule.
        why: Refusal,
    },
    /// An entry that repeats an earlier one.
    #[error("block {height}, entry {entry}: repeats entry {first}")]
    Repeated {
        /// The block.
        height: u64,
        /// The entry.
        entry: u64,
        /// The first.
        first: u64,
    },
    /// The digest of changes is another.
    #[error("block {height}: its changes have another digest than the header names")]
    Changes {
        /// The block.
        height: u64,
    },
}

/// The committed books at the head of the chain.
#[derive(Debug)]
pub struct Replica {
    tables: Arc<RwLock<Tables>>,
    head: Option<Header>,
    tree: Tree,
    proposer: PublicKey,
    /// In-transit money by due time: what falls due next.
    due: BTreeMap<Millis, i128>,
    /// What was read or changed, oldest first: candidates for dropping.
    recent: VecDeque<Recent>,
    /// How many keys these name.
    noted: usize,
    /// How many records may stay in memory once the views hold them.
    resident_records: usize,
}

/// Records that may leave memory once the views hold `entries` entries.
#[derive(Debug)]
struct Recent {
    entries: u64,
    /// The entries that made records: all their tokens, hops and allocations.
    made_by: Range<u64>,
    /// Records of earlier entries, which were changed or read, and those found by other keys.
    keys: Vec<Cached>,
}

/// A record that may leave memory once the views hold it.
#[derive(Clone, Copy, Debug)]
enum Cached {
    Token(TokenId),
    Hop(HopId),
    Allocation(AllocationId),
    Operation(Uuid, PartyKey),
    Row([u8; 16]),
}

impl Replica {
    /// A replica that goes on behind `head`, with the tree after it.
    pub fn new(tables: Tables, head: Option<Header>, tree: Tree, proposer: PublicKey) -> Self {
        Self {
            tables: Arc::new(RwLock::new(tables)),
            head,
            tree,
            proposer,
            due: BTreeMap::new(),
            recent: VecDeque::new(),
            noted: 0,
            resident_records: limits::RESIDENT_RECORDS_MAX,
        }
    }

    /// The replica with another bound on what it keeps in memory.
    pub fn bounded(self, resident_records: usize) -> Self {
        Self { resident_records, ..self }
    }

    /// The committed tables, for readers of parties, keys and programmes.
    pub fn tables(&self) -> Arc<RwLock<Tables>> {
        self.tables.clone()
    }

    /// The head's header.
    pub fn head(&self) -> Option<&Header> {
        self.head.as_ref()
    }

    /// The digest of the genesis header; zeros before there is one.
    pub fn chain_id(&self) -> Digest {
        self.head.as_ref().map_or(Digest::ZERO, Header::chain_id)
    }

    /// The time of a block made now: after the head's, whatever the clock says.
    pub fn time_after_head(&self, now: Millis) -> Millis {
        match &self.head {
            Some(head) => now.max(Millis(head.time.millis() + 1)),
            None => now,
        }
    }

    /// Sets the in-transit money by due time, as loaded at start.
    pub fn set_due(&mut self, due: BTreeMap<Millis, i128>) {
        self.due = due;
    }

    /// Whether money fell due after the head's block and by `now`.
    pub fn has_fallen_due(&self, now: Millis) -> bool {
        let head = self.head.as_ref().map_or(i64::MIN, |head| head.time.millis());
        // Overdue is `T > due`: what was due at the head's own time is overdue only later.
        head < now.0 && self.due.range(Millis(head)..Millis(now.0)).next().is_some()
    }

    /// What admission of a batch would read and memory lacks, as far as it can tell by now. An
    /// operation may stand on one before it in the same batch, so each is judged in order over
    /// what those before it would change.
    pub fn lacking(&self, batch: &[&Stated], now: Millis) -> Needs {
        let tables = self.tables.read().expect("nothing panics while holding the books");
        let books = Layer::bottom(&tables);
        let time = self.time_after_head(now);
        let depends = batch.len() > 1 && stand_on_each_other(batch);
        let (mut needs, mut over) = (Needs::default(), Tables::default());
        let mut entry = self.tree.size();
        for stated in batch {
            needs.add(lacking(&Layer::over(&books, &over), stated));
            if !depends {
                continue;
            }
            if let Judged::Admitted(admitted) = judge(&books, &over, stated, Context { entry, now: time }) {
                over.merge(admitted.layer);
                entry += 1;
            }
        }
        needs
    }

    /// What is wrong with the views: a record that was fetched names another that was asked for
    /// and is not there.
    pub fn contradiction(&self, asked: &Needs) -> Option<String> {
        let tables = self.tables.read().expect("nothing panics while holding the books");
        let party = |key: &PartyKey| tables.parties.contains_key(key);
        let token = |id: &TokenId| !asked.tokens.contains(id) || tables.tokens.contains_key(id);
        let allocation = |id: &AllocationId| !asked.allocations.contains(id) || tables.allocations.contains_key(id);
        let lame = asked.hops.iter().filter_map(|id| tables.hops.get(id)).find(|hop| {
            let parties = hop.from.iter().chain(&hop.via).chain([&hop.to, &hop.accountable]).all(party);
            !(parties && hop.live.iter().chain(&hop.token).all(token) && allocation(&hop.allocation))
        });
        if let Some(hop) = lame {
            return Some(format!("hop {} names a token, party or allocation that is not there", hop.id));
        }
        let lame = asked.tokens.iter().filter_map(|id| tables.tokens.get(id)).find(|token| {
            let parties = token.holder.iter().chain([&token.accountable]).all(party);
            !(token.amount > 0 && parties && allocation(&token.allocation))
        });
        lame.map(|token| format!("token {} names a party or allocation that is not there", token.id))
    }

    /// Whether an operation would be admitted now, apart from signatures still to come.
    pub fn rehearse(&self, checked: &Checked, now: Millis) -> Result<(), Refusal> {
        let tables = self.tables.read().expect("nothing panics while holding the books");
        let books = Layer::bottom(&tables);
        if admit::replay(&books, &checked.stated)?.is_some() {
            return Ok(());
        }
        let context = Context { entry: self.tree.size(), now: self.time_after_head(now) };
        admit::rehearse(&books, &checked.stated, context)
    }

    /// The signatures that an operation needs.
    pub fn requirement(&self, stated: &Stated) -> Result<Requirement, Refusal> {
        let tables = self.tables.read().expect("nothing panics while holding the books");
        let books = Layer::bottom(&tables);
        let party = books.party_by_id(&stated.party).ok_or(Refusal::UnknownSigner)?;
        Ok(admit::requirement(&books, stated, &party))
    }

    /// Makes a block of what is waiting, in order, at a time after the head's. With
    /// `empty_too`, a block is made even when nothing is admitted.
    pub fn propose(&self, waiting: Vec<Checked>, time: Millis, empty_too: bool) -> Proposal {
        let tables = self.tables.read().expect("nothing panics while holding the books");
        let books = Layer::bottom(&tables);
        let mut over = Tables::default();
        let mut verdicts = Vec::with_capacity(waiting.len());
        let mut entries = Vec::new();
        let mut changes = Vec::new();
        for checked in waiting {
            let entry = self.tree.size() + changes.len() as u64;
            verdicts.push(match judge(&books, &over, &checked.stated, Context { entry, now: time }) {
                Judged::Admitted(admitted) => {
                    over.merge(admitted.layer);
                    let change = Arc::new(admitted.change);
                    changes.push(change.clone());
                    entries.push(StoredEntry { envelope: checked.entry_bytes, lines: checked.lines });
                    Verdict::Admitted(change)
                }
                Judged::Replayed(recorded) => Verdict::Replayed(recorded),
                Judged::Refused(refusal) => Verdict::Refused(refusal),
            });
        }
        let mut tree = self.tree.clone();
        let leaves = entries.iter().map(|entry| crate::chain::envelope::leaf(&entry.envelope)).collect();
        let block = (empty_too || !entries.is_empty()).then(|| {
            let body = Body::new(entries).expect("the orderer takes no more than a block holds");
            let stamp = Stamp {
                time: Timestamp::from_millis(time.0).expect("clocks stay within the years 0000 to 9999"),
                changes_digest: changes_digest(self.changes_digest(), &changes),
                proposer: self.proposer,
            };
            Block::form(self.head.as_ref(), &mut tree, &body, stamp)
        });
        Proposal { block, verdicts, changes, leaves, tree }
    }

    /// Checks an examined block that follows the head: its bytes, its place, and every admission of
    /// what its entries state.
    pub fn check(
        &self,
        examined: Examined,
        stated: Vec<Result<Stated, NotAnOperation>>,
        body_bytes: Vec<u8>,
    ) -> Result<Proposal, Rejected> {
        let mut audit = match &self.head {
            None => Audit::new(),
            Some(head) => Audit::resume(head.clone(), self.tree.clone()).expect("the tree is the head's"),
        };
        self.admit_all(audit.take(examined)?, stated, body_bytes)
    }

    /// Admits every entry of a block whose bytes are in order.
    fn admit_all(
        &self,
        audited: AuditedBlock,
        stated: Vec<Result<Stated, NotAnOperation>>,
        body_bytes: Vec<u8>,
    ) -> Result<Proposal, Rejected> {
        let tables = self.tables.read().expect("nothing panics while holding the books");
        let books = Layer::bottom(&tables);
        let height = audited.header.height;
        let mut over = Tables::default();
        let (mut changes, mut leaves) = (Vec::new(), Vec::new());
        let mut tree = self.tree.clone();
        for (entry, stated) in audited.entries.iter().zip(stated) {
            let stated = stated.map_err(|why| Rejected::NotAnOperation { height, entry: entry.index, why })?;
            let context = Context { entry: entry.index, now: Millis(audited.header.time.millis()) };
            match judge(&books, &over, &stated, context) {
                Judged::Admitted(admitted) => {
                    over.merge(admitted.layer);
                    changes.push(Arc::new(admitted.change));
                }
                Judged::Replayed(first) => {
                    return Err(Rejected::Repeated { height, entry: entry.index, first: first.entry });
                }
                Judged::Refused(why) => return Err(Rejected::Refused { height, entry: entry.index, why }),
            }
            leaves.push(entry.leaf);
            tree.append(&entry.leaf);
        }
        if changes_digest(self.changes_digest(), &changes) != audited.header.changes_digest {
            return Err(Rejected::Changes { height });
        }
        let verdicts = changes.iter().cloned().map(Verdict::Admitted).collect();
        let block = Some(Block { header: audited.header, body_bytes });
        Ok(Proposal { block, verdicts, changes, leaves, tree })
    }

    /// Takes a durable block into the committed state.
    pub fn commit(&mut self, proposal: Proposal) -> CommittedBlock {
        let Proposal { block, changes, leaves, mut tree, .. } = proposal;
        let header = block.expect("only blocks are committed").header;
        let fell_due = self.has_fallen_due(Millis(header.time.millis()));
        let facts = || changes.iter().flat_map(|change| &change.facts);
        let made_by = header.first_entry..header.tree_size;
        let keys = facts().filter_map(cached).filter(|key| !key.is_of(&made_by)).collect();
        facts().for_each(|fact| self.count_due(fact));
        let tiles = tree.take_dirty_tiles();
        let changes = {
            let mut tables = self.tables.write().expect("nothing panics while holding the books");
            changes.iter().map(|change| tables.commit(change)).collect()
        };
        self.tree = tree;
        self.note_recent(Recent { entries: header.tree_size, made_by, keys });
        let digest = header.digest();
        self.head = Some(header.clone());
        CommittedBlock { header, digest, leaves, changes, tiles, fell_due }
    }

    /// Takes records that the views hold into memory, so that admission finds them. What memory
    /// has already may be newer than the views and stays.
    pub fn remember(&mut self, facts: Vec<Fact>) {
        let mut tables = self.tables.write().expect("nothing panics while holding the books");
        let new: Vec<Fact> = facts.into_iter().filter(|fact| !is_known(&tables, fact)).collect();
        tables.remember(&new);
        drop(tables);
        let keys = new.iter().filter_map(cached).collect();
        self.note_recent(Recent { entries: self.tree.size(), made_by: 0..0, keys });
    }

    /// Drops records that the views hold, oldest first, while memory holds more than its bound.
    /// `applied` is the number of entries in the views.
    pub fn drop_projected(&mut self, applied: u64) {
        let mut tables = self.tables.write().expect("nothing panics while holding the books");
        // The same record may be noted many times; those notes are bounded as well.
        while tables.evictable() > self.resident_records || self.noted > 2 * self.resident_records {
            if self.recent.front().is_none_or(|recent| recent.entries > applied) {
                break;
            }
            let Recent { entries, made_by, keys } = self.recent.pop_front().expect("looked at above");
            self.noted -= keys.len();
            let made = made_by.flat_map(|entry| made_by_entry(&tables, entry)).collect::<Vec<_>>();
            for key in made.into_iter().chain(keys) {
                drop_record(&mut tables, key, entries);
            }
        }
    }

    fn note_recent(&mut self, recent: Recent) {
        if !(recent.keys.is_empty() && recent.made_by.is_empty()) {
            self.noted += recent.keys.len();
            self.recent.push_back(recent);
        }
    }

    fn changes_digest(&self) -> Digest {
        self.head.as_ref().map_or(Digest::ZERO, |head| head.changes_digest)
    }

    fn count_due(&mut self, fact: &Fact) {
        let (token, sign) = match fact {
            Fact::TokenMade(token) => (token, 1),
            Fact::TokenSpent(token) => (token, -1),
            _ => return,
        };
        if let (TokenState::InTransit, Some(due)) = (token.state, token.due) {
            let amount = self.due.entry(due).or_insert(0);
            *amount += sign * i128::from(token.amount);
            if *amount == 0 {
                self.due.remove(&due);
            }
        }
    }
}

/// Whether an operation of a batch refers to another of it. Against empty books an operation
/// lacks its own id, for the replay check, and every operation that it refers to.
fn stand_on_each_other(batch: &[&Stated]) -> bool {
    let empty = Tables::default();
    let ids: BTreeSet<Uuid> = batch.iter().map(|stated| stated.id).collect();
    batch.iter().any(|stated| {
        let named = lacking(&Layer::bottom(&empty), stated).operations;
        named.iter().any(|id| *id != stated.id && ids.contains(id))
    })
}

/// A verdict before what it changes is part of the block.
enum Judged {
    Admitted(Box<Admitted>),
    Replayed(Arc<Recorded>),
    Refused(Refusal),
}

/// One operation against the books and what the block changed so far.
fn judge(books: &Layer<'_>, over: &Tables, stated: &Stated, context: Context) -> Judged {
    let layer = Layer::over(books, over);
    match admit::replay(&layer, stated) {
        Err(refusal) => return Judged::Refused(refusal),
        Ok(Some(recorded)) => return Judged::Replayed(recorded),
        Ok(None) => {}
    }
    match admit::admit(&layer, stated, context) {
        Ok(admitted) => Judged::Admitted(Box::new(admitted)),
        Err(refusal) => Judged::Refused(refusal),
    }
}

/// The running digest of changes: over the one before and the facts of a block.
fn changes_digest(before: Digest, changes: &[Arc<Change>]) -> Digest {
    let facts = changes.iter().flat_map(|change| &change.facts).map(Some);
    Digest::of_pieces(std::iter::once(None).chain(facts), |fact, bytes| match fact {
        None => {
            bytes.extend_from_slice(b"aqueduct/changes/v1\0");
            bytes.extend_from_slice(&before.0);
        }
        Some(fact) => fact.encode(bytes),
    })
}

fn is_known(tables: &Tables, fact: &Fact) -> bool {
    match fact {
        Fact::TokenMade(token) => tables.tokens.contains_key(&token.id),
        Fact::HopSet(hop, _) => tables.hops.contains_key(&hop.id),
        Fact::AllocationSet(allocation) => tables.allocations.contains_key(&allocation.id),
        Fact::Recorded(recorded) => tables.operations.contains_key(&(recorded.id, recorded.party)),
        Fact::RowSet(key, _) => tables.rows.contains_key(key),
        _ => false,
    }
}

fn cached(fact: &Fact) -> Option<Cached> {
    match fact {
        Fact::TokenMade(token) | Fact::TokenSpent(token) => Some(Cached::Token(token.id)),
        Fact::HopSet(hop, _) => Some(Cached::Hop(hop.id)),
        Fact::AllocationSet(allocation) => Some(Cached::Allocation(allocation.id)),
        Fact::Recorded(recorded) => Some(Cached::Operation(recorded.id, recorded.party)),
        Fact::RowSet(key, _) => Some(Cached::Row(*key)),
        _ => None,
    }
}

impl Cached {
    /// Whether a range of entries made it, and it is found by that.
    fn is_of(self, entries: &Range<u64>) -> bool {
        match self {
            Self::Token(TokenId(place)) | Self::Hop(HopId(place)) | Self::Allocation(AllocationId(place)) => {
                entries.contains(&place.entry())
            }
            Self::Operation(..) | Self::Row(_) => false,
        }
    }
}

/// The tokens, hops and allocations that an entry made and memory holds.
fn made_by_entry(tables: &Tables, entry: u64) -> Vec<Cached> {
    let (first, last) = Place::range_of(entry).expect("it was recorded");
    let tokens = tables.tokens.keys(TokenId(first)..=TokenId(last)).map(Cached::Token);
    let hops = tables.hops.keys(HopId(first)..=HopId(last)).map(Cached::Hop);
    let allocations = tables.allocations.range(AllocationId(first)..=AllocationId(last));
    tokens.chain(hops).chain(allocations.map(|(id, _)| Cached::Allocation(*id))).collect()
}

/// Drops a record unless an entry at or after `entries` changed it.
fn drop_record(tables: &mut Tables, key: Cached, entries: u64) {
    let is_old = |last: u64| last < entries;
    match key {
        Cached::Token(id) => {
            if tables.tokens.get(&id).is_some_and(|token| is_old(token.changed_by())) {
                tables.tokens.remove(&id);
            }
        }
        Cached::Hop(id) => {
            if tables.hops.get(&id).is_some_and(|hop| is_old(hop.changed_by())) {
                tables.hops.remove(&id);
            }
        }
        Cached::Allocation(id) => {
            if tables.allocations.get(&id).is_some_and(|a| is_old(a.reversed_by.unwrap_or(id.0.entry()))) {
                tables.allocations.remove(&id);
            }
        }
        Cached::Operation(id, party) => {
            tables.operations.remove(&(id, party));
        }
        Cached::Row(key) => {
            // A freed row does not say when, so it stays.
            if tables.rows.get(&key).is_some_and(|entry| entry.is_some_and(is_old)) {
                tables.rows.remove(&key);
            }
        }
    }
}
