//! Snapshots: the newest sound one is found, damage costs one and not the start, a crash never costs an older one.

use super::*;
use crate::disk::SimulatedDisk;
use crate::random::SeededRandom;
use crate::seal::tests::assert_golden;
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

const FOLDER: &str = "/data/snapshot";

fn store(disk: &SimulatedDisk) -> SnapshotStore {
    let root = RootKey::generate(&mut SeededRandom::new(1));
    SnapshotStore::open(Arc::new(disk.clone()), Path::new(FOLDER), root).unwrap()
}

fn state(sequence: u64) -> Vec<u8> {
    let mut content = vec![0; 150_000];
    SeededRandom::new(sequence).fill(&mut content);
    content
}

fn write(store: &SnapshotStore, sequence: u64) -> io::Result<SnapshotHeader> {
    let mut writer = store.begin(sequence, 3, &mut SeededRandom::new(sequence)).map_err(io::Error::other)?;
    for piece in state(sequence).chunks(9_999) {
        writer.write_all(piece)?;
    }
    writer.finish().map_err(io::Error::other)
}

fn whole(_: &SnapshotHeader, source: &mut dyn Read) -> Result<Vec<u8>, LoadFault> {
    let mut content = Vec::new();
    source.read_to_end(&mut content)?;
    Ok(content)
}

fn path_of(sequence: u64) -> PathBuf {
    Path::new(FOLDER).join(file_name(sequence))
}

fn newest(store: &SnapshotStore, sequence_max: u64) -> (Option<u64>, usize) {
    let loaded = store.newest_valid(sequence_max, whole).unwrap();
    if let Some((header, content)) = &loaded.state {
        assert_eq!(*content, state(header.sequence));
    }
    (loaded.state.map(|(header, _)| header.sequence), loaded.not_used.len())
}

#[test]
fn those_above_the_end_of_the_journal_are_set_aside_and_not_used_later() {
    let disk = SimulatedDisk::new(1);
    let store = store(&disk);
    assert!([10, 200].iter().all(|sequence| write(&store, *sequence).is_ok()));
    assert!(store.set_aside_above(200).unwrap().is_empty());
    assert_eq!(store.set_aside_above(199).unwrap(), [path_of(200).with_added_extension("damaged")]);
    assert_eq!(newest(&store, u64::MAX), (Some(10), 0));
}

#[test]
fn the_newest_at_or_below_is_given_and_two_are_kept() {
    let disk = SimulatedDisk::new(1);
    let store = store(&disk);
    assert_eq!(newest(&store, u64::MAX), (None, 0));
    for sequence in [10, 200, 3_000] {
        let header = write(&store, sequence).unwrap();
        assert_eq!(header.digest, <[u8; 32]>::from(Sha256::digest(state(sequence))));
        assert_eq!((header.sequence, header.state_format, header.plaintext_bytes), (sequence, 3, 150_000));
    }
    assert_eq!(store.sequences().unwrap(), [200, 3_000]);
    assert_eq!(newest(&store, u64::MAX), (Some(3_000), 0));
    assert_eq!(newest(&store, 2_999), (Some(200), 0));
    assert_eq!(newest(&store, 199), (None, 0));
}

#[test]
fn a_loader_may_stop_early_and_the_rest_is_checked_all_the_same() {
    let disk = SimulatedDisk::new(1);
    let store = store(&disk);
    write(&store, 10).unwrap();
    let first_byte = |_: &SnapshotHeader, source: &mut dyn Read| -> Result<u8, LoadFault> {
        let mut byte = [0];
        source.read_exact(&mut byte)?;
        Ok(byte[0])
    };
    assert_eq!(store.newest_valid(10, first_byte).unwrap().state.unwrap().1, state(10)[0]);
    let size = disk.content(&path_of(10)).unwrap().len() as u64;
    disk.corrupt(&path_of(10), size - 1, 1);
    assert!(store.newest_valid(10, first_byte).unwrap().state.is_none());
}

#[test]
fn a_form_not_read_any_more_is_passed_over_and_stays() {
    let disk = SimulatedDisk::new(1);
    let store = store(&disk);
    write(&store, 10).unwrap();
    write(&store, 20).unwrap();
    let loaded = store
        .newest_valid(u64::MAX, |header, source| match header.sequence {
            20 => Err(LoadFault::Unsuited("state format 3 is not read here".to_owned())),
            _ => whole(header, source),
        })
        .unwrap();
    assert_eq!(loaded.state.unwrap().0.sequence, 10);
    assert_eq!(loaded.not_used[0].path, path_of(20));
    assert_eq!(store.sequences().unwrap(), [10, 20]);
}

#[test]
fn a_disk_that_cannot_read_costs_no_snapshot() {
    let disk = SimulatedDisk::new(1);
    let store = store(&disk);
    write(&store, 10).unwrap();
    disk.inject(crate::disk::simulated::Fault::ReadFails, 2);
    assert!(matches!(store.newest_valid(10, whole), Err(SnapshotError::Disk { operation: "read", .. })));
    assert_eq!(newest(&store, 10), (Some(10), 0));
}

#[test]
fn a_snapshot_under_another_name_or_root_is_not_used() {
    let disk = SimulatedDisk::new(1);
    let store = store(&disk);
    write(&store, 10).unwrap();
    disk.put(&path_of(77), &disk.content(&path_of(10)).unwrap());
    assert_eq!(newest(&store, u64::MAX), (Some(10), 1));
    let other = RootKey::generate(&mut SeededRandom::new(2));
    let other = SnapshotStore::open(Arc::new(disk.clone()), Path::new(FOLDER), other).unwrap();
    let loaded = other.newest_valid(u64::MAX, whole).unwrap();
    assert!(loaded.state.is_none() && loaded.not_used.len() == 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_flipped_bit_or_cut_sets_it_aside_and_the_older_one_serves(at: prop::sample::Index, bit in 0_u8..8, cut: bool) {
        let disk = SimulatedDisk::new(1);
        let store = store(&disk);
        write(&store, 10).unwrap();
        write(&store, 20).unwrap();
        let content = disk.content(&path_of(20)).unwrap();
        let at = at.index(content.len());
        if cut {
            disk.put(&path_of(20), &content[..at]);
        } else {
            disk.corrupt(&path_of(20), at as u64, 1 << bit);
        }
        prop_assert_eq!(newest(&store, u64::MAX), (Some(10), 1));
        prop_assert!(disk.content(&path_of(20).with_added_extension("damaged")).is_some());
        prop_assert_eq!(newest(&store, u64::MAX), (Some(10), 0));
    }
}

#[test]
fn a_crash_at_any_step_leaves_a_sound_snapshot() {
    for step in 0.. {
        let disk = SimulatedDisk::new(step);
        let first = store(&disk);
        write(&first, 10).unwrap();
        write(&first, 20).unwrap();
        disk.power_off_after(step);
        let written = write(&first, 30).is_ok();
        disk.crash();
        let again = store(&disk);
        let (found, not_used) = newest(&again, u64::MAX);
        assert_eq!(not_used, 0, "step {step}: nothing half bears a name");
        assert!(found == Some(30) || (!written && found == Some(20)), "step {step}: {found:?}");
        assert!(disk.list(Path::new(FOLDER)).unwrap().iter().all(|name| name.ends_with(".snap")));
        if written {
            return;
        }
    }
}

#[test]
fn header_keeps_its_form() {
    let header =
        SnapshotHeader { sequence: 1_048_576, state_format: 3, plaintext_bytes: 300_000_000, digest: [0xd1; 32] };
    assert_golden("snapshot_header", &header.encode());
    assert_eq!(SnapshotHeader::decode(&header.encode()).unwrap(), header);
}

#[test]
fn no_state_lies_in_clear() {
    let disk = SimulatedDisk::new(1);
    let store = store(&disk);
    let canary = b"canary-110101199003070011-6222020200112233445".repeat(3_000);
    let mut writer = store.begin(1, 3, &mut SeededRandom::new(1)).unwrap();
    writer.write_all(&canary).unwrap();
    writer.finish().unwrap();
    let stored = disk.content(&path_of(1)).unwrap();
    assert!(!stored.windows(8).any(|part| canary[..64].windows(8).any(|own| own == part)));
}

#[test]
fn a_flipped_byte_is_told_without_setting_the_file_aside() {
    let disk = SimulatedDisk::new(1);
    let store = store(&disk);
    for sequence in [10, 200] {
        write(&store, sequence).unwrap();
    }
    let root = RootKey::generate(&mut SeededRandom::new(1));
    let faults = |root: Option<&RootKey>| -> Vec<(Option<u64>, Option<String>)> {
        let checked = check_snapshots(&disk, Path::new(FOLDER), root).unwrap();
        assert_eq!(checked.iter().map(|found| &found.path).collect::<Vec<_>>(), [&path_of(10), &path_of(200)]);
        checked.into_iter().map(|found| (found.header.map(|header| header.sequence), found.fault)).collect()
    };
    let sound = [(Some(10), None), (Some(200), None)];
    assert_eq!(faults(Some(&root)), sound);
    assert_eq!(faults(None), sound);
    let file = disk.open(&path_of(200)).unwrap();
    let size = file.size().unwrap();
    let flip = |at: u64| {
        let mut byte = [0];
        file.read_exact_at(&mut byte, at).unwrap();
        file.write_all_at(&[byte[0] ^ 0x10], at).unwrap();
    };
    for at in [0, 5, 20, 60, 100, 127, 128, 140, 160, 70_000, size - 1] {
        flip(at);
        let told = faults(Some(&root));
        assert_eq!(told[0], sound[0]);
        assert!(told[1].1.is_some(), "byte {at}");
        // Without the key the header answers for itself alone.
        assert_eq!(faults(None)[1].1.is_some(), at < HEADER_BYTES as u64, "byte {at}");
        flip(at);
    }
    file.set_size(size - 1).unwrap();
    assert_eq!(faults(None)[1].1.as_deref(), Some("it does not have the length that its header tells"));
    assert!(faults(Some(&root))[1].1.is_some());
    assert_eq!(store.sequences().unwrap(), [10, 200], "nothing was set aside");
}
