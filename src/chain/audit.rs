//! The check of a chain from its bytes alone, block after block: everything
//! but what the operations mean. Who also knows the ledger admits the entries
//! of each checked block again and compares the digest of changes.

use std::panic;
use std::thread;

use uuid::Uuid;

use super::block::{self, Body, Header, StoredEntry};
use super::digest::Digest;
use super::envelope::{self, Envelope};
use super::fault::{EntryFault, Fault, FaultKind};
use super::key::PublicKey;
use super::list;
use super::merkle::Tree;
use super::payload::{GENESIS_KIND, Payload};
use crate::limits;

/// How far a chain has been checked. Not checked here, because it needs the
/// ledger: expiry, keys and roles, totals, replays (see
/// [`AuditedBlock::first_replay`]) and the digest of changes.
#[derive(Clone, Debug)]
pub struct Audit {
    expected_chain: Option<Digest>,
    head: Option<Head>,
    tree: Tree,
}

/// The last block that was checked.
#[derive(Clone, Debug)]
struct Head {
    header: Header,
    digest: Digest,
    chain: Digest,
}

/// A block that is what it claims to be.
#[derive(Clone, Debug)]
pub struct AuditedBlock {
    /// Its header.
    pub header: Header,
    /// Its digest.
    pub digest: Digest,
    /// Its entries in order.
    pub entries: Vec<AuditedEntry>,
}

/// An entry whose form, signatures and list are in order.
#[derive(Clone, Debug)]
pub struct AuditedEntry {
    /// Its index in the log.
    pub index: u64,
    /// Its leaf: the digest of the envelope's bytes.
    pub leaf: Digest,
    /// The digest of its payload, by which later operations name it.
    pub payload_digest: Digest,
    /// What was signed.
    pub payload: Payload,
    /// The keys that signed, in order of key id.
    pub keys: Vec<PublicKey>,
    /// The envelope's bytes.
    pub envelope: Vec<u8>,
    /// The lines beside it.
    pub lines: Vec<String>,
}

/// An operation's form, signatures and list, before or after it has an index.
#[derive(Clone, Debug)]
pub struct CheckedEntry {
    /// The digest of the envelope's bytes.
    pub leaf: Digest,
    /// The digest of its payload.
    pub payload_digest: Digest,
    /// What was signed.
    pub payload: Payload,
    /// The keys that signed, in order of key id.
    pub keys: Vec<PublicKey>,
}

/// A block whose bytes, signatures and lists were examined wherever it may stand, so that many can
/// be beside each other; [`Audit::take`] says whether it follows the block before it. What is wrong
/// with it is said there, too.
#[derive(Clone, Debug)]
pub struct Examined {
    header: Result<Header, FaultKind>,
    entries: Result<Vec<(StoredEntry, CheckedEntry)>, BodyFault>,
}

/// What is wrong with a body, and at which entry.
#[derive(Clone, Debug)]
struct BodyFault {
    entry: Option<u64>,
    kind: FaultKind,
}

impl From<FaultKind> for BodyFault {
    fn from(kind: FaultKind) -> Self {
        BodyFault { entry: None, kind }
    }
}

impl Examined {
    /// Examines a block on this thread alone.
    pub fn of(header_bytes: &[u8], body_bytes: &[u8]) -> Examined {
        Examined::over(header_bytes, body_bytes, 1)
    }

    /// Examines a block over so many threads, if its entries are many.
    fn over(header_bytes: &[u8], body_bytes: &[u8], threads: usize) -> Examined {
        match Header::parse(header_bytes) {
            Ok(header) => {
                let entries = examine_body(&header, body_bytes, threads);
                Examined { header: Ok(header), entries }
            }
            Err(why) => Examined { header: Err(why.into()), entries: Ok(Vec::new()) },
        }
    }

    /// The entries in order, with what was found of each; none if something is wrong with one.
    pub fn entries(&self) -> impl Iterator<Item = &(StoredEntry, CheckedEntry)> {
        self.entries.iter().flatten()
    }
}

/// Checks an operation as it stands in a block of this chain (zeros in
/// genesis), or as it came in. The signatures come after the cheap checks.
pub fn check_entry(entry_bytes: &[u8], lines: &[String], chain: &Digest) -> Result<CheckedEntry, EntryFault> {
    let envelope = Envelope::parse(entry_bytes)?;
    let payload = Payload::parse(envelope.payload())?;
    check_envelope(&envelope, entry_bytes, payload, lines, chain)
}

/// The same of an envelope and its payload that were read already; `entry_bytes` is the
/// envelope's canonical form.
pub fn check_envelope(
    envelope: &Envelope,
    entry_bytes: &[u8],
    payload: Payload,
    lines: &[String],
    chain: &Digest,
) -> Result<CheckedEntry, EntryFault> {
    if payload.chain != *chain {
        return Err(EntryFault::Chain(payload.chain));
    }
    if payload.kind == GENESIS_KIND && *chain != Digest::ZERO {
        return Err(EntryFault::SecondBeginning);
    }
    envelope.verify()?;
    check_lines(&payload, lines)?;
    Ok(CheckedEntry {
        leaf: envelope::leaf(entry_bytes),
        payload_digest: envelope.payload_digest(),
        keys: envelope.keys().collect(),
        payload,
    })
}

impl Default for Audit {
    fn default() -> Audit {
        Audit::new()
    }
}

impl Audit {
    /// Begins before genesis, of whatever chain it is.
    pub fn new() -> Audit {
        Audit { expected_chain: None, head: None, tree: Tree::new() }
    }

    /// Begins before the genesis of this chain.
    pub fn of_chain(chain: Digest) -> Audit {
        Audit { expected_chain: Some(chain), ..Audit::new() }
    }

    /// Goes on behind a block that was checked before, with the tree after it.
    /// None if the tree is not the one that the header names.
    pub fn resume(header: Header, tree: Tree) -> Option<Audit> {
        let is_its_tree = tree.size() == header.tree_size && tree.root() == header.tree_root;
        is_its_tree.then(|| Audit { expected_chain: Some(header.chain_id()), head: Some(Head::of(header)), tree })
    }

    /// Checks the next block, over all cores if its entries are many. After a fault nothing has
    /// changed.
    pub fn block(&mut self, header_bytes: &[u8], body_bytes: &[u8]) -> Result<AuditedBlock, Fault> {
        let threads = thread::available_parallelism().map_or(1, |threads| threads.get());
        self.take(Examined::over(header_bytes, body_bytes, threads))
    }

    /// Takes the next block, which was examined before. After a fault nothing has changed.
    pub fn take(&mut self, examined: Examined) -> Result<AuditedBlock, Fault> {
        let height = self.next_height();
        let fault = |kind| Fault { height, entry: None, kind };
        let header = examined.header.map_err(fault)?;
        self.check_place(&header).map_err(fault)?;
        let entries = examined.entries.map_err(|BodyFault { entry, kind }| Fault { height, entry, kind })?;
        let mut tree = self.tree.clone();
        for (_, checked) in &entries {
            tree.append(&checked.leaf);
        }
        check_tree(&header, &tree).map_err(fault)?;
        // What an audit has seen is not for a store.
        tree.take_dirty_tiles();

        let head = Head::of(header);
        let entries = join(&head.header, entries);
        let block = AuditedBlock { header: head.header.clone(), digest: head.digest, entries };
        self.tree = tree;
        self.head = Some(head);
        Ok(block)
    }

    /// The height of the block to be checked next.
    pub fn next_height(&self) -> u64 {
        self.head.as_ref().map_or(0, |head| head.header.height + 1)
    }

    /// The last header that was checked. Nothing behind it confirms its time,
    /// its digest of changes and its proposer: compare its digest with one
    /// known from elsewhere.
    pub fn head(&self) -> Option<&Header> {
        self.head.as_ref().map(|head| &head.header)
    }

    /// The digest of the last block that was checked.
    pub fn head_digest(&self) -> Option<Digest> {
        self.head.as_ref().map(|head| head.digest)
    }

    /// The id of the chain, once genesis was checked.
    pub fn chain_id(&self) -> Option<Digest> {
        self.head.as_ref().map(|head| head.chain)
    }

    /// The log's tree after the last block that was checked.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Whether a header stands where it says, right after the one before it.
    fn check_place(&self, header: &Header) -> Result<(), FaultKind> {
        if header.height != self.next_height() {
            return Err(FaultKind::Height(header.height));
        }
        let (previous, chain) = match &self.head {
            Some(head) => (head.digest, head.chain),
            None => (Digest::ZERO, Digest::ZERO),
        };
        if header.previous != previous {
            return Err(match header.height.checked_sub(1) {
                Some(before) => FaultKind::Previous { before },
                None => FaultKind::Genesis,
            });
        }
        if header.chain != chain {
            return Err(FaultKind::Chain(header.chain));
        }
        let is_other = |expected| header.chain_id() != expected;
        if self.expected_chain.is_some_and(is_other) {
            return Err(FaultKind::Chain(header.chain_id()));
        }
        if let Some(head) = &self.head
            && header.time <= head.header.time
        {
            return Err(FaultKind::Time { time: header.time, before: head.header.time });
        }
        if header.first_entry != self.tree.size() {
            return Err(FaultKind::FirstEntry { found: header.first_entry, expected: self.tree.size() });
        }
        Ok(())
    }
}

impl Head {
    fn of(header: Header) -> Head {
        Head { digest: header.digest(), chain: header.chain_id(), header }
    }
}

impl AuditedBlock {
    /// The first entry that was recorded before. The caller keeps the memory:
    /// `is_new` notes the party and the operation id, and says whether it had
    /// not known them.
    pub fn first_replay(&self, mut is_new: impl FnMut(Uuid, Uuid) -> bool) -> Result<(), Fault> {
        for entry in &self.entries {
            let (party, id) = (entry.payload.party, entry.payload.id);
            if !is_new(party, id) {
                return Err(Fault {
                    height: self.header.height,
                    entry: Some(entry.index),
                    kind: FaultKind::Replay { party, id },
                });
            }
        }
        Ok(())
    }
}

fn check_count(header: &Header, found: usize) -> Result<(), FaultKind> {
    if usize::try_from(header.entry_count) != Ok(found) {
        let counted = header.entry_count;
        return Err(FaultKind::EntryCount { counted, found });
    }
    if header.height == 0 && found != 1 {
        return Err(FaultKind::Genesis);
    }
    Ok(())
}

fn check_tree(header: &Header, tree: &Tree) -> Result<(), FaultKind> {
    if header.tree_size != tree.size() {
        return Err(FaultKind::TreeSize { found: header.tree_size, expected: tree.size() });
    }
    if header.tree_root != tree.root() {
        return Err(FaultKind::TreeRoot { found: header.tree_root, expected: tree.root() });
    }
    Ok(())
}

fn check_lines(payload: &Payload, lines: &[String]) -> Result<(), EntryFault> {
    let Some(signed) = payload.list else {
        return match lines.len() {
            0 => Ok(()),
            found => Err(EntryFault::UnsignedLines(found)),
        };
    };
    if usize::try_from(signed.count) != Ok(lines.len()) {
        return Err(EntryFault::LineCount { signed: signed.count, found: lines.len() });
    }
    if list::root(payload.id, lines)? != signed.root {
        return Err(EntryFault::LineRoot);
    }
    Ok(())
}

/// Checks what stands below a header.
fn examine_body(
    header: &Header,
    body_bytes: &[u8],
    threads: usize,
) -> Result<Vec<(StoredEntry, CheckedEntry)>, BodyFault> {
    let body = Body::parse(body_bytes).map_err(FaultKind::from)?;
    check_count(header, body.entries().len())?;
    let checked = check_entries(header, body.entries(), threads)?;
    if header.height == 0 && checked.iter().any(|entry| entry.payload.kind != GENESIS_KIND) {
        return Err(FaultKind::Genesis.into());
    }
    if block::body_digest(body_bytes) != header.body_digest {
        return Err(FaultKind::BodyDigest.into());
    }
    Ok(body.into_entries().into_iter().zip(checked).collect())
}

/// Checks all entries, over several threads if they are many. The fault is
/// the first in order of entries, however many threads there are.
fn check_entries(header: &Header, entries: &[StoredEntry], threads: usize) -> Result<Vec<CheckedEntry>, BodyFault> {
    if threads == 1 || entries.len() <= limits::AUDIT_SERIAL_ENTRIES_MAX {
        return check_run(header, 0, entries);
    }
    let run = entries.len().div_ceil(threads);
    thread::scope(|scope| {
        let workers: Vec<_> = entries
            .chunks(run)
            .enumerate()
            .map(|(number, part)| scope.spawn(move || check_run(header, number * run, part)))
            .collect();
        let mut checked = Vec::with_capacity(entries.len());
        for worker in workers {
            let part = worker.join().unwrap_or_else(|cause| panic::resume_unwind(cause));
            checked.extend(part?);
        }
        Ok(checked)
    })
}

/// Checks a run of a block's entries, of which `offset` stand before it.
fn check_run(header: &Header, offset: usize, entries: &[StoredEntry]) -> Result<Vec<CheckedEntry>, BodyFault> {
    let indexes = header.first_entry + offset as u64..; // usize has at most 64 bits
    indexes
        .zip(entries)
        .map(|(index, entry)| {
            check_entry(&entry.envelope, &entry.lines, &header.chain)
                .map_err(|why| BodyFault { entry: Some(index), kind: why.into() })
        })
        .collect()
}

/// Puts what was found beside what was stored.
fn join(header: &Header, entries: Vec<(StoredEntry, CheckedEntry)>) -> Vec<AuditedEntry> {
    (header.first_entry..)
        .zip(entries)
        .map(|(index, (stored, checked))| AuditedEntry {
            index,
            leaf: checked.leaf,
            payload_digest: checked.payload_digest,
            payload: checked.payload,
            keys: checked.keys,
            envelope: stored.envelope,
            lines: stored.lines,
        })
        .collect()
}
