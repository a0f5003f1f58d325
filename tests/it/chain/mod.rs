//! Tests of `aqueduct::chain`.
