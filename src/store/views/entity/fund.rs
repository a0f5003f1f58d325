//! A fund: what allocations have in common that cells tell apart.

use sea_orm::entity::prelude::*;

use crate::ledger::cell::{Fund, FundId};
use crate::ledger::ids::ProgrammeId;
use crate::store::views::error::ViewsError;
use crate::store::views::fields::Columns;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "funds")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub programme: i64,
    pub cycle: String,
    pub purpose: String,
    pub currency: String,
}

/// Rows refer to each other by key only; nothing is joined by relation.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

const COLUMNS: Columns = Columns("funds");

impl Model {
    /// The row of a fund.
    pub fn of(id: FundId, fund: &Fund) -> Self {
        Self {
            id: i64::from(id.0),
            programme: fund.programme.0.to_key(),
            cycle: fund.cycle.clone(),
            purpose: fund.purpose.clone(),
            currency: fund.currency.code().to_owned(),
        }
    }

    /// The fund of a row.
    pub fn read(self) -> Result<(FundId, Fund), ViewsError> {
        let fund = Fund {
            programme: ProgrammeId(COLUMNS.place("programme", self.programme)?),
            cycle: self.cycle,
            purpose: self.purpose,
            currency: COLUMNS.currency("currency", &self.currency)?,
        };
        Ok((FundId(COLUMNS.small("id", self.id)?), fund))
    }
}
