//! What was appropriated to a programme and cycle.

use sea_orm::entity::prelude::*;

use crate::ledger::ids::ProgrammeId;
use crate::ledger::registry::Appropriation;
use crate::ledger::time::Cycle;
use crate::store::views::error::ViewsError;
use crate::store::views::fields::Columns;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "appropriations")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub programme: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub cycle: String,
    pub first_day: String,
    pub last_day: String,
    pub appropriated: i64,
    pub allocated: i64,
}

/// Rows refer to each other by key only; nothing is joined by relation.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

const COLUMNS: Columns = Columns("appropriations");

impl Model {
    /// The row of an appropriation; days are written `2026-11-01`.
    pub fn of(appropriation: &Appropriation) -> Self {
        let cycle = &appropriation.cycle;
        Self {
            programme: appropriation.programme.0.to_key(),
            cycle: cycle.label.clone(),
            first_day: cycle.first_day.to_string(),
            last_day: cycle.last_day.to_string(),
            appropriated: appropriation.appropriated,
            allocated: appropriation.allocated,
        }
    }

    /// The appropriation of a row.
    pub fn read(self) -> Result<Appropriation, ViewsError> {
        let cycle = Cycle {
            first_day: COLUMNS.parsed("first_day", self.first_day.parse().ok())?,
            label: self.cycle,
            last_day: COLUMNS.parsed("last_day", self.last_day.parse().ok())?,
        };
        Ok(Appropriation {
            programme: ProgrammeId(COLUMNS.place("programme", self.programme)?),
            cycle,
            appropriated: self.appropriated,
            allocated: self.allocated,
        })
    }
}
