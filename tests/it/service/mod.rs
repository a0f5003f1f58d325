//! Tests of `aqueduct::service`: the way of one operation on real files.

mod bounds;
mod examiner;
mod faults;
mod officers;
mod path;
