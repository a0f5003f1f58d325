//! `statement` and `leakageReport`.

use async_graphql::{Context, ID, InputObject, Object, Result};

use crate::api::error::{bad_input, forbidden};
use crate::api::query::filter;
use crate::api::request::{Api, api};
use crate::api::scalar::{CurrencyCode, DateTime};
use crate::api::types::report::{LeakageReport, ReportGroupBy};
use crate::api::types::statement::Statement;
use crate::ledger::selection::{self, GroupBy};
use crate::limits::SUM_WEIGHT;
use crate::service::reads::Moment;

/// Which money is meant; all fields are optional and must all fit. Programme, cycle and purpose
/// are those of its allocation. A programme or party that is not there is an error. Added in
/// 0.1.0.
#[derive(InputObject, Default)]
pub struct MoneyFilter {
    /// The programme, by its id (`prg_...`) or code.
    programme: Option<ID>,
    /// The label of the payment period.
    cycle: Option<String>,
    /// The purpose.
    purpose: Option<String>,
    /// The accountable party, by its id (`prt_...`) or UUID: the last that signed for holding
    /// the money.
    party: Option<ID>,
    /// An area as a path of names (`province/county/township`), with everything under it.
    area: Option<String>,
    /// The currency; needed where the money is in several.
    currency: Option<CurrencyCode>,
}

impl MoneyFilter {
    /// Money of a cycle, a purpose and an area.
    pub fn of_area(cycle: Option<String>, purpose: Option<String>, area: Option<String>) -> Self {
        Self { cycle, purpose, area, ..Self::default() }
    }
}

/// Names deep that areas are told apart when nobody says how deep.
pub const AREA_LEVEL_DEFAULT: i32 = 1;

/// The group of fields that sum money.
#[derive(Default)]
pub struct ReportQuery;

#[Object]
impl ReportQuery {
    /// Where a set of money is, at one moment. Without such money every amount is zero, in the
    /// currency of the filter, of its programme, or else the only one of the chain's money; when
    /// that has several currencies, or there is no money at all, the statement is null. The error
    /// `MIXED_CURRENCIES` when the money is in several. One document has room for fewer than ten
    /// statements and reports. Added in 0.1.0.
    #[graphql(complexity = "SUM_WEIGHT + child_complexity")]
    async fn statement(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which money; all when left out.")] filter: Option<MoneyFilter>,
        #[graphql(desc = "The moment, not later than the last block; that when left out.")] as_of: Option<DateTime>,
    ) -> Result<Option<Statement>> {
        let api = api(ctx)?;
        may_sum(api)?;
        let filter = read(api, filter)?;
        let moment = moment(api, as_of).await?;
        let found = api.node.statement(&filter, moment).await?;
        Ok(found.map(|found| Statement::new(found.currency, found.statement)))
    }

    /// Where money is and where it was lost, by group, at one moment. One document has room for
    /// fewer than ten statements and reports. Added in 0.1.0.
    #[graphql(complexity = "SUM_WEIGHT + child_complexity")]
    async fn leakage_report(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which money; all when left out.")] filter: Option<MoneyFilter>,
        #[graphql(desc = "How to group it.")] group_by: ReportGroupBy,
        #[graphql(
            desc = "With `AREA`: how many names of an area's path are told apart: 1 to 2,147,483,647, default 1."
        )]
        area_level: Option<i32>,
        #[graphql(desc = "The moment, not later than the last block; that when left out.")] as_of: Option<DateTime>,
    ) -> Result<LeakageReport> {
        let api = api(ctx)?;
        may_sum(api)?;
        let by = grouping(group_by, area_level)?;
        let filter = read(api, filter)?;
        let moment = moment(api, as_of).await?;
        let report = api.node.report(&filter, by, moment).await?;
        Ok(LeakageReport::new(report, filter, by))
    }
}

/// Sums are over the money of many.
pub fn may_sum(api: &Api) -> Result<()> {
    if api.reader()?.may_see_totals() {
        return Ok(());
    }
    Err(forbidden("a recipient sees their own money only: see `hops` and `tokens`"))
}

/// The moment that is asked about.
pub async fn moment(api: &Api, as_of: Option<DateTime>) -> Result<Moment> {
    match as_of {
        None => Ok(api.moment().await?),
        Some(DateTime(at)) => {
            api.settle().await;
            Ok(api.node.moment(Some(at)).await?)
        }
    }
}

fn grouping(by: ReportGroupBy, area_level: Option<i32>) -> Result<GroupBy> {
    if area_level.is_some() && by != ReportGroupBy::Area {
        return Err(bad_input("`areaLevel` goes with `groupBy: AREA`"));
    }
    Ok(match by {
        ReportGroupBy::Programme => GroupBy::Programme,
        ReportGroupBy::Cycle => GroupBy::Cycle,
        ReportGroupBy::Purpose => GroupBy::Purpose,
        ReportGroupBy::Party => GroupBy::Party,
        ReportGroupBy::HopKind => GroupBy::HopKind,
        ReportGroupBy::Area => match u32::try_from(area_level.unwrap_or(AREA_LEVEL_DEFAULT)) {
            Ok(level) if level > 0 => GroupBy::Area { level },
            _ => return Err(bad_input("`areaLevel` is at least 1")),
        },
    })
}

/// The filter with what it names looked up; an error when that is not there.
pub fn read(api: &Api, filter: Option<MoneyFilter>) -> Result<selection::MoneyFilter> {
    let filter = filter.unwrap_or_default();
    filter::texts([&filter.cycle, &filter.purpose, &filter.area])?;
    let programme = filter::known_programme(&api.node, filter.programme.as_ref())?;
    let party = filter::known_party(&api.node, filter.party.as_ref())?;
    Ok(selection::MoneyFilter {
        programme,
        cycle: filter.cycle,
        purpose: filter.purpose,
        party,
        area: filter.area,
        currency: filter.currency.map(|code| code.0),
    })
}
