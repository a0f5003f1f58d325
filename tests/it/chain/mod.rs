//! Tests of `aqueduct::chain`.

mod audit;
mod block;
mod checkpoint;
mod envelope;
mod fixtures;
mod frozen;
mod json;
mod key;
mod list;
mod merkle;
mod payload;
mod random;
mod vectors;
