//! Everything that is kept on disk, and the only folder that names sea-orm.
//!
//! What it takes and gives are ledger types or plain structs defined here; rows stay inside.

pub mod views;
