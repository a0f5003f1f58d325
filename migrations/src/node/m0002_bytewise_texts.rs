//! Texts compare by their bytes, on PostgreSQL too.

use sea_orm_migration::prelude::*;

use crate::bytewise::compare_texts_by_bytes;

/// Changes how texts compare.
#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        compare_texts_by_bytes(manager).await
    }

    async fn down(&self, _manager: &SchemaManager) -> Result<(), DbErr> {
        // The tables work either way, and the migration before takes them away.
        Ok(())
    }
}
