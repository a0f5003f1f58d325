//! The views: tables derived from the chain, for readers and for what the ledger must fetch.
//!
//! Blocks are projected in order, each batch in one transaction with the height it reaches, so
//! the views always stand between two blocks. A row carries the entry that made it (in its key
//! or version) and the entry that ended it; nothing else of it is overwritten, so every earlier
//! moment can still be read. They can be emptied and made anew from the chain at any time.
//!
//! What is known of the chain's truth does not belong here, nor does anything that only this
//! database holds.

pub mod blocks;
pub mod checks;
mod entity;
pub mod error;
mod fields;
mod hop_figures;
pub mod imports;
pub mod lists;
pub mod load;
pub mod project;
pub mod rows;
pub mod sums;
pub mod verify;

use std::path::Path;
use std::time::Duration;

use aqueduct_migrations::sea_orm_migration::MigratorTrait;
use aqueduct_migrations::views::ViewsMigrator;
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr, EntityTrait, TransactionTrait};

use super::faults::Faults;
use super::sqlite;
use entity::applied;
use error::ViewsError;

/// Connections for readers: a long report leaves others free.
const READERS_MAX: u32 = 8;

/// How long a statement waits for another process that has the file, in milliseconds.
const BUSY_MS: u64 = 10_000;

/// Pages of the write-ahead log before SQLite copies them back (about 40 MB): larger than its
/// default of 1,000, which costs bulk writing a third.
const CHECKPOINT_PAGES: &str = "10000";

/// How far the views are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The last block they hold; none before the first.
    pub height: Option<u64>,
    /// How many entries they hold: the index of the next one.
    pub entries: u64,
    /// The running digest of changes after that block.
    pub changes_digest: [u8; 32],
}

/// The derived store.
#[derive(Clone, Debug)]
pub struct Views {
    /// The one connection that writes.
    writer: DatabaseConnection,
    /// Connections that only read.
    readers: DatabaseConnection,
    /// Failures that a test asks for.
    faults: Faults,
}

impl Views {
    /// Opens the views in a SQLite file, made when it is not there, and brings their schema up
    /// to date.
    pub async fn open(path: &Path, faults: Faults) -> Result<Self, ViewsError> {
        let failed = |source| ViewsError::Open { path: path.to_owned(), source };
        let writer = connect(path, Access::Write).await.map_err(failed)?;
        ViewsMigrator::up(&writer, None).await.map_err(ViewsError::Migrate)?;
        let readers = connect(path, Access::Read).await.map_err(failed)?;
        Ok(Self { writer, readers, faults })
    }

    /// How far the views are.
    pub async fn applied(&self) -> Result<Applied, ViewsError> {
        let row = applied::Entity::find_by_id(applied::ONLY).one(&self.readers).await;
        let row = row.map_err(ViewsError::read("the applied height"))?;
        row.ok_or(ViewsError::Corrupt { table: "applied", column: "id" })?.read()
    }

    /// Empties every table, so that the views can be made anew.
    pub async fn clear(&self) -> Result<(), ViewsError> {
        self.clear_all().await.map_err(ViewsError::Clear)
    }

    /// Closes every connection.
    pub async fn close(self) -> Result<(), ViewsError> {
        for connection in [self.readers, self.writer] {
            connection.close().await.map_err(ViewsError::read("the end of a connection"))?;
        }
        Ok(())
    }

    async fn clear_all(&self) -> Result<(), DbErr> {
        let tx = self.writer.begin().await?;
        entity::block::Entity::delete_many().exec(&tx).await?;
        entity::operation::Entity::delete_many().exec(&tx).await?;
        entity::area::Entity::delete_many().exec(&tx).await?;
        entity::party::Entity::delete_many().exec(&tx).await?;
        entity::officer_key::Entity::delete_many().exec(&tx).await?;
        entity::programme::Entity::delete_many().exec(&tx).await?;
        entity::appropriation::Entity::delete_many().exec(&tx).await?;
        entity::allocation::Entity::delete_many().exec(&tx).await?;
        entity::token::Entity::delete_many().exec(&tx).await?;
        entity::hop::Entity::delete_many().exec(&tx).await?;
        entity::imported_row::Entity::delete_many().exec(&tx).await?;
        entity::total::Entity::delete_many().exec(&tx).await?;
        entity::tile::Entity::delete_many().exec(&tx).await?;
        let nothing = applied::Model { id: applied::ONLY, height: None, entries: 0, changes_digest: vec![0; 32] };
        tx.execute(&applied::replace(&nothing)).await?;
        tx.commit().await
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
    let mut options = ConnectOptions::new("sqlite:views.db?mode=rwc");
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
                .pragma("journal_mode", "WAL")
                // Lost with the power, the last blocks are projected again from the chain.
                .pragma("synchronous", "NORMAL")
                .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
                .pragma("query_only", if access == Access::Read { "ON" } else { "OFF" })
        });
    Database::connect(options).await
}
