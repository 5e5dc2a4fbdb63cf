//! Keys that are there though the trail says that they were ended: an older copy of `keys` brings them back, and what they sealed opens again.

use std::collections::BTreeMap;

use store::keys::{CheckedKeys, SlotState};
use store::record::{Fact, Leaf};

/// What the leaves say of keys that were ended.
#[derive(Default)]
pub(super) struct EndedKeys {
    /// Slots of documents that live by themselves, by the event that stored them.
    documents: BTreeMap<u64, u64>,
    /// Slots that stand in for others, each with the case's own.
    stand_ins: BTreeMap<u64, u64>,
    /// Those that hold a key all the same, with the event that ended it.
    back: BTreeMap<u64, Ending>,
}

struct Ending {
    sequence: u64,
    name: &'static str,
    /// What ends it again.
    again: &'static str,
}

const OF_CASE: &str = "start the gateway once over this directory, which ends it again";
/// A snapshot does not know any more of a document that is gone; only a fold of the whole journal does.
const OF_DOCUMENT: &str = "put `snapshot` aside and start the gateway once over this directory, which reads the whole journal and ends it again, then throw away what was put aside";

impl EndedKeys {
    /// One leaf, in the order of the journal.
    pub(super) fn leaf(&mut self, sequence: u64, leaf: &Leaf, keys: Option<&CheckedKeys>) {
        let Some(keys) = keys else { return };
        let ending = |again| Ending { sequence, name: leaf.fact.name(), again };
        match &leaf.fact {
            Fact::DocumentStored(_) => drop(self.documents.insert(sequence, leaf.key)),
            Fact::DocumentErased(fact) => {
                if let Some(slot) = self.documents.remove(&fact.document) {
                    self.end(slot, ending(OF_DOCUMENT), keys);
                }
            }
            Fact::KeyStoodIn(fact) => {
                let own = self.stand_ins.get(&fact.slot).copied().unwrap_or(fact.slot);
                self.stand_ins.insert(fact.stand_in, own);
            }
            Fact::CaseErased(fact) => {
                let with = self.stand_ins.iter().filter(|(_, slot)| fact.slots.contains(slot));
                let slots: Vec<u64> = fact.slots.iter().copied().chain(with.map(|(stand_in, _)| *stand_in)).collect();
                slots.into_iter().for_each(|slot| self.end(slot, ending(OF_CASE), keys));
            }
            _ => {}
        }
    }

    fn end(&mut self, slot: u64, ending: Ending, keys: &CheckedKeys) {
        if slot != 0 && keys.state(slot) == Some(SlotState::Live) {
            self.back.insert(slot, ending);
        }
    }

    /// A finding for each, with its place.
    pub(super) fn findings(&self, keys: &CheckedKeys) -> impl Iterator<Item = String> {
        self.back.iter().map(|(slot, Ending { sequence, name, again })| {
            let (path, offset) = keys.place(*slot);
            format!(
                "{} at byte {offset}, key slot {slot}: there is a key, though event {sequence} (`{name}`) ended it, and what is sealed under it can be read; \
                 {again}, or destroy this copy of the keys",
                path.display()
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use store::disk::SimulatedDisk;
    use store::keys::{KeyShape, KeyStore, Masters, check_keys};
    use store::random::OsRandom;
    use store::record::{CaseErased, KeyStoodIn};
    use store::seal::master::MasterKey;

    use super::*;

    fn erased(slots: Vec<u64>) -> Fact {
        let (by, cause, court) = ("approver".to_owned(), "retention".to_owned(), "court".to_owned());
        CaseErased { by, case: 1, cause, court, events: Vec::new(), proposed: 2, slots }.into()
    }

    #[test]
    fn a_key_that_stands_in_for_that_of_an_erased_case_is_found_with_it() {
        let (disk, folder) = (Arc::new(SimulatedDisk::new(1)), Path::new("/keys"));
        let masters = Masters { current: MasterKey::from_bytes([7; 32]), previous: None };
        let shape = KeyShape { slots_per_file: 64, slots_per_extent: 16, drawn_ahead: 0, cached_keys_max: 16 };
        let keys = KeyStore::open_or_create(Arc::<SimulatedDisk>::clone(&disk), folder, masters, shape, &mut OsRandom);
        let keys = keys.unwrap();
        let slots: Vec<u64> = keys.create(4, &mut OsRandom).unwrap().into_iter().map(|(slot, _)| slot).collect();
        keys.sync().unwrap();
        let [case, first, second, _other] = slots[..] else { panic!("{slots:?}") };
        keys.destroy(&[case], &mut OsRandom).unwrap();
        let checked = check_keys(disk.as_ref(), folder, None, shape).unwrap();

        let mut ended = EndedKeys::default();
        let facts = [
            KeyStoodIn { slot: case, stand_in: first }.into(),
            KeyStoodIn { slot: first, stand_in: second }.into(),
            erased(vec![case]),
        ];
        for (sequence, fact) in (10..).zip(facts) {
            ended.leaf(sequence, &Leaf { at: 0, fact, body_digest: None, key: case }, Some(&checked));
        }
        let told: Vec<String> = ended.findings(&checked).collect();
        assert_eq!(told.len(), 2, "that of the case itself is destroyed: {told:?}");
        for (told, slot) in told.iter().zip([first, second]) {
            assert!(
                told.contains(&format!("key slot {slot}: ")) && told.contains("event 12 (`case.erased`)"),
                "{told}"
            );
        }
    }
}
