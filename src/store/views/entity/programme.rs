//! A programme with the rules that one entry set.

use sea_orm::entity::prelude::*;

use serde::{Deserialize, Serialize};

use crate::ledger::ids::ProgrammeId;
use crate::ledger::operation::{AllowedDays, ScheduledDeduction};
use crate::ledger::registry::Programme;
use crate::store::views::error::ViewsError;
use crate::store::views::fields::{Columns, index};

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "programmes")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i64,
    pub code: String,
    pub label: String,
    pub owner: i64,
    pub currency: String,
    pub utc_offset_minutes: i64,
    pub rules: String,
}

/// Rows refer to each other by key only; nothing is joined by relation.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

const COLUMNS: Columns = Columns("programmes");

/// The rules as the column holds them, in JSON.
#[derive(Serialize, Deserialize)]
struct Rules {
    days: AllowedDays,
    deductions: Vec<ScheduledDeduction>,
}

impl Model {
    /// The row of a programme.
    pub fn of(programme: &Programme) -> Self {
        let rules = Rules { days: programme.allowed_days, deductions: programme.deductions.clone() };
        Self {
            id: programme.id.0.to_key(),
            version: index(programme.version),
            code: programme.code.clone(),
            label: programme.label.clone(),
            owner: programme.owner.0.to_key(),
            currency: programme.currency.code().to_owned(),
            utc_offset_minutes: i64::from(programme.utc_offset_minutes),
            rules: serde_json::to_string(&rules).expect("rules are plain JSON"),
        }
    }

    /// The programme of a row.
    pub fn read(self) -> Result<Programme, ViewsError> {
        let rules: Rules = COLUMNS.json("rules", &self.rules)?;
        Ok(Programme {
            id: ProgrammeId(COLUMNS.place("id", self.id)?),
            code: self.code,
            label: self.label,
            owner: COLUMNS.party("owner", self.owner)?,
            currency: COLUMNS.currency("currency", &self.currency)?,
            utc_offset_minutes: COLUMNS.parsed("utc_offset_minutes", i16::try_from(self.utc_offset_minutes).ok())?,
            allowed_days: rules.days,
            deductions: rules.deductions,
            version: COLUMNS.index("version", self.version)?,
        })
    }
}
