//! How far the examination is.

use sea_orm::entity::prelude::*;

/// The one row's id.
pub const ONLY: i64 = 1;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "examined")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub height: Option<i64>,
    pub entries: i64,
    pub day: i64,
    pub number: i64,
}

/// Rows refer to each other by key only; nothing is joined by relation.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
