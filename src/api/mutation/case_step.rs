//! `caseStep`: takes a case one step further.

use async_graphql::{Context, ID, InputObject, Object, Result};

use crate::api::id;
use crate::api::scalar::{DateTime, OperationId};
use crate::api::types::case::Case;
use crate::api::types::names::CaseMove;
use crate::ledger::money::Minor;
use crate::ledger::operation::{CaseStep, Operation};

use super::fault::{Fault, Fields};
use super::input::MoneyInput;
use super::payload::{header, payload};
use super::reading::{InputReader, Stating, Zero, if_any};
use super::refusal_code::RefusalCode;
use super::way;

/// Takes a case one step further. Added in 0.1.0.
#[derive(InputObject, Clone, Debug)]
pub struct CaseStepInput {
    /// The operation's id, a UUIDv7 made by the caller and kept for retries.
    pub operation_id: OperationId,
    /// When it happened; the moment of recording when left out.
    pub occurred_at: Option<DateTime>,
    /// The case (`case_...`).
    pub case: ID,
    /// Which step.
    pub step: CaseMove,
    /// How much is found to be lost, or is ordered back, in the case's currency; only of these two
    /// steps. At most what the case is about.
    pub amount: Option<MoneyInput>,
    /// By when the next step is to be taken, at most two years away.
    pub deadline: DateTime,
    /// Why, in words.
    pub reason: String,
}

impl Stating for CaseStepInput {
    const FIELDS: Fields = Fields {
        subject: "case",
        amount: &["amount", "amount"],
        currency: &["amount", "currency"],
        case: "case",
        texts: &["reason"],
        ..Fields::NONE
    };

    header!();

    async fn operation(&self, reader: &mut InputReader<'_>) -> Option<Operation> {
        let case = reader.case(&self.case).await;
        let amount = if_any(self.amount.as_ref(), |money| self.amount(reader, money));
        Some(Operation::CaseStep(CaseStep {
            amount: amount?,
            case: case?,
            deadline: self.deadline.0,
            reason: self.reason.clone(),
            step: self.step.into(),
        }))
    }
}

impl CaseStepInput {
    /// The signed body names no currency: the amount is in that of the case.
    fn amount(&self, reader: &mut InputReader<'_>, input: &MoneyInput) -> Option<Minor> {
        let (amount, currency) = reader.money("amount", input, Zero::Allowed)?;
        let case = id::case(&self.case).ok().and_then(|id| reader.node().tables().cases.get(&id).cloned());
        match case.filter(|case| case.currency != currency) {
            None => Some(amount),
            Some(case) => {
                let message = format!("the case is in {}, not in {}", case.currency.code(), currency.code());
                reader.fault(Fault::at(&["amount", "currency"], RefusalCode::WrongCurrency, message));
                None
            }
        }
    }
}

payload! {
    /// The answer to `caseStep`. Added in 0.1.0.
    CaseStepPayload;
    /// Why the case did not go on. Added in 0.1.0.
    CaseStepUserError;
    {
        /// The case as recorded; null unless recorded.
        case: Case,
    }
}

/// The mutation.
#[derive(Debug, Default)]
pub struct CaseStepMutation;

#[Object]
impl CaseStepMutation {
    /// Takes an open case one step further. Needs a caseworker of the supervisor that opened it, who
    /// has no key of a party that it is about. Added in 0.1.0.
    async fn case_step(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is stated.")] input: CaseStepInput,
    ) -> Result<CaseStepPayload> {
        let told = way::state(ctx, &input).await?;
        let case = told.made().and_then(|made| made.cases.first()).cloned().map(Case);
        Ok(CaseStepPayload { case, ..told.into() })
    }
}
