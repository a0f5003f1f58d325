//! An allocation.

use sea_orm::entity::prelude::*;

use crate::ledger::ids::{AllocationId, ProgrammeId};
use crate::ledger::registry::Allocation;
use crate::store::views::error::ViewsError;
use crate::store::views::fields::{Columns, index};

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "allocations")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub programme: i64,
    pub cycle: String,
    pub purpose: String,
    pub currency: String,
    pub treasury: i64,
    pub amount: i64,
    pub unsent: bool,
    pub reversed_by: Option<i64>,
}

/// Rows refer to each other by key only; nothing is joined by relation.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

const COLUMNS: Columns = Columns("allocations");

impl Model {
    /// The row of an allocation.
    pub fn of(allocation: &Allocation) -> Self {
        Self {
            id: allocation.id.0.to_key(),
            programme: allocation.programme.0.to_key(),
            cycle: allocation.cycle.clone(),
            purpose: allocation.purpose.clone(),
            currency: allocation.currency.code().to_owned(),
            treasury: allocation.treasury.0.to_key(),
            amount: allocation.amount,
            unsent: allocation.unsent,
            reversed_by: allocation.reversed_by.map(index),
        }
    }

    /// The allocation of a row.
    pub fn read(self) -> Result<Allocation, ViewsError> {
        Ok(Allocation {
            id: AllocationId(COLUMNS.place("id", self.id)?),
            programme: ProgrammeId(COLUMNS.place("programme", self.programme)?),
            cycle: self.cycle,
            purpose: self.purpose,
            currency: COLUMNS.currency("currency", &self.currency)?,
            treasury: COLUMNS.party("treasury", self.treasury)?,
            amount: self.amount,
            unsent: self.unsent,
            reversed_by: COLUMNS.maybe_index("reversed_by", self.reversed_by)?,
        })
    }
}
