//! Opening a SQLite file so that what it confirmed survives a loss of power.

use std::fs::OpenOptions;
use std::path::Path;
use std::time::Duration;

use sea_orm::sqlx::Arguments as _;
use sea_orm::sqlx::query::Query;
use sea_orm::sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::sqlx::{self, AssertSqlSafe, Sqlite};
use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbErr, Value};

/// How long a statement waits for another connection's write. A checkpoint or a reader's
/// snapshot holds a lock for milliseconds; whole seconds mean that something is wrong.
const BUSY_WAIT_SECONDS: u64 = 5;

/// How long a caller waits for a free connection.
const ACQUIRE_WAIT_SECONDS: u64 = 10;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The one that writes, and leaves checkpoints of the write-ahead log to another.
    WriterWithoutCheckpoints,
    /// The one that writes little, and checkpoints by itself.
    Writer,
    /// One of several that only read.
    Reader,
}

/// Opens `connections` connections to a file, which is made when a writer comes first.
pub(super) async fn connect(path: &Path, role: Role, connections: u32) -> Result<DatabaseConnection, DbErr> {
    if role != Role::Reader {
        make_private(path);
    }
    // The address only chooses the driver: a path may hold what an address may not.
    let mut options = ConnectOptions::new("sqlite://file");
    let path = path.to_owned();
    options
        .max_connections(connections)
        .min_connections(connections)
        .acquire_timeout(Duration::from_secs(ACQUIRE_WAIT_SECONDS))
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .sqlx_logging(false)
        .record_stmt_in_spans(false)
        .map_sqlx_sqlite_opts(move |base| settings(base.filename(&path), role));
    Database::connect(options).await
}

/// Makes the file empty and for its owner only, unless it is there: SQLite would make it
/// readable for everybody. The files that SQLite makes beside it get the same rights.
///
/// Where it cannot be made, SQLite says why it cannot be opened.
pub(super) fn make_private(path: &Path) {
    let mut options = OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let _ = options.open(path);
}

fn settings(base: SqliteConnectOptions, role: Role) -> SqliteConnectOptions {
    let options = base
        .create_if_missing(role != Role::Reader)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        // On Apple systems a plain sync stops at the drive's cache; elsewhere this does nothing.
        .pragma("fullfsync", "ON")
        .pragma("checkpoint_fullfsync", "ON")
        // What is deleted is overwritten: node.db holds secrets, if only sealed ones.
        .pragma("secure_delete", "ON")
        .foreign_keys(false)
        .busy_timeout(Duration::from_secs(BUSY_WAIT_SECONDS));
    match role {
        Role::WriterWithoutCheckpoints => options.pragma("wal_autocheckpoint", "0"),
        Role::Writer => options,
        Role::Reader => options.pragma("query_only", "ON"),
    }
}

/// A statement with its values.
pub(super) fn bound(sql: &str, values: impl IntoIterator<Item = Value>) -> Query<'_, Sqlite, SqliteArguments> {
    sqlx::query_with(AssertSqlSafe(sql), arguments(values))
}

/// The values of a statement, which are of the four types that the stores write.
pub(super) fn arguments(values: impl IntoIterator<Item = Value>) -> SqliteArguments {
    let mut arguments = SqliteArguments::default();
    for value in values {
        let added = match value {
            Value::Bool(value) => arguments.add(value),
            Value::BigInt(value) => arguments.add(value),
            Value::String(value) => arguments.add(value),
            Value::Bytes(value) => arguments.add(value),
            other => unreachable!("no store has a column for {other:?}"),
        };
        added.expect("these types are always encoded");
    }
    arguments
}
