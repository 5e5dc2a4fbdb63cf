//! Ending keys, and with each those that stand in for it while it cannot be read: whoever erases a case leaves no second key of it behind.

use super::slot::Slot;
use super::{Held, KeyError, KeyStore};
use crate::random::Random;
use std::collections::BTreeSet;

impl KeyStore {
    /// Ends the keys of `slots` for good, and those that stand in for them: overwritten with random bytes and marked in one write, synced. A
    /// crash leaves a slot live or destroyed and never unreadable; repeating is harmless, so the destructions that the journal orders are
    /// ordered again then.
    ///
    /// # Errors
    /// [`KeyError::UnknownSlot`] before anything is touched; [`KeyError::Disk`], which poisons the store.
    pub fn destroy(&self, slots: &[u64], random: &mut dyn Random) -> Result<(), KeyError> {
        self.refuse_if_poisoned("destroy")?;
        let _one_writer = self.writer.lock();
        let slots: BTreeSet<u64> = slots.iter().copied().collect();
        let next = self.held.lock().next;
        if let Some(slot) = slots.iter().copied().find(|slot| *slot == 0 || *slot >= next) {
            return Err(KeyError::UnknownSlot { slot });
        }
        let stand_ins = loop {
            let stand_ins = self.held.lock().stand_ins_of(&slots);
            let Some(last) = slots.last().max(stand_ins.last()) else { return Ok(()) };
            self.allocate_through(*last)?;
            let mut held = self.held.lock();
            // One that came meanwhile ends too.
            if held.stand_ins_of(&slots) == stand_ins {
                held.begin_ending(slots.iter().chain(&stand_ins));
                break stand_ins;
            }
        };
        // Those that stand in go first: theirs is there to be overwritten where the other may be lost.
        for ended in [&stand_ins, &slots] {
            let marks: Vec<_> = ended.iter().map(|slot| (*slot, Slot::destroyed(*slot, random))).collect();
            self.write_and_sync("overwrite keys in", &marks)?;
        }
        // A reader that found the key before it ended may have put it into the cache since; none can from here on.
        let _no_readers = self.overwriting.write();
        let mut held = self.held.lock();
        for slot in slots.iter().chain(&stand_ins) {
            held.cache.remove(*slot);
            held.ending.remove(slot);
        }
        Ok(())
    }

    /// Hands out a new key for what cannot be sealed under `slot`; [`KeyStore::destroy`] of the one ends the other too. The journal keeps which
    /// stands in for which, and a start says it again with [`KeyStore::stands_in`].
    ///
    /// # Errors
    /// As [`KeyStore::create`]; [`KeyError::Destroyed`] when `slot` was destroyed meanwhile, so that nothing is to be sealed.
    pub fn create_stand_in(&self, slot: u64, random: &mut dyn Random) -> Result<u64, KeyError> {
        let made = self.create(1, random)?;
        let (stand_in, _) = made.first().ok_or(KeyError::TooMany { count: 1 })?;
        self.stands_in([(*stand_in, slot)]);
        // Whoever destroyed the slot before this was said knows of no other.
        match self.get(slot) {
            Ok(None) => Err(KeyError::Destroyed { slot }),
            _ => Ok(*stand_in),
        }
    }

    /// Says which slots stand in for which: the one that does first, then the one that cannot be read.
    pub fn stands_in(&self, pairs: impl IntoIterator<Item = (u64, u64)>) {
        let mut held = self.held.lock();
        held.stand_ins.extend(pairs.into_iter().map(|(stand_in, slot)| (slot, stand_in)));
    }

    /// Ends every key that stands in for one which was destroyed: a destruction may have been cut short, or done by somebody who knew of
    /// no other key. Says how many there were.
    ///
    /// # Errors
    /// As [`KeyStore::destroy`].
    pub fn end_stand_ins_of_destroyed(&self, random: &mut dyn Random) -> Result<usize, KeyError> {
        let pairs = self.held.lock().stand_ins.clone();
        let is_destroyed = |slot: u64| matches!(self.get(slot), Ok(None));
        let orphans = pairs.into_iter().filter(|(slot, stand_in)| is_destroyed(*slot) && !is_destroyed(*stand_in));
        let orphans: Vec<u64> = orphans.map(|(_, stand_in)| stand_in).collect();
        self.destroy(&orphans, random)?;
        Ok(orphans.len())
    }
}

impl Held {
    /// Those that stand in for any of these.
    pub(super) fn stand_ins_of(&self, slots: &BTreeSet<u64>) -> BTreeSet<u64> {
        let of = |slot: &u64| self.stand_ins.range((*slot, 0)..=(*slot, u64::MAX));
        slots.iter().flat_map(of).map(|(_, stand_in)| *stand_in).collect()
    }

    /// To readers these are gone from here on.
    fn begin_ending<'s>(&mut self, slots: impl Iterator<Item = &'s u64>) {
        for slot in slots {
            self.staged.remove(slot);
            self.cache.remove(*slot);
            self.ending.insert(*slot);
        }
    }
}
