//! `token` and `tokens`.

use async_graphql::{Context, ID, InputObject, Object, Result};

use crate::api::id;
use crate::api::page::{Args, List, ListOrder, cost};
use crate::api::query::filter::{self, Named, Nothing};
use crate::api::request::{Api, api};
use crate::api::scalar::DateTime;
use crate::api::types::names::TokenState;
use crate::api::types::token::{Token, TokenConnection, tokens};
use crate::ledger::selection;

/// Which tokens are meant; all fields are optional and must all fit. `holder` (of unspent tokens)
/// and the span of time are found by an index; the others are looked for along the list. Added
/// in 0.1.0.
#[derive(InputObject, Default)]
pub struct TokenFilter {
    /// Who has or kept it, by its id (`prt_...`) or UUID.
    holder: Option<ID>,
    /// The last party that signed for holding it, by its id (`prt_...`) or UUID.
    accountable: Option<ID>,
    /// The programme, by its id (`prg_...`) or code.
    programme: Option<ID>,
    /// The label of the payment period.
    cycle: Option<String>,
    /// What its money was allocated for.
    purpose: Option<String>,
    /// The area it counts in, as a path of names (`province/county/township`), with everything
    /// under it.
    area: Option<String>,
    /// Where its money is; unspent tokens only, and `SPENT` fits none: see `includeSpent`.
    state: Option<TokenState>,
    /// The allocation whose money it is (`alc_...`).
    allocation: Option<ID>,
    /// The last hop it came by, or is on (`hop_...`).
    hop: Option<ID>,
    /// Made at this moment or later: the time of its block.
    recorded_from: Option<DateTime>,
    /// Made before this moment.
    recorded_to: Option<DateTime>,
    /// Only those in transit past their due time, at the moment of this request.
    #[graphql(default = false)]
    overdue: bool,
    /// Spent ones too; `state` is then where the money was when it was spent.
    #[graphql(default = false)]
    include_spent: bool,
}

impl TokenFilter {
    /// The filter with what it names looked up.
    pub async fn read(self, api: &Api) -> Result<Named<selection::TokenFilter>> {
        filter::texts([&self.cycle, &self.purpose, &self.area])?;
        let allocation = self.allocation.as_ref().map(|id| id::allocation(id)).transpose()?;
        let hop = self.hop.as_ref().map(|id| id::hop(id)).transpose()?;
        // Whose allocations are hidden cannot find out by one which money is of it.
        if allocation.is_some() && !api.reader()?.may_see_totals() {
            return Ok(Err(Nothing));
        }
        let named = (
            filter::party(&api.node, self.holder.as_ref())?,
            filter::party(&api.node, self.accountable.as_ref())?,
            filter::programme(&api.node, self.programme.as_ref())?,
            self.state == Some(TokenState::Spent),
        );
        let (Ok(holder), Ok(accountable), Ok(programme), false) = named else { return Ok(Err(Nothing)) };
        let overdue_at = if self.overdue { Some(api.moment().await?.at) } else { None };
        let made = filter::span(api, self.recorded_from, self.recorded_to).await?;
        Ok(Ok(Some(selection::TokenFilter {
            holder,
            accountable,
            programme,
            cycle: self.cycle,
            purpose: self.purpose,
            area: self.area,
            state: self.state.and_then(TokenState::unspent),
            overdue_at,
            allocation,
            hop,
            parent: None,
            made,
            unspent_only: !self.include_spent,
        })))
    }
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

    /// Unspent tokens, or spent ones too. Added in 0.1.0.
    #[expect(clippy::too_many_arguments, reason = "each is an argument of the field")]
    #[graphql(complexity = "cost(first, last) * child_complexity")]
    async fn tokens(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones; all unspent ones when left out.")] filter: Option<TokenFilter>,
        #[graphql(desc = "In which order; `NEWEST_FIRST` when left out.")] order: Option<ListOrder>,
        #[graphql(desc = "How many from the start: 1 to 100, default 20.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor; goes with `first`.")] after: Option<String>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor; goes with `last`.")] before: Option<String>,
    ) -> Result<TokenConnection> {
        let api = api(ctx)?;
        api.viewer()?;
        let args = Args { first, after, last, before };
        match filter.unwrap_or_default().read(api).await? {
            Ok(filter) => tokens(ctx, filter.unwrap_or_default(), order, args).await,
            Err(Nothing) => Ok(TokenConnection::new(args.read(api, List::Tokens)?.nothing(), Token)),
        }
    }
}
