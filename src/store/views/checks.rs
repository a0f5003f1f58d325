//! What a node that starts wants to know of the views before it trusts them.

use std::collections::BTreeMap;

use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, ExprTrait, Query};

use crate::ledger::ids::{AllocationId, Place};
use crate::ledger::money::Currency;
use crate::ledger::time::Millis;
use crate::ledger::token::{Origin, TokenState};

use super::Views;
use super::entity::{allocation, token};
use super::error::ViewsError;
use super::fields::number;

impl Views {
    /// Allocations whose amount is not the sum of the unspent tokens that it made.
    pub async fn identity_breaks(&self) -> Result<Vec<AllocationId>, ViewsError> {
        let failed = ViewsError::read("sums of tokens by allocation");
        let mut select = Query::select();
        select
            .column((token::Entity, token::Column::Allocation))
            .expr_as(Expr::cust("CAST(SUM(amount) AS BIGINT)"), "total")
            .from(token::Entity)
            .and_where(Expr::col(token::Column::SpentBy).is_null())
            .and_where(Expr::col(token::Column::Origin).eq(number(Origin::Allocation.number())))
            .group_by_col((token::Entity, token::Column::Allocation));
        let rows = self.readers.query_all(&select).await.map_err(failed)?;
        let mut sums: BTreeMap<i64, i64> = BTreeMap::new();
        for row in rows {
            let read = |name| row.try_get::<i64>("", name).map_err(ViewsError::read("a sum of tokens"));
            sums.insert(read("allocation")?, read("total")?);
        }
        let mut stated = Query::select();
        stated.columns([allocation::Column::Id, allocation::Column::Amount]).from(allocation::Entity);
        let failed = ViewsError::read("the amounts of allocations");
        let mut breaks = Vec::new();
        for row in self.readers.query_all(&stated).await.map_err(failed)? {
            let read = |name| row.try_get::<i64>("", name).map_err(ViewsError::read("an allocation"));
            let (id, amount) = (read("id")?, read("amount")?);
            if sums.remove(&id).unwrap_or(0) != amount {
                breaks.push(id);
            }
        }
        // Tokens of an allocation that is not there.
        breaks.extend(sums.into_keys());
        Ok(breaks.into_iter().filter_map(Place::from_key).map(AllocationId).collect())
    }

    /// Currencies whose stated total is not the sum of all unspent tokens.
    pub async fn total_breaks(&self) -> Result<Vec<Currency>, ViewsError> {
        let mut select = Query::select();
        select
            .column((allocation::Entity, allocation::Column::Currency))
            .expr_as(Expr::cust("CAST(SUM(tokens.amount) AS BIGINT)"), "total")
            .from(token::Entity)
            .inner_join(
                allocation::Entity,
                Expr::col((allocation::Entity, allocation::Column::Id))
                    .equals((token::Entity, token::Column::Allocation)),
            )
            .and_where(Expr::col((token::Entity, token::Column::SpentBy)).is_null())
            .group_by_col((allocation::Entity, allocation::Column::Currency));
        let mut sums: BTreeMap<String, i64> = BTreeMap::new();
        for row in self.readers.query_all(&select).await.map_err(ViewsError::read("sums of tokens by currency"))? {
            let failed = ViewsError::read("a sum of tokens");
            let currency = row.try_get("", "currency").map_err(failed)?;
            sums.insert(currency, row.try_get("", "total").map_err(ViewsError::read("a sum of tokens"))?);
        }
        let mut breaks = Vec::new();
        for (currency, total) in self.load_resident().await?.totals {
            if sums.remove(currency.code()).unwrap_or(0) != total {
                breaks.push(currency);
            }
        }
        // Tokens in a currency without a total.
        breaks.extend(sums.keys().filter_map(|code| Currency::parse(code)));
        Ok(breaks)
    }

    /// Money in transit by the time it falls due.
    pub async fn due_amounts(&self) -> Result<BTreeMap<Millis, i64>, ViewsError> {
        let mut select = Query::select();
        select
            .column(token::Column::Due)
            .expr_as(Expr::cust("CAST(SUM(amount) AS BIGINT)"), "total")
            .from(token::Entity)
            .and_where(Expr::col(token::Column::SpentBy).is_null())
            .and_where(Expr::col(token::Column::State).eq(number(TokenState::InTransit.number())))
            .and_where(Expr::col(token::Column::Due).is_not_null())
            .group_by_col(token::Column::Due);
        let rows = self.readers.query_all(&select).await.map_err(ViewsError::read("what falls due"))?;
        let mut due = BTreeMap::new();
        for row in rows {
            let read = |name| row.try_get::<i64>("", name).map_err(ViewsError::read("what falls due"));
            due.insert(Millis(read("due")?), read("total")?);
        }
        Ok(due)
    }
}
