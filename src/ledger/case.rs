//! Cases: findings that an officer took up, and what was done about them.
//!
//! A case quotes its finding, because a finding is derived and may change with the rules; the
//! ledger does not look whether the quote is true. It knows who may not touch it: every party to
//! the hops that it names, and the party that it accuses.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::ids::{CaseId, HopId, PartyKey};
use super::money::Currency;
use super::registry::names;
use super::time::Millis;

names! {
    /// How far a case is.
    CaseState {
        /// An officer took it up.
        UnderReview = "UNDER_REVIEW",
        /// It is known where the money went.
        Traced = "TRACED",
        /// Put right and closed.
        Closed = "CLOSED",
        /// There was nothing to it.
        Dismissed = "DISMISSED",
    }
    /// One step of a case.
    CaseMove {
        /// It is known where the money went.
        Traced = "TRACED",
        /// So much is found to be lost.
        Decided = "DECIDED",
        /// So much is ordered back.
        Ordered = "ORDERED",
        /// The deadline moves, with the reason.
        Extended = "EXTENDED",
    }
    /// How a case ends.
    CaseOutcome {
        /// Put right.
        Corrected = "CORRECTED",
        /// There was nothing to it.
        Dismissed = "DISMISSED",
    }
}

impl CaseState {
    /// Whether it can still go on.
    pub fn is_open(self) -> bool {
        matches!(self, Self::UnderReview | Self::Traced)
    }
}

/// A case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// Its place: the entry that opened it.
    pub id: CaseId,
    /// The finding that it quotes.
    pub finding: Uuid,
    /// The rule that the finding is of, such as `L01`.
    pub rule: String,
    /// The version of that rule.
    pub rule_version: u32,
    /// The party that is held responsible.
    pub accused: Option<PartyKey>,
    /// The hops that it is about.
    pub hops: Vec<HopId>,
    /// Who may not touch it: the parties to those hops, and the accused; in order.
    pub parties: Vec<PartyKey>,
    /// `reported`: the money at stake, in minor units.
    pub reported: i64,
    /// Its currency.
    pub currency: Currency,
    /// What was found to be lost.
    pub decided: Option<i64>,
    /// What was ordered back.
    pub ordered: Option<i64>,
    /// What was sent back under this case, not yet all acknowledged perhaps.
    pub booked: i64,
    /// The recovery hops that were booked against it.
    pub recoveries: Vec<HopId>,
    /// How far it is.
    pub state: CaseState,
    /// The supervisor that works on it.
    pub by: PartyKey,
    /// When it was opened (the block's time).
    pub opened_at: Millis,
    /// By when the next step is to be taken.
    pub deadline: Millis,
    /// The last step's reason.
    pub reason: String,
    /// The entry that made this version of it.
    pub version: u64,
}

impl Case {
    /// The most that can be recovered: what was decided, else what was reported.
    pub fn loss(&self) -> i64 {
        self.decided.unwrap_or(self.reported)
    }

    /// Whether its next step was to be taken before this moment.
    pub fn is_overdue(&self, at: Millis) -> bool {
        self.state.is_open() && self.deadline < at
    }

    /// Its one form: JSON with its fields in the order of their declaration.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("cases are plain JSON")
    }

    /// Reads that form.
    pub fn from_json(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}
