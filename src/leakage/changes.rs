//! From what an entry changed to what happened, in the order in which detectors see it.

use std::collections::BTreeMap;
use std::sync::Arc;

use uuid::Uuid;

use crate::ledger::admit::Change;
use crate::ledger::case::Case;
use crate::ledger::fact::Fact;
use crate::ledger::hop::Hop;
use crate::ledger::ids::{HopId, KeyId, PartyKey, TokenId};
use crate::ledger::note::Note;
use crate::ledger::operation::Kind;
use crate::ledger::registry::{Allocation, Programme, Recorded};
use crate::ledger::token::{MissingReason, Token, TokenState};

use super::event::{At, Event};

/// What an entry did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Happened {
    /// Where and when, and who signed.
    pub at: At,
    /// Programmes defined.
    pub programmes: Vec<Arc<Programme>>,
    /// Allocations opened.
    pub allocations: Vec<Arc<Allocation>>,
    /// Notes.
    pub notes: Vec<Arc<Note>>,
    /// Cases.
    pub cases: Vec<Arc<Case>>,
    /// Deductions that a sender kept beyond what is lawful.
    pub kept: Vec<Arc<Token>>,
    /// Hops opened, with the hop by which their money had come.
    pub opened: Vec<(Arc<Hop>, Option<HopId>)>,
    /// Hops changed, with what they were before.
    pub changed: Vec<(Arc<Hop>, Arc<Hop>)>,
}

/// Where and when an operation was recorded, and who signed it.
pub fn at(recorded: &Recorded, officer: impl Fn(&KeyId) -> Option<Uuid>) -> At {
    At {
        entry: Some(recorded.entry),
        now: recorded.recorded_at,
        occurred_at: recorded.occurred_at,
        kind: Some(recorded.kind),
        party: Some(recorded.party),
        officers: recorded.signers.iter().filter_map(officer).collect(),
    }
}

/// A deduction that a dispatch kept for its sender beyond what is lawful.
pub fn is_kept(kind: Kind, token: &Token) -> bool {
    let missing = token.state == TokenState::Missing && token.reason == Some(MissingReason::Deduction);
    kind == Kind::TokenDispatch && missing && token.holder.is_some()
}

impl Happened {
    /// What an entry did, from its change.
    pub fn of(change: &Change, officer: impl Fn(&KeyId) -> Option<Uuid>) -> Self {
        let recorded = change.recorded();
        let mut happened = Self { at: at(recorded, officer), ..Self::default() };
        let mut tokens: BTreeMap<TokenId, Option<HopId>> = BTreeMap::new();
        let mut hops: BTreeMap<HopId, (&Arc<Hop>, Option<&Arc<Hop>>)> = BTreeMap::new();
        let mut cases: BTreeMap<_, &Arc<Case>> = BTreeMap::new();
        for fact in &change.facts {
            match fact {
                Fact::ProgrammeSet(programme) => happened.programmes.push(programme.clone()),
                Fact::AllocationSet(allocation) if allocation.id.0.entry() == recorded.entry => {
                    happened.allocations.push(allocation.clone());
                }
                Fact::Noted(note) => happened.notes.push(note.clone()),
                Fact::CaseSet(case) => drop(cases.insert(case.id, case)),
                Fact::TokenMade(token) | Fact::TokenSpent(token) => {
                    tokens.insert(token.id, token.hop);
                    if matches!(fact, Fact::TokenMade(_)) && is_kept(recorded.kind, token) {
                        happened.kept.push(token.clone());
                    }
                }
                Fact::HopSet(hop, before) => drop(hops.insert(hop.id, (hop, before.as_ref()))),
                _ => {}
            }
        }
        happened.cases = cases.into_values().cloned().collect();
        for (hop, before) in hops.into_values() {
            match before {
                Some(before) => happened.changed.push((hop.clone(), before.clone())),
                None => {
                    let came_by = hop.token.and_then(|token| tokens.get(&token).copied().flatten());
                    happened.opened.push((hop.clone(), came_by));
                }
            }
        }
        happened
    }

    /// How many things it did.
    pub fn len(&self) -> usize {
        self.programmes.len()
            + self.allocations.len()
            + self.notes.len()
            + self.cases.len()
            + self.kept.len()
            + self.opened.len()
            + self.changed.len()
    }

    /// Whether it did nothing that anybody looks at.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The hops that its notes and cases name, which [`Happened::events`] asks for.
    pub fn hops_named(&self) -> impl Iterator<Item = HopId> + '_ {
        let of_cases = self.cases.iter().filter_map(|case| case.hops.first().copied());
        self.notes.iter().filter_map(|note| note.hop()).chain(of_cases)
    }

    /// Its events, in order; a note or case comes with its hop, which `hop` finds as it stands after
    /// the block.
    pub fn events<'a>(&'a self, hop: impl Fn(HopId) -> Option<&'a Hop>) -> Vec<Event<'a>> {
        let mut events: Vec<Event<'a>> = Vec::new();
        events.extend(self.programmes.iter().map(|programme| Event::Programme(programme)));
        events.extend(self.allocations.iter().map(|allocation| Event::Allocation(allocation)));
        events.extend(self.notes.iter().map(|note| Event::Noted(note, note.hop().and_then(&hop))));
        let of_case = |case: &Case| case.hops.first().and_then(|id| hop(*id));
        events.extend(self.cases.iter().map(|case| Event::Case(case, of_case(case))));
        events.extend(self.kept.iter().map(|token| Event::Kept(token)));
        events.extend(self.opened.iter().map(|(hop, came_by)| Event::Opened(hop, *came_by)));
        events.extend(self.changed.iter().map(|(hop, before)| Event::Changed(hop, before)));
        events
    }

    /// The parties that its events name.
    pub fn parties(&self) -> impl Iterator<Item = PartyKey> + '_ {
        let of_hop = |hop: &Hop| [Some(hop.to), hop.from, hop.via, Some(hop.accountable)].into_iter().flatten();
        let of_note = |note: &Note| std::iter::once(note.by).chain(note.party());
        self.opened
            .iter()
            .flat_map(move |(hop, _)| of_hop(hop))
            .chain(self.changed.iter().flat_map(move |(hop, _)| of_hop(hop)))
            .chain(self.notes.iter().flat_map(move |note| of_note(note)))
            .chain(self.at.party)
    }
}
