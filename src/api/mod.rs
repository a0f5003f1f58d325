//! GraphQL: what programs say and ask.
//!
//! A translation and nothing else: it turns documents into calls of the service and its answers
//! into types. [`types`] are what it answers with, [`scalar`] how values are written, [`query`],
//! [`mutation`] and [`subscription`] the roots, [`request`] what every resolver has at hand,
//! [`flag_follower`] who follows flags, [`document`] what a request must be before the engine sees it, `answer` gives answers the form of
//! the specification, [`codes`] says what every code means, [`schema`] puts them together and prints
//! `schema.graphql`.
//!
//! Invariants: every item of the schema has a description; every error has a code; a growing
//! list is a connection whose page size is clamped in [`page`] and nowhere else; what the caller
//! may not see looks like what is not there. Rules about money do not belong here, nor do rows.

mod answer;
pub mod codes;
pub mod document;
pub mod error;
pub mod flag_follower;
pub mod id;
pub mod load;
pub mod mutation;
pub mod page;
pub mod query;
pub mod request;
pub mod scalar;
pub mod schema;
pub mod subscription;
pub mod types;
