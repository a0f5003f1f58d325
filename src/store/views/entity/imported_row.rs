//! A row of a tracking table, with the entry that imported it.

use sea_orm::entity::prelude::*;

use crate::store::views::error::ViewsError;
use crate::store::views::fields::{Columns, index};

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "imported_rows")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: Vec<u8>,
    pub entry: Option<i64>,
}

/// Rows refer to each other by key only; nothing is joined by relation.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

const COLUMNS: Columns = Columns("imported_rows");

impl Model {
    /// The row of an imported row.
    pub fn of(key: &[u8; 16], entry: Option<u64>) -> Self {
        Self { key: key.to_vec(), entry: entry.map(index) }
    }

    /// The imported row of a row.
    pub fn read(self) -> Result<([u8; 16], Option<u64>), ViewsError> {
        Ok((COLUMNS.bytes("key", &self.key)?, COLUMNS.maybe_index("entry", self.entry)?))
    }
}
