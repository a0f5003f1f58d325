//! Blocks, protocol 1: a header of fixed width and a body of entries with
//! their lines. Both are binary, big-endian, and have exactly one form.

use super::digest::Digest;
use super::envelope;
use super::key::PublicKey;
use super::merkle::Tree;
use super::time::Timestamp;
use crate::limits;

/// The protocol that this code reads and writes. It never changes; the next
/// begins at a height that a signed operation names.
pub const PROTOCOL: u16 = 1;

/// Bytes of a header.
pub const HEADER_BYTES: usize = 2 + 32 + 8 + 32 + 8 + 8 + 4 + 8 + 32 + 32 + 32 + 32;

const HEADER_TAG: &[u8] = b"aqueduct/block/v1\0";
const BODY_TAG: &[u8] = b"aqueduct/body/v1\0";

/// What a block fixes about itself and everything before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The rules by which the block is to be read: 1.
    pub protocol: u16,
    /// The chain: the digest of the genesis header; zeros in genesis.
    pub chain: Digest,
    /// The number of blocks before it.
    pub height: u64,
    /// The digest of the header before it; zeros in genesis.
    pub previous: Digest,
    /// When it was made. Each block is later than the one before.
    pub time: Timestamp,
    /// The index of its first entry, or of the next one if it has none.
    pub first_entry: u64,
    /// How many entries it has.
    pub entry_count: u32,
    /// The size of the log's tree after it.
    pub tree_size: u64,
    /// The root of the log's tree after it.
    pub tree_root: Digest,
    /// The digest of its entries and lists.
    pub body_digest: Digest,
    /// The running digest of all changes of the books so far. What a change is
    /// the ledger knows; here it is only carried.
    pub changes_digest: Digest,
    /// Who made the block; zeros where nobody is named.
    pub proposer: PublicKey,
}

/// An entry as it is stored: the envelope's bytes and the lines beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEntry {
    /// The canonical bytes of the envelope.
    pub envelope: Vec<u8>,
    /// The lines of a bulk operation, none for any other.
    pub lines: Vec<String>,
}

/// The entries of a block, within its bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    entries: Vec<StoredEntry>,
}

/// A block as it is stored and sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The header.
    pub header: Header,
    /// The body's bytes, those that `header.body_digest` is over.
    pub body_bytes: Vec<u8>,
}

/// What a new block is given from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// When it is made.
    pub time: Timestamp,
    /// The running digest of changes after it.
    pub changes_digest: Digest,
    /// Who makes it.
    pub proposer: PublicKey,
}

/// Why bytes are not a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderFault {
    /// The protocol is not one that this code knows.
    #[error("the protocol {0} is not known here")]
    Protocol(u16),
    /// Too few or too many bytes.
    #[error("a header has {HEADER_BYTES} bytes, not {0}")]
    Length(usize),
    /// The time is outside the years 0000 to 9999.
    #[error("{0} milliseconds are outside the years 0000 to 9999")]
    Time(i64),
}

/// Why bytes or entries are not a body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyFault {
    /// More bytes than a block may have.
    #[error(
        "a block's body has at most {max} bytes, not {0}",
        max = limits::BLOCK_BYTES_MAX
    )]
    Bytes(usize),
    /// More lines than a block may have.
    #[error("a block has at most {max} lines", max = limits::BLOCK_LINES_MAX)]
    Lines,
    /// More lines than an entry may have.
    #[error("an entry has at most {max} lines, not {0}", max = limits::LIST_LINES_MAX)]
    EntryLines(usize),
    /// More bytes than an entry may have.
    #[error("an entry has at most {max} bytes, not {0}", max = limits::ENTRY_BYTES_MAX)]
    EntryBytes(usize),
    /// More bytes than a line may have.
    #[error("a line has at most {max} bytes, not {0}", max = limits::LINE_BYTES_MAX)]
    LineBytes(usize),
    /// A line is not UTF-8.
    #[error("a line is not UTF-8")]
    LineText,
    /// The bytes end in the middle of something.
    #[error("the body ends too early")]
    TooShort,
    /// Bytes are left over.
    #[error("{0} bytes are left over at the body's end")]
    TrailingBytes(usize),
}

impl Header {
    /// The header's bytes: its fields in the order above.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        bytes.extend_from_slice(&self.protocol.to_be_bytes());
        bytes.extend_from_slice(&self.chain.0);
        bytes.extend_from_slice(&self.height.to_be_bytes());
        bytes.extend_from_slice(&self.previous.0);
        bytes.extend_from_slice(&self.time.millis().to_be_bytes());
        bytes.extend_from_slice(&self.first_entry.to_be_bytes());
        bytes.extend_from_slice(&self.entry_count.to_be_bytes());
        bytes.extend_from_slice(&self.tree_size.to_be_bytes());
        bytes.extend_from_slice(&self.tree_root.0);
        bytes.extend_from_slice(&self.body_digest.0);
        bytes.extend_from_slice(&self.changes_digest.0);
        bytes.extend_from_slice(&self.proposer.0);
        bytes
    }

    /// Reads a header.
    pub fn parse(bytes: &[u8]) -> Result<Header, HeaderFault> {
        let length = || HeaderFault::Length(bytes.len());
        let mut rest = Reader(bytes);
        // The protocol stands first in every protocol, whatever follows.
        let protocol = u16::from_be_bytes(rest.array().ok_or_else(length)?);
        if protocol != PROTOCOL {
            return Err(HeaderFault::Protocol(protocol));
        }
        if bytes.len() != HEADER_BYTES {
            return Err(length());
        }
        Header::parse_fields(protocol, &mut rest).ok_or_else(length)?
    }

    fn parse_fields(protocol: u16, rest: &mut Reader) -> Option<Result<Header, HeaderFault>> {
        let chain = Digest(rest.array()?);
        let height = u64::from_be_bytes(rest.array()?);
        let previous = Digest(rest.array()?);
        let millis = i64::from_be_bytes(rest.array()?);
        let Some(time) = Timestamp::from_millis(millis) else {
            return Some(Err(HeaderFault::Time(millis)));
        };
        Some(Ok(Header {
            protocol,
            chain,
            height,
            previous,
            time,
            first_entry: u64::from_be_bytes(rest.array()?),
            entry_count: u32::from_be_bytes(rest.array()?),
            tree_size: u64::from_be_bytes(rest.array()?),
            tree_root: Digest(rest.array()?),
            body_digest: Digest(rest.array()?),
            changes_digest: Digest(rest.array()?),
            proposer: PublicKey(rest.array()?),
        }))
    }

    /// The block's digest: SHA-256 of `"aqueduct/block/v1\0"` and the bytes.
    pub fn digest(&self) -> Digest {
        Digest::of_parts(&[HEADER_TAG, &self.to_bytes()])
    }

    /// The id of the chain that the block belongs to; of genesis its digest.
    pub fn chain_id(&self) -> Digest {
        match self.height {
            0 => self.digest(),
            _ => self.chain,
        }
    }
}

impl StoredEntry {
    /// The bytes that it takes in a body.
    pub fn stored_bytes(&self) -> usize {
        let lines: usize = self.lines.iter().map(|line| 2 + line.len()).sum();
        4 + self.envelope.len() + 4 + lines
    }
}

impl Body {
    /// Takes entries that fit into one block.
    pub fn new(entries: Vec<StoredEntry>) -> Result<Body, BodyFault> {
        let mut lines = 0;
        let mut bytes = 4;
        for entry in &entries {
            check_entry_bytes(entry.envelope.len())?;
            check_entry_lines(entry.lines.len())?;
            for line in &entry.lines {
                check_line_bytes(line.len())?;
            }
            lines += entry.lines.len();
            bytes += entry.stored_bytes();
        }
        if lines > limits::BLOCK_LINES_MAX {
            return Err(BodyFault::Lines);
        }
        if bytes > limits::BLOCK_BYTES_MAX {
            return Err(BodyFault::Bytes(bytes));
        }
        Ok(Body { entries })
    }

    /// The entries in order.
    pub fn entries(&self) -> &[StoredEntry] {
        &self.entries
    }

    /// The entries in order, for the one who needs to own them.
    pub fn into_entries(self) -> Vec<StoredEntry> {
        self.entries
    }

    /// The body's bytes: the number of entries (u32); for each the length of
    /// its envelope (u32), the envelope, the number of its lines (u32), and
    /// for each line its length (u16) and the line.
    pub fn to_bytes(&self) -> Vec<u8> {
        let size = self.entries.iter().map(StoredEntry::stored_bytes).sum();
        let mut bytes = Vec::with_capacity(size);
        bytes.extend_from_slice(&length(self.entries.len()));
        for entry in &self.entries {
            bytes.extend_from_slice(&length(entry.envelope.len()));
            bytes.extend_from_slice(&entry.envelope);
            bytes.extend_from_slice(&length(entry.lines.len()));
            for line in &entry.lines {
                let line_bytes = u16::try_from(line.len()).expect("a line's length was checked");
                bytes.extend_from_slice(&line_bytes.to_be_bytes());
                bytes.extend_from_slice(line.as_bytes());
            }
        }
        bytes
    }

    /// Reads a body. Nothing is allocated before its bound is checked.
    pub fn parse(bytes: &[u8]) -> Result<Body, BodyFault> {
        if bytes.len() > limits::BLOCK_BYTES_MAX {
            return Err(BodyFault::Bytes(bytes.len()));
        }
        let mut rest = Reader(bytes);
        let mut lines_left = limits::BLOCK_LINES_MAX;
        let mut entries = Vec::new();
        for _ in 0..rest.count()? {
            let entry = read_entry(&mut rest, lines_left)?;
            lines_left -= entry.lines.len();
            entries.push(entry);
        }
        if !rest.0.is_empty() {
            return Err(BodyFault::TrailingBytes(rest.0.len()));
        }
        Ok(Body { entries })
    }
}

impl Block {
    /// Forms the block that follows its parent (none for genesis). The tree is
    /// the log's tree before it; the leaves of the entries are appended.
    pub fn form(parent: Option<&Header>, tree: &mut Tree, body: &Body, stamp: Stamp) -> Block {
        let first_entry = tree.size();
        for entry in body.entries() {
            tree.append(&envelope::leaf(&entry.envelope));
        }
        let body_bytes = body.to_bytes();
        let header = Header {
            protocol: PROTOCOL,
            chain: parent.map_or(Digest::ZERO, Header::chain_id),
            height: parent.map_or(0, |parent| parent.height + 1),
            previous: parent.map_or(Digest::ZERO, Header::digest),
            time: stamp.time,
            first_entry,
            entry_count: u32::try_from(body.entries().len()).expect("a body's bytes were checked"),
            tree_size: tree.size(),
            tree_root: tree.root(),
            body_digest: body_digest(&body_bytes),
            changes_digest: stamp.changes_digest,
            proposer: stamp.proposer,
        };
        Block { header, body_bytes }
    }
}

/// The digest of entries and lists: SHA-256 of `"aqueduct/body/v1\0"` and the
/// body's bytes.
pub fn body_digest(body_bytes: &[u8]) -> Digest {
    Digest::of_parts(&[BODY_TAG, body_bytes])
}

fn read_entry(rest: &mut Reader, lines_left: usize) -> Result<StoredEntry, BodyFault> {
    let envelope_bytes = rest.count()?;
    check_entry_bytes(envelope_bytes)?;
    let envelope = rest.take(envelope_bytes)?.to_vec();
    let line_count = rest.count()?;
    check_entry_lines(line_count)?;
    if line_count > lines_left {
        return Err(BodyFault::Lines);
    }
    let mut lines = Vec::with_capacity(line_count);
    for _ in 0..line_count {
        let line_bytes = u16::from_be_bytes(rest.array().ok_or(BodyFault::TooShort)?).into();
        check_line_bytes(line_bytes)?;
        let line = std::str::from_utf8(rest.take(line_bytes)?).map_err(|_| BodyFault::LineText)?;
        lines.push(line.to_owned());
    }
    Ok(StoredEntry { envelope, lines })
}

fn check_entry_bytes(bytes: usize) -> Result<(), BodyFault> {
    match bytes {
        0..=limits::ENTRY_BYTES_MAX => Ok(()),
        _ => Err(BodyFault::EntryBytes(bytes)),
    }
}

fn check_entry_lines(lines: usize) -> Result<(), BodyFault> {
    match lines {
        0..=limits::LIST_LINES_MAX => Ok(()),
        _ => Err(BodyFault::EntryLines(lines)),
    }
}

fn check_line_bytes(bytes: usize) -> Result<(), BodyFault> {
    match bytes {
        0..=limits::LINE_BYTES_MAX => Ok(()),
        _ => Err(BodyFault::LineBytes(bytes)),
    }
}

fn length(items: usize) -> [u8; 4] {
    let items = u32::try_from(items).expect("the body's bounds were checked when it was made");
    items.to_be_bytes()
}

/// What is left to read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, bytes: usize) -> Result<&'a [u8], BodyFault> {
        let (taken, rest) = self.0.split_at_checked(bytes).ok_or(BodyFault::TooShort)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    fn count(&mut self) -> Result<usize, BodyFault> {
        let count = u32::from_be_bytes(self.array().ok_or(BodyFault::TooShort)?);
        // Every bound it is compared with is far below either type's.
        Ok(count as usize)
    }
}
