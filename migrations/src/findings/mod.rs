//! The schema of the findings: what is concluded from the chain and the views, which may be dropped
//! and concluded again.

mod m0001_findings;

use sea_orm_migration::prelude::*;

/// Brings the findings' schema up to date.
pub struct FindingsMigrator;

#[async_trait::async_trait]
impl MigratorTrait for FindingsMigrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(m0001_findings::Migration)]
    }
}
