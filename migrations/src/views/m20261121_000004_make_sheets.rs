//! Sheets: coarser cells beside those that tell everything apart. And on SQLite, hops and the rows
//! of cells in one tree by their key, without a number of their own and an index from one to the
//! other: half the writing.
//!
//! Views made before are emptied here and filled again from the chain when the node starts.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, blob};
use sea_orm_migration::sea_orm::DbBackend;

use super::m20261121_000001_make_views::{hop_indexes, hops};
use super::m20261121_000003_make_cells::{empty, make_cells};
use super::{table, table_by_number};

/// Makes the tables of cells anew, and on SQLite that of hops.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        take_away(manager).await?;
        let cells = [
            big_integer("sheet"),
            big_integer("fund"),
            big_integer_null("accountable"),
            big_integer("area"),
            big_integer_null("hop_kind"),
            big_integer_null("from_party"),
            big_integer_null("to_party"),
        ];
        manager.create_table(table_by_number("cells", "id", cells)).await?;
        manager.create_index(Index::create().name("cells_sheet").table("cells").col("sheet").col("id").take()).await?;
        let rows = [big_integer("cell"), big_integer("height"), blob("sums")];
        manager.create_table(by_key(manager, table("cell_rows", rows, ["cell", "height"]))).await?;
        make_hops(manager, by_key(manager, hops())).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        take_away(manager).await?;
        make_cells(manager).await?;
        make_hops(manager, hops()).await
    }
}

/// On SQLite, a table that is the tree of its primary key.
fn by_key(manager: &SchemaManager<'_>, mut table: TableCreateStatement) -> TableCreateStatement {
    if manager.get_database_backend() == DbBackend::Sqlite {
        table.extra("WITHOUT ROWID");
    }
    table
}

async fn take_away(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    empty(manager).await?;
    manager.execute(Query::delete().from_table("funds").take()).await?;
    for name in ["cell_rows", "cells"] {
        manager.drop_table(Table::drop().table(name).take()).await?;
    }
    Ok(())
}

/// On PostgreSQL the table stays: its rows lie as they were written either way.
async fn make_hops(manager: &SchemaManager<'_>, hops: TableCreateStatement) -> Result<(), DbErr> {
    if manager.get_database_backend() != DbBackend::Sqlite {
        return Ok(());
    }
    manager.drop_table(Table::drop().table("hops").take()).await?;
    manager.create_table(hops).await?;
    for index in hop_indexes() {
        manager.create_index(index).await?;
    }
    Ok(())
}
