//! One file for each table of the findings.

pub mod detector;
pub mod entitlement;
pub mod examined;
pub mod file;
pub mod finding;
pub mod finding_hop;
pub mod wake;
