//! Mutations through the real router with a real HTTP client.

mod cases;
mod client;
mod drafts;
mod everything;
mod hostile;
mod notes;
mod own_keys;
mod refusals;
mod tracking_import;
