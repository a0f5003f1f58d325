//! `operation` and `operations`.

use async_graphql::{Context, ID, InputObject, Object, Result};
use uuid::Uuid;

use crate::api::error::bad_input;
use crate::api::id::NodeId;
use crate::api::page::{Args, List, cost};
use crate::api::query::filter;
use crate::api::request::{Api, api};
use crate::api::types::names::OperationKind;
use crate::api::types::operation::Operation;
use crate::api::types::viewer::OperationConnection;
use crate::ledger::selection;

/// Which operations are meant; all fields are optional and must all fit. Added in 0.1.0.
#[derive(InputObject, Default)]
pub struct OperationFilter {
    /// The party that states it, by its id (`prt_...`) or UUID.
    party: Option<ID>,
    /// The kind.
    kind: Option<OperationKind>,
}

/// The group of fields about operations.
#[derive(Default)]
pub struct OperationQuery;

#[Object]
impl OperationQuery {
    /// What became of an operation, for as long as it waits and for ever once it is recorded;
    /// null when nobody here has seen it. Added in 0.1.0.
    async fn operation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id (`opn_...`), or the UUIDv7 that its maker gave it; then the caller's own \
                          party is meant first.")]
        id: ID,
    ) -> Result<Option<Operation>> {
        let api = api(ctx)?;
        api.viewer()?;
        match (NodeId::parse(&id), Uuid::try_parse(&id)) {
            (Ok(NodeId::Operation { party, id }), _) => of_party(api, party, id).await,
            (_, Ok(id)) => named(api, id).await,
            _ => Err(bad_input("the id of an operation begins with opn_, or is the UUIDv7 that its maker gave it")),
        }
    }

    /// Recorded operations, newest first. What waits for a signature is in `viewer.inbox`.
    /// Added in 0.1.0.
    #[graphql(complexity = "cost(first, last) * child_complexity")]
    async fn operations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones; all when left out.")] filter: Option<OperationFilter>,
        #[graphql(desc = "How many from the start: 1 to 100, default 20.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor; goes with `first`.")] after: Option<String>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor; goes with `last`.")] before: Option<String>,
    ) -> Result<OperationConnection> {
        let api = api(ctx)?;
        let reader = api.reader()?;
        let page = Args { first, after, last, before }.read(api, List::Operations)?;
        let filter = filter.unwrap_or_default();
        let party = filter::party(&api.node, filter.party.as_ref())?;
        let party = party.map(|party| party.or(reader.only()));
        let Some(party) = party.ok().filter(|party| party.is_none_or(|key| reader.may_see_operations_of(key))) else {
            return Ok(OperationConnection::new(page.rows(Vec::new(), |_| 0), |operation| operation));
        };
        let filter = selection::OperationFilter { party, kind: filter.kind.map(Into::into) };
        api.settle().await;
        let found = api.node.operations_list(filter, page.window(true)).await?;
        let parties: Vec<_> = {
            let tables = api.node.tables();
            found.iter().map(|record| tables.parties.get(&record.recorded.party).cloned()).collect()
        };
        let rows = found.into_iter().zip(parties).filter_map(|(record, party)| Some((record.recorded, party?)));
        let rows = page.rows(rows.collect(), |(recorded, _)| recorded.entry);
        let rows = rows.counted(ctx, api.node.operations_count(filter)).await?;
        Ok(OperationConnection::new(rows, |(recorded, party)| Operation::of_recorded(party, recorded)))
    }
}

/// What became of an operation of a party, if the caller may see it.
pub async fn of_party(api: &Api, party: Uuid, id: Uuid) -> Result<Option<Operation>> {
    let reader = api.reader()?;
    let Some(party) = api.node.party_by_id(party).filter(|party| reader.may_see_operations_of(party.key)) else {
        return Ok(None);
    };
    api.settle().await;
    let outcome = api.node.outcome(&party, id).await?;
    Ok(outcome.map(|outcome| Operation::of(party, outcome)))
}

/// What became of an operation of the caller's own party, or else of any that may be seen.
async fn named(api: &Api, id: Uuid) -> Result<Option<Operation>> {
    if let Some(own) = of_party(api, api.viewer()?.party.id, id).await? {
        return Ok(Some(own));
    }
    for party in api.node.parties_that_stated(id).await? {
        if let Some(found) = of_party(api, party, id).await? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}
