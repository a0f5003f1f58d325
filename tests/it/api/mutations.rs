//! Mutations through the real router with a real HTTP client.

mod client;
mod drafts;
mod everything;
mod hostile;
mod own_keys;
mod refusals;
mod tracking_import;
