//! The one integration-test binary; each module tests one room or promise.

mod chain;
mod interchange;
mod layers;
mod ledger;
#[cfg(feature = "server")]
mod store;
#[cfg(feature = "server")]
mod service;
#[cfg(feature = "server")]
mod world;
