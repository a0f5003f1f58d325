//! The loss statement.

use async_graphql::Object;

use crate::ledger::money::Currency;
use crate::ledger::statement;

use super::money::Money;

/// Where a set of money is at one moment. Both sides are always equal: `allocated + surplus =
/// held + inTransit + overdue + booked + confirmed + deducted + returned + disputed +
/// unaccounted`. All in one currency. Added in 0.1.0.
pub struct Statement {
    currency: Currency,
    of: statement::Statement,
}

impl Statement {
    /// A statement in a currency.
    pub fn new(currency: Currency, of: statement::Statement) -> Self {
        Self { currency, of }
    }

    fn money(&self, minor: i128) -> Money {
        Money::of(minor, self.currency)
    }
}

/// Where a set of money is at one moment. Both sides are always equal: `allocated + surplus =
/// held + inTransit + overdue + booked + confirmed + deducted + returned + disputed +
/// unaccounted`. All in one currency. Added in 0.1.0.
#[Object]
impl Statement {
    /// Money that an allocation made.
    async fn allocated(&self) -> Money {
        self.money(self.of.allocated)
    }

    /// Money that somebody stated above what was sent.
    async fn surplus(&self) -> Money {
        self.money(self.of.surplus)
    }

    /// With a party that has not passed it on.
    async fn held(&self) -> Money {
        self.money(self.of.held)
    }

    /// Sent, not answered, not yet due.
    async fn in_transit(&self) -> Money {
        self.money(self.of.in_transit)
    }

    /// Sent, not answered, past due.
    async fn overdue(&self) -> Money {
        self.money(self.of.overdue)
    }

    /// Credited, says the bank; or a dispute was dismissed. Not confirmed by the recipient.
    async fn booked(&self) -> Money {
        self.money(self.of.booked)
    }

    /// Received, says the recipient or end payee.
    async fn confirmed(&self) -> Money {
        self.money(self.of.confirmed)
    }

    /// Deducted lawfully: on the programme's schedule and within its caps.
    async fn deducted(&self) -> Money {
        self.money(self.of.deducted)
    }

    /// Back at the treasury.
    async fn returned(&self) -> Money {
        self.money(self.of.returned)
    }

    /// Not received, says the recipient; not decided yet.
    async fn disputed(&self) -> Money {
        self.money(self.of.disputed)
    }

    /// Missing: short arrivals, deductions off the schedule, disputes upheld, losses declared.
    async fn unaccounted(&self) -> Money {
        self.money(self.of.unaccounted)
    }
}
