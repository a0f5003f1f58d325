//! How far the views are; one row.

use sea_orm::entity::prelude::*;

use sea_orm::sea_query::{Query, UpdateStatement};

use crate::store::views::Applied;
use crate::store::views::error::ViewsError;
use crate::store::views::fields::Columns;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "applied")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub height: Option<i64>,
    pub entries: i64,
    pub changes_digest: Vec<u8>,
}

/// Rows refer to each other by key only; nothing is joined by relation.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

const COLUMNS: Columns = Columns("applied");

/// The key of the one row.
pub const ONLY: i64 = 1;

impl Model {
    /// How far the row says the views are.
    pub fn read(self) -> Result<Applied, ViewsError> {
        Ok(Applied {
            height: COLUMNS.maybe_index("height", self.height)?,
            entries: COLUMNS.index("entries", self.entries)?,
            changes_digest: COLUMNS.bytes("changes_digest", &self.changes_digest)?,
        })
    }
}

/// The statement that writes the one row anew, whatever it holds.
pub fn replace(row: &Model) -> UpdateStatement {
    Query::update()
        .table(Entity)
        .value(Column::Height, row.height)
        .value(Column::Entries, row.entries)
        .value(Column::ChangesDigest, row.changes_digest.clone())
        .and_where(Column::Id.eq(ONLY))
        .take()
}
