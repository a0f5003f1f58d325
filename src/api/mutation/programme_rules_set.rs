//! `programmeRulesSet`: what is looked for in a programme.

use async_graphql::{Context, InputObject, Object, Result};

use crate::api::scalar::{DateTime, Decimal, OperationId};
use crate::api::types::programme::Programme;
use crate::api::types::rules::ProgrammeRules;
use crate::ledger::ids::ProgrammeId;
use crate::ledger::operation::{Operation, PurposeRule, RouteStep, Rules, RulesSet, Threshold};

use super::fault::{Fault, Fields};
use super::payload::{header, payload};
use super::reading::{InputReader, Stating};
use super::refusal_code::RefusalCode;
use super::way;

/// Sets what is looked for in a programme from now on; it replaces what was set before. Every list
/// has at most 64 elements. Added in 0.1.0.
#[derive(InputObject, Clone, Debug)]
pub struct ProgrammeRulesSetInput {
    /// The operation's id, a UUIDv7 made by the caller and kept for retries.
    pub operation_id: OperationId,
    /// When it happened; the moment of recording when left out.
    pub occurred_at: Option<DateTime>,
    /// The programme's code or id.
    pub programme: String,
    /// Programmes, by code or id, that nobody may be paid from beside this one.
    #[graphql(default)]
    pub exclusive: Vec<String>,
    /// Which purposes may be paid from which, besides its own.
    #[graphql(default)]
    pub purposes: Vec<PurposeRuleInput>,
    /// Who may pass money on to whom; any way is right when empty.
    #[graphql(default)]
    pub route: Vec<RouteStepInput>,
    /// The thresholds that are not the default, each once.
    #[graphql(default)]
    pub thresholds: Vec<ThresholdInput>,
}

/// For which other purposes money of a purpose may be spent. Added in 0.1.0.
#[derive(InputObject, Clone, Debug)]
pub struct PurposeRuleInput {
    /// The purpose that the money was allocated for.
    pub of: String,
    /// What it may be spent on besides.
    pub to: Vec<String>,
}

/// To which levels a level may pass money on. Added in 0.1.0.
#[derive(InputObject, Clone, Debug)]
pub struct RouteStepInput {
    /// The level of the sender, as parties are registered.
    pub from: String,
    /// The levels that may come next; `RECIPIENT` and `END_PAYEE` stand for these kinds.
    pub to: Vec<String>,
}

/// A threshold; `ProgrammeRules.thresholds` lists them with units and ranges. Added in 0.1.0.
#[derive(InputObject, Clone, Debug)]
pub struct ThresholdInput {
    /// Its name, such as `L05.days`.
    pub name: String,
    /// Its value: a whole number of its unit.
    pub value: Decimal,
}

impl Stating for ProgrammeRulesSetInput {
    const FIELDS: Fields = Fields { subject: "programme", programme: "programme", ..Fields::NONE };

    header!();

    async fn operation(&self, reader: &mut InputReader<'_>) -> Option<Operation> {
        let programme = reader.programme(&self.programme);
        let mut exclusive = Vec::with_capacity(self.exclusive.len());
        for (at, code) in self.exclusive.iter().enumerate() {
            exclusive.push(reader.programme_at(&["exclusive", &at.to_string()], code));
        }
        let mut thresholds = Vec::with_capacity(self.thresholds.len());
        for (at, input) in self.thresholds.iter().enumerate() {
            thresholds.push(threshold(reader, &at.to_string(), input));
        }
        let purpose = |rule: &PurposeRuleInput| PurposeRule { of: rule.of.clone(), to: rule.to.clone() };
        let step = |step: &RouteStepInput| RouteStep { from: step.from.clone(), to: step.to.clone() };
        let rules = Rules {
            exclusive: exclusive.into_iter().collect::<Option<_>>()?,
            purposes: self.purposes.iter().map(purpose).collect(),
            route: self.route.iter().map(step).collect(),
            thresholds: thresholds.into_iter().collect::<Option<_>>()?,
        };
        Some(Operation::RulesSet(RulesSet { programme: programme?, rules }))
    }
}

fn threshold(reader: &mut InputReader<'_>, at: &str, input: &ThresholdInput) -> Option<Threshold> {
    let value: Option<i64> = input.value.0.parse().ok();
    if value.is_none() {
        let message = format!("{:?} is not a whole number", input.value.0);
        reader.fault(Fault::at(&["thresholds", at, "value"], RefusalCode::Malformed, message));
    }
    Some(Threshold { name: input.name.clone(), value: value? })
}

payload! {
    /// The answer to `programmeRulesSet`. Added in 0.1.0.
    ProgrammeRulesSetPayload;
    /// Why the rules were not set. Added in 0.1.0.
    ProgrammeRulesSetUserError;
    {
        /// The programme; null unless recorded.
        programme: Programme,
        /// The rules as set; null unless recorded.
        rules: ProgrammeRules,
    }
}

/// The mutation.
#[derive(Debug, Default)]
pub struct ProgrammeRulesSetMutation;

#[Object]
impl ProgrammeRulesSetMutation {
    /// Sets what is looked for in a programme from now on: what was found before stays as it was.
    /// Needs two officers of the treasury that owns it, an allocator and an approver. Added in 0.1.0.
    async fn programme_rules_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is stated.")] input: ProgrammeRulesSetInput,
    ) -> Result<ProgrammeRulesSetPayload> {
        let told = way::state(ctx, &input).await?;
        let rules = told.made().and_then(|made| made.notes.first()).cloned().map(ProgrammeRules::set);
        let subject = told.made().and_then(|made| made.recorded.subject).map(ProgrammeId);
        let programme = subject.and_then(|id| Programme::by_id(ctx, id).transpose()).transpose()?;
        Ok(ProgrammeRulesSetPayload { programme, rules, ..told.into() })
    }
}
