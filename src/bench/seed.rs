//! Everything that is made up: the same seed makes up the same books, but for the keys and the
//! times, which must be of now.

use std::time::{SystemTime, UNIX_EPOCH};

use uuid::{Builder, Uuid};

/// A sequence of numbers that looks random (SplitMix64; Steele, Lea and Flood, 2014).
#[derive(Clone, Debug)]
pub struct Seed {
    state: u64,
    /// From which the salts of lines are made.
    pub salt_key: [u8; 32],
}

impl Seed {
    /// The sequence that belongs to a number.
    pub fn new(seed: u64) -> Self {
        Self { state: seed, salt_key: [7; 32] }
    }

    /// A sequence of its own for a part of the work, so that parts can be made side by side.
    pub fn branch(&mut self) -> Self {
        Self { state: self.number(), salt_key: self.salt_key }
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `low` on, below `low + span`.
    pub fn between(&mut self, low: u64, span: u64) -> u64 {
        low + self.number() % span
    }

    /// A public id made now: of an operation, a party or an officer.
    pub fn id(&mut self) -> Uuid {
        Builder::from_unix_timestamp_millis(now_ms(), &self.ten_bytes()).into_uuid()
    }

    fn ten_bytes(&mut self) -> [u8; 10] {
        let mut bytes = [0; 10];
        bytes[..8].copy_from_slice(&self.number().to_le_bytes());
        bytes[8..].copy_from_slice(&self.number().to_le_bytes()[..2]);
        bytes
    }
}

/// The system's clock.
fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_the_published_one() {
        let mut seed = Seed::new(1_234_567);
        assert_eq!([seed.number(), seed.number()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
    }
}
