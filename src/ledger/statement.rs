//! The loss statement, and the rates that are read from it.
//!
//! Every figure is a sum of unspent tokens or of hops, for any set of money and any moment.
//! Sums are 128 bits wide, so that no grouping can overflow.

use rust_decimal::Decimal;

use super::hop::Hop;
use super::money::ratio;
use super::time::Millis;
use super::token::{HopKind, Origin, Token, TokenState};

/// The partition of a set of money, in minor units of one currency:
/// `allocated + surplus = held + in transit + overdue + booked + confirmed + deducted +
/// returned + disputed + unaccounted`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statement {
    /// Unspent tokens whose money an allocation made.
    pub allocated: i128,
    /// Unspent tokens whose money was stated above what was sent.
    pub surplus: i128,
    /// With a party.
    pub held: i128,
    /// Sent, not answered, not yet due.
    pub in_transit: i128,
    /// Sent, not answered, past due.
    pub overdue: i128,
    /// Credited, says the bank; or a dispute dismissed.
    pub booked: i128,
    /// Received, says the recipient or end payee.
    pub confirmed: i128,
    /// Lawfully deducted.
    pub deducted: i128,
    /// Back at the treasury.
    pub returned: i128,
    /// Not received, says the recipient.
    pub disputed: i128,
    /// Missing.
    pub unaccounted: i128,
    /// The part of the judged classes whose money an allocation made: the denominator of the
    /// narrow rate.
    pub judged_allocated: i128,
}

impl Statement {
    /// Adds an unspent token.
    pub fn add_token(&mut self, token: &Token, at: Millis) {
        self.add(token.origin, token.state, token.is_overdue(at), i128::from(token.amount));
    }

    /// Adds an amount of unspent tokens of one origin and state.
    pub fn add(&mut self, origin: Origin, state: TokenState, overdue: bool, amount: i128) {
        match origin {
            Origin::Allocation => self.allocated += amount,
            Origin::Surplus => self.surplus += amount,
        }
        let class = match state {
            TokenState::Held => &mut self.held,
            TokenState::InTransit if overdue => &mut self.overdue,
            TokenState::InTransit => &mut self.in_transit,
            TokenState::Booked => &mut self.booked,
            TokenState::Confirmed => &mut self.confirmed,
            TokenState::Deducted => &mut self.deducted,
            TokenState::Returned => &mut self.returned,
            TokenState::Disputed => &mut self.disputed,
            TokenState::Missing => &mut self.unaccounted,
        };
        *class += amount;
        let waiting = matches!(state, TokenState::Held | TokenState::Booked);
        if origin == Origin::Allocation && !waiting && (state != TokenState::InTransit || overdue) {
            self.judged_allocated += amount;
        }
    }

    /// Whether both sides are equal.
    pub fn closes(&self) -> bool {
        let classes = [
            self.held,
            self.in_transit,
            self.overdue,
            self.booked,
            self.confirmed,
            self.deducted,
            self.returned,
            self.disputed,
            self.unaccounted,
        ];
        self.allocated + self.surplus == classes.iter().sum::<i128>()
    }

    /// The narrow rate of a stock of money:
    /// `1 - (confirmed + deducted + returned) / (judged money that an allocation made)`.
    pub fn narrow_rate(&self) -> Option<Decimal> {
        let good = self.confirmed + self.deducted + self.returned;
        ratio(self.judged_allocated - good, self.judged_allocated)
    }

    /// The broad rate: of what people were entitled to by then, `1 - confirmed / entitled`.
    pub fn broad_rate(&self, entitled: i128) -> Option<Decimal> {
        ratio(entitled - self.confirmed, entitled)
    }
}

/// Sums over hops.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HopSums {
    /// Sum of `s - r - f - q` over answered hops; may be negative.
    pub loss: i128,
    /// Sum of `s` over judged transfers and deliveries.
    pub judged_sent: i128,
    /// Sum of `r + f + q` over the same.
    pub judged_good: i128,
    /// Net `s - f - q` of deliveries with a word or an end payee's acknowledgement.
    pub answered: i128,
    /// The same, and booked or overdue deliveries.
    pub answerable: i128,
    /// Official money and quantity of deliveries that state quantities, in minor units and
    /// millionths; and the verified ones.
    pub quantities: Quantities,
    /// Sum of `s` over all hops.
    pub sent: i128,
    /// Sum of `r` over answered hops.
    pub arrived: i128,
    /// Sum of `f` over all hops.
    pub deducted: i128,
    /// Sum of `q` over all hops.
    pub refused: i128,
    /// How many deliveries were answered.
    pub answers: i128,
}

/// What the split of a loss is computed from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quantities {
    /// `O`: official money.
    pub official: i128,
    /// `V`: verified money.
    pub verified: i128,
    /// `n̂`: official quantity in millionths.
    pub official_quantity: i128,
    /// `n`: verified quantity in millionths.
    pub verified_quantity: i128,
    /// Deliveries that lack a quantity: with any, there is no split.
    pub lacking: i128,
}

impl HopSums {
    /// Adds a hop as it stands at a moment.
    pub fn add_hop(&mut self, hop: &Hop, at: Millis) {
        self.loss += i128::from(hop.shortfall().unwrap_or(0));
        self.sent += i128::from(hop.sent);
        self.arrived += i128::from(hop.figures.arrived.unwrap_or(0));
        self.deducted += i128::from(hop.figures.deducted);
        self.refused += i128::from(hop.refused);
        if matches!(hop.kind, HopKind::Transfer | HopKind::Delivery) && hop.is_judged(at) {
            let good = hop.figures.arrived.unwrap_or(0) + hop.figures.deducted + hop.refused;
            self.judged_sent += i128::from(hop.sent);
            self.judged_good += i128::from(good);
        }
        if hop.kind == HopKind::Delivery {
            self.add_delivery(hop, at);
        }
    }

    fn add_delivery(&mut self, hop: &Hop, at: Millis) {
        let net = i128::from(hop.sent - hop.figures.deducted - hop.refused);
        let answered = hop.figures.arrived.is_some();
        if answered {
            self.answers += 1;
            self.answered += net;
        }
        if answered || hop.credited.is_some_and(|x| x > 0) || at > hop.due {
            self.answerable += net;
        }
        if let Some(verified) = hop.figures.arrived {
            let q = &mut self.quantities;
            q.official += i128::from(hop.sent);
            q.verified += i128::from(verified);
            match (hop.official_quantity, hop.verified_quantity) {
                (Some(official), Some(verified)) => {
                    q.official_quantity += i128::from(official);
                    q.verified_quantity += i128::from(verified);
                }
                _ => q.lacking += 1,
            }
        }
    }

    /// What was sent and has no answer yet: of hops without an `r`, `s - f - q`.
    pub fn unanswered(&self) -> i128 {
        self.sent - self.arrived - self.deducted - self.refused - self.loss
    }

    /// The narrow rate of passes of hands: `1 - sum(r + f + q) / sum(s)` over judged ones.
    pub fn narrow_rate(&self) -> Option<Decimal> {
        ratio(self.judged_sent - self.judged_good, self.judged_sent)
    }

    /// The share of money to recipients that they confirmed or refuted.
    pub fn coverage(&self) -> Option<Decimal> {
        ratio(self.answered, self.answerable)
    }
}

impl Quantities {
    /// Underpayment and over-reporting (Niehaus and Sukhtankar 2013) in minor units:
    /// `p = O * n / n̂`, rounded once, half to even; `p - V` and `O - p`.
    pub fn split(&self) -> Option<(i128, i128)> {
        if self.lacking > 0 || self.official_quantity == 0 {
            return None;
        }
        let product = self.official.checked_mul(self.verified_quantity)?;
        let due = half_even(product, self.official_quantity);
        Some((due - self.verified, self.official - due))
    }
}

/// `numerator / denominator` to the nearest integer, ties to even; the denominator is above 0.
fn half_even(numerator: i128, denominator: i128) -> i128 {
    let (floor, rest) = (numerator.div_euclid(denominator), numerator.rem_euclid(denominator));
    match (rest * 2).cmp(&denominator) {
        std::cmp::Ordering::Less => floor,
        std::cmp::Ordering::Greater => floor + 1,
        std::cmp::Ordering::Equal => floor + floor.rem_euclid(2),
    }
}
