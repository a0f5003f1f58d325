//! What an operation made, for its answer: from the change itself, or, when it was recorded
//! before, from the views as they stood right after it. Either way the same answer.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use uuid::Uuid;

use crate::ledger::admit::Change;
use crate::ledger::case::Case;
use crate::ledger::fact::Fact;
use crate::ledger::hop::Hop;
use crate::ledger::ids::{AllocationId, HopId, PartyKey};
use crate::ledger::note::Note;
use crate::ledger::operation::Kind;
use crate::ledger::registry::{Allocation, Appropriation, OfficerKey, Party, Programme, Recorded};
use crate::ledger::token::{Token, TokenState};

use super::node::Node;
use super::officers::Viewer;
use super::reads::ReadError;

/// What one entry made or changed, each thing as it stood after that entry.
#[derive(Clone, Debug)]
pub struct Made {
    /// The operation's record.
    pub recorded: Arc<Recorded>,
    /// Parties registered, in order.
    pub parties: Vec<Arc<Party>>,
    /// Keys registered or revoked.
    pub keys: Vec<Arc<OfficerKey>>,
    /// Programmes defined. Of a replay: with the rules now in force.
    pub programmes: Vec<Arc<Programme>>,
    /// Appropriations changed. Of a replay: those of its programme, as they stand now.
    pub appropriations: Vec<Arc<Appropriation>>,
    /// Allocations opened or reversed.
    pub allocations: Vec<Arc<Allocation>>,
    /// Tokens made, in order.
    pub tokens: Vec<Arc<Token>>,
    /// Hops opened or changed, in order of their places.
    pub hops: Vec<Arc<Hop>>,
    /// Notes, in order.
    pub notes: Vec<Arc<Note>>,
    /// Cases opened or changed.
    pub cases: Vec<Arc<Case>>,
}

impl Made {
    fn nothing(recorded: Arc<Recorded>) -> Self {
        Self {
            recorded,
            parties: Vec::new(),
            keys: Vec::new(),
            programmes: Vec::new(),
            appropriations: Vec::new(),
            allocations: Vec::new(),
            tokens: Vec::new(),
            hops: Vec::new(),
            notes: Vec::new(),
            cases: Vec::new(),
        }
    }

    /// What a change made.
    pub fn of_change(change: &Change) -> Self {
        let mut made = Self::nothing(change.recorded().clone());
        let mut hops = BTreeMap::new();
        let mut allocations = BTreeMap::new();
        for fact in &change.facts {
            match fact {
                Fact::PartyRegistered(party) => made.parties.push(party.clone()),
                Fact::KeySet(key) => made.keys.push(key.clone()),
                Fact::ProgrammeSet(programme) => made.programmes.push(programme.clone()),
                Fact::AppropriationSet(appropriation) => made.appropriations.push(appropriation.clone()),
                Fact::AllocationSet(allocation) => drop(allocations.insert(allocation.id, allocation.clone())),
                Fact::TokenMade(token) => made.tokens.push(token.clone()),
                Fact::HopSet(hop, _) => drop(hops.insert(hop.id, hop.clone())),
                Fact::Noted(note) => made.notes.push(note.clone()),
                Fact::CaseSet(case) => made.cases.push(case.clone()),
                Fact::AreaNamed(..)
                | Fact::TokenSpent(_)
                | Fact::RowSet(..)
                | Fact::TotalSet(..)
                | Fact::Recorded(_) => {}
            }
        }
        made.hops = hops.into_values().collect();
        made.allocations = allocations.into_values().collect();
        made
    }

    /// The hop that the operation is about: a hop of an earlier entry that it changed, else the
    /// first that it opened.
    pub fn hop(&self) -> Option<&Arc<Hop>> {
        let subject = self.recorded.subject.map(HopId);
        self.hops.iter().find(|hop| Some(hop.id) == subject).or_else(|| self.opened_hops().next())
    }

    /// The hops that the operation opened, in order.
    pub fn opened_hops(&self) -> impl Iterator<Item = &Arc<Hop>> {
        self.hops.iter().filter(|hop| hop.id.0.entry() == self.recorded.entry)
    }

    /// What the party still holds of the token that it spent.
    pub fn rest(&self, holder: PartyKey) -> Option<&Arc<Token>> {
        let in_hand = |token: &Token| matches!(token.state, TokenState::Held | TokenState::Returned);
        self.tokens.iter().find(|token| token.holder == Some(holder) && in_hand(token))
    }
}

impl Node {
    /// What a recorded operation made, read from the views as it stood after its entry; none
    /// while the views are further behind than a reader waits. Of an import of a table, only what
    /// it registered.
    pub async fn made_by(&self, recorded: Arc<Recorded>) -> Result<Option<Made>, ReadError> {
        let entry = recorded.entry;
        if !self.wait_for(entry + 1).await {
            return Ok(None);
        }
        let mut made = Made::nothing(recorded);
        // Of an import of ten thousand rows nobody asks for every token and hop.
        if made.recorded.kind == Kind::TrackingImport {
            self.registry_after(&mut made);
            return Ok(Some(made));
        }
        let held = self.views().of_entry(entry).await?;
        let before = |by: u64| by <= entry;
        for token in held.tokens {
            let spent_by = token.spent_by.filter(|by| before(*by));
            made.tokens.push(Arc::new(Token { spent_by, ..token }));
        }
        made.allocations = self.allocations_after(&made.recorded, held.allocations).await?;
        made.hops = self.hops_after(&made.recorded, held.hops).await?;
        let notes = self.views().notes_of_entries(entry, entry).await?;
        made.notes = notes.into_iter().map(Arc::new).collect();
        let cases = self.views().cases_of_entries(entry, entry).await?;
        made.cases = cases.into_iter().map(Arc::new).collect();
        self.registry_after(&mut made);
        Ok(Some(made))
    }

    /// A recorded operation by its entry, and what it made.
    pub async fn made_at(&self, entry: u64) -> Result<Option<Made>, ReadError> {
        self.wait_for(entry + 1).await;
        match self.views().operation_by_entry(entry).await? {
            Some(row) => self.made_by(Arc::new(row.recorded)).await,
            None => Ok(None),
        }
    }

    /// An operation of any party that the viewer has signed, if it is recorded.
    pub async fn signed_by(&self, viewer: &Viewer, id: Uuid) -> Result<Option<Arc<Recorded>>, ReadError> {
        let found = self.views().operations(&[id]).await?;
        let is_signer = |recorded: &Recorded| viewer.keys.iter().any(|key| recorded.signers.contains(&key.key));
        Ok(found.into_iter().find(is_signer).map(Arc::new))
    }

    /// The allocations that an entry opened or reversed.
    async fn allocations_after(
        &self,
        recorded: &Recorded,
        opened: Vec<Allocation>,
    ) -> Result<Vec<Arc<Allocation>>, ReadError> {
        let mut all: Vec<Allocation> = opened;
        if let Some(subject) = recorded.subject.filter(|place| place.entry() != recorded.entry) {
            let changed = self.views().allocations(&[AllocationId(subject)]).await?;
            all.extend(changed.into_iter().filter(|allocation| allocation.reversed_by == Some(recorded.entry)));
        }
        Ok(all.into_iter().map(Arc::new).collect())
    }

    /// The hops that an entry opened or changed, in the version that it left.
    async fn hops_after(&self, recorded: &Recorded, opened: Vec<Hop>) -> Result<Vec<Arc<Hop>>, ReadError> {
        let mut ids: Vec<HopId> = opened.into_iter().map(|hop| hop.id).collect();
        if let Some(subject) = recorded.subject.filter(|place| place.entry() != recorded.entry) {
            ids.insert(0, HopId(subject));
        }
        let mut hops = Vec::new();
        for id in ids {
            let hop = self.views().hop_at(id, recorded.entry + 1).await?;
            hops.extend(hop.filter(|hop| hop.version == recorded.entry).map(Arc::new));
        }
        Ok(hops)
    }

    /// Parties, keys, programmes and appropriations, which memory holds whole.
    fn registry_after(&self, made: &mut Made) {
        let entry = made.recorded.entry;
        let tables = self.tables();
        if let Some((first, last)) = crate::ledger::ids::Place::range_of(entry) {
            let from = tables.parties.rising(Bound::Included(PartyKey(first)));
            made.parties = from.take_while(|party| party.key <= PartyKey(last)).collect();
        }
        made.keys = tables
            .keys
            .values()
            .filter(|key| key.registered_by == entry || key.revoked_by == Some(entry))
            .cloned()
            .collect();
        made.programmes = tables
            .programmes
            .values()
            .filter(|programme| programme.version == entry || Some(programme.id.0) == made.recorded.subject)
            .cloned()
            .collect();
        let of_subject = |a: &&Arc<Appropriation>| Some(a.programme.0) == made.recorded.subject;
        made.appropriations = tables.appropriations.values().filter(of_subject).cloned().collect();
    }
}
