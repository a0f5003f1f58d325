//! Who is logged in, and what waits for them.

use async_graphql::{Context, Object, Result};

use crate::api::page::{Args, List, connection, cost};
use crate::api::request::{Api, api};
use crate::api::scalar::Uuid;
use crate::ledger::selection::{HopFilter, WaitingFilter};
use crate::ledger::token::HopKind;
use crate::service::officers;
use crate::service::papers::Unrecorded;

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
    async fn officer(&self) -> Uuid {
        Uuid(self.0.officer)
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
        hops(ctx, filter, None, args).await
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
        hops(ctx, filter, None, args).await
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
        let page = Args { first, after, last, before }.read_keys(List::Waiting, |_| true)?;
        let found = api.node.papers_to_approve(&self.0, page.window(false)).await?;
        let rows = page.rows(found, |standing| standing.key);
        let rows = rows.counted(ctx, api.node.papers_to_approve_count(&self.0)).await?;
        Ok(OperationConnection::new(rows, |standing| Operation::of(standing.party, standing.outcome)))
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
        let page = Args { first, after, last, before }.read_keys(List::Waiting, |_| true)?;
        let own = WaitingFilter { officer: Some(self.0.officer), ..WaitingFilter::default() };
        let found = api.node.unrecorded_list(Unrecorded::AwaitingSignature, &own, page.window(false)).await?;
        let rows = page.rows(found, |standing| standing.key);
        let rows = rows.counted(ctx, api.node.unrecorded_count(Unrecorded::AwaitingSignature, &own)).await?;
        Ok(OperationConnection::new(rows, |standing| Operation::of(standing.party, standing.outcome)))
    }
}

fn nothing(api: &Api, args: &Args) -> Result<HopConnection> {
    let page = args.read(api, List::Hops)?;
    Ok(HopConnection::new(page.nothing(), super::hop::Hop))
}
