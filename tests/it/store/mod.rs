//! The stores, on real files.

use aqueduct_migrations::sea_orm_migration::MigratorTrait;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};

use crate::database::beside;

mod chain;
mod faults;
mod lock;
mod node;
mod views;

/// The names of the tables and indexes of a store.
async fn schema(db: &DatabaseConnection) -> Vec<String> {
    let sql = match db.get_database_backend() {
        DbBackend::Postgres => {
            "SELECT relname::text FROM pg_class WHERE relnamespace = current_schema()::regnamespace \
             AND relname NOT LIKE 'seaql_migrations_%' ORDER BY 1"
        }
        _ => "SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name",
    };
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

/// Runs a store's migrations up, down and up again, and compares what each leaves.
async fn goes_up_down_up<M: MigratorTrait>() {
    let directory = tempfile::tempdir().unwrap();
    let db = beside(directory.path(), "schema").await;
    goes_up_down_up_on::<M>(&db).await;
}

/// The same on a database of either kind.
pub async fn goes_up_down_up_on<M: MigratorTrait>(db: &DatabaseConnection) {
    if db.get_database_backend() == DbBackend::Postgres {
        db.execute_unprepared("CREATE SCHEMA aqueduct_schema").await.unwrap();
    }
    M::up(db, None).await.unwrap();
    let up = schema(db).await;
    M::down(db, None).await.unwrap();
    assert_eq!(schema(db).await, ["seaql_migrations"]);
    M::up(db, None).await.unwrap();
    assert_eq!(schema(db).await, up);
    assert!(up.len() > 1, "{up:?}");
}
