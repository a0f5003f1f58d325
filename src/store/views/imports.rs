//! What the books hold of one import of a table.

use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ConnectionTrait, DbErr};

use crate::ledger::ids::Place;
use crate::ledger::token::HopKind;

use super::Views;
use super::entity::hop;
use super::error::ViewsError;
use super::fields::{index, number};
use super::sums::{col, read_sum, sum_in_halves};

/// The deliveries that one entry made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deliveries {
    /// How many.
    pub count: u64,
    /// What was sent by them, in minor units.
    pub sent: i128,
    /// What arrived by them.
    pub arrived: i128,
}

impl Views {
    /// The deliveries that an entry made, as it made them: one range of the key.
    pub async fn deliveries_of(&self, entry: u64) -> Result<Deliveries, ViewsError> {
        let Some((first, last)) = Place::range_of(entry) else { return Ok(Deliveries::default()) };
        let mut select = Query::select();
        select
            .expr_as(Expr::col(hop::Column::Id).count(), "hops")
            .from(hop::Entity)
            .and_where(col(hop::Column::Id).between(first.to_key(), last.to_key()))
            .and_where(col(hop::Column::Version).eq(index(entry)))
            .and_where(col(hop::Column::Kind).eq(number(HopKind::Delivery.number())));
        sum_in_halves(&mut select, "sent", col(hop::Column::Sent));
        sum_in_halves(&mut select, "arrived", col(hop::Column::Arrived).if_null(0_i64));
        let failed = ViewsError::read("the deliveries of an entry");
        let row = self.readers.query_one(&select).await.map_err(&failed)?;
        let Some(row) = row else { return Ok(Deliveries::default()) };
        let read = || {
            let count: i64 = row.try_get("", "hops")?;
            // Without a row there is no sum.
            Ok::<_, DbErr>(match u64::try_from(count) {
                Ok(0) | Err(_) => Deliveries::default(),
                Ok(count) => Deliveries { count, sent: read_sum(&row, "sent")?, arrived: read_sum(&row, "arrived")? },
            })
        };
        read().map_err(failed)
    }
}
