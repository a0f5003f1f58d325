//! Rows and SQL: the only folder that names sea-orm.
//!
//! Four stores, so that a long write of one never delays another: the chain (the truth), the views
//! and the findings (derived from it, always rebuildable) and the node's own (logins, keys, drafts).
//! What goes in and comes out are ledger types or the plain structs of these files; rows stay
//! here. Integers are 64 bits, bytes are bytes, there are no decimals: the same on SQLite and
//! PostgreSQL. What a row means to the money does not belong here.
//!
//! Which of the two databases it is, [`database`] decides. What differs between them is in one
//! file for each: `appender` for the chain, `dialect` for what is derived; how connections are
//! made, in `sqlite` and `postgres`.

mod appender;
pub mod chain;
pub mod database;
mod dialect;
pub mod error;
pub mod faults;
pub mod findings;
pub mod lock;
pub mod node;
pub mod postgres;
mod scratch;
mod session;
mod sqlite;
pub mod statements;
pub mod views;
mod wal;
