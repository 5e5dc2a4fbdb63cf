//! The keys used last, unwrapped; the one not used for longest makes room.

use crate::seal::DataKey;
use std::collections::BTreeMap;

pub(super) struct KeyCache {
    keys: BTreeMap<u64, (u64, DataKey)>,
    /// Slot by the turn of its last use; turns are unique.
    by_use: BTreeMap<u64, u64>,
    turn: u64,
    keys_max: usize,
}

impl KeyCache {
    pub(super) const fn new(keys_max: usize) -> Self {
        Self { keys: BTreeMap::new(), by_use: BTreeMap::new(), turn: 0, keys_max }
    }

    pub(super) fn get(&mut self, slot: u64) -> Option<DataKey> {
        let (used, key) = self.keys.get_mut(&slot)?;
        self.turn += 1;
        self.by_use.remove(used);
        self.by_use.insert(self.turn, slot);
        *used = self.turn;
        Some(key.clone())
    }

    pub(super) fn insert(&mut self, slot: u64, key: DataKey) {
        self.remove(slot);
        self.turn += 1;
        self.keys.insert(slot, (self.turn, key));
        self.by_use.insert(self.turn, slot);
        while self.keys.len() > self.keys_max {
            let Some((_, oldest)) = self.by_use.pop_first() else { return };
            self.keys.remove(&oldest);
        }
    }

    pub(super) fn remove(&mut self, slot: u64) {
        if let Some((used, _)) = self.keys.remove(&slot) {
            self.by_use.remove(&used);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_unused_for_longest_makes_room() {
        let mut cache = KeyCache::new(2);
        for slot in 1..=2 {
            cache.insert(slot, DataKey::from_bytes([u8::try_from(slot).unwrap(); 32]));
        }
        assert!(cache.get(1).is_some());
        cache.insert(3, DataKey::from_bytes([3; 32]));
        assert!(cache.get(2).is_none());
        assert_eq!(cache.get(1).unwrap().bytes(), &[1; 32]);
        cache.remove(1);
        assert!(cache.get(1).is_none());
        assert_eq!((cache.keys.len(), cache.by_use.len()), (1, 1));
    }
}
