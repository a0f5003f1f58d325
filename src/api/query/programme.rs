//! `programme` and `programmes`.

use async_graphql::{Context, ID, InputObject, Object, Result};

use crate::api::page::{Args, List, connection, cost};
use crate::api::query::filter;
use crate::api::request::api;
use crate::api::scalar::CurrencyCode;
use crate::api::types::programme::Programme;
use crate::ledger::selection;
use crate::service::lists::place_number;

connection! {
    /// A page of programmes. Added in 0.1.0.
    ProgrammeConnection,
    /// A programme with its cursor. Added in 0.1.0.
    ProgrammeEdge,
    Programme
}

/// Which programmes are meant; all fields are optional and must all fit. Added in 0.1.0.
#[derive(InputObject, Default)]
pub struct ProgrammeFilter {
    /// The treasury that owns it, by its id (`prt_...`) or UUID.
    owner: Option<ID>,
    /// The currency of its money.
    currency: Option<CurrencyCode>,
    /// A part of its code or of what people call it, without regard to case.
    text: Option<String>,
}

/// The group of fields about programmes.
#[derive(Default)]
pub struct ProgrammeQuery;

#[Object]
impl ProgrammeQuery {
    /// A programme by its id or code; null when there is none. Added in 0.1.0.
    async fn programme(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id (`prg_...`) or code.")] id: ID,
    ) -> Result<Option<Programme>> {
        let api = api(ctx)?;
        api.viewer()?;
        match filter::programme(&api.node, Some(&id))? {
            Ok(Some(id)) => Programme::by_id(ctx, id),
            _ => Ok(None),
        }
    }

    /// Programmes, in order of their definition. Added in 0.1.0.
    #[graphql(complexity = "cost(first, last) * child_complexity")]
    async fn programmes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones; all when left out.")] filter: Option<ProgrammeFilter>,
        #[graphql(desc = "How many from the start: 1 to 100, default 20.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor; goes with `first`.")] after: Option<String>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor; goes with `last`.")] before: Option<String>,
    ) -> Result<ProgrammeConnection> {
        let api = api(ctx)?;
        api.viewer()?;
        let page = Args { first, after, last, before }.read(api, List::Programmes)?;
        let filter = filter.unwrap_or_default();
        let Ok(owner) = filter::party(&api.node, filter.owner.as_ref())? else {
            return Ok(ProgrammeConnection::new(page.nothing(), Programme));
        };
        let currency = filter.currency.map(|code| code.0);
        let filter = selection::ProgrammeFilter { owner, currency, text: filter::text(filter.text) };
        let found = api.node.programmes_list(&filter, page.window(false));
        let rows = page.rows(found, |programme| place_number(programme.id.0));
        let rows = rows.counted_now(ctx, || api.node.programmes_count(&filter));
        Ok(ProgrammeConnection::new(rows, Programme))
    }
}
