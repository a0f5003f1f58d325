//! Every bound of the program, its unit in its name and its reason above it.

/// Size of one canonical payload. A single operation needs a few hundred
/// bytes; whatever is long belongs into lines beside the entry.
pub const PAYLOAD_BYTES_MAX: usize = 64 * 1024;

/// Nesting of a payload's body. Real bodies need three or four levels; a
/// bound of our own keeps the verdict independent of a JSON library's.
pub const PAYLOAD_DEPTH_MAX: usize = 16;

/// Length of an operation's kind, such as `TOKEN_DISPATCH`.
pub const KIND_BYTES_MAX: usize = 64;

/// Span between `issuedAt` and `expiresAt`. A signed paper that stays valid
/// for longer could surprise the officer who signed it.
pub const VALIDITY_MS_MAX: i64 = 7 * 24 * 60 * 60 * 1000;

/// Signatures in one envelope: a maker and a checker, from two parties at the
/// most (a reversed acknowledgement), so four leave room for one more pair.
pub const SIGNATURES_MAX: usize = 4;

/// Size of one entry, that is of an envelope in its canonical form: the
/// largest payload in Base64 (87,384 bytes) with four signatures.
pub const ENTRY_BYTES_MAX: usize = 90_000;

/// Size of an envelope as a client may send it, formatted as it likes.
pub const ENVELOPE_INPUT_BYTES_MAX: usize = 128 * 1024;

/// Length of one line of a bulk operation, salt included.
pub const LINE_BYTES_MAX: usize = 256;

/// Lines of one bulk operation. More would hold up the block it is in.
pub const LIST_LINES_MAX: usize = 10_000;

/// Bytes of all lines of one bulk operation together.
pub const LIST_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Lines of all operations in one block: two full lists. Blocks of about
/// 10,000 outputs write twice as fast as small ones; larger ones add waiting.
pub const BLOCK_LINES_MAX: usize = 20_000;

/// Bytes of one block's body. It is one row of the chain store.
pub const BLOCK_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Entries in the log. It keeps every index of the tree's hashes within 64
/// bits and the tree within seven levels of tiles.
pub const TREE_SIZE_MAX: u64 = 1 << 56;

/// Hashes in one proof. A path cannot be longer than the tree is high, and a
/// consistency proof has one hash more.
pub const PROOF_HASHES_MAX: usize = 64;

/// Entries from which an audit spreads a block over several threads. Below
/// it, starting threads costs more than they save.
pub const AUDIT_SERIAL_ENTRIES_MAX: usize = 64;
