//! The first tables of the views.
//!
//! Keys of big tables rise with the log, so that bulk writing stays fast as they grow; at most
//! one index of a table does not rise (decisions 16 and 35). Those are `hops_to` and
//! `tokens_holder`: both hold current rows only, and answer what a party is shown first: what
//! is on its way to it and what it has.
//!
//! Integers are BIGINT, bytes BLOB or bytea, booleans boolean; there are no decimals.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, blob, boolean, text, text_null};

use super::{table, table_by_number};

/// Every table, in the order of making.
const TABLES: &[&str] = &[
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
    "applied",
];

/// Makes the first tables of the views.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = [log_tables(), registry_tables(), money_tables(), derived_tables()];
        for table in tables.into_iter().flatten() {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        let nothing_applied = Query::insert()
            .into_table("applied")
            .columns(["id", "entries", "changes_digest"])
            .values_panic([1_i64.into(), 0_i64.into(), vec![0_u8; 32].into()])
            .take();
        manager.execute(nothing_applied).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES.iter().rev() {
            manager.drop_table(Table::drop().table(*table).take()).await?;
        }
        Ok(())
    }
}

fn log_tables() -> Vec<TableCreateStatement> {
    vec![
        table_by_number(
            "blocks",
            "height",
            [
                big_integer("time"),
                big_integer("first_entry"),
                big_integer("entry_count"),
                blob("digest"),
                big_integer("tree_size"),
                blob("tree_root"),
            ],
        ),
        table_by_number(
            "operations",
            "entry",
            [
                blob("operation_id"),
                big_integer("party"),
                blob("digest"),
                text("kind"),
                boolean("reported"),
                big_integer("recorded_at"),
                big_integer("occurred_at"),
                blob("signers"),
                big_integer_null("subject"),
                blob("leaf"),
            ],
        ),
        table("tiles", [big_integer("level"), big_integer("number"), blob("bytes")], ["level", "number"]),
        table_by_number("applied", "id", [big_integer_null("height"), big_integer("entries"), blob("changes_digest")]),
    ]
}

fn registry_tables() -> Vec<TableCreateStatement> {
    vec![
        table_by_number("areas", "id", [text("path")]),
        table_by_number(
            "parties",
            "key",
            [blob("id"), big_integer("kind"), text("label"), text("level"), big_integer("area"), boolean("reported")],
        ),
        table(
            "officer_keys",
            [
                blob("key"),
                blob("officer"),
                big_integer("party"),
                text("roles"),
                big_integer("custody"),
                big_integer("registered_by"),
                big_integer_null("revoked_by"),
            ],
            ["key"],
        ),
        table(
            "programmes",
            [
                big_integer("id"),
                big_integer("version"),
                text("code"),
                text("label"),
                big_integer("owner"),
                text("currency"),
                big_integer("utc_offset_minutes"),
                text("rules"),
            ],
            ["id", "version"],
        ),
        table(
            "appropriations",
            [
                big_integer("programme"),
                text("cycle"),
                text("first_day"),
                text("last_day"),
                big_integer("appropriated"),
                big_integer("allocated"),
            ],
            ["programme", "cycle"],
        ),
    ]
}

fn money_tables() -> Vec<TableCreateStatement> {
    vec![
        table_by_number(
            "allocations",
            "id",
            [
                big_integer("programme"),
                text("cycle"),
                text("purpose"),
                text("currency"),
                big_integer("treasury"),
                big_integer("amount"),
                boolean("unsent"),
                big_integer_null("reversed_by"),
            ],
        ),
        table_by_number(
            "tokens",
            "id",
            [
                big_integer("allocation"),
                big_integer("amount"),
                big_integer("origin"),
                big_integer("state"),
                big_integer_null("reason"),
                big_integer_null("claim"),
                boolean("written_off"),
                big_integer_null("holder"),
                big_integer_null("hop"),
                big_integer_null("hop_kind"),
                big_integer_null("parent"),
                big_integer("accountable"),
                big_integer("area"),
                big_integer_null("due"),
                big_integer_null("spent_by"),
            ],
        ),
        hops(),
    ]
}

pub(super) fn hops() -> TableCreateStatement {
    table(
        "hops",
        [
            big_integer("id"),
            big_integer("version"),
            big_integer_null("ended"),
            big_integer("kind"),
            big_integer_null("from_party"),
            big_integer("to_party"),
            big_integer_null("via"),
            big_integer("allocation"),
            big_integer_null("token"),
            big_integer("sent"),
            big_integer("deducted"),
            big_integer_null("arrived"),
            big_integer_null("answered_at"),
            text("deductions"),
            big_integer("refused"),
            big_integer("bounced_home"),
            big_integer_null("credited"),
            big_integer("sent_at"),
            big_integer("due"),
            text_null("payment"),
            text_null("purpose"),
            text_null("for_cycle"),
            boolean("reported"),
            big_integer_null("official_quantity"),
            big_integer_null("verified_quantity"),
            big_integer("accountable"),
            big_integer("area"),
            boolean("from_balance"),
            big_integer("state"),
            blob("live"),
            text_null("latest"),
        ],
        ["id", "version"],
    )
}

fn derived_tables() -> Vec<TableCreateStatement> {
    vec![
        table("imported_rows", [blob("key"), big_integer_null("entry")], ["key"]),
        table("totals", [text("currency"), big_integer("total")], ["currency"]),
    ]
}

fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        // Ids of operations begin with their time and so nearly rise.
        index("operations_operation_id", "operations", &["operation_id"]).take(),
        // Block times rise strictly.
        index("blocks_time", "blocks", &["time"]).take(),
        // Parents are mostly recent tokens.
        index("tokens_parent", "tokens", &["parent"]).take(),
        index("tokens_holder", "tokens", &["holder", "id"])
            .and_where(Expr::col("spent_by").is_null())
            .and_where(Expr::col("holder").is_not_null())
            .take(),
    ]
    .into_iter()
    .chain(hop_indexes())
    .collect()
}

pub(super) fn hop_indexes() -> [IndexCreateStatement; 2] {
    [
        index("hops_to", "hops", &["to_party", "id"]).and_where(Expr::col("ended").is_null()).take(),
        // Senders are few, and each sender's hops rise.
        index("hops_from", "hops", &["from_party", "id"])
            .and_where(Expr::col("ended").is_null())
            .and_where(Expr::col("from_party").is_not_null())
            .take(),
    ]
}

fn index(name: &'static str, table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create();
    index.name(name).table(table);
    for column in columns {
        index.col(*column);
    }
    index.take()
}
