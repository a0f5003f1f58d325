//! Texts compare by their bytes, as SQLite's do: PostgreSQL otherwise sorts by the language that
//! the database was made for, so that the order of a list would depend on where it is read.

use sea_orm_migration::prelude::*;

/// The columns of a schema whose texts compare otherwise.
const OTHERS: &str = "SELECT table_name::text, column_name::text FROM information_schema.columns \
    WHERE table_schema = current_schema() AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C' \
    ORDER BY 1, 2";

/// Makes every text of the schema compare by its bytes.
pub(crate) async fn compare_texts_by_bytes(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    if manager.get_database_backend() != sea_orm::DbBackend::Postgres {
        return Ok(());
    }
    let db = manager.get_connection();
    let columns = sea_orm::Statement::from_string(manager.get_database_backend(), OTHERS);
    for row in db.query_all_raw(columns).await? {
        let (table, column): (String, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let sql = format!(r#"ALTER TABLE "{table}" ALTER COLUMN "{column}" TYPE text COLLATE "C""#);
        db.execute_unprepared(&sql).await?;
    }
    Ok(())
}
