//! What differs between SQLite and PostgreSQL in the derived stores: how they are opened, how rows are
//! written in bulk, and how several statements read one moment.
//!
//! On SQLite rows go in by prepared statements of many rows. On PostgreSQL new rows are streamed by binary
//! COPY, and rows that may be there already come as one array for each column; both cost a
//! fraction of what single values do.

use std::path::Path;
use std::time::Duration;

use aqueduct_migrations::sea_orm_migration::MigratorTrait;
use sea_orm::sea_query::{PostgresQueryBuilder, SqliteQueryBuilder, UpdateStatement, Values};
use sea_orm::sqlx::postgres::PgArguments;
use sea_orm::sqlx::query::Query;
use sea_orm::sqlx::sqlite::SqliteArguments;
use sea_orm::sqlx::{self, AssertSqlSafe, PgTransaction, SqliteTransaction};
use sea_orm::{
    AccessMode, ConnectOptions, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, EntityTrait,
    IdenStatic, IsolationLevel, Iterable, ModelTrait, TransactionTrait, Value,
};

use crate::store::database::Place;
use crate::store::postgres::{self, bound, querying};
use crate::store::sqlite;

use super::views::error::ViewsError;

/// Connections for readers: a long report leaves others free.
const READERS_MAX: u32 = 8;

/// How long a statement waits for another process that has the file, in milliseconds.
const BUSY_MS: u64 = 10_000;

/// Pages of the write-ahead log before SQLite copies them back (about 40 MB): larger than its
/// default of 1,000, which costs bulk writing a third.
const CHECKPOINT_PAGES: &str = "10000";

/// Memory for pages of the connection that writes, in KiB with a minus: the pages that a batch
/// of rows touches, so that they are not read again from the write-ahead log.
const WRITER_CACHE: &str = "-65536";

/// The same of one that reads: SQLite's default.
const READER_CACHE: &str = "-2000";

/// Rows that a connection to a file reads ahead of who takes them: its thread and theirs change
/// places less often than with the 50 of the default.
const ROWS_AHEAD: usize = 1_000;

/// Variables of one statement: below the 32,766 of SQLite.
const VARIABLES_MAX: usize = 16_000;

/// Rows of the smaller statements that write what is left: few sizes, so that few statements
/// are prepared and all are used again.
const REST_ROWS: [usize; 3] = [64, 8, 1];

/// Bytes of rows that are sent to PostgreSQL in one piece.
const PIECE_BYTES: usize = 1024 * 1024;

/// Opens a derived store, making it where there are none, and brings their schema up to date; gives
/// the connection that writes and those that read.
pub(super) async fn open<M: MigratorTrait>(
    place: &Place,
) -> Result<(DatabaseConnection, DatabaseConnection), ViewsError> {
    let failed = |source| ViewsError::Open { place: place.clone(), source };
    match place {
        Place::File(path) => {
            let writer = connect(path, Access::Write).await.map_err(failed)?;
            M::up(&writer, None).await.map_err(ViewsError::Migrate)?;
            Ok((writer, connect(path, Access::Read).await.map_err(failed)?))
        }
        Place::Schema(schema) => {
            schema.bring_up::<M>().await.map_err(|source| match source {
                DbErr::Conn(_) => failed(source),
                source => ViewsError::Migrate(source),
            })?;
            let readers = schema.connect(postgres::Role::Reader, READERS_MAX);
            Ok((schema.connect(postgres::Role::Writer, 1), readers))
        }
    }
}

/// Opens a derived store that is there without writing to it.
pub(super) async fn open_to_read<M: MigratorTrait>(place: &Place) -> Result<DatabaseConnection, ViewsError> {
    let failed = |source| ViewsError::Open { place: place.clone(), source };
    let readers = match place {
        Place::File(path) => connect(path, Access::Read).await.map_err(failed)?,
        Place::Schema(schema) => schema.connect(postgres::Role::Reader, READERS_MAX),
    };
    let pending = M::get_pending_migrations_read_only(&readers).await.map_err(failed)?;
    if pending.is_empty() { Ok(readers) } else { Err(ViewsError::Older) }
}

/// A transaction whose statements all read the moment of the first.
pub(super) async fn snapshot(readers: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    match readers.get_database_backend() {
        DbBackend::Postgres => {
            readers.begin_with_config(Some(IsolationLevel::RepeatableRead), Some(AccessMode::ReadOnly)).await
        }
        // Every transaction of SQLite does.
        _ => readers.begin().await,
    }
}

/// What a connection is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

async fn connect(path: &Path, access: Access) -> Result<DatabaseConnection, DbErr> {
    if access == Access::Write {
        sqlite::make_private(path);
    }
    let path = path.to_owned();
    // The file is named below: a path may hold characters that a URL cannot.
    let mut options = ConnectOptions::new("sqlite:derived.db?mode=rwc");
    options
        .max_connections(if access == Access::Write { 1 } else { READERS_MAX })
        .min_connections(1)
        .test_before_acquire(false)
        .sqlx_logging(false)
        .record_stmt_in_spans(false)
        .map_sqlx_sqlite_opts(move |sqlite| {
            sqlite
                .filename(&path)
                .busy_timeout(Duration::from_millis(BUSY_MS))
                .row_buffer_size(ROWS_AHEAD)
                .pragma("journal_mode", "WAL")
                // Lost with the power, the last blocks are projected again from the chain.
                .pragma("synchronous", "NORMAL")
                .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
                .pragma("cache_size", if access == Access::Read { READER_CACHE } else { WRITER_CACHE })
                .pragma("query_only", if access == Access::Read { "ON" } else { "OFF" })
        });
    Database::connect(options).await
}

/// A transaction of the connection that writes; dropped, it leaves nothing.
pub(super) enum Writing {
    Sqlite(SqliteTransaction<'static>),
    Postgres(PgTransaction<'static>),
}

impl Writing {
    /// Begins one.
    pub(super) async fn begin(writer: &DatabaseConnection) -> Result<Self, DbErr> {
        match writer.get_database_backend() {
            DbBackend::Postgres => {
                writer.get_postgres_connection_pool().begin().await.map(Self::Postgres).map_err(querying)
            }
            _ => writer.get_sqlite_connection_pool().begin().await.map(Self::Sqlite).map_err(querying),
        }
    }

    /// Makes everything durable.
    pub(super) async fn commit(self) -> Result<(), DbErr> {
        match self {
            Self::Sqlite(tx) => tx.commit().await.map_err(querying),
            Self::Postgres(tx) => tx.commit().await.map_err(querying),
        }
    }

    /// Changes rows; says how many.
    pub(super) async fn update(&mut self, update: &UpdateStatement) -> Result<u64, DbErr> {
        match self {
            Self::Sqlite(tx) => {
                let (sql, values) = update.build(SqliteQueryBuilder);
                Ok(sqlite::bound(&sql, values.0).execute(&mut **tx).await.map_err(querying)?.rows_affected())
            }
            Self::Postgres(tx) => {
                let (sql, values) = update.build(PostgresQueryBuilder);
                Ok(bound(&sql, values).execute(&mut **tx).await.map_err(querying)?.rows_affected())
            }
        }
    }

    /// Takes rows away.
    pub(super) async fn delete(&mut self, delete: &sea_orm::sea_query::DeleteStatement) -> Result<(), DbErr> {
        match self {
            Self::Sqlite(tx) => {
                let (sql, values) = delete.build(SqliteQueryBuilder);
                sqlite::bound(&sql, values.0).execute(&mut **tx).await.map(drop).map_err(querying)
            }
            Self::Postgres(tx) => {
                let (sql, values) = delete.build(PostgresQueryBuilder);
                bound(&sql, values).execute(&mut **tx).await.map(drop).map_err(querying)
            }
        }
    }

    /// Empties a table.
    pub(super) async fn empty<E: EntityTrait>(&mut self) -> Result<(), DbErr> {
        match self {
            Self::Sqlite(tx) => {
                let sql = format!("DELETE FROM {}", E::default().table_name());
                sqlite::bound(&sql, []).execute(&mut **tx).await.map(drop).map_err(querying)
            }
            Self::Postgres(tx) => {
                let sql = format!("TRUNCATE {}", E::default().table_name());
                bound(&sql, Values(Vec::new())).execute(&mut **tx).await.map(drop).map_err(querying)
            }
        }
    }

    /// Writes rows that are not there yet.
    pub(super) async fn insert<E: EntityTrait>(&mut self, rows: Vec<E::Model>) -> Result<(), DbErr> {
        match self {
            Self::Sqlite(tx) => insert::<E>(tx, &rows, "").await,
            Self::Postgres(tx) => copy::<E>(tx, rows).await,
        }
    }

    /// Writes rows; one whose `key` is there already keeps all but `changed`.
    pub(super) async fn upsert<E: EntityTrait>(
        &mut self,
        rows: Vec<E::Model>,
        key: Vec<E::Column>,
        changed: Vec<E::Column>,
    ) -> Result<(), DbErr> {
        let conflict = format!(" ON CONFLICT ({}) DO UPDATE SET {}", listed(&key), replaced(&changed));
        match self {
            Self::Sqlite(tx) => insert::<E>(tx, &rows, &conflict).await,
            Self::Postgres(tx) => unnest::<E>(tx, rows, &conflict).await,
        }
    }
}

/// Inserts rows in as few statements as the variables allow: while one runs on the connection's
/// thread, the next is put together on this one.
async fn insert<E: EntityTrait>(
    tx: &mut SqliteTransaction<'static>,
    rows: &[E::Model],
    conflict: &str,
) -> Result<(), DbErr> {
    let mut rest = rows;
    let mut next = next_insert::<E>(&mut rest, conflict);
    while let Some((sql, values)) = next {
        let run = sqlx::query_with(AssertSqlSafe(sql), values).execute(&mut **tx);
        let (ran, following) = tokio::join!(run, async { next_insert::<E>(&mut rest, conflict) });
        ran.map_err(querying)?;
        next = following;
    }
    Ok(())
}

/// The statement that inserts the first of these rows, which are taken, and its values.
fn next_insert<E: EntityTrait>(rest: &mut &[E::Model], conflict: &str) -> Option<(String, SqliteArguments)> {
    if rest.is_empty() {
        return None;
    }
    let columns = E::Column::iter().count();
    let sizes = std::iter::once(VARIABLES_MAX / columns).chain(REST_ROWS);
    let size = sizes.into_iter().find(|size| *size <= rest.len()).unwrap_or(1);
    let (some, others) = rest.split_at(size);
    *rest = others;
    // Most columns of most rows hold nothing: what all of many hold alike is no variable.
    let alike = |column| if size >= REST_ROWS[0] { all_alike(some, column) } else { None };
    let alike: Vec<Option<&str>> = E::Column::iter().map(alike).collect();
    let row = format!("({})", alike.iter().map(|alike| alike.unwrap_or("?")).collect::<Vec<_>>().join(","));
    let sql = format!(
        // A statement that fails ends the transaction here, so that it needs no journal of its own.
        "INSERT OR FAIL INTO {} ({}) VALUES {}{conflict}",
        E::default().table_name(),
        names::<E>().join(","),
        vec![row.as_str(); size].join(","),
    );
    let variables = || E::Column::iter().zip(&alike).filter(|(_, alike)| alike.is_none());
    let values = some.iter().flat_map(|row| variables().map(|(column, _)| row.get(column)));
    Some((sql, sqlite::arguments(values)))
}

/// What a column holds in every row, in SQL, if it is one of the values that say nothing: few, so
/// that few statements differ.
fn all_alike<M: ModelTrait>(rows: &[M], column: <M::Entity as EntityTrait>::Column) -> Option<&'static str> {
    let literal = |row: &M| match row.get(column) {
        Value::Bool(None) | Value::BigInt(None) | Value::String(None) | Value::Bytes(None) => Some("NULL"),
        Value::Bool(Some(false)) => Some("FALSE"),
        Value::BigInt(Some(0)) => Some("0"),
        Value::String(Some(text)) if text == "[]" => Some("'[]'"),
        _ => None,
    };
    let (first, rest) = rows.split_first()?;
    let alike = literal(first)?;
    rest.iter().all(|row| literal(row) == Some(alike)).then_some(alike)
}

/// Streams rows in the binary form of COPY (PostgreSQL's documentation, COPY, "Binary Format").
async fn copy<E: EntityTrait>(tx: &mut PgTransaction<'static>, rows: Vec<E::Model>) -> Result<(), DbErr> {
    const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
    const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();
    if rows.is_empty() {
        return Ok(());
    }
    let sql = format!("COPY {} ({}) FROM STDIN (FORMAT binary)", E::default().table_name(), names::<E>().join(", "));
    let mut stream = tx.copy_in_raw(&sql).await.map_err(querying)?;
    let mut piece = HEADER.to_vec();
    for row in rows {
        let columns = i16::try_from(E::Column::iter().count()).expect("a table has a few dozen columns");
        piece.extend_from_slice(&columns.to_be_bytes());
        for column in E::Column::iter() {
            push_field(&mut piece, &row.get(column));
        }
        if piece.len() >= PIECE_BYTES {
            stream.send(piece.as_slice()).await.map_err(querying)?;
            piece.clear();
        }
    }
    piece.extend_from_slice(&TRAILER);
    stream.send(piece.as_slice()).await.map_err(querying)?;
    stream.finish().await.map(drop).map_err(querying)
}

/// A field's length, -1 for NULL, and its bytes.
fn push_field(piece: &mut Vec<u8>, value: &Value) {
    let mut push = |bytes: Option<&[u8]>| {
        let length = bytes.map_or(-1, |bytes| i32::try_from(bytes.len()).expect("rows are far below 2 GiB"));
        piece.extend_from_slice(&length.to_be_bytes());
        piece.extend_from_slice(bytes.unwrap_or_default());
    };
    match value {
        Value::Bool(value) => push(value.map(|value| [u8::from(value)]).as_ref().map(<[u8; 1]>::as_slice)),
        Value::BigInt(value) => push(value.map(i64::to_be_bytes).as_ref().map(<[u8; 8]>::as_slice)),
        Value::String(value) => push(value.as_ref().map(|text| text.as_bytes())),
        Value::Bytes(value) => push(value.as_deref()),
        other => unreachable!("no view has a column for {other:?}"),
    }
}

/// Inserts or changes rows that come as one array for each column.
async fn unnest<E: EntityTrait>(
    tx: &mut PgTransaction<'static>,
    rows: Vec<E::Model>,
    conflict: &str,
) -> Result<(), DbErr> {
    if rows.is_empty() {
        return Ok(());
    }
    let arrays: Vec<String> = (1..=names::<E>().len()).map(|at| format!("${at}")).collect();
    let sql = format!(
        "INSERT INTO {} ({}) SELECT * FROM UNNEST({}){conflict}",
        E::default().table_name(),
        names::<E>().join(", "),
        arrays.join(", "),
    );
    let mut insert = bound(&sql, Values(Vec::new()));
    for column in E::Column::iter() {
        insert = bind_array(insert, rows.iter().map(|row| row.get(column)).collect());
    }
    insert.execute(&mut **tx).await.map(drop).map_err(querying)
}

type Statement<'q> = Query<'q, sea_orm::sqlx::Postgres, PgArguments>;

/// Binds a column's values, which are all of one type.
fn bind_array<'q>(statement: Statement<'q>, values: Vec<Value>) -> Statement<'q> {
    fn all<T>(values: Vec<Value>, read: impl Fn(Value) -> Option<Option<T>>) -> Vec<Option<T>> {
        values.into_iter().map(|value| read(value).expect("a column's values are of one type")).collect()
    }
    match values.first() {
        Some(Value::Bool(_)) => statement.bind(all(values, |value| match value {
            Value::Bool(value) => Some(value),
            _ => None,
        })),
        Some(Value::BigInt(_)) => statement.bind(all(values, |value| match value {
            Value::BigInt(value) => Some(value),
            _ => None,
        })),
        Some(Value::String(_)) => statement.bind(all(values, |value| match value {
            Value::String(value) => Some(value),
            _ => None,
        })),
        Some(Value::Bytes(_)) => statement.bind(all(values, |value| match value {
            Value::Bytes(value) => Some(value),
            _ => None,
        })),
        other => unreachable!("no view has a column for {other:?}"),
    }
}

fn listed(columns: &[impl IdenStatic]) -> String {
    columns.iter().map(IdenStatic::as_str).collect::<Vec<_>>().join(", ")
}

/// What an upsert sets where a row is there already.
fn replaced(columns: &[impl IdenStatic]) -> String {
    columns.iter().map(|column| format!("{0} = excluded.{0}", column.as_str())).collect::<Vec<_>>().join(", ")
}

fn names<E: EntityTrait>() -> Vec<&'static str> {
    E::Column::iter().map(|column| column.as_str()).collect()
}
