//! Use cases: the only room that sees ledger, chain and store together.
//!
//! - Writing: [`record`] is the way of one operation, as one page. [`operation`] turns typed
//!   operations into signed bytes and back; [`orderer`] puts them in order over a [`replica`] and
//!   makes blocks durable; [`projector`] brings the views up to the chain, at its own height;
//!   [`examiner`] follows the views with what an [`examination`] of the blocks concludes.
//! - People: [`officers`] knows who asks, [`rights`] what they may see, [`logins`] how they got in.
//! - Reading: [`reads`] answers questions about the money, [`lists`] finds things, [`notes`] what
//!   moves no money, [`bodies`] keeps the blocks read last, [`statements`]
//!   follows what [`touched`] them, [`checkpoint`] signs the log.
//! - Findings: [`flags`] answers for them, [`flag_feed`] follows them, [`webhooks`] tells receivers on
//!   other machines of them. [`public_id`] writes places in the log as ids do.
//! - Whole books: [`begin`], [`story`], [`simulation`], [`tracking`], [`report`], [`rebuild`], [`verify`];
//!   [`rollback`] keeps a lost end of a chain from being written over.
//! - [`node`] starts and stops all of it; [`metrics`] counts what it does. [`address`] names a
//!   database, [`scratch`] makes some for books that nobody keeps.
//!
//! SQL, GraphQL and HTML do not belong here.

pub mod address;
mod ahead;
pub mod begin;
pub mod bodies;
pub mod checkpoint;
pub mod clock;
pub mod drafting;
pub mod examination;
pub mod examiner;
pub mod flag_feed;
pub mod flags;
pub mod flow;
mod identity;
pub mod import_office;
pub mod imports;
pub mod lists;
pub mod logins;
pub mod made;
pub mod metrics;
pub mod node;
pub mod notes;
pub mod officers;
pub mod operation;
pub mod orderer;
pub mod papers;
pub mod prefetch;
pub mod projector;
pub mod public_id;
pub mod reads;
pub mod rebuild;
pub mod record;
pub mod references;
pub mod replica;
pub mod report;
pub mod rights;
pub mod rollback;
pub mod scratch;
pub mod signed;
pub mod simulation;
pub mod statements;
pub mod story;
mod temporary;
pub mod touched;
pub mod tracking;
pub mod verified;
pub mod verify;
mod verify_views;
pub mod webhooks;
