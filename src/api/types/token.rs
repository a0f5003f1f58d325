//! Tokens.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};

use crate::api::id::NodeId;
use crate::api::page::{Args, List, ListOrder, Weight, connection, cost};
use crate::api::query;
use crate::api::request::api;
use crate::ledger::ids::{HopId, TokenId};
use crate::ledger::selection::{Count, TokenFilter};
use crate::ledger::token;
use crate::limits::{TOKEN_SUM_WEIGHT, TRACE_WEIGHT};
use crate::service::lists::place_number;

use super::allocation::Allocation;
use super::entry::{self, Entry};
use super::flag::{self, Flag};
use super::hop::{Hop, HopConnection};
use super::money::Money;
use super::names::{MissingReason, Origin, TokenState};
use super::party::Party;
use super::programme::Programme;
use super::reference::Reference;
use super::statement::Statement;

/// A token, by the ledger's record.
pub struct Token(pub Arc<token::Token>);

impl Token {
    /// The token of an id, if the caller may see it.
    pub async fn by_id(ctx: &Context<'_>, id: TokenId) -> Result<Option<Self>> {
        let api = api(ctx)?;
        let reader = api.reader()?;
        let Some(token) = api.load.tokens.one(id).await? else { return Ok(None) };
        let hop = match token.hop.filter(|_| reader.only().is_some()) {
            Some(hop) => api.load.hops.one(hop).await?,
            None => None,
        };
        Ok(reader.may_see_token(&token, hop.as_deref()).then_some(Self(token)))
    }
}

connection! {
    /// A page of tokens. Added in 0.1.0.
    TokenConnection,
    /// A token with its cursor. Added in 0.1.0.
    TokenEdge,
    Token
}

/// A page of the tokens that the caller may see.
pub async fn tokens(
    ctx: &Context<'_>,
    mut filter: TokenFilter,
    order: Option<ListOrder>,
    args: Args,
) -> Result<TokenConnection> {
    let api = api(ctx)?;
    let page = args.read(api, List::Tokens)?;
    if let Some(own) = api.reader()?.only() {
        if filter.holder.is_some_and(|holder| holder != own) {
            return Ok(TokenConnection::new(page.nothing(), Token));
        }
        filter.holder = Some(own);
    }
    api.settle().await;
    let found = api.node.tokens_list(&filter, page.window(ListOrder::is_newest_first(order))).await?;
    let rows = page.rows(found, |token| place_number(token.id.0));
    Ok(TokenConnection::new(rows.counted(ctx, api.node.tokens_count(&filter)).await?, Token))
}

/// An exact amount of one allocation's money in one place. Its amount, allocation and place
/// never change: an operation consumes it (`SPENT`) and makes its successors (`children`).
/// Tokens split and never merge, so every cent leads back to one allocation. Added in 0.1.0.
#[Object]
impl Token {
    /// Its id in this interface: `tok_...`.
    pub async fn id(&self) -> ID {
        NodeId::Token(self.0.id).to_id()
    }

    /// How much it is; above zero.
    async fn amount(&self, ctx: &Context<'_>) -> Result<Money> {
        let allocation = Allocation::record(ctx, self.0.allocation).await?;
        Ok(Money::of(self.0.amount, allocation.currency))
    }

    /// Where its money is, or `SPENT`.
    async fn state(&self) -> TokenState {
        TokenState::of(&self.0)
    }

    /// Where its money was when it was spent; the same as `state` while it is unspent.
    async fn last_state(&self) -> TokenState {
        self.0.state.into()
    }

    /// Whether an operation has consumed it.
    async fn spent(&self) -> bool {
        self.0.spent_by.is_some()
    }

    /// Whether it is in transit past its due time, at the moment of this request.
    async fn overdue(&self, ctx: &Context<'_>) -> Result<bool> {
        let moment = api(ctx)?.moment().await?;
        Ok(self.0.spent_by.is_none() && self.0.is_overdue(moment.at))
    }

    /// Where the money came from; inherited.
    async fn origin(&self) -> Origin {
        self.0.origin.into()
    }

    /// Why it is missing; null unless it is.
    async fn reason(&self) -> Option<MissingReason> {
        self.0.reason.map(Into::into)
    }

    /// Whether it is missing money that was written off; it stays unaccounted.
    async fn written_off(&self) -> bool {
        self.0.written_off
    }

    /// The party or recipient that has or kept it; null when it is on its way.
    async fn holder(&self, ctx: &Context<'_>) -> Result<Option<Party>> {
        match self.0.holder {
            Some(key) => Party::by_key(ctx, key),
            None => Ok(None),
        }
    }

    /// The last party that signed for holding it: in reports it is counted there.
    async fn accountable(&self, ctx: &Context<'_>) -> Result<Party> {
        Party::known(ctx, self.0.accountable)
    }

    /// The area it counts in, as a path of names.
    async fn area(&self, ctx: &Context<'_>) -> Result<String> {
        Ok(api(ctx)?.node.area_path(self.0.area))
    }

    /// The allocation whose money it is; null for who may see only their own money.
    async fn allocation(&self, ctx: &Context<'_>) -> Result<Option<Allocation>> {
        Allocation::by_id(ctx, self.0.allocation).await
    }

    /// The programme whose money it is.
    async fn programme(&self, ctx: &Context<'_>) -> Result<Programme> {
        Programme::known(ctx, Allocation::record(ctx, self.0.allocation).await?.programme)
    }

    /// The label of the payment period whose money it is.
    async fn cycle(&self, ctx: &Context<'_>) -> Result<String> {
        Ok(Allocation::record(ctx, self.0.allocation).await?.cycle.clone())
    }

    /// What its money was allocated for.
    async fn purpose(&self, ctx: &Context<'_>) -> Result<String> {
        Ok(Allocation::record(ctx, self.0.allocation).await?.purpose.clone())
    }

    /// The token it was made from; null for an allocation's first one, and for who may not see
    /// it.
    async fn parent(&self, ctx: &Context<'_>) -> Result<Option<Token>> {
        match self.0.parent {
            Some(id) => Token::by_id(ctx, id).await,
            None => Ok(None),
        }
    }

    /// The tokens made from it, oldest first; empty while it is unspent, and for who may see only
    /// their own money.
    #[graphql(complexity = "cost(first, last) * child_complexity")]
    async fn children(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones; all of them, spent ones too, when left out.")] filter: Option<
            query::token::TokenFilter,
        >,
        #[graphql(desc = "How many from the start: 1 to 100, default 20.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor; goes with `first`.")] after: Option<String>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor; goes with `last`.")] before: Option<String>,
    ) -> Result<TokenConnection> {
        let api = api(ctx)?;
        let args = Args { first, after, last, before };
        let filter = match filter {
            Some(filter) => filter.read(api).await?.map(Option::unwrap_or_default),
            None => Ok(TokenFilter::default()),
        };
        match filter {
            Ok(filter) if api.reader()?.only().is_none() => {
                let filter = TokenFilter { parent: Some(self.0.id), ..filter };
                tokens(ctx, filter, Some(ListOrder::OldestFirst), args).await
            }
            _ => Ok(TokenConnection::new(args.read(api, List::Tokens)?.nothing(), Token)),
        }
    }

    /// The hops it has to do with, oldest first: the one it came by or is on, and those that it
    /// was sent on.
    #[graphql(complexity = "cost(first, last) * child_complexity")]
    async fn hops(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the start: 1 to 100, default 20.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor; goes with `first`.")] after: Option<String>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor; goes with `last`.")] before: Option<String>,
    ) -> Result<HopConnection> {
        let api = api(ctx)?;
        let page = Args { first, after, last, before }.read(api, List::Hops)?;
        let reader = api.reader()?;
        api.settle().await;
        let mut all = Vec::new();
        if let Some(id) = self.0.hop {
            all.extend(api.load.hops.one(id).await?);
        }
        all.extend(api.node.hops_out_of(&self.0).await?);
        all.retain(|hop| reader.may_see_hop(hop));
        let total = Count::whole(all.len());
        let found = page.window(false).part_of(all, |hop| place_number(hop.id.0));
        let mut rows = page.rows(found, |hop| place_number(hop.id.0));
        rows.total = Some(total);
        Ok(HopConnection::new(rows, Hop))
    }

    /// Every hop from the treasury to here, in order, as they stand now. Who may see only their
    /// own money sees only their own hops.
    #[graphql(complexity = "TRACE_WEIGHT + Weight(10) * child_complexity")]
    async fn trace(&self, ctx: &Context<'_>) -> Result<Vec<Hop>> {
        let api = api(ctx)?;
        let reader = api.reader()?;
        let mut ids: Vec<HopId> = self.0.hop.into_iter().collect();
        let mut next = self.0.parent;
        // Step by step up, together with the other tokens of the page.
        while let Some(parent) = next {
            let Some(token) = api.load.tokens.one(parent).await? else { break };
            ids.extend(token.hop.filter(|id| ids.last() != Some(id)));
            next = token.parent;
        }
        ids.reverse();
        let hops = api.load.hops.many(&ids).await?;
        Ok(hops.into_iter().filter(|hop| reader.may_see_hop(hop)).map(Hop).collect())
    }

    /// Where the money of this token and of all its descendants is, at the moment of this
    /// request; null for who may see only their own money.
    #[graphql(complexity = "TOKEN_SUM_WEIGHT + child_complexity")]
    async fn statement(&self, ctx: &Context<'_>) -> Result<Option<Statement>> {
        let api = api(ctx)?;
        if !api.reader()?.may_see_totals() {
            return Ok(None);
        }
        let allocation = Allocation::record(ctx, self.0.allocation).await?;
        let moment = api.moment().await?;
        let statement = api.node.token_statement(self.0.id, moment).await?;
        Ok(Some(Statement::new(allocation.currency, statement)))
    }

    /// The flags that rest on the hop that it came by or is on, as they stand now; none for who may
    /// see only their own money.
    #[graphql(complexity = "Weight(5) * child_complexity")]
    async fn flags(&self, ctx: &Context<'_>) -> Result<Vec<Flag>> {
        let hop: Vec<HopId> = self.0.hop.into_iter().collect();
        flag::of_hops(ctx, &hop).await
    }

    /// How signed bytes name it. Null only while the views are behind.
    async fn reference(&self, ctx: &Context<'_>) -> Result<Option<Reference>> {
        entry::reference(ctx, self.0.id.0).await
    }

    /// The entry that made it.
    async fn created_by(&self, ctx: &Context<'_>) -> Result<Option<Entry>> {
        Entry::by_index(ctx, self.0.id.0.entry()).await
    }

    /// The entry that consumed it; null while it is unspent.
    async fn spent_by(&self, ctx: &Context<'_>) -> Result<Option<Entry>> {
        match self.0.spent_by {
            Some(index) => Entry::by_index(ctx, index).await,
            None => Ok(None),
        }
    }
}
