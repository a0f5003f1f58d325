//! `recoveryRecord`: pays missing money back.

use async_graphql::{Context, ID, InputObject, Object, Result};

use crate::api::scalar::{DateTime, OperationId};
use crate::api::types::case::Case;
use crate::api::types::hop::Hop;
use crate::api::types::token::Token;
use crate::ledger::operation::{Operation, RecoveryRecord};
use crate::service::made::Made;

use super::fault::Fields;
use super::input::{MoneyInput, ReferenceInput};
use super::payload::{header, payload};
use super::reading::{InputReader, Stating, Zero};
use super::way;

/// Pays missing money back to the treasury. Added in 0.1.0.
#[derive(InputObject, Clone, Debug)]
pub struct RecoveryRecordInput {
    /// The operation's id, a UUIDv7 made by the caller and kept for retries.
    pub operation_id: OperationId,
    /// When it happened; the moment of recording when left out.
    pub occurred_at: Option<DateTime>,
    /// The missing token, by its id; or give `tokenReference`.
    pub token: Option<ID>,
    /// The missing token, as signed bytes name it; or give `token`.
    pub token_reference: Option<ReferenceInput>,
    /// How much; above zero, at most what is missing.
    pub amount: MoneyInput,
    /// The case that it is booked against (`case_...`); none when left out.
    pub case: Option<ID>,
    /// Under which order or agreement, in words.
    pub reason: String,
}

impl Stating for RecoveryRecordInput {
    const FIELDS: Fields = Fields {
        subject: "token",
        amount: &["amount", "amount"],
        currency: &["amount", "currency"],
        case: "case",
        texts: &["reason"],
        ..Fields::NONE
    };

    header!();

    async fn operation(&self, reader: &mut InputReader<'_>) -> Option<Operation> {
        let token = reader.token(self.token.as_ref(), self.token_reference.as_ref()).await;
        let case = match &self.case {
            Some(case) => reader.case(case).await.map(Some),
            None => Some(None),
        };
        let (amount, currency) = reader.money("amount", &self.amount, Zero::Refused)?;
        let reason = self.reason.clone();
        Some(Operation::RecoveryRecord(RecoveryRecord { amount, case: case?, currency, reason, token: token? }))
    }
}

payload! {
    /// The answer to `recoveryRecord`. Added in 0.1.0.
    RecoveryRecordPayload;
    /// Why the recovery was not recorded. Added in 0.1.0.
    RecoveryRecordUserError;
    {
        /// The hop to the treasury; null unless recorded.
        hop: Hop,
        /// What is still missing of the token; null when nothing is.
        rest: Token,
        /// The case that it was booked against; null for none.
        case: Case,
    }
}

/// The mutation.
#[derive(Debug, Default)]
pub struct RecoveryRecordMutation;

#[Object]
impl RecoveryRecordMutation {
    /// Sends missing money back to the treasury that allocated it, which acknowledges the hop. Needs
    /// a dispatcher of the accountable party. Added in 0.1.0.
    async fn recovery_record(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is stated.")] input: RecoveryRecordInput,
    ) -> Result<RecoveryRecordPayload> {
        let told = way::state(ctx, &input).await?;
        let hop = told.made().and_then(|made| made.opened_hops().next()).cloned().map(Hop);
        let stays = |made: &Made| made.tokens.iter().find(|token| token.due.is_none()).cloned();
        let rest = told.made().and_then(stays).map(Token);
        let case = told.made().and_then(|made| made.cases.first()).cloned().map(Case);
        Ok(RecoveryRecordPayload { hop, rest, case, ..told.into() })
    }
}
