//! Reading: queries, subscriptions, the schema and the server around them.

mod batches;
mod cases;
pub mod client;
mod connections;
mod errors;
mod filters;
mod flow;
mod http;
mod log;
mod metrics;
mod money;
mod notes;
mod recipients;
mod schema;
mod subscriptions;
