//! Reading: queries, subscriptions, the schema and the server around them.

mod batches;
pub mod client;
mod connections;
mod errors;
mod filters;
mod flow;
mod http;
mod log;
mod metrics;
mod money;
mod recipients;
mod schema;
mod subscriptions;
