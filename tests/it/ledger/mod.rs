//! Tests of `aqueduct::ledger`.
