//! One figure and what it is compared with; how many samples become one figure.
//!
//! Floating point is for durations and rates alone: no amount of money is ever one.

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

/// One figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurement {
    /// What was measured, such as `operations p99`.
    pub name: String,
    /// At which size, such as `64 connections`.
    pub size: String,
    /// The figure.
    pub value: f64,
    /// Its unit, such as `operations/s`.
    pub unit: &'static str,
    /// The yardstick from the same run and in the same unit, where there is one.
    pub limit: Option<f64>,
}

impl Measurement {
    /// A figure without a yardstick.
    pub fn new(name: impl Into<String>, size: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self { name: name.into(), size: size.into(), value, unit, limit: None }
    }

    /// The same with its yardstick.
    pub fn against(self, limit: f64) -> Self {
        Self { limit: Some(limit), ..self }
    }

    /// The figure over its yardstick.
    pub fn ratio(&self) -> Option<f64> {
        self.limit.filter(|limit| *limit > 0.0).map(|limit| self.value / limit)
    }

    /// As JSON: `name`, `size`, `value`, `unit`, `limit`, `ratio`.
    pub fn as_json(&self) -> Value {
        json!({
            "name": self.name,
            "size": self.size,
            "value": rounded(self.value),
            "unit": self.unit,
            "limit": self.limit.map(rounded),
            "ratio": self.ratio().map(rounded),
        })
    }
}

/// In one line, such as `trace p50, 1000000 hops: 1.75 ms`.
impl fmt::Display for Measurement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}: {} {}", self.name, self.size, rounded(self.value), self.unit)
    }
}

/// To three decimals: more would only be noise.
pub fn rounded(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

/// A count and the time it took, as a rate a second.
pub fn rate(count: u64, elapsed: Duration) -> f64 {
    // No count here comes near 2^53.
    count as f64 / elapsed.as_secs_f64().max(f64::EPSILON)
}

/// Bytes as megabytes.
pub fn megabytes(bytes: u64) -> f64 {
    // No file and no memory comes near 2^53 bytes.
    bytes as f64 / 1e6
}

/// How long each of many requests took.
#[derive(Clone, Debug, Default)]
pub struct Latencies(Vec<u64>);

impl Latencies {
    /// Takes one, in nanoseconds.
    pub fn take(&mut self, latency: Duration) {
        self.0.push(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Takes all of others.
    pub fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The latency that so many of a thousand do not pass, in milliseconds; 0 without samples.
    pub fn at_ms(&self, per_mille: usize) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * per_mille).div_ceil(1_000).saturating_sub(1);
        // Nanoseconds of minutes stay far below 2^53.
        sorted.get(rank).map_or(0.0, |ns| *ns as f64 / 1e6)
    }
}

/// The middle of several windows; 0 of none.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len().saturating_sub(1) / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_samples_and_not_between_them() {
        let mut latencies = Latencies::default();
        for ms in (1..=100).rev() {
            latencies.take(Duration::from_millis(ms));
        }
        assert_eq!((latencies.at_ms(500), latencies.at_ms(990), latencies.at_ms(1_000)), (50.0, 99.0, 100.0));
        assert_eq!(Latencies::default().at_ms(500), 0.0);
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
    }

    #[test]
    fn a_ratio_needs_a_yardstick() {
        let bare = Measurement::new("batch", "8000 outputs", 50.0, "outputs/s");
        assert_eq!(bare.as_json()["ratio"], Value::Null);
        assert_eq!(bare.against(200.0).as_json()["ratio"], 0.25);
    }
}
