//! The stores, each on real files.

mod views;
