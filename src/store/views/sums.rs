//! Sums that the database adds up: over a token and all that was made from it.
//!
//! A sum can pass 64 bits although no amount does, so it is asked for in two halves and put
//! together here: the amounts over 2^32, and what remains of them.

use sea_orm::sea_query::{
    CommonTableExpression, Condition, Expr, ExprTrait, Func, IntoColumnRef, Query, SelectStatement, UnionType,
    WithClause,
};
use sea_orm::{ConnectionTrait, DbErr, QueryResult};

use crate::ledger::ids::{Place, TokenId};
use crate::ledger::statement::Statement;
use crate::ledger::time::Millis;
use crate::ledger::token::{Origin, TokenState};

use super::Views;
use super::entity::token;
use super::error::ViewsError;
use super::fields::{Columns, index, number};

/// The halves of a sum meet here.
const HALF: i64 = 1 << 32;

impl Views {
    /// The statement of a token and all that was made from it, as far as unspent after so many
    /// entries; overdue is judged at a moment.
    pub async fn descendants_statement(
        &self,
        token: TokenId,
        as_of_entries: u64,
        at: Millis,
    ) -> Result<Statement, ViewsError> {
        let line = "line";
        let mut tree = Query::select();
        tree.column(token::Column::Id).from(token::Entity).and_where(col(token::Column::Id).eq(token.0.to_key()));
        let children = Query::select()
            .expr(col(token::Column::Id))
            .from(token::Entity)
            .inner_join(line, col(token::Column::Parent).equals((line, "id")))
            .take();
        // A token has one parent at most, so no token is met twice.
        tree.union(UnionType::All, children);
        let mut descendants = CommonTableExpression::new();
        descendants.table_name(line).column("id").query(tree);
        let overdue =
            col(token::Column::State).eq(number(TokenState::InTransit.number())).and(col(token::Column::Due).lt(at.0));
        let mut select = Query::select()
            .expr_as(col(token::Column::Origin), "g_origin")
            .expr_as(col(token::Column::State), "g_state")
            .expr_as(Expr::case(overdue, 1_i64).finally(0_i64), "g_overdue")
            .group_by_columns(["g_origin", "g_state", "g_overdue"])
            .from(line)
            .inner_join(token::Entity, col(token::Column::Id).equals((line, "id")))
            .cond_where(unspent(as_of_entries))
            .take();
        sum_in_halves(&mut select, "amount", col(token::Column::Amount));
        let with = WithClause::new().recursive(true).cte(descendants).to_owned();
        let failed = ViewsError::read("sums of tokens");
        let columns = Columns("tokens");
        let mut statement = Statement::default();
        for row in self.readers.query_all(&select.with(with)).await.map_err(&failed)? {
            let number = |name: &str| row.try_get::<i64>("", name).map_err(&failed);
            let origin = columns.named("origin", number("g_origin")?, Origin::from_number)?;
            let state = columns.named("state", number("g_state")?, TokenState::from_number)?;
            let amount = read_sum(&row, "amount").map_err(&failed)?;
            statement.add(origin, state, number("g_overdue")? != 0, amount);
        }
        Ok(statement)
    }
}

/// A column with its table.
pub(super) fn col<C: sea_orm::ColumnTrait>(column: C) -> Expr {
    Expr::col(column.as_column_ref().into_column_ref())
}

/// Asks for a sum as `NAME_high` and `NAME_low`. Both databases cut a quotient towards zero
/// and give the rest the sign of what was divided.
pub(super) fn sum_in_halves(select: &mut SelectStatement, name: &'static str, amount: Expr) {
    let high = Func::sum(amount.clone().div(HALF)).cast_as("BIGINT");
    let low = Func::sum(amount.modulo(HALF)).cast_as("BIGINT");
    select.expr_as(high, format!("{name}_high")).expr_as(low, format!("{name}_low"));
}

pub(super) fn read_sum(row: &QueryResult, name: &str) -> Result<i128, DbErr> {
    let high: i64 = row.try_get("", &format!("{name}_high"))?;
    let low: i64 = row.try_get("", &format!("{name}_low"))?;
    Ok(i128::from(high) * i128::from(HALF) + i128::from(low))
}

/// Made by then and not yet spent.
fn unspent(as_of_entries: u64) -> Condition {
    let entries = index(as_of_entries);
    let made = Place::new(as_of_entries, 0).map(|next| col(token::Column::Id).lt(next.to_key()));
    let spent_by = col(token::Column::SpentBy);
    Condition::all().add_option(made).add(spent_by.clone().is_null().or(spent_by.gte(entries)))
}
