//! `receiptConfirm`: a recipient's word.

use async_graphql::{Context, ID, InputObject, Object, Result};

use crate::api::scalar::{DateTime, OperationId};
use crate::api::types::hop::Hop;
use crate::ledger::operation::{Operation, ReceiptConfirm};
use crate::service::made::Made;

use super::fault::Fields;
use super::input::{MoneyInput, ReferenceInput};
use super::payload::{header, payload};
use super::reading::{InputReader, Stating, Zero};
use super::way;

/// A recipient's word: how much was received in all. Added in 0.1.0.
#[derive(InputObject, Clone, Debug)]
pub struct ReceiptConfirmInput {
    /// The operation's id, a UUIDv7 made by the caller and kept for retries.
    pub operation_id: OperationId,
    /// When it happened; the moment of recording when left out.
    pub occurred_at: Option<DateTime>,
    /// The hop, by its id; or give `hopReference`.
    pub hop: Option<ID>,
    /// The hop, as signed bytes name it; or give `hop`.
    pub hop_reference: Option<ReferenceInput>,
    /// The total received, first or more than said before; may be zero.
    pub received: MoneyInput,
    /// What was wrong with it, in words; empty when all was well.
    #[graphql(default)]
    pub issues: String,
}

impl Stating for ReceiptConfirmInput {
    const FIELDS: Fields = Fields {
        subject: "hop",
        amount: &["received", "amount"],
        currency: &["received", "currency"],
        texts: &["issues"],
        ..Fields::NONE
    };

    header!();

    async fn operation(&self, reader: &mut InputReader<'_>) -> Option<Operation> {
        let hop = reader.hop(self.hop.as_ref(), self.hop_reference.as_ref()).await;
        let (received, currency) = reader.money("received", &self.received, Zero::Allowed)?;
        let issues = self.issues.clone();
        Some(Operation::ReceiptConfirm(ReceiptConfirm { currency, hop: hop?, issues, received }))
    }
}

payload! {
    /// The answer to `receiptConfirm`. Added in 0.1.0.
    ReceiptConfirmPayload;
    /// Why the receipt was not recorded. Added in 0.1.0.
    ReceiptConfirmUserError;
    {
        /// The hop as recorded; null unless recorded.
        hop: Hop,
    }
}

/// The mutation.
#[derive(Debug, Default)]
pub struct ReceiptConfirmMutation;

#[Object]
impl ReceiptConfirmMutation {
    /// Records a recipient's word on what was received in all; the latest word stands. What was sent
    /// above it counts as disputed. Only the recipient's own login or key can give it. Added in 0.1.0.
    async fn receipt_confirm(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is stated.")] input: ReceiptConfirmInput,
    ) -> Result<ReceiptConfirmPayload> {
        let told = way::state(ctx, &input).await?;
        let hop = told.made().and_then(Made::hop).cloned().map(Hop);
        Ok(ReceiptConfirmPayload { hop, ..told.into() })
    }
}
