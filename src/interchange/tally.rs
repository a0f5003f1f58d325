//! What was odd in a file, and the sums to compare with another count of it.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Serialize, Serializer};

use super::bounds::ROUNDED_DECIMALS_MAX;
use super::control::ExactSum;
use super::mapping::Mapping;
use super::rejection::{RejectReason, Rejected};
use super::tracking::PurposeAmounts;

/// Counts of everything odd, none of it repaired. A *purpose-row* is one purpose of one row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Oddities {
    /// Data rows of the file.
    pub rows_read: u64,
    /// Lines of the file in which every cell is empty; they are no rows.
    pub blank_rows: u64,
    /// Rows that are taken in.
    pub rows: u64,
    /// Rows equal to an earlier row in every mapped column; they are kept like any other.
    pub repeats: u64,
    /// Purpose-rows taken in with more verified than official, those without official included.
    pub verified_above_official: u64,
    /// Purpose-rows taken in with nothing official but something verified.
    pub official_zero: u64,
    /// Purpose-rows without money; nothing is booked for them.
    pub both_zero: u64,
    /// Purpose-rows taken in where at most 100 is verified of more than 1,000: a percentage?
    pub looks_like_percentage: u64,
    /// Purpose-rows with an amount or quantity of too many decimals, whether rejected or rounded.
    pub too_many_decimals: u64,
    /// Amounts that were rounded, in purpose-rows taken in.
    pub rounded: u64,
    /// The sum of what rounding added to them, below zero where it took away, in whole currency
    /// units and exact; printed as text such as `-0.016`.
    #[serde(serialize_with = "as_text")]
    pub rounding_difference: Decimal,
    /// Faults of rejected rows by the code of their reason: one of the row itself, or one for each
    /// of its purposes at fault.
    pub rejected_by_reason: BTreeMap<&'static str, u64>,
}

/// The sums over what was taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Totals {
    /// Per purpose, in the order of the mapping.
    pub purposes: Vec<PurposeTotals>,
    /// Over all purposes.
    pub all: Sums,
}

/// The sums of one purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PurposeTotals {
    /// The purpose, such as `WAGE`.
    pub code: String,
    /// Its sums.
    pub sums: Sums,
}

/// Sums in minor units of the mapping's currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Purpose-rows taken in.
    pub purpose_rows: u64,
    /// What was officially spent.
    pub official_minor: i128,
    /// What was verified.
    pub verified_minor: i128,
}

impl Sums {
    /// Adds one purpose-row.
    pub fn add(&mut self, official_minor: i64, verified_minor: i64) {
        self.purpose_rows += 1;
        self.official_minor += i128::from(official_minor);
        self.verified_minor += i128::from(verified_minor);
    }
}

/// Counts and sums while a file is read.
pub(super) struct Tally {
    pub(super) oddities: Oddities,
    pub(super) totals: Totals,
    /// What rounding added to the amounts taken in.
    pub(super) rounding: Rounding,
    /// 10 to the power of the currency's decimals.
    one_minor: i64,
}

/// What rounding did to amounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rounding {
    /// How many were rounded.
    pub amounts: u64,
    /// What it added to the official ones.
    pub official: ExactSum,
    /// What it added to the verified ones.
    pub verified: ExactSum,
}

impl Tally {
    pub(super) fn new(mapping: &Mapping) -> Self {
        let purpose = |code: &String| PurposeTotals { code: code.clone(), sums: Sums::default() };
        Self {
            oddities: Oddities::default(),
            totals: Totals { purposes: mapping.codes.iter().map(purpose).collect(), all: Sums::default() },
            rounding: Rounding::default(),
            one_minor: 10_i64.pow(u32::from(mapping.minor_digits)),
        }
    }

    pub(super) fn reject(&mut self, rejected: &Rejected) {
        let code = rejected.reason.code();
        *self.oddities.rejected_by_reason.entry(code).or_default() += 1;
        if rejected.reason == RejectReason::TooManyDecimals {
            self.oddities.too_many_decimals += 1;
        }
    }

    /// Takes in one purpose-row.
    pub(super) fn accept(&mut self, amounts: &PurposeAmounts) {
        let (official_minor, verified_minor) = (amounts.official_minor, amounts.verified_minor);
        let rounding = amounts.rounding;
        self.totals.all.add(official_minor, verified_minor);
        let purpose = self.totals.purposes.iter_mut().find(|purpose| purpose.code == amounts.code);
        purpose.expect("the codes are the mapping's").sums.add(official_minor, verified_minor);
        let percentage = 1..=100 * self.one_minor;
        let oddities = &mut self.oddities;
        oddities.verified_above_official += u64::from(verified_minor > official_minor);
        oddities.official_zero += u64::from(official_minor == 0 && verified_minor > 0);
        oddities.both_zero += u64::from(official_minor == 0 && verified_minor == 0);
        oddities.looks_like_percentage +=
            u64::from(percentage.contains(&verified_minor) && official_minor > 1_000 * self.one_minor);
        oddities.too_many_decimals += u64::from(rounding.amounts > 0);
        oddities.rounded += rounding.amounts;
        let all = &mut self.rounding;
        all.amounts += rounding.amounts;
        all.official.0 += rounding.official.0;
        all.verified.0 += rounding.verified.0;
        let scale = u32::try_from(ROUNDED_DECIMALS_MAX).expect("a small constant");
        oddities.rounding_difference = Decimal::try_from_i128_with_scale(all.official.0 + all.verified.0, scale)
            .expect("each adds at most half a unit: ten thousand million of them fit 28 digits")
            .normalize();
    }
}

fn as_text<S: Serializer>(decimal: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(decimal)
}
