//! Tests of `aqueduct::ledger`.

mod acts;
mod bookkeeper;
mod cases;
mod histories;
pub mod history;
mod imports;
mod notes;
mod refusals;
mod rules;
mod values;
mod worked_example;
mod world;
