//! `budgetAppropriate`: appropriates money.

use async_graphql::{Context, InputObject, Object, Result};

use crate::api::scalar::{DateTime, OperationId};
use crate::api::types::programme::{self as appropriated, Programme};
use crate::ledger::operation::{BudgetAppropriate, Operation};
use crate::ledger::time::Cycle;

use super::fault::Fields;
use super::input::{CycleInput, MoneyInput};
use super::payload::{header, payload};
use super::reading::{InputReader, Stating, Zero};
use super::way;

/// Appropriates money to a programme and cycle. Added in 0.1.0.
#[derive(InputObject, Clone, Debug)]
pub struct BudgetAppropriateInput {
    /// The operation's id, a UUIDv7 made by the caller and kept for retries.
    pub operation_id: OperationId,
    /// When it happened; the moment of recording when left out.
    pub occurred_at: Option<DateTime>,
    /// The programme's code or id.
    pub programme: String,
    /// The cycle; the first appropriation fixes its days.
    pub cycle: CycleInput,
    /// How much is added; above zero.
    pub amount: MoneyInput,
}

impl Stating for BudgetAppropriateInput {
    const FIELDS: Fields = Fields {
        amount: &["amount", "amount"],
        currency: &["amount", "currency"],
        programme: "programme",
        cycle: &["cycle", "label"],
        texts: &["cycle"],
        ..Fields::NONE
    };

    header!();

    async fn operation(&self, reader: &mut InputReader<'_>) -> Option<Operation> {
        let programme = reader.programme(&self.programme);
        let (amount, currency) = reader.money("amount", &self.amount, Zero::Refused)?;
        let cycle = Cycle {
            first_day: self.cycle.first_day.0,
            label: self.cycle.label.clone(),
            last_day: self.cycle.last_day.0,
        };
        Some(Operation::BudgetAppropriate(BudgetAppropriate { amount, currency, cycle, programme: programme? }))
    }
}

payload! {
    /// The answer to `budgetAppropriate`. Added in 0.1.0.
    BudgetAppropriatePayload;
    /// Why a budget was not appropriated. Added in 0.1.0.
    BudgetAppropriateUserError;
    {
        /// The programme; null unless recorded.
        programme: Programme,
        /// The cycle with what is appropriated to it; null unless recorded.
        cycle: appropriated::Cycle,
    }
}

/// The mutation.
#[derive(Debug, Default)]
pub struct BudgetAppropriateMutation;

#[Object]
impl BudgetAppropriateMutation {
    /// Adds to the most that may be allocated to a programme and cycle. Needs an allocator of the
    /// treasury that owns the programme. Added in 0.1.0.
    async fn budget_appropriate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is stated.")] input: BudgetAppropriateInput,
    ) -> Result<BudgetAppropriatePayload> {
        let told = way::state(ctx, &input).await?;
        let label = &input.cycle.label;
        let changed = told.made().and_then(|made| made.appropriations.iter().find(|a| a.cycle.label == *label));
        let programme = changed.and_then(|changed| Programme::by_id(ctx, changed.programme).transpose()).transpose()?;
        // Who appropriates is no recipient, from whom sums are hidden.
        let cycle = changed.zip(programme.as_ref());
        let cycle = cycle.map(|(of, programme)| appropriated::Cycle::of(of, programme.0.currency, true));
        Ok(BudgetAppropriatePayload { programme, cycle, ..told.into() })
    }
}
