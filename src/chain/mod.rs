//! The chain: bytes, digests, signatures, proofs.
//!
//! **Promise.** What a party signed is kept byte for byte, anybody can check
//! it, and no later change of it stays unseen. From the blocks alone, without
//! trusting who serves them, [`audit`] finds the first entry that is not what
//! was signed, and [`proof`] shows that an entry is in the log and that the
//! log of today continues the log of yesterday.
//!
//! **Invariants.**
//! - The bytes that were verified are the bytes that are hashed and stored.
//!   Nothing here rebuilds a payload from its parsed form in order to check it.
//! - Every format has exactly one form. Each reader refuses what its writer
//!   would have written differently.
//! - A verdict depends on its inputs only: no clock, no floats, no unordered
//!   iteration. Signatures are checked one by one with the strict rule, so two
//!   nodes cannot disagree. The one use of randomness is a new key.
//! - A protocol never changes. The next one gets a number and its own code;
//!   `tests/vectors/protocol_1.json` freezes this one.
//! - Whatever comes from outside is bounded before it is allocated.
//!
//! **Not here.** Money, parties, roles, what an operation means, whether it is
//! expired or was already recorded (the ledger); where bytes are stored and
//! served (the store and the server). A payload's body is opaque here, apart
//! from its numbers.
//!
//! | file | holds |
//! |---|---|
//! | `digest.rs` | SHA-256 digests |
//! | `key.rs` | Ed25519 keys and signatures |
//! | `json.rs` | reading JSON without losing duplicates |
//! | `time.rs` | moments as milliseconds and as text |
//! | `payload.rs` | what a party signs |
//! | `envelope.rs` | the payload with its signatures; an entry's bytes |
//! | `list.rs` | the lines of a bulk operation |
//! | `merkle.rs` | the log's tree and its tiles |
//! | `proof.rs` | inclusion and consistency |
//! | `block.rs` | the header and the body |
//! | `checkpoint.rs` | the signed size and root of the log |
//! | `audit.rs` | the check of all of it, block after block |
//! | `fault.rs` | what that check can find |

pub mod audit;
pub mod block;
pub mod checkpoint;
pub mod digest;
pub mod envelope;
pub mod fault;
pub mod json;
pub mod key;
pub mod list;
pub mod merkle;
pub mod payload;
pub mod proof;
pub mod time;
