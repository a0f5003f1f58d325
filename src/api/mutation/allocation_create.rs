//! `allocationCreate`: sets money aside.

use async_graphql::{Context, InputObject, Object, Result};

use crate::api::scalar::{DateTime, Decimal, OperationId};
use crate::api::types::allocation::Allocation;
use crate::api::types::token::Token;
use crate::ledger::operation::{AllocationCreate, Operation};

use super::fault::Fields;
use super::input::MoneyInput;
use super::payload::{header, payload};
use super::reading::{InputReader, Stating, Zero, if_any};
use super::way;

/// Sets money aside for a programme, cycle and purpose. Added in 0.1.0.
#[derive(InputObject, Clone, Debug)]
pub struct AllocationCreateInput {
    /// The operation's id, a UUIDv7 made by the caller and kept for retries.
    pub operation_id: OperationId,
    /// When it happened; the moment of recording when left out.
    pub occurred_at: Option<DateTime>,
    /// The programme's code or id.
    pub programme: String,
    /// The cycle's label.
    pub cycle: String,
    /// What it is for, a code of at most 64 bytes.
    pub purpose: String,
    /// How much; above zero.
    pub amount: MoneyInput,
    /// To how many recipients at most it is to be paid out, 1 to 2,147,483,647; when declared.
    pub declared_recipients: Option<u32>,
    /// How much at most is to be paid out to them, in the amount's currency; above zero; when
    /// declared.
    pub declared_total: Option<Decimal>,
}

impl Stating for AllocationCreateInput {
    const FIELDS: Fields = Fields {
        amount: &["amount", "amount"],
        currency: &["amount", "currency"],
        programme: "programme",
        cycle: &["cycle"],
        texts: &["purpose"],
        ..Fields::NONE
    };

    header!();

    async fn operation(&self, reader: &mut InputReader<'_>) -> Option<Operation> {
        let programme = reader.programme(&self.programme);
        let (amount, currency) = reader.money("amount", &self.amount, Zero::Refused)?;
        let declared_total = if_any(self.declared_total.as_ref(), |total| {
            reader.amount(&["declaredTotal"], &total.0, currency, Zero::Refused)
        });
        let (cycle, purpose) = (self.cycle.clone(), self.purpose.clone());
        let programme = programme?;
        Some(Operation::AllocationCreate(AllocationCreate {
            amount,
            currency,
            cycle,
            declared_recipients: self.declared_recipients,
            declared_total: declared_total?,
            programme,
            purpose,
        }))
    }
}

payload! {
    /// The answer to `allocationCreate`. Added in 0.1.0.
    AllocationCreatePayload;
    /// Why nothing was allocated. Added in 0.1.0.
    AllocationCreateUserError;
    {
        /// The allocation; null unless recorded.
        allocation: Allocation,
        /// Its first token, held by the treasury; null unless recorded.
        token: Token,
    }
}

/// The mutation.
#[derive(Debug, Default)]
pub struct AllocationCreateMutation;

#[Object]
impl AllocationCreateMutation {
    /// Sets money aside and makes its first token. Needs two officers of the treasury that owns the
    /// programme, an allocator and an approver; above the appropriation it is refused. Added in 0.1.0.
    async fn allocation_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is stated.")] input: AllocationCreateInput,
    ) -> Result<AllocationCreatePayload> {
        let told = way::state(ctx, &input).await?;
        let made = told.made();
        let allocation = made.and_then(|made| made.allocations.first()).cloned().map(Allocation);
        let token = made.and_then(|made| made.tokens.first()).cloned().map(Token);
        Ok(AllocationCreatePayload { allocation, token, ..told.into() })
    }
}
