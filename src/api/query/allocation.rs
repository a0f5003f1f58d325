//! `allocation` and `allocations`.

use async_graphql::{Context, ID, InputObject, Object, Result};

use crate::api::id;
use crate::api::page::{Args, List, ListOrder, connection, cost};
use crate::api::query::filter;
use crate::api::request::api;
use crate::api::types::allocation::Allocation;
use crate::ledger::selection;
use crate::service::lists::place_number;

connection! {
    /// A page of allocations. Added in 0.1.0.
    AllocationConnection,
    /// An allocation with its cursor. Added in 0.1.0.
    AllocationEdge,
    Allocation
}

/// Which allocations are meant; all fields are optional and must all fit. Added in 0.1.0.
#[derive(InputObject, Default)]
pub struct AllocationFilter {
    /// The programme, by its id (`prg_...`) or code.
    programme: Option<ID>,
    /// The label of the payment period.
    cycle: Option<String>,
    /// What it is for.
    purpose: Option<String>,
    /// The treasury that allocated it, by its id (`prt_...`) or UUID.
    treasury: Option<ID>,
}

/// The group of fields about allocations.
#[derive(Default)]
pub struct AllocationQuery;

#[Object]
impl AllocationQuery {
    /// An allocation by its id; null when there is none that may be seen. Added in 0.1.0.
    async fn allocation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id: `alc_...`.")] id: ID,
    ) -> Result<Option<Allocation>> {
        api(ctx)?.viewer()?;
        Allocation::by_id(ctx, id::allocation(&id)?).await
    }

    /// Allocations. Added in 0.1.0.
    #[expect(clippy::too_many_arguments, reason = "each is an argument of the field")]
    #[graphql(complexity = "cost(first, last) * child_complexity")]
    async fn allocations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones; all when left out.")] filter: Option<AllocationFilter>,
        #[graphql(desc = "In which order; `NEWEST_FIRST` when left out.")] order: Option<ListOrder>,
        #[graphql(desc = "How many from the start: 1 to 100, default 20.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor; goes with `first`.")] after: Option<String>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor; goes with `last`.")] before: Option<String>,
    ) -> Result<AllocationConnection> {
        let api = api(ctx)?;
        let reader = api.reader()?;
        let page = Args { first, after, last, before }.read(api, List::Allocations)?;
        let filter = filter.unwrap_or_default();
        filter::texts([&filter.cycle, &filter.purpose])?;
        let programme = filter::programme(&api.node, filter.programme.as_ref())?;
        let treasury = filter::party(&api.node, filter.treasury.as_ref())?;
        let (Ok(programme), Ok(treasury), true) = (programme, treasury, reader.may_see_totals()) else {
            return Ok(AllocationConnection::new(page.nothing(), Allocation));
        };
        let filter = selection::AllocationFilter { programme, cycle: filter.cycle, purpose: filter.purpose, treasury };
        api.settle().await;
        let window = page.window(ListOrder::is_newest_first(order));
        let found = api.node.allocations_list(&filter, window).await?;
        let rows = page.rows(found, |allocation| place_number(allocation.id.0));
        Ok(AllocationConnection::new(rows.counted(ctx, api.node.allocations_count(&filter)).await?, Allocation))
    }
}
