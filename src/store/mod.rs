//! Rows and SQL: the only folder that names sea-orm.
//!
//! Three stores, so that a long write of one never delays another: the chain (the truth), the
//! views (derived from it, always rebuildable) and the node's own (logins, keys, drafts).
//! What goes in and comes out are ledger types or the plain structs of these files; rows stay
//! here. Integers are 64 bits, bytes are bytes, there are no decimals: the same on SQLite and
//! PostgreSQL. What a row means to the money does not belong here.

pub mod chain;
pub mod error;
pub mod faults;
pub mod lock;
pub mod node;
mod sqlite;
pub mod statements;
pub mod views;
mod wal;
