//! What the interface answers with, one file for each thing.
//!
//! Each type wraps a record of the ledger and translates it; deeper fields are fetched through
//! the request's loaders. A field is null where there is nothing, or nothing that the caller may
//! see: the two look the same.

pub mod allocation;
pub mod case;
pub mod entitlement;
pub mod entry;
pub mod evidence;
pub mod flag;
pub mod flow;
pub mod hop;
pub mod imported;
pub mod log;
pub mod money;
pub mod names;
pub mod operation;
pub mod particular;
pub mod party;
pub mod programme;
pub mod recipient;
pub mod reference;
pub mod report;
pub mod rules;
pub mod statement;
pub mod token;
pub mod viewer;
