//! `receiptDispute`: a recipient's word that less was received.

use async_graphql::{Context, ID, InputObject, Object, Result};

use crate::api::scalar::{DateTime, OperationId};
use crate::api::types::hop::Hop;
use crate::ledger::operation::{Operation, ReceiptDispute};
use crate::service::made::Made;

use super::fault::Fields;
use super::input::{MoneyInput, ReferenceInput};
use super::payload::{header, payload};
use super::reading::{InputReader, Stating, Zero};
use super::way;

/// A recipient's word: less was received than was sent, or than was said before. Added in 0.1.0.
#[derive(InputObject, Clone, Debug)]
pub struct ReceiptDisputeInput {
    /// The operation's id, a UUIDv7 made by the caller and kept for retries.
    pub operation_id: OperationId,
    /// When it happened; the moment of recording when left out.
    pub occurred_at: Option<DateTime>,
    /// The hop, by its id; or give `hopReference`.
    pub hop: Option<ID>,
    /// The hop, as signed bytes name it; or give `hop`.
    pub hop_reference: Option<ReferenceInput>,
    /// The total received; may be zero.
    pub received: MoneyInput,
    /// What is disputed, in words.
    pub reason: String,
}

impl Stating for ReceiptDisputeInput {
    const FIELDS: Fields = Fields {
        subject: "hop",
        amount: &["received", "amount"],
        currency: &["received", "currency"],
        texts: &["reason"],
        ..Fields::NONE
    };

    header!();

    async fn operation(&self, reader: &mut InputReader<'_>) -> Option<Operation> {
        let hop = reader.hop(self.hop.as_ref(), self.hop_reference.as_ref()).await;
        let (received, currency) = reader.money("received", &self.received, Zero::Allowed)?;
        let reason = self.reason.clone();
        Some(Operation::ReceiptDispute(ReceiptDispute { currency, hop: hop?, reason, received }))
    }
}

payload! {
    /// The answer to `receiptDispute`. Added in 0.1.0.
    ReceiptDisputePayload;
    /// Why the dispute was not recorded. Added in 0.1.0.
    ReceiptDisputeUserError;
    {
        /// The hop as recorded; null unless recorded.
        hop: Hop,
    }
}

/// The mutation.
#[derive(Debug, Default)]
pub struct ReceiptDisputeMutation;

#[Object]
impl ReceiptDisputeMutation {
    /// Records a recipient's word that less was received; the rest counts as disputed until it is
    /// decided. Only the recipient's own login or key can give it. Added in 0.1.0.
    async fn receipt_dispute(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is stated.")] input: ReceiptDisputeInput,
    ) -> Result<ReceiptDisputePayload> {
        let told = way::state(ctx, &input).await?;
        let hop = told.made().and_then(Made::hop).cloned().map(Hop);
        Ok(ReceiptDisputePayload { hop, ..told.into() })
    }
}
