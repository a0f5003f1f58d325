//! `recipient` and `recipients`.

use async_graphql::{Context, ID, InputObject, Object, Result};

use crate::api::id;
use crate::api::page::{Args, List, connection, cost};
use crate::api::query::filter;
use crate::api::request::api;
use crate::api::types::recipient::Recipient;
use crate::ledger::registry::PartyKind;
use crate::ledger::selection::PartyFilter;
use crate::service::lists::place_number;

connection! {
    /// A page of recipients. Added in 0.1.0.
    RecipientConnection,
    /// A recipient with its cursor. Added in 0.1.0.
    RecipientEdge,
    Recipient
}

/// Which recipients are meant; all fields are optional and must all fit. Added in 0.1.0.
#[derive(InputObject, Default)]
pub struct RecipientFilter {
    /// An area as a path of names, with everything under it.
    area: Option<String>,
    /// A part of the label, without regard to case.
    text: Option<String>,
}

/// The group of fields about recipients.
#[derive(Default)]
pub struct RecipientQuery;

#[Object]
impl RecipientQuery {
    /// A recipient by its id or UUID; null when there is none that may be seen. Added in 0.1.0.
    async fn recipient(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id (`rcp_...`, `prt_...`) or UUID.")] id: ID,
    ) -> Result<Option<Recipient>> {
        let api = api(ctx)?;
        let reader = api.reader()?;
        let found = api.node.party_by_id(id::party(&id)?);
        Ok(found.filter(|it| it.kind == PartyKind::Recipient && reader.may_see_party(it)).map(Recipient))
    }

    /// Recipients, in order of their enrolment. Added in 0.1.0.
    #[graphql(complexity = "cost(first, last) * child_complexity")]
    async fn recipients(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones; all when left out.")] filter: Option<RecipientFilter>,
        #[graphql(desc = "How many from the start: 1 to 100, default 20.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor; goes with `first`.")] after: Option<String>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor; goes with `last`.")] before: Option<String>,
    ) -> Result<RecipientConnection> {
        let api = api(ctx)?;
        let page = Args { first, after, last, before }.read(api, List::Recipients)?;
        let only = api.reader()?.only().map(|own| vec![own]);
        let RecipientFilter { area, text } = filter.unwrap_or_default();
        let filter = PartyFilter { kind: Some(PartyKind::Recipient), area, text: filter::text(text), only };
        let rows = page.rows(api.node.parties_list(&filter, page.window(false)), |party| place_number(party.key.0));
        let rows = rows.counted_now(ctx, || api.node.parties_count(&filter));
        Ok(RecipientConnection::new(rows, Recipient))
    }
}
