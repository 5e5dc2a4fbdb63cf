//! Keys that were lost: their slots stay theirs, and what is asked for of them is damage.

use super::*;

/// The recovery that people reach for: an older copy of the files. What it lacks is damage, and its numbers are nobody else's.
#[test]
fn a_slot_that_a_record_names_is_never_handed_out_again_whatever_became_of_the_files() {
    let (disk, mut random) = (SimulatedDisk::new(1), SeededRandom::new(2));
    let store = made(&disk);
    let early = store.create(2, &mut random).unwrap();
    store.sync().unwrap();
    let path = file_path(Path::new(FOLDER), 0);
    let older = disk.content(&path).unwrap();
    let late = store.create(30, &mut random).unwrap();
    store.sync().unwrap();
    let highest = late.last().unwrap().0;
    assert_eq!(store.named_through(highest).unwrap(), None, "nothing is missing");
    drop(store);
    // All that was made since is gone: a file cut back, two missing.
    disk.put(&path, &older);
    for number in 1..=2 {
        disk.remove(&file_path(Path::new(FOLDER), number)).unwrap();
    }
    let store = opened(&disk, masters(1, None)).unwrap();
    let lost = store.named_through(highest).unwrap().unwrap();
    assert_eq!((lost.first, lost.last), (older.len() as u64 / SLOT_BYTES as u64 - 1, highest));
    assert_eq!(bytes_of(&store, early[0].0), Some(*early[0].1.bytes()));
    let gone =
        |store: &KeyStore| late.iter().all(|(slot, _)| matches!(store.get(*slot), Err(KeyError::Damaged { .. })));
    assert!(gone(&store), "what is lost is damage, not destroyed and not unknown");
    assert!(matches!(store.look(highest), Err(KeyError::Damaged { .. })));
    let fresh = store.create(40, &mut random).unwrap();
    assert!(fresh.iter().all(|(slot, _)| *slot > highest), "{:?}", fresh.first().map(|it| it.0));
    store.sync().unwrap();
    let store = opened(&disk, masters(1, None)).unwrap();
    assert_eq!(store.named_through(fresh.last().unwrap().0).unwrap(), None);
    assert!(gone(&store), "the room that was left for them is empty");
    for (slot, key) in &fresh {
        assert_eq!(bytes_of(&store, *slot), Some(*key.bytes()));
        store.look(*slot).unwrap();
    }
}

#[test]
fn a_file_cut_inside_an_extent_is_noticed_and_read_as_damage() {
    let (disk, mut random) = (SimulatedDisk::new(1), SeededRandom::new(2));
    let store = made(&disk);
    let kept = store.create(4, &mut random).unwrap();
    store.sync().unwrap();
    let path = file_path(Path::new(FOLDER), 0);
    let bytes = disk.content(&path).unwrap();
    // Half of the last but one slot goes, and all behind it.
    disk.put(&path, &bytes[..usize::try_from(slot_offset(kept[2].0)).unwrap() + 64]);
    let store = opened(&disk, masters(1, None)).unwrap();
    let lost = store.named_through(kept[3].0).unwrap().unwrap();
    assert_eq!((&lost.path, lost.first, lost.last), (&path, kept[2].0, kept[3].0));
    assert_eq!(bytes_of(&store, kept[1].0), Some(*kept[1].1.bytes()));
    let at = |slot: u64| match store.get(slot) {
        Err(KeyError::Damaged { offset, reason, .. }) => (offset, reason),
        _ => panic!("slot {slot} is not told as damaged"),
    };
    let cut = "the file ends before this slot though a key was kept in it";
    assert_eq!(at(kept[2].0), (slot_offset(kept[2].0), cut));
    assert_eq!(at(kept[3].0), (slot_offset(kept[3].0), cut));
}

#[test]
fn keys_are_taken_up_for_reading_without_a_change() {
    let (disk, mut random) = (SimulatedDisk::new(1), SeededRandom::new(2));
    let store = made(&disk);
    let kept = store.create(3, &mut random).unwrap();
    store.sync().unwrap();
    disk.put(&Path::new(FOLDER).join("slots-00000001.new"), b"half made");
    let before = disk.list(Path::new(FOLDER)).unwrap();
    let reading = KeyStore::open_to_read(Arc::new(disk.clone()), Path::new(FOLDER), masters(1, None), SHAPE).unwrap();
    assert_eq!(bytes_of(&reading, kept[0].0), Some(*kept[0].1.bytes()));
    assert!(reading.get(1_000_000).is_err());
    assert_eq!(disk.list(Path::new(FOLDER)).unwrap(), before);
}
