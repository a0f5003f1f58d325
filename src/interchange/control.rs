//! Control totals: what a file says in all, added up from its cells alone and apart from how rows
//! are judged, so that what was taken in and what was rejected must come to it.

use std::fmt;

use serde::{Serialize, Serializer};

use super::amount::{NumberForm, read_exact};
use super::bounds::ROUNDED_DECIMALS_MAX;

/// A sum in 10^-18 of a currency unit, exact. Printed without zeros at its end: `1250.5`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExactSum(pub i128);

/// Counts and sums of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Control {
    /// Rows.
    pub rows: u64,
    /// Purposes of rows.
    pub purpose_rows: u64,
    /// Rows with another number of fields than the header, of which nobody can say which field is
    /// an amount: none of theirs is in any sum or count but that of rows.
    pub wrong_width_rows: u64,
    /// The official amounts, as far as they can be read.
    pub official: ExactSum,
    /// The verified amounts, as far as they can be read.
    pub verified: ExactSum,
    /// Amounts that are no numbers, or larger than any amount; they are in no sum.
    pub unreadable_amounts: u64,
}

impl ExactSum {
    /// Minor units of a currency with so many decimals.
    pub fn of_minor(minor: i128, minor_digits: u8) -> Option<Self> {
        let places = ROUNDED_DECIMALS_MAX.checked_sub(usize::from(minor_digits))?;
        let unit = 10_i128.checked_pow(u32::try_from(places).ok()?)?;
        minor.checked_mul(unit).map(Self)
    }

    /// The sum with another.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }
}

impl Control {
    /// Adds one row of which these are the pairs of official and verified cells; false when the
    /// sums are too large.
    pub(super) fn add_row<'a>(&mut self, form: NumberForm, pairs: impl Iterator<Item = (&'a str, &'a str)>) -> bool {
        let mut row = Self { rows: 1, ..Self::default() };
        for (official, verified) in pairs {
            row.purpose_rows += 1;
            for (sum, cell) in [(&mut row.official, official), (&mut row.verified, verified)] {
                match read_exact(cell, form).and_then(|amount| sum.checked_add(ExactSum(amount))) {
                    Some(with) => *sum = with,
                    None => row.unreadable_amounts += 1,
                }
            }
        }
        self.add(&row)
    }

    /// Adds all of another; false when the sums are too large.
    pub fn add(&mut self, other: &Self) -> bool {
        let sums = self.official.checked_add(other.official).zip(self.verified.checked_add(other.verified));
        let Some((official, verified)) = sums else { return false };
        *self = Self {
            rows: self.rows + other.rows,
            purpose_rows: self.purpose_rows + other.purpose_rows,
            wrong_width_rows: self.wrong_width_rows + other.wrong_width_rows,
            official,
            verified,
            unreadable_amounts: self.unreadable_amounts + other.unreadable_amounts,
        };
        true
    }
}

impl fmt::Display for ExactSum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:0>1$}", self.0.unsigned_abs(), ROUNDED_DECIMALS_MAX + 1);
        let (whole, fraction) = digits.split_at(digits.len() - ROUNDED_DECIMALS_MAX);
        let fraction = fraction.trim_end_matches('0');
        let sign = if self.0 < 0 { "-" } else { "" };
        match fraction.is_empty() {
            true => write!(f, "{sign}{whole}"),
            false => write!(f, "{sign}{whole}.{fraction}"),
        }
    }
}

impl Serialize for ExactSum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
