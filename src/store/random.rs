//! Where randomness comes from: one trait, the operating system's source, and a seeded one for tests and simulation.

use getrandom::fill as fill_from_system;
use zeroize::{Zeroize, Zeroizing};

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

/// Bytes that [`PooledRandom`] asks the system for at once.
const POOL_BYTES: usize = 2_048;

/// The operating system's randomness, drawn ahead for a thread that needs a few bytes for every event: one call of the system for a
/// hundred nonces instead of a hundred calls. What was handed out is wiped, so that no copy of a key stays behind.
pub struct PooledRandom {
    pool: Zeroizing<Vec<u8>>,
    /// So many bytes at the front were handed out.
    used: usize,
}

impl PooledRandom {
    /// Empty; the first use fills it.
    #[must_use]
    pub fn new() -> Self {
        Self { pool: Zeroizing::new(vec![0; POOL_BYTES]), used: POOL_BYTES }
    }
}

impl Random for PooledRandom {
    fn fill(&mut self, bytes: &mut [u8]) {
        if bytes.len() > POOL_BYTES / 4 {
            return OsRandom.fill(bytes);
        }
        if POOL_BYTES - self.used < bytes.len() {
            OsRandom.fill(self.pool.as_mut_slice());
            self.used = 0;
        }
        let left = self.pool.get_mut(self.used..).and_then(|left| left.get_mut(..bytes.len())).unwrap_or_default();
        bytes.copy_from_slice(left);
        left.zeroize();
        self.used += bytes.len();
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
    fn a_pool_hands_out_each_byte_once_and_keeps_no_copy() {
        let mut pooled = PooledRandom::new();
        let mut seen = std::collections::HashSet::new();
        for length in (16..=40).cycle().take(10_000) {
            let mut bytes = vec![0; length];
            pooled.fill(&mut bytes);
            assert!(seen.insert(bytes[..16].to_vec()), "the same bytes were handed out twice");
            assert!(pooled.pool[..pooled.used].iter().all(|byte| *byte == 0));
        }
        let mut long = vec![0; 3 * POOL_BYTES];
        pooled.fill(&mut long);
        assert!(long.chunks(64).all(|part| part.iter().any(|byte| *byte != 0)));
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
