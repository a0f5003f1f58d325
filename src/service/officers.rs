//! Who is asking: a login, the officer behind it, and what that officer may do.

use std::sync::Arc;

use uuid::Uuid;

use crate::ledger::admit::Requirement;
use crate::ledger::ids::KeyId;
use crate::ledger::registry::{Custody, OfficerKey, Party, PartyKind, Role};
use crate::ledger::state::Tables;

/// An officer who is logged in, as the books know him now.
#[derive(Clone, Debug)]
pub struct Viewer {
    /// The officer's public id.
    pub officer: Uuid,
    /// The officer's party.
    pub party: Arc<Party>,
    /// The officer's keys that are not revoked.
    pub keys: Vec<Arc<OfficerKey>>,
}

impl Viewer {
    /// The viewer of an officer; none when no valid key of the officer is registered.
    pub fn of(tables: &Tables, officer: Uuid) -> Option<Self> {
        let is_valid = |key: &&Arc<OfficerKey>| key.revoked_by.is_none();
        let keys: Vec<_> = tables.keys_of(officer).filter(is_valid).cloned().collect();
        let party = tables.parties.get(&keys.first()?.party)?;
        Some(Self { officer, party, keys })
    }

    /// Every role of the officer, in the order of the list of roles.
    pub fn roles(&self) -> Vec<Role> {
        Role::ALL.iter().copied().filter(|role| self.keys.iter().any(|key| key.roles.contains(role))).collect()
    }

    /// Whether the officer has a role.
    pub fn has(&self, role: Role) -> bool {
        self.keys.iter().any(|key| key.roles.contains(&role))
    }

    /// A person who receives money: sees only what is their own.
    pub fn is_recipient(&self) -> bool {
        self.party.kind == PartyKind::Recipient
    }

    /// The officer's key, kept by the node, that can give the first signature still missing.
    pub fn signing_key(&self, needed: &Requirement, stating: &Party, signed: &[&OfficerKey]) -> Option<KeyId> {
        let before = needed.missing(stating, signed).len();
        let fits = |key: &&Arc<OfficerKey>| {
            let mut with = signed.to_vec();
            with.push(key);
            key.custody == Custody::Node && needed.missing(stating, &with).len() < before
        };
        self.keys.iter().find(fits).map(|key| key.key)
    }
}
