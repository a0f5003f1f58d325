//! Reading the log: blocks, operations with their leaves, and tiles.

use sea_orm::sea_query::Condition;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};

use crate::ledger::registry::Recorded;
use crate::ledger::selection::{OperationFilter, Page};
use crate::ledger::time::Millis;

use super::Views;
use super::entity::{block, operation, tile};
use super::error::ViewsError;
use super::fields::index;

/// A tile of the log's tree: its level, its number and its hashes.
pub type Tile = (u8, u64, Vec<u8>);

/// A block of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockRow {
    /// Its height.
    pub height: u64,
    /// Its time.
    pub time: Millis,
    /// The index of its first entry.
    pub first_entry: u64,
    /// How many entries it holds.
    pub entry_count: u64,
    /// The digest of its header.
    pub digest: [u8; 32],
    /// The size of the log's tree after it.
    pub tree_size: u64,
    /// The root of the log's tree after it.
    pub tree_root: [u8; 32],
}

impl BlockRow {
    /// How many entries the chain has up to and with this block.
    pub fn entries(&self) -> u64 {
        self.first_entry + self.entry_count
    }
}

/// A recorded operation with its leaf in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationRow {
    /// The operation.
    pub recorded: Recorded,
    /// The SHA-256 of its entry's bytes.
    pub leaf: [u8; 32],
}

impl Views {
    /// The block at a height.
    pub async fn block_at(&self, height: u64) -> Result<Option<BlockRow>, ViewsError> {
        let row = block::Entity::find_by_id(index(height)).one(&self.readers).await;
        row.map_err(ViewsError::read("a block"))?.map(block::Model::read).transpose()
    }

    /// The last block.
    pub async fn last_block(&self) -> Result<Option<BlockRow>, ViewsError> {
        let row = block::Entity::find().order_by_desc(block::Column::Height).one(&self.readers).await;
        row.map_err(ViewsError::read("the last block"))?.map(block::Model::read).transpose()
    }

    /// The last block whose time is not after a moment.
    pub async fn block_as_of(&self, time: Millis) -> Result<Option<BlockRow>, ViewsError> {
        let row = block::Entity::find()
            .filter(block::Column::Time.lte(time.0))
            .order_by_desc(block::Column::Time)
            .one(&self.readers)
            .await;
        row.map_err(ViewsError::read("the block of a moment"))?.map(block::Model::read).transpose()
    }

    /// The block that holds an entry.
    pub async fn block_of_entry(&self, entry: u64) -> Result<Option<BlockRow>, ViewsError> {
        let Some(operation) = self.operation_by_entry(entry).await? else { return Ok(None) };
        // Every operation is recorded at its block's time, and block times rise strictly.
        self.block_as_of(operation.recorded.recorded_at).await
    }

    /// The operation of an entry.
    pub async fn operation_by_entry(&self, entry: u64) -> Result<Option<OperationRow>, ViewsError> {
        let row = operation::Entity::find_by_id(index(entry)).one(&self.readers).await;
        row.map_err(ViewsError::read("an operation"))?.map(operation::Model::read).transpose()
    }

    /// The operations of these entries, in no order; entries that are not there are passed over.
    pub async fn operations_of_entries(&self, entries: &[u64]) -> Result<Vec<OperationRow>, ViewsError> {
        let keys = entries.iter().map(|entry| index(*entry));
        let column = operation::Column::Entry;
        let rows = self.rows_in::<operation::Entity>("operations", column, keys, Condition::all()).await?;
        rows.into_iter().map(operation::Model::read).collect()
    }

    /// The blocks of exactly these times, in no order.
    pub async fn blocks_of_times(&self, times: &[Millis]) -> Result<Vec<BlockRow>, ViewsError> {
        let keys = times.iter().map(|time| time.0);
        let rows = self.rows_in::<block::Entity>("blocks", block::Column::Time, keys, Condition::all()).await?;
        rows.into_iter().map(block::Model::read).collect()
    }

    /// A page of operations, by entry.
    pub async fn operations_page(
        &self,
        filter: &OperationFilter,
        page: Page<u64>,
    ) -> Result<Vec<OperationRow>, ViewsError> {
        let page = page.by(index);
        let column = operation::Column::Entry;
        let rows = self.page_of::<operation::Entity>("operations", column, operations_meant(filter), page).await?;
        rows.into_iter().map(operation::Model::read).collect()
    }

    /// How many operations a filter shows.
    pub async fn operations_count(&self, filter: &OperationFilter) -> Result<u64, ViewsError> {
        let count = operation::Entity::find().filter(operations_meant(filter)).count(&self.readers).await;
        count.map_err(ViewsError::read("the number of operations"))
    }

    /// The hashes of a tile.
    pub async fn tile(&self, level: u8, number: u64) -> Result<Option<Vec<u8>>, ViewsError> {
        let row = tile::Entity::find_by_id((i64::from(level), index(number))).one(&self.readers).await;
        Ok(row.map_err(ViewsError::read("a tile"))?.map(|row| row.bytes))
    }

    /// Those of these tiles that are there, by level and number.
    pub async fn tiles(&self, wanted: &[(u8, u64)]) -> Result<Vec<Tile>, ViewsError> {
        let mut found = Vec::with_capacity(wanted.len());
        let mut levels: Vec<u8> = wanted.iter().map(|(level, _)| *level).collect();
        levels.sort_unstable();
        levels.dedup();
        for level in levels {
            let numbers = wanted.iter().filter(|(at, _)| *at == level).map(|(_, number)| index(*number));
            let also = Condition::all().add(tile::Column::Level.eq(i64::from(level)));
            let rows = self.rows_in::<tile::Entity>("tiles", tile::Column::Number, numbers, also).await?;
            for row in rows {
                found.push(row.read()?);
            }
        }
        found.sort_unstable();
        Ok(found)
    }
}

fn operations_meant(filter: &OperationFilter) -> Condition {
    Condition::all()
        .add_option(filter.party.map(|party| operation::Column::Party.eq(party.0.to_key())))
        .add_option(filter.kind.map(|kind| operation::Column::Kind.eq(kind.name())))
}
