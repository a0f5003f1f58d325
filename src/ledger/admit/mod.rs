//! Admission: whether an operation may be recorded, and what it changes.
//!
//! Checks run in the order of `ledger-semantics.md`: form, replay, expiry, signers, ids, state,
//! funds. Each operation's file holds its own last three.

mod allocate;
mod answer;
mod authority;
mod bank;
mod case;
mod decide;
mod dispatch;
mod draft;
mod form;
mod give_back;
mod import;
mod note;
mod pool;
mod register;
mod reverse;

use std::sync::Arc;

use super::fact::Fact;
use super::ids::Place;
use super::operation::{Operation, Stated};
use super::refusal::Refusal;
use super::registry::Recorded;
use super::state::{Layer, Tables};
use super::time::Millis;

pub use authority::{Requirement, requirement};
use draft::Draft;
pub(super) use import::row_key;

/// How far ahead of the block's time a stated time may be.
pub const AHEAD_MS_MAX: i64 = 5 * 60_000;

/// Where and when an operation would be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// The entry's index.
    pub entry: u64,
    /// The block's time.
    pub now: Millis,
}

/// What an admitted operation changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The facts, in order; the operation's own record is the last.
    pub facts: Vec<Fact>,
}

impl Change {
    /// The operation's record.
    pub fn recorded(&self) -> &Arc<Recorded> {
        match self.facts.last() {
            Some(Fact::Recorded(recorded)) => recorded,
            _ => unreachable!("every change ends with its record"),
        }
    }
}

/// The entry that answered this operation before, if it was recorded: same party, id and
/// payload give the first answer again, other bytes under the same id are refused.
pub fn replay(books: &Layer<'_>, stated: &Stated) -> Result<Option<Arc<Recorded>>, Refusal> {
    let Some(party) = books.party_key(&stated.party) else { return Ok(None) };
    match books.operation(&(stated.id, party)) {
        None => Ok(None),
        Some(recorded) if recorded.digest == stated.digest => Ok(Some(recorded)),
        Some(recorded) => Err(Refusal::IdReused { entry: recorded.entry }),
    }
}

/// An admitted operation.
#[derive(Debug)]
pub struct Admitted {
    /// What it changes.
    pub change: Change,
    /// The same as a layer, to be merged into the one that it was admitted over.
    pub layer: Tables,
}

/// Admits an operation that is no replay, or says which rule it breaks. A recorded id is never
/// admitted again: whoever wants the first answer to a replay asks [`replay`] before.
pub fn admit(books: &Layer<'_>, stated: &Stated, context: Context) -> Result<Admitted, Refusal> {
    form::check(stated)?;
    if let Some(recorded) = replay(books, stated)? {
        return Err(Refusal::IdReused { entry: recorded.entry });
    }
    times(stated, context.now)?;
    if let Operation::ChainBegin(begin) = &stated.operation {
        return register::chain_begin(books, stated, begin, context);
    }
    let party = books.party_by_id(&stated.party).ok_or(Refusal::UnknownSigner)?;
    authority::check(books, stated, &party)?;
    let mut draft = Draft::new(books, stated, party, context);
    let subject = dispatch_by_kind(&mut draft, stated)?;
    Ok(draft.finish(stated, subject))
}

/// Says whether an operation would be admitted, apart from signatures still to come: those it
/// has must fit, and each be of another officer.
pub fn rehearse(books: &Layer<'_>, stated: &Stated, context: Context) -> Result<(), Refusal> {
    form::check(stated)?;
    times(stated, context.now)?;
    let party = books.party_by_id(&stated.party).ok_or(Refusal::UnknownSigner)?;
    authority::check_so_far(books, stated, &party)?;
    let mut draft = Draft::new(books, stated, party, context);
    dispatch_by_kind(&mut draft, stated).map(|_| ())
}

fn times(stated: &Stated, now: Millis) -> Result<(), Refusal> {
    if now > stated.expires_at {
        return Err(Refusal::Expired { expires_at: stated.expires_at, now });
    }
    if stated.issued_at > now.plus(AHEAD_MS_MAX) {
        return Err(Refusal::IssuedAhead { issued_at: stated.issued_at, now });
    }
    match stated.occurred_at {
        Some(at) if at > now.plus(AHEAD_MS_MAX) => Err(Refusal::OccurredAhead { occurred_at: at, now }),
        _ => Ok(()),
    }
}

/// Runs the operation's own rules; the answer is the first thing it is about.
fn dispatch_by_kind(draft: &mut Draft<'_>, stated: &Stated) -> Result<Option<Place>, Refusal> {
    match &stated.operation {
        Operation::ChainBegin(_) => Err(Refusal::Form { what: "a chain begins once".to_owned() }),
        Operation::PartyRegister(body) => register::party(draft, body),
        Operation::RecipientEnrol(_, lines) => register::recipients(draft, lines),
        Operation::KeyRegister(body) => register::key(draft, body),
        Operation::KeyRevoke(body) => register::revoke(draft, body),
        Operation::ProgrammeDefine(body) => register::programme(draft, body),
        Operation::BudgetAppropriate(body) => allocate::appropriate(draft, body),
        Operation::AllocationCreate(body) => allocate::allocate(draft, body),
        Operation::TokenSplit(body) => allocate::split(draft, body),
        Operation::TokenDispatch(body, lines) => dispatch::dispatch(draft, body, lines),
        Operation::HopAcknowledge(body) => answer::acknowledge(draft, body),
        Operation::UnsentAcknowledge(body) => answer::unsent(draft, body),
        Operation::HopRefuse(body) => bank::refuse(draft, body),
        Operation::ReceiptConfirm(body) => answer::confirm(draft, body),
        Operation::ReceiptDispute(body) => answer::dispute(draft, body),
        Operation::BankEvidenceRecord(body) => bank::evidence(draft, body),
        Operation::TokenReturn(body) => give_back::give_back(draft, body),
        Operation::DisputeDecide(body) => decide::decide(draft, body),
        Operation::LossDeclare(body) => decide::lost(draft, body),
        Operation::LossWriteOff(body) => decide::write_off(draft, body),
        Operation::RecoveryRecord(body) => give_back::recover(draft, body),
        Operation::EntryReverse(body) => reverse::reverse(draft, body),
        Operation::TrackingImport(body, lines) => import::import(draft, body, lines),
        Operation::RecipientRecord(_, lines) => note::particulars(draft, lines),
        Operation::EntitlementSet(body, lines) => note::entitlements(draft, body, lines),
        Operation::EvidenceRecord(body, lines) => note::evidence(draft, body, lines),
        Operation::RulesSet(body) => note::rules(draft, body),
        Operation::FlagReview(body) => case::review(draft, stated, body),
        Operation::CaseStep(body) => case::step(draft, stated, body),
        Operation::FlagClose(body) => case::close(draft, stated, body),
    }
}
