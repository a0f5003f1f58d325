//! A cell: which money is summed together.

use sea_orm::entity::prelude::*;

use crate::ledger::cell::{CellKey, FundId, Sheet};
use crate::ledger::token::HopKind;
use crate::store::views::error::ViewsError;
use crate::store::views::fields::{Columns, number};

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "cells")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub sheet: i64,
    pub fund: i64,
    pub accountable: Option<i64>,
    pub area: i64,
    pub hop_kind: Option<i64>,
    pub from_party: Option<i64>,
    pub to_party: Option<i64>,
}

/// Rows refer to each other by key only; nothing is joined by relation.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

const COLUMNS: Columns = Columns("cells");

impl Model {
    /// The row of a cell.
    pub fn of(id: u32, key: &CellKey) -> Self {
        Self {
            id: i64::from(id),
            sheet: number(key.sheet.number()),
            fund: i64::from(key.fund.0),
            accountable: key.accountable.map(|party| party.0.to_key()),
            area: i64::from(key.area.0),
            hop_kind: key.hop_kind.map(|kind| number(kind.number())),
            from_party: key.from.map(|party| party.0.to_key()),
            to_party: key.to.map(|party| party.0.to_key()),
        }
    }

    /// The cell of a row.
    pub fn read(self) -> Result<(u32, CellKey), ViewsError> {
        let key = CellKey {
            sheet: COLUMNS.named("sheet", self.sheet, Sheet::from_number)?,
            fund: FundId(COLUMNS.small("fund", self.fund)?),
            accountable: COLUMNS.maybe_party("accountable", self.accountable)?,
            area: COLUMNS.area("area", self.area)?,
            hop_kind: COLUMNS.maybe_named("hop_kind", self.hop_kind, HopKind::from_number)?,
            from: COLUMNS.maybe_party("from_party", self.from_party)?,
            to: COLUMNS.maybe_party("to_party", self.to_party)?,
        };
        Ok((COLUMNS.small("id", self.id)?, key))
    }
}
