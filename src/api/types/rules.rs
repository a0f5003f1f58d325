//! What is looked for in a programme.

use std::sync::Arc;

use async_graphql::{Context, Object, Result, SimpleObject};

use crate::api::request::api;
use crate::api::scalar::Decimal;
use crate::ledger::ids::ProgrammeId;
use crate::ledger::note::{Note, Noted};
use crate::ledger::operation::{self, Rules};
use crate::ledger::parameter::Parameter;

use super::entry::Entry;
use super::programme::Programme;

/// Rules of a programme, with the note that set them; none for the defaults.
pub struct ProgrammeRules(Option<Arc<Note>>);

impl ProgrammeRules {
    /// The rules that a note set.
    pub fn set(note: Arc<Note>) -> Self {
        Self(Some(note))
    }

    /// The rules set last of this programme among notes, or the defaults.
    pub fn in_force(notes: &[Arc<Note>], of: ProgrammeId) -> Self {
        let is_of = |note: &&Arc<Note>| matches!(&note.fact, Noted::Rules { programme, .. } if *programme == of);
        Self(notes.iter().rfind(is_of).cloned())
    }

    fn rules(&self) -> Option<&Rules> {
        match self.0.as_ref().map(|note| &note.fact) {
            Some(Noted::Rules { rules, .. }) => Some(rules),
            _ => None,
        }
    }
}

/// What is looked for in a programme. Added in 0.1.0.
#[Object]
impl ProgrammeRules {
    /// Programmes that nobody may be paid from beside this one.
    async fn exclusive(&self, ctx: &Context<'_>) -> Result<Vec<Programme>> {
        let node = &api(ctx)?.node;
        let codes = self.rules().map(|rules| rules.exclusive.as_slice()).unwrap_or_default();
        Ok(codes.iter().filter_map(|code| node.programme_named(code)).map(Programme).collect())
    }

    /// Which purposes may be paid from which, besides its own.
    async fn purposes(&self) -> Vec<PurposeRule> {
        let of = |rule: &operation::PurposeRule| PurposeRule { of: rule.of.clone(), to: rule.to.clone() };
        self.rules().map(|rules| rules.purposes.iter().map(of).collect()).unwrap_or_default()
    }

    /// Who may pass money on to whom; any way is right when empty.
    async fn route(&self) -> Vec<RouteStep> {
        let of = |step: &operation::RouteStep| RouteStep { from: step.from.clone(), to: step.to.clone() };
        self.rules().map(|rules| rules.route.iter().map(of).collect()).unwrap_or_default()
    }

    /// Every threshold, whether it was set or not.
    async fn thresholds(&self) -> Vec<Threshold> {
        let set = self.rules().map(|rules| rules.thresholds.as_slice()).unwrap_or_default();
        let of = |parameter: &Parameter| {
            let value = set.iter().find(|threshold| threshold.name == parameter.name()).map(|found| found.value);
            Threshold::of(*parameter, value)
        };
        Parameter::ALL.iter().map(of).collect()
    }

    /// The entry that set them; null while the defaults hold.
    async fn set_by(&self, ctx: &Context<'_>) -> Result<Option<Entry>> {
        match &self.0 {
            Some(note) => Entry::by_index(ctx, note.id.0.entry()).await,
            None => Ok(None),
        }
    }
}

/// For which other purposes money of a purpose may be spent. Added in 0.1.0.
#[derive(SimpleObject)]
pub struct PurposeRule {
    /// The purpose that the money was allocated for.
    of: String,
    /// What it may be spent on besides.
    to: Vec<String>,
}

/// To which levels a level may pass money on. Added in 0.1.0.
#[derive(SimpleObject)]
pub struct RouteStep {
    /// The level of the sender, as parties are registered.
    from: String,
    /// The levels that may come next; `RECIPIENT` and `END_PAYEE` stand for these kinds.
    to: Vec<String>,
}

/// A threshold of a programme's rules. Its numbers are whole. Added in 0.1.0.
#[derive(SimpleObject)]
pub struct Threshold {
    /// Its name, such as `L05.days`.
    name: String,
    /// Its value in this programme.
    value: Decimal,
    /// Its value where a programme sets none.
    default: Decimal,
    /// The unit of its values, such as `days` or `minor units`.
    unit: String,
    /// The lowest value that may be set.
    lowest: Decimal,
    /// The highest value that may be set.
    highest: Decimal,
    /// What it says.
    text: String,
}

impl Threshold {
    fn of(parameter: Parameter, set: Option<i64>) -> Self {
        let (lowest, highest) = parameter.range();
        let whole = |number: i64| Decimal(number.to_string());
        Self {
            name: parameter.name().to_owned(),
            value: whole(set.unwrap_or(parameter.default())),
            default: whole(parameter.default()),
            unit: parameter.unit().to_owned(),
            lowest: whole(lowest),
            highest: whole(highest),
            text: parameter.text().to_owned(),
        }
    }
}
