//! `recipientSuspend`: says whether a recipient may be paid.

use async_graphql::{Context, ID, InputObject, Object, Result};

use crate::api::scalar::{Date, DateTime, OperationId};
use crate::api::types::names::RecipientStatus;
use crate::api::types::particular::{self, Particular};
use crate::ledger::lines::ParticularLine;
use crate::ledger::note;
use crate::ledger::operation::{Operation, RecipientRecord};

use super::fault::Fields;
use super::payload::{header, payload};
use super::reading::{InputReader, Stating};
use super::way;

/// Says since when a recipient may be paid, or not. Added in 0.1.0.
#[derive(InputObject, Clone, Debug)]
pub struct RecipientSuspendInput {
    /// The operation's id, a UUIDv7 made by the caller and kept for retries.
    pub operation_id: OperationId,
    /// When it happened; the moment of recording when left out.
    pub occurred_at: Option<DateTime>,
    /// The recipient, by its id (`rcp_...`) or UUID.
    pub recipient: ID,
    /// What holds from that day on.
    #[graphql(default_with = "RecipientStatus::Suspended")]
    pub status: RecipientStatus,
    /// The first day on which it holds: of a death, the day of the death.
    pub since: Date,
}

impl Stating for RecipientSuspendInput {
    const FIELDS: Fields = Fields { party: "recipient", lines: "recipient", ..Fields::NONE };

    header!();

    async fn operation(&self, reader: &mut InputReader<'_>) -> Option<Operation> {
        let person = reader.party(&["recipient"], &self.recipient)?;
        let particular = note::Particular::Status(self.status.into());
        let line = ParticularLine { person, particular, since: Some(self.since.0) };
        Some(Operation::RecipientRecord(RecipientRecord {}, vec![line]))
    }
}

payload! {
    /// The answer to `recipientSuspend`. Added in 0.1.0.
    RecipientSuspendPayload;
    /// Why the status was not recorded. Added in 0.1.0.
    RecipientSuspendUserError;
    {
        /// The status; null unless recorded.
        particular: Particular,
    }
}

/// The mutation.
#[derive(Debug, Default)]
pub struct RecipientSuspendMutation;

#[Object]
impl RecipientSuspendMutation {
    /// Suspends a recipient, states a death, or takes either back (`ACTIVE`): the same operation
    /// as `recipientRecord` with one line. Needs a registrar. Added in 0.1.0.
    async fn recipient_suspend(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is stated.")] input: RecipientSuspendInput,
    ) -> Result<RecipientSuspendPayload> {
        let told = way::state(ctx, &input).await?;
        let particular = told.made().and_then(|made| particular::of_notes(&made.notes).into_iter().next());
        Ok(RecipientSuspendPayload { particular, ..told.into() })
    }
}
