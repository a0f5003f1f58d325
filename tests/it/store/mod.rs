//! The stores, on real files.
