//! Tests of `aqueduct::ledger`.

mod acts;
mod bookkeeper;
mod histories;
mod history;
mod imports;
mod refusals;
mod rules;
mod values;
mod worked_example;
mod world;
