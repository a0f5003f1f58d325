//! What a detector wants to be shown again, and when.

use sea_orm::entity::prelude::*;

use crate::leakage::event::Wake;
use crate::leakage::rule::Rule;
use crate::ledger::time::Millis;
use crate::store::views::error::ViewsError;
use crate::store::views::fields::{Columns, index};

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "wakes")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub at: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub rule: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub what: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub entry: i64,
}

/// Rows refer to each other by key only; nothing is joined by relation.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

const COLUMNS: Columns = Columns("wakes");

impl Model {
    /// The row of a wake.
    pub fn of((at, rule, wake): &(Millis, Rule, Wake)) -> Self {
        let (what, entry) = match wake {
            Wake::HopsOf(entry) => (0, entry),
            Wake::NotesOf(entry) => (1, entry),
            Wake::CaseOf(entry) => (2, entry),
        };
        Self { at: at.0, rule: rule.code().to_owned(), what, entry: index(*entry) }
    }

    /// The wake of a row.
    pub fn read(self) -> Result<(Millis, Rule, Wake), ViewsError> {
        let entry = COLUMNS.index("entry", self.entry)?;
        let wake = match self.what {
            0 => Wake::HopsOf(entry),
            1 => Wake::NotesOf(entry),
            2 => Wake::CaseOf(entry),
            _ => return Err(COLUMNS.corrupt("what")),
        };
        Ok((Millis(self.at), COLUMNS.parsed("rule", Rule::parse(&self.rule))?, wake))
    }
}
