//! The truth: the blocks, one row each, appended by compare-and-set and never changed.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::sea_query::{Expr, ExprTrait, InsertStatement, Query};
use sea_orm::sqlx::Error as SqlxError;
use sea_orm::{
    ColumnTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, RuntimeErr, SqlErr,
    Value,
};
use tokio::sync::RwLock;

use super::appender::Appender;
use super::database::Place;
use super::error::{AppendError, Cause, StoreError};
use super::faults::{Faults, Point};
use super::lock::WriterLock;
use super::session::{NoSession, Session};
use crate::ledger::time::Millis;

/// How long `reopen` waits for a connection in use before it opens new ones beside it.
const CLOSE_WAIT_SECONDS: u64 = 5;

/// Characters of a PostgreSQL error code; SQLite's have four digits at the most.
const SQLSTATE_LENGTH: usize = 5;

const BLOCKS: &str = "the blocks of the chain";
const LOCK: &str = "the lock of who writes the chain";
const PRAGMA: &str = "a pragma of the writing connection";

/// A block as it is stored: what is looked up beside the exact bytes of header and body.
///
/// The store does not read those bytes; that they say the same as the fields is the promise
/// of who made the block and the check of who audits it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredBlock {
    /// Its height; the first is 0.
    pub height: u64,
    /// Digest of its header.
    pub digest: [u8; 32],
    /// Digest of the header before it; not looked at for the first block.
    pub previous: [u8; 32],
    /// Index of its first entry, or of the next one when it holds none.
    pub first_entry: u64,
    /// How many entries it holds; may be none.
    pub entry_count: u32,
    /// Its time.
    pub time: Millis,
    /// The header's bytes.
    pub header: Vec<u8>,
    /// The body's bytes.
    pub body: Vec<u8>,
}

/// The last block, without its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its height.
    pub height: u64,
    /// Digest of its header.
    pub digest: [u8; 32],
    /// Its time.
    pub time: Millis,
    /// Index of the entry that comes next.
    pub next_entry: u64,
}

/// Who has the writer's lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// This store, as before.
    Still,
    /// This store again, after its session was lost: what the head says now is final.
    Again,
    /// Another process.
    Elsewhere,
}

/// The chain store: one connection that appends, a few that read.
#[derive(Debug)]
pub struct ChainStore {
    place: Place,
    faults: Faults,
    /// That of the writer's lock, where the lock has one.
    session: Option<Arc<Session>>,
    connections: RwLock<Connections>,
}

#[derive(Debug)]
struct Connections {
    appender: Appender,
    readers: DatabaseConnection,
}

mod blocks {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "blocks")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub height: i64,
        pub digest: Vec<u8>,
        pub previous: Vec<u8>,
        pub first_entry: i64,
        pub entry_count: i64,
        pub time: i64,
        pub header: Vec<u8>,
        pub body: Vec<u8>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl ChainStore {
    /// Opens the store, making it when it does not exist, and brings its schema up to date: to
    /// read it.
    pub async fn open(place: &Place, faults: Faults) -> Result<Self, StoreError> {
        Self::open_on(place, faults, None).await
    }

    /// The same for who appends, and therefore must hold the lock: the store itself only keeps
    /// two writers from continuing the same block twice.
    pub async fn open_locked(place: &Place, faults: Faults, lock: &WriterLock) -> Result<Self, StoreError> {
        Self::open_on(place, faults, lock.session()).await
    }

    async fn open_on(place: &Place, faults: Faults, session: Option<Arc<Session>>) -> Result<Self, StoreError> {
        let connections = RwLock::new(Connections::open(place, session.as_ref()).await?);
        Ok(Self { place: place.clone(), faults, session, connections })
    }

    /// Closes every connection and opens new ones: the way on after an unknown outcome.
    ///
    /// When it fails the store stays closed and every call fails until it succeeds.
    pub async fn reopen(&self) -> Result<(), StoreError> {
        let mut connections = self.connections.write().await;
        connections.close().await?;
        *connections = Connections::open(&self.place, self.session.as_ref()).await?;
        Ok(())
    }

    /// Closes every connection, after what is under way.
    pub async fn close(self) -> Result<(), StoreError> {
        self.connections.into_inner().close().await
    }

    /// Makes a block durable, if the head is the block that it follows.
    ///
    /// When this returns the block survives a loss of power. A caller that drops the future
    /// before it is done must treat the outcome as unknown.
    pub async fn append(&self, block: &StoredBlock) -> Result<(), AppendError> {
        self.faults.check(Point::BeforeAppend).map_err(|fault| AppendError::Failed { source: fault.into() })?;
        let insert = insert_after_head(block).map_err(|source| AppendError::Failed { source })?;
        let connections = self.connections.read().await;
        let bytes = block.header.len() + block.body.len();
        if connections.appender.append(&insert, bytes).await.map_err(outcome_of)? == 0 {
            return Err(AppendError::Conflict);
        }
        self.faults.check(Point::AfterAppend).map_err(|fault| AppendError::Unknown { source: fault.into() })
    }

    /// Asks after the writer's lock, and takes it again if its session was lost.
    pub async fn keep_lock(&self) -> Result<Kept, StoreError> {
        let Some(session) = &self.session else { return Ok(Kept::Still) };
        match session.keep().await {
            Ok(false) => Ok(Kept::Still),
            Ok(true) => Ok(Kept::Again),
            Err(NoSession::Held) => Ok(Kept::Elsewhere),
            Err(NoSession::Server(source)) => Err(StoreError::read(LOCK)(source)),
        }
    }

    /// The last block; `None` before the first.
    pub async fn head(&self) -> Result<Option<Head>, StoreError> {
        use blocks::Column::{Digest, EntryCount, FirstEntry, Height, Time};
        let row: Option<(i64, Vec<u8>, i64, i64, i64)> = blocks::Entity::find()
            .select_only()
            .columns([Height, Digest, Time, FirstEntry, EntryCount])
            .order_by_desc(Height)
            .limit(1)
            .into_tuple()
            .one(&self.readers().await)
            .await
            .map_err(StoreError::read(BLOCKS))?;
        let Some((height, digest, time, first_entry, entry_count)) = row else { return Ok(None) };
        let next_entry = first_entry.checked_add(entry_count).ok_or(StoreError::Damaged { what: BLOCKS })?;
        Ok(Some(Head {
            height: unsigned(height)?,
            digest: digest_of(digest)?,
            time: Millis(time),
            next_entry: unsigned(next_entry)?,
        }))
    }

    /// The block at a height; `None` above the head.
    pub async fn block(&self, height: u64) -> Result<Option<StoredBlock>, StoreError> {
        let Ok(height) = i64::try_from(height) else { return Ok(None) };
        let row = blocks::Entity::find_by_id(height).one(&self.readers().await).await;
        row.map_err(StoreError::read(BLOCKS))?.map(StoredBlock::try_from).transpose()
    }

    /// The blocks from a height on, in order: at most `blocks_max` of them and, beyond the
    /// first, as many as stay within `bytes_max` of headers and bodies. Empty above the head.
    pub async fn blocks_from(
        &self,
        height: u64,
        blocks_max: u64,
        bytes_max: u64,
    ) -> Result<Vec<StoredBlock>, StoreError> {
        use blocks::Column::Height;
        let Ok(height) = i64::try_from(height) else { return Ok(Vec::new()) };
        let readers = self.readers().await;
        // Neither database reads a body to tell its length.
        let sizes: Vec<(i64, i64)> = blocks::Entity::find()
            .select_only()
            .column(Height)
            .column_as(Expr::cust("CAST(LENGTH(header) + LENGTH(body) AS BIGINT)"), "bytes")
            .filter(Height.gte(height))
            .order_by_asc(Height)
            .limit(blocks_max)
            .into_tuple()
            .all(&readers)
            .await
            .map_err(StoreError::read(BLOCKS))?;
        let Some(last) = last_within(&sizes, bytes_max) else { return Ok(Vec::new()) };
        let rows = blocks::Entity::find()
            .filter(Height.between(height, last))
            .order_by_asc(Height)
            .all(&readers)
            .await
            .map_err(StoreError::read(BLOCKS))?;
        rows.into_iter().map(StoredBlock::try_from).collect()
    }

    /// The block that holds an entry; `None` when the log is not that long.
    pub async fn block_of_entry(&self, entry: u64) -> Result<Option<StoredBlock>, StoreError> {
        use blocks::Column::{FirstEntry, Height};
        let Ok(key) = i64::try_from(entry) else { return Ok(None) };
        // Of blocks with the same first entry all but the last are empty.
        let row = blocks::Entity::find()
            .filter(FirstEntry.lte(key))
            .order_by_desc(FirstEntry)
            .order_by_desc(Height)
            .limit(1)
            .one(&self.readers().await)
            .await
            .map_err(StoreError::read(BLOCKS))?;
        let block = row.map(StoredBlock::try_from).transpose()?;
        Ok(block.filter(|block| entry - block.first_entry < u64::from(block.entry_count)))
    }

    /// Sets or reads a pragma of the writing connection, until reopened: tests look at its
    /// settings and make the disk full. It does nothing on PostgreSQL.
    #[doc(hidden)]
    pub async fn pragma(&self, pragma: &str) -> Result<Option<i64>, StoreError> {
        self.connections.read().await.appender.pragma(pragma).await.map_err(StoreError::read(PRAGMA))
    }

    async fn readers(&self) -> DatabaseConnection {
        self.connections.read().await.readers.clone()
    }
}

impl Connections {
    async fn open(place: &Place, session: Option<&Arc<Session>>) -> Result<Self, StoreError> {
        let (appender, readers) = Appender::open(place, session).await?;
        Ok(Self { appender, readers })
    }

    async fn close(&self) -> Result<(), StoreError> {
        let all = async {
            self.readers.close_by_ref().await?;
            self.appender.close().await
        };
        match tokio::time::timeout(Duration::from_secs(CLOSE_WAIT_SECONDS), all).await {
            Ok(closed) => closed.map_err(StoreError::write("the end of the chain store")),
            // Each ends by itself when what is under way on it ends.
            Err(_) => Ok(()),
        }
    }
}

impl TryFrom<blocks::Model> for StoredBlock {
    type Error = StoreError;

    fn try_from(row: blocks::Model) -> Result<Self, StoreError> {
        Ok(Self {
            height: unsigned(row.height)?,
            digest: digest_of(row.digest)?,
            previous: digest_of(row.previous)?,
            first_entry: unsigned(row.first_entry)?,
            entry_count: u32::try_from(row.entry_count).map_err(|_| StoreError::Damaged { what: BLOCKS })?,
            time: Millis(row.time),
            header: row.header,
            body: row.body,
        })
    }
}

/// One insert that writes nothing unless the head is the block that this one follows.
fn insert_after_head(block: &StoredBlock) -> Result<InsertStatement, Cause> {
    use blocks::Column::{Body, Digest, EntryCount, FirstEntry, Header, Height, Previous, Time};
    let height = i64::try_from(block.height)?;
    let values: [Value; 8] = [
        height.into(),
        block.digest.to_vec().into(),
        block.previous.to_vec().into(),
        i64::try_from(block.first_entry)?.into(),
        i64::from(block.entry_count).into(),
        block.time.0.into(),
        block.header.clone().into(),
        block.body.clone().into(),
    ];
    let mut row = Query::select();
    row.exprs(values.map(Expr::val));
    let mut at_or_above = Query::select();
    at_or_above.column(Height).from(blocks::Entity).and_where(Expr::col(Height).gte(height));
    row.and_where(Expr::not_exists(at_or_above));
    if height > 0 {
        let mut before = Query::select();
        before
            .column(Height)
            .from(blocks::Entity)
            .and_where(Expr::col(Height).eq(height - 1))
            .and_where(Expr::col(Digest).eq(block.previous.to_vec()));
        row.and_where(Expr::exists(before));
    }
    let mut insert = Query::insert();
    insert
        .into_table(blocks::Entity)
        .columns([Height, Digest, Previous, FirstEntry, EntryCount, Time, Header, Body])
        .select_from(row)?;
    Ok(insert)
}

/// What a failed insert leaves behind.
fn outcome_of(error: DbErr) -> AppendError {
    if let Some(SqlErr::UniqueConstraintViolation(_)) = error.sql_err() {
        // Two writers at once: the other one's block stands at this height.
        return AppendError::Conflict;
    }
    if surely_not_written(&error) {
        return AppendError::Failed { source: error.into() };
    }
    AppendError::Unknown { source: error.into() }
}

/// Whether the database says that it rolled the statement back, or never got it.
///
/// Anything else counts as unknown, in particular a failed sync: the bytes may be in the file.
fn surely_not_written(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) = error else {
        return matches!(error, DbErr::ConnectionAcquire(_) | DbErr::Conn(_));
    };
    let SqlxError::Database(error) = error.as_ref() else { return false };
    let code = error.code().unwrap_or_default();
    if code.len() == SQLSTATE_LENGTH {
        // PostgreSQL: data, constraints, rights and limits end the statement. Classes 08, 40,
        // 57 and 58 say that it or the connection was cut off.
        return ["22", "23", "25", "42", "53", "54"].iter().any(|class| code.starts_with(class));
    }
    // SQLite's primary result code is the low byte: ERROR, PERM, BUSY, LOCKED, NOMEM, READONLY,
    // FULL, CANTOPEN, TOOBIG, CONSTRAINT.
    let primary = code.parse::<u32>().ok().map(|code| code & 0xff);
    matches!(primary, Some(1 | 3 | 5 | 6 | 7 | 8 | 13 | 14 | 18 | 19))
}

/// The highest height up to which the sizes stay within the bound; the first always does.
fn last_within(sizes: &[(i64, i64)], bytes_max: u64) -> Option<i64> {
    let mut total = 0_u64;
    let mut last = None;
    for (height, bytes) in sizes {
        total = total.saturating_add(bytes.unsigned_abs());
        if last.is_some() && total > bytes_max {
            break;
        }
        last = Some(*height);
    }
    last
}

fn unsigned(value: i64) -> Result<u64, StoreError> {
    u64::try_from(value).map_err(|_| StoreError::Damaged { what: BLOCKS })
}

fn digest_of(bytes: Vec<u8>) -> Result<[u8; 32], StoreError> {
    bytes.try_into().map_err(|_| StoreError::Damaged { what: BLOCKS })
}
