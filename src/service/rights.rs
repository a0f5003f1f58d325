//! What a login may read: the one place that decides it.
//!
//! A recipient reads only their own money; everybody else who is logged in reads all. What is
//! hidden looks like what is absent, so that its existence does not leak.

use crate::ledger::hop::Hop;
use crate::ledger::ids::PartyKey;
use crate::ledger::registry::{Party, Recorded};
use crate::ledger::token::Token;

use super::officers::Viewer;

/// Who reads, as far as it matters for what may be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reader {
    /// The only party whose money may be seen; none for who may see all.
    own: Option<PartyKey>,
}

impl Reader {
    /// The reader that a viewer is.
    pub fn of(viewer: &Viewer) -> Self {
        Self { own: viewer.is_recipient().then_some(viewer.party.key) }
    }

    /// The only party whose money may be seen: a filter inside every list.
    pub fn only(self) -> Option<PartyKey> {
        self.own
    }

    /// Whether a party may be looked up or listed. Who stands at the other end of an own hop is
    /// shown there all the same.
    pub fn may_see_party(self, party: &Party) -> bool {
        self.own.is_none_or(|own| own == party.key)
    }

    /// Whether the keys of a party's officers may be seen.
    pub fn may_see_keys_of(self, party: PartyKey) -> bool {
        self.own.is_none_or(|own| own == party)
    }

    /// Whether whole allocations, statements over many and reports may be seen.
    pub fn may_see_totals(self) -> bool {
        self.own.is_none()
    }

    /// Whether findings and their cases may be seen.
    pub fn may_see_cases(self) -> bool {
        self.own.is_none()
    }

    /// Whether a hop may be seen.
    pub fn may_see_hop(self, hop: &Hop) -> bool {
        self.own.is_none_or(|own| hop.to == own || hop.from == Some(own))
    }

    /// Whether a token may be seen, with the hop that it came by or is on.
    pub fn may_see_token(self, token: &Token, hop: Option<&Hop>) -> bool {
        self.own.is_none_or(|own| token.holder == Some(own) || hop.is_some_and(|hop| self.may_see_hop(hop)))
    }

    /// Whether what an entry says may be seen.
    pub fn may_see_entry(self, recorded: &Recorded) -> bool {
        self.own.is_none_or(|own| recorded.party == own)
    }

    /// Whether the operations of a party may be seen.
    pub fn may_see_operations_of(self, party: PartyKey) -> bool {
        self.own.is_none_or(|own| own == party)
    }
}
