//! Aqueduct traces welfare money from the treasury to the person.

pub mod chain;
pub mod interchange;
pub mod ledger;
pub mod limits;
#[cfg(feature = "server")]
pub mod store;
#[cfg(feature = "server")]
pub mod service;
