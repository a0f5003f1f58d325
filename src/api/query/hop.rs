//! `hop` and `hops`.

use async_graphql::{Context, ID, InputObject, Object, Result};

use crate::api::id;
use crate::api::page::{Args, List, cost};
use crate::api::query::filter;
use crate::api::request::api;
use crate::api::types::hop::{Hop, HopConnection, hops};
use crate::api::types::names::{HopKind, HopState};
use crate::ledger::selection;

/// Which hops are meant; all fields are optional and must all fit. Added in 0.1.0.
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
    /// Only those that are overdue at the moment of this request.
    #[graphql(default = false)]
    overdue: bool,
    /// Only those that their receiver has yet to answer; a bank may have answered.
    #[graphql(default = false)]
    unanswered: bool,
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

    /// Hops, newest first. Added in 0.1.0.
    #[graphql(complexity = "cost(first, last) * child_complexity")]
    async fn hops(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones; all when left out.")] filter: Option<HopFilter>,
        #[graphql(desc = "How many from the start: 1 to 100, default 20.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor; goes with `first`.")] after: Option<String>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor; goes with `last`.")] before: Option<String>,
    ) -> Result<HopConnection> {
        let api = api(ctx)?;
        api.viewer()?;
        let args = Args { first, after, last, before };
        let filter = filter.unwrap_or_default();
        let allocation = filter.allocation.as_ref().map(|id| id::allocation(id)).transpose()?;
        let named = (
            filter::party(&api.node, filter.from.as_ref())?,
            filter::party(&api.node, filter.to.as_ref())?,
            filter::party(&api.node, filter.party.as_ref())?,
            filter::programme(&api.node, filter.programme.as_ref())?,
        );
        let (Ok(from), Ok(to), Ok(party), Ok(programme)) = named else {
            return Ok(HopConnection::new(args.read(api, List::Hops)?.rows(Vec::new(), |_| 0), Hop));
        };
        let overdue_at = if filter.overdue { Some(api.moment().await?.at) } else { None };
        let filter = selection::HopFilter {
            from,
            to,
            party,
            state: filter.state.map(Into::into),
            kind: filter.kind.map(Into::into),
            allocation,
            programme,
            cycle: filter.cycle,
            overdue_at,
            unanswered: false,
            awaits_receiver: filter.unanswered,
        };
        hops(ctx, filter, args).await
    }
}
