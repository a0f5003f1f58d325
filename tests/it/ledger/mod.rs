//! Tests of `aqueduct::ledger`.

mod acts;
mod bookkeeper;
mod histories;
pub mod history;
mod imports;
mod refusals;
mod rules;
mod values;
mod worked_example;
mod world;
