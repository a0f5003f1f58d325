//! That a finding rests on a hop.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "finding_hops")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub hop: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub finding: Vec<u8>,
}

/// Rows refer to each other by key only; nothing is joined by relation.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
