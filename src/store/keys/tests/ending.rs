//! Keys that stand in for one that cannot be read end with it.

use super::*;

/// The first slot is damaged, and a new key stands in for it.
fn with_a_stand_in(disk: &SimulatedDisk) -> (KeyStore, u64, u64) {
    let store = made(disk);
    let mut random = SeededRandom::new(2);
    let (slot, _) = store.create(1, &mut random).unwrap()[0];
    store.sync().unwrap();
    drop(store);
    change(disk, 0, slot_offset(slot), |bytes| bytes[40] ^= 1);
    let store = opened(disk, masters(1, None)).unwrap();
    assert!(matches!(store.get(slot), Err(KeyError::Damaged { .. })));
    let stand_in = store.create_stand_in(slot, &mut random).unwrap();
    (store, slot, stand_in)
}

fn is_destroyed(disk: &SimulatedDisk, slot: u64) -> bool {
    check(disk, Some(1)).state(slot) == Some(SlotState::Destroyed)
}

#[test]
fn whoever_destroys_a_key_destroys_what_stands_in_for_it() {
    let disk = SimulatedDisk::new(1);
    let (store, slot, stand_in) = with_a_stand_in(&disk);
    let mut random = SeededRandom::new(3);
    let second = store.create_stand_in(slot, &mut random).unwrap();
    let (other, _) = store.create(1, &mut random).unwrap()[0];
    // The last one is not durable yet.
    store.sync().unwrap();
    let third = store.create_stand_in(slot, &mut random).unwrap();
    store.destroy(&[slot], &mut random).unwrap();
    for ended in [slot, stand_in, second, third] {
        assert!(store.get(ended).unwrap().is_none(), "slot {ended}");
    }
    assert!(store.get(other).unwrap().is_some());
    store.sync().unwrap();
    drop(store);
    disk.crash();
    assert!([slot, stand_in, second, third].into_iter().all(|slot| is_destroyed(&disk, slot)));
    assert!(!is_destroyed(&disk, other));
}

#[test]
fn a_start_ends_what_stands_in_for_a_destroyed_key() {
    let disk = SimulatedDisk::new(1);
    let (store, slot, stand_in) = with_a_stand_in(&disk);
    let mut random = SeededRandom::new(3);
    store.sync().unwrap();
    drop(store);
    let store = opened(&disk, masters(1, None)).unwrap();
    store.stands_in([(stand_in, slot)]);
    assert_eq!(store.end_stand_ins_of_destroyed(&mut random).unwrap(), 0, "a damaged key is not a destroyed one");
    assert!(store.get(stand_in).unwrap().is_some());
    drop(store);
    // By a process that knows of no other key.
    let store = opened(&disk, masters(1, None)).unwrap();
    store.destroy(&[slot], &mut random).unwrap();
    assert!(matches!(store.create_stand_in(slot, &mut random), Err(KeyError::Destroyed { .. })));
    drop(store);
    assert!(!is_destroyed(&disk, stand_in));
    let store = opened(&disk, masters(1, None)).unwrap();
    store.stands_in([(stand_in, slot)]);
    assert_eq!(store.end_stand_ins_of_destroyed(&mut random).unwrap(), 1);
    assert_eq!(store.end_stand_ins_of_destroyed(&mut random).unwrap(), 0);
    drop(store);
    assert!(is_destroyed(&disk, stand_in));
}
