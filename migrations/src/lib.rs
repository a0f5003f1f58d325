//! The history of the database schemas, one folder for each store.

pub mod views;

pub use sea_orm_migration;
