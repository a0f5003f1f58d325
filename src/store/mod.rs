//! Rows and SQL: the only folder that names sea-orm.
//!
//! Three stores, so that a long write of one never delays another: the chain (the truth), the
//! views (derived from it, always rebuildable) and the node's own (logins, keys, drafts).
//! What goes in and comes out are ledger types or the plain structs of these files; rows stay
//! here. Integers are 64 bits, bytes are bytes, there are no decimals: the same on SQLite and
//! PostgreSQL. What a row means to the money does not belong here.
//!
//! Which of the two databases it is, [`database`] decides. What differs between them is in one
//! file for each store: `appender` for the chain, `views::bulk` for the views; how connections
//! are made, in `sqlite` and `postgres`.

mod appender;
pub mod chain;
pub mod database;
pub mod error;
pub mod faults;
pub mod lock;
pub mod node;
pub mod postgres;
mod scratch;
mod session;
mod sqlite;
pub mod statements;
pub mod views;
mod wal;
