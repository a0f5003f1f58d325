//! Use cases: the only room that sees ledger, chain and store together.
//!
//! - [`operation`] turns typed operations into signed bytes and back.
//! - [`record`] is the way of one operation, as one page.
//! - [`orderer`] puts operations in order and makes blocks durable, over a [`replica`].
//! - [`projector`] brings the views up to the chain, at its own height.
//! - [`officers`] knows who is logged in; [`drafts`] keeps what awaits a second signature.
//! - [`reads`] answers questions about the money.
//! - [`node`] starts and stops all of it.
//!
//! SQL, GraphQL and HTML do not belong here.

pub mod begin;
pub mod clock;
pub mod drafting;
pub mod import_office;
pub mod lists;
pub mod logins;
pub mod made;
pub mod node;
pub mod officers;
pub mod operation;
pub mod orderer;
pub mod papers;
pub mod projector;
pub mod reads;
pub mod rebuild;
pub mod record;
pub mod references;
pub mod replica;
pub mod report;
pub mod rights;
pub mod story;
pub mod tracking;
mod tracking_batch;
pub mod verified;
pub mod verify;
mod verify_views;
