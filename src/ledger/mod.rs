//! What happened to the money.
//!
//! Pure, synchronous and deterministic: [`admit::admit`] turns the books and a signed
//! operation into a change or a refusal, and applying a change cannot fail. There is no clock,
//! randomness, database, float or unordered iteration here: the same blocks give the same
//! books, bit for bit, on every node.
//!
//! Invariants, checked by `tests/it/ledger`: an entry consumes tokens and makes tokens of the
//! same total, except for an allocation, its reversal, a surplus and a surplus cancelled; each
//! unspent token is in exactly one class of the statement; the node identity holds for every
//! party. The rules are those of the project's page on ledger semantics.
//!
//! Bytes, signatures and digests of blocks do not belong here; rows and SQL do not either.

pub mod admit;
pub mod case;
pub mod cell;
pub mod fact;
pub mod hop;
pub mod ids;
pub mod lines;
pub mod money;
pub mod needs;
pub mod note;
pub mod operation;
pub mod packed;
pub mod parameter;
pub mod parties;
pub mod records;
pub mod refusal;
pub mod registry;
pub mod selection;
pub mod state;
pub mod statement;
pub mod time;
pub mod token;
