//! Numbers that look random and are the same on each run.

/// The generator SplitMix64. Its seed is printed, so a failure tells it, and
/// `AQUEDUCT_SEED` gives it again.
pub struct Random(u64);

impl Random {
    pub fn new(test: &str) -> Random {
        let seed = match std::env::var("AQUEDUCT_SEED") {
            Ok(text) => text.parse().expect("AQUEDUCT_SEED is a number"),
            Err(_) => 20_261_121,
        };
        println!("{test}: AQUEDUCT_SEED={seed}");
        Random(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below the bound.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}
