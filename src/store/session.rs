//! The one session of PostgreSQL on which a chain is continued, and the lock that it holds.
//!
//! The lock lives as long as its session, and blocks are appended on that very session: whoever
//! has lost the lock has lost the connection, too. A new session gets the lock only when the old
//! one has ended, and with it whatever was still under way on it; so what the head says then is
//! final.

use std::time::Duration;

use sea_orm::DbErr;
use sea_orm::sea_query::Values;
use sea_orm::sqlx::{self, Connection, PgConnection};
use tokio::sync::Mutex;

use super::database::Schema;
use super::error::with_causes;
use super::postgres::{bound, connecting, querying};

/// Held by the one writer of the database's chain.
const WRITER_LOCK: i64 = i64::from_be_bytes(*b"aqueduct");

/// How long the lock is waited for, in milliseconds: the server may take a moment to notice that
/// a writer that was killed is gone.
const LOCK_WAIT_MS: u64 = 3_000;

/// How long a block may take to be written. Nothing is known of one that takes longer.
const EXECUTE_SECONDS: u64 = 60;

/// How long a session may take to say that it is there.
const PING_SECONDS: u64 = 5;

/// PostgreSQL's code for a lock that was not free in time.
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// A session that is opened by hand: a pool would open another one unnoticed.
#[derive(Debug)]
pub(super) struct Session {
    schema: Schema,
    locked: bool,
    connection: Mutex<Option<PgConnection>>,
}

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoSession {
    /// Somebody else holds the lock.
    #[error("another Aqueduct process is writing this chain")]
    Held,
    /// The server cannot be reached, or does not let us in.
    #[error(transparent)]
    Server(#[from] sqlx::Error),
}

impl Session {
    /// A session that is opened when it is needed, without the lock: only compare-and-set keeps
    /// two of them from continuing the same block twice.
    pub(super) fn unlocked(schema: Schema) -> Self {
        Self { schema, locked: false, connection: Mutex::new(None) }
    }

    /// A session that holds the lock.
    pub(super) async fn locked(schema: Schema) -> Result<Self, NoSession> {
        let session = Self { schema, locked: true, connection: Mutex::new(None) };
        let opened = session.open(true).await?;
        *session.connection.lock().await = Some(opened);
        Ok(session)
    }

    /// Opens the session unless it is open.
    pub(super) async fn hold(&self) -> Result<(), NoSession> {
        let mut held = self.connection.lock().await;
        if held.is_none() {
            *held = Some(self.open(false).await?);
        }
        Ok(())
    }

    /// Asks whether it is still open, and opens it again if not; whether it had to.
    pub(super) async fn keep(&self) -> Result<bool, NoSession> {
        let mut held = self.connection.lock().await;
        // Put back only after an answer: nothing is known of a connection without one.
        if let Some(mut connection) = held.take() {
            let answer = tokio::time::timeout(Duration::from_secs(PING_SECONDS), connection.ping()).await;
            if let Ok(Ok(())) = answer {
                *held = Some(connection);
                return Ok(false);
            }
        }
        *held = Some(self.open(false).await?);
        Ok(true)
    }

    /// Runs one statement that commits by itself; says how many rows it wrote.
    pub(super) async fn execute(&self, sql: &str, values: Values) -> Result<u64, DbErr> {
        let mut held = self.connection.lock().await;
        // Put back only after an answer: nothing is known of a connection without one.
        let mut connection = match held.take() {
            Some(connection) => connection,
            None => self.open(false).await.map_err(|why| match why {
                NoSession::Server(error) => connecting(error),
                NoSession::Held => connecting(sqlx::Error::Configuration(why.to_string().into())),
            })?,
        };
        let written = bound(sql, values).execute(&mut connection);
        let late = |_| querying(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()));
        let written = tokio::time::timeout(Duration::from_secs(EXECUTE_SECONDS), written).await.map_err(late)?;
        if !matches!(&written, Err(error) if error.as_database_error().is_none()) {
            *held = Some(connection);
        }
        written.map(|done| done.rows_affected()).map_err(querying)
    }

    /// Gives the lock back and ends the session.
    pub(super) async fn close(&self) {
        let Some(mut connection) = self.connection.lock().await.take() else { return };
        // The server ends a session some time after it was told; this way the lock is free now.
        let closed = async {
            sqlx::query("SELECT pg_advisory_unlock_all()").execute(&mut connection).await?;
            connection.close().await
        };
        if let Err(error) = closed.await {
            // A connection that is broken holds no lock either.
            tracing::debug!(error = with_causes(&error), "the session that writes the chain was lost");
        }
    }

    /// Only the first time it waits for a server that is being started: then nobody else waits.
    async fn open(&self, first: bool) -> Result<PgConnection, NoSession> {
        let wait = LOCK_WAIT_MS.to_string();
        let settings = [("lock_timeout", wait.as_str())];
        let mut connection = match first {
            true => self.schema.connect_first(&settings).await?,
            false => self.schema.connect_once(&settings).await?,
        };
        if self.locked {
            let taken = sqlx::query("SELECT pg_advisory_lock($1)").bind(WRITER_LOCK).execute(&mut connection).await;
            taken.map_err(|error| match error.as_database_error().and_then(|error| error.code()) {
                Some(code) if code == LOCK_NOT_AVAILABLE => NoSession::Held,
                _ => NoSession::Server(error),
            })?;
        }
        Ok(connection)
    }
}
