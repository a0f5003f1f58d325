//! `lossDeclare`: declares money lost.

use async_graphql::{Context, ID, InputObject, Object, Result};

use crate::api::scalar::{DateTime, OperationId};
use crate::api::types::token::Token;
use crate::ledger::operation::{LossDeclare, LossSubject, Operation};
use crate::ledger::token::MissingReason;
use crate::service::made::Made;

use super::fault::Fields;
use super::input::{MoneyInput, ReferenceInput};
use super::payload::{header, payload};
use super::reading::{InputReader, Stating, Zero};
use super::way;

/// Declares money lost: a token that the party holds, or overdue money on a hop that it sent. Added in 0.1.0.
#[derive(InputObject, Clone, Debug)]
pub struct LossDeclareInput {
    /// The operation's id, a UUIDv7 made by the caller and kept for retries.
    pub operation_id: OperationId,
    /// When it happened; the moment of recording when left out.
    pub occurred_at: Option<DateTime>,
    /// A token that the party holds, by its id. Give exactly one of `token`, `tokenReference`,
    /// `hop`, `hopReference`.
    pub token: Option<ID>,
    /// A token that the party holds, as signed bytes name it.
    pub token_reference: Option<ReferenceInput>,
    /// A hop that the party sent and that is overdue, by its id.
    pub hop: Option<ID>,
    /// A hop that the party sent and that is overdue, as signed bytes name it.
    pub hop_reference: Option<ReferenceInput>,
    /// How much; above zero.
    pub amount: MoneyInput,
    /// Why, in words.
    pub reason: String,
}

impl Stating for LossDeclareInput {
    const FIELDS: Fields = Fields {
        subject: "token",
        amount: &["amount", "amount"],
        currency: &["amount", "currency"],
        texts: &["reason"],
        ..Fields::NONE
    };

    header!();

    async fn operation(&self, reader: &mut InputReader<'_>) -> Option<Operation> {
        let (token, hop) = (self.token.as_ref(), self.hop.as_ref());
        let (token_reference, hop_reference) = (self.token_reference.as_ref(), self.hop_reference.as_ref());
        let subject = match (token.is_some() || token_reference.is_some(), hop.is_some() || hop_reference.is_some()) {
            (true, false) => reader.token(token, token_reference).await.map(LossSubject::Token),
            (false, true) => reader.hop(hop, hop_reference).await.map(LossSubject::Hop),
            _ => {
                reader.exactly_one(&["token", "tokenReference", "hop", "hopReference"]);
                None
            }
        };
        let (amount, currency) = reader.money("amount", &self.amount, Zero::Refused)?;
        let reason = self.reason.clone();
        Some(Operation::LossDeclare(LossDeclare { amount, currency, reason, subject: subject? }))
    }
}

payload! {
    /// The answer to `lossDeclare`. Added in 0.1.0.
    LossDeclarePayload;
    /// Why the loss was not declared. Added in 0.1.0.
    LossDeclareUserError;
    {
        /// The missing money; null unless recorded. Of a hop that carried several tokens, the first.
        token: Token,
        /// All tokens made, the missing and what is left; null unless recorded.
        tokens: Vec<Token>,
    }
}

/// The mutation.
#[derive(Debug, Default)]
pub struct LossDeclareMutation;

#[Object]
impl LossDeclareMutation {
    /// Declares money lost; it is unaccounted from then on. Needs a dispatcher of the party that
    /// holds it or sent it. Added in 0.1.0.
    async fn loss_declare(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is stated.")] input: LossDeclareInput,
    ) -> Result<LossDeclarePayload> {
        let told = way::state(ctx, &input).await?;
        let lost = |made: &Made| made.tokens.iter().find(|token| token.reason == Some(MissingReason::Lost)).cloned();
        let token = told.made().and_then(lost).map(Token);
        let tokens = told.of(|made| made.tokens.iter().cloned().map(Token).collect());
        Ok(LossDeclarePayload { token, tokens, ..told.into() })
    }
}
