//! `tokenReturn`: gives money back.

use async_graphql::{Context, ID, InputObject, Object, Result};

use crate::api::scalar::{DateTime, OperationId};
use crate::api::types::hop::Hop;
use crate::api::types::token::Token;
use crate::ledger::operation::{Operation, TokenReturn};
use crate::service::made::Made;

use super::fault::Fields;
use super::input::{MoneyInput, ReferenceInput};
use super::payload::{header, payload};
use super::reading::{InputReader, Stating, Zero};
use super::way;

/// Gives money back: to who sent it, or to the treasury that allocated it. Added in 0.1.0.
#[derive(InputObject, Clone, Debug)]
pub struct TokenReturnInput {
    /// The operation's id, a UUIDv7 made by the caller and kept for retries.
    pub operation_id: OperationId,
    /// When it happened; the moment of recording when left out.
    pub occurred_at: Option<DateTime>,
    /// The token, by its id; or give `tokenReference`.
    pub token: Option<ID>,
    /// The token, as signed bytes name it; or give `token`.
    pub token_reference: Option<ReferenceInput>,
    /// How much; above zero.
    pub amount: MoneyInput,
    /// To whom: the id of a party.
    pub to: ID,
    /// Why, in words.
    pub reason: String,
}

impl Stating for TokenReturnInput {
    const FIELDS: Fields = Fields {
        subject: "token",
        amount: &["amount", "amount"],
        currency: &["amount", "currency"],
        party: "to",
        texts: &["reason"],
        ..Fields::NONE
    };

    header!();

    async fn operation(&self, reader: &mut InputReader<'_>) -> Option<Operation> {
        let token = reader.token(self.token.as_ref(), self.token_reference.as_ref()).await;
        let to = reader.party(&["to"], &self.to);
        let (amount, currency) = reader.money("amount", &self.amount, Zero::Refused)?;
        let reason = self.reason.clone();
        Some(Operation::TokenReturn(TokenReturn { amount, currency, reason, to: to?, token: token? }))
    }
}

payload! {
    /// The answer to `tokenReturn`. Added in 0.1.0.
    TokenReturnPayload;
    /// Why money was not returned. Added in 0.1.0.
    TokenReturnUserError;
    {
        /// The hop on which it goes back; null unless recorded.
        hop: Hop,
        /// What is left of the token; null when nothing is.
        rest: Token,
    }
}

/// The mutation.
#[derive(Debug, Default)]
pub struct TokenReturnMutation;

#[Object]
impl TokenReturnMutation {
    /// Sends money back upstream, or a deduction that the party kept. Needs a dispatcher of the
    /// party that has it; a recipient needs no more than the own login. Added in 0.1.0.
    async fn token_return(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is stated.")] input: TokenReturnInput,
    ) -> Result<TokenReturnPayload> {
        let told = way::state(ctx, &input).await?;
        let hop = told.made().and_then(|made| made.opened_hops().next()).cloned().map(Hop);
        let stays = |made: &Made| made.tokens.iter().find(|token| token.due.is_none()).cloned();
        let rest = told.made().and_then(stays).map(Token);
        Ok(TokenReturnPayload { hop, rest, ..told.into() })
    }
}
