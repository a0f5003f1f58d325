//! The one integration-test binary; each module tests one room or promise.

mod chain;
mod interchange;
mod ledger;
mod store;
