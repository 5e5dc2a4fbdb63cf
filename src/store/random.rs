//! Where randomness comes from: one trait, the operating system's source, and a seeded one for tests and simulation.

use getrandom::fill as fill_from_system;

/// A source of random bytes that the caller passes in, so that the simulation can replay a run.
pub trait Random: Send {
    /// Fills the whole of `bytes`.
    fn fill(&mut self, bytes: &mut [u8]);
}

/// The operating system's source; the only one fit for keys and nonces in production.
#[derive(Debug, Default, Clone, Copy)]
pub struct OsRandom;

impl Random for OsRandom {
    /// Ends the process when the system has no randomness to give: a key or nonce made without it would betray everything sealed with it.
    #[allow(clippy::disallowed_methods, reason = "this is the one implementation of `Random` that may ask the system")]
    fn fill(&mut self, bytes: &mut [u8]) {
        if fill_from_system(bytes).is_err() {
            std::process::abort();
        }
    }
}

/// A repeatable source (splitmix64) for tests and simulation; guessable, so never for a real key.
#[derive(Debug, Clone)]
pub struct SeededRandom {
    state: u64,
}

impl SeededRandom {
    /// Starts the sequence that belongs to `seed`.
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next 64 bits of the sequence.
    pub const fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Random for SeededRandom {
    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let drawn = self.next_u64().to_le_bytes();
            chunk.iter_mut().zip(drawn).for_each(|(to, from)| *to = from);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_and_another_seed_differs() {
        let draw = |seed| {
            let mut bytes = [0; 37];
            SeededRandom::new(seed).fill(&mut bytes);
            bytes
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn the_system_fills_every_byte() {
        // 64 draws of 33 bytes leave a given byte zero throughout with probability 2^-512.
        let mut seen = [0; 33];
        for _ in 0..64 {
            let mut bytes = [0; 33];
            OsRandom.fill(&mut bytes);
            seen.iter_mut().zip(bytes).for_each(|(all, one)| *all |= one);
        }
        assert!(seen.iter().all(|byte| *byte != 0));
    }
}
