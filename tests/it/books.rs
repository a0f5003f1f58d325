//! The committed books, with their records as they are besides, to be looked at.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

use aqueduct::ledger::admit::Change;
use aqueduct::ledger::fact::Fact;
use aqueduct::ledger::hop::Hop;
use aqueduct::ledger::ids::{HopId, PartyKey, TokenId};
use aqueduct::ledger::registry::{Party, Recorded};
use aqueduct::ledger::state::Tables;
use aqueduct::ledger::token::Token;
use uuid::Uuid;

/// Committed tables; the records that they keep in compact form are there as they were given.
#[derive(Clone, Default)]
pub struct Books {
    committed: Tables,
    pub tokens: BTreeMap<TokenId, Arc<Token>>,
    pub hops: BTreeMap<HopId, Arc<Hop>>,
    pub operations: BTreeMap<(Uuid, PartyKey), Arc<Recorded>>,
    pub parties: BTreeMap<PartyKey, Arc<Party>>,
    pub party_ids: BTreeMap<Uuid, PartyKey>,
}

impl Deref for Books {
    type Target = Tables;

    fn deref(&self) -> &Tables {
        &self.committed
    }
}

impl Books {
    /// Commits a change, whose compact form is the same change.
    pub fn commit(&mut self, change: &Change) {
        let packed = self.committed.commit(change);
        assert_eq!(packed.unpack(), *change, "the compact form is another change");
        for fact in &change.facts {
            match fact {
                Fact::TokenMade(token) | Fact::TokenSpent(token) => drop(self.tokens.insert(token.id, token.clone())),
                Fact::HopSet(hop, _) => drop(self.hops.insert(hop.id, hop.clone())),
                Fact::Recorded(recorded) => {
                    self.operations.insert((recorded.id, recorded.party), recorded.clone());
                }
                Fact::PartyRegistered(party) => {
                    self.party_ids.insert(party.id, party.key);
                    self.parties.insert(party.key, party.clone());
                }
                _ => {}
            }
        }
    }

    /// The compact records are the ones given.
    pub fn are_whole(&self) -> bool {
        self.committed.tokens.values().eq(self.tokens.values().cloned())
            && self.committed.hops.values().eq(self.hops.values().cloned())
            && self.committed.operations.values().eq(self.operations.values().cloned())
            && self.committed.parties.values().eq(self.parties.values().cloned())
    }
}
