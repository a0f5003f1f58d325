//! Reversals: what an entry consumed is created anew, its surplus cancelled.

use std::sync::Arc;

use crate::ledger::fact::Fact;
use crate::ledger::hop::Hop;
use crate::ledger::ids::{HopId, PartyKey, Place, TokenId};
use crate::ledger::operation::{EntryReverse, Operation, Stated};
use crate::ledger::refusal::Refusal;
use crate::ledger::registry::{Allocation, Appropriation, Party, Recorded};
use crate::ledger::state::Layer;
use crate::ledger::token::{Claim, HopState, Token};

use super::draft::{Draft, Shape};

use crate::ledger::operation::Kind;

/// The sender whose officer signs beside the receiver's, when an acknowledgement of a hop that
/// was sent is reversed.
pub(super) fn other_side(books: &Layer<'_>, stated: &Stated, party: &Party) -> Option<PartyKey> {
    let Operation::EntryReverse(body) = &stated.operation else { return None };
    let recorded = books.referred(&body.entry)?;
    if recorded.kind != Kind::HopAcknowledge {
        return None;
    }
    let hop = books.hop(&HopId(recorded.subject?))?;
    hop.from.filter(|from| *from != party.key)
}

pub(super) fn reverse(draft: &mut Draft<'_>, body: &EntryReverse) -> Result<Option<Place>, Refusal> {
    let recorded = draft.books().referred(&body.entry);
    let recorded = recorded.ok_or(Refusal::UnknownReference { what: "operation" })?;
    if recorded.party != draft.party.key {
        return Err(Refusal::NotYours { holder: Some(recorded.party) });
    }
    match recorded.kind {
        Kind::TokenDispatch | Kind::TokenReturn | Kind::RecoveryRecord => hop(draft, &recorded, body.entry.output),
        Kind::HopAcknowledge | Kind::UnsentAcknowledge => acknowledgement(draft, &recorded),
        Kind::AllocationCreate => allocation(draft, &recorded),
        Kind::TrackingImport => import(draft, &recorded),
        _ => refuse("operations of this kind are corrected by a new fact"),
    }
}

fn refuse<T>(why: &'static str) -> Result<T, Refusal> {
    Err(Refusal::NotReversible { why })
}

/// One hop of a dispatch, return or recovery, while unanswered.
fn hop(draft: &mut Draft<'_>, recorded: &Recorded, output: u32) -> Result<Option<Place>, Refusal> {
    let unknown = Refusal::UnknownReference { what: "hop" };
    let id = Place::new(recorded.entry, output).map(HopId).ok_or(unknown.clone())?;
    let mut hop = draft.books().hop(&id).ok_or(unknown)?.as_ref().clone();
    if !hop.is_unanswered() {
        return refuse("the hop was answered, overtaken by evidence, or reversed before");
    }
    let live = live_tokens(draft, &hop);
    if live.iter().map(|token| token.amount).sum::<i64>() != hop.sent {
        return refuse("money that it left was spent");
    }
    let consumed = hop.token.and_then(|id| draft.books().token(&id));
    let consumed = consumed.expect("a hop that was sent comes with its token");
    for token in &live {
        draft.spend(token);
    }
    let anew = draft.make(hop.sent, hop.allocation, consumed.origin, Some(consumed.id), &Shape::like(&consumed));
    if let Some(mut old) = stays_on(draft, &consumed) {
        old.live.push(anew);
        draft.set_hop(old);
    }
    super::case::unbook(draft, id, hop.sent);
    close(&mut hop);
    draft.set_hop(hop);
    Ok(Some(id.0))
}

/// A reversed hop counts as nothing.
fn close(hop: &mut Hop) {
    hop.sent = 0;
    hop.figures.deducted = 0;
    hop.figures.deductions.clear();
    hop.figures.arrived = None;
    hop.figures.answered_at = None;
    hop.latest = None;
    hop.live.clear();
    hop.state = HopState::Reversed;
}

/// The hop that a token lies on or was delivered by.
fn stays_on(draft: &Draft<'_>, token: &Token) -> Option<Hop> {
    let id = token.hop.filter(|hop| Shape::like(token).stays_on(*hop))?;
    draft.books().hop(&id).map(|hop| hop.as_ref().clone())
}

fn live_tokens(draft: &Draft<'_>, hop: &Hop) -> Vec<Arc<Token>> {
    let books = draft.books();
    hop.live.iter().map(|id| books.token(id).expect("live tokens come with their hop")).collect()
}

/// The latest acknowledgement of a hop.
fn acknowledgement(draft: &mut Draft<'_>, recorded: &Recorded) -> Result<Option<Place>, Refusal> {
    let id = HopId(recorded.subject.expect("an acknowledgement is about a hop"));
    let mut hop = draft.books().hop(&id).ok_or(Refusal::UnknownReference { what: "hop" })?.as_ref().clone();
    let before = match hop.latest.take() {
        Some((entry, before)) if entry == recorded.entry && hop.state != HopState::Reversed => before,
        _ => return refuse("it is not the latest acknowledgement of its hop, or was reversed before"),
    };
    let made = draft.books().tokens_of_entry(recorded.entry);
    if made.iter().any(|token| token.spent_by.is_some()) {
        return refuse("money that it left was spent");
    }
    let mut parents: Vec<TokenId> = Vec::new();
    let mut surplus = 0;
    for token in &made {
        draft.spend(token);
        match token.parent {
            _ if token.claim == Some(Claim::Arrival) => surplus += token.amount,
            Some(parent) if !parents.contains(&parent) => parents.push(parent),
            _ => {}
        }
    }
    let currency = draft.allocation(hop.allocation)?.currency;
    draft.add_total(currency, -surplus)?;
    hop.live.retain(|id| made.iter().all(|token| token.id != *id));
    for parent in parents {
        let consumed = draft.books().token(&parent).expect("parents come with their tokens");
        let shape = Shape::like(&consumed);
        let anew = draft.make(consumed.amount, consumed.allocation, consumed.origin, Some(parent), &shape);
        hop.live.push(anew);
    }
    hop.figures = *before;
    // Nobody sent it: without an acknowledgement nothing is left of it.
    if hop.from.is_none() && hop.figures.arrived.is_none() {
        close(&mut hop);
    }
    draft.set_hop(hop);
    Ok(Some(id.0))
}

/// An allocation of which nothing has moved.
fn allocation(draft: &mut Draft<'_>, recorded: &Recorded) -> Result<Option<Place>, Refusal> {
    let made = draft.books().tokens_of_entry(recorded.entry);
    if made.iter().any(|token| token.spent_by.is_some()) {
        return refuse("money of the allocation has moved");
    }
    for token in &made {
        draft.spend(token);
    }
    let allocations = draft.books().allocations_of_entry(recorded.entry).into_iter().cloned().collect::<Vec<_>>();
    for allocation in &allocations {
        close_allocation(draft, allocation, false)?;
    }
    Ok(recorded.subject)
}

/// Takes an allocation back out of the totals; an import's appropriation goes with it.
fn close_allocation(draft: &mut Draft<'_>, allocation: &Allocation, appropriated: bool) -> Result<(), Refusal> {
    draft.add_total(allocation.currency, -allocation.amount)?;
    let key = (allocation.programme, allocation.cycle.clone());
    if let Some(before) = draft.books().appropriation(&key).cloned() {
        draft.record(Fact::AppropriationSet(Arc::new(Appropriation {
            appropriated: before.appropriated - if appropriated { allocation.amount } else { 0 },
            allocated: before.allocated - allocation.amount,
            ..before.as_ref().clone()
        })));
    }
    draft.record(Fact::AllocationSet(Arc::new(Allocation {
        amount: 0,
        reversed_by: Some(draft.context.entry),
        ..allocation.clone()
    })));
    Ok(())
}

/// A tracking import, whole.
fn import(draft: &mut Draft<'_>, recorded: &Recorded) -> Result<Option<Place>, Refusal> {
    let made = draft.books().tokens_of_entry(recorded.entry);
    // What the import itself consumed was never more than a step on the way.
    let left: Vec<&Arc<Token>> = made.iter().filter(|token| token.spent_by != Some(recorded.entry)).collect();
    if left.iter().any(|token| token.spent_by.is_some()) {
        return refuse("money that it left was spent, or it was reversed before");
    }
    if left.is_empty() {
        return refuse("it left no money");
    }
    let mut surplus = 0;
    for token in left {
        if token.claim == Some(Claim::Arrival) {
            surplus += token.amount;
        }
        draft.spend(token);
    }
    let hops = draft.books().hops_of_entry(recorded.entry);
    for hop in hops {
        let mut hop = hop.as_ref().clone();
        let row = hop.payment.as_deref().and_then(super::import::row_key);
        close(&mut hop);
        draft.set_hop(hop);
        if let Some(row) = row.filter(|row| draft.books().row(row).is_some_and(Option::is_some)) {
            draft.record(Fact::RowSet(row, None));
        }
    }
    let allocations: Vec<_> = draft.books().allocations_of_entry(recorded.entry).into_iter().cloned().collect();
    for allocation in &allocations {
        if allocation.amount > 0 || allocation.unsent {
            close_allocation(draft, allocation, true)?;
        }
    }
    if let Some(first) = allocations.first() {
        draft.add_total(first.currency, -surplus)?;
    }
    Ok(recorded.subject)
}
