//! `disputeDecide`: decides a dispute.

use async_graphql::{Context, Enum, ID, InputObject, Object, Result};

use crate::api::scalar::{DateTime, OperationId};
use crate::api::types::hop::Hop;
use crate::ledger::operation::{Decision, DisputeDecide, Operation};
use crate::service::made::Made;

use super::fault::Fields;
use super::input::ReferenceInput;
use super::payload::{header, payload};
use super::reading::{InputReader, Stating};
use super::way;

/// Decides what is disputed on a hop. Added in 0.1.0.
#[derive(InputObject, Clone, Debug)]
pub struct DisputeDecideInput {
    /// The operation's id, a UUIDv7 made by the caller and kept for retries.
    pub operation_id: OperationId,
    /// When it happened; the moment of recording when left out.
    pub occurred_at: Option<DateTime>,
    /// The hop, by its id; or give `hopReference`.
    pub hop: Option<ID>,
    /// The hop, as signed bytes name it; or give `hop`.
    pub hop_reference: Option<ReferenceInput>,
    /// For or against the recipient.
    pub decision: DisputeDecision,
    /// Why, in words.
    pub reason: String,
}

/// How a dispute is decided. Added in 0.1.0.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisputeDecision {
    /// The recipient is right: the money is missing.
    Upheld,
    /// The recipient is not: the money was booked.
    Dismissed,
}

impl Stating for DisputeDecideInput {
    const FIELDS: Fields = Fields { subject: "hop", texts: &["reason"], ..Fields::NONE };

    header!();

    async fn operation(&self, reader: &mut InputReader<'_>) -> Option<Operation> {
        let hop = reader.hop(self.hop.as_ref(), self.hop_reference.as_ref()).await;
        let decision = match self.decision {
            DisputeDecision::Upheld => Decision::Upheld,
            DisputeDecision::Dismissed => Decision::Dismissed,
        };
        Some(Operation::DisputeDecide(DisputeDecide { decision, hop: hop?, reason: self.reason.clone() }))
    }
}

payload! {
    /// The answer to `disputeDecide`. Added in 0.1.0.
    DisputeDecidePayload;
    /// Why the dispute was not decided. Added in 0.1.0.
    DisputeDecideUserError;
    {
        /// The hop as recorded; null unless recorded.
        hop: Hop,
    }
}

/// The mutation.
#[derive(Debug, Default)]
pub struct DisputeDecideMutation;

#[Object]
impl DisputeDecideMutation {
    /// Decides what a recipient disputes: upheld it is unaccounted, dismissed it counts as booked.
    /// Needs two officers of a supervisor that is no party to the hop. Added in 0.1.0.
    async fn dispute_decide(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is stated.")] input: DisputeDecideInput,
    ) -> Result<DisputeDecidePayload> {
        let told = way::state(ctx, &input).await?;
        let hop = told.made().and_then(Made::hop).cloned().map(Hop);
        Ok(DisputeDecidePayload { hop, ..told.into() })
    }
}
