//! The books: ordered tables, in layers.
//!
//! A [`Layer`] is a set of tables over another set. The committed state is a layer over
//! nothing; a block under construction is a layer over it; an operation being admitted is a
//! layer over that. Merging a layer into the one below, or committing the changes of a block, is
//! the only way anything changes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use uuid::Uuid;

use super::admit::Change;
use super::case::Case;
use super::fact::Fact;
use super::hop::Hop;
use super::ids::{AllocationId, AreaId, CaseId, HopId, KeyId, PartyKey, ProgrammeId, Reference, TokenId};
use super::money::Currency;
use super::packed::{Packed, PackedChange, Packing, packed};
use super::parties::Parties;
use super::records::Records;
use super::registry::{Allocation, Appropriation, OfficerKey, Party, PartyKind, Programme, Recorded};
use super::token::Token;

/// The tables of one layer. Records are shared, so that layers and readers copy nothing.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    /// Areas by path.
    pub areas: BTreeMap<String, AreaId>,
    /// Parties.
    pub parties: Parties,
    /// Keys.
    pub keys: BTreeMap<KeyId, Arc<OfficerKey>>,
    /// The keys of each officer.
    pub officers: BTreeSet<(Uuid, KeyId)>,
    /// Programmes.
    pub programmes: BTreeMap<ProgrammeId, Arc<Programme>>,
    /// Programmes by code.
    pub programme_codes: BTreeMap<String, ProgrammeId>,
    /// Appropriations by programme and cycle.
    pub appropriations: BTreeMap<(ProgrammeId, String), Arc<Appropriation>>,
    /// All money of a currency.
    pub totals: BTreeMap<Currency, i64>,
    /// Allocations; the bottom layer may hold only some.
    pub allocations: BTreeMap<AllocationId, Arc<Allocation>>,
    /// Tokens; the bottom layer may hold only some.
    pub tokens: Records<Token>,
    /// Hops; the bottom layer may hold only some.
    pub hops: Records<Hop>,
    /// Recorded operations by id and party; the bottom layer may hold only some.
    pub operations: Records<Recorded>,
    /// Cases.
    pub cases: BTreeMap<CaseId, Arc<Case>>,
    /// The latest case of each finding.
    pub taken_up: BTreeMap<Uuid, CaseId>,
    /// The cases that recoveries were booked against.
    pub recoveries: BTreeMap<HopId, CaseId>,
    /// Imported rows with the entry that imported them; the bottom layer may hold only some.
    pub rows: BTreeMap<[u8; 16], Option<u64>>,
}

/// A layer of the books.
#[derive(Clone, Copy, Debug)]
pub struct Layer<'a> {
    tables: &'a Tables,
    below: Option<&'a Layer<'a>>,
}

macro_rules! look_up {
    ($($(#[$doc:meta])* $name:ident($key:ty) $($get:ident).+ -> $value:ty;)*) => {$(
        $(#[$doc])*
        pub fn $name(&self, key: $key) -> Option<$value> {
            self.first(|tables| tables.$($get).+(key))
        }
    )*};
}

impl<'a> Layer<'a> {
    /// The bottom layer.
    pub fn bottom(tables: &'a Tables) -> Self {
        Self { tables, below: None }
    }

    /// A layer over another.
    pub fn over(below: &'a Layer<'a>, tables: &'a Tables) -> Self {
        Self { tables, below: Some(below) }
    }

    /// What the uppermost layer that knows it says.
    fn first<T>(&self, known: impl Fn(&'a Tables) -> Option<T>) -> Option<T> {
        let mut layer = self;
        loop {
            if let Some(found) = known(layer.tables) {
                return Some(found);
            }
            layer = layer.below?;
        }
    }

    look_up! {
        /// The number of an area.
        area(&str) areas.get -> &'a AreaId;
        /// A party.
        party(&PartyKey) parties.get -> Arc<Party>;
        /// A party by its public id.
        party_by_id(&Uuid) parties.by_id -> Arc<Party>;
        /// The key of a party by its public id.
        party_key(&Uuid) parties.key_of -> PartyKey;
        /// A key.
        key(&KeyId) keys.get -> &'a Arc<OfficerKey>;
        /// A programme.
        programme(&ProgrammeId) programmes.get -> &'a Arc<Programme>;
        /// A programme by its code.
        programme_id(&str) programme_codes.get -> &'a ProgrammeId;
        /// An appropriation.
        appropriation(&(ProgrammeId, String)) appropriations.get -> &'a Arc<Appropriation>;
        /// All money of a currency.
        total(&Currency) totals.get -> &'a i64;
        /// An allocation.
        allocation(&AllocationId) allocations.get -> &'a Arc<Allocation>;
        /// A token.
        token(&TokenId) tokens.get -> Arc<Token>;
        /// A hop.
        hop(&HopId) hops.get -> Arc<Hop>;
        /// A recorded operation.
        operation(&(Uuid, PartyKey)) operations.get -> Arc<Recorded>;
        /// A case.
        case(&CaseId) cases.get -> &'a Arc<Case>;
        /// The latest case of a finding.
        case_of(&Uuid) taken_up.get -> &'a CaseId;
        /// The case that a recovery was booked against.
        case_of_recovery(&HopId) recoveries.get -> &'a CaseId;
        /// The entry that imported a row.
        row(&[u8; 16]) rows.get -> &'a Option<u64>;
    }

    /// The parties that an officer has, or had, a key of; in no order, perhaps repeated.
    pub fn parties_of_officer(&self, officer: Uuid) -> Vec<PartyKey> {
        let mut parties = Vec::new();
        let mut layer = Some(self);
        while let Some(at) = layer {
            parties.extend(at.tables.keys_of(officer).map(|key| key.party));
            layer = at.below;
        }
        parties
    }

    /// How many areas have a number.
    pub fn area_count(&self) -> u32 {
        let mut count = 0;
        let mut layer = Some(self);
        while let Some(at) = layer {
            count += at.tables.areas.len();
            layer = at.below;
        }
        u32::try_from(count).expect("areas are registered one by one")
    }

    /// The recorded operation that a reference names.
    pub fn referred(&self, reference: &Reference) -> Option<Arc<Recorded>> {
        let all = (reference.operation, PartyKey::MIN)..=(reference.operation, PartyKey::MAX);
        self.first(|tables| tables.operations.range(all.clone()).find(|recorded| recorded.digest == reference.digest))
    }

    /// The kind of a party that exists.
    pub fn kind(&self, key: PartyKey) -> PartyKind {
        self.party(&key).expect("parties stay resident").kind
    }

    /// The tokens that an entry made, in order.
    pub fn tokens_of_entry(&self, entry: u64) -> Vec<Arc<Token>> {
        let ids = self
            .keys_in_range(entry, |tables, first, last| tables.tokens.keys(TokenId(first)..=TokenId(last)).collect());
        ids.iter().filter_map(|id| self.token(id)).collect()
    }

    /// The hops that an entry opened, in order.
    pub fn hops_of_entry(&self, entry: u64) -> Vec<Arc<Hop>> {
        let ids =
            self.keys_in_range(entry, |tables, first, last| tables.hops.keys(HopId(first)..=HopId(last)).collect());
        ids.iter().filter_map(|id| self.hop(id)).collect()
    }

    /// The allocations that an entry opened, in order.
    pub fn allocations_of_entry(&self, entry: u64) -> Vec<&'a Arc<Allocation>> {
        let ids = self.keys_in_range(entry, |tables, first, last| {
            tables.allocations.range(AllocationId(first)..=AllocationId(last)).map(|(id, _)| *id).collect()
        });
        ids.iter().filter_map(|id| self.allocation(id)).collect()
    }

    fn keys_in_range<K: Ord>(
        &self,
        entry: u64,
        keys: impl Fn(&Tables, super::ids::Place, super::ids::Place) -> Vec<K>,
    ) -> BTreeSet<K> {
        let Some((first, last)) = super::ids::Place::range_of(entry) else { return BTreeSet::new() };
        let mut found = BTreeSet::new();
        let mut layer = Some(self);
        while let Some(at) = layer {
            found.extend(keys(at.tables, first, last));
            layer = at.below;
        }
        found
    }
}

impl Tables {
    /// The keys of an officer, in order of key id.
    pub fn keys_of(&self, officer: Uuid) -> impl Iterator<Item = &Arc<OfficerKey>> {
        let all = (officer, KeyId([0; 32]))..=(officer, KeyId([0xff; 32]));
        self.officers.range(all).filter_map(|(_, key)| self.keys.get(key))
    }

    /// Applies a change. Cannot fail.
    pub fn apply(&mut self, facts: &[Fact]) {
        for fact in facts {
            self.apply_one(fact);
        }
    }

    fn apply_one(&mut self, fact: &Fact) {
        match fact {
            Fact::AreaNamed(id, path) => {
                self.areas.insert(path.clone(), *id);
            }
            Fact::PartyRegistered(party) => {
                self.parties.insert(party.clone());
            }
            Fact::KeySet(key) => {
                self.officers.insert((key.officer, key.key));
                self.keys.insert(key.key, key.clone());
            }
            Fact::ProgrammeSet(programme) => {
                self.programme_codes.insert(programme.code.clone(), programme.id);
                self.programmes.insert(programme.id, programme.clone());
            }
            Fact::AppropriationSet(a) => {
                self.appropriations.insert((a.programme, a.cycle.label.clone()), a.clone());
            }
            Fact::AllocationSet(allocation) => {
                self.allocations.insert(allocation.id, allocation.clone());
            }
            Fact::TokenMade(token) | Fact::TokenSpent(token) => {
                self.tokens.insert(token.clone());
            }
            Fact::HopSet(hop, _) => {
                self.hops.insert(hop.clone());
            }
            Fact::RowSet(key, entry) => {
                self.rows.insert(*key, *entry);
            }
            Fact::TotalSet(currency, total) => {
                self.totals.insert(*currency, *total);
            }
            Fact::Recorded(recorded) => {
                self.operations.insert(recorded.clone());
            }
            // No admission asks for a note.
            Fact::Noted(_) => {}
            Fact::CaseSet(case) => {
                self.taken_up.insert(case.finding, case.id);
                self.recoveries.extend(case.recoveries.iter().map(|hop| (*hop, case.id)));
                self.cases.insert(case.id, case.clone());
            }
        }
    }

    /// Applies a change to the committed books, which keep it in compact form, and gives that
    /// form. Cannot fail.
    pub fn commit(&mut self, change: &Change) -> PackedChange {
        let mut packing = Packing::of(change.facts.len());
        for fact in &change.facts {
            match fact {
                Fact::TokenMade(token) => self.tokens.insert_packed(token.id, packing.token(token, true)),
                Fact::TokenSpent(token) => self.tokens.insert_packed(token.id, packing.token(token, false)),
                Fact::HopSet(hop, before) => {
                    self.hops.insert_packed(hop.id, packing.hop(hop, before.as_deref()));
                }
                Fact::Recorded(recorded) => {
                    packing.other(fact);
                    self.operations.insert_packed(recorded.key(), &packed(recorded.as_ref()));
                }
                _ => {
                    packing.other(fact);
                    self.apply_one(fact);
                }
            }
        }
        packing.finish(change.facts.len())
    }

    /// Takes records that are stored elsewhere into the committed books.
    pub fn remember(&mut self, facts: &[Fact]) {
        for fact in facts {
            match fact {
                Fact::TokenMade(token) => self.tokens.insert_packed(token.id, &packed(token.as_ref())),
                Fact::HopSet(hop, _) => self.hops.insert_packed(hop.id, &packed(hop.as_ref())),
                Fact::Recorded(recorded) => self.operations.insert_packed(recorded.key(), &packed(recorded.as_ref())),
                _ => self.apply_one(fact),
            }
        }
    }

    /// How many records it holds that may leave memory once they are stored elsewhere.
    pub fn evictable(&self) -> usize {
        self.allocations.len() + self.tokens.len() + self.hops.len() + self.operations.len() + self.rows.len()
    }

    /// Merges a layer that lay over this one.
    pub fn merge(&mut self, over: Self) {
        self.areas.extend(over.areas);
        self.parties.merge(over.parties);
        self.keys.extend(over.keys);
        self.officers.extend(over.officers);
        self.programmes.extend(over.programmes);
        self.programme_codes.extend(over.programme_codes);
        self.appropriations.extend(over.appropriations);
        self.totals.extend(over.totals);
        self.allocations.extend(over.allocations);
        self.tokens.merge(over.tokens);
        self.hops.merge(over.hops);
        self.operations.merge(over.operations);
        self.cases.extend(over.cases);
        self.taken_up.extend(over.taken_up);
        self.recoveries.extend(over.recoveries);
        self.rows.extend(over.rows);
    }
}
