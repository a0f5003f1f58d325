//! `flagClose`: ends a case.

use async_graphql::{Context, ID, InputObject, Object, Result};

use crate::api::scalar::{DateTime, OperationId};
use crate::api::types::case::Case;
use crate::api::types::names::CaseOutcome;
use crate::ledger::operation::{FlagClose, Operation};

use super::fault::Fields;
use super::payload::{header, payload};
use super::reading::{InputReader, Stating};
use super::way;

/// Ends a case. Added in 0.1.0.
#[derive(InputObject, Clone, Debug)]
pub struct FlagCloseInput {
    /// The operation's id, a UUIDv7 made by the caller and kept for retries.
    pub operation_id: OperationId,
    /// When it happened; the moment of recording when left out.
    pub occurred_at: Option<DateTime>,
    /// The case (`case_...`).
    pub case: ID,
    /// How it ends; only a traced case can be put right.
    pub outcome: CaseOutcome,
    /// Why, in words.
    pub reason: String,
}

impl Stating for FlagCloseInput {
    const FIELDS: Fields = Fields { subject: "case", case: "case", texts: &["reason"], ..Fields::NONE };

    header!();

    async fn operation(&self, reader: &mut InputReader<'_>) -> Option<Operation> {
        let case = reader.case(&self.case).await?;
        Some(Operation::FlagClose(FlagClose { case, outcome: self.outcome.into(), reason: self.reason.clone() }))
    }
}

payload! {
    /// The answer to `flagClose`. Added in 0.1.0.
    FlagClosePayload;
    /// Why the case was not ended. Added in 0.1.0.
    FlagCloseUserError;
    {
        /// The case as recorded; null unless recorded.
        case: Case,
    }
}

/// The mutation.
#[derive(Debug, Default)]
pub struct FlagCloseMutation;

#[Object]
impl FlagCloseMutation {
    /// Closes a case that was put right, or dismisses one that there was nothing to. Needs two
    /// officers of the supervisor that opened it, a caseworker and an approver, who have no key of a
    /// party that it is about. Added in 0.1.0.
    async fn flag_close(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is stated.")] input: FlagCloseInput,
    ) -> Result<FlagClosePayload> {
        let told = way::state(ctx, &input).await?;
        let case = told.made().and_then(|made| made.cases.first()).cloned().map(Case);
        Ok(FlagClosePayload { case, ..told.into() })
    }
}
