//! `programme` and `programmes`.

use async_graphql::{Context, ID, Object, Result};

use crate::api::page::{Args, List, connection, cost};
use crate::api::query::filter;
use crate::api::request::api;
use crate::api::types::programme::Programme;
use crate::service::lists::place_number;

connection! {
    /// A page of programmes. Added in 0.1.0.
    ProgrammeConnection,
    /// A programme with its cursor. Added in 0.1.0.
    ProgrammeEdge,
    Programme
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

    /// All programmes, in order of their definition. Added in 0.1.0.
    #[graphql(complexity = "cost(first, last) * child_complexity")]
    async fn programmes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the start: 1 to 100, default 20.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor; goes with `first`.")] after: Option<String>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor; goes with `last`.")] before: Option<String>,
    ) -> Result<ProgrammeConnection> {
        let api = api(ctx)?;
        api.viewer()?;
        let page = Args { first, after, last, before }.read(api, List::Programmes)?;
        let rows = page.rows(api.node.programmes_list(page.window(false)), |programme| place_number(programme.id.0));
        let rows = rows.counted(ctx, async { Ok::<_, async_graphql::Error>(api.node.programmes_count()) }).await?;
        Ok(ProgrammeConnection::new(rows, Programme))
    }
}
