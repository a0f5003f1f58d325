//! Where money leaks: what is concluded from the recorded facts.
//!
//! Pure and deterministic: the same blocks give the same findings on every node. Each block comes
//! as a row of [`event::Event`]s. An event first changes what is known ([`facts::Facts`]); then
//! every detector of [`detectors`] looks at it and concludes. A finding carries its equation, the
//! operands and the entries that it rests on, so that anybody can compute its amount again.
//!
//! A finding is never an input to admission. Statements stay what the ledger says, whatever is
//! found: findings may overlap on the same money, classes never do.
//!
//! Bytes, databases and clocks do not belong here; the time is always the block's.

pub mod changes;
pub mod detectors;
pub mod equation;
pub mod event;
pub mod examine;
pub mod facts;
pub mod files;
pub mod finding;
pub mod fold;
pub mod payments;
pub mod rule;
pub mod statistics;
#[cfg(test)]
pub mod world;
