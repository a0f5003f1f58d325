//! `programmeDefine`: defines a programme.

use async_graphql::{Context, InputObject, Object, Result};

use crate::api::scalar::{CurrencyCode, DateTime, Decimal, OperationId};
use crate::api::types::programme::Programme;
use crate::ledger::money::Currency;
use crate::ledger::operation::{AllowedDays, Operation, ProgrammeDefine, ScheduledDeduction};

use super::fault::{Fault, Fields};
use super::payload::{header, payload};
use super::reading::{InputReader, Stating, Zero};
use super::refusal_code::RefusalCode;
use super::way;

/// Defines a programme or replaces its rules from now on. Added in 0.1.0.
#[derive(InputObject, Clone, Debug)]
pub struct ProgrammeDefineInput {
    /// The operation's id, a UUIDv7 made by the caller and kept for retries.
    pub operation_id: OperationId,
    /// When it happened; the moment of recording when left out.
    pub occurred_at: Option<DateTime>,
    /// Its code, unique on the chain, at most 64 bytes.
    pub code: String,
    /// What people call it, 1 to 200 bytes.
    pub label: String,
    /// The currency of all its money; cannot be changed later.
    pub currency: CurrencyCode,
    /// The fixed UTC offset of its days, in minutes: -840 to 840.
    #[graphql(default = 0)]
    pub utc_offset_minutes: i32,
    /// How many days each kind of hop may take.
    pub allowed_days: AllowedDaysInput,
    /// Which deductions are lawful, at most 16 codes. Others count as unaccounted.
    #[graphql(default)]
    pub deductions: Vec<ScheduledDeductionInput>,
}

/// How many days each kind of hop may take; it is overdue after the end of the last of them.
/// Added in 0.1.0.
#[derive(InputObject, Clone, Debug)]
pub struct AllowedDaysInput {
    /// Between parties: days, 0 to 65,535.
    pub transfer: i32,
    /// To a recipient or end payee: days, 0 to 65,535.
    pub delivery: i32,
    /// Back upstream: days, 0 to 65,535.
    #[graphql(name = "return")]
    pub giving_back: i32,
    /// A recovery on its way to the treasury: days, 0 to 65,535.
    pub recovery: i32,
}

/// One code of the deduction schedule. Of two caps the lower counts. Added in 0.1.0.
#[derive(InputObject, Clone, Debug)]
pub struct ScheduledDeductionInput {
    /// The code, at most 64 bytes.
    pub code: String,
    /// The highest amount for each hop (kept by the sender: for each dispatch), in the
    /// programme's currency; none when left out.
    pub cap_amount: Option<Decimal>,
    /// The highest share of the gross amount in millionths (10000 is one per cent), at most
    /// 1,000,000; none when left out.
    pub cap_millionths: Option<u32>,
}

impl Stating for ProgrammeDefineInput {
    const FIELDS: Fields = Fields { currency: &["currency"], programme: "code", texts: &["label"], ..Fields::NONE };

    header!();

    async fn operation(&self, reader: &mut InputReader<'_>) -> Option<Operation> {
        let utc_offset_minutes = small(reader, "utcOffsetMinutes", self.utc_offset_minutes);
        let days = &self.allowed_days;
        let transfer = small(reader, "allowedDays", days.transfer);
        let delivery = small(reader, "allowedDays", days.delivery);
        let giving_back = small(reader, "allowedDays", days.giving_back);
        let recovery = small(reader, "allowedDays", days.recovery);
        let mut deductions = Vec::with_capacity(self.deductions.len());
        for (at, rule) in self.deductions.iter().enumerate() {
            deductions.push(scheduled(reader, &at.to_string(), rule, self.currency.0));
        }
        Some(Operation::ProgrammeDefine(ProgrammeDefine {
            allowed_days: AllowedDays {
                delivery: delivery?,
                recovery: recovery?,
                giving_back: giving_back?,
                transfer: transfer?,
            },
            code: self.code.clone(),
            currency: self.currency.0,
            deductions: deductions.into_iter().collect::<Option<_>>()?,
            label: self.label.clone(),
            utc_offset_minutes: utc_offset_minutes?,
        }))
    }
}

/// A number that fits its field.
fn small<T: TryFrom<i32>>(reader: &mut InputReader<'_>, field: &str, number: i32) -> Option<T> {
    let fits = T::try_from(number).ok();
    if fits.is_none() {
        let message = format!("{number} is outside what this may be");
        reader.fault(Fault::at(&[field], RefusalCode::Malformed, message));
    }
    fits
}

fn scheduled(
    reader: &mut InputReader<'_>,
    at: &str,
    rule: &ScheduledDeductionInput,
    currency: Currency,
) -> Option<ScheduledDeduction> {
    let path = ["deductions", at, "capAmount"];
    let cap = rule.cap_amount.as_ref().map(|cap| reader.amount(&path, &cap.0, currency, Zero::Allowed));
    Some(ScheduledDeduction {
        cap_amount: cap.map_or(Some(None), |read| read.map(Some))?,
        cap_millionths: rule.cap_millionths,
        code: rule.code.clone(),
    })
}

payload! {
    /// The answer to `programmeDefine`. Added in 0.1.0.
    ProgrammeDefinePayload;
    /// Why the programme was not defined. Added in 0.1.0.
    ProgrammeDefineUserError;
    {
        /// The programme; null unless recorded.
        programme: Programme,
    }
}

/// The mutation.
#[derive(Debug, Default)]
pub struct ProgrammeDefineMutation;

#[Object]
impl ProgrammeDefineMutation {
    /// Defines a programme or replaces its rules; due times and deductions made before stay as they
    /// were. Needs two officers of the treasury, an allocator and an approver. Added in 0.1.0.
    async fn programme_define(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is stated.")] input: ProgrammeDefineInput,
    ) -> Result<ProgrammeDefinePayload> {
        let told = way::state(ctx, &input).await?;
        let programme = told.made().and_then(|made| made.programmes.first()).cloned().map(Programme);
        Ok(ProgrammeDefinePayload { programme, ..told.into() })
    }
}
