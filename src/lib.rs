//! Aqueduct traces welfare money from the treasury to the person.

pub mod chain;
pub mod interchange;
pub mod ledger;
#[cfg(feature = "server")]
pub mod store;
