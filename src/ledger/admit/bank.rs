//! What payment providers state, and money that its receiver refuses.

use crate::ledger::hop::Hop;
use crate::ledger::ids::Place;
use crate::ledger::note::Noted;
use crate::ledger::operation::{BankEvidenceRecord, HopRefuse};
use crate::ledger::refusal::Refusal;
use crate::ledger::registry::{Allocation, PartyKind};
use crate::ledger::token::{Claim, HopKind, Token, TokenState};

use super::dispatch::deduct;
use super::draft::{Draft, NewHop, Shape, not_reversed};
use super::pool::Pool;

fn bounceable(token: &Token) -> bool {
    matches!(token.state, TokenState::InTransit | TokenState::Booked | TokenState::Disputed)
}

fn in_transit(token: &Token) -> bool {
    token.state == TokenState::InTransit
}

pub(super) fn evidence(draft: &mut Draft<'_>, body: &BankEvidenceRecord) -> Result<Option<Place>, Refusal> {
    let (mut hop, allocation) = draft.hop_for(&body.hop, body.currency)?;
    if hop.via.is_some_and(|via| via != draft.party.key) {
        return Err(Refusal::NotTheProvider);
    }
    let to_recipient = draft.books().kind(hop.to) == PartyKind::Recipient;
    if !to_recipient {
        return Err(Refusal::WrongHopKind { kind: hop.kind });
    }
    not_reversed(&hop)?;
    let only_credited = body.returned.is_none() && body.deductions.is_empty();
    if let Some(total) = hop.credited.filter(|total| only_credited && body.credited.is_some_and(|x| x.get() == *total))
    {
        return Err(Refusal::NothingNew { total });
    }
    let mut pool = Pool::of_hop(draft, &hop);
    let deducted: i64 = body.deductions.iter().map(|d| d.amount.get()).sum();
    let available = pool.available(in_transit);
    if deducted > available {
        return Err(Refusal::Unfunded { needed: deducted, available });
    }
    let programme = draft.programme_of(&allocation);
    deduct(&mut pool, &programme, &mut hop, &body.deductions, in_transit);
    let returned = body.returned.map_or(0, |y| y.get());
    let available = pool.available(bounceable);
    if returned > available {
        return Err(Refusal::Unfunded { needed: returned, available });
    }
    let taken_back = take_back(&mut pool, returned, &hop);
    if let Some(total) = body.credited.map(|x| x.get()) {
        if hop.figures.arrived.is_none() {
            credit(draft, &mut pool, &hop, &allocation, total)?;
        }
        hop.credited = Some(total);
    }
    if body.value_date.is_some() || body.reason_code.is_some() {
        draft.note(Noted::Bank {
            hop: hop.id,
            credited: body.credited.map(|x| x.get()),
            returned: body.returned.map(|y| y.get()),
            value_date: body.value_date,
            reason: body.reason_code.clone(),
        });
    }
    send_back(draft, pool, taken_back, hop, &allocation)
}

/// Moves money between in transit and booked, so that `total` is booked; above it a surplus.
fn credit(
    draft: &mut Draft<'_>,
    pool: &mut Pool,
    hop: &Hop,
    allocation: &Allocation,
    total: i64,
) -> Result<(), Refusal> {
    let claimed = |t: &Token| t.claim == Some(Claim::Bank);
    let booked_now = |t: &Token| t.state == TokenState::Booked && !claimed(t);
    let booked = Shape::on_hop(TokenState::Booked, hop);
    let (plain, surplus) = (pool.available(booked_now), pool.available(claimed));
    let change = total - plain - surplus;
    if change >= 0 {
        let taken = pool.take(in_transit, change, &booked);
        draft.add_total(allocation.currency, change - taken)?;
        pool.surplus(change - taken, booked.claimed(Claim::Bank));
    } else {
        let cancelled = pool.cancel(claimed, -change);
        draft.add_total(allocation.currency, -cancelled)?;
        pool.take(booked_now, -change - cancelled, &Shape::on_hop(TokenState::InTransit, hop));
    }
    Ok(())
}

pub(super) fn refuse(draft: &mut Draft<'_>, body: &HopRefuse) -> Result<Option<Place>, Refusal> {
    let (hop, allocation) = draft.hop_for(&body.hop, body.currency)?;
    draft.own_incoming(&hop)?;
    not_reversed(&hop)?;
    let mut pool = Pool::of_hop(draft, &hop);
    let (needed, available) = (body.amount.get(), pool.available(in_transit));
    if needed > available {
        return Err(Refusal::Unfunded { needed, available });
    }
    pool.take(in_transit, needed, &Shape::on_hop(TokenState::InTransit, &hop));
    super::case::unbook(draft, hop.id, needed);
    let count = pool.pieces().count();
    send_back(draft, pool, 0..count, hop, &allocation)
}

/// Takes money that bounced; says which pieces of the pool it became.
fn take_back(pool: &mut Pool, amount: i64, hop: &Hop) -> std::ops::Range<usize> {
    let first = pool.pieces().count();
    let shape = Shape::on_hop(TokenState::InTransit, hop);
    let mut taken = 0;
    for state in [TokenState::InTransit, TokenState::Booked, TokenState::Disputed] {
        taken += pool.take(|t| t.state == state, amount - taken, &shape);
    }
    first..pool.pieces().count()
}

/// Sends pieces back to the sender of the hop: each on a `RETURN` hop of its own, since a hop
/// carries the money of one token; or held at once when the sender is the bank that speaks.
fn send_back(
    draft: &mut Draft<'_>,
    mut pool: Pool,
    back: std::ops::Range<usize>,
    mut hop: Hop,
    allocation: &Allocation,
) -> Result<Option<Place>, Refusal> {
    let pieces: Vec<_> = pool.pieces().collect();
    let amount: i64 = pieces[back.clone()].iter().map(|(_, amount)| amount).sum();
    let mut returns = Vec::new();
    if amount > 0 {
        let sender = hop.from.map(|from| draft.party_of(from)).ok_or(Refusal::WrongHopKind { kind: hop.kind })?;
        let speaker = draft.party.clone();
        for (at, (token, amount)) in pieces.iter().enumerate() {
            if !back.contains(&at) {
                continue;
            }
            let shape = if sender.key == speaker.key {
                hop.bounced_home += amount;
                let came_by = hop.token.and_then(|sent| draft.books().token(&sent));
                let came_by = came_by.and_then(|sent| sent.hop.zip(sent.hop_kind));
                Shape::with_party(TokenState::Held, &sender, came_by)
            } else {
                let accountable = draft.accountable_sender(token);
                let new = draft.new_hop(&NewHop {
                    kind: HopKind::Return,
                    from: Some(&speaker),
                    to: &sender,
                    allocation,
                    token: Some(token.id),
                    sent: *amount,
                    accountable: &accountable,
                    from_balance: false,
                });
                let shape = Shape::on_hop(TokenState::InTransit, &new);
                returns.push(new);
                shape
            };
            pool.reshape_one(at, shape);
        }
        hop.refused += amount;
    }
    let settled = pool.settle_on(draft, &mut hop);
    for mut new in returns {
        settled.update(draft, &mut new);
        draft.set_hop(new);
    }
    let id = hop.id;
    draft.set_hop(hop);
    Ok(Some(id.0))
}
