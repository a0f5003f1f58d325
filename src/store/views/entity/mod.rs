//! One file for each table of the views: its row, and the ledger record that a row is.

pub mod allocation;
pub mod applied;
pub mod appropriation;
pub mod area;
pub mod block;
pub mod case_version;
pub mod cell;
pub mod cell_row;
pub mod fund;
pub mod hop;
pub mod imported_row;
pub mod note;
pub mod officer_key;
pub mod operation;
pub mod party;
pub mod programme;
pub mod tile;
pub mod token;
pub mod total;
