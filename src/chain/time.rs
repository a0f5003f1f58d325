//! Moments: milliseconds since the Unix epoch, with one printed form.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment in milliseconds since the Unix epoch, within the years 0000 to
/// 9999, printed as RFC 3339 text in UTC: `2026-11-21T07:00:00.000Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// The text is not a moment in the one accepted form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a moment is written in UTC with milliseconds, like 2026-11-21T07:00:00.000Z")]
pub struct MalformedTime;

impl Timestamp {
    /// `0000-01-01T00:00:00.000Z`, the first moment that four digits can name.
    pub const FIRST: Timestamp = Timestamp(-62_167_219_200_000);

    /// `9999-12-31T23:59:59.999Z`, the last one.
    pub const LAST: Timestamp = Timestamp(253_402_300_799_999);

    /// The moment so many milliseconds after the Unix epoch; none outside the
    /// years 0000 to 9999.
    pub const fn from_millis(millis: i64) -> Option<Timestamp> {
        if millis < Timestamp::FIRST.0 || millis > Timestamp::LAST.0 {
            return None;
        }
        Some(Timestamp(millis))
    }

    /// Milliseconds since the Unix epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = DateTime::<Utc>::from_timestamp_millis(self.0)
            .expect("the years 0000 to 9999 are within the library's range");
        f.write_str(&moment.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

impl FromStr for Timestamp {
    type Err = MalformedTime;

    fn from_str(text: &str) -> Result<Timestamp, MalformedTime> {
        let moment = DateTime::parse_from_rfc3339(text).map_err(|_| MalformedTime)?;
        let moment = Timestamp::from_millis(moment.timestamp_millis()).ok_or(MalformedTime)?;
        // Other offsets, other precisions and leap seconds print differently.
        if moment.to_string() != text {
            return Err(MalformedTime);
        }
        Ok(moment)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
