//! What receivers say: acknowledgements of parties, the word of recipients.

use std::sync::Arc;

use crate::ledger::hop::Hop;
use crate::ledger::ids::{Place, Reference};
use crate::ledger::money::Currency;
use crate::ledger::operation::{HopAcknowledge, ReceiptConfirm, ReceiptDispute, UnsentAcknowledge};
use crate::ledger::refusal::Refusal;
use crate::ledger::registry::{Allocation, PartyKind};
use crate::ledger::token::{Claim, HopKind, MissingReason, Token, TokenState};

use super::allocate;
use super::dispatch::deduct;
use super::draft::{Draft, NewHop, Shape, in_currency, not_reversed};
use super::pool::Pool;

/// On its way, or missing and not by a deduction: what an arrival can explain.
fn arriving(token: &Token) -> bool {
    token.state == TokenState::InTransit || token.is_findable()
}

fn in_state(state: TokenState) -> impl Fn(&Token) -> bool + Copy {
    move |token| token.state == state
}

pub(super) fn acknowledge(draft: &mut Draft<'_>, body: &HopAcknowledge) -> Result<Option<Place>, Refusal> {
    let (mut hop, allocation) = draft.hop_for(&body.hop, body.currency)?;
    draft.own_incoming(&hop)?;
    if draft.party.kind == PartyKind::Recipient {
        return Err(Refusal::WrongAnswer { needed: "a recipient's word" });
    }
    not_reversed(&hop)?;
    let (arrived, before) = (body.arrived.get(), hop.figures.arrived);
    if let Some(before) = before {
        if arrived < before {
            return Err(Refusal::LowerThanBefore { before, stated: arrived });
        }
        if arrived == before && body.deductions.is_empty() {
            return Err(Refusal::NothingNew { total: before });
        }
    }
    let mut pool = Pool::of_hop(draft, &hop);
    let deducted: i64 = body.deductions.iter().map(|d| d.amount.get()).sum();
    let available = pool.available(arriving);
    if deducted > available {
        return Err(Refusal::Unfunded { needed: deducted, available });
    }

    hop.latest = Some((draft.context.entry, Box::new(hop.figures.clone())));
    let programme = draft.programme_of(&allocation);
    deduct_in_transit_first(&mut pool, &programme, &mut hop, body);
    let shape = arrived_shape(draft, &hop, &allocation);
    let rise = arrived - before.unwrap_or(0);
    let mut taken = pool.take(in_state(TokenState::InTransit), rise, &shape);
    taken += pool.take(Token::is_findable, rise - taken, &shape);
    draft.add_total(allocation.currency, rise - taken)?;
    pool.surplus(rise - taken, shape.claimed(Claim::Arrival));
    if before.is_none() {
        pool.take_all(in_state(TokenState::InTransit), &Shape::missing(MissingReason::Shortfall, &hop));
    }
    hop.figures.arrived = Some(arrived);
    hop.figures.answered_at = Some(draft.occurred_at);
    pool.settle_on(draft, &mut hop);
    let id = hop.id;
    draft.set_hop(hop);
    Ok(Some(id.0))
}

/// Deductions come out of what is in transit, then out of what is missing.
fn deduct_in_transit_first(
    pool: &mut Pool,
    programme: &crate::ledger::registry::Programme,
    hop: &mut Hop,
    body: &HopAcknowledge,
) {
    for deduction in &body.deductions {
        let in_transit = pool.available(in_state(TokenState::InTransit)).min(deduction.amount.get());
        let part = |amount: i64| crate::ledger::operation::Deduction {
            amount: crate::ledger::money::Minor::new(amount).expect("a part of an amount is one"),
            code: deduction.code.clone(),
        };
        if in_transit > 0 {
            deduct(pool, programme, hop, &[part(in_transit)], in_state(TokenState::InTransit));
        }
        if deduction.amount.get() > in_transit {
            deduct(pool, programme, hop, &[part(deduction.amount.get() - in_transit)], Token::is_findable);
        }
    }
}

/// What arrives becomes confirmed at an end payee (also when what it gave back was refused and
/// came to it again), returned at the allocating treasury when it came back, held otherwise.
fn arrived_shape(draft: &Draft<'_>, hop: &Hop, allocation: &Allocation) -> Shape {
    if draft.party.kind.is_payee() {
        return Shape::confirmed(hop);
    }
    let came_back = matches!(hop.kind, HopKind::Return | HopKind::Recovery) && hop.to == allocation.treasury;
    let state = if came_back { TokenState::Returned } else { TokenState::Held };
    Shape::with_party(state, &draft.party, Some((hop.id, hop.kind)))
}

pub(super) fn unsent(draft: &mut Draft<'_>, body: &UnsentAcknowledge) -> Result<Option<Place>, Refusal> {
    if draft.party.kind == PartyKind::Recipient {
        return Err(Refusal::WrongAnswer { needed: "a recipient's word" });
    }
    let programme = draft.programme_by_code(&body.programme)?;
    in_currency(body.currency, programme.currency)?;
    let id = allocate::open(draft, &programme, &body.cycle, &body.purpose, 0, true)?;
    let allocation = draft.allocation(id)?;
    draft.add_total(allocation.currency, body.arrived.get())?;
    let receiver = draft.party.clone();
    // An end payee is never accountable: nobody else signed but the treasury of the programme.
    let accountable = match receiver.kind.is_payee() {
        true => draft.party_of(allocation.treasury),
        false => receiver.clone(),
    };
    let mut hop = draft.new_hop(&NewHop {
        kind: draft.kind_to(&receiver),
        from: None,
        to: &receiver,
        allocation: &allocation,
        token: None,
        sent: 0,
        accountable: &accountable,
        from_balance: false,
    });
    hop.latest = Some((draft.context.entry, Box::new(hop.figures.clone())));
    hop.figures.arrived = Some(body.arrived.get());
    hop.figures.answered_at = Some(draft.occurred_at);
    let shape = arrived_shape(draft, &hop, &allocation).claimed(Claim::Arrival);
    let mut pool = Pool::default();
    pool.surplus(body.arrived.get(), shape);
    pool.settle_on(draft, &mut hop);
    let id = hop.id;
    draft.set_hop(hop);
    Ok(Some(id.0))
}

pub(super) fn confirm(draft: &mut Draft<'_>, body: &ReceiptConfirm) -> Result<Option<Place>, Refusal> {
    let (hop, allocation) = own_receipt(draft, &body.hop, body.currency)?;
    let stated = body.received.get();
    match hop.figures.arrived {
        Some(before) if stated < before => Err(Refusal::WrongDirection { before, stated, needed: "receiptDispute" }),
        _ => word(draft, hop, &allocation, stated),
    }
}

pub(super) fn dispute(draft: &mut Draft<'_>, body: &ReceiptDispute) -> Result<Option<Place>, Refusal> {
    let (hop, allocation) = own_receipt(draft, &body.hop, body.currency)?;
    let stated = body.received.get();
    match hop.figures.arrived {
        Some(before) if stated > before => Err(Refusal::WrongDirection { before, stated, needed: "receiptConfirm" }),
        _ => word(draft, hop, &allocation, stated),
    }
}

/// A hop on which the party that speaks may give a recipient's word.
fn own_receipt(
    draft: &Draft<'_>,
    reference: &Reference,
    currency: Currency,
) -> Result<(Hop, Arc<Allocation>), Refusal> {
    let (hop, allocation) = draft.hop_for(reference, currency)?;
    draft.own_incoming(&hop)?;
    if draft.party.kind != PartyKind::Recipient {
        return Err(Refusal::WrongAnswer { needed: "an acknowledgement" });
    }
    not_reversed(&hop)?;
    Ok((hop, allocation))
}

/// A recipient's word on the total received; the latest stands.
fn word(draft: &mut Draft<'_>, mut hop: Hop, allocation: &Allocation, stated: i64) -> Result<Option<Place>, Refusal> {
    let mut pool = Pool::of_hop(draft, &hop);
    match hop.figures.arrived {
        None => first_word(draft, &mut pool, &hop, allocation, stated)?,
        Some(before) if stated > before => higher_word(draft, &mut pool, &hop, allocation, stated - before)?,
        Some(before) if stated < before => lower_word(draft, &mut pool, &hop, allocation, before - stated)?,
        Some(before) => return Err(Refusal::NothingNew { total: before }),
    }
    hop.figures.arrived = Some(stated);
    hop.figures.answered_at = Some(draft.occurred_at);
    pool.settle_on(draft, &mut hop);
    let id = hop.id;
    draft.set_hop(hop);
    Ok(Some(id.0))
}

/// From what is in transit and booked into confirmed, the rest disputed, above it a surplus,
/// which replaces one that the bank claimed. Money declared lost in transit is found first.
fn first_word(
    draft: &mut Draft<'_>,
    pool: &mut Pool,
    hop: &Hop,
    allocation: &Allocation,
    stated: i64,
) -> Result<(), Refusal> {
    let cancelled = pool.cancel(|t| t.claim == Some(Claim::Bank), i64::MAX);
    let confirmed = Shape::confirmed(hop);
    let mut taken = 0;
    for wanted in [in_state(TokenState::InTransit), in_state(TokenState::Booked)] {
        taken += pool.take(wanted, stated - taken, &confirmed);
    }
    taken += pool.take(Token::is_findable, stated - taken, &confirmed);
    draft.add_total(allocation.currency, stated - taken - cancelled)?;
    pool.surplus(stated - taken, confirmed.claimed(Claim::Word));
    let disputed = Shape::on_hop(TokenState::Disputed, hop);
    pool.take_all(|t| matches!(t.state, TokenState::InTransit | TokenState::Booked), &disputed);
    Ok(())
}

/// From what is disputed, booked and missing, then a surplus.
fn higher_word(
    draft: &mut Draft<'_>,
    pool: &mut Pool,
    hop: &Hop,
    allocation: &Allocation,
    rise: i64,
) -> Result<(), Refusal> {
    let confirmed = Shape::confirmed(hop);
    let mut taken = 0;
    for wanted in [in_state(TokenState::Disputed), in_state(TokenState::Booked)] {
        taken += pool.take(wanted, rise - taken, &confirmed);
    }
    taken += pool.take(Token::is_findable, rise - taken, &confirmed);
    draft.add_total(allocation.currency, rise - taken)?;
    pool.surplus(rise - taken, confirmed.claimed(Claim::Word));
    Ok(())
}

/// Cancels the surplus of an own earlier word, then disputes what was confirmed.
fn lower_word(
    draft: &mut Draft<'_>,
    pool: &mut Pool,
    hop: &Hop,
    allocation: &Allocation,
    drop: i64,
) -> Result<(), Refusal> {
    let confirmed = pool.available(in_state(TokenState::Confirmed));
    if drop > confirmed {
        let word = hop.figures.arrived.unwrap_or(0);
        return Err(Refusal::BelowReturned { returned: word - confirmed });
    }
    let own_surplus = |t: &Token| t.state == TokenState::Confirmed && t.claim == Some(Claim::Word);
    let cancelled = pool.cancel(own_surplus, drop);
    draft.add_total(allocation.currency, -cancelled)?;
    pool.take(in_state(TokenState::Confirmed), drop - cancelled, &Shape::on_hop(TokenState::Disputed, hop));
    Ok(())
}
