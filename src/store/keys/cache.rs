//! The keys used last, unwrapped; the half not used for longest makes room.

use crate::seal::DataKey;
use std::collections::HashMap;

/// Two generations: a key that is used moves to the young one, and when that is full the old one is given up whole. A list in the
/// order of use would cost two changes of it for each reading, and every event reads a key.
pub(super) struct KeyCache {
    young: HashMap<u64, DataKey>,
    old: HashMap<u64, DataKey>,
    generation_max: usize,
}

impl KeyCache {
    /// Keeps the `keys_max / 2` keys used last for certain, and no more than `keys_max`, but one at the least.
    pub(super) fn new(keys_max: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), generation_max: (keys_max / 2).max(1) }
    }

    pub(super) fn get(&mut self, slot: u64) -> Option<DataKey> {
        if let Some(key) = self.young.get(&slot) {
            return Some(key.clone());
        }
        let key = self.old.remove(&slot)?;
        self.insert(slot, key.clone());
        Some(key)
    }

    pub(super) fn insert(&mut self, slot: u64, key: DataKey) {
        self.old.remove(&slot);
        if self.young.len() >= self.generation_max && !self.young.contains_key(&slot) {
            std::mem::swap(&mut self.young, &mut self.old);
            self.young.clear();
        }
        self.young.insert(slot, key);
    }

    pub(super) fn remove(&mut self, slot: u64) {
        self.young.remove(&slot);
        self.old.remove(&slot);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(slot: u64) -> DataKey {
        DataKey::from_bytes([u8::try_from(slot).unwrap(); 32])
    }

    #[test]
    fn the_key_unused_for_longest_makes_room() {
        let mut cache = KeyCache::new(2);
        for slot in 1..=2 {
            cache.insert(slot, key(slot));
        }
        assert!(cache.get(1).is_some());
        cache.insert(3, key(3));
        assert!(cache.get(2).is_none());
        assert_eq!(cache.get(1).unwrap().bytes(), &[1; 32]);
        cache.remove(1);
        assert!(cache.get(1).is_none());
        assert_eq!((cache.young.len(), cache.old.len()), (0, 1));
    }

    proptest! {
        /// What was used among the last half of what fits is there, nothing removed comes back, and there is never more than fits.
        #[test]
        fn what_was_used_last_is_kept(keys_max in 1_usize..9, uses in proptest::collection::vec((0_u64..12, 0_u8..3), 0..200)) {
            let (mut cache, mut last): (_, Vec<u64>) = (KeyCache::new(keys_max), Vec::new());
            for (slot, way) in uses {
                let found = cache.get(slot);
                prop_assert!(found.as_ref().is_none_or(|found| found.bytes() == key(slot).bytes()));
                let kept = (keys_max / 2).max(1);
                prop_assert!(found.is_some() || !last.iter().rev().take(kept).any(|used| *used == slot));
                last.retain(|used| *used != slot);
                match (found.is_some(), way) {
                    // It was used before it was taken away, so it may have pushed another out.
                    (true, 0) => last.push(u64::MAX),
                    (false, 0) => {}
                    (true, _) => last.push(slot),
                    (false, _) => {
                        cache.insert(slot, key(slot));
                        last.push(slot);
                    }
                }
                if way == 0 {
                    cache.remove(slot);
                }
                prop_assert!(cache.young.len() + cache.old.len() <= keys_max.max(2));
            }
        }
    }
}
