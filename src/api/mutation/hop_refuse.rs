//! `hopRefuse`: refuses money on its way.

use async_graphql::{Context, ID, InputObject, Object, Result};

use crate::api::scalar::{DateTime, OperationId};
use crate::api::types::hop::Hop;
use crate::ledger::operation::{HopRefuse, Operation};
use crate::service::made::Made;

use super::fault::Fields;
use super::input::{MoneyInput, ReferenceInput};
use super::payload::{header, payload};
use super::reading::{InputReader, Stating, Zero};
use super::way;

/// Refuses money on its way to the party. Added in 0.1.0.
#[derive(InputObject, Clone, Debug)]
pub struct HopRefuseInput {
    /// The operation's id, a UUIDv7 made by the caller and kept for retries.
    pub operation_id: OperationId,
    /// When it happened; the moment of recording when left out.
    pub occurred_at: Option<DateTime>,
    /// The hop, by its id; or give `hopReference`.
    pub hop: Option<ID>,
    /// The hop, as signed bytes name it; or give `hop`.
    pub hop_reference: Option<ReferenceInput>,
    /// How much is refused; above zero.
    pub amount: MoneyInput,
    /// Why, in words.
    pub reason: String,
}

impl Stating for HopRefuseInput {
    const FIELDS: Fields = Fields {
        subject: "hop",
        amount: &["amount", "amount"],
        currency: &["amount", "currency"],
        texts: &["reason"],
        ..Fields::NONE
    };

    header!();

    async fn operation(&self, reader: &mut InputReader<'_>) -> Option<Operation> {
        let hop = reader.hop(self.hop.as_ref(), self.hop_reference.as_ref()).await;
        let (amount, currency) = reader.money("amount", &self.amount, Zero::Refused)?;
        let reason = self.reason.clone();
        Some(Operation::HopRefuse(HopRefuse { amount, currency, hop: hop?, reason }))
    }
}

payload! {
    /// The answer to `hopRefuse`. Added in 0.1.0.
    HopRefusePayload;
    /// Why money was not refused. Added in 0.1.0.
    HopRefuseUserError;
    {
        /// The hop as recorded; null unless recorded.
        hop: Hop,
        /// The hops on which it goes back, one for each token; null unless recorded.
        returns: Vec<Hop>,
    }
}

/// The mutation.
#[derive(Debug, Default)]
pub struct HopRefuseMutation;

#[Object]
impl HopRefuseMutation {
    /// Sends money on its way to the party back to who sent it. Needs a receiver of the receiving
    /// party. Added in 0.1.0.
    async fn hop_refuse(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is stated.")] input: HopRefuseInput,
    ) -> Result<HopRefusePayload> {
        let told = way::state(ctx, &input).await?;
        let made = told.made();
        let hop = made.and_then(Made::hop).cloned().map(Hop);
        let returns = told.of(|made| made.opened_hops().cloned().map(Hop).collect());
        Ok(HopRefusePayload { hop, returns, ..told.into() })
    }
}
