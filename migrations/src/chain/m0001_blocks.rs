//! The blocks, each one row that a single insert makes durable.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[derive(DeriveIden)]
enum Blocks {
    Table,
    Height,
    Digest,
    Previous,
    FirstEntry,
    EntryCount,
    Time,
    Header,
    Body,
}

/// Finds the block of an entry. It rises with the log, so it costs little; the height settles
/// which of several blocks with the same first entry is the last.
const BY_FIRST_ENTRY: &str = "blocks_by_first_entry";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // The body comes last, so that SQLite reads the other columns without it.
        let table = Table::create()
            .table(Blocks::Table)
            .col(ColumnDef::new(Blocks::Height).big_integer().not_null().primary_key())
            .col(ColumnDef::new(Blocks::Digest).blob().not_null())
            .col(ColumnDef::new(Blocks::Previous).blob().not_null())
            .col(ColumnDef::new(Blocks::FirstEntry).big_integer().not_null())
            .col(ColumnDef::new(Blocks::EntryCount).big_integer().not_null())
            .col(ColumnDef::new(Blocks::Time).big_integer().not_null())
            .col(ColumnDef::new(Blocks::Header).blob().not_null())
            .col(ColumnDef::new(Blocks::Body).blob().not_null())
            .to_owned();
        manager.create_table(table).await?;
        let index = Index::create()
            .name(BY_FIRST_ENTRY)
            .table(Blocks::Table)
            .col(Blocks::FirstEntry)
            .col(Blocks::Height)
            .to_owned();
        manager.create_index(index).await?;
        if manager.get_database_backend() == sea_orm::DbBackend::Postgres {
            // Bodies hold signatures and digests, which do not compress.
            let storage = "ALTER TABLE blocks ALTER COLUMN body SET STORAGE EXTERNAL";
            manager.get_connection().execute_unprepared(storage).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Blocks::Table).to_owned()).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
