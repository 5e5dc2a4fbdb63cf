//! A fast hasher for keys that are already evenly spread or sequential (sequences, slip numbers, keyed hashes).

use std::hash::{BuildHasherDefault, Hasher};

/// Multiplies and folds; nobody outside chooses these keys, so it need not resist collisions made on purpose.
#[derive(Default, Clone, Copy)]
pub struct Mix(u64);

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, n: u64) {
        let wide = u128::from(self.0 ^ n) * 0x9e37_79b9_7f4a_7c15_u128;
        let folded = (wide >> 64) ^ wide;
        self.0 = u64::try_from(folded & u128::from(u64::MAX)).unwrap_or(0);
    }

    fn write_u32(&mut self, n: u32) {
        self.write_u64(u64::from(n));
    }
}

/// A map under [`Mix`]; looked up, never iterated.
pub type Map<K, V> = std::collections::HashMap<K, V, BuildHasherDefault<Mix>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_overflows_and_pairs_differ() {
        let hash = |words: &[u64]| {
            let mut mix = Mix::default();
            words.iter().for_each(|word| mix.write_u64(*word));
            mix.finish()
        };
        assert_ne!(hash(&[u64::MAX, u64::MAX]), hash(&[u64::MAX, u64::MAX - 1]));
        assert_ne!(hash(&[1, 2]), hash(&[2, 1]));
    }
}
