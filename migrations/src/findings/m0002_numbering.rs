//! By which numbering the versions of findings are told: findings that are concluded anew get other
//! numbers, and whoever follows them by number must notice.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::blob;

use crate::views::table_by_number;

/// Makes the table of the numbering.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(table_by_number("numbering", "id", [blob("name")])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("numbering").take()).await
    }
}
