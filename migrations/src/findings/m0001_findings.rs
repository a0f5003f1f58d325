//! The first tables of the findings.
//!
//! Versions of findings have numbers that rise, by which lists and followers go on; the one index
//! that does not rise finds a finding by its id. Files are found by their key alone.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, blob, text, text_null};

use crate::bytewise::compare_texts_by_bytes;
use crate::views::{table, table_by_number};

/// Makes the first tables of the findings.
#[derive(DeriveMigrationName)]
pub struct Migration;

/// Every table, in the order of making.
const TABLES: &[&str] = &["findings", "finding_hops", "files", "wakes", "entitlements", "examined", "detectors"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(findings()).await?;
        for (name, columns) in [("findings_id", ["id", "version"]), ("findings_rule", ["rule", "number"])] {
            let mut index = Index::create();
            index.name(name).table("findings");
            for column in columns {
                index.col(column);
            }
            manager.create_index(index).await?;
        }
        let hops = [big_integer("hop"), blob("finding")];
        manager.create_table(table("finding_hops", hops, ["hop", "finding"])).await?;
        let files = [big_integer("kind"), blob("key"), blob("body")];
        manager.create_table(table("files", files, ["kind", "key"])).await?;
        let wakes = [big_integer("at"), text("rule"), big_integer("what"), big_integer("entry")];
        manager.create_table(table("wakes", wakes, ["at", "rule", "what", "entry"])).await?;
        let entitlements = [
            big_integer("programme"),
            text("cycle"),
            text("purpose"),
            big_integer("area"),
            big_integer("due"),
            big_integer("time"),
            big_integer("amount"),
        ];
        manager.create_table(table_by_number("entitlements", "number", entitlements)).await?;
        let examined = [big_integer_null("height"), big_integer("entries"), big_integer("day"), big_integer("number")];
        manager.create_table(table_by_number("examined", "id", examined)).await?;
        let detectors = [text("rule"), big_integer("version"), big_integer_null("stopped_at"), text_null("reason")];
        manager.create_table(table("detectors", detectors, ["rule"])).await?;
        compare_texts_by_bytes(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES.iter().rev() {
            manager.drop_table(Table::drop().table(*table).take()).await?;
        }
        Ok(())
    }
}

fn findings() -> TableCreateStatement {
    table_by_number(
        "findings",
        "number",
        [
            blob("id"),
            big_integer("version"),
            text("rule"),
            big_integer("rule_version"),
            text("severity"),
            big_integer("height"),
            big_integer("time"),
            big_integer("raised_height"),
            big_integer("raised_time"),
            big_integer_null("resolved_height"),
            big_integer_null("resolved_time"),
            big_integer_null("ended"),
            big_integer("amount"),
            text_null("currency"),
            big_integer_null("responsible"),
            big_integer_null("counterparty"),
            big_integer_null("programme"),
            text_null("cycle"),
            text_null("purpose"),
            big_integer_null("area"),
            big_integer_null("recipient"),
            text("subject"),
            text("body"),
        ],
    )
}
