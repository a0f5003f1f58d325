//! Form: what is wrong with an operation whatever the books say.

use std::collections::BTreeSet;

use ed25519_dalek::VerifyingKey;

use crate::ledger::case::CaseMove;
use crate::ledger::ids::KeyId;
use crate::ledger::lines::{EvidenceLine, OutputLine, RecipientLine, RowLine};
use crate::ledger::money::Minor;
use crate::ledger::note::{EvidenceKind, Particular};
use crate::ledger::operation::{
    Basis, CaseStep, Deduction, EvidenceRecord, KeyRegister, Operation, PartyRegister, Rules, Stated, TrackingImport,
};
use crate::ledger::parameter::Parameter;
use crate::ledger::refusal::Refusal;
use crate::ledger::time::{self, Cycle, DAY_MS};

/// How long an operation may wait to be recorded.
const VALID_MS_MAX: i64 = 7 * DAY_MS;
/// The longest label, reason, code or name, in bytes.
const TEXT_BYTES_MAX: usize = 200;
/// The most names in an area or route.
const AREA_NAMES_MAX: usize = 8;
/// The most deductions one output or answer may declare, and the most codes a schedule may have.
const DEDUCTIONS_MAX: usize = 16;
/// The most parts of a split.
const PARTS_MAX: usize = 1_000;
/// The most operations that a list of evidence names.
const ENTRIES_MAX: usize = 1_000;
/// The most hops that a case names.
const CASE_HOPS_MAX: usize = 100;
/// The most elements of each list of a programme's rules.
const RULES_MAX: usize = 64;
/// The most lines of a list; an entry then makes far fewer things than it has positions.
const LINES_MAX: usize = 10_000;

pub(super) fn check(stated: &Stated) -> Result<(), Refusal> {
    let reported = stated.basis == Basis::Reported;
    if reported != matches!(stated.operation, Operation::TrackingImport(..)) {
        return wrong("the basis of an import is REPORTED, of everything else OWN");
    }
    if stated.expires_at < stated.issued_at || stated.expires_at > stated.issued_at.plus(VALID_MS_MAX) {
        return wrong("an operation expires after it was issued, at most 7 days later");
    }
    match &stated.operation {
        Operation::ChainBegin(body) => {
            party(&body.registrar)?;
            key(&body.key)
        }
        Operation::PartyRegister(body) => party(body),
        Operation::RecipientEnrol(_, lines) => each(lines, recipient),
        Operation::KeyRegister(body) => key(body),
        Operation::KeyRevoke(body) => text("reason", &body.reason, 1),
        Operation::ProgrammeDefine(body) => {
            code("programme code", &body.code)?;
            text("label", &body.label, 1)?;
            if body.utc_offset_minutes.unsigned_abs() > 14 * 60 {
                return wrong("a UTC offset is at most 14 hours");
            }
            if body.deductions.len() > DEDUCTIONS_MAX {
                return wrong("a schedule has at most 16 codes");
            }
            for (at, rule) in body.deductions.iter().enumerate() {
                code("deduction code", &rule.code)?;
                if body.deductions[..at].iter().any(|other| other.code == rule.code) {
                    return wrong("a deduction code is scheduled once");
                }
                if rule.cap_millionths.is_some_and(|share| share > 1_000_000) {
                    return wrong("a share is at most 1,000,000 millionths");
                }
            }
            Ok(())
        }
        Operation::BudgetAppropriate(body) => {
            cycle(&body.cycle)?;
            above_zero("amount", body.amount)
        }
        Operation::AllocationCreate(body) => {
            code("purpose", &body.purpose)?;
            if body.declared_recipients == Some(0) {
                return wrong("an allocation is declared for at least one recipient");
            }
            above_zero("amount", body.amount)
        }
        Operation::TokenSplit(body) => {
            if !(2..=PARTS_MAX).contains(&body.parts.len()) {
                return wrong("a split has 2 to 1,000 parts");
            }
            body.parts.iter().try_for_each(|part| above_zero("part", *part))
        }
        Operation::TokenDispatch(body, lines) => {
            deductions(&body.keep)?;
            each(lines, output)
        }
        Operation::HopAcknowledge(body) => deductions(&body.deductions),
        Operation::UnsentAcknowledge(body) => {
            code("purpose", &body.purpose)?;
            above_zero("arrived", body.arrived)
        }
        Operation::HopRefuse(body) => {
            text("reason", &body.reason, 1)?;
            above_zero("amount", body.amount)
        }
        Operation::ReceiptConfirm(body) => text("issues", &body.issues, 0),
        Operation::ReceiptDispute(body) => text("reason", &body.reason, 1),
        Operation::BankEvidenceRecord(body) => {
            text("reference", &body.reference, 0)?;
            body.reason_code.as_deref().map_or(Ok(()), |reason| code("reason code", reason))?;
            body.value_date.map_or(Ok(()), four_digit_year)?;
            deductions(&body.deductions)?;
            match (body.credited, body.returned) {
                (None, None) => wrong("bank evidence states what was credited, what was returned, or both"),
                _ => Ok(()),
            }
        }
        Operation::TokenReturn(body) => {
            text("reason", &body.reason, 1)?;
            above_zero("amount", body.amount)
        }
        Operation::DisputeDecide(body) => text("reason", &body.reason, 1),
        Operation::LossDeclare(body) => {
            text("reason", &body.reason, 1)?;
            above_zero("amount", body.amount)
        }
        Operation::LossWriteOff(body) => text("reason", &body.reason, 1),
        Operation::RecoveryRecord(body) => {
            text("reason", &body.reason, 1)?;
            above_zero("amount", body.amount)
        }
        Operation::EntryReverse(body) => text("reason", &body.reason, 1),
        Operation::TrackingImport(body, lines) => import(body, lines),
        Operation::RecipientRecord(_, lines) => each(lines, |line| match line.particular {
            Particular::Status(_) if line.since.is_none() => {
                wrong("a status is given with the day since which it holds")
            }
            _ => line.since.map_or(Ok(()), four_digit_year),
        }),
        Operation::EntitlementSet(body, lines) => {
            code("cycle", &body.cycle)?;
            code("purpose", &body.purpose)?;
            each(lines, |line| four_digit_year(line.due))
        }
        Operation::EvidenceRecord(body, lines) => {
            if body.entries.len() > ENTRIES_MAX {
                return wrong("a list of evidence names at most 1,000 operations");
            }
            each(lines, |line| evidence(body, line))
        }
        Operation::RulesSet(body) => rules(&body.rules),
        Operation::FlagReview(body) => {
            text("reason", &body.reason, 1)?;
            code("rule", &body.rule)?;
            match body.hops.len() > CASE_HOPS_MAX {
                true => wrong("a case names at most 100 hops"),
                false => Ok(()),
            }
        }
        Operation::CaseStep(body) => step(body),
        Operation::FlagClose(body) => text("reason", &body.reason, 1),
    }
}

/// What evidence of each kind names, and nothing else.
fn evidence(body: &EvidenceRecord, line: &EvidenceLine) -> Result<(), Refusal> {
    let kind = line.kind;
    if line.hop.is_some() != kind.is_of_a_hop() {
        return wrong("evidence of a collection, document or request names its hop, other evidence none");
    }
    if line.hop.is_some_and(|(entry, _)| usize::from(entry) >= body.entries.len()) {
        return wrong("the line numbers an operation that the list does not name");
    }
    if line.party.is_some() == kind.is_of_a_hop() {
        return wrong("evidence of a hop names no party, other evidence the party that it is about");
    }
    if line.programme.is_some() != kind.is_of_an_account() {
        return wrong("evidence of an account names the programme whose money it counts, other evidence none");
    }
    let has_amount = kind.is_of_an_account() || kind == EvidenceKind::Document;
    if line.amount.is_some() != has_amount {
        return wrong("evidence of a document or an account states an amount, other evidence none");
    }
    let needs_digest = matches!(kind, EvidenceKind::Collected | EvidenceKind::Document);
    if line.digest.is_some() != needs_digest || (line.agent.is_some() && kind != EvidenceKind::Collected) {
        return wrong("a collection has the digest of who collected and perhaps of the agent, a document its own");
    }
    line.reference.as_deref().map_or(Ok(()), |reference| code("reference", reference))
}

fn step(body: &CaseStep) -> Result<(), Refusal> {
    text("reason", &body.reason, 1)?;
    match body.amount.is_some() == matches!(body.step, CaseMove::Decided | CaseMove::Ordered) {
        true => Ok(()),
        false => wrong("a decision and an order state an amount, other steps none"),
    }
}

fn rules(rules: &Rules) -> Result<(), Refusal> {
    let lists = [rules.exclusive.len(), rules.purposes.len(), rules.route.len(), rules.thresholds.len()];
    let inner = rules.purposes.iter().map(|rule| rule.to.len()).chain(rules.route.iter().map(|step| step.to.len()));
    if lists.into_iter().chain(inner).any(|length| length > RULES_MAX) {
        return wrong("a list of rules has at most 64 elements");
    }
    rules.exclusive.iter().try_for_each(|other| code("programme code", other))?;
    for rule in &rules.purposes {
        code("purpose", &rule.of)?;
        rule.to.iter().try_for_each(|purpose| code("purpose", purpose))?;
    }
    for step in &rules.route {
        text("level", &step.from, 0)?;
        step.to.iter().try_for_each(|level| text("level", level, 1))?;
    }
    for (at, threshold) in rules.thresholds.iter().enumerate() {
        let Some(parameter) = Parameter::parse(&threshold.name) else {
            return wrong(&format!("there is no threshold {:?}", threshold.name));
        };
        if rules.thresholds[..at].iter().any(|other| other.name == threshold.name) {
            return wrong("a threshold is set once");
        }
        let ((min, max), value) = (parameter.range(), threshold.value);
        if !(min..=max).contains(&value) {
            return Err(Refusal::ThresholdOutOfRange { name: threshold.name.clone(), value, min, max });
        }
    }
    Ok(())
}

fn four_digit_year(day: chrono::NaiveDate) -> Result<(), Refusal> {
    if time::has_four_digit_year(day) { Ok(()) } else { wrong("days are in the years 0000 to 9999") }
}

fn party(body: &PartyRegister) -> Result<(), Refusal> {
    text("label", &body.label, 1)?;
    text("level", &body.level, 0)?;
    area(&body.area)
}

fn key(body: &KeyRegister) -> Result<(), Refusal> {
    if !can_sign(body.key) {
        return wrong("key can never sign: it is no point of the curve, of small order, or not in its one form");
    }
    if body.roles.is_empty() {
        return wrong("a key needs at least one role");
    }
    match body.roles.windows(2).any(|pair| pair[0] >= pair[1]) {
        true => wrong("roles are given once each, in the order of the list of roles"),
        false => Ok(()),
    }
}

/// Whether some secret key may belong to a public key. Only what follows from the bytes alone is
/// refused: signatures of such keys are never accepted, so nobody could act with them.
fn can_sign(key: KeyId) -> bool {
    VerifyingKey::from_bytes(&key.0)
        .is_ok_and(|point| !point.is_weak() && point.to_edwards().compress().to_bytes() == key.0)
}

/// The highest number of a row: 2^53 - 1 (RFC 8259, section 6).
const ROW_NUMBER_MAX: u64 = (1 << 53) - 1;

fn import(body: &TrackingImport, lines: &[RowLine]) -> Result<(), Refusal> {
    code("programme code", &body.programme)?;
    text("payees", &body.payees, 1)?;
    if body.route.len() < 2 || body.route.len() > AREA_NAMES_MAX {
        return wrong("a route has 2 to 8 levels");
    }
    body.route.iter().try_for_each(|level| text("level", level, 1))?;
    body.cycles.iter().try_for_each(cycle)?;
    let mut labels = BTreeSet::new();
    if let Some(twice) = body.cycles.iter().find(|cycle| !labels.insert(&cycle.label)) {
        return wrong(&format!("cycles are stated once each, and {:?} is there twice", twice.label));
    }
    body.purposes.iter().try_for_each(|purpose| code("purpose", purpose))?;
    for (what, names) in [("levels", &body.route), ("purposes", &body.purposes)] {
        let mut seen = BTreeSet::new();
        if let Some(twice) = names.iter().find(|name| !seen.insert(*name)) {
            return wrong(&format!("{what} are stated once each, and {twice:?} is there twice"));
        }
    }
    each(lines, |line| {
        if line.route.len() != body.route.len() {
            return wrong("the line's route has another number of names than the import's");
        }
        area(&line.route.join("/"))?;
        if line.number > ROW_NUMBER_MAX {
            return wrong("a row's number is at most 2^53 - 1, which every reader of JSON holds");
        }
        if !line.date.is_none_or(time::has_four_digit_year) {
            return wrong("the line's day is in the years 0000 to 9999");
        }
        if usize::from(line.cycle) >= body.cycles.len() || usize::from(line.purpose) >= body.purposes.len() {
            return wrong("the line numbers a cycle or purpose that the import does not name");
        }
        match line.official.get() == 0 && line.verified.get() == 0 {
            true => wrong("a row of nothing is counted, not imported"),
            false => Ok(()),
        }
    })?;
    let mut keys = BTreeSet::new();
    match lines.iter().position(|line| !keys.insert(line.key)) {
        Some(at) => wrong(&format!("line {at}: its key is that of a line before it; a row is stated once")),
        None => Ok(()),
    }
}

/// Checks lines in order; the refusal names the first bad one.
fn each<T>(lines: &[T], check: impl Fn(&T) -> Result<(), Refusal>) -> Result<(), Refusal> {
    if lines.is_empty() || lines.len() > LINES_MAX {
        return wrong("a list has 1 to 10,000 lines");
    }
    lines.iter().enumerate().try_for_each(|(at, line)| match check(line) {
        Err(Refusal::Form { what }) => Err(Refusal::Form { what: format!("line {at}: {what}") }),
        other => other,
    })
}

fn output(line: &OutputLine) -> Result<(), Refusal> {
    above_zero("amount", line.amount)?;
    deductions(&line.deductions)?;
    let deducted: i64 = line.deductions.iter().map(|d| d.amount.get()).sum();
    if deducted >= line.amount.get() {
        return wrong("the deductions leave nothing of the amount");
    }
    for (name, value) in [("purpose", &line.purpose), ("cycle", &line.for_cycle), ("payment", &line.payment)] {
        value.as_deref().map_or(Ok(()), |value| code(name, value))?;
    }
    Ok(())
}

fn recipient(line: &RecipientLine) -> Result<(), Refusal> {
    text("label", &line.label, 1)?;
    area(&line.area)
}

fn deductions(list: &[Deduction]) -> Result<(), Refusal> {
    if list.len() > DEDUCTIONS_MAX {
        return wrong("at most 16 deductions");
    }
    for (at, deduction) in list.iter().enumerate() {
        code("deduction code", &deduction.code)?;
        above_zero("deduction", deduction.amount)?;
        if list[..at].iter().any(|other| other.code == deduction.code) {
            return wrong("a deduction code is declared once in a statement");
        }
    }
    Ok(())
}

fn cycle(cycle: &Cycle) -> Result<(), Refusal> {
    code("cycle", &cycle.label)?;
    if ![cycle.first_day, cycle.last_day].into_iter().all(time::has_four_digit_year) {
        return wrong("cycle days are in the years 0000 to 9999");
    }
    if cycle.first_day > cycle.last_day { wrong("a cycle ends on or after its first day") } else { Ok(()) }
}

fn area(path: &str) -> Result<(), Refusal> {
    if path.is_empty() {
        return Ok(());
    }
    if path.split('/').count() > AREA_NAMES_MAX {
        return wrong("an area has at most 8 names");
    }
    path.split('/').try_for_each(|name| text("area name", name, 1))
}

fn above_zero(name: &str, amount: Minor) -> Result<(), Refusal> {
    if amount.get() > 0 { Ok(()) } else { wrong(&format!("{name} must be above zero")) }
}

/// A code: short, and without what separates fields.
fn code(name: &str, value: &str) -> Result<(), Refusal> {
    text(name, value, 1)?;
    if value.len() > 64 || value.contains([',', ':', '\t']) {
        return wrong(&format!("{name} is at most 64 bytes without comma, colon or tab"));
    }
    Ok(())
}

fn text(name: &str, value: &str, bytes_min: usize) -> Result<(), Refusal> {
    if !(bytes_min..=TEXT_BYTES_MAX).contains(&value.len()) {
        return wrong(&format!("{name} is {bytes_min} to {TEXT_BYTES_MAX} bytes long"));
    }
    if value.chars().any(is_control) || value.trim() != value {
        return wrong(&format!("{name} has control characters or blanks at its ends"));
    }
    Ok(())
}

/// Whether a character steers how a text is shown and is not seen itself: control characters, line
/// separators, and those that turn the direction of writing, by which a name can look like
/// another (Unicode Standard Annex 9). Files are held to the same in `interchange`.
fn is_control(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn wrong(what: &str) -> Result<(), Refusal> {
    Err(Refusal::Form { what: what.to_owned() })
}
