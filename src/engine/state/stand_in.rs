//! Keys that stand in for others that could not be read: what is sealed under them is of the same case, and ends with it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::State;

/// Which slot stands in for which, for ever: an erasure years later must find them all. One for each key that could not be read while
/// something had to be said under it, so nearly no directory has any; 32 bytes each.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(from = "BTreeMap<u64, u64>", into = "BTreeMap<u64, u64>")]
pub struct StandIns {
    /// The slot that each stands in for.
    of: BTreeMap<u64, u64>,
    /// The newest that stands in for each.
    newest: BTreeMap<u64, u64>,
}

impl From<BTreeMap<u64, u64>> for StandIns {
    fn from(of: BTreeMap<u64, u64>) -> Self {
        // In the order of their numbers, which is that of their age.
        let newest = of.iter().map(|(stand_in, slot)| (*slot, *stand_in)).collect();
        Self { of, newest }
    }
}

impl From<StandIns> for BTreeMap<u64, u64> {
    fn from(stand_ins: StandIns) -> Self {
        stand_ins.of
    }
}

impl StandIns {
    /// From here on `stand_in` stands in for `slot`.
    pub fn note(&mut self, stand_in: u64, slot: u64) {
        if stand_in != 0 && slot != 0 && stand_in != slot {
            let slot = self.own(slot);
            self.of.insert(stand_in, slot);
            self.newest.insert(slot, stand_in);
        }
    }

    /// The slot of the case itself, where this one stands in for it.
    #[must_use]
    pub fn own(&self, slot: u64) -> u64 {
        self.of.get(&slot).copied().unwrap_or(slot)
    }

    /// The newest that stands in for this one.
    #[must_use]
    pub fn newest(&self, slot: u64) -> Option<u64> {
        self.newest.get(&slot).copied()
    }

    /// Each with the slot that it stands in for.
    pub fn all(&self) -> impl Iterator<Item = (u64, u64)> {
        self.of.iter().map(|(stand_in, slot)| (*stand_in, *slot))
    }

    /// Are there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.of.is_empty()
    }
}

impl State {
    /// The cases that are left out, by every slot under which something of them is sealed.
    #[must_use]
    pub fn slots_left_out(&self) -> super::left_out::LeftOut {
        let mut slots = self.left_out.clone();
        let left_out = |(stand_in, slot)| Some((stand_in, *self.left_out.get(&slot)?));
        slots.extend(self.stand_ins.all().filter_map(left_out));
        slots
    }
}
