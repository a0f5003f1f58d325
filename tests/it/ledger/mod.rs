//! Tests of `aqueduct::ledger`.

mod acts;
mod worked_example;
mod world;
