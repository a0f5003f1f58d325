//! Which money, tokens, hops, parties, allocations and operations a reader means, how sums are
//! grouped, and which part of a list is shown.
//!
//! These are questions, not answers: whoever asks makes one, and whoever holds the rows
//! answers it. What is left empty lets everything through, and what is given must all fit. What
//! a reader may see is not decided here.

use uuid::Uuid;

use super::case::{Case, CaseState};
use super::ids::{AllocationId, HopId, KeyId, PartyKey, ProgrammeId, TokenId};
use super::money::Currency;
use super::operation::Kind;
use super::registry::PartyKind;
use super::time::Millis;
use super::token::{HopKind, HopState, TokenState};

/// Which money is meant; empty is all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
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

/// A part of the log: what its entries made, by the index of the entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// The first entry that counts; none for the log's first.
    pub from: Option<u64>,
    /// The first entry that no longer counts; none for all there are.
    pub before: Option<u64>,
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
    /// The purpose of its allocation.
    pub purpose: Option<String>,
    /// The area that it counts in, with everything under it.
    pub area: Option<String>,
    /// Where its money is, or was when it was spent.
    pub state: Option<TokenState>,
    /// In transit past its due time at this moment.
    pub overdue_at: Option<Millis>,
    /// The allocation.
    pub allocation: Option<AllocationId>,
    /// The last hop it came by, or is on.
    pub hop: Option<HopId>,
    /// The token it was made from.
    pub parent: Option<TokenId>,
    /// The entries that made it.
    pub made: Span,
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
    /// The area that money on it counts in, with everything under it.
    pub area: Option<String>,
    /// The entries that opened it.
    pub opened: Span,
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
    /// A part of what people call them, in lower case.
    pub text: Option<String>,
    /// Only these.
    pub only: Option<Vec<PartyKey>>,
}

/// Which programmes are meant; empty is all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProgrammeFilter {
    /// The treasury that owns it.
    pub owner: Option<PartyKey>,
    /// The currency of its money.
    pub currency: Option<Currency>,
    /// A part of its code or of what people call it, in lower case.
    pub text: Option<String>,
}

/// Which cases are meant; empty is all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaseFilter {
    /// How far it is.
    pub state: Option<CaseState>,
    /// The rule of its finding.
    pub rule: Option<String>,
    /// The party that is held responsible.
    pub accused: Option<PartyKey>,
    /// Only those that are overdue at this moment.
    pub overdue_at: Option<Millis>,
}

impl CaseFilter {
    /// Whether a case is meant.
    pub fn lets_through(&self, case: &Case) -> bool {
        self.state.is_none_or(|state| state == case.state)
            && self.rule.as_ref().is_none_or(|rule| *rule == case.rule)
            && self.accused.is_none_or(|accused| case.accused == Some(accused))
            && self.overdue_at.is_none_or(|at| case.is_overdue(at))
    }
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
    /// The treasury that allocated it.
    pub treasury: Option<PartyKey>,
}

/// Which recorded operations are meant; empty is all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OperationFilter {
    /// The party that spoke.
    pub party: Option<PartyKey>,
    /// The kind.
    pub kind: Option<Kind>,
    /// The programme that it defines or appropriates to, or whose money it moves or answers for.
    pub programme: Option<ProgrammeId>,
    /// Signed by one of these keys.
    pub keys: Option<Vec<KeyId>>,
    /// Their entries.
    pub entries: Span,
}

/// Which operations that are not recorded are meant; empty is all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WaitingFilter {
    /// The party that states it, by its public id.
    pub party: Option<Uuid>,
    /// The party whose officers may have to sign it, by its public id: it states it, or it is a
    /// reversal, which may need the other side's word.
    pub signing: Option<Uuid>,
    /// The kind.
    pub kind: Option<Kind>,
    /// The officer who made it.
    pub officer: Option<Uuid>,
    /// Made at this moment or later.
    pub from: Option<Millis>,
    /// Made before this moment.
    pub before: Option<Millis>,
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
    /// How many rows may be looked at to find them, where no index finds them; none for no
    /// bound.
    pub look_max: Option<u64>,
}

/// What was found of a part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed<T, K> {
    /// The rows.
    pub rows: Vec<T>,
    /// The last key that was looked at, when the search stopped at its bound before the part was
    /// full: it goes on after this key.
    pub stopped_at: Option<K>,
}

/// How many rows a list has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// The rows counted.
    pub rows: u64,
    /// Whether that is all of them; otherwise the count stopped at its bound.
    pub whole: bool,
}

impl<K> Page<K> {
    /// The part from the oldest to the newest after a key.
    pub fn oldest_first(after: Option<K>, limit: u64) -> Self {
        Self { after, limit, newest_first: false, look_max: None }
    }

    /// The part from the newest to the oldest after a key.
    pub fn newest_first(after: Option<K>, limit: u64) -> Self {
        Self { after, limit, newest_first: true, look_max: None }
    }

    /// The same part with its key in another form, such as that of a column.
    pub fn by<L>(self, key: impl FnOnce(K) -> L) -> Page<L> {
        Page { after: self.after.map(key), limit: self.limit, newest_first: self.newest_first, look_max: self.look_max }
    }
}

impl<K: Copy + PartialOrd> Page<K> {
    /// The part of a list that is in memory, given in the order of its keys.
    pub fn part_of<T>(self, rows: Vec<T>, key: impl Fn(&T) -> K) -> Listed<T, K> {
        let all = |_: &T| true;
        if self.newest_first {
            self.walk(rows.into_iter().rev(), key, all)
        } else {
            self.walk(rows.into_iter(), key, all)
        }
    }

    /// The rows that fit of a list that is in memory, given in the order of this part; at most
    /// as many are looked at as may be.
    pub fn walk<T>(
        self,
        rows: impl Iterator<Item = T>,
        key: impl Fn(&T) -> K,
        fits: impl Fn(&T) -> bool,
    ) -> Listed<T, K> {
        let follows = |row: &T| match &self.after {
            None => true,
            Some(after) if self.newest_first => key(row) < *after,
            Some(after) => key(row) > *after,
        };
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let mut left = self.look_max.unwrap_or(u64::MAX);
        let mut found = Listed { rows: Vec::new(), stopped_at: None };
        for row in rows.filter(follows) {
            if found.rows.len() == limit {
                break;
            }
            if left == 0 {
                return found;
            }
            left -= 1;
            found.stopped_at = (left == 0).then(|| key(&row));
            if fits(&row) {
                found.rows.push(row);
            }
        }
        Listed { stopped_at: None, ..found }
    }
}

impl<T, K> Listed<T, K> {
    /// Nothing.
    pub fn nothing() -> Self {
        Self { rows: Vec::new(), stopped_at: None }
    }

    /// The same with rows and key in other forms.
    pub fn map<U, L>(self, row: impl FnMut(T) -> U, key: impl FnOnce(K) -> L) -> Listed<U, L> {
        Listed { rows: self.rows.into_iter().map(row).collect(), stopped_at: self.stopped_at.map(key) }
    }

    /// The same with rows that may be unreadable.
    pub fn try_map<U, E>(self, row: impl FnMut(T) -> Result<U, E>) -> Result<Listed<U, K>, E> {
        Ok(Listed { rows: self.rows.into_iter().map(row).collect::<Result<_, E>>()?, stopped_at: self.stopped_at })
    }
}

impl Count {
    /// A count of all there is.
    pub fn whole(rows: usize) -> Self {
        Self { rows: u64::try_from(rows).unwrap_or(u64::MAX), whole: true }
    }

    /// Counts the rows that fit, looking at so many at most.
    pub fn of<T>(rows: impl Iterator<Item = T>, fits: impl Fn(&T) -> bool, look_max: u64) -> Self {
        let mut count = Self { rows: 0, whole: true };
        for (at, row) in (0_u64..).zip(rows) {
            if at == look_max {
                return Self { whole: false, ..count };
            }
            count.rows += u64::from(fits(&row));
        }
        count
    }
}
