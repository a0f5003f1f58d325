//! Moments and deadlines: milliseconds since the Unix epoch, given from outside.

use std::fmt;

use chrono::{DateTime, Datelike as _, NaiveDate, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

/// Milliseconds in a day.
pub const DAY_MS: i64 = 86_400_000;

/// A moment in milliseconds since the Unix epoch, printed `2026-11-21T07:00:00.000Z`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Millis(pub i64);

impl Millis {
    /// Before every other moment.
    pub const MIN: Self = Self(i64::MIN);
    /// After every other moment.
    pub const MAX: Self = Self(i64::MAX);

    /// Reads RFC 3339 text of any offset and precision; `None` when it is not a moment.
    pub fn parse(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc3339(text).ok().map(|t| Self(t.timestamp_millis()))
    }

    /// The moment `ms` later, stopping at the ends of the range.
    pub fn plus(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// The last millisecond of the day, at a fixed UTC offset, that lies `days` after this
    /// moment: the due time of `ledger-semantics`, section "Time".
    pub fn end_of_day(self, days: u16, utc_offset_minutes: i16) -> Self {
        let offset = i64::from(utc_offset_minutes) * 60_000;
        let day = self.0.saturating_add(offset).div_euclid(DAY_MS);
        let next_midnight = day.saturating_add(i64::from(days) + 1).saturating_mul(DAY_MS);
        Self(next_midnight.saturating_sub(offset).saturating_sub(1))
    }

    /// The date at a fixed UTC offset; none far outside the years that print.
    pub fn date(self, utc_offset_minutes: i16) -> Option<NaiveDate> {
        let local = self.plus(i64::from(utc_offset_minutes) * 60_000);
        DateTime::<Utc>::from_timestamp_millis(local.0).map(|at| at.date_naive())
    }

    /// The last millisecond of a date at a fixed UTC offset.
    pub fn end_of(date: NaiveDate, utc_offset_minutes: i16) -> Self {
        let midnight = date.and_hms_opt(0, 0, 0).expect("midnight exists on every day").and_utc().timestamp_millis();
        Self(midnight - i64::from(utc_offset_minutes) * 60_000 + DAY_MS - 1)
    }

    /// Noon UTC of a date: the moment given to facts of which a document names the day only.
    pub fn noon(date: NaiveDate) -> Self {
        Self(date.and_hms_opt(12, 0, 0).expect("noon exists on every day").and_utc().timestamp_millis())
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match DateTime::<Utc>::from_timestamp_millis(self.0) {
            Some(t) => f.write_str(&t.to_rfc3339_opts(SecondsFormat::Millis, true)),
            None => write!(f, "{} ms", self.0),
        }
    }
}

/// Reads a day in its one form, `YYYY-MM-DD`; `None` when it is another text or no day.
pub fn read_day(text: &str) -> Option<NaiveDate> {
    let day: NaiveDate = text.parse().ok()?;
    (has_four_digit_year(day) && day.to_string() == text).then_some(day)
}

/// Whether a day lies in the years 0000 to 9999, which alone print with four digits.
pub fn has_four_digit_year(day: NaiveDate) -> bool {
    (0..=9999).contains(&day.year())
}

/// A payment period of a programme: a label with its first and last day.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Cycle {
    /// The first day, inclusive.
    pub first_day: NaiveDate,
    /// The label, such as `2026-11`.
    pub label: String,
    /// The last day, inclusive.
    pub last_day: NaiveDate,
}
