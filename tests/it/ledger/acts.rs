//! One short call for each thing that parties of the world state.

use aqueduct::ledger::case::{CaseMove, CaseOutcome};
use aqueduct::ledger::ids::Reference;
use aqueduct::ledger::lines::{EntitlementLine, EvidenceLine, OutputLine, ParticularLine};
use aqueduct::ledger::note::{EvidenceKind, Particular};
use aqueduct::ledger::operation::*;
use aqueduct::ledger::time::Millis;
use uuid::Uuid;

use super::world::{currency, minor};

const MONEY: &str = "INR";

pub fn allocate(programme: &str, money: &str, label: &str, purpose: &str, amount: i64) -> Operation {
    Operation::AllocationCreate(AllocationCreate {
        declared_recipients: None,
        declared_total: None,
        amount: minor(amount),
        currency: currency(money),
        cycle: label.to_owned(),
        programme: programme.to_owned(),
        purpose: purpose.to_owned(),
    })
}

pub fn split(token: Reference, parts: &[i64]) -> Operation {
    let parts = parts.iter().copied().map(minor).collect();
    Operation::TokenSplit(TokenSplit { currency: currency(MONEY), parts, token })
}

pub fn dispatch(token: Reference, keep: &[Deduction], lines: &[OutputLine]) -> Operation {
    let body = TokenDispatch { currency: currency(MONEY), keep: keep.to_vec(), token };
    Operation::TokenDispatch(body, lines.to_vec())
}

pub fn acknowledge(hop: Reference, arrived: i64, deductions: &[Deduction]) -> Operation {
    Operation::HopAcknowledge(HopAcknowledge {
        arrived: minor(arrived),
        currency: currency(MONEY),
        deductions: deductions.to_vec(),
        hop,
    })
}

pub fn unsent(programme: &str, money: &str, arrived: i64) -> Operation {
    Operation::UnsentAcknowledge(UnsentAcknowledge {
        arrived: minor(arrived),
        currency: currency(money),
        cycle: "2026-11".to_owned(),
        programme: programme.to_owned(),
        purpose: "GRANT".to_owned(),
    })
}

pub fn refuse(hop: Reference, amount: i64) -> Operation {
    let reason = "not ours".to_owned();
    Operation::HopRefuse(HopRefuse { amount: minor(amount), currency: currency(MONEY), hop, reason })
}

pub fn confirm(hop: Reference, received: i64) -> Operation {
    let (currency, issues) = (currency(MONEY), String::new());
    Operation::ReceiptConfirm(ReceiptConfirm { currency, hop, issues, received: minor(received) })
}

pub fn dispute(hop: Reference, received: i64) -> Operation {
    let (currency, reason) = (currency(MONEY), "less came".to_owned());
    Operation::ReceiptDispute(ReceiptDispute { currency, hop, reason, received: minor(received) })
}

pub fn evidence(hop: Reference, credited: Option<i64>, returned: Option<i64>, deductions: &[Deduction]) -> Operation {
    Operation::BankEvidenceRecord(BankEvidenceRecord {
        reason_code: None,
        value_date: None,
        credited: credited.map(minor),
        currency: currency(MONEY),
        deductions: deductions.to_vec(),
        hop,
        reference: "AC04".to_owned(),
        returned: returned.map(minor),
    })
}

pub fn give_back(token: Reference, to: Uuid, amount: i64) -> Operation {
    let reason = "not needed".to_owned();
    Operation::TokenReturn(TokenReturn { amount: minor(amount), currency: currency(MONEY), reason, to, token })
}

pub fn decide(hop: Reference, decision: Decision) -> Operation {
    Operation::DisputeDecide(DisputeDecide { decision, hop, reason: "heard both".to_owned() })
}

pub fn lose(subject: LossSubject, amount: i64) -> Operation {
    let reason = "robbery".to_owned();
    Operation::LossDeclare(LossDeclare { amount: minor(amount), currency: currency(MONEY), reason, subject })
}

pub fn write_off(token: Reference) -> Operation {
    Operation::LossWriteOff(LossWriteOff { reason: "hopeless".to_owned(), token })
}

pub fn recover(token: Reference, amount: i64) -> Operation {
    let reason = "order 7".to_owned();
    Operation::RecoveryRecord(RecoveryRecord {
        case: None,
        amount: minor(amount),
        currency: currency(MONEY),
        reason,
        token,
    })
}

pub fn reverse(entry: Reference) -> Operation {
    Operation::EntryReverse(EntryReverse { entry, reason: "a slip".to_owned() })
}

/// Takes up a finding of a number, of rule `L01`.
pub fn review(finding: u128, accused: Option<Uuid>, hops: &[Reference], amount: i64, deadline: Millis) -> Operation {
    Operation::FlagReview(FlagReview {
        accused,
        amount: minor(amount),
        currency: currency(MONEY),
        deadline,
        finding: Uuid::from_u128(finding),
        hops: hops.to_vec(),
        reason: "found".to_owned(),
        rule: "L01".to_owned(),
        rule_version: 1,
    })
}

pub fn step(case: Reference, step: CaseMove, amount: Option<i64>, deadline: Millis) -> Operation {
    let reason = "looked into".to_owned();
    Operation::CaseStep(CaseStep { amount: amount.map(minor), case, deadline, reason, step })
}

pub fn close(case: Reference, outcome: CaseOutcome) -> Operation {
    Operation::FlagClose(FlagClose { case, outcome, reason: "done".to_owned() })
}

/// The same recovery, booked against a case.
pub fn recover_for(case: Reference, token: Reference, amount: i64) -> Operation {
    let Operation::RecoveryRecord(body) = recover(token, amount) else { unreachable!("it is made here") };
    Operation::RecoveryRecord(RecoveryRecord { case: Some(case), ..body })
}

/// Sets thresholds of a programme, and nothing else of its rules.
pub fn thresholds(programme: &str, set: &[(&str, i64)]) -> Operation {
    let thresholds = set.iter().map(|(name, value)| Threshold { name: (*name).to_owned(), value: *value }).collect();
    let rules = Rules { thresholds, ..Rules::default() };
    Operation::RulesSet(RulesSet { programme: programme.to_owned(), rules })
}

/// Evidence of a kind, without anything that it may name.
pub fn bare(kind: EvidenceKind) -> EvidenceLine {
    let (hop, party, programme, amount, at, digest, agent, reference) = Default::default();
    EvidenceLine { kind, hop, party, programme, amount, at, digest, agent, reference }
}

/// Evidence about outputs of some operations.
pub fn show(entries: &[Reference], lines: &[EvidenceLine]) -> Operation {
    let entry = |of: &Reference| EntryReference { digest: of.digest, operation: of.operation };
    Operation::EvidenceRecord(EvidenceRecord { entries: entries.iter().map(entry).collect() }, lines.to_vec())
}

pub fn particular(person: Uuid, particular: Particular, since: Option<&str>) -> ParticularLine {
    ParticularLine { person, particular, since: since.map(|day| day.parse().unwrap()) }
}

pub fn know(lines: &[ParticularLine]) -> Operation {
    Operation::RecipientRecord(RecipientRecord {}, lines.to_vec())
}

/// Entitlements of cycle `2026-11` for `BASIC`, due on the 15th.
pub fn entitle(programme: &str, lines: &[(Uuid, i64)]) -> Operation {
    let due = || "2026-11-15".parse().unwrap();
    let line = |(recipient, amount): &(Uuid, i64)| EntitlementLine {
        recipient: *recipient,
        amount: minor(*amount),
        due: due(),
    };
    let body = EntitlementSet {
        currency: currency(MONEY),
        cycle: "2026-11".to_owned(),
        programme: programme.to_owned(),
        purpose: "BASIC".to_owned(),
    };
    Operation::EntitlementSet(body, lines.iter().map(line).collect())
}

/// The same operation with its amounts in another currency.
pub fn in_money(mut operation: Operation, money: &str) -> Operation {
    let stated = match &mut operation {
        Operation::TokenSplit(body) => &mut body.currency,
        Operation::TokenDispatch(body, _) => &mut body.currency,
        Operation::HopAcknowledge(body) => &mut body.currency,
        Operation::HopRefuse(body) => &mut body.currency,
        Operation::ReceiptConfirm(body) => &mut body.currency,
        Operation::ReceiptDispute(body) => &mut body.currency,
        Operation::BankEvidenceRecord(body) => &mut body.currency,
        Operation::TokenReturn(body) => &mut body.currency,
        Operation::LossDeclare(body) => &mut body.currency,
        Operation::RecoveryRecord(body) => &mut body.currency,
        _ => return operation,
    };
    *stated = currency(money);
    operation
}
