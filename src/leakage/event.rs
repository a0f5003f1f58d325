//! What happens in a block, one thing at a time, as detectors see it.

use uuid::Uuid;

use crate::ledger::case::Case;
use crate::ledger::hop::Hop;
use crate::ledger::ids::{HopId, PartyKey, ProgrammeId};
use crate::ledger::note::Note;
use crate::ledger::operation::Kind;
use crate::ledger::registry::{Allocation, Programme};
use crate::ledger::time::Millis;
use crate::ledger::token::Token;

use super::rule::Rule;

/// Where and when something happens, and who signed it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct At {
    /// The entry; none for what time alone brings about.
    pub entry: Option<u64>,
    /// The block's time.
    pub now: Millis,
    /// When it is stated to have happened.
    pub occurred_at: Millis,
    /// The kind of the operation.
    pub kind: Option<Kind>,
    /// The party that stated it.
    pub party: Option<PartyKey>,
    /// The officers who signed.
    pub officers: Vec<Uuid>,
}

/// One thing that happens. Within an entry: programmes, allocations, notes, cases, deductions that
/// a sender kept, hops opened, hops changed; then, at the end of the block, what fell due, and the
/// day.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A programme was defined or its rules of payment replaced.
    Programme(&'a Programme),
    /// An allocation was opened.
    Allocation(&'a Allocation),
    /// A note, with the hop that it is about as it stands after the block.
    Noted(&'a Note, Option<&'a Hop>),
    /// A case was opened, went on or ended; with the first hop that it is about, as it stands after
    /// the block.
    Case(&'a Case, Option<&'a Hop>),
    /// A sender kept a deduction off the schedule or above its cap: the missing token.
    Kept(&'a Token),
    /// A hop was opened, with the hop by which the money that it carries had come; perhaps answered
    /// in the same entry.
    Opened(&'a Hop, Option<HopId>),
    /// A hop was answered, evidenced, decided or reversed; and what it was before.
    Changed(&'a Hop, &'a Hop),
    /// A moment passed that a detector had asked for; for this rule alone.
    Due(Rule, Due<'a>),
    /// A day ended, or a table was imported: time for what is looked at over many.
    Day(&'a Day),
}

/// What a detector asked to be shown again.
#[derive(Clone, Copy, Debug)]
pub enum Due<'a> {
    /// A hop of the entry that was named, as it stands after the block.
    Hop(&'a Hop),
    /// A note of the entry that was named.
    Note(&'a Note),
    /// A case, as it stands after the block.
    Case(&'a Case),
}

/// What a detector asks to be shown again when a moment has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wake {
    /// Every hop that an entry opened.
    HopsOf(u64),
    /// Every note that an entry made.
    NotesOf(u64),
    /// The case that an entry opened.
    CaseOf(u64),
}

/// The first block of a day: the days since that of the last one have ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Day {
    /// The moment: the time of the block.
    pub now: Millis,
    /// The same time of the day on which this was last looked at.
    pub last: Millis,
    /// What each party held of each programme's money at the end of every day from that one to
    /// yesterday, in minor units; never 0. There was no block between.
    pub before: Vec<(PartyKey, ProgrammeId, i64)>,
    /// What each party holds now.
    pub held: Vec<(PartyKey, ProgrammeId, i64)>,
}
