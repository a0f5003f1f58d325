//! `entryReverse`: reverses an entry.

use async_graphql::{Context, ID, InputObject, Object, Result};

use crate::api::id;
use crate::api::scalar::{DateTime, OperationId};
use crate::api::types::allocation::Allocation;
use crate::api::types::hop::Hop;
use crate::api::types::token::Token;
use crate::ledger::ids::{Place, TokenId};
use crate::ledger::operation::{EntryReverse, Operation};
use crate::service::made::Made;

use super::fault::Fields;
use super::input::ReferenceInput;
use super::payload::{header, payload};
use super::reading::{InputReader, Stating, reference_of};
use super::way;

/// Reverses an entry, or one hop of it. Added in 0.1.0.
#[derive(InputObject, Clone, Debug)]
pub struct EntryReverseInput {
    /// The operation's id, a UUIDv7 made by the caller and kept for retries.
    pub operation_id: OperationId,
    /// When it happened; the moment of recording when left out.
    pub occurred_at: Option<DateTime>,
    /// The entry's id. For a dispatch to several, give `hop` instead. Give exactly one of `entry`,
    /// `hop`, `reference`.
    pub entry: Option<ID>,
    /// The hop to take back, by its id: one of a dispatch, a return or a recovery.
    pub hop: Option<ID>,
    /// The operation, as signed bytes name it, with the number of the hop.
    pub reference: Option<ReferenceInput>,
    /// Why, in words.
    pub reason: String,
}

impl Stating for EntryReverseInput {
    const FIELDS: Fields = Fields { subject: "entry", texts: &["reason"], ..Fields::NONE };

    header!();

    async fn operation(&self, reader: &mut InputReader<'_>) -> Option<Operation> {
        let entry = match (&self.entry, &self.hop, &self.reference) {
            (Some(entry), None, None) => {
                let place = |text: &str| id::entry(text).map(|entry| Place::new(entry, 0).unwrap_or(TokenId::MAX.0));
                reader.reference_of("entry", entry, place).await
            }
            (None, Some(hop), None) => reader.hop(Some(hop), None).await,
            (None, None, Some(reference)) => Some(reference_of(reference)),
            _ => {
                reader.exactly_one(&["entry", "hop", "reference"]);
                None
            }
        };
        Some(Operation::EntryReverse(EntryReverse { entry: entry?, reason: self.reason.clone() }))
    }
}

payload! {
    /// The answer to `entryReverse`. Added in 0.1.0.
    EntryReversePayload;
    /// Why the entry was not reversed. Added in 0.1.0.
    EntryReverseUserError;
    {
        /// The hop that was taken back or whose acknowledgement was; null for other entries.
        hop: Hop,
        /// The allocation that was taken back; null for other entries.
        allocation: Allocation,
        /// The tokens made anew, as they were before; null unless recorded.
        tokens: Vec<Token>,
    }
}

/// The mutation.
#[derive(Debug, Default)]
pub struct EntryReverseMutation;

#[Object]
impl EntryReverseMutation {
    /// Reverses a dispatch, return or recovery that nobody answered, the latest acknowledgement of a
    /// hop, or an allocation of which nothing moved. Needs two officers; for an acknowledgement of
    /// a hop that was sent, one of the receiver and one of the sender. Added in 0.1.0.
    async fn entry_reverse(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is stated.")] input: EntryReverseInput,
    ) -> Result<EntryReversePayload> {
        let told = way::state(ctx, &input).await?;
        let made = told.made();
        let hop = made.and_then(Made::hop).cloned().map(Hop);
        let reversed = |made: &Made| made.allocations.iter().find(|a| a.reversed_by.is_some()).cloned();
        let allocation = made.and_then(reversed).map(Allocation);
        let tokens = told.of(|made| made.tokens.iter().cloned().map(Token).collect());
        Ok(EntryReversePayload { hop, allocation, tokens, ..told.into() })
    }
}
