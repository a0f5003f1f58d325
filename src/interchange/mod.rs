//! Files of other systems: bytes in, rows out.
//!
//! This room promises that nothing a file says is lost or silently repaired: every row of a file
//! comes out as amounts or as a rejection with a reason, and everything odd is counted. The same
//! bytes under the same mapping always give the same rows with the same keys.
//!
//! Pure: no clock, no randomness, no database, no floats; it reads from any [`std::io::Read`] and
//! keeps one record in memory at a time, besides 16 bytes for each distinct row. What the rows do to the money is the ledger's business
//! (the section "Tracking import" of its semantics), and who may import them is the service's.

pub mod amount;
pub mod bounds;
mod columns;
pub mod control;
pub mod cycle;
mod decoding;
pub mod dialect;
pub mod mapping;
mod mapping_form;
pub mod numbers;
pub mod records;
pub mod rejected_file;
pub mod rejection;
pub mod tally;
mod text;
pub mod tracking;
