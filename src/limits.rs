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

/// Operations that may wait for the orderer. At several thousand a second this is about two
/// seconds of waiting; more would only grow memory and time-outs.
pub const QUEUE_OPERATIONS_MAX: usize = 10_000;

/// What a client told `OVERLOADED` should wait, in milliseconds: about one block and its views.
pub const RETRY_AFTER_MS: u64 = 500;

/// How often a serving node looks whether money fell due, in milliseconds: an empty block is
/// made at most once a minute.
pub const EMPTY_BLOCK_INTERVAL_MS: u64 = 60_000;

/// Pause before a store that failed is asked again, in milliseconds.
pub const STORE_RETRY_MS: u64 = 200;

/// Changes that may wait for the views. Beyond it nothing is accepted: each fact takes a few
/// hundred bytes of memory, so this is about 1 GiB.
pub const LAG_FACTS_MAX: i64 = 4_000_000;

/// Changes that one transaction of the views may hold. Large ones keep bulk rates; larger ones
/// only add memory.
pub const PROJECTION_FACTS_MAX: i64 = 100_000;

/// Tokens, hops, allocations, operations and rows kept in memory once the views hold them. The
/// working set of a busy day; each takes up to 500 bytes.
pub const RESIDENT_RECORDS_MAX: usize = 500_000;

/// How long a read waits for the last entry of its own login, in milliseconds.
pub const READ_OWN_WRITES_MS: u64 = 2_000;

/// Items on one page of a connection, at most.
pub const PAGE_SIZE_MAX: u64 = 100;

/// Items on one page when the client names no number.
pub const PAGE_SIZE_DEFAULT: u64 = 20;

/// Bytes of one HTTP request: the largest list with its envelope, as JSON text.
pub const BODY_BYTES_MAX: usize = 6 * 1024 * 1024;

/// Blocks read at once when a chain is replayed or verified.
pub const REPLAY_BLOCKS: u64 = 64;

/// Seconds that a stopping server waits for requests under way.
pub const STOP_GRACE_SECONDS: u64 = 20;

/// How far the clock may be behind the last block at start, in milliseconds. Further than that,
/// one of the two is wrong.
pub const CLOCK_BEHIND_MS_MAX: i64 = 10 * 60_000;

/// Bytes of blocks read at once when a chain is replayed or verified.
pub const REPLAY_BYTES: u64 = 32 * 1024 * 1024;

/// Operations, fully signed when the node last stopped, that it records at start. More than one
/// at a time needs several officers at the same moment.
pub const SUBMITTED_DRAFTS_MAX: u64 = 1_000;

/// Nesting of a GraphQL document. Introspection needs 15; tracing a token to its hops' entries
/// and their signers' parties needs about as much.
pub const QUERY_DEPTH_MAX: usize = 20;

/// Fields that a GraphQL document may ask for, those of a page counted once for each row: one
/// page of 100 rows with every field of a hop, or a page of 20 with a page of 20 in each row.
pub const QUERY_COMPLEXITY_MAX: usize = 20_000;

/// How long a client may take to send one request, in seconds.
pub const BODY_SECONDS_MAX: u64 = 30;

/// Bytes of one table that is imported. Each of its parts is known by a digest while it is read,
/// 32 bytes for each part: 256 KiB for the largest.
pub const TABLE_BYTES_MAX: u64 = 8 * 1024 * 1024 * 1024;

/// Bytes of a part of a table, compared with its digest before anything of it is taken.
pub const TABLE_PART_BYTES: usize = 1024 * 1024;

/// Programmes of one table; each is tried before anything is recorded.
pub const IMPORT_PROGRAMMES_MAX: usize = 1_000;

/// Changes that may wait for the views while a table is imported. Far below [`LAG_FACTS_MAX`], since
/// an import has no hurry and a person's machine little memory: about 60 MB.
pub const IMPORT_LAG_FACTS_MAX: i64 = 200_000;

/// Rows of tables that one request may look up.
pub const IMPORTED_ROWS_MAX: usize = 1_000;
