//! Aqueduct traces welfare money from the treasury to the person.
//!
//! Public money passes through several hands before it reaches anybody. Each pass of hands is
//! an operation that a party signs; operations are entries of a tamper-evident log; the books
//! say at any moment where every unit is: held, on its way, confirmed, lawfully deducted,
//! returned, disputed or gone.
//!
//! # Rooms
//!
//! Dependencies point down only; `tests/it/layers.rs` reads the sources and fails otherwise.
//!
//! | room | what lives there | may know |
//! |---|---|---|
//! | [`ledger`] | what happened to the money: operations, admission, books, statement; pure | nobody |
//! | [`chain`] | bytes: envelopes, signatures, Merkle trees, blocks, checkpoints, audit; pure | nobody |
//! | [`leakage`] | where money leaks: detectors and their findings; pure | types of the ledger |
//! | [`interchange`] | files of other systems; pure | nobody |
//! | [`limits`] | every bound, its unit in its name and its reason above it | nobody |
//! | `store` | rows and SQL: chain, views, the node's own; alone names sea-orm | ledger types |
//! | `service` | use cases: the write path, projector, reads, verification | all of the above |
//! | `api` | GraphQL | service, and types of ledger and chain |
//! | `server` | every URL, limit and timeout of the HTTP server | api, service, types of chain |
//! | `bench` | how fast it is: a client of the server, and books made for it | service, types of the pure rooms |
//! | `cli` | one file for each subcommand | bench, server, api (for the SDL), service, types of the pure rooms |
//!
//! # Invariants
//!
//! - The chain is the truth and the first thing made durable: one row for each block, before
//!   anybody is answered. The views are derived from it and can always be made anew.
//! - Nothing leaves memory before the views hold it.
//! - The bytes that were signed are the bytes that are hashed and stored.
//! - Every unspent token is in exactly one class of the statement.
//!
//! To follow one operation on its way, begin at `service::record`.

#[cfg(feature = "server")]
pub mod api;
#[cfg(feature = "server")]
pub mod bench;
pub mod chain;
#[cfg(feature = "server")]
pub mod cli;
pub mod interchange;
pub mod leakage;
pub mod ledger;
pub mod limits;
#[cfg(feature = "server")]
pub mod server;
#[cfg(feature = "server")]
pub mod service;
#[cfg(feature = "server")]
pub mod store;
