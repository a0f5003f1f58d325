//! `token` and `tokens`.

use async_graphql::{Context, ID, InputObject, Object, Result};

use crate::api::id;
use crate::api::page::{Args, List, cost};
use crate::api::query::filter;
use crate::api::request::api;
use crate::api::types::names::TokenState;
use crate::api::types::token::{Token, TokenConnection, tokens};
use crate::ledger::selection;

/// Which tokens are meant; all fields are optional and must all fit. Added in 0.1.0.
#[derive(InputObject, Default)]
pub struct TokenFilter {
    /// Who has or kept it, by its id (`prt_...`) or UUID.
    holder: Option<ID>,
    /// The programme, by its id (`prg_...`) or code.
    programme: Option<ID>,
    /// The label of the payment period.
    cycle: Option<String>,
    /// Where its money is; unspent tokens only, and `SPENT` fits none: see `includeSpent`.
    state: Option<TokenState>,
    /// The allocation whose money it is (`alc_...`).
    allocation: Option<ID>,
    /// The last hop it came by, or is on (`hop_...`).
    hop: Option<ID>,
    /// Spent ones too; `state` is then where the money was when it was spent.
    #[graphql(default = false)]
    include_spent: bool,
}

/// The group of fields about tokens.
#[derive(Default)]
pub struct TokenQuery;

#[Object]
impl TokenQuery {
    /// A token by its id; null when there is none that may be seen. Added in 0.1.0.
    async fn token(&self, ctx: &Context<'_>, #[graphql(desc = "Its id: `tok_...`.")] id: ID) -> Result<Option<Token>> {
        api(ctx)?.viewer()?;
        Token::by_id(ctx, id::token(&id)?).await
    }

    /// Unspent tokens, or spent ones too, newest first. Added in 0.1.0.
    #[graphql(complexity = "cost(first, last) * child_complexity")]
    async fn tokens(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones; all unspent ones when left out.")] filter: Option<TokenFilter>,
        #[graphql(desc = "How many from the start: 1 to 100, default 20.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor; goes with `first`.")] after: Option<String>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor; goes with `last`.")] before: Option<String>,
    ) -> Result<TokenConnection> {
        let api = api(ctx)?;
        api.viewer()?;
        let args = Args { first, after, last, before };
        let filter = filter.unwrap_or_default();
        let allocation = filter.allocation.as_ref().map(|id| id::allocation(id)).transpose()?;
        let hop = filter.hop.as_ref().map(|id| id::hop(id)).transpose()?;
        let holder = filter::party(&api.node, filter.holder.as_ref())?;
        let programme = filter::programme(&api.node, filter.programme.as_ref())?;
        let (Ok(holder), Ok(programme), false) = (holder, programme, filter.state == Some(TokenState::Spent)) else {
            return Ok(TokenConnection::new(args.read(api, List::Tokens)?.rows(Vec::new(), |_| 0), Token));
        };
        let filter = selection::TokenFilter {
            holder,
            accountable: None,
            programme,
            cycle: filter.cycle,
            state: filter.state.and_then(TokenState::unspent),
            allocation,
            hop,
            unspent_only: !filter.include_spent,
        };
        tokens(ctx, filter, args).await
    }
}
