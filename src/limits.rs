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

/// Bytes of one line as a client may send it, as JSON: the fields' names, and each character of the
/// longest line written as an escape of six.
pub const LINE_INPUT_BYTES_MAX: usize = 2 * 1024;

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

/// How often a serving node asks after the lock that lets it alone write its database, in
/// milliseconds: after a restart of the database nobody else has long to take it unnoticed.
pub const LOCK_INTERVAL_MS: u64 = 1_000;

/// Pause before a store that failed is asked again, in milliseconds.
pub const STORE_RETRY_MS: u64 = 200;

/// How often one block is sent to a store whose connection was lost on the way. A restart cuts
/// off one try; after several something else is wrong.
pub const APPEND_TRIES_MAX: u32 = 3;

/// How long operations wait for a chain store that does not answer, in milliseconds: a database
/// that is restarted is back within seconds. After it they are told to ask again later.
pub const STORE_OUTAGE_MS: u64 = 10_000;

/// Changes that may wait for the views: 10 million outputs, each a token and a hop. Beyond it
/// nothing is accepted.
pub const LAG_FACTS_MAX: i64 = 20_000_000;

/// Bytes of memory that these changes may take. Beyond it nothing is accepted.
pub const LAG_BYTES_MAX: i64 = 1 << 30;

/// Changes that one transaction of the views may hold. Large ones keep bulk rates; larger ones
/// only add memory.
pub const PROJECTION_FACTS_MAX: i64 = 100_000;

/// In a bulk run the views rest so many times as long as they worked.
pub const PROJECTION_REST_FACTOR: u32 = 4;

/// How long they rest at a time, in milliseconds. When no block comes meanwhile, the run is over:
/// a block of a bulk run takes about half as long.
pub const PROJECTION_REST_MS: u64 = 100;

/// Tokens, hops, allocations, operations and rows kept in memory once the views hold them. The
/// working set of a busy day; each takes 200 to 300 bytes with its key and what finds it again.
pub const RESIDENT_RECORDS_MAX: usize = 500_000;

/// How long a read waits for the last entry of its own login, in milliseconds.
pub const READ_OWN_WRITES_MS: u64 = 2_000;

/// Items on one page of a connection, at most.
pub const PAGE_SIZE_MAX: u64 = 100;

/// Items on one page when the client names no number.
pub const PAGE_SIZE_DEFAULT: u64 = 20;

/// Rows that a page or a count of a list looks at, at most, where no index finds what a filter
/// means: about a tenth of a second. A page that ends there says so, and the next one goes on.
pub const LIST_ROWS_LOOKED_AT_MAX: u64 = 100_000;

/// Operations without a place in the log that are counted, or looked at for one page of those
/// that an officer may sign, at most: each is read whole.
pub const WAITING_COUNTED_MAX: u64 = 1_000;

/// Milliseconds that a starting node waits for the check that every allocation adds up to its
/// tokens. Larger books are checked while it serves already, and a break ends it then.
pub const IDENTITY_WAIT_MS: u64 = 1_000;

/// Nodes of a flow, at most: more than a diagram can show.
pub const FLOW_NODES_MAX: usize = 100;

/// Nodes of a flow when the client names no number.
pub const FLOW_NODES_DEFAULT: usize = 30;

/// Cells of past heights that are kept in memory, for readers who asked just before the newest
/// batches: about a hundred bytes each. Earlier moments are read from the rows.
pub const CELLS_REMEMBERED_MAX: usize = 20_000;

/// Cells of earlier moments that are kept once they were read, in all: about 10 MB. At least those
/// of one moment and sheet are, so that a report of several groupings reads them once.
pub const PAST_CELLS_KEPT_MAX: usize = 100_000;

/// Bytes of envelopes and lines in one answer, at most: a few of the largest lists. More is asked
/// for in several requests.
pub const ANSWER_ENTRY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Allocations whose fund is kept in memory, beside the one of each that blocks bring: some fifty
/// bytes each, and one look-up in the views for each that is not kept.
pub const FUNDS_REMEMBERED_MAX: usize = 100_000;

/// Operations without a place in the log that are read at once, each with its lines: at most 40 MiB.
pub const WAITING_READ_AT_ONCE_MAX: u64 = 20;

/// Batches of blocks of which it is remembered what they touched, while somebody follows a
/// statement. Who falls further behind has it summed anew.
pub const TOUCHED_BATCHES_MAX: usize = 64;

/// Different sets of money whose statements are followed at once: each may be summed after every
/// batch of blocks that touches it.
pub const STATEMENTS_FOLLOWED_MAX: usize = 256;

/// Statements summed at once for those who follow them, so that they leave most of the readers'
/// connections to others.
pub const STATEMENTS_SUMMED_AT_ONCE_MAX: usize = 2;

/// Blocks whose parsed bodies are kept for readers. Those who follow the head ask for the entries
/// of the last few.
pub const BODIES_KEPT_MAX: usize = 64;

/// Bytes of all of them: four blocks of the largest size.
pub const BODIES_KEPT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Blocks read at once for the bytes of their entries: half of the connections to the chain, so
/// that proofs and other looks at it find one.
pub const BODIES_READ_AT_ONCE_MAX: usize = 2;

/// Followers of the log that read at once, a page of it or what they ask of one entry: as few as
/// leave most of the readers' connections to queries. Each takes milliseconds, so a thousand have
/// their turn soon.
pub const STREAMS_READ_AT_ONCE_MAX: usize = 2;

/// Bytes of one HTTP request: the largest list with its envelope, as JSON text.
pub const BODY_BYTES_MAX: usize = 6 * 1024 * 1024;

/// Blocks read at once when a chain is replayed or verified, and again while fewer than these wait
/// for the books.
pub const REPLAY_BLOCKS: u64 = 64;

/// Seconds that a stopping server waits for requests under way.
pub const STOP_GRACE_SECONDS: u64 = 20;

/// How far the clock may be behind the last block at start, in milliseconds. Further than that,
/// one of the two is wrong.
pub const CLOCK_BEHIND_MS_MAX: i64 = 10 * 60_000;

/// Bytes of blocks read at once when a chain is replayed or verified, and again while fewer wait: what
/// was found of each takes a few times as much memory.
pub const REPLAY_BYTES: u64 = 8 * 1024 * 1024;

/// Operations, fully signed when the node last stopped, that it records at start. More than one
/// at a time needs several officers at the same moment.
pub const SUBMITTED_DRAFTS_MAX: u64 = 1_000;

/// Nesting of a GraphQL document. Introspection needs 15; tracing a token to its hops' entries
/// and their signers' parties needs about as much.
pub const QUERY_DEPTH_MAX: usize = 20;

/// Fields that a GraphQL document may ask for, those of a page counted once for each row: one
/// page of 100 rows with every field of a hop, or a page of 20 with a page of 20 in each row.
pub const QUERY_COMPLEXITY_MAX: usize = 20_000;

/// What one sum over much money weighs among the fields of a document: a report or a statement
/// looks at all rows that its filter means, so one document has fewer than ten.
pub const SUM_WEIGHT: usize = 2_000;

/// What the statement of one token weighs: it looks at the token's descendants only, and a page of
/// 20 tokens may ask for it.
pub const TOKEN_SUM_WEIGHT: usize = 500;

/// What looking for the hops of one token back to its treasury weighs, besides what is asked of
/// them: one look-up for each step. A page of 100 tokens may ask for it.
pub const TRACE_WEIGHT: usize = 50;

/// How long a client may take to send one request, in seconds.
pub const BODY_SECONDS_MAX: u64 = 30;

/// Bytes of a GraphQL document. The largest that client compilers make have some 30 KiB; what
/// is long by nature (lists, envelopes) goes into variables.
pub const DOCUMENT_BYTES_MAX: usize = 256 * 1024;

/// Public keys of which each thread that checks signatures keeps the point of the curve, 200 bytes
/// each: about as many officers as sign in one hour.
pub const KEY_POINTS_KEPT_MAX: usize = 256;

/// Bytes of the texts of all GraphQL documents that are kept as they were read, once executed.
/// Parsed, a usual one takes some thirty times its text: 16 MB; one of nothing but short names
/// several times that. A program sends a few dozen documents.
pub const KNOWN_DOCUMENTS_BYTES_MAX: usize = 512 * 1024;

/// Bytes of a document that is kept: larger ones come seldom, and few would take the place of many.
pub const KNOWN_DOCUMENT_BYTES_MAX: usize = 16 * 1024;

/// Tokens of a GraphQL document. A large generated one has 3,000; parsing and checking cost
/// grow with them.
pub const DOCUMENT_TOKENS_MAX: usize = 15_000;

/// Brackets of any kind within each other in a GraphQL document. The parser calls itself for
/// each, and its stack must not overflow.
pub const DOCUMENT_NESTING_MAX: usize = 64;

/// Bytes of one name in a GraphQL document. Names of the schema have up to 40; messages about
/// unknown ones repeat them.
pub const DOCUMENT_NAME_BYTES_MAX: usize = 200;

/// Operations in one GraphQL document: all are checked, and one is executed.
pub const DOCUMENT_OPERATIONS_MAX: usize = 20;

/// Directives in a GraphQL document; a real one has a handful.
pub const DOCUMENT_DIRECTIVES_MAX: usize = 200;

/// Selection sets within each other, fragments spread out: the depth of fields with as many
/// fragments in between as client compilers nest.
pub const SELECTION_NESTING_MAX: usize = 32;

/// Fields, spreads and inline fragments of a document once every fragment is spread out. The
/// engine visits each several times; introspection in its longest form has about 400.
pub const SELECTIONS_MAX: u64 = 5_000;

/// Aliased fields of a document once every fragment is spread out. They are how one field is
/// asked for many times.
pub const ALIASES_MAX: u64 = 200;

/// Lists that one document has counted, fragments spread out: each count looks at up to
/// `LIST_ROWS_LOOKED_AT_MAX` rows.
pub const COUNTS_MAX: u64 = 40;

/// Fields of one mutation at its root: each is an operation of its own.
pub const MUTATION_FIELDS_MAX: u64 = 20;

/// Errors that one answer tells of a document that does not fit the schema. More help nobody.
pub const DOCUMENT_ERRORS_MAX: usize = 50;

/// Characters of one such error; the parser quotes the line that it is about.
pub const DOCUMENT_ERROR_CHARS_MAX: usize = 500;

/// What a page or a multiplier may add to the weight of a document. Far above
/// `QUERY_COMPLEXITY_MAX`, and so low that the sum over all fields cannot overflow.
pub const FIELD_WEIGHT_MAX: usize = 1_000_000_000;

/// Seconds that a client may take to send the head of a request, which is also how long a
/// connection may stay open without one. Ten times what a slow line needs.
pub const HEAD_SECONDS_MAX: u64 = 30;

/// Bytes of the head of a request: a query in the URL, and headers.
pub const HEAD_BYTES_MAX: usize = 64 * 1024;

/// Headers of a request. Browsers behind proxies send about 30.
pub const HEADERS_MAX: usize = 64;

/// Seconds that a client may take to read on when it has stopped reading an answer.
pub const WRITE_SECONDS_MAX: u64 = 30;

/// Connections that speak HTTP at one time; further ones wait until one ends.
pub const CONNECTIONS_MAX: usize = 2_048;

/// File handles that a server asks the system for: connections and sockets at their most, and
/// a thousand for stores and what else is open. Many systems give 1,024 unasked.
pub const FILE_HANDLES: u64 = 8_192;

/// Seconds that a stopping server waits for connections without a request under way, so that
/// what was answered is also sent.
pub const STOP_IDLE_SECONDS: u64 = 1;

/// Milliseconds before connections are taken again after the system refused one, for example
/// for want of file handles.
pub const ACCEPT_RETRY_MS: u64 = 100;

/// Requests of one login in a second, over a longer time; each field of a mutation counts. A
/// person makes a few, a busy back office some hundred; `serve` may be told another number.
pub const LOGIN_REQUESTS_PER_SECOND: u64 = 2_000;

/// Requests that one login may make at once beyond that rate.
pub const LOGIN_REQUESTS_BURST: u64 = 4_000;

/// Requests of one login under way at one time. Others find room beside it.
pub const LOGIN_REQUESTS_UNDER_WAY_MAX: u64 = 512;

/// Logins whose pace is remembered before those at rest are forgotten, and logins kept that were
/// just looked up.
pub const LOGINS_REMEMBERED_MAX: usize = 10_000;

/// How long a login that was looked up counts as valid before it is looked up again, in
/// milliseconds: so long can one be used that another process has removed. Who asks often is
/// looked up once in a hundred requests, and nobody notices a second.
pub const LOGIN_KEPT_MS: u64 = 1_000;

/// WebSocket connections in all, once initialised. Each holds a file handle and some 50 KiB.
pub const SOCKETS_MAX: u64 = 4_096;

/// WebSocket connections that are not initialised yet. They wait seconds, so few do at one time;
/// and however many do, they take no place of those that are. A further one takes the place of the
/// one that has waited longest.
pub const SOCKETS_UNINITIALISED_MAX: u64 = 512;

/// WebSocket connections of one login, and of everybody without one; `serve` may be told another
/// number.
pub const LOGIN_SOCKETS_MAX: u64 = 64;

/// Subscriptions that one login follows at one time, over all its connections, and everybody
/// without one: each reads what is recorded.
pub const LOGIN_STREAMS_MAX: u64 = 128;

/// Operations under way on one WebSocket connection.
pub const SOCKET_OPERATIONS_MAX: usize = 50;

/// Bytes of the id that a client gives an operation on a WebSocket connection.
pub const SOCKET_ID_BYTES_MAX: usize = 128;

/// Seconds in which a WebSocket connection must be initialised.
pub const SOCKET_INIT_SECONDS: u64 = 10;

/// Seconds without a sign of life before the server pings a WebSocket connection. Proxies
/// close idle ones after 60.
pub const SOCKET_PING_SECONDS: u64 = 25;

/// Seconds that a pinged client has to give a sign of life.
pub const SOCKET_PONG_SECONDS: u64 = 20;

/// Seconds in which one message must be taken by a client that follows; a slower one is cut
/// off and resumes with `after`.
pub const SOCKET_WRITE_SECONDS: u64 = 15;

/// Seconds for the closing of a WebSocket connection by both sides.
pub const SOCKET_CLOSE_SECONDS: u64 = 5;

/// Bytes of the file of trusted documents.
pub const TRUSTED_BYTES_MAX: u64 = 64 * 1024 * 1024;

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

/// Operations whose hops one list of evidence names: each costs a look-up, and the ledger takes no
/// more.
pub const EVIDENCE_ENTRIES_MAX: usize = 1_000;

/// Notes about one thing that a reader is shown, the newest: a recipient has a few for each cycle.
pub const NOTES_ABOUT_MAX: u64 = 1_000;

/// Rows of tables that one request may look up.
pub const IMPORTED_ROWS_MAX: usize = 1_000;

/// How many seconds a command waits for a database whose server is just being started: after a
/// loss of power one of a few gigabytes has recovered by then, and nobody takes it for hanging.
pub const DATABASE_WAIT_SECONDS: u64 = 30;

/// The longest that a command can be told to wait for it, in seconds: an hour, by which somebody
/// has looked.
pub const DATABASE_WAIT_SECONDS_MAX: u64 = 3_600;

/// Recipients of a simulated world: fewer leave no honest ones beside those that something is planted
/// at, more take minutes.
pub const SIMULATED_RECIPIENTS: (u32, u32) = (60, 5_000);

/// Monthly cycles of a simulated world: fewer leave none between the first and the last.
pub const SIMULATED_CYCLES: (u32, u32) = (3, 12);

/// Of a million recipients of a simulated world so many for each kind of irregularity.
pub const SIMULATED_LEAK_MILLIONTHS: (u32, u32) = (0, 200_000);

/// Blocks whose examination is read from the views at once.
pub const EXAMINED_BLOCKS_MAX: u64 = 1_000;

/// Changes of them: with more, fewer blocks are read at once. One may hold some twenty thousand.
pub const EXAMINED_CHANGES: usize = 10_000;

/// Files that the examination keeps in memory between runs, some 500 bytes each.
pub const EXAMINED_FILES_MAX: usize = 20_000;

/// Changes that wait in memory to be examined; what is more is read again from the views.
pub const EXAMINED_FACTS_WAITING_MAX: i64 = 100_000;

/// Seconds that one detector may take for one run of blocks: thousands of times what any needs.
pub const DETECTOR_SECONDS_MAX: u64 = 20;

/// Seconds after which a detector that stopped is tried again.
pub const DETECTOR_RETRY_SECONDS: u64 = 3_600;

/// Findings that are read at once where all of a rule are added up.
pub const FINDINGS_READ_AT_ONCE: u64 = 1_000;

/// Receivers of webhooks of one node: each may hold up a thread for `WEBHOOK_SECONDS_MAX`.
pub const WEBHOOKS_MAX: usize = 32;

/// Bytes of the address of a receiver: what most servers take as a request's first line.
pub const WEBHOOK_URL_BYTES_MAX: usize = 2_048;

/// Seconds that one attempt to deliver a message may take (Standard Webhooks recommends 15 to 30;
/// below [`STOP_GRACE_SECONDS`], so that a stopping node knows what became of it).
pub const WEBHOOK_SECONDS_MAX: u64 = 15;

/// Bytes of the head of a receiver's answer, of which the status alone is of interest.
pub const WEBHOOK_HEAD_BYTES_MAX: usize = 16 * 1024;

/// Versions of findings that are read at once to be delivered.
pub const WEBHOOK_PAGE: u64 = 50;

/// How often a serving node looks for receivers that were added and attempts that are due, in
/// milliseconds, besides whenever something is found.
pub const WEBHOOKS_LOOK_MS: u64 = 1_000;

/// Pauses after the first, second, ... attempt in a row that failed, in milliseconds: 5 s, 5 min, 30
/// min, 2 h, 5 h, 10 h, then daily (Standard Webhooks, "Deliverability and reliability").
pub const WEBHOOK_PAUSES_MS: &[i64] = &[5_000, 300_000, 1_800_000, 7_200_000, 18_000_000, 36_000_000, 86_400_000];
