//! Sums over tokens and hops, grouped by the database, for any moment of the chain.
//!
//! A sum can pass 64 bits although no amount does, so each is asked for in two halves and put
//! together here: the amounts over 2^32, and what remains of them.

use std::collections::BTreeMap;

use sea_orm::sea_query::{
    CommonTableExpression, Condition, Expr, ExprTrait, Func, IntoColumnRef, Query, SelectStatement, UnionType,
    WithClause,
};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, QueryResult, StatementBuilder};

use crate::ledger::ids::{Place, ProgrammeId, TokenId};
use crate::ledger::money::Currency;
use crate::ledger::selection::{GroupBy, GroupKey, MoneyFilter};
use crate::ledger::statement::{HopSums, Statement};
use crate::ledger::time::Millis;
use crate::ledger::token::{HopKind, Origin, TokenState};

use super::Views;
use super::entity::{allocation, area, hop, token};
use super::error::ViewsError;
use super::fields::{Columns, index, number, sought};
use super::hop_figures;
use super::lists::areas_under;

/// The halves of a sum meet here.
const HALF: i64 = 1 << 32;

/// A sum of unspent tokens of one group, currency, origin and state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenSum {
    /// The group.
    pub group: GroupKey,
    /// The currency.
    pub currency: Currency,
    /// Where the money came from.
    pub origin: Origin,
    /// Where it is.
    pub state: TokenState,
    /// In transit past its due time.
    pub overdue: bool,
    /// Minor units.
    pub amount: i128,
}

impl Views {
    /// Sums over the tokens that were unspent after so many entries of the chain, in order of
    /// group, currency, origin and state; overdue is judged at a moment.
    pub async fn token_sums(
        &self,
        filter: &MoneyFilter,
        group_by: GroupBy,
        as_of_entries: u64,
        at: Millis,
    ) -> Result<Vec<TokenSum>, ViewsError> {
        let mut select = token_select(at);
        select.from(token::Entity).cond_where(unspent(as_of_entries));
        join_allocation(&mut select, filter, col(token::Column::Allocation));
        narrow(&mut select, filter, col(token::Column::Accountable), col(token::Column::Area));
        if let Some(first) = filter.allocation.and_then(|id| Place::new(id.0.entry(), 0)) {
            // Nothing of an allocation is older than it is.
            select.and_where(col(token::Column::Id).gte(first.to_key()));
        }
        let columns = [token::Column::Accountable, token::Column::Area, token::Column::HopKind].map(col);
        group(&mut select, group_by, columns);
        self.read_token_sums(&select, group_by).await
    }

    /// The statement of each group: its token sums put into their classes.
    pub async fn statements(
        &self,
        filter: &MoneyFilter,
        group_by: GroupBy,
        as_of_entries: u64,
        at: Millis,
    ) -> Result<Vec<(GroupKey, Currency, Statement)>, ViewsError> {
        let mut groups: BTreeMap<(GroupKey, Currency), Statement> = BTreeMap::new();
        for sum in self.token_sums(filter, group_by, as_of_entries, at).await? {
            let statement = groups.entry((sum.group, sum.currency)).or_default();
            statement.add(sum.origin, sum.state, sum.overdue, sum.amount);
        }
        Ok(groups.into_iter().map(|((group, currency), statement)| (group, currency, statement)).collect())
    }

    /// Sums over a token and all that was made from it, as far as unspent after so many entries.
    pub async fn descendant_sums(
        &self,
        token: TokenId,
        as_of_entries: u64,
        at: Millis,
    ) -> Result<Vec<TokenSum>, ViewsError> {
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
        let mut select = token_select(at);
        select
            .from(line)
            .inner_join(token::Entity, col(token::Column::Id).equals((line, "id")))
            .cond_where(unspent(as_of_entries));
        join_allocation(&mut select, &MoneyFilter::default(), col(token::Column::Allocation));
        group(
            &mut select,
            GroupBy::Nothing,
            [token::Column::Accountable, token::Column::Area, token::Column::HopKind].map(col),
        );
        let with = WithClause::new().recursive(true).cte(descendants).to_owned();
        self.read_token_sums(&select.with(with), GroupBy::Nothing).await
    }

    /// Sums over hops as they stood after so many entries of the chain, in order of group and
    /// currency; overdue is judged at a moment. The same sums as [`HopSums::add_hop`].
    pub async fn hop_sums(
        &self,
        filter: &MoneyFilter,
        group_by: GroupBy,
        as_of_entries: u64,
        at: Millis,
    ) -> Result<Vec<(GroupKey, Currency, HopSums)>, ViewsError> {
        let mut select = Query::select();
        for (figure, expr) in hop_figures::each(at) {
            sum_in_halves(&mut select, figure, expr);
        }
        let entries = index(as_of_entries);
        select
            .from(hop::Entity)
            .and_where(col(hop::Column::Version).lt(entries))
            .and_where(col(hop::Column::Ended).is_null().or(col(hop::Column::Ended).gte(entries)));
        join_allocation(&mut select, filter, col(hop::Column::Allocation));
        narrow(&mut select, filter, col(hop::Column::Accountable), col(hop::Column::Area));
        group(&mut select, group_by, [hop::Column::Accountable, hop::Column::Area, hop::Column::Kind].map(col));
        let mut sums: BTreeMap<(GroupKey, Currency), HopSums> = BTreeMap::new();
        let failed = ViewsError::read("sums of hops");
        let rows = self.readers.query_all(&select).await.map_err(&failed)?;
        let groups = self.groups(group_by).await?;
        for row in rows {
            let key = (groups.read(&row)?, read_currency(&row)?);
            sums.entry(key).or_default().add_all(&hop_figures::read(&row).map_err(&failed)?);
        }
        Ok(sums.into_iter().map(|((group, currency), sums)| (group, currency, sums)).collect())
    }

    async fn read_token_sums<S: StatementBuilder + Sync>(
        &self,
        select: &S,
        group_by: GroupBy,
    ) -> Result<Vec<TokenSum>, ViewsError> {
        let failed = ViewsError::read("sums of tokens");
        let mut sums: BTreeMap<(GroupKey, Currency, Origin, TokenState, bool), i128> = BTreeMap::new();
        let rows = self.readers.query_all(select).await.map_err(&failed)?;
        let groups = self.groups(group_by).await?;
        let columns = Columns("tokens");
        for row in rows {
            let number = |name: &str| row.try_get::<i64>("", name).map_err(&failed);
            let origin = columns.named("origin", number("g_origin")?, Origin::from_number)?;
            let state = columns.named("state", number("g_state")?, TokenState::from_number)?;
            let key = (groups.read(&row)?, read_currency(&row)?, origin, state, number("g_overdue")? != 0);
            *sums.entry(key).or_default() += read_sum(&row, "amount").map_err(&failed)?;
        }
        let sum = |((group, currency, origin, state, overdue), amount)| TokenSum {
            group,
            currency,
            origin,
            state,
            overdue,
            amount,
        };
        Ok(sums.into_iter().map(sum).collect())
    }

    /// What is needed to read groups: for areas their paths, which are read after the sums, so
    /// that every area of a sum has one.
    async fn groups(&self, by: GroupBy) -> Result<Groups, ViewsError> {
        let mut areas = BTreeMap::new();
        if let GroupBy::Area { level } = by {
            let rows = area::Entity::find().all(&self.readers).await.map_err(ViewsError::read("areas"))?;
            // A level deeper than any address space is no cut at all.
            let level = usize::try_from(level).unwrap_or(usize::MAX);
            areas = rows.into_iter().map(|row| (row.id, cut(&row.path, level).to_owned())).collect();
        }
        Ok(Groups { by, areas })
    }
}

/// The first names of a path.
fn cut(path: &str, level: usize) -> &str {
    match level.checked_sub(1) {
        None => "",
        Some(last) => path.match_indices('/').nth(last).map_or(path, |(end, _)| &path[..end]),
    }
}

struct Groups {
    by: GroupBy,
    areas: BTreeMap<i64, String>,
}

impl Groups {
    fn read(&self, row: &QueryResult) -> Result<GroupKey, ViewsError> {
        let failed = ViewsError::read("the group of a sum");
        let columns = Columns("tokens");
        let number = || row.try_get::<i64>("", "g_key").map_err(&failed);
        let text = || row.try_get::<String>("", "g_key").map_err(&failed);
        Ok(match self.by {
            GroupBy::Nothing => GroupKey::Nothing,
            GroupBy::Programme => GroupKey::Programme(ProgrammeId(columns.place("allocation", number()?)?)),
            GroupBy::Cycle => GroupKey::Cycle(text()?),
            GroupBy::Purpose => GroupKey::Purpose(text()?),
            GroupBy::Party => GroupKey::Party(columns.party("accountable", number()?)?),
            GroupBy::Area { .. } => {
                let path = self.areas.get(&number()?).cloned();
                GroupKey::Area(columns.parsed("area", path)?)
            }
            GroupBy::HopKind => {
                let kind = row.try_get::<Option<i64>>("", "g_key").map_err(&failed)?;
                GroupKey::HopKind(columns.maybe_named("hop_kind", kind, HopKind::from_number)?)
            }
        })
    }
}

/// A column with its table.
pub(super) fn col<C: sea_orm::ColumnTrait>(column: C) -> Expr {
    Expr::col(column.as_column_ref().into_column_ref())
}

fn token_select(at: Millis) -> SelectStatement {
    let in_transit = col(token::Column::State).eq(number(TokenState::InTransit.number()));
    let overdue = in_transit.and(col(token::Column::Due).lt(at.0));
    let mut select = Query::select();
    select
        .expr_as(col(token::Column::Origin), "g_origin")
        .expr_as(col(token::Column::State), "g_state")
        .expr_as(Expr::case(overdue, 1_i64).finally(0_i64), "g_overdue");
    sum_in_halves(&mut select, "amount", col(token::Column::Amount));
    select.group_by_columns(["g_origin", "g_state", "g_overdue"]);
    select
}

/// Made by then and not yet spent.
fn unspent(as_of_entries: u64) -> Condition {
    let entries = index(as_of_entries);
    let made = Place::new(as_of_entries, 0).map(|next| col(token::Column::Id).lt(next.to_key()));
    let spent_by = col(token::Column::SpentBy);
    Condition::all().add_option(made).add(spent_by.clone().is_null().or(spent_by.gte(entries)))
}

fn join_allocation(select: &mut SelectStatement, filter: &MoneyFilter, of: Expr) {
    use allocation::Column;
    select.inner_join(allocation::Entity, col(Column::Id).eq(of));
    select.expr_as(col(Column::Currency), "g_currency").add_group_by([Expr::col("g_currency")]);
    let all = Condition::all()
        .add_option(filter.programme.map(|id| col(Column::Programme).eq(id.0.to_key())))
        .add_option(filter.cycle.as_deref().map(|cycle| col(Column::Cycle).eq(sought(cycle))))
        .add_option(filter.purpose.as_deref().map(|purpose| col(Column::Purpose).eq(sought(purpose))))
        .add_option(filter.currency.map(|currency| col(Column::Currency).eq(currency.code())))
        .add_option(filter.allocation.map(|id| col(Column::Id).eq(id.0.to_key())));
    select.cond_where(all);
}

fn narrow(select: &mut SelectStatement, filter: &MoneyFilter, accountable: Expr, area: Expr) {
    let all = Condition::all()
        .add_option(filter.party.map(|party| accountable.eq(party.0.to_key())))
        .add_option(filter.area.as_deref().and_then(areas_under).map(|under| area.in_subquery(under)));
    select.cond_where(all);
}

fn group(select: &mut SelectStatement, by: GroupBy, [accountable, area, kind]: [Expr; 3]) {
    let key = match by {
        GroupBy::Nothing => return,
        GroupBy::Programme => col(allocation::Column::Programme),
        GroupBy::Cycle => col(allocation::Column::Cycle),
        GroupBy::Purpose => col(allocation::Column::Purpose),
        GroupBy::Party => accountable,
        GroupBy::Area { .. } => area,
        GroupBy::HopKind => kind,
    };
    select.expr_as(key, "g_key").add_group_by([Expr::col("g_key")]);
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

fn read_currency(row: &QueryResult) -> Result<Currency, ViewsError> {
    let code: String = row.try_get("", "g_currency").map_err(ViewsError::read("the currency of a sum"))?;
    Columns("allocations").currency("currency", &code)
}
