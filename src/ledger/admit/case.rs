//! Cases: taken up, taken further, closed or dismissed.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::ledger::case::{Case, CaseMove, CaseOutcome, CaseState};
use crate::ledger::fact::Fact;
use crate::ledger::hop::Hop;
use crate::ledger::ids::{CaseId, HopId, PartyKey, Place, Reference};
use crate::ledger::money::Currency;
use crate::ledger::operation::{CaseStep, FlagClose, FlagReview, Stated};
use crate::ledger::refusal::Refusal;
use crate::ledger::time::{DAY_MS, Millis};

use super::draft::{Draft, in_currency};

/// How far away a deadline may be.
const DEADLINE_MS_MAX: i64 = 731 * DAY_MS;

pub(super) fn review(draft: &mut Draft<'_>, stated: &Stated, body: &FlagReview) -> Result<Option<Place>, Refusal> {
    let accused = body.accused.map(|id| draft.party_by_id(&id)).transpose()?.map(|party| party.key);
    let hops: Vec<Hop> = body.hops.iter().map(|hop| draft.hop_named(hop)).collect::<Result<_, _>>()?;
    let between = hops.iter().flat_map(|hop| [hop.from, Some(hop.to), hop.via, Some(hop.accountable)]);
    let parties: BTreeSet<PartyKey> = between.flatten().chain(accused).collect();
    if let Some(open) =
        draft.books().case_of(&body.finding).and_then(|id| draft.books().case(id)).filter(|case| case.state.is_open())
    {
        return Err(Refusal::CaseOpen { entry: open.id.0.entry() });
    }
    deadline(draft, body.deadline)?;
    let id = CaseId(Place::new(draft.context.entry, 0).expect("entries stay below 2^43"));
    let case = Case {
        id,
        finding: body.finding,
        rule: body.rule.clone(),
        rule_version: body.rule_version,
        accused,
        hops: hops.iter().map(|hop| hop.id).collect(),
        parties: parties.into_iter().collect(),
        reported: body.amount.get(),
        currency: body.currency,
        decided: None,
        ordered: None,
        booked: 0,
        recoveries: Vec::new(),
        state: CaseState::UnderReview,
        by: draft.party.key,
        opened_at: draft.context.now,
        deadline: body.deadline,
        reason: body.reason.clone(),
        version: draft.context.entry,
    };
    not_concerned(draft, stated, &case)?;
    draft.record(Fact::CaseSet(Arc::new(case)));
    Ok(Some(id.0))
}

pub(super) fn step(draft: &mut Draft<'_>, stated: &Stated, body: &CaseStep) -> Result<Option<Place>, Refusal> {
    let mut case = open_case(draft, stated, &body.case)?;
    deadline(draft, body.deadline)?;
    let amount = body.amount.map(|amount| amount.get());
    match body.step {
        CaseMove::Traced => case.state = CaseState::Traced,
        CaseMove::Decided => {
            within(case.reported, case.booked, amount)?;
            case.decided = amount;
        }
        CaseMove::Ordered => {
            within(case.loss(), 0, amount)?;
            case.ordered = amount;
        }
        CaseMove::Extended => {}
    }
    case.deadline = body.deadline;
    Ok(Some(set(draft, case, &body.reason)))
}

/// What is decided or ordered is not more than the loss, and not less than what came back.
fn within(loss: i64, booked: i64, amount: Option<i64>) -> Result<(), Refusal> {
    match amount {
        Some(stated) if stated > loss || stated < booked => Err(Refusal::AboveTheLoss { loss, booked, stated }),
        _ => Ok(()),
    }
}

pub(super) fn close(draft: &mut Draft<'_>, stated: &Stated, body: &FlagClose) -> Result<Option<Place>, Refusal> {
    let mut case = open_case(draft, stated, &body.case)?;
    case.state = match body.outcome {
        CaseOutcome::Corrected if case.state != CaseState::Traced => {
            return Err(Refusal::WrongCaseState { state: case.state });
        }
        CaseOutcome::Corrected => CaseState::Closed,
        CaseOutcome::Dismissed => CaseState::Dismissed,
    };
    Ok(Some(set(draft, case, &body.reason)))
}

fn set(draft: &mut Draft<'_>, case: Case, reason: &str) -> Place {
    let id = case.id.0;
    let case = Case { reason: reason.to_owned(), version: draft.context.entry, ..case };
    draft.record(Fact::CaseSet(Arc::new(case)));
    id
}

/// The case that a reference names, while it is open, for somebody who may touch it.
fn open_case(draft: &Draft<'_>, stated: &Stated, reference: &Reference) -> Result<Case, Refusal> {
    let case = named(draft, reference)?;
    if case.by != draft.party.key {
        return Err(Refusal::NotYours { holder: Some(case.by) });
    }
    not_concerned(draft, stated, &case)?;
    match case.state.is_open() {
        true => Ok(case),
        false => Err(Refusal::WrongCaseState { state: case.state }),
    }
}

fn named(draft: &Draft<'_>, reference: &Reference) -> Result<Case, Refusal> {
    let books = draft.books();
    let place = books.referred(reference).and_then(|recorded| Place::new(recorded.entry, reference.output));
    let case = place.and_then(|place| books.case(&CaseId(place)));
    case.map(|case| case.as_ref().clone()).ok_or(Refusal::UnknownReference { what: "case" })
}

/// Nobody who signs is an officer of a party that the case is about, whichever of their keys signs.
fn not_concerned(draft: &Draft<'_>, stated: &Stated, case: &Case) -> Result<(), Refusal> {
    let books = draft.books();
    let officers = stated.signers.iter().filter_map(|key| books.key(key)).map(|key| key.officer);
    let mut of = officers.flat_map(|officer| books.parties_of_officer(officer)).chain([draft.party.key]);
    match of.any(|party| case.parties.contains(&party)) {
        true => Err(Refusal::PartyToTheCase),
        false => Ok(()),
    }
}

fn deadline(draft: &Draft<'_>, deadline: Millis) -> Result<(), Refusal> {
    let now = draft.context.now;
    match deadline > now && deadline <= now.plus(DEADLINE_MS_MAX) {
        true => Ok(()),
        false => Err(Refusal::BadDeadline { deadline, now }),
    }
}

/// A recovery may be booked against this case: nothing comes back beyond the loss.
pub(super) fn recoverable(
    draft: &Draft<'_>,
    reference: &Reference,
    currency: Currency,
    stated: i64,
) -> Result<Case, Refusal> {
    let case = named(draft, reference)?;
    in_currency(currency, case.currency)?;
    if !case.state.is_open() {
        return Err(Refusal::WrongCaseState { state: case.state });
    }
    match i128::from(case.booked) + i128::from(stated) > i128::from(case.loss()) {
        true => Err(Refusal::AboveTheLoss { loss: case.loss(), booked: case.booked, stated }),
        false => Ok(case),
    }
}

/// Books a recovery hop against a case.
pub(super) fn book(draft: &mut Draft<'_>, mut case: Case, hop: HopId, amount: i64) {
    case.booked += amount;
    case.recoveries.push(hop);
    case.version = draft.context.entry;
    draft.record(Fact::CaseSet(Arc::new(case)));
}

/// Takes a recovery that was reversed or refused off its case.
pub(super) fn unbook(draft: &mut Draft<'_>, hop: HopId, amount: i64) {
    let books = draft.books();
    let Some(case) = books.case_of_recovery(&hop).and_then(|id| books.case(id)).cloned() else { return };
    let mut case = case.as_ref().clone();
    case.booked -= amount;
    case.version = draft.context.entry;
    draft.record(Fact::CaseSet(Arc::new(case)));
}
