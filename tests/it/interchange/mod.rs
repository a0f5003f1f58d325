//! Tests of `aqueduct::interchange`.
