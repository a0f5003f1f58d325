//! Cells: sums kept while blocks are applied, a row for each cell that a block touches.
//!
//! Views made before hold no cells, so they are emptied here and filled again from the chain
//! when the node starts.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, blob, text};

use crate::bytewise::compare_texts_by_bytes;

use super::{table, table_by_number};

/// The tables that are filled from the chain, all that were there before.
const FILLED: [&str; 13] = [
    "blocks",
    "operations",
    "areas",
    "parties",
    "officer_keys",
    "programmes",
    "appropriations",
    "allocations",
    "tokens",
    "hops",
    "imported_rows",
    "totals",
    "tiles",
];

/// Makes the tables of cells.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let funds = [big_integer("programme"), text("cycle"), text("purpose"), text("currency")];
        manager.create_table(table_by_number("funds", "id", funds)).await?;
        make_cells(manager).await?;
        empty(manager).await?;
        compare_texts_by_bytes(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for name in ["cell_rows", "cells", "funds"] {
            manager.drop_table(Table::drop().table(name).take()).await?;
        }
        Ok(())
    }
}

/// Makes cells and their rows.
pub(super) async fn make_cells(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let cells = [
        big_integer("fund"),
        big_integer("accountable"),
        big_integer("area"),
        big_integer_null("hop_kind"),
        big_integer_null("from_party"),
        big_integer_null("to_party"),
    ];
    manager.create_table(table_by_number("cells", "id", cells)).await?;
    let rows = [big_integer("cell"), big_integer("height"), blob("sums")];
    manager.create_table(table("cell_rows", rows, ["cell", "height"])).await
}

/// Takes away what was filled from the chain, so that the next start fills it again.
pub(super) async fn empty(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    for name in FILLED {
        manager.execute(Query::delete().from_table(name).take()).await?;
    }
    let nothing = Query::update()
        .table("applied")
        .value("height", Option::<i64>::None)
        .value("entries", 0_i64)
        .value("changes_digest", vec![0_u8; 32])
        .take();
    manager.execute(nothing).await
}
