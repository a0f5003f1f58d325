//! A note: a fact that moves no money.

use sea_orm::entity::prelude::*;

use crate::ledger::note::Note;
use crate::store::views::error::ViewsError;
use crate::store::views::fields::Columns;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "notes")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub subject: Option<i64>,
    pub body: String,
}

/// Rows refer to each other by key only; nothing is joined by relation.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

const COLUMNS: Columns = Columns("notes");

impl Model {
    /// The row of a note.
    pub fn of(note: &Note) -> Self {
        Self { id: note.id.0.to_key(), subject: note.subject().map(|place| place.to_key()), body: note.to_json() }
    }

    /// The note of a row.
    pub fn read(self) -> Result<Note, ViewsError> {
        let note = COLUMNS.parsed("body", Note::from_json(&self.body))?;
        match Self::of(&note) == self {
            true => Ok(note),
            false => COLUMNS.parsed("body", None),
        }
    }
}
