//! `party` and `parties`.

use async_graphql::{Context, ID, InputObject, Object, Result};

use crate::api::id;
use crate::api::page::{Args, List, connection, cost};
use crate::api::query::filter;
use crate::api::request::api;
use crate::api::types::names::PartyKind;
use crate::api::types::party::Party;
use crate::ledger::selection;
use crate::service::lists::place_number;

connection! {
    /// A page of parties. Added in 0.1.0.
    PartyConnection,
    /// A party with its cursor. Added in 0.1.0.
    PartyEdge,
    Party
}

/// Which parties are meant; all fields are optional and must all fit. Added in 0.1.0.
#[derive(InputObject, Default)]
pub struct PartyFilter {
    /// What they are.
    kind: Option<PartyKind>,
    /// An area as a path of names, with everything under it.
    area: Option<String>,
    /// A part of what people call them, without regard to case.
    text: Option<String>,
}

/// The group of fields about parties.
#[derive(Default)]
pub struct PartyQuery;

#[Object]
impl PartyQuery {
    /// A party by its id or UUID; null when there is none that may be seen. Added in 0.1.0.
    async fn party(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id (`prt_...`) or UUID.")] id: ID,
    ) -> Result<Option<Party>> {
        let api = api(ctx)?;
        let reader = api.reader()?;
        let found = api.node.party_by_id(id::party(&id)?);
        Ok(found.filter(|party| reader.may_see_party(party)).map(Party))
    }

    /// Parties, recipients among them, in order of their registration. Added in 0.1.0.
    #[graphql(complexity = "cost(first, last) * child_complexity")]
    async fn parties(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones; all when left out.")] filter: Option<PartyFilter>,
        #[graphql(desc = "How many from the start: 1 to 100, default 20.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor; goes with `first`.")] after: Option<String>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor; goes with `last`.")] before: Option<String>,
    ) -> Result<PartyConnection> {
        let api = api(ctx)?;
        let page = Args { first, after, last, before }.read(api, List::Parties)?;
        let filter = filter.unwrap_or_default();
        let only = api.reader()?.only().map(|own| vec![own]);
        let filter = selection::PartyFilter {
            kind: filter.kind.map(Into::into),
            area: filter.area,
            text: filter::text(filter.text),
            only,
        };
        let rows = page.rows(api.node.parties_list(&filter, page.window(false)), |party| place_number(party.key.0));
        let rows = rows.counted_now(ctx, || api.node.parties_count(&filter));
        Ok(PartyConnection::new(rows, Party))
    }
}
