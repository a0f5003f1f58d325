//! Deeds that move no money: what is looked for, due and known, and what a supervisor does about
//! what was found.

use chrono::NaiveDate;
use serde::Deserialize;
use uuid::Uuid;

use crate::leakage::finding::Subject;
use crate::leakage::rule::Rule;
use crate::ledger::case::{CaseMove, CaseOutcome};
use crate::ledger::hop::Hop;
use crate::ledger::ids::Reference;
use crate::ledger::lines::{EntitlementLine, EvidenceLine, ParticularLine};
use crate::ledger::note::{EvidenceKind, Particular, ParticularKind, RecipientStatus};
use crate::ledger::operation::*;
use crate::ledger::registry::Role;

use super::StoryError;
use super::cast::{household_id, party_id, person_digest};
use super::deeds::{Act, Scene, absent, one, two};
use super::script::{Amount, Deed, Moment};

/// What is looked for in a programme.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetRules {
    programme: String,
    route: Vec<RouteStep>,
    #[serde(default)]
    thresholds: Vec<Threshold>,
}

/// What recipients are due: the programme's rate.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entitle {
    programme: String,
    cycle: String,
    due: NaiveDate,
    #[serde(default)]
    townships: Vec<String>,
    #[serde(default)]
    leave_out: Vec<String>,
    #[serde(default)]
    only: Vec<String>,
}

/// What a registry knows of recipients. A value is a status, or what the story calls an identity,
/// an account or a household; without one each recipient has one of their own.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Register {
    programme: String,
    kind: ParticularKind,
    value: Option<String>,
    since: Option<NaiveDate>,
    #[serde(default)]
    townships: Vec<String>,
    #[serde(default)]
    leave_out: Vec<String>,
    #[serde(default)]
    only: Vec<String>,
}

/// Recipients are asked whether their latest payment arrived.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    by: String,
    programme: String,
    cycle: String,
    #[serde(default)]
    townships: Vec<String>,
    #[serde(default)]
    only: Vec<String>,
}

/// Recipients collected their latest payments themselves, five minutes apart, from one agent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Collect {
    by: String,
    programme: String,
    cycle: String,
    agent: String,
    townships: Vec<String>,
}

/// A finding of a rule on a hop is taken up: the latest to a recipient, or from an office to an
/// office.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TakeUp {
    by: String,
    rule: Rule,
    programme: String,
    cycle: String,
    from: Option<String>,
    to: String,
    accused: String,
    amount: Amount,
    deadline: Moment,
    reason: String,
}

/// The case of such a finding goes one step further.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pursue {
    by: String,
    rule: Rule,
    programme: String,
    cycle: String,
    to: String,
    step: CaseMove,
    amount: Option<Amount>,
    deadline: Moment,
    reason: String,
}

/// The case of such a finding ends.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndCase {
    by: String,
    rule: Rule,
    programme: String,
    cycle: String,
    to: String,
    outcome: CaseOutcome,
    reason: String,
}

/// Collections of one agent are so many milliseconds apart.
const COLLECTIONS_APART_MS: i64 = 300_000;

impl Scene<'_> {
    /// The operations of a deed that moves no money.
    pub(super) fn notes(&self, deed: &Deed) -> Result<Vec<Act>, StoryError> {
        match deed {
            Deed::SetRules(deed) => {
                let (route, thresholds) = (deed.route.clone(), deed.thresholds.clone());
                let rules = Rules { route, thresholds, ..Rules::default() };
                let treasury = &self.country.programme(&deed.programme)?.treasury;
                let body = RulesSet { programme: deed.programme.clone(), rules };
                Ok(two(treasury, Role::Allocator, Operation::RulesSet(body)))
            }
            Deed::Entitle(deed) => self.entitle(deed),
            Deed::Register(deed) => self.register(deed),
            Deed::Ask(deed) => {
                let of = self.country.chosen(&deed.programme, (&deed.townships, &[], &deed.only))?;
                self.shown(&deed.by, &of, (&deed.programme, &deed.cycle), |_, _| {
                    line(EvidenceKind::ConfirmationRequested)
                })
            }
            Deed::Collect(deed) => {
                let of = self.country.chosen(&deed.programme, (&deed.townships, &[], &[]))?;
                let agent = Some(person_digest("agent", &deed.agent));
                self.shown(&deed.by, &of, (&deed.programme, &deed.cycle), |recipient, hop| EvidenceLine {
                    at: Some(hop.sent_at.plus(COLLECTIONS_APART_MS * i64::from(hop.id.0.position()))),
                    digest: Some(person_digest(ParticularKind::Identity.name(), recipient)),
                    agent,
                    ..line(EvidenceKind::Collected)
                })
            }
            Deed::TakeUp(deed) => self.take_up(deed),
            Deed::Pursue(deed) => {
                let hop = self.delivery(&deed.to, (&deed.programme, &deed.cycle))?;
                let body = CaseStep {
                    amount: deed.amount.as_ref().map(|amount| self.country.minor(amount)).transpose()?,
                    case: self.case_of(deed.rule, hop)?,
                    deadline: deed.deadline.0,
                    reason: deed.reason.clone(),
                    step: deed.step,
                };
                Ok(one(&deed.by, Role::Caseworker, Operation::CaseStep(body)))
            }
            Deed::EndCase(deed) => {
                let hop = self.delivery(&deed.to, (&deed.programme, &deed.cycle))?;
                let case = self.case_of(deed.rule, hop)?;
                let body = FlagClose { case, outcome: deed.outcome, reason: deed.reason.clone() };
                Ok(two(&deed.by, Role::Caseworker, Operation::FlagClose(body)))
            }
            _ => Err(StoryError::Script("a deed that nobody knows how to do".to_owned())),
        }
    }

    fn entitle(&self, deed: &Entitle) -> Result<Vec<Act>, StoryError> {
        let programme = self.country.programme(&deed.programme)?;
        let amount = self.country.minor(&programme.rate)?;
        let of = self.country.chosen(&deed.programme, (&deed.townships, &deed.leave_out, &deed.only))?;
        let line = |recipient: &String| EntitlementLine { recipient: party_id(recipient), amount, due: deed.due };
        let body = EntitlementSet {
            currency: self.country.currency,
            cycle: deed.cycle.clone(),
            programme: deed.programme.clone(),
            purpose: programme.purpose.clone(),
        };
        let operation = Operation::EntitlementSet(body, of.iter().map(line).collect());
        Ok(one(&programme.treasury, Role::Allocator, operation))
    }

    fn register(&self, deed: &Register) -> Result<Vec<Act>, StoryError> {
        let of = self.country.chosen(&deed.programme, (&deed.townships, &deed.leave_out, &deed.only))?;
        let line = |recipient: &String| {
            let value = deed.value.as_ref().unwrap_or(recipient);
            let digest = person_digest(deed.kind.name(), value);
            let particular = match deed.kind {
                ParticularKind::Status => RecipientStatus::parse(value)
                    .map(Particular::Status)
                    .ok_or_else(|| StoryError::Script(format!("{value:?} is no status of a recipient")))?,
                ParticularKind::Identity => Particular::Identity(digest),
                ParticularKind::Account => Particular::Account(digest),
                ParticularKind::Household => Particular::Household(household_id(value)),
                ParticularKind::Guardian => Particular::Guardian(person_digest(ParticularKind::Identity.name(), value)),
                ParticularKind::Collector => {
                    Particular::Collector(person_digest(ParticularKind::Identity.name(), value))
                }
            };
            Ok(ParticularLine { person: party_id(recipient), particular, since: deed.since })
        };
        let lines = of.iter().map(line).collect::<Result<_, StoryError>>()?;
        let registrar = &self.country.registrar()?.label;
        Ok(one(registrar, Role::Registrar, Operation::RecipientRecord(RecipientRecord {}, lines)))
    }

    /// Evidence of the latest delivery to each of some recipients, one line each.
    fn shown(
        &self,
        by: &str,
        of: &[String],
        purse: (&str, &str),
        line: impl Fn(&str, &Hop) -> EvidenceLine,
    ) -> Result<Vec<Act>, StoryError> {
        let mut entries: Vec<EntryReference> = Vec::new();
        let mut lines = Vec::with_capacity(of.len());
        for recipient in of {
            let hop = self.delivery(recipient, purse)?;
            let Reference { digest, operation, output } = self.named(hop)?;
            let known = entries.iter().position(|entry| entry.operation == operation);
            let at = known.unwrap_or_else(|| {
                entries.push(EntryReference { digest, operation });
                entries.len() - 1
            });
            let at = u16::try_from(at).map_err(|_| absent("room for the operations of", recipient, purse.0))?;
            lines.push(EvidenceLine { hop: Some((at, output)), ..line(recipient, hop) });
        }
        let operation = Operation::EvidenceRecord(EvidenceRecord { entries }, lines);
        Ok(one(by, Role::Dispatcher, operation))
    }

    fn take_up(&self, deed: &TakeUp) -> Result<Vec<Act>, StoryError> {
        let purse = (deed.programme.as_str(), deed.cycle.as_str());
        let hop = match &deed.from {
            Some(from) => self.hop(from, &deed.to, purse)?,
            None => self.delivery(&deed.to, purse)?,
        };
        let body = FlagReview {
            accused: Some(party_id(&deed.accused)),
            amount: self.country.minor(&deed.amount)?,
            currency: self.country.currency,
            deadline: deed.deadline.0,
            finding: finding(deed.rule, hop),
            hops: vec![self.named(hop)?],
            reason: deed.reason.clone(),
            rule: deed.rule.code().to_owned(),
            rule_version: deed.rule.version(),
        };
        Ok(one(&deed.by, Role::Caseworker, Operation::FlagReview(body)))
    }

    /// The case of a rule's finding on a hop.
    pub(super) fn case_of(&self, rule: Rule, hop: &Hop) -> Result<Reference, StoryError> {
        let found = self.books.case(finding(rule, hop));
        found.ok_or_else(|| StoryError::Script(format!("there is no case of {} on hop {}", rule.code(), hop.id)))
    }
}

fn finding(rule: Rule, hop: &Hop) -> Uuid {
    Subject::Hop(hop.id).finding_id(rule)
}

fn line(kind: EvidenceKind) -> EvidenceLine {
    EvidenceLine {
        kind,
        hop: None,
        party: None,
        programme: None,
        amount: None,
        at: None,
        digest: None,
        agent: None,
        reference: None,
    }
}
