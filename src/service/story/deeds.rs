//! From a deed of the diary to the operations that state it.

use chrono::NaiveDate;
use uuid::Uuid;

use crate::ledger::hop::Hop;
use crate::ledger::ids::Reference;
use crate::ledger::lines::OutputLine;
use crate::ledger::money::Minor;
use crate::ledger::operation::*;
use crate::ledger::registry::Role;

use super::StoryError;
use super::books::{Books, Purse};
use super::cast::party_id;
use super::script::{Amount, Country, Deed, Output, Taken};

/// An operation, who states it, and whether a second officer signs it too.
#[derive(Debug)]
pub struct Act {
    /// The party, by its label.
    pub by: String,
    /// The role of the officer who states it.
    pub role: Role,
    /// Whether the party's approver signs as well.
    pub for_two: bool,
    /// What is stated.
    pub operation: Operation,
}

/// The country and the books, from which operations take their ids and amounts.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// Who takes part.
    pub country: &'a Country,
    /// What happened so far.
    pub books: &'a Books,
}

pub(super) fn one(by: &str, role: Role, operation: Operation) -> Vec<Act> {
    vec![Act { by: by.to_owned(), role, for_two: false, operation }]
}

pub(super) fn two(by: &str, role: Role, operation: Operation) -> Vec<Act> {
    vec![Act { by: by.to_owned(), role, for_two: true, operation }]
}

impl Scene<'_> {
    /// The operations of a deed; several when it is about several recipients.
    pub fn acts(&self, deed: &Deed) -> Result<Vec<Act>, StoryError> {
        match deed {
            Deed::Appropriate { programme, cycle, amount } => self.appropriate(programme, cycle, amount),
            Deed::Allocate { programme, cycle, amount } => self.allocate(programme, cycle, amount),
            Deed::Send { by, programme, cycle, to, keep } => self.send(by, (programme, cycle), to, keep),
            Deed::Pay { by, programme, cycle, through, townships, leave_out, only, deductions } => {
                let to = self.country.chosen(programme, (townships, leave_out, only))?;
                self.pay(by, (programme, cycle), &to, through.as_deref(), deductions)
            }
            Deed::Acknowledge { by, programme, cycle, from, arrived, deductions } => {
                let hop = self.hop(from, by, (programme, cycle))?;
                let body = HopAcknowledge {
                    arrived: self.country.minor(arrived)?,
                    currency: self.country.currency,
                    deductions: self.country.deductions(deductions)?,
                    hop: self.named(hop)?,
                };
                Ok(one(by, Role::Receiver, Operation::HopAcknowledge(body)))
            }
            Deed::Credit { by, programme, cycle, value_date, townships, leave_out, only } => {
                let to = self.country.chosen(programme, (townships, leave_out, only))?;
                to.iter().map(|recipient| self.credit(by, recipient, (programme, cycle), *value_date)).collect()
            }
            Deed::Bounce { by, programme, cycle, recipient, code, reason } => {
                let hop = self.delivery(recipient, (programme, cycle))?;
                let body = self.evidence(hop, (None, Some(net(hop))), reason)?;
                let body = BankEvidenceRecord { reason_code: code.clone(), ..body };
                Ok(one(by, Role::Dispatcher, Operation::BankEvidenceRecord(body)))
            }
            Deed::Confirm { programme, cycle, townships, leave_out, only } => {
                let from = self.country.chosen(programme, (townships, leave_out, only))?;
                from.iter().map(|recipient| self.confirm(recipient, (programme, cycle))).collect()
            }
            Deed::Dispute { programme, cycle, recipient, received, reason } => {
                let body = ReceiptDispute {
                    currency: self.country.currency,
                    hop: self.named(self.delivery(recipient, (programme, cycle))?)?,
                    reason: reason.clone(),
                    received: self.country.minor(received)?,
                };
                Ok(one(recipient, Role::Receiver, Operation::ReceiptDispute(body)))
            }
            _ => self.corrections(deed),
        }
    }

    /// Decisions, money given back, recoveries, losses and reversals.
    fn corrections(&self, deed: &Deed) -> Result<Vec<Act>, StoryError> {
        let currency = self.country.currency;
        match deed {
            Deed::Decide { by, programme, cycle, recipient, decision, reason } => {
                let hop = self.named(self.delivery(recipient, (programme, cycle))?)?;
                let body = DisputeDecide { decision: *decision, hop, reason: reason.clone() };
                Ok(two(by, Role::Caseworker, Operation::DisputeDecide(body)))
            }
            Deed::GiveBack { by, programme, cycle, to, amount, reason } => {
                let amount = self.country.minor(amount)?;
                let token = self.token(by, (programme, cycle), amount.get())?;
                let body = TokenReturn { amount, currency, reason: reason.clone(), to: party_id(to), token };
                Ok(one(by, Role::Dispatcher, Operation::TokenReturn(body)))
            }
            Deed::Recover { by, programme, cycle, recipient, amount, case, reason } => {
                let hop = self.delivery(recipient, (programme, cycle))?;
                let token =
                    self.books.missing_of(hop).ok_or_else(|| absent("missing money of", recipient, programme))?;
                let amount = self.country.minor(amount)?;
                let case = case.map(|rule| self.case_of(rule, hop)).transpose()?;
                let body = RecoveryRecord { amount, case, currency, reason: reason.clone(), token };
                Ok(one(by, Role::Dispatcher, Operation::RecoveryRecord(body)))
            }
            Deed::Lose { by, programme, cycle, amount, reason } => {
                let amount = self.country.minor(amount)?;
                let subject = LossSubject::Token(self.token(by, (programme, cycle), amount.get())?);
                let body = LossDeclare { amount, currency, reason: reason.clone(), subject };
                Ok(one(by, Role::Dispatcher, Operation::LossDeclare(body)))
            }
            Deed::Reverse { by, programme, cycle, to, reason } => {
                let entry = self.named(self.hop(by, to, (programme, cycle))?)?;
                let body = EntryReverse { entry, reason: reason.clone() };
                Ok(two(by, Role::Dispatcher, Operation::EntryReverse(body)))
            }
            _ => self.notes(deed),
        }
    }

    fn appropriate(&self, programme: &str, cycle: &str, amount: &Amount) -> Result<Vec<Act>, StoryError> {
        let treasury = &self.country.programme(programme)?.treasury;
        let body = BudgetAppropriate {
            amount: self.country.minor(amount)?,
            currency: self.country.currency,
            cycle: self.country.cycle(cycle)?,
            programme: programme.to_owned(),
        };
        Ok(one(treasury, Role::Allocator, Operation::BudgetAppropriate(body)))
    }

    fn allocate(&self, programme: &str, cycle: &str, amount: &Amount) -> Result<Vec<Act>, StoryError> {
        let rules = self.country.programme(programme)?;
        let body = AllocationCreate {
            declared_recipients: None,
            declared_total: None,
            amount: self.country.minor(amount)?,
            currency: self.country.currency,
            cycle: cycle.to_owned(),
            programme: programme.to_owned(),
            purpose: rules.purpose.clone(),
        };
        Ok(two(&rules.treasury, Role::Allocator, Operation::AllocationCreate(body)))
    }

    fn send(&self, by: &str, purse: Purse<'_>, to: &[Output], keep: &[Taken]) -> Result<Vec<Act>, StoryError> {
        let line = |output: &Output| {
            let line = line(&output.party, self.country.minor(&output.amount)?);
            Ok(OutputLine { purpose: output.purpose.clone(), ..line })
        };
        let lines = to.iter().map(line).collect::<Result<Vec<_>, StoryError>>()?;
        self.dispatch(by, purse, lines, self.country.deductions(keep)?)
    }

    fn pay(
        &self,
        by: &str,
        purse: Purse<'_>,
        to: &[String],
        through: Option<&str>,
        deductions: &[Taken],
    ) -> Result<Vec<Act>, StoryError> {
        let rate = self.country.minor(&self.country.programme(purse.0)?.rate)?;
        let deductions = self.country.deductions(deductions)?;
        let line = |recipient: &String| OutputLine {
            deductions: deductions.clone(),
            via: through.map(party_id),
            ..line(recipient, rate)
        };
        self.dispatch(by, purse, to.iter().map(line).collect(), Vec::new())
    }

    fn dispatch(
        &self,
        by: &str,
        purse: Purse<'_>,
        lines: Vec<OutputLine>,
        keep: Vec<Deduction>,
    ) -> Result<Vec<Act>, StoryError> {
        let sent: i64 = lines.iter().map(|line| line.amount.get()).sum();
        let kept: i64 = keep.iter().map(|kept| kept.amount.get()).sum();
        let token = self.token(by, purse, sent + kept)?;
        let body = TokenDispatch { currency: self.country.currency, keep, token };
        Ok(one(by, Role::Dispatcher, Operation::TokenDispatch(body, lines)))
    }

    fn credit(
        &self,
        by: &str,
        recipient: &str,
        purse: Purse<'_>,
        value_date: Option<NaiveDate>,
    ) -> Result<Act, StoryError> {
        let hop = self.delivery(recipient, purse)?;
        let body = BankEvidenceRecord { value_date, ..self.evidence(hop, (Some(net(hop)), None), "")? };
        let operation = Operation::BankEvidenceRecord(body);
        Ok(Act { by: by.to_owned(), role: Role::Dispatcher, for_two: false, operation })
    }

    fn confirm(&self, recipient: &str, purse: Purse<'_>) -> Result<Act, StoryError> {
        let hop = self.delivery(recipient, purse)?;
        let body = ReceiptConfirm {
            currency: self.country.currency,
            hop: self.named(hop)?,
            issues: String::new(),
            received: minor(net(hop))?,
        };
        let operation = Operation::ReceiptConfirm(body);
        Ok(Act { by: recipient.to_owned(), role: Role::Receiver, for_two: false, operation })
    }

    fn evidence(
        &self,
        hop: &Hop,
        (credited, returned): (Option<i64>, Option<i64>),
        reference: &str,
    ) -> Result<BankEvidenceRecord, StoryError> {
        Ok(BankEvidenceRecord {
            reason_code: None,
            value_date: None,
            credited: credited.map(minor).transpose()?,
            currency: self.country.currency,
            deductions: Vec::new(),
            hop: self.named(hop)?,
            reference: reference.to_owned(),
            returned: returned.map(minor).transpose()?,
        })
    }

    fn token(&self, by: &str, purse: Purse<'_>, amount: i64) -> Result<Reference, StoryError> {
        let found = self.books.token(by, purse, amount);
        found.ok_or_else(|| absent(&format!("a token of at least {amount} minor units with"), by, purse.0))
    }

    pub(super) fn hop(&self, from: &str, to: &str, purse: Purse<'_>) -> Result<&Hop, StoryError> {
        let found = self.books.hop(from, to, purse);
        found.map(AsRef::as_ref).ok_or_else(|| absent(&format!("a hop from {from:?} to"), to, purse.0))
    }

    pub(super) fn delivery(&self, recipient: &str, purse: Purse<'_>) -> Result<&Hop, StoryError> {
        let found = self.books.delivery(recipient, purse);
        found.map(AsRef::as_ref).ok_or_else(|| absent("a delivery to", recipient, purse.0))
    }

    pub(super) fn named(&self, hop: &Hop) -> Result<Reference, StoryError> {
        self.books.reference(hop.id.0).ok_or_else(|| StoryError::Script(format!("hop {} is of no known entry", hop.id)))
    }
}

/// What a hop carries without its deductions.
fn net(hop: &Hop) -> i64 {
    hop.sent - hop.figures.deducted
}

pub(super) fn minor(amount: i64) -> Result<Minor, StoryError> {
    Minor::new(amount).ok_or_else(|| StoryError::Script(format!("{amount} minor units are no amount")))
}

fn line(to: &str, amount: Minor) -> OutputLine {
    let to: Uuid = party_id(to);
    OutputLine {
        to,
        amount,
        deductions: Vec::new(),
        purpose: None,
        for_cycle: None,
        payment: None,
        via: None,
        commitment: None,
    }
}

pub(super) fn absent(what: &str, whom: &str, programme: &str) -> StoryError {
    StoryError::Script(format!("diary.toml: there is no {what} {whom:?} in {programme}"))
}
