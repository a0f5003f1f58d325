//! Sending a token, whole or in part, to one or many.

use std::sync::Arc;

use crate::ledger::hop::Hop;
use crate::ledger::ids::{HopId, Place};
use crate::ledger::lines::OutputLine;
use crate::ledger::operation::{Deduction, TokenDispatch};
use crate::ledger::refusal::Refusal;
use crate::ledger::registry::{Allocation, Party, PartyKind, Programme};
use crate::ledger::token::{HopKind, MissingReason, Token, TokenState};

use super::allocate::spendable;
use super::draft::{Draft, NewHop, Shape};
use super::pool::Pool;

pub(super) fn dispatch(
    draft: &mut Draft<'_>,
    body: &TokenDispatch,
    lines: &[OutputLine],
) -> Result<Option<Place>, Refusal> {
    let receivers = receivers(draft, lines)?;
    let (token, allocation) = draft.token_for(&body.token, body.currency)?;
    draft.own_token(&token)?;
    if receivers.iter().any(|(to, _)| to.key == draft.party.key) {
        return Err(Refusal::ToItself);
    }
    spendable(&token)?;
    funds(&token, body, lines)?;

    let programme = draft.programme_of(&allocation);
    let mut pool = Pool::of(token.clone());
    let mut hops = Vec::with_capacity(lines.len());
    for (line, (to, via)) in lines.iter().zip(&receivers) {
        hops.push(output(draft, &mut pool, &programme, &allocation, &token, line, (to, via.as_deref())));
    }
    keep(draft, &mut pool, &programme, &token, &body.keep);
    let settled = pool.settle(draft, allocation.id, None);
    place_tokens(draft, &mut hops, &settled.made);
    for hop in hops {
        draft.set_hop(hop);
    }
    Ok(Some(token.id.0))
}

/// A receiver, with the payment provider that the line names.
type Receiver = (Arc<Party>, Option<Arc<Party>>);

fn receivers(draft: &Draft<'_>, lines: &[OutputLine]) -> Result<Vec<Receiver>, Refusal> {
    lines
        .iter()
        .map(|line| {
            let to = draft.party_by_id(&line.to)?;
            let via = line.via.map(|via| draft.party_by_id(&via)).transpose()?;
            if via.as_ref().is_some_and(|via| via.kind != PartyKind::Provider) {
                return Err(Refusal::PartyKindWrong { needed: "a payment provider" });
            }
            Ok((to, via))
        })
        .collect()
}

/// The outputs and what is kept must not pass the token.
fn funds(token: &Token, body: &TokenDispatch, lines: &[OutputLine]) -> Result<(), Refusal> {
    let sent: i128 = lines.iter().map(|line| i128::from(line.amount.get())).sum();
    let kept: i128 = body.keep.iter().map(|deduction| i128::from(deduction.amount.get())).sum();
    if sent + kept > i128::from(token.amount) {
        let needed = i64::try_from(sent + kept).unwrap_or(i64::MAX);
        return Err(Refusal::Unfunded { needed, available: token.amount });
    }
    Ok(())
}

/// Takes one output from the pool: `s - f` in transit, then its deductions.
fn output(
    draft: &mut Draft<'_>,
    pool: &mut Pool,
    programme: &Programme,
    allocation: &Allocation,
    token: &Token,
    line: &OutputLine,
    (to, via): (&Party, Option<&Party>),
) -> Hop {
    let sender = draft.party.clone();
    let mut hop = draft.new_hop(&NewHop {
        kind: draft.kind_to(to),
        from: Some(&sender),
        to,
        allocation,
        token: Some(token.id),
        sent: line.amount.get(),
        accountable: &sender,
        from_balance: true,
    });
    hop.via = via.map(|via| via.key);
    hop.payment.clone_from(&line.payment);
    hop.purpose.clone_from(&line.purpose);
    hop.for_cycle.clone_from(&line.for_cycle);
    let deducted: i64 = line.deductions.iter().map(|d| d.amount.get()).sum();
    pool.take(|_| true, hop.sent - deducted, &Shape::on_hop(TokenState::InTransit, &hop));
    deduct(pool, programme, &mut hop, &line.deductions, |_| true);
    hop
}

/// Takes deductions on a hop from the pool: up to the cap `DEDUCTED`, beyond it or off the
/// schedule `MISSING`. The cap is of all that was declared under the code on this hop.
pub(super) fn deduct(
    pool: &mut Pool,
    programme: &Programme,
    hop: &mut Hop,
    deductions: &[Deduction],
    wanted: impl Fn(&Token) -> bool + Copy,
) {
    for Deduction { amount, code } in deductions {
        let cap = programme.cap(code, hop.sent);
        let at = match hop.figures.deductions.iter().position(|(known, _)| known == code) {
            Some(at) => at,
            None => {
                hop.figures.deductions.push((code.clone(), 0));
                hop.figures.deductions.len() - 1
            }
        };
        let before = hop.figures.deductions[at].1;
        let lawful = (before + amount.get()).min(cap) - before.min(cap);
        pool.take(wanted, lawful, &Shape::on_hop(TokenState::Deducted, hop));
        pool.take(wanted, amount.get() - lawful, &Shape::missing(MissingReason::Deduction, hop));
        hop.figures.deductions[at].1 += amount.get();
        hop.figures.deducted += amount.get();
    }
}

/// Takes what the sender keeps: per code and dispatch, the share cap of the token consumed.
fn keep(draft: &Draft<'_>, pool: &mut Pool, programme: &Programme, token: &Token, kept: &[Deduction]) {
    let came_by: Option<(HopId, HopKind)> = token.hop.zip(token.hop_kind);
    for Deduction { amount, code } in kept {
        let lawful = amount.get().min(programme.cap(code, token.amount));
        let shape = Shape::with_party(TokenState::Deducted, &draft.party, came_by);
        pool.take(|_| true, lawful, &shape);
        let beyond = Shape { state: TokenState::Missing, reason: Some(MissingReason::Deduction), ..shape };
        pool.take(|_| true, amount.get() - lawful, &beyond);
    }
}

/// Puts the tokens that lie on new hops into those hops' lists, in one pass.
fn place_tokens(draft: &Draft<'_>, hops: &mut [Hop], made: &[crate::ledger::ids::TokenId]) {
    let books = draft.books();
    let first = match hops.first() {
        Some(hop) => hop.id.0.position() as usize,
        None => return,
    };
    for id in made {
        let token = books.token(id).expect("made above");
        let Some(hop) = token.hop.filter(|hop| hop.0.entry() == draft.context.entry) else { continue };
        hops[hop.0.position() as usize - first].live.push(*id);
    }
}
