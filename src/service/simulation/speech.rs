//! From an act of the plan to the operation that states it, with the names that the books have by
//! then.

use crate::leakage::finding::Subject;
use crate::leakage::rule::Rule;
use crate::ledger::ids::Reference;
use crate::ledger::lines::{EvidenceLine, OutputLine};
use crate::ledger::note::EvidenceKind;
use crate::ledger::operation::*;

use super::books::{Books, entry_of};
use super::cast::Cast;
use super::plan::{Act, Deed, HopName, Line, days_after, deduction, evidence, inr, minor};

/// How long an officer of the supervisor has for a step of a case.
const CASE_DAYS: i64 = 30;

/// The operation that states an act; none when it names what is not there.
pub fn operation(act: &Act, cast: &Cast, books: &Books) -> Option<Operation> {
    let currency = inr();
    Some(match &act.deed {
        Deed::Plain(operation) => operation.as_ref().clone(),
        Deed::Allocate(_, body) => Operation::AllocationCreate(body.as_ref().clone()),
        Deed::Dispatch(pot, lines) => {
            let sum = lines.iter().map(|line| line.amount).sum();
            let token = books.token(cast.id(act.by), *pot, sum)?;
            let lines = lines.iter().map(|line| output(line, cast)).collect();
            Operation::TokenDispatch(TokenDispatch { currency, keep: Vec::new(), token }, lines)
        }
        Deed::Acknowledge(hop, arrived, deductions) => Operation::HopAcknowledge(HopAcknowledge {
            arrived: minor(*arrived),
            currency,
            deductions: deductions.clone(),
            hop: books.hop_named(*hop)?,
        }),
        Deed::Bank(hop, credited, returned, day) => Operation::BankEvidenceRecord(BankEvidenceRecord {
            credited: credited.map(minor),
            currency,
            deductions: Vec::new(),
            hop: books.hop_named(*hop)?,
            // The account is closed (ISO 20022, external code set 1).
            reason_code: returned.map(|_| "AC04".to_owned()),
            reference: String::new(),
            returned: returned.map(minor),
            value_date: Some(*day),
        }),
        Deed::Word(hop, received) => word(books, *hop, *received)?,
        Deed::Recover(hop, amount, case) => Operation::RecoveryRecord(RecoveryRecord {
            amount: minor(*amount),
            case: Some(books.case_named(*case)?),
            currency,
            reason: "by order of the audit office".to_owned(),
            token: books.missing(*hop)?,
        }),
        Deed::Evidence(lines) => shown(books, lines)?,
        Deed::Balances(of, off) => {
            let line = |(who, code): &(super::cast::Who, &str)| EvidenceLine {
                party: Some(cast.id(*who)),
                programme: Some((*code).to_owned()),
                amount: Some(minor(books.balance(cast.id(*who), code) + off)),
                ..evidence(EvidenceKind::Balance)
            };
            Operation::EvidenceRecord(EvidenceRecord { entries: Vec::new() }, of.iter().map(line).collect())
        }
        Deed::Review(..) | Deed::Step(..) | Deed::Close(..) => of_case(act, cast, books)?,
    })
}

fn output(line: &Line, cast: &Cast) -> OutputLine {
    OutputLine {
        to: cast.id(line.to),
        amount: minor(line.amount),
        deductions: line.fee.map_or_else(Vec::new, |(code, amount)| deduction(code, amount)),
        purpose: line.purpose.map(str::to_owned),
        for_cycle: None,
        payment: line.reference.clone(),
        via: line.via.map(|via| cast.id(via)),
        commitment: None,
    }
}

/// A word below what was sent disputes it.
fn word(books: &Books, name: HopName, received: i64) -> Option<Operation> {
    let (hop, currency, received) = (books.hop(name)?, inr(), minor(received));
    let reference = books.hop_named(name)?;
    let is_less = received.get() < hop.sent - hop.figures.deducted - hop.refused;
    Some(match is_less {
        true => Operation::ReceiptDispute(ReceiptDispute {
            currency,
            hop: reference,
            reason: "less came".to_owned(),
            received,
        }),
        false => {
            Operation::ReceiptConfirm(ReceiptConfirm { currency, hop: reference, issues: String::new(), received })
        }
    })
}

/// Evidence, with the operations that its lines number.
fn shown(books: &Books, lines: &[(EvidenceLine, Option<HopName>)]) -> Option<Operation> {
    let mut entries: Vec<EntryReference> = Vec::new();
    let mut numbered = Vec::with_capacity(lines.len());
    for (line, name) in lines {
        let Some(name) = name else {
            numbered.push(line.clone());
            continue;
        };
        let hop: Reference = books.hop_named(*name)?;
        let entry = entry_of(&hop);
        let known = entries.iter().position(|other| *other == entry).unwrap_or_else(|| {
            entries.push(entry);
            entries.len() - 1
        });
        numbered.push(EvidenceLine { hop: Some((u16::try_from(known).ok()?, hop.output)), ..line.clone() });
    }
    Some(Operation::EvidenceRecord(EvidenceRecord { entries }, numbered))
}

fn of_case(act: &Act, cast: &Cast, books: &Books) -> Option<Operation> {
    let deadline = days_after(act.at, CASE_DAYS);
    Some(match &act.deed {
        Deed::Review(_, name, amount, accused) => Operation::FlagReview(FlagReview {
            accused: Some(cast.id(*accused)),
            amount: minor(*amount),
            currency: inr(),
            deadline,
            finding: Subject::Hop(books.hop(*name)?.id).finding_id(Rule::L01),
            hops: vec![books.hop_named(*name)?],
            reason: "less arrived than was sent".to_owned(),
            rule: Rule::L01.code().to_owned(),
            rule_version: Rule::L01.version(),
        }),
        Deed::Step(case, step, amount) => Operation::CaseStep(CaseStep {
            amount: amount.map(minor),
            case: books.case_named(*case)?,
            deadline,
            reason: "by the accounts of both sides".to_owned(),
            step: *step,
        }),
        Deed::Close(case, outcome) => Operation::FlagClose(FlagClose {
            case: books.case_named(*case)?,
            outcome: *outcome,
            reason: "all of it is back".to_owned(),
        }),
        _ => return None,
    })
}
