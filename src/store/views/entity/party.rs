//! A registered party.

use sea_orm::entity::prelude::*;

use crate::ledger::registry::{Party, PartyKind};
use crate::store::views::error::ViewsError;
use crate::store::views::fields::{Columns, number};

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "parties")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: i64,
    pub id: Vec<u8>,
    pub kind: i64,
    pub label: String,
    pub level: String,
    pub area: i64,
    pub reported: bool,
}

/// Rows refer to each other by key only; nothing is joined by relation.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

const COLUMNS: Columns = Columns("parties");

impl Model {
    /// The row of a party.
    pub fn of(party: &Party) -> Self {
        Self {
            key: party.key.0.to_key(),
            id: party.id.as_bytes().to_vec(),
            kind: number(party.kind.number()),
            label: party.label.clone(),
            level: party.level.clone(),
            area: i64::from(party.area.0),
            reported: party.reported,
        }
    }

    /// The party of a row.
    pub fn read(self) -> Result<Party, ViewsError> {
        Ok(Party {
            key: COLUMNS.party("key", self.key)?,
            id: COLUMNS.uuid("id", &self.id)?,
            kind: COLUMNS.named("kind", self.kind, PartyKind::from_number)?,
            label: self.label,
            level: self.level,
            area: COLUMNS.area("area", self.area)?,
            reported: self.reported,
        })
    }
}
