//! What the simulation remembers of the books, from the answers alone: enough to name in the next
//! operation what the plan means.

use std::collections::BTreeMap;
use std::sync::Arc;

use rust_decimal::prelude::ToPrimitive as _;
use rust_decimal::{Decimal, RoundingStrategy};
use uuid::Uuid;

use crate::ledger::admit::Change;
use crate::ledger::fact::Fact;
use crate::ledger::hop::Hop;
use crate::ledger::ids::{
    AllocationId, CaseId, HopId, PartyKey, PayloadDigest, Place, ProgrammeId, Reference, TokenId,
};
use crate::ledger::operation::EntryReference;
use crate::ledger::token::{HopKind, Token, TokenState};

use super::plan::{Act, CaseName, Deed, HopName, PotName};

/// The books so far.
#[derive(Debug, Default)]
pub struct Books {
    parties: BTreeMap<Uuid, PartyKey>,
    programmes: BTreeMap<String, ProgrammeId>,
    allocations: BTreeMap<AllocationId, ProgrammeId>,
    tokens: BTreeMap<TokenId, Arc<Token>>,
    hops: BTreeMap<HopId, Arc<Hop>>,
    entries: BTreeMap<u64, (Uuid, PayloadDigest)>,
    names: BTreeMap<HopName, HopId>,
    pots: BTreeMap<PotName, AllocationId>,
    cases: BTreeMap<CaseName, CaseId>,
}

impl Books {
    /// Takes what an entry changed.
    pub fn take(&mut self, change: &Change) {
        for fact in &change.facts {
            match fact {
                Fact::PartyRegistered(party) => drop(self.parties.insert(party.id, party.key)),
                Fact::ProgrammeSet(programme) => drop(self.programmes.insert(programme.code.clone(), programme.id)),
                Fact::AllocationSet(allocation) => drop(self.allocations.insert(allocation.id, allocation.programme)),
                Fact::TokenMade(token) => drop(self.tokens.insert(token.id, token.clone())),
                Fact::TokenSpent(token) => drop(self.tokens.remove(&token.id)),
                Fact::HopSet(hop, _) => drop(self.hops.insert(hop.id, hop.clone())),
                Fact::Recorded(recorded) => {
                    self.entries.insert(recorded.entry, (recorded.id, recorded.digest));
                }
                _ => {}
            }
        }
    }

    /// Learns what an act of the plan opened.
    pub fn named(&mut self, act: &Act, change: &Change) {
        let opened = change.facts.iter().filter_map(|fact| match fact {
            Fact::HopSet(hop, None) => Some(hop.id),
            _ => None,
        });
        let mut opened: Vec<HopId> = opened.collect();
        opened.sort_unstable();
        self.names.extend(act.opens.iter().copied().zip(opened));
        match act.deed {
            Deed::Allocate(name, _) => {
                let allocation = Place::new(change.recorded().entry, 0).map(AllocationId);
                self.pots.extend(allocation.map(|allocation| (name, allocation)));
            }
            Deed::Review(name, ..) => {
                let case = Place::new(change.recorded().entry, 0).map(CaseId);
                self.cases.extend(case.map(|case| (name, case)));
            }
            _ => {}
        }
    }

    /// A hop as it stands.
    pub fn hop(&self, name: HopName) -> Option<&Arc<Hop>> {
        self.hops.get(self.names.get(&name)?)
    }

    /// A hop as a signed body names it.
    pub fn hop_named(&self, name: HopName) -> Option<Reference> {
        self.reference(self.names.get(&name)?.0)
    }

    /// A case as a signed body names it.
    pub fn case_named(&self, name: CaseName) -> Option<Reference> {
        self.reference(self.cases.get(&name)?.0)
    }

    /// The operation that made an allocation.
    pub fn pot_named(&self, name: PotName) -> Option<Reference> {
        self.reference(self.pots.get(&name)?.0)
    }

    /// A token of an allocation in a party's hands: the smallest that is large enough.
    pub fn token(&self, party: Uuid, pot: PotName, amount: i64) -> Option<Reference> {
        let (holder, pot) = (self.parties.get(&party)?, self.pots.get(&pot)?);
        let fits = |token: &&Arc<Token>| {
            is_held(token) && token.holder == Some(*holder) && token.allocation == *pot && token.amount >= amount
        };
        let found = self.tokens.values().filter(fits).min_by_key(|token| (token.amount, token.id))?;
        self.reference(found.id.0)
    }

    /// The token of a hop that is missing.
    pub fn missing(&self, name: HopName) -> Option<Reference> {
        let live = self.hop(name)?.live.iter().filter_map(|id| self.tokens.get(id));
        let missing = live.filter(|token| token.state == TokenState::Missing).map(|token| token.id).next()?;
        self.reference(missing.0)
    }

    /// What a party holds of a programme.
    pub fn balance(&self, party: Uuid, programme: &str) -> i64 {
        let (Some(holder), Some(programme)) = (self.parties.get(&party), self.programmes.get(programme)) else {
            return 0;
        };
        let is_of = |token: &&Arc<Token>| {
            is_held(token)
                && token.holder == Some(*holder)
                && self.allocations.get(&token.allocation) == Some(programme)
        };
        self.tokens.values().filter(is_of).map(|token| token.amount).sum()
    }

    /// What a party lost of a programme beyond the rate of its peers there: over answered transfers
    /// and deliveries, rounded half to even.
    pub fn lost_beyond_peers(&self, party: Uuid, peers: &[Uuid], programme: &str) -> Option<i64> {
        let peers: Vec<PartyKey> = peers.iter().filter_map(|peer| self.parties.get(peer).copied()).collect();
        let (own, programme) = (self.parties.get(&party)?, self.programmes.get(programme)?);
        let (mut lost, mut sent) = ([0_i128; 2], [0_i128; 2]);
        for hop in self.hops.values() {
            let is_of = self.allocations.get(&hop.allocation) == Some(programme)
                && hop.from.is_some_and(|from| peers.contains(&from))
                && matches!(hop.kind, HopKind::Transfer | HopKind::Delivery);
            let Some(shortfall) = hop.shortfall().filter(|_| is_of) else { continue };
            let whose = usize::from(hop.from != Some(*own));
            lost[whose] += i128::from(shortfall);
            sent[whose] += i128::from(hop.sent);
        }
        let share = Decimal::from(lost[1] * sent[0]).checked_div(Decimal::from(sent[1]))?;
        let expected = share.round_dp_with_strategy(0, RoundingStrategy::MidpointNearestEven).to_i64()?;
        i64::try_from(lost[0]).ok().map(|lost| lost - expected)
    }

    fn reference(&self, place: Place) -> Option<Reference> {
        let (operation, digest) = *self.entries.get(&place.entry())?;
        Some(Reference { digest, operation, output: place.position() })
    }
}

fn is_held(token: &Token) -> bool {
    matches!(token.state, TokenState::Held | TokenState::Returned)
}

/// The operation of a reference, as lists of evidence name it.
pub fn entry_of(reference: &Reference) -> EntryReference {
    EntryReference { digest: reference.digest, operation: reference.operation }
}
