//! Tokens: exact amounts of one allocation's money, each in one place.

use super::ids::{AllocationId, AreaId, HopId, PartyKey, TokenId};
use super::registry::names;
use super::time::Millis;
use serde::{Deserialize, Serialize};

names! {
    /// Where a unit came from.
    Origin {
        /// An allocation.
        Allocation = "ALLOCATION",
        /// Somebody acknowledged, confirmed or booked more than was sent.
        Surplus = "SURPLUS",
    }
    /// The state of an unspent token: where its money is.
    TokenState {
        /// With a party.
        Held = "HELD",
        /// Back at the treasury that allocated it.
        Returned = "RETURNED",
        /// On a hop.
        InTransit = "IN_TRANSIT",
        /// Credited, says the bank; or a dispute was dismissed.
        Booked = "BOOKED",
        /// Received, says the recipient or end payee.
        Confirmed = "CONFIRMED",
        /// Not received, says the recipient.
        Disputed = "DISPUTED",
        /// Lawfully deducted.
        Deducted = "DEDUCTED",
        /// Not accounted for.
        Missing = "MISSING",
    }
    /// Why money is missing.
    MissingReason {
        /// Less arrived than was sent.
        Shortfall = "SHORTFALL",
        /// A deduction off the schedule or above its cap.
        Deduction = "DEDUCTION",
        /// A dispute was upheld.
        Upheld = "UPHELD",
        /// Declared lost.
        Lost = "LOST",
    }
    /// Whose statement made a surplus.
    Claim {
        /// An acknowledgement.
        Arrival = "ARRIVAL",
        /// A recipient's word.
        Word = "WORD",
        /// A bank's evidence.
        Bank = "BANK",
    }
    /// What kind of pass of hands a hop is.
    HopKind {
        /// Between parties.
        Transfer = "TRANSFER",
        /// To a recipient or end payee.
        Delivery = "DELIVERY",
        /// Back upstream.
        Return = "RETURN",
        /// Missing money paid back to the treasury.
        Recovery = "RECOVERY",
    }
    /// How far a hop has come.
    HopState {
        /// Nothing is known of its arrival.
        Sent = "SENT",
        /// A bank says it was credited.
        Booked = "BOOKED",
        /// Answered; nothing is missing.
        Acknowledged = "ACKNOWLEDGED",
        /// Some of it is missing.
        Short = "SHORT",
        /// Some of it is disputed.
        Disputed = "DISPUTED",
        /// All of it was refused or bounced.
        Returned = "RETURNED",
        /// Reversed: it counts as nothing.
        Reversed = "REVERSED",
    }
}

/// A token. Its amount, allocation and place never change; it is unspent, then spent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its place: the entry that made it, and the order in which that entry made it.
    pub id: TokenId,
    /// The allocation whose money it is.
    pub allocation: AllocationId,
    /// Minor units, above zero.
    pub amount: i64,
    /// Where the money came from, inherited.
    pub origin: Origin,
    /// Where the money is.
    pub state: TokenState,
    /// Why it is missing; only when it is.
    pub reason: Option<MissingReason>,
    /// Whose statement made this surplus; only until it moves on.
    pub claim: Option<Claim>,
    /// Missing money that was written off; it stays unaccounted.
    pub written_off: bool,
    /// The party or recipient that has or kept it; none when it is on its hop.
    pub holder: Option<PartyKey>,
    /// The last hop it came by, or is on.
    pub hop: Option<HopId>,
    /// The kind of that hop.
    pub hop_kind: Option<HopKind>,
    /// The token it was made from.
    pub parent: Option<TokenId>,
    /// The last party that signed for holding it.
    pub accountable: PartyKey,
    /// The area it counts in.
    pub area: AreaId,
    /// When it becomes overdue; only in transit.
    pub due: Option<Millis>,
    /// The entry that consumed it.
    pub spent_by: Option<u64>,
}

impl Token {
    /// Whether it is in transit past its due time.
    pub fn is_overdue(&self, at: Millis) -> bool {
        self.state == TokenState::InTransit && self.due.is_some_and(|due| at > due)
    }

    /// Whether a later arrival can still explain it: missing, but not by a deduction.
    pub fn is_findable(&self) -> bool {
        self.state == TokenState::Missing && self.reason != Some(MissingReason::Deduction)
    }
}
