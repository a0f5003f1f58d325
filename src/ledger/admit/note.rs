//! What is noted and moves no money: people, entitlements, evidence, rules of programmes.

use std::sync::Arc;

use uuid::Uuid;

use crate::ledger::ids::{HopId, PartyKey, Place, ProgrammeId};
use crate::ledger::lines::{EntitlementLine, EvidenceLine, ParticularLine};
use crate::ledger::note::{Evidence, EvidenceKind, Noted, Particular, Person};
use crate::ledger::operation::{EntitlementSet, EntryReference, EvidenceRecord, RulesSet};
use crate::ledger::refusal::Refusal;
use crate::ledger::registry::{PartyKind, Recorded};
use crate::ledger::time::Millis;

use super::draft::{Draft, in_currency};

pub(super) fn particulars(draft: &mut Draft<'_>, lines: &[ParticularLine]) -> Result<Option<Place>, Refusal> {
    let stated_on =
        draft.occurred_at.date(0).ok_or_else(|| Refusal::Form { what: "its day has no name".to_owned() })?;
    for (at, line) in lines.iter().enumerate() {
        let person = person(draft, line).map_err(|refusal| at_line(at, refusal))?;
        let since = line.since.unwrap_or(stated_on);
        draft.note(Noted::Of { person, particular: line.particular, since });
    }
    Ok(Place::new(draft.context.entry, 0))
}

/// A recipient; for an identity also an officer.
fn person(draft: &Draft<'_>, line: &ParticularLine) -> Result<Person, Refusal> {
    if let Some(party) = draft.books().party_by_id(&line.person) {
        return match party.kind {
            PartyKind::Recipient => Ok(Person::Recipient(party.key)),
            _ => Err(Refusal::PartyKindWrong { needed: "of a recipient or an officer a registrar" }),
        };
    }
    let is_officer = !draft.books().parties_of_officer(line.person).is_empty();
    match matches!(line.particular, Particular::Identity(_)) && is_officer {
        true => Ok(Person::Officer(line.person)),
        false => Err(Refusal::UnknownParty { party: line.person.to_string() }),
    }
}

pub(super) fn entitlements(
    draft: &mut Draft<'_>,
    body: &EntitlementSet,
    lines: &[EntitlementLine],
) -> Result<Option<Place>, Refusal> {
    let programme = draft.programme_by_code(&body.programme)?;
    if draft.party.kind == PartyKind::Treasury && programme.owner != draft.party.key {
        return Err(Refusal::NotYours { holder: Some(programme.owner) });
    }
    if draft.books().appropriation(&(programme.id, body.cycle.clone())).is_none() {
        return Err(Refusal::UnknownCycle { label: body.cycle.clone() });
    }
    in_currency(body.currency, programme.currency)?;
    for (at, line) in lines.iter().enumerate() {
        let recipient = recipient(draft, &line.recipient).map_err(|refusal| at_line(at, refusal))?;
        draft.note(Noted::Entitled {
            recipient,
            programme: programme.id,
            cycle: body.cycle.clone(),
            purpose: body.purpose.clone(),
            amount: line.amount.get(),
            due: Millis::end_of(line.due, programme.utc_offset_minutes),
        });
    }
    Ok(Some(programme.id.0))
}

fn recipient(draft: &Draft<'_>, id: &Uuid) -> Result<PartyKey, Refusal> {
    let party = draft.party_by_id(id)?;
    match party.kind {
        PartyKind::Recipient => Ok(party.key),
        _ => Err(Refusal::PartyKindWrong { needed: "of a recipient such a thing" }),
    }
}

pub(super) fn evidence(
    draft: &mut Draft<'_>,
    body: &EvidenceRecord,
    lines: &[EvidenceLine],
) -> Result<Option<Place>, Refusal> {
    let entries: Vec<Arc<Recorded>> =
        body.entries.iter().map(|entry| entry_of(draft, entry)).collect::<Result<_, _>>()?;
    for (at, line) in lines.iter().enumerate() {
        let evidence = one(draft, &entries, line).map_err(|refusal| at_line(at, refusal))?;
        draft.note(Noted::Evidence(evidence));
    }
    Ok(Place::new(draft.context.entry, 0))
}

fn entry_of(draft: &Draft<'_>, entry: &EntryReference) -> Result<Arc<Recorded>, Refusal> {
    draft.books().referred(&entry.output(0)).ok_or(Refusal::UnknownReference { what: "operation" })
}

fn one(draft: &Draft<'_>, entries: &[Arc<Recorded>], line: &EvidenceLine) -> Result<Evidence, Refusal> {
    let hop = line.hop.map(|(entry, output)| hop_of(draft, entries, entry, output)).transpose()?;
    let party = line.party.map(|id| draft.party_by_id(&id)).transpose()?;
    let programme = line.programme.as_deref().map(|code| draft.programme_by_code(code)).transpose()?;
    let is_provider = draft.party.kind == PartyKind::Provider;
    let own = |party: PartyKey| party == draft.party.key;
    match (line.kind, &party) {
        (EvidenceKind::Authenticated | EvidenceKind::RegistryMatch | EvidenceKind::FieldVisit, Some(of))
            if of.kind != PartyKind::Recipient =>
        {
            return Err(Refusal::PartyKindWrong { needed: "of a recipient such a thing" });
        }
        (EvidenceKind::Balance, Some(of)) if !is_provider && !own(of.key) => {
            return Err(Refusal::NotYours { holder: Some(of.key) });
        }
        (EvidenceKind::BankDebit | EvidenceKind::BankCredit, _) if !is_provider => {
            return Err(Refusal::PartyKindWrong { needed: "a payment provider" });
        }
        _ => {}
    }
    let at = line.at.unwrap_or(draft.occurred_at);
    if at > draft.context.now.plus(super::AHEAD_MS_MAX) {
        return Err(Refusal::OccurredAhead { occurred_at: at, now: draft.context.now });
    }
    Ok(Evidence {
        kind: line.kind,
        hop,
        party: party.map(|party| party.key),
        programme: programme.map(|programme| programme.id),
        amount: line.amount.map(|amount| amount.get()),
        at,
        digest: line.digest,
        agent: line.agent,
        reference: line.reference.clone(),
    })
}

fn hop_of(draft: &Draft<'_>, entries: &[Arc<Recorded>], entry: u16, output: u32) -> Result<HopId, Refusal> {
    let place = entries.get(usize::from(entry)).and_then(|recorded| Place::new(recorded.entry, output)).map(HopId);
    place.filter(|hop| draft.books().hop(hop).is_some()).ok_or(Refusal::UnknownReference { what: "hop" })
}

pub(super) fn rules(draft: &mut Draft<'_>, body: &RulesSet) -> Result<Option<Place>, Refusal> {
    let programme = draft.programme_by_code(&body.programme)?;
    if programme.owner != draft.party.key {
        return Err(Refusal::NotYours { holder: Some(programme.owner) });
    }
    body.rules.exclusive.iter().try_for_each(|code| draft.programme_by_code(code).map(drop))?;
    let id: ProgrammeId = programme.id;
    draft.note(Noted::Rules { programme: id, rules: body.rules.clone() });
    Ok(Some(id.0))
}

/// Names the line in what is refused, where the refusal holds a text.
fn at_line(at: usize, refusal: Refusal) -> Refusal {
    match refusal {
        Refusal::UnknownParty { party } => Refusal::UnknownParty { party: format!("{party} (line {at})") },
        Refusal::UnknownProgramme { code } => Refusal::UnknownProgramme { code: format!("{code} (line {at})") },
        other => other,
    }
}
