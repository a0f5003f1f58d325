//! Notes and cases; and an index of the hops that an entry changed after another had opened them,
//! by which the changes of a block are found again.
//!
//! Cells count answers from here on, so views made before are emptied and filled again from the chain
//! when the node starts.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, blob, text};

use super::m20261121_000003_make_cells::empty;
use super::{table, table_by_number};
use crate::bytewise::compare_texts_by_bytes;

/// Makes the tables of notes and cases.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        empty(manager).await?;
        let notes = [big_integer_null("subject"), text("body")];
        manager.create_table(table_by_number("notes", "id", notes)).await?;
        // Facts of one person or hop; the one index of the table that does not rise.
        let subject = Index::create().name("notes_subject").table("notes").col("subject").col("id").take();
        manager.create_index(subject).await?;
        let cases = [big_integer("id"), big_integer("version"), blob("finding"), text("body")];
        manager.create_table(table("case_versions", cases, ["id", "version"])).await?;
        let finding = Index::create().name("case_versions_finding").table("case_versions").col("finding").take();
        manager.create_index(finding).await?;
        // 2^20 positions of an entry: the rows that this leaves out are as many as hops.
        let changed = Index::create()
            .name("hops_changed")
            .table("hops")
            .col("version")
            .and_where(Expr::cust("version > id / 1048576"))
            .take();
        manager.create_index(changed).await?;
        compare_texts_by_bytes(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut changed = Index::drop();
        changed.name("hops_changed").table("hops");
        manager.drop_index(changed.to_owned()).await?;
        for name in ["case_versions", "notes"] {
            manager.drop_table(Table::drop().table(name).take()).await?;
        }
        Ok(())
    }
}
