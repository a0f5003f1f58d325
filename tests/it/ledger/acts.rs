//! One short call for each thing that parties of the world state.

use aqueduct::ledger::ids::Reference;
use aqueduct::ledger::lines::OutputLine;
use aqueduct::ledger::operation::*;
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
