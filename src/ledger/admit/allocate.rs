//! Appropriations, allocations and splits.

use std::sync::Arc;

use crate::ledger::fact::Fact;
use crate::ledger::ids::{AllocationId, Place};
use crate::ledger::money::TOTAL_MINOR_MAX;
use crate::ledger::note::Noted;
use crate::ledger::operation::{AllocationCreate, BudgetAppropriate, TokenSplit};
use crate::ledger::refusal::Refusal;
use crate::ledger::registry::{Allocation, Appropriation, Programme};
use crate::ledger::token::{Origin, Token, TokenState};

use super::draft::{Draft, Shape, in_currency, unspent};
use super::pool::Pool;

pub(super) fn appropriate(draft: &mut Draft<'_>, body: &BudgetAppropriate) -> Result<Option<Place>, Refusal> {
    let programme = own_programme(draft, &body.programme)?;
    in_currency(body.currency, programme.currency)?;
    let before = draft.books().appropriation(&(programme.id, body.cycle.label.clone())).cloned();
    let next = match before {
        None => Appropriation {
            programme: programme.id,
            cycle: body.cycle.clone(),
            appropriated: body.amount.get(),
            allocated: 0,
        },
        Some(before) if before.cycle != body.cycle => {
            return Err(Refusal::AlreadyRegistered { what: format!("cycle {:?} with other days", body.cycle.label) });
        }
        Some(before) => Appropriation {
            appropriated: before
                .appropriated
                .checked_add(body.amount.get())
                .filter(|sum| *sum <= TOTAL_MINOR_MAX)
                .ok_or(Refusal::TotalTooLarge)?,
            ..before.as_ref().clone()
        },
    };
    draft.record(Fact::AppropriationSet(Arc::new(next)));
    Ok(Some(programme.id.0))
}

pub(super) fn allocate(draft: &mut Draft<'_>, body: &AllocationCreate) -> Result<Option<Place>, Refusal> {
    let programme = own_programme(draft, &body.programme)?;
    in_currency(body.currency, programme.currency)?;
    let id = open(draft, &programme, &body.cycle, &body.purpose, body.amount.get(), false)?;
    let allocation = draft.allocation(id)?;
    let treasury = draft.party_of(allocation.treasury);
    let shape = Shape::with_party(TokenState::Held, &treasury, None);
    draft.make(body.amount.get(), id, Origin::Allocation, None, &shape);
    if body.declared_recipients.is_some() || body.declared_total.is_some() {
        let total = body.declared_total.map(|total| total.get());
        draft.note(Noted::Declared { allocation: id, recipients: body.declared_recipients, total });
    }
    Ok(Some(id.0))
}

/// Opens an allocation and takes its amount from the appropriation.
pub(super) fn open(
    draft: &mut Draft<'_>,
    programme: &Programme,
    cycle: &str,
    purpose: &str,
    amount: i64,
    unsent: bool,
) -> Result<AllocationId, Refusal> {
    let appropriation = draft
        .books()
        .appropriation(&(programme.id, cycle.to_owned()))
        .cloned()
        .ok_or_else(|| Refusal::UnknownCycle { label: cycle.to_owned() })?;
    let available = appropriation.appropriated - appropriation.allocated;
    if amount > available {
        return Err(Refusal::Unfunded { needed: amount, available });
    }
    if amount > 0 {
        draft.add_total(programme.currency, amount)?;
        draft.record(Fact::AppropriationSet(Arc::new(Appropriation {
            allocated: appropriation.allocated + amount,
            ..appropriation.as_ref().clone()
        })));
    }
    let id = draft.next_allocation();
    draft.record(Fact::AllocationSet(Arc::new(Allocation {
        id,
        programme: programme.id,
        cycle: cycle.to_owned(),
        purpose: purpose.to_owned(),
        currency: programme.currency,
        treasury: programme.owner,
        amount,
        unsent,
        reversed_by: None,
    })));
    Ok(id)
}

pub(super) fn split(draft: &mut Draft<'_>, body: &TokenSplit) -> Result<Option<Place>, Refusal> {
    let (token, _) = draft.token_for(&body.token, body.currency)?;
    draft.own_token(&token)?;
    spendable(&token)?;
    let sum: i64 = body.parts.iter().map(|part| part.get()).sum();
    if sum != token.amount {
        return Err(Refusal::SumDiffers { expected: token.amount, found: sum });
    }
    let (id, allocation) = (token.id, token.allocation);
    let shape = Shape::like(&token);
    let mut pool = Pool::of(token);
    for part in &body.parts {
        pool.take(|_| true, part.get(), &shape);
    }
    pool.settle(draft, allocation, None);
    Ok(Some(id.0))
}

/// Held or returned, and unspent.
pub(super) fn spendable(token: &Token) -> Result<(), Refusal> {
    match token.state {
        TokenState::Held | TokenState::Returned => unspent(token),
        state => Err(Refusal::WrongTokenState { state }),
    }
}

fn own_programme(draft: &Draft<'_>, code: &str) -> Result<Arc<Programme>, Refusal> {
    let programme = draft.programme_by_code(code)?;
    if programme.owner != draft.party.key {
        return Err(Refusal::NotYours { holder: Some(programme.owner) });
    }
    Ok(programme)
}
