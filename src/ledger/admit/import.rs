//! The tracking import: rows of a table become reported money, signed by neither side.
//!
//! `ledger-semantics.md`, section "Tracking import".

use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::ledger::fact::Fact;
use crate::ledger::ids::{AllocationId, Place, ProgrammeId};
use crate::ledger::lines::RowLine;
use crate::ledger::money::TOTAL_MINOR_MAX;
use crate::ledger::operation::{AllowedDays, PartyRegister, ProgrammeDefine, TrackingImport};
use crate::ledger::refusal::Refusal;
use crate::ledger::registry::{Allocation, Appropriation, Party, PartyKind, Programme};
use crate::ledger::time::{Cycle, Millis};
use crate::ledger::token::{Claim, HopKind, MissingReason, Origin, Token, TokenState};

use super::AHEAD_MS_MAX;
use super::draft::{Draft, NewHop, Shape, in_currency};
use super::register;

/// Days that a hop may take under a programme that an import defines. Its hops are all
/// answered, so this only matters for money paid back later.
const IMPORTED_DAYS: u16 = 30;

pub(super) fn import(
    draft: &mut Draft<'_>,
    body: &TrackingImport,
    lines: &[RowLine],
) -> Result<Option<Place>, Refusal> {
    let stated_at = draft.occurred_at;
    let programme = programme(draft, body, &lines[0])?;
    in_currency(body.currency, programme.currency)?;
    for line in lines {
        if let Some(entry) = draft.books().row(&line.key).copied().flatten() {
            return Err(Refusal::RowRepeated { number: line.number, entry });
        }
        draft.record(Fact::RowSet(line.key, Some(draft.context.entry)));
        draft.occurred_at = line.date.map_or(stated_at, Millis::noon);
        let occurred_at = draft.occurred_at;
        if occurred_at > draft.context.now.plus(AHEAD_MS_MAX) {
            return Err(Refusal::OccurredAhead { occurred_at, now: draft.context.now });
        }
        row(draft, body, &programme, line)?;
    }
    draft.occurred_at = stated_at;
    Ok(Some(programme.id.0))
}

/// The row key that a hop's payment reference prints.
pub(in crate::ledger) fn row_key(payment: &str) -> Option<[u8; 16]> {
    let mut key = [0; 16];
    hex::decode_to_slice(payment, &mut key).ok()?;
    Some(key)
}

/// The programme of the import; one that signs for itself is never mixed with reported money.
fn programme(draft: &mut Draft<'_>, body: &TrackingImport, first: &RowLine) -> Result<Arc<Programme>, Refusal> {
    if let Ok(programme) = draft.programme_by_code(&body.programme) {
        return match draft.party_of(programme.owner).reported {
            true => Ok(programme),
            false => Err(Refusal::AlreadyRegistered {
                what: format!("programme {:?}, kept by a treasury that signs for itself,", body.programme),
            }),
        };
    }
    let owner = party(draft, &first.route[..1], &body.route[0], PartyKind::Treasury, &first.route[0]).key;
    let id = ProgrammeId(Place::new(draft.context.entry, 0).expect("entries stay below 2^43"));
    let rules = ProgrammeDefine {
        allowed_days: AllowedDays {
            delivery: IMPORTED_DAYS,
            recovery: IMPORTED_DAYS,
            giving_back: IMPORTED_DAYS,
            transfer: IMPORTED_DAYS,
        },
        code: body.programme.clone(),
        currency: body.currency,
        deductions: Vec::new(),
        label: body.programme.clone(),
        utc_offset_minutes: 0,
    };
    register::set_programme(draft, id, owner, &rules);
    Ok(draft.programme(id))
}

/// A party of the route: known by its whole path, which is its area.
fn party(draft: &mut Draft<'_>, path: &[String], level: &str, kind: PartyKind, label: &str) -> Arc<Party> {
    let area = path.join("/");
    let id = path_id(draft.party.id, &area, kind);
    if let Ok(known) = draft.party_by_id(&id) {
        return known;
    }
    let body = PartyRegister { area, kind, label: label.to_owned(), level: level.to_owned(), party: id };
    let key = register::register(draft, &body, true);
    draft.party_of(key)
}

/// An id derived from content (UUIDv8): the importing party, the path, and whether it is the
/// payees at the end of it.
fn path_id(importer: Uuid, path: &str, kind: PartyKind) -> Uuid {
    let mut hash = Sha256::new();
    hash.update(b"aqueduct/route/v1\0");
    hash.update(importer.as_bytes());
    hash.update([u8::from(kind.is_payee())]);
    hash.update(path.as_bytes());
    let digest = hash.finalize();
    Uuid::new_v8(digest[..16].try_into().expect("a digest has 32 bytes"))
}

fn row(draft: &mut Draft<'_>, body: &TrackingImport, programme: &Programme, line: &RowLine) -> Result<(), Refusal> {
    let last = line.route.len() - 1;
    let mut route = Vec::with_capacity(line.route.len());
    for (depth, name) in line.route.iter().enumerate() {
        let kind = if depth == 0 { PartyKind::Treasury } else { PartyKind::Intermediary };
        route.push(party(draft, &line.route[..=depth], &body.route[depth], kind, name));
    }
    let payees = party(draft, &line.route, "payees", PartyKind::EndPayee, &body.payees);
    let official = line.official.get();
    let cycle = &body.cycles[usize::from(line.cycle)];
    appropriate(draft, programme, cycle, official)?;
    let purpose = &body.purposes[usize::from(line.purpose)];
    let allocation = open(draft, programme, &route[0], &cycle.label, purpose, official)?;
    let mut token = match official {
        0 => None,
        _ => {
            let shape = Shape::with_party(TokenState::Held, &route[0], None);
            let id = draft.make(official, allocation.id, Origin::Allocation, None, &shape);
            Some(draft.books().token(&id).expect("made above").clone())
        }
    };
    for pair in route.windows(2) {
        if let Some(held) = token {
            token = Some(pass_on(draft, &allocation, &held, line, (&pair[0], &pair[1])));
        }
    }
    deliver(draft, &allocation, token.as_deref(), line, (&route[last], &payees))
}

/// An import appropriates what it allocates.
fn appropriate(draft: &mut Draft<'_>, programme: &Programme, cycle: &Cycle, amount: i64) -> Result<(), Refusal> {
    let before = draft.books().appropriation(&(programme.id, cycle.label.clone())).cloned();
    let (appropriated, allocated) = before.as_ref().map_or((0, 0), |b| (b.appropriated, b.allocated));
    if before.is_some_and(|before| before.cycle != *cycle) {
        return Err(Refusal::AlreadyRegistered { what: format!("cycle {:?} with other days", cycle.label) });
    }
    let appropriated = appropriated.checked_add(amount).filter(|sum| *sum <= TOTAL_MINOR_MAX);
    draft.record(Fact::AppropriationSet(Arc::new(Appropriation {
        programme: programme.id,
        cycle: cycle.clone(),
        appropriated: appropriated.ok_or(Refusal::TotalTooLarge)?,
        allocated: allocated + amount,
    })));
    draft.add_total(programme.currency, amount)
}

fn open(
    draft: &mut Draft<'_>,
    programme: &Programme,
    treasury: &Party,
    cycle: &str,
    purpose: &str,
    amount: i64,
) -> Result<Arc<Allocation>, Refusal> {
    let id: AllocationId = draft.next_allocation();
    draft.record(Fact::AllocationSet(Arc::new(Allocation {
        id,
        programme: programme.id,
        cycle: cycle.to_owned(),
        purpose: purpose.to_owned(),
        currency: programme.currency,
        treasury: treasury.key,
        amount,
        unsent: amount == 0,
        reversed_by: None,
    })));
    draft.allocation(id)
}

/// A hop of the route, `s = r`: the token is with the next party.
fn pass_on(
    draft: &mut Draft<'_>,
    allocation: &Allocation,
    held: &Token,
    line: &RowLine,
    (from, to): (&Party, &Party),
) -> Arc<Token> {
    let mut hop = draft.new_hop(&NewHop {
        kind: HopKind::Transfer,
        from: Some(from),
        to,
        allocation,
        token: Some(held.id),
        sent: held.amount,
        accountable: from,
        from_balance: true,
    });
    hop.figures.arrived = Some(held.amount);
    hop.figures.answered_at = Some(draft.occurred_at);
    hop.payment = Some(hex::encode(line.key));
    draft.spend(held);
    let shape = Shape::with_party(TokenState::Held, to, Some((hop.id, hop.kind)));
    let id = draft.make(held.amount, allocation.id, held.origin, Some(held.id), &shape);
    draft.set_hop(hop);
    draft.books().token(&id).expect("made above").clone()
}

/// The last hop: `s = O`, `r = V`. Without an official amount nobody sent anything, though the
/// table names who was to have paid.
fn deliver(
    draft: &mut Draft<'_>,
    allocation: &Allocation,
    held: Option<&Token>,
    line: &RowLine,
    (from, payees): (&Party, &Party),
) -> Result<(), Refusal> {
    let (official, verified) = (line.official.get(), line.verified.get());
    let mut hop = draft.new_hop(&NewHop {
        kind: HopKind::Delivery,
        from: Some(from),
        to: payees,
        allocation,
        token: held.map(|held| held.id),
        sent: official,
        accountable: from,
        from_balance: held.is_some(),
    });
    hop.figures.arrived = Some(verified);
    hop.figures.answered_at = Some(draft.occurred_at);
    hop.payment = Some(hex::encode(line.key));
    hop.official_quantity = line.official_quantity.map(|q| q.get());
    hop.verified_quantity = line.verified_quantity.map(|q| q.get());
    let confirmed = Shape::confirmed(&hop);
    let mut leave = |draft: &mut Draft<'_>, amount: i64, origin: Origin, shape: &Shape| {
        if amount > 0 {
            let id = draft.make(amount, allocation.id, origin, held.map(|held| held.id), shape);
            hop.live.push(id);
        }
    };
    if let Some(held) = held {
        draft.spend(held);
        leave(draft, official.min(verified), held.origin, &confirmed);
    }
    let surplus = (verified - official).max(0);
    leave(draft, surplus, Origin::Surplus, &confirmed.clone().claimed(Claim::Arrival));
    let missing =
        Shape { reason: Some(MissingReason::Shortfall), state: TokenState::Missing, holder: None, ..confirmed };
    leave(draft, (official - verified).max(0), Origin::Allocation, &missing);
    draft.add_total(allocation.currency, surplus)?;
    draft.set_hop(hop);
    Ok(())
}
