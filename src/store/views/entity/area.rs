//! An area: a path of names with its number.

use sea_orm::entity::prelude::*;

use crate::ledger::ids::AreaId;
use crate::store::views::error::ViewsError;
use crate::store::views::fields::Columns;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "areas")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub path: String,
}

/// Rows refer to each other by key only; nothing is joined by relation.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

const COLUMNS: Columns = Columns("areas");

impl Model {
    /// The row of an area.
    pub fn of(id: AreaId, path: &str) -> Self {
        Self { id: i64::from(id.0), path: path.to_owned() }
    }

    /// The area of a row.
    pub fn read(self) -> Result<(AreaId, String), ViewsError> {
        Ok((COLUMNS.area("id", self.id)?, self.path))
    }
}
