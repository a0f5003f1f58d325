//! `case` and `cases`.

use async_graphql::{Context, ID, InputObject, Object, Result};

use crate::api::id;
use crate::api::page::{Args, List, ListOrder, connection, cost};
use crate::api::query::filter;
use crate::api::request::api;
use crate::api::types::case::Case;
use crate::api::types::names::CaseState;
use crate::ledger::selection;
use crate::service::lists::place_number;

connection! {
    /// A page of cases. Added in 0.1.0.
    CaseConnection,
    /// A case with its cursor. Added in 0.1.0.
    CaseEdge,
    Case
}

/// Which cases are meant; all fields are optional and must all fit. Added in 0.1.0.
#[derive(InputObject, Default)]
pub struct CaseFilter {
    /// How far it is.
    state: Option<CaseState>,
    /// The rule of its finding, such as `L01`.
    rule: Option<String>,
    /// The party that is held responsible, by its id (`prt_...`) or UUID.
    accused: Option<ID>,
    /// Only those whose next step was due before the moment of this request.
    #[graphql(default = false)]
    overdue: bool,
}

/// The group of fields about cases.
#[derive(Default)]
pub struct CaseQuery;

#[Object]
impl CaseQuery {
    /// A case by its id; null when there is none that may be seen. Added in 0.1.0.
    async fn case(&self, ctx: &Context<'_>, #[graphql(desc = "Its id: `case_...`.")] id: ID) -> Result<Option<Case>> {
        api(ctx)?.viewer()?;
        Case::by_id(ctx, id::case(&id)?)
    }

    /// Cases; none for who may see only their own money. Added in 0.1.0.
    #[expect(clippy::too_many_arguments, reason = "each is an argument of the field")]
    #[graphql(complexity = "cost(first, last) * child_complexity")]
    async fn cases(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones; all when left out.")] filter: Option<CaseFilter>,
        #[graphql(desc = "In which order; `NEWEST_FIRST` when left out.")] order: Option<ListOrder>,
        #[graphql(desc = "How many from the start: 1 to 100, default 20.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor; goes with `first`.")] after: Option<String>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor; goes with `last`.")] before: Option<String>,
    ) -> Result<CaseConnection> {
        let api = api(ctx)?;
        let reader = api.reader()?;
        let page = Args { first, after, last, before }.read(api, List::Cases)?;
        let CaseFilter { state, rule, accused, overdue } = filter.unwrap_or_default();
        let accused = match filter::party(&api.node, accused.as_ref())? {
            Ok(accused) if reader.may_see_cases() => accused,
            _ => return Ok(CaseConnection::new(page.nothing(), Case)),
        };
        let overdue_at = if overdue { Some(api.moment().await?.at) } else { None };
        let filter = selection::CaseFilter { state: state.map(Into::into), rule, accused, overdue_at };
        let found = api.node.cases_list(&filter, page.window(ListOrder::is_newest_first(order)));
        let rows = page.rows(found, |case| place_number(case.id.0));
        Ok(CaseConnection::new(rows.counted_now(ctx, || api.node.cases_count(&filter)), Case))
    }
}
