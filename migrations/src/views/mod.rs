//! The schema of the views: tables derived from the chain, which may be dropped and rebuilt.

mod m20261121_000001_make_views;
mod m20261121_000002_bytewise_texts;

use sea_orm_migration::prelude::{MigrationTrait, MigratorTrait, async_trait};

/// Brings the views' schema up to date.
pub struct ViewsMigrator;

#[async_trait::async_trait]
impl MigratorTrait for ViewsMigrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(m20261121_000001_make_views::Migration), Box::new(m20261121_000002_bytewise_texts::Migration)]
    }
}
