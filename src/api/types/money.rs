//! Amounts with their currency.

use async_graphql::SimpleObject;

use crate::api::scalar::{CurrencyCode, Decimal};
use crate::ledger::money::Currency;

/// An amount of money in one currency. Added in 0.1.0.
#[derive(Clone, Debug, PartialEq, Eq, SimpleObject)]
pub struct Money {
    /// The amount, with as many decimals as the currency has; negative only where said.
    pub amount: Decimal,
    /// The currency.
    pub currency: CurrencyCode,
}

impl Money {
    /// Minor units of a currency.
    pub fn of(minor: impl Into<i128>, currency: Currency) -> Self {
        Self { amount: Decimal::of_minor(minor.into(), currency), currency: CurrencyCode(currency) }
    }
}
