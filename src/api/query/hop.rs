//! `hop` and `hops`.

use async_graphql::{Context, ID, InputObject, Object, Result};

use crate::api::id;
use crate::api::page::{Args, List, ListOrder, cost};
use crate::api::query::filter::{self, Nothing};
use crate::api::request::{Api, api};
use crate::api::scalar::DateTime;
use crate::api::types::hop::{Hop, HopConnection, hops};
use crate::api::types::names::{HopKind, HopState};
use crate::ledger::selection;

use super::filter::Named;

/// Which hops are meant; all fields are optional and must all fit. `party`, `from`, `to` and the
/// span of time are found by an index; the others are looked for along the list. Added in 0.1.0.
#[derive(InputObject, Default)]
pub struct HopFilter {
    /// The sender, by its id (`prt_...`) or UUID.
    from: Option<ID>,
    /// The receiver, by its id (`prt_...`) or UUID.
    to: Option<ID>,
    /// The sender or the receiver, by its id (`prt_...`) or UUID.
    party: Option<ID>,
    /// How far it has come.
    state: Option<HopState>,
    /// What kind of pass it is.
    kind: Option<HopKind>,
    /// The allocation whose money it carries (`alc_...`).
    allocation: Option<ID>,
    /// The programme, by its id (`prg_...`) or code.
    programme: Option<ID>,
    /// The label of the payment period.
    cycle: Option<String>,
    /// The area that its money counts in, as a path of names (`province/county/township`), with
    /// everything under it.
    area: Option<String>,
    /// Recorded at this moment or later: the time of its block.
    recorded_from: Option<DateTime>,
    /// Recorded before this moment.
    recorded_to: Option<DateTime>,
    /// Only those that are overdue at the moment of this request.
    #[graphql(default = false)]
    overdue: bool,
    /// Only those that their receiver has yet to answer; a bank may have answered.
    #[graphql(default = false)]
    unanswered: bool,
}

impl HopFilter {
    /// The filter with what it names looked up.
    pub async fn read(self, api: &Api) -> Result<Named<selection::HopFilter>> {
        filter::texts([&self.cycle, &self.area])?;
        let allocation = self.allocation.as_ref().map(|id| id::allocation(id)).transpose()?;
        // Whose allocations are hidden cannot find out by one which money is of it.
        if allocation.is_some() && !api.reader()?.may_see_totals() {
            return Ok(Err(Nothing));
        }
        let named = (
            filter::party(&api.node, self.from.as_ref())?,
            filter::party(&api.node, self.to.as_ref())?,
            filter::party(&api.node, self.party.as_ref())?,
            filter::programme(&api.node, self.programme.as_ref())?,
        );
        let (Ok(from), Ok(to), Ok(party), Ok(programme)) = named else { return Ok(Err(Nothing)) };
        let overdue_at = if self.overdue { Some(api.moment().await?.at) } else { None };
        let opened = filter::span(api, self.recorded_from, self.recorded_to).await?;
        Ok(Ok(Some(selection::HopFilter {
            from,
            to,
            party,
            state: self.state.map(Into::into),
            kind: self.kind.map(Into::into),
            allocation,
            programme,
            cycle: self.cycle,
            area: self.area,
            opened,
            overdue_at,
            unanswered: false,
            awaits_receiver: self.unanswered,
        })))
    }
}

/// The group of fields about hops.
#[derive(Default)]
pub struct HopQuery;

#[Object]
impl HopQuery {
    /// A hop by its id; null when there is none that may be seen. Added in 0.1.0.
    async fn hop(&self, ctx: &Context<'_>, #[graphql(desc = "Its id: `hop_...`.")] id: ID) -> Result<Option<Hop>> {
        api(ctx)?.viewer()?;
        Hop::by_id(ctx, id::hop(&id)?).await
    }

    /// Hops. Added in 0.1.0.
    #[expect(clippy::too_many_arguments, reason = "each is an argument of the field")]
    #[graphql(complexity = "cost(first, last) * child_complexity")]
    async fn hops(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones; all when left out.")] filter: Option<HopFilter>,
        #[graphql(desc = "In which order; `NEWEST_FIRST` when left out.")] order: Option<ListOrder>,
        #[graphql(desc = "How many from the start: 1 to 100, default 20.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor; goes with `first`.")] after: Option<String>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor; goes with `last`.")] before: Option<String>,
    ) -> Result<HopConnection> {
        let api = api(ctx)?;
        api.viewer()?;
        let args = Args { first, after, last, before };
        match filter.unwrap_or_default().read(api).await? {
            Ok(filter) => hops(ctx, filter.unwrap_or_default(), order, args).await,
            Err(Nothing) => Ok(HopConnection::new(args.read(api, List::Hops)?.nothing(), Hop)),
        }
    }
}
