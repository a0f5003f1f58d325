//! How a block is appended, by the kind of database: on SQLite by the one connection that writes
//! and leaves checkpoints to another, on PostgreSQL by the session that holds the writer's lock.

use std::sync::Arc;

use aqueduct_migrations::chain::ChainMigrator;
use aqueduct_migrations::sea_orm_migration::MigratorTrait;
use sea_orm::sea_query::{InsertStatement, PostgresQueryBuilder};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement};

use super::database::Place;
use super::error::StoreError;
use super::postgres;
use super::session::Session;
use super::sqlite::{self, Role};
use super::wal::WalKeeper;

/// Connections that read the chain. Its readers are few: the tail's replay, receipts, audits.
const READERS: u32 = 4;

/// What appends.
#[derive(Debug)]
pub(super) enum Appender {
    /// A connection to a file, and the task that keeps the file's log short.
    Sqlite { writer: DatabaseConnection, wal: WalKeeper },
    /// A session, which may be that of the lock.
    Postgres(Arc<Session>),
}

impl Appender {
    /// Brings the schema up to date; gives what appends, and connections that read. With a
    /// session of the lock, nothing is under way on an earlier one when this returns.
    pub(super) async fn open(
        place: &Place,
        session: Option<&Arc<Session>>,
    ) -> Result<(Self, DatabaseConnection), StoreError> {
        let migrate = |source: DbErr| place.cannot_migrate(source);
        match place {
            Place::File(path) => {
                let failed = |source: DbErr| place.cannot_open(source);
                let writer = sqlite::connect(path, Role::WriterWithoutCheckpoints, 1).await.map_err(failed)?;
                ChainMigrator::up(&writer, None).await.map_err(migrate)?;
                let readers = sqlite::connect(path, Role::Reader, READERS).await.map_err(failed)?;
                Ok((Self::Sqlite { writer, wal: WalKeeper::start(path) }, readers))
            }
            Place::Schema(schema) => {
                schema.bring_up::<ChainMigrator>().await.map_err(migrate)?;
                let session = match session {
                    Some(session) => {
                        session.hold().await.map_err(|why| place.cannot_open(why))?;
                        session.clone()
                    }
                    None => Arc::new(Session::unlocked(schema.clone())),
                };
                Ok((Self::Postgres(session), schema.connect(postgres::Role::Reader, READERS)))
            }
        }
    }

    /// Runs the insert of a block of so many bytes; says how many rows it wrote.
    pub(super) async fn append(&self, insert: &InsertStatement, block_bytes: usize) -> Result<u64, DbErr> {
        match self {
            Self::Sqlite { writer, wal } => {
                let written = writer.execute(insert).await?.rows_affected();
                wal.appended(block_bytes);
                Ok(written)
            }
            Self::Postgres(session) => {
                let (sql, values) = insert.build(PostgresQueryBuilder);
                session.execute(&sql, values).await
            }
        }
    }

    /// Ends what appends, after what is under way.
    pub(super) async fn close(&self) -> Result<(), DbErr> {
        match self {
            Self::Sqlite { writer, wal } => {
                wal.close().await;
                writer.close_by_ref().await
            }
            Self::Postgres(session) => {
                session.close().await;
                Ok(())
            }
        }
    }

    /// Runs a pragma of the connection that writes; nothing on PostgreSQL.
    pub(super) async fn pragma(&self, pragma: &str) -> Result<Option<i64>, DbErr> {
        let Self::Sqlite { writer, .. } = self else { return Ok(None) };
        let statement = Statement::from_string(DbBackend::Sqlite, format!("PRAGMA {pragma}"));
        let row = writer.query_one_raw(statement).await?;
        row.map(|row| row.try_get_by_index(0)).transpose()
    }
}
