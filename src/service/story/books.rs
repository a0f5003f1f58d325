//! What the teller remembers of the books, from the answers alone: enough to name in the next
//! operation the token or hop that the diary means.

use std::collections::BTreeMap;
use std::sync::Arc;

use uuid::Uuid;

use crate::ledger::admit::Change;
use crate::ledger::fact::Fact;
use crate::ledger::hop::Hop;
use crate::ledger::ids::{
    AllocationId, CaseId, HopId, PartyKey, PayloadDigest, Place, ProgrammeId, Reference, TokenId,
};
use crate::ledger::token::{HopState, Token, TokenState};

/// A programme's code and a cycle's label: what money is for.
pub type Purse<'a> = (&'a str, &'a str);

/// The books so far.
#[derive(Debug, Default)]
pub struct Books {
    programmes: BTreeMap<ProgrammeId, String>,
    allocations: BTreeMap<AllocationId, (String, String)>,
    parties: BTreeMap<String, PartyKey>,
    unspent: BTreeMap<TokenId, Arc<Token>>,
    hops: BTreeMap<HopId, Arc<Hop>>,
    entries: BTreeMap<u64, (Uuid, PayloadDigest)>,
    cases: BTreeMap<Uuid, CaseId>,
}

impl Books {
    /// Takes what an entry changed.
    pub fn take(&mut self, change: &Change) {
        for fact in &change.facts {
            match fact {
                Fact::PartyRegistered(party) => drop(self.parties.insert(party.label.clone(), party.key)),
                Fact::ProgrammeSet(programme) => drop(self.programmes.insert(programme.id, programme.code.clone())),
                Fact::AllocationSet(allocation) => {
                    let code = self.programmes.get(&allocation.programme).cloned().unwrap_or_default();
                    self.allocations.insert(allocation.id, (code, allocation.cycle.clone()));
                }
                Fact::TokenMade(token) => drop(self.unspent.insert(token.id, token.clone())),
                Fact::TokenSpent(token) => drop(self.unspent.remove(&token.id)),
                Fact::HopSet(hop, _) => drop(self.hops.insert(hop.id, hop.clone())),
                Fact::CaseSet(case) => drop(self.cases.insert(case.finding, case.id)),
                Fact::Recorded(recorded) => {
                    self.entries.insert(recorded.entry, (recorded.id, recorded.digest));
                }
                Fact::AreaNamed(..)
                | Fact::KeySet(_)
                | Fact::AppropriationSet(_)
                | Fact::RowSet(..)
                | Fact::TotalSet(..)
                | Fact::Noted(_) => {}
            }
        }
    }

    /// The token that a party spends: of the money in its hands for this programme and cycle,
    /// allocated before surplus, the earliest that is large enough.
    pub fn token(&self, party: &str, purse: Purse<'_>, amount: i64) -> Option<Reference> {
        let holder = self.parties.get(party);
        let fits = |token: &&Arc<Token>| {
            matches!(token.state, TokenState::Held | TokenState::Returned)
                && token.holder.as_ref() == holder
                && token.amount >= amount
                && self.is_of(token.allocation, purse)
        };
        let found = self.unspent.values().filter(fits).min_by_key(|token| (token.origin, token.id))?;
        self.reference(found.id.0)
    }

    /// The latest hop between two parties that was not reversed.
    pub fn hop(&self, from: &str, to: &str, purse: Purse<'_>) -> Option<&Arc<Hop>> {
        let (from, to) = (self.parties.get(from)?, self.parties.get(to)?);
        self.latest(|hop| hop.from == Some(*from) && hop.to == *to && self.is_of(hop.allocation, purse))
    }

    /// The latest delivery to a recipient.
    pub fn delivery(&self, recipient: &str, purse: Purse<'_>) -> Option<&Arc<Hop>> {
        let to = self.parties.get(recipient)?;
        self.latest(|hop| hop.to == *to && self.is_of(hop.allocation, purse))
    }

    /// The token of a hop that is missing.
    pub fn missing_of(&self, hop: &Hop) -> Option<Reference> {
        let mut live = hop.live.iter().filter_map(|id| self.unspent.get(id));
        let found = live.find(|token| token.state == TokenState::Missing)?;
        self.reference(found.id.0)
    }

    /// The latest case of a finding.
    pub fn case(&self, finding: Uuid) -> Option<Reference> {
        self.reference(self.cases.get(&finding)?.0)
    }

    /// How a signed body names what stands at a place.
    pub fn reference(&self, place: Place) -> Option<Reference> {
        let (operation, digest) = *self.entries.get(&place.entry())?;
        Some(Reference { digest, operation, output: place.position() })
    }

    fn latest(&self, wanted: impl Fn(&Hop) -> bool) -> Option<&Arc<Hop>> {
        self.hops.values().rev().find(|hop| hop.state != HopState::Reversed && wanted(hop))
    }

    fn is_of(&self, allocation: AllocationId, purse: Purse<'_>) -> bool {
        let of = self.allocations.get(&allocation);
        of.is_some_and(|(programme, cycle)| (programme.as_str(), cycle.as_str()) == purse)
    }
}
