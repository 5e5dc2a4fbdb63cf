//! Keys: what is synced survives every crash, what is destroyed never comes back, a master-key change can be cut off anywhere.

use super::*;
use crate::disk::SimulatedDisk;
use crate::random::SeededRandom;
use crate::seal::tests::assert_golden;
use proptest::prelude::*;

mod ending;
mod lost;

const FOLDER: &str = "/data/keys";
/// Small enough that a few keys cross extents and files.
const SHAPE: KeyShape = KeyShape { slots_per_file: 12, slots_per_extent: 4, drawn_ahead: 0, cached_keys_max: 3 };

fn masters(current: u8, previous: Option<u8>) -> Masters {
    let master = |byte| MasterKey::from_bytes([byte; 32]);
    Masters { current: master(current), previous: previous.map(master) }
}

fn made(disk: &SimulatedDisk) -> KeyStore {
    let disk = Arc::new(disk.clone());
    KeyStore::open_or_create(disk, Path::new(FOLDER), masters(1, None), SHAPE, &mut SeededRandom::new(1)).unwrap()
}

fn opened(disk: &SimulatedDisk, masters: Masters) -> Result<KeyStore, KeyError> {
    KeyStore::open(Arc::new(disk.clone()), Path::new(FOLDER), masters, SHAPE)
}

fn bytes_of(store: &KeyStore, slot: u64) -> Option<[u8; 32]> {
    store.get(slot).unwrap().map(|key| *key.bytes())
}

#[test]
fn keys_survive_a_crash_once_synced_and_a_number_is_never_given_twice() {
    let disk = SimulatedDisk::new(1);
    let store = made(&disk);
    let mut random = SeededRandom::new(2);
    let kept = store.create(30, &mut random).unwrap();
    assert_eq!(kept[0].0, 4, "the extent with the root was given up by the first opening");
    assert_eq!(store.sync().unwrap(), 30);
    let lost = store.create(5, &mut random).unwrap();
    assert!(store.get(lost[0].0).unwrap().is_some(), "a staged key can be used at once");
    disk.crash();
    let store = opened(&disk, masters(1, None)).unwrap();
    for (slot, key) in &kept {
        assert_eq!(bytes_of(&store, *slot), Some(*key.bytes()));
    }
    let next = store.create(1, &mut random).unwrap()[0].0;
    assert!(next > kept.last().unwrap().0);
    assert!(matches!(store.get(next + 1), Err(KeyError::UnknownSlot { .. })));
    assert!(matches!(store.get(0), Err(KeyError::UnknownSlot { .. })), "the root is not a data key");
}

#[test]
fn a_batch_of_new_keys_costs_one_fsync() {
    let disk = SimulatedDisk::new(1);
    let shape = KeyShape::default();
    let mut random = SeededRandom::new(2);
    let folder = Path::new(FOLDER);
    let store = KeyStore::open_or_create(Arc::new(disk.clone()), folder, masters(1, None), shape, &mut random).unwrap();
    store.create(1, &mut random).unwrap();
    store.sync().unwrap();
    let before = disk.counts();
    store.create(300, &mut random).unwrap();
    store.sync().unwrap();
    assert_eq!((disk.counts().syncs - before.syncs, disk.counts().writes - before.writes), (1, 1));
    store.sync().unwrap();
    assert_eq!(disk.counts().syncs - before.syncs, 1, "nothing staged, nothing synced");
}

#[test]
fn keys_drawn_ahead_cost_one_fsync_for_many_batches() {
    let disk = SimulatedDisk::new(1);
    let shape = KeyShape { drawn_ahead: 10, ..KeyShape::default() };
    let mut random = SeededRandom::new(2);
    let folder = Path::new(FOLDER);
    let store = KeyStore::open_or_create(Arc::new(disk.clone()), folder, masters(1, None), shape, &mut random).unwrap();
    let mut created = store.create(1, &mut random).unwrap();
    assert_eq!(store.sync().unwrap(), 11);
    let before = disk.counts();
    for count in [1, 4, 5] {
        created.extend(store.create(count, &mut random).unwrap());
        assert_eq!(store.sync().unwrap(), 0, "durable already");
    }
    assert_eq!(disk.counts().syncs, before.syncs);
    let last = created.last().unwrap().0;
    assert!(matches!(store.get(last + 1), Err(KeyError::UnknownSlot { .. })), "nobody asked for it yet");
    created.extend(store.create(3, &mut random).unwrap());
    assert_eq!((store.sync().unwrap(), disk.counts().syncs - before.syncs), (13, 1));
    created.extend(store.create(2, &mut random).unwrap());
    disk.crash();
    let store = KeyStore::open(Arc::new(disk.clone()), folder, masters(1, None), shape).unwrap();
    for (slot, key) in &created {
        assert_eq!(bytes_of(&store, *slot), Some(*key.bytes()), "slot {slot}, durable without a sync of its own");
    }
    assert!(store.create(1, &mut random).unwrap()[0].0 > last + 15, "what was drawn and lost is never handed out");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is asked for, synced, destroyed and cut off by crashes, and however many are drawn ahead: what a sync covered is there,
    /// what was destroyed is not, and no slot is handed out twice.
    #[test]
    fn drawing_ahead_changes_nothing_that_can_be_seen(
        drawn_ahead in 0..9_u32,
        steps in prop::collection::vec((0..6_u8, 0..7_usize), 1..40),
    ) {
        let disk = SimulatedDisk::new(3);
        let shape = KeyShape { drawn_ahead, ..SHAPE };
        let folder = Path::new(FOLDER);
        let open = || KeyStore::open_or_create(Arc::new(disk.clone()), folder, masters(1, None), shape, &mut SeededRandom::new(1));
        let mut random = SeededRandom::new(2);
        let mut store = open().unwrap();
        // Slot, key, covered by a sync; no key once it is destroyed.
        let mut asked: Vec<(u64, Option<[u8; 32]>, bool)> = Vec::new();
        for (step, count) in steps {
            match step {
                0..=2 => {
                    let made = store.create(count, &mut random).unwrap();
                    prop_assert_eq!(made.len(), count);
                    let newest = asked.last().map_or(0, |(slot, ..)| *slot);
                    prop_assert!(made.iter().all(|(slot, _)| *slot > newest));
                    asked.extend(made.iter().map(|(slot, key)| (*slot, Some(*key.bytes()), false)));
                }
                3 => {
                    store.sync().unwrap();
                    asked.iter_mut().for_each(|one| one.2 = true);
                }
                4 => {
                    let live = asked.iter_mut().filter(|one| one.2).nth(count);
                    if let Some(one) = live {
                        store.destroy(&[one.0], &mut random).unwrap();
                        one.1 = None;
                    }
                }
                _ => {
                    disk.crash();
                    drop(store);
                    store = open().unwrap();
                    asked.retain(|one| one.2);
                }
            }
            for (slot, key, _) in &asked {
                prop_assert_eq!(bytes_of(&store, *slot), *key);
            }
        }
    }
}

#[test]
fn a_destroyed_key_is_gone_from_disk_cache_and_stage() {
    let disk = SimulatedDisk::new(1);
    let store = made(&disk);
    let mut random = SeededRandom::new(2);
    let keys = store.create(3, &mut random).unwrap();
    store.sync().unwrap();
    let staged = store.create(1, &mut random).unwrap();
    let (first, second, third) = (keys[0].0, keys[1].0, staged[0].0);
    let path = file_path(Path::new(FOLDER), 0);
    let at = usize::try_from(slot_offset(first)).unwrap();
    let before = disk.content(&path).unwrap()[at..at + SLOT_BYTES].to_vec();
    store.destroy(&[first, third], &mut random).unwrap();
    store.destroy(&[first], &mut random).unwrap();
    let after = disk.content(&path).unwrap()[at..at + SLOT_BYTES].to_vec();
    assert!(
        after.windows(16).all(|part| part.iter().all(|byte| *byte == 0) || !before.windows(16).any(|old| old == part))
    );
    assert_eq!(store.sync().unwrap(), 0, "a destroyed staged key is not written any more");
    assert_eq!((bytes_of(&store, first), bytes_of(&store, third)), (None, None));
    disk.crash();
    let store = opened(&disk, masters(1, None)).unwrap();
    assert_eq!((bytes_of(&store, first), bytes_of(&store, third)), (None, None));
    assert_eq!(bytes_of(&store, second), Some(*keys[1].1.bytes()));
    assert!(matches!(store.destroy(&[second, 9_999], &mut random), Err(KeyError::UnknownSlot { slot: 9_999 })));
    assert!(matches!(store.destroy(&[0], &mut random), Err(KeyError::UnknownSlot { slot: 0 })));
    assert!(bytes_of(&store, second).is_some(), "a refused destruction touches nothing");
}

#[test]
fn a_destruction_cut_short_leaves_a_key_or_none_and_never_damage() {
    for operations in 0..6 {
        let disk = SimulatedDisk::new(operations);
        let store = made(&disk);
        let mut random = SeededRandom::new(2);
        let slot = store.create(1, &mut random).unwrap()[0].0;
        store.sync().unwrap();
        disk.power_off_after(operations);
        let ended = store.destroy(&[slot], &mut random);
        disk.crash();
        let store = opened(&disk, masters(1, None)).unwrap();
        let found = store.get(slot).unwrap();
        assert!(ended.is_err() || found.is_none(), "what was reported destroyed is");
        store.destroy(&[slot], &mut random).unwrap();
        assert!(store.get(slot).unwrap().is_none());
    }
}

#[test]
fn a_damaged_slot_is_named_with_file_and_offset() {
    let disk = SimulatedDisk::new(1);
    let store = made(&disk);
    let keys = store.create(9, &mut SeededRandom::new(2)).unwrap();
    store.sync().unwrap();
    drop(store);
    let path = file_path(Path::new(FOLDER), 0);
    for byte in 0..SLOT_BYTES as u64 {
        let disk = disk.fork();
        let offset = slot_offset(keys[2].0);
        assert!(disk.corrupt(&path, offset + byte, 0x10));
        let store = opened(&disk, masters(1, None)).unwrap();
        match store.get(keys[2].0) {
            Err(KeyError::Damaged { path: named, offset: at, .. }) => assert_eq!((named, at), (path.clone(), offset)),
            other => panic!("byte {byte}: {:?}", other.map(|key| key.is_some())),
        }
        assert!(store.get(keys[3].0).unwrap().is_some(), "its neighbours are not touched");
    }
    for byte in 0..2 * SLOT_BYTES as u64 {
        let disk = disk.fork();
        disk.corrupt(&path, byte, 0x01);
        assert!(opened(&disk, masters(1, None)).is_err(), "header or root, byte {byte}");
    }
}

#[test]
fn no_store_another_master_and_another_shape_are_told_apart() {
    let disk = SimulatedDisk::new(1);
    assert!(matches!(opened(&disk, masters(1, None)).map(drop), Err(KeyError::Absent { .. })));
    let store = made(&disk);
    let root = store.root().keyed_hash("subject", b"x");
    drop(store);
    assert!(matches!(opened(&disk, masters(2, None)).map(drop), Err(KeyError::OtherMaster { slot: 0, .. })));
    let other = KeyShape { slots_per_file: 16, ..SHAPE };
    let refused = KeyStore::open(Arc::new(disk.clone()), Path::new(FOLDER), masters(1, None), other);
    assert!(matches!(refused.map(drop), Err(KeyError::Damaged { offset: 0, .. })));
    assert_eq!(opened(&disk, masters(1, None)).unwrap().root().keyed_hash("subject", b"x"), root);
}

#[test]
fn after_a_failed_fsync_the_store_takes_no_more_work() {
    let disk = SimulatedDisk::new(1);
    let store = made(&disk);
    let mut random = SeededRandom::new(2);
    store.create(1, &mut random).unwrap();
    store.sync().unwrap();
    store.create(1, &mut random).unwrap();
    disk.inject(crate::disk::simulated::Fault::SyncFails, 0);
    assert!(matches!(store.sync(), Err(KeyError::Disk { .. })));
    assert!(matches!(store.create(1, &mut random), Err(KeyError::Poisoned { .. })));
    assert!(matches!(store.sync(), Err(KeyError::Poisoned { .. })));
    assert!(matches!(store.destroy(&[4], &mut random), Err(KeyError::Poisoned { .. })));
}

#[test]
fn a_full_disk_keeps_the_keys_staged_until_there_is_room() {
    let disk = SimulatedDisk::new(1);
    let store = made(&disk);
    let keys = store.create(3, &mut SeededRandom::new(2)).unwrap();
    disk.limit_free_bytes(Some(0));
    assert!(matches!(store.sync(), Err(KeyError::Disk { operation: "preallocate", .. })));
    disk.limit_free_bytes(None);
    assert_eq!(store.sync().unwrap(), 3);
    assert_eq!(bytes_of(&store, keys[2].0), Some(*keys[2].1.bytes()));
}

#[test]
fn limits_are_told() {
    let store = made(&SimulatedDisk::new(1));
    let mut random = SeededRandom::new(2);
    assert!(matches!(store.create(STAGED_KEYS_MAX + 1, &mut random), Err(KeyError::TooMany { .. })));
    assert!(matches!(store.create(49_152, &mut random), Err(KeyError::TooMany { .. })), "4,096 files of 12 slots");
}

/// A master-key change cut off after any number of disk operations: afterwards every key opens with both masters given, the change can be
/// run to its end, and then the new master alone is enough and the old one opens nothing.
#[test]
fn a_master_key_change_survives_a_crash_at_every_step() {
    let origin = SimulatedDisk::new(5);
    let store = made(&origin);
    let mut random = SeededRandom::new(2);
    let keys = store.create(20, &mut random).unwrap();
    store.sync().unwrap();
    store.destroy(&[keys[3].0], &mut random).unwrap();
    let root = store.root().keyed_hash("subject", b"x");
    drop(store);
    let whole = |store: &KeyStore| {
        for (slot, key) in &keys {
            let expected = (*slot != keys[3].0).then(|| *key.bytes());
            assert_eq!(bytes_of(store, *slot), expected, "slot {slot}");
        }
        assert_eq!(store.root().keyed_hash("subject", b"x"), root);
    };
    for step in 0.. {
        let disk = origin.fork();
        let store = opened(&disk, masters(2, Some(1))).unwrap();
        disk.power_off_after(step);
        let ended = store.rewrap(&mut SeededRandom::new(step)).is_ok();
        drop(store);
        disk.crash();
        if !ended {
            let both = opened(&disk, masters(2, Some(1))).unwrap();
            whole(&both);
            if let Err(error) = opened(&disk, masters(2, None)).map(drop) {
                assert!(
                    matches!(error, KeyError::RotationUnfinished { .. } | KeyError::OtherMaster { slot: 0, .. }),
                    "{error}"
                );
            }
            both.rewrap(&mut SeededRandom::new(99)).unwrap();
            drop(both);
        }
        whole(&opened(&disk, masters(2, None)).unwrap());
        assert!(matches!(opened(&disk, masters(1, None)).map(drop), Err(KeyError::OtherMaster { .. })));
        if ended {
            assert!(step > 10, "several pages in several files");
            return;
        }
    }
}

/// A change that stops at a damaged slot leaves a store that works on; what is destroyed then stays so at every later start.
#[test]
fn a_stopped_master_key_change_brings_no_destroyed_key_back() {
    for crash_in_second_page in [false, true] {
        let disk = SimulatedDisk::new(5);
        let store = made(&disk);
        let mut random = SeededRandom::new(2);
        let keys = store.create(20, &mut random).unwrap();
        store.sync().unwrap();
        drop(store);
        let (slot, _) = keys[14];
        let number = u32::try_from(slot / 12).unwrap();
        let damaged = (file_path(Path::new(FOLDER), number), slot_offset(slot % 12) + 40);
        assert!(number > 0 && disk.corrupt(&damaged.0, damaged.1, 1));
        let mut store = opened(&disk, masters(2, Some(1))).unwrap();
        let stopped = store.rewrap(&mut random).map_err(|error| error.to_string()).unwrap_err();
        assert!(stopped.contains(damaged.0.to_str().unwrap()), "{stopped}");
        if crash_in_second_page {
            disk.corrupt(&damaged.0, damaged.1, 1);
            disk.power_off_after(7);
            assert!(store.rewrap(&mut random).is_err());
            disk.crash();
            store = opened(&disk, masters(2, Some(1))).unwrap();
        }
        store.destroy(&[keys[1].0, keys[15].0], &mut random).unwrap();
        drop(store);
        let store = opened(&disk, masters(2, Some(1))).unwrap();
        assert_eq!((bytes_of(&store, keys[1].0), bytes_of(&store, keys[15].0)), (None, None));
        assert_eq!(bytes_of(&store, keys[2].0), Some(*keys[2].1.bytes()));
    }
}

#[test]
fn slot_file_keeps_its_form() {
    let disk = SimulatedDisk::new(1);
    let store = made(&disk);
    let mut random = SeededRandom::new(2);
    let keys = store.create(2, &mut random).unwrap();
    store.sync().unwrap();
    store.destroy(&[keys[1].0], &mut random).unwrap();
    assert_golden("slot_file", &disk.content(&file_path(Path::new(FOLDER), 0)).unwrap());
}

#[test]
fn no_key_lies_in_clear() {
    let disk = SimulatedDisk::new(1);
    let store = made(&disk);
    let keys = store.create(20, &mut SeededRandom::new(2)).unwrap();
    store.sync().unwrap();
    for name in disk.list(Path::new(FOLDER)).unwrap() {
        let content = disk.content(&Path::new(FOLDER).join(name)).unwrap();
        assert!(
            keys.iter().all(|(_, key)| !content.windows(8).any(|part| key.bytes().windows(8).any(|own| own == part)))
        );
    }
}

#[derive(Debug, Clone)]
enum Step {
    Create(usize),
    Sync,
    Destroy(prop::sample::Index),
    Crash,
    CrashAfter(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1_usize..7).prop_map(Step::Create),
        4 => Just(Step::Sync),
        3 => any::<prop::sample::Index>().prop_map(Step::Destroy),
        1 => Just(Step::Crash),
        2 => (0_u64..12).prop_map(Step::CrashAfter),
    ];
    prop::collection::vec(step, 1..40)
}

/// What must hold of a slot: `Durable` opens with its key, `Gone` never opens, `Unsure` may be either.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Promise {
    Staged,
    Durable,
    Ending,
    Gone,
}

proptest! {
    #[test]
    fn crashes_lose_nothing_synced_and_bring_nothing_back(steps in steps(), seed: u64) {
        let disk = SimulatedDisk::new(seed);
        let mut random = SeededRandom::new(seed);
        let mut store = made(&disk);
        let mut promised: BTreeMap<u64, ([u8; 32], Promise)> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Create(count) => if let Ok(keys) = store.create(count, &mut random) {
                    for (slot, key) in keys {
                        let before = promised.insert(slot, (*key.bytes(), Promise::Staged));
                        prop_assert!(before.is_none_or(|(_, promise)| promise == Promise::Staged), "slot {} given twice", slot);
                    }
                },
                Step::Sync => if store.sync().is_ok() {
                    let staged = promised.values_mut().filter(|(_, promise)| *promise == Promise::Staged);
                    staged.for_each(|(_, promise)| *promise = Promise::Durable);
                },
                Step::Destroy(index) => if !promised.is_empty() {
                    let slot = *promised.keys().nth(index.index(promised.len())).unwrap();
                    let ended = store.destroy(&[slot], &mut random).is_ok();
                    promised.get_mut(&slot).unwrap().1 = if ended { Promise::Gone } else { Promise::Ending };
                },
                Step::CrashAfter(operations) => { disk.power_off_after(operations); continue; }
                Step::Crash => { disk.power_off_after(0); }
            }
            if disk.is_off() {
                disk.crash();
                store = opened(&disk, masters(1, None)).unwrap();
                // Staged keys of the dead process were never named by anything durable; their numbers may come again only if never written.
                promised.retain(|_, (_, promise)| *promise != Promise::Staged);
                let unfinished: Vec<_> = promised.iter().filter(|(_, (_, promise))| *promise == Promise::Ending).map(|(slot, _)| *slot).collect();
                for slot in unfinished {
                    match store.destroy(&[slot], &mut random) {
                        Ok(()) => promised.get_mut(&slot).unwrap().1 = Promise::Gone,
                        // A staged slot whose extent never became durable does not exist after the crash.
                        Err(KeyError::UnknownSlot { .. }) => { promised.remove(&slot); }
                        Err(other) => prop_assert!(false, "{}", other),
                    }
                }
            }
            for (slot, (key, promise)) in &promised {
                let found = store.get(*slot);
                match promise {
                    Promise::Staged | Promise::Durable => prop_assert_eq!(found.unwrap().map(|key| *key.bytes()), Some(*key)),
                    Promise::Gone => prop_assert!(found.unwrap().is_none()),
                    Promise::Ending => prop_assert!(!matches!(found, Ok(Some(_)))),
                }
            }
        }
    }
}

fn check(disk: &SimulatedDisk, master: Option<u8>) -> CheckedKeys {
    let master = master.map(|byte| MasterKey::from_bytes([byte; 32]));
    check_keys(disk, Path::new(FOLDER), master.as_ref(), SHAPE).unwrap()
}

fn change(disk: &SimulatedDisk, number: u32, at: u64, change: impl FnOnce(&mut [u8; SLOT_BYTES])) {
    let file = disk.open(&file_path(Path::new(FOLDER), number)).unwrap();
    let mut bytes = [0; SLOT_BYTES];
    file.read_exact_at(&mut bytes, at).unwrap();
    change(&mut bytes);
    file.write_all_at(&bytes, at).unwrap();
}

#[test]
fn any_flipped_byte_of_a_key_file_is_told_with_its_slot() {
    let disk = SimulatedDisk::new(1);
    let store = made(&disk);
    let mut random = SeededRandom::new(2);
    let kept = store.create(10, &mut random).unwrap();
    store.sync().unwrap();
    store.destroy(&[kept[1].0], &mut random).unwrap();
    for master in [None, Some(1)] {
        let sound = check(&disk, master);
        assert_eq!(sound.faults, []);
        assert_eq!((sound.count(SlotState::Live), sound.count(SlotState::Destroyed)), (10, 1), "nine and the root");
        assert_eq!((sound.root.is_some(), sound.state(0)), (master.is_some(), Some(SlotState::Live)));
        assert_eq!(sound.state(kept[1].0), Some(SlotState::Destroyed));
        let path = file_path(Path::new(FOLDER), 1);
        let bytes = disk.open(&path).unwrap().size().unwrap();
        for at in 0..bytes {
            let (slot_at, within) = (at - at % SLOT_BYTES as u64, usize::try_from(at % SLOT_BYTES as u64).unwrap());
            change(&disk, 1, slot_at, |slot| slot[within] ^= 1);
            let slot = (slot_at > 0).then(|| 12 + slot_at / SLOT_BYTES as u64 - 1);
            let told = check(&disk, master).faults;
            assert_eq!(told.len(), 1, "byte {at}");
            assert_eq!((&told[0].path, told[0].offset, told[0].slot), (&path, slot_at, slot));
            change(&disk, 1, slot_at, |slot| slot[within] ^= 1);
        }
    }
}

/// A checksum can be made anew by whoever writes the slot; the key inside cannot.
#[test]
fn a_slot_altered_together_with_its_checksum_is_told_by_the_master_key() {
    let disk = SimulatedDisk::new(1);
    let store = made(&disk);
    let kept = store.create(2, &mut SeededRandom::new(2)).unwrap();
    store.sync().unwrap();
    let at = slot_offset(kept[0].0);
    change(&disk, 0, at, |slot| {
        slot[60] ^= 1;
        let (body, sum) = slot.split_last_chunk_mut::<4>().unwrap();
        *sum = crc32c::crc32c(body).to_be_bytes();
    });
    assert_eq!(check(&disk, None).faults, []);
    let told = check(&disk, Some(1)).faults;
    let path = file_path(Path::new(FOLDER), 0);
    let reason = "the wrapped key does not open";
    assert_eq!(told, [SlotFault { path, offset: at, slot: Some(kept[0].0), reason }]);
    let other = check(&disk, Some(9));
    assert_eq!((other.faults.len(), other.root.is_some()), (3, false), "the root and both keys");
    assert!(other.faults.iter().all(|fault| fault.reason.contains("another master key")), "{:?}", other.faults);
}

#[test]
fn a_lost_key_file_and_a_lost_folder_are_told() {
    let disk = SimulatedDisk::new(1);
    let store = made(&disk);
    store.create(30, &mut SeededRandom::new(2)).unwrap();
    store.sync().unwrap();
    disk.remove(&file_path(Path::new(FOLDER), 1)).unwrap();
    let told = check(&disk, Some(1));
    assert_eq!((told.faults.len(), told.faults[0].slot), (1, None));
    assert!(told.faults[0].path.ends_with("slots-00000001"), "{:?}", told.faults);
    let states = [11, 12, 23, 24].map(|slot| told.state(slot));
    let (live, damaged) = (Some(SlotState::Live), Some(SlotState::Damaged));
    assert_eq!(states, [live, damaged, damaged, live]);
    disk.create_directory(Path::new("/empty")).unwrap();
    assert!(matches!(check_keys(&disk, Path::new("/empty"), None, SHAPE), Err(KeyError::Absent { .. })));
}
