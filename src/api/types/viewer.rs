//! Who is logged in, and what waits for them.

use async_graphql::{Context, Object, Result};
use uuid::Uuid;

use crate::api::page::{Args, List, Page, connection, cost};
use crate::api::request::{Api, api};
use crate::api::scalar;
use crate::ledger::selection::HopFilter;
use crate::ledger::time::Millis;
use crate::ledger::token::HopKind;
use crate::limits::VALIDITY_MS_MAX;
use crate::service::officers;

use super::hop::{HopConnection, hops};
use super::names::Role;
use super::operation::Operation;
use super::party::{OfficerKey, Party};

/// The officer who is logged in.
pub struct Viewer(pub officers::Viewer);

/// The officer who is logged in, as the books know them now. Added in 0.1.0.
#[Object]
impl Viewer {
    /// The officer's public id.
    async fn officer(&self) -> scalar::Uuid {
        scalar::Uuid(self.0.officer)
    }

    /// The party that the officer speaks for.
    async fn party(&self) -> Party {
        Party(self.0.party.clone())
    }

    /// Every role of the officer's valid keys.
    async fn roles(&self) -> Vec<Role> {
        self.0.roles().into_iter().map(Role::from).collect()
    }

    /// The officer's valid keys, each with who holds it.
    async fn keys(&self) -> Vec<OfficerKey> {
        self.0.keys.iter().cloned().map(OfficerKey).collect()
    }

    /// What waits for this officer.
    async fn inbox(&self) -> Inbox {
        Inbox(self.0.clone())
    }
}

/// What waits for an officer.
pub struct Inbox(officers::Viewer);

connection! {
    /// A page of operations. Added in 0.1.0.
    OperationConnection,
    /// An operation with its cursor. Added in 0.1.0.
    OperationEdge,
    Operation
}

/// What waits for an officer to act. Added in 0.1.0.
#[Object]
impl Inbox {
    /// Money on its way to the officer's party that it has yet to acknowledge, newest first;
    /// empty for a recipient, who gives a word.
    #[graphql(complexity = "cost(first, last) * child_complexity")]
    async fn hops_to_acknowledge(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the start: 1 to 100, default 20.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor; goes with `first`.")] after: Option<String>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor; goes with `last`.")] before: Option<String>,
    ) -> Result<HopConnection> {
        let args = Args { first, after, last, before };
        if self.0.is_recipient() {
            return nothing(api(ctx)?, &args);
        }
        let filter = HopFilter { to: Some(self.0.party.key), awaits_receiver: true, ..HopFilter::default() };
        hops(ctx, filter, args).await
    }

    /// Money sent to the officer, being a recipient, of which the recipient has yet to say what
    /// was received, newest first; empty for everybody else.
    #[graphql(complexity = "cost(first, last) * child_complexity")]
    async fn money_to_confirm(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the start: 1 to 100, default 20.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor; goes with `first`.")] after: Option<String>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor; goes with `last`.")] before: Option<String>,
    ) -> Result<HopConnection> {
        let args = Args { first, after, last, before };
        if !self.0.is_recipient() {
            return nothing(api(ctx)?, &args);
        }
        let filter = HopFilter {
            to: Some(self.0.party.key),
            kind: Some(HopKind::Delivery),
            awaits_receiver: true,
            ..HopFilter::default()
        };
        hops(ctx, filter, args).await
    }

    /// Operations that await a signature which one of the officer's keys can give, oldest first.
    #[graphql(complexity = "cost(first, last) * child_complexity")]
    async fn operations_to_approve(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the start: 1 to 100, default 20.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor; goes with `first`.")] after: Option<String>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor; goes with `last`.")] before: Option<String>,
    ) -> Result<OperationConnection> {
        let api = api(ctx)?;
        let args = Args { first, after, last, before };
        let now = api.node.now().map_err(crate::service::record::NotAccepted::from)?;
        let papers = api.node.papers_to_approve(&self.0, now).await?;
        let page = args.read_below(List::Waiting, waiting_end(now))?;
        let found = papers.into_iter().map(|paper| (paper.party, paper.id)).collect();
        waiting(api, &page, found).await
    }

    /// Operations that this officer made and that still wait for another officer's signature,
    /// oldest first.
    #[graphql(complexity = "cost(first, last) * child_complexity")]
    async fn operations_awaiting_others(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the start: 1 to 100, default 20.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor; goes with `first`.")] after: Option<String>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor; goes with `last`.")] before: Option<String>,
    ) -> Result<OperationConnection> {
        let api = api(ctx)?;
        let args = Args { first, after, last, before };
        let now = api.node.now().map_err(crate::service::record::NotAccepted::from)?;
        let page = args.read_below(List::Waiting, waiting_end(now))?;
        let found = api.node.awaiting_others(&self.0, now).await?;
        waiting(api, &page, found).await
    }
}

/// A page of operations that wait, given as party and id of all of them, oldest first.
async fn waiting(api: &Api, page: &Page, all: Vec<(Uuid, Uuid)>) -> Result<OperationConnection> {
    let total = u64::try_from(all.len()).unwrap_or(u64::MAX);
    let found = page.window(false).part_of(keyed(all), |(key, _)| *key);
    let mut operations = Vec::new();
    for (key, (party, id)) in found {
        let Some(party) = api.node.party_by_id(party) else { continue };
        if let Some(outcome) = api.node.outcome(&party, id).await? {
            operations.push((key, Operation::of(party, outcome)));
        }
    }
    let mut rows = page.rows(operations, |(key, _)| *key);
    rows.total = Some(total);
    Ok(OperationConnection::new(rows, |(_, operation)| operation))
}

/// Operations that wait, oldest first, with rising keys: the first half of each id, which begins
/// with its time, or the next number when two are made in one moment.
fn keyed(all: Vec<(Uuid, Uuid)>) -> Vec<(u64, (Uuid, Uuid))> {
    let mut last = 0;
    let next = |(party, id): (Uuid, Uuid)| {
        last = id.as_u64_pair().0.max(last + 1);
        (last, (party, id))
    };
    all.into_iter().map(next).collect()
}

/// No operation that waits has a key from here on: an id's first 48 bits are its milliseconds,
/// and what is issued further ahead than an operation is valid is never taken.
fn waiting_end(now: Millis) -> u64 {
    u64::try_from(now.plus(VALIDITY_MS_MAX).0).unwrap_or(0).saturating_mul(1 << 16)
}

fn nothing(api: &Api, args: &Args) -> Result<HopConnection> {
    let page = args.read(api, List::Hops)?;
    Ok(HopConnection::new(page.rows(Vec::new(), |_| 0), super::hop::Hop))
}
