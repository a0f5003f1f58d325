//! Decisions on disputes, declared losses, write-offs.

use crate::ledger::ids::Place;
use crate::ledger::operation::{Decision, DisputeDecide, LossDeclare, LossSubject, LossWriteOff};
use crate::ledger::refusal::Refusal;
use crate::ledger::token::{MissingReason, Token, TokenState};

use super::draft::{Draft, Shape, in_currency, not_reversed, unspent};
use super::pool::Pool;

/// Upheld: what is disputed, or was booked by an earlier dismissal, is missing. Dismissed: what
/// is disputed, or missing by an earlier upholding, is booked.
pub(super) fn decide(draft: &mut Draft<'_>, body: &DisputeDecide) -> Result<Option<Place>, Refusal> {
    let mut hop = draft.hop_named(&body.hop)?;
    not_reversed(&hop)?;
    if hop.from == Some(draft.party.key) || hop.to == draft.party.key {
        return Err(Refusal::PartyToTheHop);
    }
    let mut pool = Pool::of_hop(draft, &hop);
    // Booked money after a word is what an earlier decision dismissed.
    let answered = hop.figures.arrived.is_some();
    let moved = match body.decision {
        Decision::Upheld => {
            let open = |t: &Token| t.state == TokenState::Disputed || (answered && t.state == TokenState::Booked);
            pool.take_all(open, &Shape::missing(MissingReason::Upheld, &hop))
        }
        Decision::Dismissed => {
            let open = |t: &Token| t.state == TokenState::Disputed || t.reason == Some(MissingReason::Upheld);
            pool.take_all(open, &Shape::on_hop(TokenState::Booked, &hop))
        }
    };
    if moved == 0 {
        return Err(Refusal::NothingDisputed);
    }
    pool.settle_on(draft, &mut hop);
    let id = hop.id;
    draft.set_hop(hop);
    Ok(Some(id.0))
}

pub(super) fn lost(draft: &mut Draft<'_>, body: &LossDeclare) -> Result<Option<Place>, Refusal> {
    let amount = body.amount.get();
    match &body.subject {
        LossSubject::Token(reference) => {
            let (token, allocation) = draft.token_for(reference, body.currency)?;
            draft.own_token(&token)?;
            if token.state != TokenState::Held {
                return Err(Refusal::WrongTokenState { state: token.state });
            }
            unspent(&token)?;
            if amount > token.amount {
                return Err(Refusal::Unfunded { needed: amount, available: token.amount });
            }
            let reason = Some(MissingReason::Lost);
            let shape = Shape { state: TokenState::Missing, reason, ..Shape::like(&token) };
            let id = token.id;
            let mut pool = Pool::of(token);
            pool.take(|_| true, amount, &shape);
            pool.settle(draft, allocation.id, None);
            Ok(Some(id.0))
        }
        LossSubject::Hop(reference) => {
            let mut hop = draft.hop_named(reference)?;
            let allocation = draft.allocation(hop.allocation)?;
            in_currency(body.currency, allocation.currency)?;
            if hop.from != Some(draft.party.key) {
                return Err(Refusal::NotYours { holder: hop.from });
            }
            not_reversed(&hop)?;
            if draft.context.now <= hop.due {
                return Err(Refusal::NotOverdue { due: hop.due });
            }
            let mut pool = Pool::of_hop(draft, &hop);
            let in_transit = |t: &Token| t.state == TokenState::InTransit;
            let available = pool.available(in_transit);
            if amount > available {
                return Err(Refusal::Unfunded { needed: amount, available });
            }
            pool.take(in_transit, amount, &Shape::missing(MissingReason::Lost, &hop));
            pool.settle_on(draft, &mut hop);
            let id = hop.id;
            draft.set_hop(hop);
            Ok(Some(id.0))
        }
    }
}

pub(super) fn write_off(draft: &mut Draft<'_>, body: &LossWriteOff) -> Result<Option<Place>, Refusal> {
    let token = draft.token_named(&body.token)?;
    if token.state != TokenState::Missing || token.written_off {
        return Err(Refusal::WrongTokenState { state: token.state });
    }
    unspent(&token)?;
    let shape = Shape { written_off: true, ..Shape::like(&token) };
    let (id, allocation, amount) = (token.id, token.allocation, token.amount);
    let lay_on = token.hop.filter(|hop| Shape::like(&token).stays_on(*hop));
    let mut pool = Pool::of(token);
    pool.take(|_| true, amount, &shape);
    let settled = pool.settle(draft, allocation, None);
    if let Some(mut hop) = lay_on.and_then(|id| draft.books().hop(&id).map(|hop| hop.as_ref().clone())) {
        settled.update(draft, &mut hop);
        draft.set_hop(hop);
    }
    Ok(Some(id.0))
}
