//! What an audit can find wrong, listed in the order in which it looks.

use uuid::Uuid;

use super::block::{BodyFault, HeaderFault};
use super::digest::Digest;
use super::envelope::{EnvelopeFault, SignatureFault};
use super::list::ListFault;
use super::payload::{GENESIS_KIND, Malformed};
use super::time::Timestamp;

/// The first thing that is wrong in a chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("block {height}{}: {kind}", entry.map(|index| format!(", entry {index}")).unwrap_or_default())]
pub struct Fault {
    /// The height of the block that was to be checked.
    pub height: u64,
    /// The entry's index in the log, where one entry is wrong.
    pub entry: Option<u64>,
    /// What is wrong.
    pub kind: FaultKind,
}

/// What can be wrong with a block, in the order in which it is checked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultKind {
    /// The header cannot be read.
    #[error("{0}")]
    Header(#[from] HeaderFault),
    /// Another block stands here: one is missing, doubled or out of place.
    #[error("the block of height {0} stands in its place")]
    Height(u64),
    /// The block does not follow from the one before it. Which of the two was
    /// changed cannot be told from them alone.
    #[error("it was built on another block {before} than the one here")]
    Previous {
        /// The height of the block before it.
        before: u64,
    },
    /// The header names another chain.
    #[error("it belongs to the chain {0}")]
    Chain(Digest),
    /// The block is not later than the one before it.
    #[error("its time {time} is not after {before}, the time of the block before it")]
    Time {
        /// The block's time.
        time: Timestamp,
        /// The time of the block before it.
        before: Timestamp,
    },
    /// Its first entry does not continue the log.
    #[error("it begins with entry {found}, the log goes on with entry {expected}")]
    FirstEntry {
        /// What the header says.
        found: u64,
        /// What follows from the blocks before.
        expected: u64,
    },
    /// The body cannot be read.
    #[error("{0}")]
    Body(#[from] BodyFault),
    /// The header counts other entries than there are.
    #[error("the header counts {counted} entries, the body has {found}")]
    EntryCount {
        /// What the header says.
        counted: u32,
        /// How many there are.
        found: usize,
    },
    /// Genesis follows nothing and is one operation, which begins the chain.
    #[error("genesis follows no block and holds one {GENESIS_KIND} operation alone")]
    Genesis,
    /// An entry is wrong.
    #[error("{0}")]
    Entry(#[from] EntryFault),
    /// Every entry is well-formed, but these are not the header's entries.
    #[error("the entries and lists are not those that the header fixes")]
    BodyDigest,
    /// The header's tree has another size than its entries give.
    #[error("the header's tree has {found} entries, the log has {expected}")]
    TreeSize {
        /// What the header says.
        found: u64,
        /// What follows from the entries.
        expected: u64,
    },
    /// The header's tree has another root than its entries give.
    #[error("the header's tree has the root {found}, the log has {expected}")]
    TreeRoot {
        /// What the header says.
        found: Digest,
        /// What follows from the entries.
        expected: Digest,
    },
    /// The same party has recorded the same operation id before.
    #[error("the operation {id} of the party {party} was recorded before")]
    Replay {
        /// The party.
        party: Uuid,
        /// The operation's id.
        id: Uuid,
    },
}

/// What can be wrong with one entry, in the order in which it is checked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryFault {
    /// The bytes are not a canonical envelope.
    #[error("{0}")]
    Envelope(#[from] EnvelopeFault),
    /// The signed bytes are not a payload.
    #[error("{0}")]
    Payload(#[from] Malformed),
    /// The operation was signed for another chain.
    #[error("it was signed for the chain {0}")]
    Chain(Digest),
    /// A chain begins once.
    #[error("only genesis begins a chain")]
    SecondBeginning,
    /// A signature does not hold.
    #[error("{0}")]
    Signature(#[from] SignatureFault),
    /// There are lines that the signed payload does not speak of.
    #[error("it has {0} lines that were not signed")]
    UnsignedLines(usize),
    /// The lines are not a list.
    #[error("{0}")]
    List(#[from] ListFault),
    /// There are more or fewer lines than were signed.
    #[error("{signed} lines were signed, {found} are here")]
    LineCount {
        /// What the payload says.
        signed: u32,
        /// How many there are.
        found: usize,
    },
    /// The lines are not those that were signed.
    #[error("the lines are not those that were signed")]
    LineRoot,
}
