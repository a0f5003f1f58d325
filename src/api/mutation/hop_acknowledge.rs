//! `hopAcknowledge`: says what arrived.

use async_graphql::{Context, ID, InputObject, Object, Result};

use crate::api::scalar::{DateTime, OperationId};
use crate::api::types::hop::Hop;
use crate::api::types::token::Token;
use crate::ledger::operation::{HopAcknowledge, Operation};
use crate::service::made::Made;

use super::fault::Fields;
use super::input::{DeductionInput, MoneyInput, ReferenceInput};
use super::payload::{header, payload};
use super::reading::{InputReader, Stating, Zero};
use super::way;

/// States how much of a hop has arrived in all. Added in 0.1.0.
#[derive(InputObject, Clone, Debug)]
pub struct HopAcknowledgeInput {
    /// The operation's id, a UUIDv7 made by the caller and kept for retries.
    pub operation_id: OperationId,
    /// When it happened; the moment of recording when left out.
    pub occurred_at: Option<DateTime>,
    /// The hop, by its id; or give `hopReference`.
    pub hop: Option<ID>,
    /// The hop, as signed bytes name it; or give `hop`.
    pub hop_reference: Option<ReferenceInput>,
    /// The total arrived so far, late parts included; may be zero.
    pub arrived: MoneyInput,
    /// Deductions made on the way and not declared before.
    #[graphql(default)]
    pub deductions: Vec<DeductionInput>,
}

impl Stating for HopAcknowledgeInput {
    const FIELDS: Fields = Fields {
        subject: "hop",
        amount: &["arrived", "amount"],
        currency: &["arrived", "currency"],
        texts: &["deductions"],
        ..Fields::NONE
    };

    header!();

    async fn operation(&self, reader: &mut InputReader<'_>) -> Option<Operation> {
        let hop = reader.hop(self.hop.as_ref(), self.hop_reference.as_ref()).await;
        let deductions = reader.deductions(&["deductions"], &self.deductions, self.arrived.currency.0);
        let (arrived, currency) = reader.money("arrived", &self.arrived, Zero::Allowed)?;
        let deductions = deductions?;
        Some(Operation::HopAcknowledge(HopAcknowledge { arrived, currency, deductions, hop: hop? }))
    }
}

payload! {
    /// The answer to `hopAcknowledge`. Added in 0.1.0.
    HopAcknowledgePayload;
    /// Why an arrival was not acknowledged. Added in 0.1.0.
    HopAcknowledgeUserError;
    {
        /// The hop as recorded; null unless recorded.
        hop: Hop,
        /// What the receiver has by it, to split or send on; null when nothing new arrived.
        token: Token,
    }
}

/// The mutation.
#[derive(Debug, Default)]
pub struct HopAcknowledgeMutation;

#[Object]
impl HopAcknowledgeMutation {
    /// Says how much of a hop arrived, in all. Too little or too much is recorded and shows as
    /// shortfall or surplus. Needs a receiver of the receiving party; recipients use
    /// `receiptConfirm`. Added in 0.1.0.
    async fn hop_acknowledge(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is stated.")] input: HopAcknowledgeInput,
    ) -> Result<HopAcknowledgePayload> {
        let told = way::state(ctx, &input).await?;
        let made = told.made();
        let hop = made.and_then(Made::hop).cloned().map(Hop);
        let in_hand = |made: &Made| made.tokens.iter().find(|token| token.holder.is_some()).cloned();
        let token = made.and_then(in_hand).map(Token);
        Ok(HopAcknowledgePayload { hop, token, ..told.into() })
    }
}
