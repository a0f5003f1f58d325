//! The schema of the views: tables derived from the chain, which may be dropped and rebuilt.

mod m20261121_000001_make_views;
mod m20261121_000002_bytewise_texts;
mod m20261121_000003_make_cells;
mod m20261121_000004_make_sheets;
mod m20261122_000005_make_notes;

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::big_integer;

/// Brings the views' schema up to date.
pub struct ViewsMigrator;

#[async_trait::async_trait]
impl MigratorTrait for ViewsMigrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261121_000001_make_views::Migration),
            Box::new(m20261121_000002_bytewise_texts::Migration),
            Box::new(m20261121_000003_make_cells::Migration),
            Box::new(m20261121_000004_make_sheets::Migration),
            Box::new(m20261122_000005_make_notes::Migration),
        ]
    }
}

/// A table with its columns and primary key.
pub(crate) fn table<const C: usize, const K: usize>(
    name: &'static str,
    columns: [ColumnDef; C],
    key: [&'static str; K],
) -> TableCreateStatement {
    let mut primary = Index::create();
    for column in key {
        primary.col(column);
    }
    let mut table = Table::create();
    table.table(name).primary_key(primary.primary());
    for column in columns {
        table.col(column);
    }
    table.take()
}

/// A table whose one key is an integer. On SQLite, where BIGINT is written INTEGER, that is the
/// row's own number, without an index beside it.
pub(crate) fn table_by_number<const C: usize>(
    name: &'static str,
    key: &'static str,
    columns: [ColumnDef; C],
) -> TableCreateStatement {
    let mut table = Table::create();
    table.table(name).col(big_integer(key).primary_key());
    for column in columns {
        table.col(column);
    }
    table.take()
}
