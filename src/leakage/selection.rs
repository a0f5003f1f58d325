//! Which findings are meant, and what they add up to.

use uuid::Uuid;

use crate::ledger::ids::{AreaId, HopId, PartyKey, ProgrammeId};
use crate::ledger::money::Currency;

use super::rule::{Rule, Severity};

/// Which findings are meant; everything that is set must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FindingFilter {
    /// Of these rules; of any when empty.
    pub rules: Vec<Rule>,
    /// Of these severities; of any when empty.
    pub severities: Vec<Severity>,
    /// With these ids.
    pub ids: Option<Vec<Uuid>>,
    /// This party is responsible.
    pub responsible: Option<PartyKey>,
    /// This party is responsible, or the other of the pair.
    pub party: Option<PartyKey>,
    /// About this recipient.
    pub recipient: Option<PartyKey>,
    /// Of this programme's money.
    pub programme: Option<ProgrammeId>,
    /// Of this cycle.
    pub cycle: Option<String>,
    /// Of this purpose.
    pub purpose: Option<String>,
    /// In one of these areas.
    pub areas: Option<Vec<AreaId>>,
    /// In this currency.
    pub currency: Option<Currency>,
    /// That rest on this hop.
    pub hop: Option<HopId>,
    /// Resolved by the facts, or not.
    pub resolved: Option<bool>,
}

/// How many findings of a rule stand, and how much money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingSum {
    /// The rule.
    pub rule: Rule,
    /// Their severity.
    pub severity: Severity,
    /// Whether the facts resolved them.
    pub resolved: bool,
    /// The currency of the money.
    pub currency: Option<Currency>,
    /// How many.
    pub count: u64,
    /// The money at stake in all, in minor units; findings may overlap on the same money.
    pub amount: i128,
}
