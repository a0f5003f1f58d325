//! A case as one entry left it.

use sea_orm::entity::prelude::*;

use crate::ledger::case::Case;
use crate::store::views::error::ViewsError;
use crate::store::views::fields::{Columns, index};

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "case_versions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i64,
    pub finding: Vec<u8>,
    pub body: String,
}

/// Rows refer to each other by key only; nothing is joined by relation.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

const COLUMNS: Columns = Columns("case_versions");

impl Model {
    /// The row of a case.
    pub fn of(case: &Case) -> Self {
        Self {
            id: case.id.0.to_key(),
            version: index(case.version),
            finding: case.finding.as_bytes().to_vec(),
            body: case.to_json(),
        }
    }

    /// The case of a row.
    pub fn read(self) -> Result<Case, ViewsError> {
        let case = COLUMNS.parsed("body", Case::from_json(&self.body))?;
        match Self::of(&case) == self {
            true => Ok(case),
            false => COLUMNS.parsed("body", None),
        }
    }
}
