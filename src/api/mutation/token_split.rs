//! `tokenSplit`: divides a token.

use async_graphql::{Context, ID, InputObject, Object, Result};

use crate::api::scalar::{CurrencyCode, DateTime, Decimal, OperationId};
use crate::api::types::token::Token;
use crate::ledger::operation::{Operation, TokenSplit};

use super::fault::Fields;
use super::input::ReferenceInput;
use super::payload::{header, payload};
use super::reading::{InputReader, Stating, Zero};
use super::way;

/// Divides a token that the party holds into parts of the same state. Added in 0.1.0.
#[derive(InputObject, Clone, Debug)]
pub struct TokenSplitInput {
    /// The operation's id, a UUIDv7 made by the caller and kept for retries.
    pub operation_id: OperationId,
    /// When it happened; the moment of recording when left out.
    pub occurred_at: Option<DateTime>,
    /// The token, by its id; or give `tokenReference`.
    pub token: Option<ID>,
    /// The token, as signed bytes name it; or give `token`.
    pub token_reference: Option<ReferenceInput>,
    /// The currency of the parts.
    pub currency: CurrencyCode,
    /// The amounts of the parts, in order, 2 to 1,000; together exactly the token's amount.
    pub parts: Vec<Decimal>,
}

impl Stating for TokenSplitInput {
    const FIELDS: Fields =
        Fields { subject: "token", amount: &["parts"], currency: &["currency"], texts: &["parts"], ..Fields::NONE };

    header!();

    async fn operation(&self, reader: &mut InputReader<'_>) -> Option<Operation> {
        let token = reader.token(self.token.as_ref(), self.token_reference.as_ref()).await;
        let currency = self.currency.0;
        let mut parts = Vec::with_capacity(self.parts.len());
        for (at, part) in self.parts.iter().enumerate() {
            parts.push(reader.amount(&["parts", &at.to_string()], &part.0, currency, Zero::Refused));
        }
        let parts = parts.into_iter().collect::<Option<Vec<_>>>()?;
        Some(Operation::TokenSplit(TokenSplit { currency, parts, token: token? }))
    }
}

payload! {
    /// The answer to `tokenSplit`. Added in 0.1.0.
    TokenSplitPayload;
    /// Why a token was not split. Added in 0.1.0.
    TokenSplitUserError;
    {
        /// The parts, in the order given; null unless recorded.
        tokens: Vec<Token>,
    }
}

/// The mutation.
#[derive(Debug, Default)]
pub struct TokenSplitMutation;

#[Object]
impl TokenSplitMutation {
    /// Divides a token that the party holds, unit by unit exact. Needs a dispatcher of the
    /// holder. Added in 0.1.0.
    async fn token_split(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is stated.")] input: TokenSplitInput,
    ) -> Result<TokenSplitPayload> {
        let told = way::state(ctx, &input).await?;
        let tokens = told.of(|made| made.tokens.iter().cloned().map(Token).collect());
        Ok(TokenSplitPayload { tokens, ..told.into() })
    }
}
