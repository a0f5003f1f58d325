//! Findings: what a detector concludes, and how its conclusions become versions of one finding.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::ledger::hop::Hop;
use crate::ledger::ids::{AllocationId, AreaId, CaseId, HopId, NoteId, PartyKey, ProgrammeId, TokenId};
use crate::ledger::money::Currency;
use crate::ledger::note::PersonDigest;
use crate::ledger::time::Millis;

use super::equation::Equation;
use super::files::AllocationFile;
use super::rule::{Rule, Severity};

/// What a finding is about: a rule finds the same thing once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Subject {
    /// A hop.
    Hop(HopId),
    /// What an entry did.
    Entry(u64),
    /// What a recipient gets of a programme for a cycle and purpose.
    Due(PartyKey, ProgrammeId, String, String),
    /// A recipient.
    Recipient(PartyKey),
    /// A party, in a programme.
    Party(ProgrammeId, PartyKey),
    /// What passes from one party to another in a programme; perhaps from a moment on.
    Pair(ProgrammeId, PartyKey, PartyKey, Millis),
    /// An identity or account.
    Digest(PersonDigest),
    /// A household in a programme and cycle.
    Household(Uuid, ProgrammeId, String),
    /// An agent or device; perhaps at a moment.
    Agent(PersonDigest, Option<Millis>),
    /// An area of a programme.
    Area(ProgrammeId, AreaId),
    /// A note.
    Note(NoteId),
    /// An allocation.
    Allocation(AllocationId),
    /// A case.
    Case(CaseId),
    /// An officer and what was used too often.
    Officer(Uuid, String),
    /// A programme's year.
    Year(ProgrammeId, i32),
    /// A token.
    Token(TokenId),
}

impl Subject {
    /// The id of a rule's finding about it: derived from both (UUIDv8), so the same on every node
    /// that holds the same chain.
    pub fn finding_id(&self, rule: Rule) -> Uuid {
        let mut hash = Sha256::new();
        hash.update(b"aqueduct/finding/v1\0");
        hash.update(rule.code().as_bytes());
        hash.update(serde_json::to_vec(self).expect("subjects are plain JSON"));
        let digest = hash.finalize();
        Uuid::new_v8(digest[..16].try_into().expect("a digest has 32 bytes"))
    }
}

/// A figure that makes a conclusion more or less sure, with how it was computed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Score {
    /// Its equation with the numbers in it.
    pub equation: String,
    /// Its value, as a decimal.
    pub value: String,
}

/// What a detector concludes about a subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conclusion {
    /// How grave it is.
    pub severity: Severity,
    /// The money at stake.
    pub equation: Equation,
    /// The money's currency.
    pub currency: Option<Currency>,
    /// The party that is responsible: where the money was lost, or the first of a pair.
    pub responsible: Option<PartyKey>,
    /// The other of a pair, where it is contested who has it.
    pub counterparty: Option<PartyKey>,
    /// The programme whose money it is.
    pub programme: Option<ProgrammeId>,
    /// The cycle.
    pub cycle: Option<String>,
    /// The purpose.
    pub purpose: Option<String>,
    /// The area that the money counts in.
    pub area: Option<AreaId>,
    /// The recipient whom it is about.
    pub recipient: Option<PartyKey>,
    /// The hops that it rests on, in order.
    pub hops: Vec<HopId>,
    /// The entries that it rests on, in order.
    pub entries: Vec<u64>,
    /// Since when it is so (a stated time), where that is not when it was raised: ages count from it.
    pub since: Option<Millis>,
    /// How sure it is, where that is a figure.
    pub score: Option<Score>,
}

impl Conclusion {
    /// A conclusion of a rule: the money at stake.
    pub fn new(rule: Rule, equation: Equation) -> Self {
        Self {
            severity: rule.severity(),
            equation,
            currency: None,
            responsible: None,
            counterparty: None,
            programme: None,
            cycle: None,
            purpose: None,
            area: None,
            recipient: None,
            hops: Vec::new(),
            entries: Vec::new(),
            since: None,
            score: None,
        }
    }

    /// The same of a hop: its money, its two sides as a pair, and itself.
    pub fn of_hop(mut self, hop: &Hop, allocation: &AllocationFile) -> Self {
        self.currency = Some(allocation.currency);
        self.programme = Some(allocation.programme);
        self.cycle = Some(hop.for_cycle.clone().unwrap_or_else(|| allocation.cycle.clone()));
        self.purpose = Some(hop.purpose.clone().unwrap_or_else(|| allocation.purpose.clone()));
        self.area = Some(hop.area);
        self.responsible = Some(hop.accountable);
        self.counterparty = Some(hop.to);
        self.hops = vec![hop.id];
        self.entries = vec![hop.id.0.entry()];
        self
    }

    /// The money at stake, in minor units: what the equation comes to.
    pub fn amount(&self) -> i64 {
        let value = self.equation.value().expect("detectors name every operand");
        i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX })
    }

    /// In order and without repeats, so that the same conclusion has one form.
    pub fn sorted(mut self) -> Self {
        self.hops.sort_unstable();
        self.hops.dedup();
        self.entries.sort_unstable();
        self.entries.dedup();
        self
    }
}

/// Where a version of a finding stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The block.
    pub height: u64,
    /// Its time.
    pub time: Millis,
}

/// A finding, as it stands after a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its id.
    pub id: Uuid,
    /// The rule.
    pub rule: Rule,
    /// The version of the rule that computed it.
    pub rule_version: u32,
    /// What it is about.
    pub subject: Subject,
    /// What is concluded; the last conclusion, once it is resolved.
    pub conclusion: Conclusion,
    /// When it was first raised.
    pub raised: Moment,
    /// Which version it is, from 1.
    pub version: u32,
    /// The block that made this version.
    pub changed: Moment,
    /// When the facts resolved it; it may be raised again.
    pub resolved: Option<Moment>,
}

/// What a detector says of a subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The rule holds.
    Holds(Box<Conclusion>),
    /// It does not, or no more.
    Clear,
}

/// The next version of a finding, given the one before and what its detector says; none when
/// nothing changes.
pub fn next_version(
    before: Option<&Finding>,
    rule: Rule,
    subject: &Subject,
    verdict: Verdict,
    now: Moment,
) -> Option<Finding> {
    let next = |before: &Finding, conclusion: Conclusion, resolved: Option<Moment>| Finding {
        conclusion,
        rule_version: rule.version(),
        version: before.version + 1,
        changed: now,
        resolved,
        ..before.clone()
    };
    match (before, verdict) {
        (None, Verdict::Clear) => None,
        (None, Verdict::Holds(conclusion)) => Some(Finding {
            id: subject.finding_id(rule),
            rule,
            rule_version: rule.version(),
            subject: subject.clone(),
            conclusion: conclusion.sorted(),
            raised: now,
            version: 1,
            changed: now,
            resolved: None,
        }),
        (Some(before), Verdict::Clear) if before.resolved.is_some() => None,
        (Some(before), Verdict::Clear) => Some(next(before, before.conclusion.clone(), Some(now))),
        (Some(before), Verdict::Holds(conclusion)) => {
            let conclusion = conclusion.sorted();
            let same = before.resolved.is_none() && before.conclusion == conclusion;
            (!same).then(|| next(before, conclusion, None))
        }
    }
}
