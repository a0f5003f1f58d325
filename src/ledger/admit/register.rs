//! Parties, recipients, keys and programmes.

use std::sync::Arc;

use crate::ledger::fact::Fact;
use crate::ledger::ids::{AreaId, PartyKey, Place, ProgrammeId};
use crate::ledger::lines::RecipientLine;
use crate::ledger::operation::{ChainBegin, KeyRegister, KeyRevoke, PartyRegister, ProgrammeDefine, Stated};
use crate::ledger::refusal::Refusal;
use crate::ledger::registry::{OfficerKey, Party, PartyKind, Programme, Role};
use crate::ledger::state::Layer;

use super::draft::Draft;
use super::{Admitted, Context};

/// Begins a chain: entry 0, signed by the key that it names.
pub(super) fn chain_begin(
    books: &Layer<'_>,
    stated: &Stated,
    begin: &ChainBegin,
    context: Context,
) -> Result<Admitted, Refusal> {
    let (body, key) = (&begin.registrar, &begin.key);
    let first = context.entry == 0 && books.party(&PartyKey::MIN).is_none();
    if !first {
        return Err(Refusal::Form { what: "a chain begins with entry 0, once".to_owned() });
    }
    if body.kind != PartyKind::Registrar || !key.roles.contains(&Role::Registrar) || key.party != body.party {
        return Err(Refusal::Form { what: "a chain begins with a registrar and its key".to_owned() });
    }
    if stated.party != body.party || stated.signers != [key.key] {
        return Err(Refusal::Form { what: "the first registrar signs its own registration".to_owned() });
    }
    let party = Arc::new(Party {
        key: PartyKey::MIN,
        id: body.party,
        kind: body.kind,
        label: body.label.clone(),
        level: body.level.clone(),
        area: AreaId(0),
        reported: false,
    });
    let mut draft = Draft::new(books, stated, party, context);
    self::party(&mut draft, body)?;
    self::key(&mut draft, key)?;
    Ok(draft.finish(stated, Some(PartyKey::MIN.0)))
}

pub(super) fn party(draft: &mut Draft<'_>, body: &PartyRegister) -> Result<Option<Place>, Refusal> {
    if draft.books().party_key(&body.party).is_some() {
        return Err(Refusal::AlreadyRegistered { what: format!("party {}", body.party) });
    }
    let key = register(draft, body, false);
    Ok(Some(key.0))
}

/// Registers a party whose id is free.
pub(super) fn register(draft: &mut Draft<'_>, body: &PartyRegister, reported: bool) -> PartyKey {
    let area = draft.area(&body.area);
    let key = draft.next_party();
    draft.record(Fact::PartyRegistered(Arc::new(Party {
        key,
        id: body.party,
        kind: body.kind,
        label: body.label.clone(),
        level: body.level.clone(),
        area,
        reported,
    })));
    key
}

pub(super) fn recipients(draft: &mut Draft<'_>, lines: &[RecipientLine]) -> Result<Option<Place>, Refusal> {
    for (at, line) in lines.iter().enumerate() {
        if draft.books().party_key(&line.party).is_some() {
            return Err(Refusal::AlreadyRegistered { what: format!("line {at}: recipient {}", line.party) });
        }
        let body = PartyRegister {
            area: line.area.clone(),
            kind: PartyKind::Recipient,
            label: line.label.clone(),
            level: String::new(),
            party: line.party,
        };
        register(draft, &body, false);
    }
    Ok(Place::new(draft.context.entry, 0))
}

pub(super) fn key(draft: &mut Draft<'_>, body: &KeyRegister) -> Result<Option<Place>, Refusal> {
    let party = draft.party_by_id(&body.party)?;
    if party.reported {
        return Err(Refusal::PartyKindWrong { needed: "a party that signs for itself" });
    }
    if draft.books().key(&body.key).is_some() {
        return Err(Refusal::AlreadyRegistered { what: format!("key {}", hex::encode(body.key.0)) });
    }
    draft.record(Fact::KeySet(Arc::new(OfficerKey {
        key: body.key,
        officer: body.officer,
        party: party.key,
        roles: body.roles.clone(),
        custody: body.custody,
        registered_by: draft.context.entry,
        revoked_by: None,
    })));
    Ok(Some(party.key.0))
}

pub(super) fn revoke(draft: &mut Draft<'_>, body: &KeyRevoke) -> Result<Option<Place>, Refusal> {
    let key = draft.books().key(&body.key).cloned().ok_or(Refusal::UnknownKey { key: body.key })?;
    if let Some(entry) = key.revoked_by {
        return Err(Refusal::RevokedKey { key: body.key, entry });
    }
    let party = key.party;
    draft.record(Fact::KeySet(Arc::new(OfficerKey { revoked_by: Some(draft.context.entry), ..key.as_ref().clone() })));
    Ok(Some(party.0))
}

pub(super) fn programme(draft: &mut Draft<'_>, body: &ProgrammeDefine) -> Result<Option<Place>, Refusal> {
    let before = draft.programme_by_code(&body.code).ok();
    if let Some(before) = &before {
        if before.owner != draft.party.key {
            return Err(Refusal::AlreadyRegistered { what: format!("programme {:?}", body.code) });
        }
        super::draft::in_currency(body.currency, before.currency)?;
    }
    let id = match before {
        Some(before) => before.id,
        None => ProgrammeId(Place::new(draft.context.entry, 0).expect("entries stay below 2^43")),
    };
    let owner = draft.party.key;
    set_programme(draft, id, owner, body);
    Ok(Some(id.0))
}

pub(super) fn set_programme(draft: &mut Draft<'_>, id: ProgrammeId, owner: PartyKey, body: &ProgrammeDefine) {
    draft.record(Fact::ProgrammeSet(Arc::new(Programme {
        id,
        code: body.code.clone(),
        label: body.label.clone(),
        owner,
        currency: body.currency,
        utc_offset_minutes: body.utc_offset_minutes,
        allowed_days: body.allowed_days,
        deductions: body.deductions.clone(),
        version: draft.context.entry,
    })));
}
