//! The history of the schemas: one migrator per store. A migration is never edited after it
//! is merged; the next one follows it.

mod bytewise;
pub mod chain;
pub mod findings;
pub mod node;
pub mod views;

pub use sea_orm_migration;
