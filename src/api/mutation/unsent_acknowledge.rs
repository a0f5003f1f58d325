//! `unsentAcknowledge`: says that money arrived which nobody sent.

use async_graphql::{Context, InputObject, Object, Result};

use crate::api::scalar::{DateTime, OperationId};
use crate::api::types::hop::Hop;
use crate::api::types::token::Token;
use crate::ledger::operation::{Operation, UnsentAcknowledge};
use crate::service::made::Made;

use super::fault::Fields;
use super::input::MoneyInput;
use super::payload::{header, payload};
use super::reading::{InputReader, Stating, Zero};
use super::way;

/// States that money arrived which nobody sent. Added in 0.1.0.
#[derive(InputObject, Clone, Debug)]
pub struct UnsentAcknowledgeInput {
    /// The operation's id, a UUIDv7 made by the caller and kept for retries.
    pub operation_id: OperationId,
    /// When it happened; the moment of recording when left out.
    pub occurred_at: Option<DateTime>,
    /// The programme's code or id.
    pub programme: String,
    /// The cycle's label.
    pub cycle: String,
    /// What it was said to be for, a code of at most 64 bytes.
    pub purpose: String,
    /// How much arrived; above zero.
    pub arrived: MoneyInput,
}

impl Stating for UnsentAcknowledgeInput {
    const FIELDS: Fields = Fields {
        amount: &["arrived", "amount"],
        currency: &["arrived", "currency"],
        programme: "programme",
        cycle: &["cycle"],
        texts: &["purpose"],
        ..Fields::NONE
    };

    header!();

    async fn operation(&self, reader: &mut InputReader<'_>) -> Option<Operation> {
        let programme = reader.programme(&self.programme);
        let (arrived, currency) = reader.money("arrived", &self.arrived, Zero::Refused)?;
        let (cycle, purpose) = (self.cycle.clone(), self.purpose.clone());
        let programme = programme?;
        Some(Operation::UnsentAcknowledge(UnsentAcknowledge { arrived, currency, cycle, programme, purpose }))
    }
}

payload! {
    /// The answer to `unsentAcknowledge`. Added in 0.1.0.
    UnsentAcknowledgePayload;
    /// Why the arrival was not recorded. Added in 0.1.0.
    UnsentAcknowledgeUserError;
    {
        /// A hop without a sender; null unless recorded.
        hop: Hop,
        /// The money, all of it surplus; null unless recorded.
        token: Token,
    }
}

/// The mutation.
#[derive(Debug, Default)]
pub struct UnsentAcknowledgeMutation;

#[Object]
impl UnsentAcknowledgeMutation {
    /// Records money that arrived though nobody sent it: all of it is surplus. Needs a receiver of
    /// the party that has it. Added in 0.1.0.
    async fn unsent_acknowledge(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is stated.")] input: UnsentAcknowledgeInput,
    ) -> Result<UnsentAcknowledgePayload> {
        let told = way::state(ctx, &input).await?;
        let made = told.made();
        let hop = made.and_then(Made::hop).cloned().map(Hop);
        let token = made.and_then(|made| made.tokens.first()).cloned().map(Token);
        Ok(UnsentAcknowledgePayload { hop, token, ..told.into() })
    }
}
