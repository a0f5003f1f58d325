//! What a node that starts wants to know of the views before it trusts them.

use std::collections::BTreeMap;

use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ConnectionTrait, DbErr, QueryResult};

use crate::ledger::cell::{Adding, FundId, Sheet};
use crate::ledger::ids::{AllocationId, Place, ProgrammeId};
use crate::ledger::money::Currency;
use crate::ledger::state::Tables;
use crate::ledger::statement::Statement;
use crate::ledger::time::Millis;
use crate::ledger::token::Origin;

use super::Views;
use super::entity::{allocation, token};
use super::error::ViewsError;
use super::fields::number;
use crate::store::dialect;

impl Views {
    /// Allocations whose amount is not the sum of the unspent tokens that it made. Reads every
    /// unspent token, which takes seconds for millions of them.
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
        let stated = Query::select()
            .columns([allocation::Column::Id, allocation::Column::Amount])
            .from(allocation::Entity)
            .take();
        let read = async {
            let tx = dialect::snapshot(&self.readers).await?;
            let (sums, stated) = (tx.query_all(&select).await?, tx.query_all(&stated).await?);
            tx.commit().await?;
            let pair = |row: &QueryResult, id, amount| Ok((row.try_get("", id)?, row.try_get("", amount)?));
            let sums: Result<BTreeMap<i64, i64>, DbErr> =
                sums.iter().map(|row| pair(row, "allocation", "total")).collect();
            let stated: Result<Vec<(i64, i64)>, DbErr> = stated.iter().map(|row| pair(row, "id", "amount")).collect();
            Ok((sums?, stated?))
        };
        let (mut sums, stated) = read.await.map_err(failed)?;
        let mut breaks: Vec<i64> = stated
            .into_iter()
            .filter(|(id, amount)| sums.remove(id).unwrap_or(0) != *amount)
            .map(|(id, _)| id)
            .collect();
        // Tokens of an allocation that is not there.
        breaks.extend(sums.into_keys());
        Ok(breaks.into_iter().filter_map(Place::from_key).map(AllocationId).collect())
    }

    /// Where the cells in memory contradict each other or the tables that were loaded with them: both
    /// sides of every cell's statement are equal, every sheet holds the same money, the cells of a
    /// programme and cycle hold what was allocated to them, and those of a currency all its money.
    pub fn contradiction(&self, tables: &Tables) -> Option<String> {
        let cells = self.cells();
        let mut sheets: BTreeMap<Sheet, BTreeMap<FundId, (i128, i128)>> = BTreeMap::new();
        for (number, (key, bytes)) in cells.each().enumerate() {
            let mut standing = Adding::default();
            let statement = standing.add(bytes, Millis::MIN).map(|()| standing.sums().statement);
            let Some(statement) = statement.filter(Statement::closes) else {
                return Some(format!("the statement of cell {number} does not close"));
            };
            let held = sheets.entry(key.sheet).or_default().entry(key.fund).or_default();
            held.0 += statement.allocated;
            held.1 += statement.surplus;
        }
        let finest = sheets.remove(&Sheet::FINEST).unwrap_or_default();
        if let Some((sheet, _)) = sheets.iter().find(|(_, funds)| **funds != finest) {
            return Some(format!("the cells of sheet {} do not add up to those of which it is made", sheet.number()));
        }
        let mut allocated: BTreeMap<(ProgrammeId, &str), i128> = BTreeMap::new();
        let mut totals: BTreeMap<Currency, i128> = BTreeMap::new();
        for (id, (of_allocations, surplus)) in finest {
            let fund = cells.fund(id);
            *allocated.entry((fund.programme, &fund.cycle)).or_default() += of_allocations;
            *totals.entry(fund.currency).or_default() += of_allocations + surplus;
        }
        for ((programme, cycle), set) in &tables.appropriations {
            let held = allocated.remove(&(*programme, cycle.as_str())).unwrap_or(0);
            if held != i128::from(set.allocated) {
                let stated = set.allocated;
                return Some(format!(
                    "programme {programme}, cycle {cycle} holds {held} and not the {stated} allocated"
                ));
            }
        }
        for (currency, total) in &tables.totals {
            if totals.remove(currency).unwrap_or(0) != i128::from(*total) {
                return Some(format!("all money in {currency} does not add up to its tokens"));
            }
        }
        let unknown = allocated.into_values().chain(totals.into_values()).any(|amount| amount != 0);
        unknown.then(|| "there is money that nobody allocated".to_owned())
    }
}
