//! `lossWriteOff`: writes missing money off.

use async_graphql::{Context, ID, InputObject, Object, Result};

use crate::api::scalar::{DateTime, OperationId};
use crate::api::types::token::Token;
use crate::ledger::operation::{LossWriteOff, Operation};

use super::fault::Fields;
use super::input::ReferenceInput;
use super::payload::{header, payload};
use super::reading::{InputReader, Stating};
use super::way;

/// Writes missing money off. Added in 0.1.0.
#[derive(InputObject, Clone, Debug)]
pub struct LossWriteOffInput {
    /// The operation's id, a UUIDv7 made by the caller and kept for retries.
    pub operation_id: OperationId,
    /// When it happened; the moment of recording when left out.
    pub occurred_at: Option<DateTime>,
    /// The token, by its id; or give `tokenReference`.
    pub token: Option<ID>,
    /// The token, as signed bytes name it; or give `token`.
    pub token_reference: Option<ReferenceInput>,
    /// Why, in words.
    pub reason: String,
}

impl Stating for LossWriteOffInput {
    const FIELDS: Fields = Fields { subject: "token", texts: &["reason"], ..Fields::NONE };

    header!();

    async fn operation(&self, reader: &mut InputReader<'_>) -> Option<Operation> {
        let token = reader.token(self.token.as_ref(), self.token_reference.as_ref()).await;
        Some(Operation::LossWriteOff(LossWriteOff { reason: self.reason.clone(), token: token? }))
    }
}

payload! {
    /// The answer to `lossWriteOff`. Added in 0.1.0.
    LossWriteOffPayload;
    /// Why nothing was written off. Added in 0.1.0.
    LossWriteOffUserError;
    {
        /// The money, still missing; null unless recorded.
        token: Token,
    }
}

/// The mutation.
#[derive(Debug, Default)]
pub struct LossWriteOffMutation;

#[Object]
impl LossWriteOffMutation {
    /// Writes missing money off: it stays unaccounted and is no longer pursued. Needs two officers
    /// of a supervisor. Added in 0.1.0.
    async fn loss_write_off(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is stated.")] input: LossWriteOffInput,
    ) -> Result<LossWriteOffPayload> {
        let told = way::state(ctx, &input).await?;
        let token = told.made().and_then(|made| made.tokens.first()).cloned().map(Token);
        Ok(LossWriteOffPayload { token, ..told.into() })
    }
}
