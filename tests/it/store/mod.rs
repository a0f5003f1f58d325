//! The stores, on real files.

use std::path::Path;

use aqueduct_migrations::sea_orm_migration::MigratorTrait;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};

mod chain;
mod faults;
mod lock;
mod node;
mod views;

/// A connection of our own to a store's file, to look at it or to damage it.
async fn beside(path: &Path) -> DatabaseConnection {
    let address = format!("sqlite://{}?mode=rwc", path.display());
    Database::connect(address).await.unwrap()
}

/// The names of the tables and indexes in a file.
async fn schema(db: &DatabaseConnection) -> Vec<String> {
    let sql = "SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name";
    let rows = db.query_all_raw(Statement::from_string(DbBackend::Sqlite, sql)).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

/// Runs a store's migrations up, down and up again, and compares what each leaves.
async fn goes_up_down_up<M: MigratorTrait>() {
    let directory = tempfile::tempdir().unwrap();
    let db = beside(&directory.path().join("schema.db")).await;
    M::up(&db, None).await.unwrap();
    let up = schema(&db).await;
    M::down(&db, None).await.unwrap();
    assert_eq!(schema(&db).await, ["seaql_migrations"]);
    M::up(&db, None).await.unwrap();
    assert_eq!(schema(&db).await, up);
    assert!(up.len() > 1, "{up:?}");
}
