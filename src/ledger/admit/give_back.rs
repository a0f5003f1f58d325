//! Money given back upstream, and missing money paid back to the treasury.

use std::sync::Arc;

use crate::ledger::ids::{HopId, Place};
use crate::ledger::operation::{RecoveryRecord, TokenReturn};
use crate::ledger::refusal::Refusal;
use crate::ledger::registry::{Allocation, Party};
use crate::ledger::token::{HopKind, MissingReason, Token, TokenState};

use super::case;
use super::draft::{Draft, NewHop, Shape, unspent};
use super::pool::Pool;

pub(super) fn give_back(draft: &mut Draft<'_>, body: &TokenReturn) -> Result<Option<Place>, Refusal> {
    let to = draft.party_by_id(&body.to)?;
    let (token, allocation) = draft.token_for(&body.token, body.currency)?;
    draft.own_token(&token)?;
    if to.key == draft.party.key {
        return Err(Refusal::ToItself);
    }
    let sender = token.hop.and_then(|hop| draft.books().hop(&hop).and_then(|hop| hop.from));
    if sender != Some(to.key) && allocation.treasury != to.key {
        return Err(Refusal::NotUpstream);
    }
    let kept = token.state == TokenState::Deducted || token.reason == Some(MissingReason::Deduction);
    let from_balance = matches!(token.state, TokenState::Held | TokenState::Confirmed);
    if !kept && !from_balance {
        return Err(Refusal::WrongTokenState { state: token.state });
    }
    unspent(&token)?;
    funds(body.amount.get(), &token)?;
    let accountable = draft.accountable_sender(&token);
    let way = Way { kind: HopKind::Return, to: &to, accountable: &accountable, from_balance };
    Ok(Some(send(draft, &token, &allocation, body.amount.get(), &way)))
}

pub(super) fn recover(draft: &mut Draft<'_>, body: &RecoveryRecord) -> Result<Option<Place>, Refusal> {
    let (token, allocation) = draft.token_for(&body.token, body.currency)?;
    if token.accountable != draft.party.key && token.holder != Some(draft.party.key) {
        return Err(Refusal::NotYours { holder: Some(token.accountable) });
    }
    if allocation.treasury == draft.party.key {
        return Err(Refusal::ToItself);
    }
    if token.state != TokenState::Missing {
        return Err(Refusal::WrongTokenState { state: token.state });
    }
    unspent(&token)?;
    funds(body.amount.get(), &token)?;
    let case = body.case.as_ref().map(|case| case::recoverable(draft, case, body.currency, body.amount.get()));
    let case = case.transpose()?;
    let treasury = draft.party_of(allocation.treasury);
    let accountable = draft.party_of(token.accountable);
    let way = Way { kind: HopKind::Recovery, to: &treasury, accountable: &accountable, from_balance: false };
    let hop = send(draft, &token, &allocation, body.amount.get(), &way);
    if let Some(case) = case {
        case::book(draft, case, HopId(hop), body.amount.get());
    }
    Ok(Some(hop))
}

struct Way<'a> {
    kind: HopKind,
    to: &'a Party,
    accountable: &'a Party,
    from_balance: bool,
}

fn funds(needed: i64, token: &Token) -> Result<(), Refusal> {
    if needed > token.amount { Err(Refusal::Unfunded { needed, available: token.amount }) } else { Ok(()) }
}

/// Sends a part of a token on a hop; the rest stays as it was, on its hop if it lay on one.
fn send(draft: &mut Draft<'_>, token: &Arc<Token>, allocation: &Allocation, amount: i64, way: &Way<'_>) -> Place {
    let speaker = draft.party.clone();
    let mut hop = draft.new_hop(&NewHop {
        kind: way.kind,
        from: Some(&speaker),
        to: way.to,
        allocation,
        token: Some(token.id),
        sent: amount,
        accountable: way.accountable,
        from_balance: way.from_balance,
    });
    let mut pool = Pool::of(token.clone());
    pool.take(|_| true, amount, &Shape::on_hop(TokenState::InTransit, &hop));
    let settled = pool.settle(draft, allocation.id, None);
    settled.update(draft, &mut hop);
    let id = hop.id;
    draft.set_hop(hop);
    let lay_on = token.hop.filter(|hop| Shape::like(token).stays_on(*hop));
    if let Some(mut old) = lay_on.and_then(|id| draft.books().hop(&id).map(|hop| hop.as_ref().clone())) {
        settled.update(draft, &mut old);
        draft.set_hop(old);
    }
    id.0
}
