//! Receivers that are told of findings, and how far each has been told.

use sea_orm_migration::prelude::*;

use crate::bytewise::compare_texts_by_bytes;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[derive(DeriveIden)]
enum Webhooks {
    Table,
    Id,
    Url,
    Secret,
    Filter,
    CreatedAt,
    Since,
    Numbering,
    Position,
    Failures,
    NextAttempt,
    LastFailure,
    DisabledAt,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let webhooks = Table::create()
            .table(Webhooks::Table)
            .col(ColumnDef::new(Webhooks::Id).blob().not_null().primary_key())
            .col(ColumnDef::new(Webhooks::Url).text().not_null())
            .col(ColumnDef::new(Webhooks::Secret).blob().not_null())
            .col(ColumnDef::new(Webhooks::Filter).text().not_null())
            .col(ColumnDef::new(Webhooks::CreatedAt).big_integer().not_null())
            .col(ColumnDef::new(Webhooks::Since).big_integer())
            .col(ColumnDef::new(Webhooks::Numbering).blob())
            .col(ColumnDef::new(Webhooks::Position).big_integer())
            .col(ColumnDef::new(Webhooks::Failures).big_integer().not_null())
            .col(ColumnDef::new(Webhooks::NextAttempt).big_integer().not_null())
            .col(ColumnDef::new(Webhooks::LastFailure).text())
            .col(ColumnDef::new(Webhooks::DisabledAt).big_integer())
            .to_owned();
        manager.create_table(webhooks).await?;
        compare_texts_by_bytes(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Webhooks::Table).to_owned()).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
