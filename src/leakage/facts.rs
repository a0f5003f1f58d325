//! What is known when a detector looks: the files in memory, the parties, the cycles.
//!
//! Before an event is examined, whoever drives the examination asks [`Facts::lacking`] and brings
//! what is named, until nothing more is; to a detector a file that was not brought is one that does
//! not exist.

use std::collections::BTreeMap;
use std::sync::Arc;

use uuid::Uuid;

use crate::ledger::case::Case;
use crate::ledger::hop::Hop;
use crate::ledger::ids::{HopId, NoteId, PartyKey, ProgrammeId};
use crate::ledger::note::{EvidenceKind, Noted, Particular, Person, PersonDigest};
use crate::ledger::parameter::Parameter;
use crate::ledger::registry::{Party, PartyKind};
use crate::ledger::time::Millis;
use crate::ledger::token::HopKind;

use super::event::{At, Due, Event};
use super::files::{
    AllocationFile, Cycles, DueFile, FileKey, Files, Holding, HopFile, Payment, ProgrammeFile, RecipientFile,
    household_key,
};

/// What is known.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The files.
    pub files: Files,
    /// Parties that events and files name.
    pub parties: BTreeMap<PartyKey, Arc<Party>>,
    /// The cycles of programmes.
    pub cycles: Cycles,
    /// Balances by the ledger at the moment that a note of a balance is about.
    pub balances: BTreeMap<NoteId, i64>,
    /// What an entry sent by the hops that were opened so far: the last entry, and the sum.
    pub sent_by_entry: (Option<u64>, i64),
}

impl Facts {
    /// A party; every party that an event names is there.
    pub fn party(&self, key: PartyKey) -> Option<&Party> {
        self.parties.get(&key).map(Arc::as_ref)
    }

    /// The kind of a party.
    pub fn kind(&self, key: PartyKey) -> Option<PartyKind> {
        self.party(key).map(|party| party.kind)
    }

    /// The file of a recipient.
    pub fn recipient(&self, key: PartyKey) -> Option<&RecipientFile> {
        self.files.recipients.get(&key)
    }

    /// The file of a hop.
    pub fn hop(&self, id: HopId) -> Option<&HopFile> {
        self.files.hops.get(&id)
    }

    /// The file of a programme.
    pub fn programme(&self, id: ProgrammeId) -> Option<&ProgrammeFile> {
        self.files.programmes.get(&id)
    }

    /// The value of a parameter in a programme.
    pub fn value(&self, programme: ProgrammeId, parameter: Parameter) -> i64 {
        self.programme(programme).map_or(parameter.default(), |file| file.value(parameter))
    }

    /// The allocation of a hop.
    pub fn allocation(&self, hop: &Hop) -> Option<&AllocationFile> {
        self.files.allocations.get(&hop.allocation)
    }

    /// The allocation and the programme of a hop.
    pub fn money(&self, hop: &Hop) -> Option<(&AllocationFile, &ProgrammeFile)> {
        let allocation = self.allocation(hop)?;
        Some((allocation, self.programme(allocation.programme)?))
    }

    /// Of a delivery to a recipient: what it is of, with all payments of the same, and itself.
    pub fn payment(&self, hop: &Hop) -> Option<(&RecipientFile, &DueFile, &Payment)> {
        let file = self.recipient(hop.to).filter(|_| self.is_to_recipient(hop))?;
        file.payment(hop.id).map(|(due, payment)| (file, due, payment))
    }

    /// Whether a hop goes to a recipient.
    pub fn is_to_recipient(&self, hop: &Hop) -> bool {
        hop.kind == HopKind::Delivery && self.kind(hop.to) == Some(PartyKind::Recipient)
    }

    /// The recipient whom a hop goes to, if it is one.
    pub fn person(&self, hop: &Hop) -> Option<PartyKey> {
        self.is_to_recipient(hop).then_some(hop.to)
    }

    /// The recipients who share something, in the order in which they came to it.
    pub fn holders(&self, of: Holding, digest: PersonDigest) -> &[PartyKey] {
        self.files.holders.get(&(of, digest)).map_or(&[], |file| &file.members)
    }

    /// The notes that say who shares something, beside [`Facts::holders`].
    pub fn holder_notes(&self, of: Holding, digest: PersonDigest) -> &[NoteId] {
        self.files.holders.get(&(of, digest)).map_or(&[], |file| &file.notes)
    }

    /// The members of a household, in the order in which they came to it.
    pub fn household(&self, id: Uuid) -> &[PartyKey] {
        self.holders(Holding::Household, household_key(id))
    }

    /// The files that are to be brought before an event is examined, as far as it can be told by
    /// what is there already.
    pub fn lacking(&self, event: &Event<'_>, at: &At) -> Vec<FileKey> {
        let mut wanted = Vec::new();
        match event {
            Event::Programme(programme) => wanted.push(FileKey::Programme(programme.id)),
            Event::Allocation(allocation) => {
                wanted.extend([FileKey::Allocation(allocation.id), FileKey::Programme(allocation.programme)]);
            }
            Event::Noted(note, hop) => {
                self.of_note(&note.fact, &mut wanted);
                hop.iter().for_each(|hop| self.of_hop(hop, &mut wanted));
            }
            Event::Case(case, hop) => {
                self.of_case(case, &mut wanted);
                wanted.extend(case.recoveries.iter().map(|hop| FileKey::Hop(*hop)));
                if let Some(hop) = hop {
                    wanted.push(FileKey::Allocation(hop.allocation));
                    wanted.extend(self.allocation(hop).map(|allocation| FileKey::Programme(allocation.programme)));
                }
            }
            Event::Kept(token) => {
                wanted.push(FileKey::Allocation(token.allocation));
                if let Some(allocation) = self.files.allocations.get(&token.allocation) {
                    wanted.push(FileKey::Programme(allocation.programme));
                }
            }
            Event::Opened(hop, came_by) => {
                wanted.extend(came_by.map(FileKey::Hop));
                self.of_hop(hop, &mut wanted);
            }
            Event::Changed(hop, _) | Event::Due(_, Due::Hop(hop)) => self.of_hop(hop, &mut wanted),
            Event::Due(_, Due::Note(note)) => self.of_note(&note.fact, &mut wanted),
            Event::Due(_, Due::Case(case)) => self.of_case(case, &mut wanted),
            Event::Day(_) => {}
        }
        wanted.extend(at.officers.iter().map(|officer| FileKey::Officer(*officer)));
        for officer in at.officers.iter().filter_map(|officer| self.files.officers.get(officer)) {
            if let Some(identity) = officer.identity {
                wanted.push(FileKey::Holders((Holding::Identity, identity)));
                let own = self.holders(Holding::Identity, identity);
                wanted.extend(own.iter().map(|member| FileKey::Recipient(*member)));
            }
        }
        wanted.retain(|key| !self.files.knows(key));
        wanted.sort_unstable();
        wanted.dedup();
        wanted
    }

    fn of_case(&self, case: &Case, wanted: &mut Vec<FileKey>) {
        wanted.push(FileKey::Case(case.id));
        let programme = self.files.cases.get(&case.id).and_then(|file| file.programme);
        wanted.extend(programme.map(FileKey::Programme));
    }

    fn of_hop(&self, hop: &Hop, wanted: &mut Vec<FileKey>) {
        wanted.extend([FileKey::Hop(hop.id), FileKey::Allocation(hop.allocation)]);
        if self.is_to_recipient(hop) {
            self.of_recipient(hop.to, wanted);
        }
        // What a recipient sends back belongs to one of the own payments.
        if let Some(from) = hop.from.filter(|from| self.kind(*from) == Some(PartyKind::Recipient)) {
            self.of_recipient(from, wanted);
        }
        if let Some(case) = self.hop(hop.id).and_then(|file| file.case) {
            wanted.push(FileKey::Case(case));
        }
        let Some(allocation) = self.allocation(hop) else { return };
        wanted.push(FileKey::Programme(allocation.programme));
        let Some(from) = hop.from else { return };
        wanted.push(FileKey::Tally((allocation.programme, from)));
        if self.value(allocation.programme, Parameter::ApprovalThreshold) > 0 {
            wanted.push(FileKey::Pair((allocation.programme, from, hop.to)));
        }
    }

    /// A recipient with everybody who shares an identity, an account or a household.
    fn of_recipient(&self, key: PartyKey, wanted: &mut Vec<FileKey>) {
        wanted.push(FileKey::Recipient(key));
        let Some(file) = self.recipient(key) else { return };
        let account = file.accounts.last().map(|since| (Holding::Account, since.account));
        let identity = file.identity.map(|digest| (Holding::Identity, digest));
        let household = file.household.map(|id| (Holding::Household, household_key(id)));
        for of in account.into_iter().chain(identity).chain(household) {
            wanted.push(FileKey::Holders(of));
            self.of_members(of, wanted);
        }
        wanted.extend(file.dues.iter().map(|due| FileKey::Programme(due.programme)));
    }

    /// Those who share something, with the programmes that they are paid from.
    fn of_members(&self, of: (Holding, PersonDigest), wanted: &mut Vec<FileKey>) {
        for member in self.holders(of.0, of.1) {
            wanted.push(FileKey::Recipient(*member));
            let dues = self.recipient(*member).map_or(&[][..], |file| &file.dues);
            wanted.extend(dues.iter().map(|due| FileKey::Programme(due.programme)));
        }
    }

    fn of_note(&self, fact: &Noted, wanted: &mut Vec<FileKey>) {
        match fact {
            Noted::Of { person: Person::Officer(officer), .. } => wanted.push(FileKey::Officer(*officer)),
            Noted::Of { person: Person::Recipient(recipient), particular, .. } => {
                self.of_recipient(*recipient, wanted);
                let of = match particular {
                    Particular::Identity(digest) => (Holding::Identity, *digest),
                    Particular::Account(digest) => (Holding::Account, *digest),
                    Particular::Household(id) => (Holding::Household, household_key(*id)),
                    _ => return,
                };
                wanted.push(FileKey::Holders(of));
                self.of_members(of, wanted);
            }
            Noted::Entitled { recipient, programme, .. } => {
                wanted.extend([FileKey::Recipient(*recipient), FileKey::Programme(*programme)]);
            }
            Noted::Evidence(evidence) => {
                wanted.extend(evidence.agent.map(FileKey::Agent));
                let collector = evidence.digest.filter(|_| evidence.kind == EvidenceKind::Collected);
                wanted.extend(collector.map(FileKey::Collector));
                wanted.extend(evidence.programme.map(FileKey::Programme));
                let person = evidence.party.filter(|party| self.kind(*party) == Some(PartyKind::Recipient));
                wanted.extend(person.map(FileKey::Recipient));
            }
            Noted::Bank { .. } => {}
            Noted::Declared { allocation, .. } => wanted.push(FileKey::Allocation(*allocation)),
            Noted::Rules { programme, .. } => wanted.push(FileKey::Programme(*programme)),
        }
    }

    /// The area agents' file that a collection counts in comes with its hop, once that is known.
    pub fn lacking_of_collection(&self, event: &Event<'_>) -> Option<FileKey> {
        let Event::Noted(note, Some(hop)) = event else { return None };
        let Noted::Evidence(evidence) = &note.fact else { return None };
        let allocation = self.allocation(hop).filter(|_| evidence.agent.is_some())?;
        let key = FileKey::AreaAgents((allocation.programme, hop.area));
        (!self.files.knows(&key)).then_some(key)
    }

    /// The first day of a moment's day in a programme's own time, plus so many days, as the last
    /// millisecond of that day.
    pub fn end_of_day(&self, programme: ProgrammeId, at: Millis, days: i64) -> Millis {
        let offset = self.programme(programme).map_or(0, |file| file.utc_offset_minutes);
        at.end_of_day(u16::try_from(days).unwrap_or(u16::MAX), offset)
    }
}
