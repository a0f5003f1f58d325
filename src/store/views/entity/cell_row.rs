//! What was in a cell after a block that touched it.

use sea_orm::entity::prelude::*;

use crate::ledger::cell::Cell;
use crate::store::views::error::ViewsError;
use crate::store::views::fields::{Columns, index};

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "cell_rows")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub cell: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub height: i64,
    pub sums: Vec<u8>,
}

/// Rows refer to each other by key only; nothing is joined by relation.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

const COLUMNS: Columns = Columns("cell_rows");

impl Model {
    /// The row of a cell after a block, with its bytes.
    pub fn of(cell: u32, height: u64, sums: Vec<u8>) -> Self {
        Self { cell: i64::from(cell), height: index(height), sums }
    }

    /// The cell of a row, and the height of the block.
    pub fn read(self) -> Result<(u32, u64, Cell), ViewsError> {
        let sums = read_sums(&self.sums)?;
        Ok((COLUMNS.small("cell", self.cell)?, COLUMNS.index("height", self.height)?, sums))
    }
}

/// A cell from the bytes of its column.
pub fn read_sums(bytes: &[u8]) -> Result<Cell, ViewsError> {
    COLUMNS.parsed("sums", Cell::from_bytes(bytes))
}
