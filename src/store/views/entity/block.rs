//! A block of the chain, as readers and proofs need it.

use sea_orm::entity::prelude::*;

use crate::ledger::time::Millis;
use crate::store::views::blocks::BlockRow;
use crate::store::views::error::ViewsError;
use crate::store::views::fields::{Columns, index};
use crate::store::views::project::ProjectedBlock;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "blocks")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub height: i64,
    pub time: i64,
    pub first_entry: i64,
    pub entry_count: i64,
    pub digest: Vec<u8>,
    pub tree_size: i64,
    pub tree_root: Vec<u8>,
}

/// Rows refer to each other by key only; nothing is joined by relation.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

const COLUMNS: Columns = Columns("blocks");

impl Model {
    /// The row of a block.
    pub fn of(block: &ProjectedBlock) -> Self {
        Self {
            height: index(block.height),
            time: block.time.0,
            first_entry: index(block.first_entry),
            entry_count: index(block.entry_count),
            digest: block.digest.to_vec(),
            tree_size: index(block.tree_size),
            tree_root: block.tree_root.to_vec(),
        }
    }

    /// The block of a row.
    pub fn read(self) -> Result<BlockRow, ViewsError> {
        Ok(BlockRow {
            height: COLUMNS.index("height", self.height)?,
            time: Millis(self.time),
            first_entry: COLUMNS.index("first_entry", self.first_entry)?,
            entry_count: COLUMNS.index("entry_count", self.entry_count)?,
            digest: COLUMNS.bytes("digest", &self.digest)?,
            tree_size: COLUMNS.index("tree_size", self.tree_size)?,
            tree_root: COLUMNS.bytes("tree_root", &self.tree_root)?,
        })
    }
}
