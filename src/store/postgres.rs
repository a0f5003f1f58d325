//! Connections to PostgreSQL, for any of the stores.
//!
//! Every connection commits synchronously, those of the views too: unlike a file of its own, the
//! server can lose its power while the node goes on, and the node may have dropped from memory
//! what the views confirmed.

use std::fmt;
use std::io;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aqueduct_migrations::sea_orm_migration::MigratorTrait;
use percent_encoding::percent_decode_str;
use sea_orm::sea_query::Values;
use sea_orm::sqlx::postgres::{PgArguments, PgConnectOptions, PgPoolOptions, PgSslMode};
use sea_orm::sqlx::query::Query;
use sea_orm::sqlx::{self, AssertSqlSafe, ConnectOptions, Connection, PgConnection, Postgres};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, RuntimeErr, SqlxPostgresConnector, TransactionTrait, Value};

use tracing::warn;

use super::database::Schema;

/// How long a connection may take to be made: a server that does not answer is not there.
const CONNECT_SECONDS: u64 = 10;

/// How long a caller waits for a connection of a pool. A server that is restarted is usually
/// back within it, and then nobody notices.
const ACQUIRE_WAIT_SECONDS: u64 = 10;

/// How long lies between two attempts to reach a server that is being started, in milliseconds.
const RETRY_MS: u64 = 250;

/// PostgreSQL's code of a server that is starting, or recovering, and takes nobody in yet.
const CANNOT_CONNECT_NOW: &str = "57P03";

/// How long a connection stays open without being used: a server has few.
const IDLE_SECONDS: u64 = 600;

/// Held by whoever changes the schema, so that two that start at once do not both.
const MIGRATION_LOCK: i64 = i64::from_be_bytes(*b"aqu-migr");

/// What every connection sets. With the keepalives the server notices within half a minute that
/// the machine at the other end is gone, and gives back the lock that it held.
const SETTINGS: [(&str, &str); 5] = [
    ("synchronous_commit", "on"),
    ("client_min_messages", "warning"),
    ("tcp_keepalives_idle", "10"),
    ("tcp_keepalives_interval", "5"),
    ("tcp_keepalives_count", "3"),
];

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The one that writes.
    Writer,
    /// One of several that only read.
    Reader,
}

/// A database on a PostgreSQL server. Its printed form is `postgres://db.example:5432/books`: who
/// logs in there, and with which password, is shown nowhere.
#[derive(Clone)]
pub struct Server {
    options: Box<PgConnectOptions>,
    /// How long a store that is opened waits for a server that is being started.
    wait: Duration,
}

/// The options that an address may have behind its `?`: those that the driver knows, which takes
/// no notice of any other.
const ADDRESS_OPTIONS: [&str; 18] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];

/// Longest name of an option that is told to be unknown: what is longer is something else.
const OPTION_TOLD_BYTES_MAX: usize = 32;

/// Why a text is no address of a database. It is not repeated: it may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnAddress {
    /// It looks otherwise.
    #[error(
        "the database's address is not of the form postgres://user:password@host:5432/name, with the name of a database"
    )]
    Form,
    /// It has an option that nobody knows, and that would do nothing.
    #[error(
        "the database's address has an option {0} that is not known; known are sslmode, sslrootcert, sslcert, sslkey, \
         host, hostaddr, port, dbname, user, password, application_name, options and statement-cache-capacity"
    )]
    UnknownOption(String),
    /// It does not say how the connection is protected.
    #[error("sslmode in the database's address is none of disable, allow, prefer, require, verify-ca and verify-full")]
    SslMode,
    /// The driver cannot read it, for a reason that repeats nothing of it.
    #[error(
        "the database's address cannot be read: {0}; in a user's name or a password the characters / ? # @ : are \
         written %2F %3F %23 %40 %3A"
    )]
    Unreadable(String),
}

impl FromStr for Server {
    type Err = NotAnAddress;

    fn from_str(address: &str) -> Result<Self, NotAnAddress> {
        if !["postgres://", "postgresql://"].iter().any(|scheme| address.starts_with(scheme)) {
            return Err(NotAnAddress::Form);
        }
        check_options(address)?;
        let options: PgConnectOptions = address.parse().map_err(|why| NotAnAddress::Unreadable(reason(&why)))?;
        // Not the one that happens to be called as its user is.
        if options.get_database().is_none_or(str::is_empty) {
            return Err(NotAnAddress::Form);
        }
        let options = options.application_name("aqueduct").options(SETTINGS).disable_statement_logging();
        Ok(Self { options: Box::new(options), wait: Duration::ZERO })
    }
}

/// Refuses what stands behind the `?` and would have no effect.
fn check_options(address: &str) -> Result<(), NotAnAddress> {
    let address = address.split('#').next().unwrap_or_default();
    let Some((_, query)) = address.split_once('?') else { return Ok(()) };
    let plain = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    for option in query.split('&').filter(|option| !option.is_empty()) {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        let (name, value) = (plain(name), plain(value));
        let is_setting = name.starts_with("options[") && name.ends_with(']');
        if !is_setting && !ADDRESS_OPTIONS.contains(&name.as_str()) {
            // Behind a password with a ? in it stands its rest.
            let is_told =
                !query.contains('@') && name.len() <= OPTION_TOLD_BYTES_MAX && !name.contains(char::is_control);
            return Err(NotAnAddress::UnknownOption(if is_told { name } else { "(not repeated here)".to_owned() }));
        }
        if ["sslmode", "ssl-mode"].contains(&name.as_str()) && value.parse::<PgSslMode>().is_err() {
            return Err(NotAnAddress::SslMode);
        }
    }
    Ok(())
}

/// What the driver finds wrong, without the words that it puts before each.
fn reason(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Configuration(why) => why.to_string(),
        other => other.to_string(),
    }
}

impl Server {
    /// The same, with stores that wait so long for a server that is being started when they are
    /// opened. Later on nobody waits: who asks is told.
    pub fn waiting(self, wait: Duration) -> Self {
        Self { wait, ..self }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let database = self.options.get_database().unwrap_or(self.options.get_username());
        match self.options.get_socket() {
            Some(socket) => write!(f, "postgres:///{database}?host={}", socket.display()),
            None => write!(f, "postgres://{}:{}/{database}", self.options.get_host(), self.options.get_port()),
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({self})")
    }
}

impl Schema {
    /// Whether it is there, with a store in it.
    pub(super) async fn exists(&self) -> Result<bool, DbErr> {
        let mut connection = self.connect_first(&[]).await.map_err(connecting)?;
        let sql = "SELECT to_regclass($1 || '.seaql_migrations') IS NOT NULL";
        let found = sqlx::query_scalar(sql).bind(self.name).fetch_one(&mut connection).await.map_err(querying)?;
        connection.close().await.map_err(querying)?;
        Ok(found)
    }

    /// Takes it away with everything in it.
    pub(super) async fn remove(&self) -> Result<(), DbErr> {
        let mut connection = self.connect_once(&[]).await.map_err(connecting)?;
        let sql = format!("DROP SCHEMA IF EXISTS {} CASCADE", self.name);
        sqlx::query(AssertSqlSafe(sql)).execute(&mut connection).await.map_err(querying)?;
        connection.close().await.map_err(querying)
    }

    /// Makes it if it is not there, and brings its tables up to date. Who may only read can
    /// pass, if there is nothing to be done.
    pub(super) async fn bring_up<M: MigratorTrait>(&self) -> Result<(), DbErr> {
        // A pool would try again and again, and in the end say only that it took too long.
        self.connect_first(&[]).await.map_err(connecting)?.close().await.map_err(querying)?;
        let db = self.connect(Role::Writer, 1);
        let done = self.migrate::<M>(&db).await;
        db.close().await?;
        done
    }

    async fn migrate<M: MigratorTrait>(&self, db: &DatabaseConnection) -> Result<(), DbErr> {
        if M::get_pending_migrations_read_only(db).await?.is_empty() {
            return Ok(());
        }
        let tx = db.begin().await?;
        tx.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")).await?;
        tx.execute_unprepared(&format!("CREATE SCHEMA IF NOT EXISTS {}", self.name)).await?;
        M::up(&tx, None).await?;
        tx.commit().await
    }

    /// Connections that are opened when they are needed, and again when they were lost.
    pub(super) fn connect(&self, role: Role, connections: u32) -> DatabaseConnection {
        let read_only = match role {
            Role::Writer => "off",
            Role::Reader => "on",
        };
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .min_connections(0)
            .acquire_timeout(Duration::from_secs(ACQUIRE_WAIT_SECONDS))
            .idle_timeout(Duration::from_secs(IDLE_SECONDS))
            .max_lifetime(None)
            .test_before_acquire(true)
            .connect_lazy_with(self.options(&[("default_transaction_read_only", read_only)]));
        SqlxPostgresConnector::from_sqlx_postgres_pool(pool)
    }

    /// One connection that is in no pool.
    pub(super) async fn connect_once(&self, settings: &[(&str, &str)]) -> Result<PgConnection, sqlx::Error> {
        let options = self.options(settings);
        let connecting = PgConnection::connect_with(&options);
        let late = |_| sqlx::Error::Io(std::io::ErrorKind::TimedOut.into());
        tokio::time::timeout(Duration::from_secs(CONNECT_SECONDS), connecting).await.map_err(late)?
    }

    /// The same, to a server that may just be starting.
    pub(super) async fn connect_first(&self, settings: &[(&str, &str)]) -> Result<PgConnection, sqlx::Error> {
        let (began, wait) = (Instant::now(), self.server.wait);
        let mut told = false;
        loop {
            let error = match self.connect_once(settings).await {
                Err(error) if wait > Duration::ZERO && self.may_be_starting(&error) => error,
                done => return done,
            };
            let seconds = wait.as_secs();
            if began.elapsed() >= wait {
                let why = match &error {
                    // Without the words that the error below puts before it again.
                    sqlx::Error::Io(error) => error.to_string(),
                    other => other.to_string(),
                };
                let late = format!("it did not come within {seconds} s: {why}");
                return Err(sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, late)));
            }
            if !std::mem::replace(&mut told, true) {
                warn!("the database {} is not there yet ({error}); waiting for it up to {seconds} s", self.server);
            }
            tokio::time::sleep(Duration::from_millis(RETRY_MS)).await;
        }
    }

    /// Whether a server that is being started, or the one before it that is being stopped, would
    /// answer like this.
    fn may_be_starting(&self, error: &sqlx::Error) -> bool {
        let on_socket = self.server.options.get_socket().is_some();
        match error {
            sqlx::Error::Database(error) => error.code().is_some_and(|code| code == CANNOT_CONNECT_NOW),
            sqlx::Error::Io(error) => match error.kind() {
                io::ErrorKind::ConnectionRefused
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::UnexpectedEof => true,
                io::ErrorKind::NotFound => on_socket,
                _ => false,
            },
            _ => false,
        }
    }

    fn options(&self, settings: &[(&str, &str)]) -> PgConnectOptions {
        let options = self.server.options.as_ref().clone();
        options.options([("search_path", self.name)]).options(settings.iter().copied())
    }
}

/// The error of connecting.
pub(super) fn connecting(error: sqlx::Error) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error)))
}

/// The error of a statement.
pub(super) fn querying(error: sqlx::Error) -> DbErr {
    DbErr::Exec(RuntimeErr::SqlxError(Arc::new(error)))
}

/// A statement with its values, which are of the four types that the stores write.
pub(super) fn bound(sql: &str, values: Values) -> Query<'_, Postgres, PgArguments> {
    values.0.into_iter().fold(sqlx::query(AssertSqlSafe(sql)), |query, value| match value {
        Value::Bool(value) => query.bind(value),
        Value::BigInt(value) => query.bind(value),
        Value::String(value) => query.bind(value),
        Value::Bytes(value) => query.bind(value),
        other => unreachable!("no store has a column for {other:?}"),
    })
}
