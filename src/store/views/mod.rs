//! The views: tables derived from the chain, for readers and for what the ledger must fetch.
//!
//! Blocks are projected in order, each batch in one transaction with the height it reaches, so
//! the views always stand between two blocks. A row carries the entry that made it (in its key
//! or version) and the entry that ended it; nothing else of it is overwritten, so every earlier
//! moment can still be read. They can be emptied and made anew from the chain at any time.
//!
//! What is known of the chain's truth does not belong here, nor does anything that only this
//! database holds.

pub mod areas;
pub mod blocks;
mod cells;
pub mod checks;
mod draft;
mod entity;
pub mod error;
pub(super) mod fields;
pub mod groups;
pub mod history;
pub mod imports;
pub mod lists;
pub mod load;
pub mod notes;
pub mod project;
pub mod rows;
pub mod sums;
pub mod verify;

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock};

use aqueduct_migrations::views::ViewsMigrator;
use sea_orm::{DatabaseConnection, DbErr, EntityTrait};

use tokio::sync::Mutex;

use super::database::Place;
use super::dialect::{self, Writing};
use super::faults::Faults;
use super::statements::StatementCount;
use cells::{Cells, PastCells};
use entity::applied;
use error::ViewsError;

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
    /// What the readers have sent.
    statements: StatementCount,
    /// The cells as they stand, near enough: what they lack is read.
    cells: Arc<RwLock<Cells>>,
    /// The cells of some earlier heights, the one asked for last at the end.
    past: Arc<Mutex<VecDeque<PastCells>>>,
}

impl Views {
    /// Opens the views, made where there are none, and brings their schema up to date.
    pub async fn open(place: &Place, faults: Faults) -> Result<Self, ViewsError> {
        let (writer, mut readers) = dialect::open::<ViewsMigrator>(place).await?;
        let statements = StatementCount::default();
        statements.watch(&mut readers);
        Ok(Self { writer, readers, faults, statements, cells: Arc::default(), past: Arc::default() })
    }

    /// Opens views that are there, only to read them; an error when they are of an older version.
    pub async fn open_to_read(place: &Place) -> Result<Self, ViewsError> {
        let mut readers = dialect::open_to_read::<ViewsMigrator>(place).await?;
        let statements = StatementCount::default();
        statements.watch(&mut readers);
        let (writer, faults) = (readers.clone(), Faults::default());
        Ok(Self { writer, readers, faults, statements, cells: Arc::default(), past: Arc::default() })
    }

    /// How many statements its readers have sent.
    pub fn statements_read(&self) -> u64 {
        self.statements.get()
    }

    /// How far the views are.
    pub async fn applied(&self) -> Result<Applied, ViewsError> {
        let row = applied::Entity::find_by_id(applied::ONLY).one(&self.readers).await;
        let row = row.map_err(ViewsError::read("the applied height"))?;
        row.ok_or(ViewsError::Corrupt { table: "applied", column: "id" })?.read()
    }

    /// Empties every table, so that the views can be made anew.
    pub async fn clear(&self) -> Result<(), ViewsError> {
        self.clear_all().await.map_err(ViewsError::Clear)?;
        *self.cells.write().unwrap_or_else(PoisonError::into_inner) = Cells::default();
        self.past.lock().await.clear();
        Ok(())
    }

    /// Closes every connection.
    pub async fn close(self) -> Result<(), ViewsError> {
        for connection in [self.readers, self.writer] {
            connection.close().await.map_err(ViewsError::read("the end of a connection"))?;
        }
        Ok(())
    }

    async fn clear_all(&self) -> Result<(), DbErr> {
        let mut tx = Writing::begin(&self.writer).await?;
        tx.empty::<entity::block::Entity>().await?;
        tx.empty::<entity::operation::Entity>().await?;
        tx.empty::<entity::area::Entity>().await?;
        tx.empty::<entity::party::Entity>().await?;
        tx.empty::<entity::officer_key::Entity>().await?;
        tx.empty::<entity::programme::Entity>().await?;
        tx.empty::<entity::appropriation::Entity>().await?;
        tx.empty::<entity::allocation::Entity>().await?;
        tx.empty::<entity::token::Entity>().await?;
        tx.empty::<entity::hop::Entity>().await?;
        tx.empty::<entity::imported_row::Entity>().await?;
        tx.empty::<entity::total::Entity>().await?;
        tx.empty::<entity::note::Entity>().await?;
        tx.empty::<entity::case_version::Entity>().await?;
        tx.empty::<entity::tile::Entity>().await?;
        tx.empty::<entity::fund::Entity>().await?;
        tx.empty::<entity::cell::Entity>().await?;
        tx.empty::<entity::cell_row::Entity>().await?;
        let nothing = applied::Model { id: applied::ONLY, height: None, entries: 0, changes_digest: vec![0; 32] };
        tx.update(&applied::replace(&nothing)).await?;
        tx.commit().await
    }
}
