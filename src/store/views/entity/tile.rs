//! A tile of the log's hash tree.

use sea_orm::entity::prelude::*;

use crate::store::views::blocks::Tile;
use crate::store::views::error::ViewsError;
use crate::store::views::fields::{Columns, index};

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tiles")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub level: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    pub bytes: Vec<u8>,
}

/// Rows refer to each other by key only; nothing is joined by relation.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

const COLUMNS: Columns = Columns("tiles");

impl Model {
    /// The row of a tile.
    pub fn of(level: u8, number: u64, bytes: &[u8]) -> Self {
        Self { level: i64::from(level), number: index(number), bytes: bytes.to_vec() }
    }

    /// The tile of a row.
    pub fn read(self) -> Result<Tile, ViewsError> {
        let level = COLUMNS.parsed("level", u8::try_from(self.level).ok())?;
        Ok((level, COLUMNS.index("number", self.number)?, self.bytes))
    }
}
