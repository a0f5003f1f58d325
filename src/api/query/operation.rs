//! `operation` and `operations`.

use async_graphql::{Context, ID, InputObject, Object, Result};

use crate::api::error::{bad_input, behind};
use crate::api::id::NodeId;
use crate::api::page::{Args, List, ListOrder, cost};
use crate::api::query::filter::{self, Named, Nothing};
use crate::api::request::{Api, api};
use crate::api::scalar::{DateTime, Uuid};
use crate::api::types::names::OperationKind;
use crate::api::types::operation::{Operation, OperationStatus};
use crate::api::types::viewer::OperationConnection;
use crate::ledger::selection;
use crate::service::papers::{PaperKey, Unrecorded};

/// Which operations are meant; all fields are optional and must all fit. The span of time is
/// found by an index; the others are looked for along the list. Added in 0.1.0.
#[derive(InputObject, Default)]
pub struct OperationFilter {
    /// The party that states it, by its id (`prt_...`) or UUID.
    party: Option<ID>,
    /// The kind.
    kind: Option<OperationKind>,
    /// How far it is: those in the log (`RECORDED`) when left out. This server knows of the
    /// others only what waited here.
    status: Option<OperationStatus>,
    /// The officer who signed it; of what is not recorded, the officer who made it here.
    officer: Option<Uuid>,
    /// The programme, by its id (`prg_...`) or code, that it defines or appropriates to, or
    /// whose money it moves or answers for. Fits nothing that is not recorded.
    programme: Option<ID>,
    /// Recorded at this moment or later: the time of its block. Of what is not recorded: made.
    recorded_from: Option<DateTime>,
    /// Recorded before this moment. Of what is not recorded: made.
    recorded_to: Option<DateTime>,
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
        match (NodeId::parse(&id), uuid::Uuid::try_parse(&id)) {
            (Ok(NodeId::Operation { party, id }), _) => of_party(api, party, id).await,
            (_, Ok(id)) => named(api, id).await,
            _ => Err(bad_input("the id of an operation begins with opn_, or is the UUIDv7 that its maker gave it")),
        }
    }

    /// Operations: those in the log, or those that are not (`filter: {status: ...}`). What waits
    /// for a signature of the caller is in `viewer.inbox`. Added in 0.1.0.
    #[expect(clippy::too_many_arguments, reason = "each is an argument of the field")]
    #[graphql(complexity = "cost(first, last) * child_complexity")]
    async fn operations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones; all recorded ones when left out.")] filter: Option<OperationFilter>,
        #[graphql(desc = "In which order; `NEWEST_FIRST` when left out. What is not recorded is in the order in \
                          which it was made.")]
        order: Option<ListOrder>,
        #[graphql(desc = "How many from the start: 1 to 100, default 20.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor; goes with `first`.")] after: Option<String>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor; goes with `last`.")] before: Option<String>,
    ) -> Result<OperationConnection> {
        let args = Args { first, after, last, before };
        let newest_first = ListOrder::is_newest_first(order);
        let filter = filter.unwrap_or_default();
        match filter.status.and_then(OperationStatus::unrecorded) {
            Some(status) => unrecorded(ctx, filter, status, newest_first, args).await,
            None => recorded(ctx, filter, newest_first, args).await,
        }
    }
}

impl OperationFilter {
    /// The filter that a follower of entries gives.
    pub fn of_entries(
        party: Option<ID>,
        kind: Option<OperationKind>,
        programme: Option<ID>,
        officer: Option<Uuid>,
    ) -> Self {
        Self { party, kind, programme, officer, ..Self::default() }
    }

    /// The filter of recorded operations with what it names looked up.
    pub async fn read(self, api: &Api) -> Result<Named<selection::OperationFilter>> {
        let named = (
            filter::party(&api.node, self.party.as_ref())?,
            filter::programme(&api.node, self.programme.as_ref())?,
            filter::officer(&api.node, self.officer),
        );
        let (Ok(party), Ok(programme), Ok(keys)) = named else { return Ok(Err(Nothing)) };
        let reader = api.reader()?;
        let party = party.or(reader.only());
        if party.is_some_and(|party| !reader.may_see_operations_of(party)) {
            return Ok(Err(Nothing));
        }
        let entries = filter::span(api, self.recorded_from, self.recorded_to).await?;
        let kind = self.kind.map(Into::into);
        Ok(Ok(Some(selection::OperationFilter { party, kind, programme, keys, entries })))
    }
}

async fn recorded(
    ctx: &Context<'_>,
    filter: OperationFilter,
    newest_first: bool,
    args: Args,
) -> Result<OperationConnection> {
    let api = api(ctx)?;
    api.viewer()?;
    let page = args.read(api, List::Operations)?;
    let Ok(filter) = filter.read(api).await? else {
        return Ok(OperationConnection::new(page.nothing(), |operation| operation));
    };
    let filter = filter.unwrap_or_default();
    api.settle().await;
    let found = api.node.operations_list(&filter, page.window(newest_first)).await?;
    let rows = page.rows(found, |record| record.recorded.entry);
    let rows = rows.counted(ctx, api.node.operations_count(&filter)).await?;
    let tables = api.node.tables();
    // A party that stated something is registered for ever.
    let known = rows.try_map(|record| {
        let party = tables.parties.get(&record.recorded.party);
        party.map(|party| Operation::of_recorded(party, record.recorded)).ok_or_else(|| behind("a party"))
    })?;
    Ok(OperationConnection::new(known, |operation| operation))
}

async fn unrecorded(
    ctx: &Context<'_>,
    filter: OperationFilter,
    status: Unrecorded,
    newest_first: bool,
    args: Args,
) -> Result<OperationConnection> {
    let api = api(ctx)?;
    let reader = api.reader()?;
    let page = args.read_keys::<PaperKey>(List::Waiting, |_| true)?;
    let party = filter::party(&api.node, filter.party.as_ref())?.map(|party| party.or(reader.only()));
    let programme = filter::programme(&api.node, filter.programme.as_ref())?;
    let visible = party.ok().filter(|party| party.is_none_or(|key| reader.may_see_operations_of(key)));
    let (Some(party), Ok(None)) = (visible, programme) else {
        return Ok(OperationConnection::new(page.nothing(), |operation| operation));
    };
    let party = party.and_then(|key| api.node.tables().parties.get(&key).map(|party| party.id));
    let filter = selection::WaitingFilter {
        party,
        signing: None,
        kind: filter.kind.map(Into::into),
        officer: filter.officer.map(|officer| officer.0),
        from: filter.recorded_from.map(|at| at.0),
        before: filter.recorded_to.map(|at| at.0),
    };
    let found = api.node.unrecorded_list(status, &filter, page.window(newest_first)).await?;
    let rows = page.rows(found, |standing| standing.key);
    let rows = rows.counted(ctx, api.node.unrecorded_count(status, &filter)).await?;
    Ok(OperationConnection::new(rows, |standing| Operation::of(standing.party, standing.outcome)))
}

/// What became of an operation of a party, if the caller may see it.
pub async fn of_party(api: &Api, party: uuid::Uuid, id: uuid::Uuid) -> Result<Option<Operation>> {
    let reader = api.reader()?;
    let Some(party) = api.node.party_by_id(party).filter(|party| reader.may_see_operations_of(party.key)) else {
        return Ok(None);
    };
    api.settle().await;
    let outcome = api.node.outcome(&party, id).await?;
    Ok(outcome.map(|outcome| Operation::of(party, outcome)))
}

/// What became of an operation of the caller's own party, or else of any that may be seen.
async fn named(api: &Api, id: uuid::Uuid) -> Result<Option<Operation>> {
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
