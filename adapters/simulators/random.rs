//! A small seeded sequence of numbers (SplitMix64), so that a run can be repeated.

/// Seeded generator; not for secrets.
#[derive(Clone, Debug)]
pub struct Sequence(u64);

impl Sequence {
    /// Starts the sequence that belongs to `seed`.
    pub fn new(seed: u64) -> Sequence {
        Sequence(seed)
    }

    /// The next number.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `bound`; 0 when `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.next_u64() % bound }
    }

    /// True with probability `p`.
    pub fn chance(&mut self, p: f64) -> bool {
        // 32 bits are exact in f64 and fine enough for a fault's share.
        let share = f64::from(u32::try_from(self.next_u64() >> 32).unwrap_or(u32::MAX)) / f64::from(u32::MAX);
        share < p
    }

    /// One of `choices`, or `None` when there are none.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        let index = usize::try_from(self.below(u64::try_from(choices.len()).ok()?)).ok()?;
        choices.get(index)
    }
}
