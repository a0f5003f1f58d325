//! All money of a currency.

use sea_orm::entity::prelude::*;

use crate::ledger::money::Currency;
use crate::store::views::error::ViewsError;
use crate::store::views::fields::Columns;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "totals")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub currency: String,
    pub total: i64,
}

/// Rows refer to each other by key only; nothing is joined by relation.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

const COLUMNS: Columns = Columns("totals");

impl Model {
    /// The row of a total.
    pub fn of(currency: Currency, total: i64) -> Self {
        Self { currency: currency.code().to_owned(), total }
    }

    /// The total of a row.
    pub fn read(self) -> Result<(Currency, i64), ViewsError> {
        Ok((COLUMNS.currency("currency", &self.currency)?, self.total))
    }
}
