//! Logins, keys that the node holds, its settings, and operations that await a signature.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[derive(DeriveIden)]
enum Logins {
    Table,
    Digest,
    Officer,
    Party,
    Label,
    CreatedAt,
}

#[derive(DeriveIden)]
enum HeldKeys {
    Table,
    Key,
    Officer,
    Sealed,
}

#[derive(DeriveIden)]
enum Settings {
    Table,
    Name,
    Value,
}

#[derive(DeriveIden)]
enum Drafts {
    Table,
    Party,
    Id,
    Kind,
    Payload,
    Lines,
    Signatures,
    SignatureCount,
    CreatedBy,
    CreatedAt,
    ExpiresAt,
    Status,
    OutcomeCode,
    OutcomeMessage,
    Entry,
}

/// Finds what waits, whoever's it is.
const BY_STATUS: &str = "drafts_by_status";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(logins()).await?;
        manager.create_table(held_keys()).await?;
        manager.create_table(settings()).await?;
        manager.create_table(drafts()).await?;
        let index = Index::create()
            .name(BY_STATUS)
            .table(Drafts::Table)
            .col(Drafts::Status)
            .col(Drafts::Id)
            .col(Drafts::Party)
            .to_owned();
        manager.create_index(index).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Drafts::Table).to_owned()).await?;
        manager.drop_table(Table::drop().table(Settings::Table).to_owned()).await?;
        manager.drop_table(Table::drop().table(HeldKeys::Table).to_owned()).await?;
        manager.drop_table(Table::drop().table(Logins::Table).to_owned()).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn logins() -> TableCreateStatement {
    Table::create()
        .table(Logins::Table)
        .col(ColumnDef::new(Logins::Digest).blob().not_null().primary_key())
        .col(ColumnDef::new(Logins::Officer).blob().not_null())
        .col(ColumnDef::new(Logins::Party).blob().not_null())
        .col(ColumnDef::new(Logins::Label).text().not_null())
        .col(ColumnDef::new(Logins::CreatedAt).big_integer().not_null())
        .to_owned()
}

fn held_keys() -> TableCreateStatement {
    Table::create()
        .table(HeldKeys::Table)
        .col(ColumnDef::new(HeldKeys::Key).blob().not_null().primary_key())
        .col(ColumnDef::new(HeldKeys::Officer).blob().not_null())
        .col(ColumnDef::new(HeldKeys::Sealed).blob().not_null())
        .to_owned()
}

fn settings() -> TableCreateStatement {
    Table::create()
        .table(Settings::Table)
        .col(ColumnDef::new(Settings::Name).text().not_null().primary_key())
        .col(ColumnDef::new(Settings::Value).blob().not_null())
        .to_owned()
}

fn drafts() -> TableCreateStatement {
    Table::create()
        .table(Drafts::Table)
        .col(ColumnDef::new(Drafts::Party).blob().not_null())
        .col(ColumnDef::new(Drafts::Id).blob().not_null())
        .col(ColumnDef::new(Drafts::Kind).text().not_null())
        .col(ColumnDef::new(Drafts::Payload).blob().not_null())
        .col(ColumnDef::new(Drafts::Lines).text())
        .col(ColumnDef::new(Drafts::Signatures).text().not_null())
        .col(ColumnDef::new(Drafts::SignatureCount).big_integer().not_null())
        .col(ColumnDef::new(Drafts::CreatedBy).blob().not_null())
        .col(ColumnDef::new(Drafts::CreatedAt).big_integer().not_null())
        .col(ColumnDef::new(Drafts::ExpiresAt).big_integer().not_null())
        .col(ColumnDef::new(Drafts::Status).text().not_null())
        .col(ColumnDef::new(Drafts::OutcomeCode).text())
        .col(ColumnDef::new(Drafts::OutcomeMessage).text())
        .col(ColumnDef::new(Drafts::Entry).big_integer())
        // Also the order in which a party's drafts are listed.
        .primary_key(Index::create().col(Drafts::Party).col(Drafts::Id))
        .to_owned()
}
