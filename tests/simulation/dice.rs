//! Dice: every choice of a run, drawn from its seed.

use store::random::{Random, SeededRandom};

/// A seeded source of choices.
pub struct Dice(SeededRandom);

impl Dice {
    /// The choices of one seed.
    pub fn new(seed: u64) -> Self {
        Self(SeededRandom::new(seed))
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0.next_u64() % bound.max(1)
    }

    /// A number from `low` up to `high`, both included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// A duration in milliseconds between the two, short ones as likely as long ones.
    pub fn wait_ms(&mut self, low: u64, high: u64) -> i64 {
        let span = (high / low.max(1)).max(1).ilog2() + 1;
        let scale = low.max(1) << self.below(u64::from(span));
        signed(self.between(scale.min(high), (scale * 2).min(high)))
    }

    /// True in so many of a hundred.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// The place of one item among `len`.
    pub fn place(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).unwrap_or(0)
    }

    /// One of the items.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.place(items.len()))
    }

    /// A source of its own for another part.
    pub fn split(&mut self) -> SeededRandom {
        SeededRandom::new(self.0.next_u64())
    }
}

impl Random for Dice {
    fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill(bytes);
    }
}

/// As a signed number; what does not fit is as large as it gets.
pub fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// As an unsigned number; what is below zero is zero.
pub fn unsigned(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}
