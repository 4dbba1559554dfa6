//! Schedules of faults that a seed names, so that one which failed can be run again.

/// A small generator (splitmix64).
#[derive(Debug)]
pub struct Chance(u64);

impl Chance {
    /// The schedule with this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    /// From 0 to before `end`, which is not 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % end
    }
}

/// The seeds to run: `WARIFU_SCHEDULES` says how many, or there are `count`; `WARIFU_SEED` says the first, or it is 1.
///
/// # Panics
/// If one of them is no number.
#[must_use]
pub fn schedules(count: u64) -> std::ops::Range<u64> {
    let read =
        |name: &str, otherwise: u64| std::env::var(name).map_or(otherwise, |text| text.parse().expect("a number"));
    let first = read("WARIFU_SEED", 1);
    first..first + read("WARIFU_SCHEDULES", count)
}
