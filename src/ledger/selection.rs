//! Which money, tokens, hops, parties, allocations and operations a reader means, how sums are
//! grouped, and which part of a list is shown.
//!
//! These are questions, not answers: whoever asks makes one, and whoever holds the rows
//! answers it. What is left empty lets everything through, and what is given must all fit. What
//! a reader may see is not decided here.

use super::ids::{AllocationId, HopId, PartyKey, ProgrammeId};
use super::money::Currency;
use super::operation::Kind;
use super::registry::PartyKind;
use super::time::Millis;
use super::token::{HopKind, HopState, TokenState};

/// Which money is meant; empty is all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MoneyFilter {
    /// The programme of its allocation.
    pub programme: Option<ProgrammeId>,
    /// The cycle of its allocation.
    pub cycle: Option<String>,
    /// The purpose of its allocation.
    pub purpose: Option<String>,
    /// The accountable party.
    pub party: Option<PartyKey>,
    /// The area that it counts in, with everything under it.
    pub area: Option<String>,
    /// The currency.
    pub currency: Option<Currency>,
    /// The allocation.
    pub allocation: Option<AllocationId>,
}

/// How sums are grouped; always by currency as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupBy {
    /// Not at all.
    Nothing,
    /// By the programme of the allocation.
    Programme,
    /// By the cycle of the allocation.
    Cycle,
    /// By the purpose of the allocation.
    Purpose,
    /// By the accountable party.
    Party,
    /// By area.
    Area {
        /// How many names of the path are told apart.
        level: u32,
    },
    /// By the kind of the last hop.
    HopKind,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GroupKey {
    /// All of it.
    Nothing,
    /// A programme.
    Programme(ProgrammeId),
    /// A cycle, by its label.
    Cycle(String),
    /// A purpose.
    Purpose(String),
    /// An accountable party.
    Party(PartyKey),
    /// An area, by its path, cut to the level asked for.
    Area(String),
    /// A kind of hop; none before the first hop.
    HopKind(Option<HopKind>),
}

/// Which tokens are meant; empty is all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenFilter {
    /// Who has or kept it.
    pub holder: Option<PartyKey>,
    /// The accountable party.
    pub accountable: Option<PartyKey>,
    /// The programme of its allocation.
    pub programme: Option<ProgrammeId>,
    /// The cycle of its allocation.
    pub cycle: Option<String>,
    /// Where its money is, or was when it was spent.
    pub state: Option<TokenState>,
    /// The allocation.
    pub allocation: Option<AllocationId>,
    /// The last hop it came by, or is on.
    pub hop: Option<HopId>,
    /// Leave out what is spent.
    pub unspent_only: bool,
}

/// Which hops are meant, in their current versions; empty is all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HopFilter {
    /// The sender.
    pub from: Option<PartyKey>,
    /// The receiver.
    pub to: Option<PartyKey>,
    /// The sender or the receiver.
    pub party: Option<PartyKey>,
    /// How far it has come.
    pub state: Option<HopState>,
    /// What kind of pass it is.
    pub kind: Option<HopKind>,
    /// The allocation whose money it carries.
    pub allocation: Option<AllocationId>,
    /// The programme of its allocation.
    pub programme: Option<ProgrammeId>,
    /// The cycle of its allocation.
    pub cycle: Option<String>,
    /// Past its due time at this moment with money on it that nobody has answered for.
    pub overdue_at: Option<Millis>,
    /// Nothing at all is known of its arrival: a reversal may still take it back.
    pub unanswered: bool,
    /// The receiver has yet to give its own answer; a bank may have given one.
    pub awaits_receiver: bool,
}

/// Which parties are meant; empty is all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartyFilter {
    /// What they are.
    pub kind: Option<PartyKind>,
    /// The area that they are in, with everything under it.
    pub area: Option<String>,
    /// Only these.
    pub only: Option<Vec<PartyKey>>,
}

/// Which allocations are meant; empty is all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllocationFilter {
    /// The programme.
    pub programme: Option<ProgrammeId>,
    /// The cycle.
    pub cycle: Option<String>,
    /// What it is for.
    pub purpose: Option<String>,
}

/// Which operations are meant; empty is all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OperationFilter {
    /// The party that spoke.
    pub party: Option<PartyKey>,
    /// The kind.
    pub kind: Option<Kind>,
}

/// A part of a list: what follows a key, in the order of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page<K> {
    /// The key after which it begins; none for the first part.
    pub after: Option<K>,
    /// How many rows at most.
    pub limit: u64,
    /// From the newest to the oldest.
    pub newest_first: bool,
}

impl<K> Page<K> {
    /// The part from the oldest to the newest after a key.
    pub fn oldest_first(after: Option<K>, limit: u64) -> Self {
        Self { after, limit, newest_first: false }
    }

    /// The part from the newest to the oldest after a key.
    pub fn newest_first(after: Option<K>, limit: u64) -> Self {
        Self { after, limit, newest_first: true }
    }

    /// The same part with its key in another form, such as that of a column.
    pub fn by<L>(self, key: impl FnOnce(K) -> L) -> Page<L> {
        Page { after: self.after.map(key), limit: self.limit, newest_first: self.newest_first }
    }
}

impl<K: PartialOrd> Page<K> {
    /// The part of a list that is in memory, given in the order of its keys.
    pub fn part_of<T>(self, rows: Vec<T>, key: impl Fn(&T) -> K) -> Vec<T> {
        let follows = |row: &T| match &self.after {
            None => true,
            Some(after) if self.newest_first => key(row) < *after,
            Some(after) => key(row) > *after,
        };
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        if self.newest_first {
            rows.into_iter().rev().filter(follows).take(limit).collect()
        } else {
            rows.into_iter().filter(follows).take(limit).collect()
        }
    }
}
