//! Chance that can be repeated: everything that is made up follows from the seed.

use uuid::Uuid;

use crate::chain::digest::Digest;
use crate::ledger::note::PersonDigest;
use crate::ledger::time::Millis;

/// A sequence of numbers that looks random (SplitMix64; Steele, Lea and Flood, 2014).
#[derive(Clone, Debug)]
pub struct Random {
    seed: u64,
    state: u64,
}

impl Random {
    /// The sequence that belongs to a seed.
    pub fn new(seed: u64) -> Self {
        Self { seed, state: seed }
    }

    fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `low` on, below `low + span`; `low` when the span is not above 0.
    pub fn between(&mut self, low: i64, span: i64) -> i64 {
        let span = u64::try_from(span).unwrap_or(0).max(1);
        low + i64::try_from(self.number() % span).expect("it is below a span of 63 bits")
    }

    /// Puts a list into some order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            let with = self.between(0, i64::try_from(last + 1).unwrap_or(i64::MAX));
            list.swap(last, usize::try_from(with).expect("it is not below 0"));
        }
    }

    /// The digest of somebody or something that is called so in the world of this seed.
    pub fn digest(&self, what: &str) -> PersonDigest {
        let parts = [b"aqueduct/simulation/v1\0".as_slice(), &self.seed.to_be_bytes(), what.as_bytes()];
        PersonDigest(Digest::of_parts(&parts).0)
    }

    /// A public id that is derived from a name (UUIDv8: RFC 9562, section 5.8).
    pub fn id(&self, what: &str) -> Uuid {
        Uuid::new_v8(self.digest(what).0[..16].try_into().expect("a digest has 32 bytes"))
    }

    /// The id of the `number`-th operation, made at a moment (UUIDv7).
    pub fn operation(&self, number: u64, at: Millis) -> Uuid {
        let bytes = self.digest(&format!("operation {number}")).0;
        let random = bytes[..10].try_into().expect("a digest has 32 bytes");
        uuid::Builder::from_unix_timestamp_millis(u64::try_from(at.0).unwrap_or(0), random).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_the_published_one() {
        let mut random = Random::new(1_234_567);
        assert_eq!([random.number(), random.number()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
    }

    #[test]
    fn an_order_keeps_everybody() {
        let mut list: Vec<u32> = (0..50).collect();
        Random::new(7).shuffle(&mut list);
        assert_ne!(list, (0..50).collect::<Vec<_>>());
        list.sort_unstable();
        assert_eq!(list, (0..50).collect::<Vec<_>>());
    }
}
