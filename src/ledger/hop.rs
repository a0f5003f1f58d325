//! Hops: passes of hands, each with the sender's and the receiver's own amounts.

use super::ids::{AllocationId, AreaId, HopId, PartyKey, TokenId};
use super::time::Millis;
use super::token::{HopKind, HopState};

/// The figures of a hop that an answer changes; kept once to undo the latest acknowledgement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HopFigures {
    /// `f`: deductions declared on it, in all.
    pub deducted: i64,
    /// `r`: arrived in all; for a recipient the word.
    pub arrived: Option<i64>,
    /// When it was last answered (stated time).
    pub answered_at: Option<Millis>,
    /// Deductions by code, in order of first use.
    pub deductions: Vec<(String, i64)>,
}

/// A hop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// Its place: the entry that opened it and its number there.
    pub id: HopId,
    /// What kind of pass it is.
    pub kind: HopKind,
    /// The sender; none for money that nobody sent.
    pub from: Option<PartyKey>,
    /// The receiver.
    pub to: PartyKey,
    /// The payment provider whose evidence counts, when the sender named one.
    pub via: Option<PartyKey>,
    /// The allocation whose money it carries.
    pub allocation: AllocationId,
    /// The token it was sent with; none for money that nobody sent.
    pub token: Option<TokenId>,
    /// `s`: sent, gross; 0 once reversed.
    pub sent: i64,
    /// What answers change: `f`, `r` and their times.
    pub figures: HopFigures,
    /// `q`: refused by the receiver or bounced by the bank.
    pub refused: i64,
    /// The part of `q` that the sender, being the bank itself, had back at once.
    pub bounced_home: i64,
    /// What the bank says was credited in all.
    pub credited: Option<i64>,
    /// When it was sent (stated time).
    pub sent_at: Millis,
    /// When it becomes overdue.
    pub due: Millis,
    /// The payment it is part of.
    pub payment: Option<String>,
    /// Another purpose than the allocation's.
    pub purpose: Option<String>,
    /// An earlier cycle that it pays for.
    pub for_cycle: Option<String>,
    /// Stated by an import, signed by neither side.
    pub reported: bool,
    /// Official quantity in millionths, from an import.
    pub official_quantity: Option<i64>,
    /// Verified quantity in millionths, from an import.
    pub verified_quantity: Option<i64>,
    /// Who is accountable for money on it.
    pub accountable: PartyKey,
    /// The area that money on it counts in; the receiver's, copied, for a delivery.
    pub area: AreaId,
    /// Made from the sender's balance (held, returned or confirmed money).
    pub from_balance: bool,
    /// How far it has come.
    pub state: HopState,
    /// Unspent tokens on it or delivered by it, in order of their making.
    pub live: Vec<TokenId>,
    /// The latest acknowledgement: its entry, and the figures before it.
    pub latest: Option<(u64, Box<HopFigures>)>,
    /// The entry that made this version of it.
    pub version: u64,
}

impl Hop {
    /// `s - r - f - q`; none while nothing has been answered. Negative when more came.
    pub fn shortfall(&self) -> Option<i64> {
        self.figures.arrived.map(|r| self.sent - r - self.figures.deducted - self.refused)
    }

    /// Whether all of it was refused or bounced before any answer.
    pub fn is_bounced_whole(&self) -> bool {
        self.refused > 0 && self.refused == self.sent - self.figures.deducted
    }

    /// Whether nothing came of it: reversed, or refused or bounced whole.
    pub fn is_void(&self) -> bool {
        self.state == HopState::Reversed || self.is_bounced_whole()
    }

    /// Whether rates may count it: answered, bounced whole, or overdue. What the bank booked in
    /// full waits for the recipient's word, however late.
    pub fn is_judged(&self, at: Millis) -> bool {
        let answered = self.figures.arrived.is_some() || self.is_bounced_whole();
        self.state != HopState::Reversed && (answered || (at > self.due && !self.is_booked_in_full()))
    }

    fn is_booked_in_full(&self) -> bool {
        self.credited.is_some_and(|credited| credited >= self.sent - self.figures.deducted - self.refused)
    }

    /// Whether nobody has answered: a reversal may still take it back.
    pub fn is_unanswered(&self) -> bool {
        self.state == HopState::Sent && self.refused == 0 && self.credited.is_none() && self.figures.arrived.is_none()
    }
}
