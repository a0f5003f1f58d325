//! The one integration-test binary; each module tests one room or promise.

#[cfg(feature = "server")]
mod api;
mod books;
mod chain;
#[cfg(feature = "server")]
mod cli;
#[cfg(all(feature = "server", unix))]
mod clients;
#[cfg(feature = "server")]
mod cluster;
#[cfg(feature = "server")]
mod crash;
#[cfg(feature = "server")]
mod database;
mod interchange;
mod layers;
mod ledger;
#[cfg(feature = "server")]
mod postgres;
#[cfg(feature = "server")]
mod questions;
#[cfg(feature = "server")]
mod server;
#[cfg(feature = "server")]
mod service;
#[cfg(feature = "server")]
mod simulation;
#[cfg(feature = "server")]
mod store;
#[cfg(feature = "server")]
mod story;
#[cfg(feature = "server")]
mod world;
