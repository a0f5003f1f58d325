//! `bankEvidenceRecord`: what a payment provider's books say.

use async_graphql::{Context, ID, InputObject, Object, Result};

use crate::api::scalar::{Date, DateTime, OperationId};
use crate::api::types::hop::Hop;
use crate::ledger::operation::{BankEvidenceRecord, Operation};
use crate::service::made::Made;

use super::fault::{Fault, Fields};
use super::input::{DeductionInput, MoneyInput, ReferenceInput};
use super::payload::{header, payload};
use super::reading::{InputReader, Stating, Zero};
use super::refusal_code::RefusalCode;
use super::way;

/// What a payment provider's books say of a hop. Added in 0.1.0.
#[derive(InputObject, Clone, Debug)]
pub struct BankEvidenceRecordInput {
    /// The operation's id, a UUIDv7 made by the caller and kept for retries.
    pub operation_id: OperationId,
    /// When it happened; the moment of recording when left out.
    pub occurred_at: Option<DateTime>,
    /// The hop, by its id; or give `hopReference`.
    pub hop: Option<ID>,
    /// The hop, as signed bytes name it; or give `hop`.
    pub hop_reference: Option<ReferenceInput>,
    /// Credited in all; may be zero. Give this, `returned`, or both, in one currency.
    pub credited: Option<MoneyInput>,
    /// Bounced with this evidence; above zero.
    pub returned: Option<MoneyInput>,
    /// Fees taken on the way and not declared before.
    #[graphql(default)]
    pub deductions: Vec<DeductionInput>,
    /// Why, as a code of the external code sets of ISO 20022, such as `AC04`; when stated.
    pub reason_code: Option<String>,
    /// The day on which the account was credited or debited, when stated.
    pub value_date: Option<Date>,
    /// The bank's own reference, or empty.
    #[graphql(default)]
    pub reference: String,
}

impl Stating for BankEvidenceRecordInput {
    const FIELDS: Fields = Fields {
        subject: "hop",
        amount: &["credited", "amount"],
        currency: &["credited", "currency"],
        texts: &["reference", "deductions"],
        ..Fields::NONE
    };

    header!();

    async fn operation(&self, reader: &mut InputReader<'_>) -> Option<Operation> {
        let hop = reader.hop(self.hop.as_ref(), self.hop_reference.as_ref()).await;
        let (credited, returned) = (self.credited.as_ref(), self.returned.as_ref());
        let currency = match (credited, returned) {
            (None, None) => {
                reader.exactly_one(&["credited", "returned"]);
                return None;
            }
            (Some(one), Some(other)) if one.currency != other.currency => {
                let message = "one statement is in one currency";
                reader.fault(Fault::at(&["returned", "currency"], RefusalCode::WrongCurrency, message));
                return None;
            }
            (Some(any), _) | (None, Some(any)) => any.currency.0,
        };
        let deductions = reader.deductions(&["deductions"], &self.deductions, currency);
        let credited = credited.map(|money| reader.money("credited", money, Zero::Allowed));
        let returned = returned.map(|money| reader.money("returned", money, Zero::Refused));
        Some(Operation::BankEvidenceRecord(BankEvidenceRecord {
            credited: credited.map_or(Some(None), |read| read.map(|(amount, _)| Some(amount)))?,
            currency,
            deductions: deductions?,
            hop: hop?,
            reason_code: self.reason_code.clone(),
            reference: self.reference.clone(),
            returned: returned.map_or(Some(None), |read| read.map(|(amount, _)| Some(amount)))?,
            value_date: self.value_date.map(|day| day.0),
        }))
    }
}

payload! {
    /// The answer to `bankEvidenceRecord`. Added in 0.1.0.
    BankEvidenceRecordPayload;
    /// Why the evidence was not recorded. Added in 0.1.0.
    BankEvidenceRecordUserError;
    {
        /// The hop as recorded; null unless recorded.
        hop: Hop,
        /// The hops on which bounced money goes back, one for each token; null unless recorded.
        returns: Vec<Hop>,
    }
}

/// The mutation.
#[derive(Debug, Default)]
pub struct BankEvidenceRecordMutation;

#[Object]
impl BankEvidenceRecordMutation {
    /// Records what a payment provider's books say of a hop to a recipient: credited in all, or
    /// bounced. It never counts as the recipient's word. Needs an officer of the provider. Added in 0.1.0.
    async fn bank_evidence_record(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is stated.")] input: BankEvidenceRecordInput,
    ) -> Result<BankEvidenceRecordPayload> {
        let told = way::state(ctx, &input).await?;
        let made = told.made();
        let hop = made.and_then(Made::hop).cloned().map(Hop);
        let returns = told.of(|made| made.opened_hops().cloned().map(Hop).collect());
        Ok(BankEvidenceRecordPayload { hop, returns, ..told.into() })
    }
}
