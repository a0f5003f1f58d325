//! Tests of `aqueduct::service`: the way of one operation on real files.

mod bounds;
mod faults;
mod officers;
mod path;
