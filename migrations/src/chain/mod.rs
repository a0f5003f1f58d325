//! The schema of the truth: one row per block.

use sea_orm_migration::prelude::*;

mod m0001_blocks;

/// Brings the chain store's schema up to date.
pub struct ChainMigrator;

#[async_trait::async_trait]
impl MigratorTrait for ChainMigrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(m0001_blocks::Migration)]
    }
}
