//! The schema of what belongs to one node and is not on the chain.

use sea_orm_migration::prelude::*;

mod m0001_node;
mod m0002_bytewise_texts;
mod m0003_webhooks;

/// Brings the node store's schema up to date.
pub struct NodeMigrator;

#[async_trait::async_trait]
impl MigratorTrait for NodeMigrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_node::Migration),
            Box::new(m0002_bytewise_texts::Migration),
            Box::new(m0003_webhooks::Migration),
        ]
    }
}
