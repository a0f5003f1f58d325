//! Tests of `aqueduct::ledger`.

mod acts;
mod bookkeeper;
mod histories;
mod history;
mod refusals;
mod rules;
mod worked_example;
mod world;
