//! Blobs: whole or absent after any crash, damage always found, nothing in clear.

use super::*;
use crate::disk::SimulatedDisk;
use crate::random::SeededRandom;
use crate::seal::frames::FRAME_BYTES;
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

mod intents;

const FOLDER: &str = "/data/blobs";

fn key(seed: u64) -> DataKey {
    DataKey::generate(&mut SeededRandom::new(seed))
}

fn store(disk: &SimulatedDisk) -> BlobStore {
    BlobStore::open(Arc::new(disk.clone()), Path::new(FOLDER), 4 * 1024 * 1024).unwrap()
}

fn pattern(bytes: usize, seed: u64) -> Vec<u8> {
    let mut content = vec![0; bytes];
    SeededRandom::new(seed).fill(&mut content);
    content
}

fn put(store: &BlobStore, content: &[u8], seed: u64) -> Result<BlobId, BlobError> {
    store.put(&mut &*content, &key(1), b"document", &mut SeededRandom::new(seed))
}

fn read(store: &BlobStore, id: &BlobId) -> Result<Vec<u8>, BlobError> {
    store.read(id, &key(1), b"document", 4 * 1024 * 1024)
}

#[test]
fn blobs_of_all_sizes_come_back_and_are_named_by_what_lies_on_disk() {
    let disk = SimulatedDisk::new(1);
    let store = store(&disk);
    for bytes in [0, 1, FRAME_BYTES - 1, FRAME_BYTES, FRAME_BYTES + 1, 3 * FRAME_BYTES] {
        let content = pattern(bytes, 9);
        let id = put(&store, &content, bytes as u64).unwrap();
        assert_eq!(read(&store, &id).unwrap(), content);
        let stored = disk.content(&store.path_of(&id)).unwrap();
        assert_eq!(<[u8; 32]>::from(Sha256::digest(&stored)), id.0);
        store.verify(&id).unwrap();
    }
    assert!(disk.list(&Path::new(FOLDER).join("tmp")).unwrap().is_empty());
}

#[test]
fn another_key_or_place_or_name_is_refused() {
    let disk = SimulatedDisk::new(1);
    let store = store(&disk);
    let id = put(&store, &pattern(200_000, 1), 1).unwrap();
    let damaged = |result: Result<Vec<u8>, BlobError>| matches!(result, Err(BlobError::Damaged { .. }));
    assert!(damaged(store.read(&id, &key(2), b"document", 1 << 20)));
    assert!(damaged(store.read(&id, &key(1), b"elsewhere", 1 << 20)));
    assert!(matches!(store.read(&id, &key(1), b"document", 199_999), Err(BlobError::TooLong { .. })));
    let other = put(&store, &pattern(200_000, 2), 2).unwrap();
    disk.put(&store.path_of(&other), &disk.content(&store.path_of(&id)).unwrap());
    assert!(damaged(read(&store, &other)), "a sound blob under another's name");
    assert!(matches!(store.verify(&other), Err(BlobError::Damaged { .. })));
    assert!(matches!(read(&store, &BlobId([7; 32])), Err(BlobError::Absent { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_flipped_bit_or_a_cut_is_found(at: prop::sample::Index, bit in 0_u8..8) {
        let disk = SimulatedDisk::new(1);
        let store = store(&disk);
        let id = put(&store, &pattern(140_000, 1), 1).unwrap();
        let path = store.path_of(&id);
        let stored = disk.content(&path).unwrap();
        let at = at.index(stored.len());
        disk.corrupt(&path, at as u64, 1 << bit);
        let damaged = |result| matches!(result, Err(BlobError::Damaged { .. }));
        prop_assert!(damaged(read(&store, &id)));
        prop_assert!(store.verify(&id).is_err());
        disk.put(&path, &stored[..at]);
        prop_assert!(damaged(read(&store, &id)));
        prop_assert!(store.verify(&id).is_err());
    }
}

#[test]
fn once_put_returned_a_crash_takes_nothing_and_before_it_leaves_nothing_half() {
    let content = pattern(150_000, 3);
    for step in 0.. {
        let disk = SimulatedDisk::new(step);
        let first = store(&disk);
        disk.power_off_after(step);
        let put = put(&first, &content, 4);
        disk.crash();
        let again = store(&disk);
        assert!(disk.list(&Path::new(FOLDER).join("tmp")).unwrap().is_empty(), "step {step}");
        for number in 0..=255 {
            let folder = Path::new(FOLDER).join(hex(&[number]));
            if !disk.exists(&folder).unwrap() {
                continue;
            }
            for name in disk.list(&folder).unwrap() {
                let stored = disk.content(&folder.join(&name)).unwrap();
                assert_eq!(hex(&Sha256::digest(&stored)), name, "step {step}: half a blob under a name");
            }
        }
        if let Ok(id) = put {
            assert_eq!(read(&again, &id).unwrap(), content);
            assert!(step > 4);
            return;
        }
    }
}

#[test]
fn several_blobs_are_committed_with_one_sync_of_each_folder() {
    let disk = SimulatedDisk::new(1);
    let store = store(&disk);
    let mut random = SeededRandom::new(6);
    let staged: Vec<_> = (0..20)
        .map(|seed| store.stage(&mut &*pattern(70_000, seed), &key(1), b"document", &mut random).unwrap())
        .collect();
    let ids: Vec<_> = staged.iter().map(StagedBlob::id).collect();
    assert!(!store.contains(&ids[0]).unwrap(), "no name before the commit");
    let before = disk.counts().directory_syncs;
    store.commit(staged).unwrap();
    let folders: BTreeSet<_> = ids.iter().map(|id| store.folder_of(id)).collect();
    assert_eq!(disk.counts().directory_syncs - before, folders.len() as u64);
    disk.crash();
    let store = self::store(&disk);
    for (seed, id) in (0..).zip(&ids) {
        assert_eq!(read(&store, id).unwrap(), pattern(70_000, seed));
    }
}

#[test]
fn what_was_sealed_in_memory_is_written_together_and_then_is_as_any_other() {
    let disk = SimulatedDisk::new(1);
    let store = store(&disk);
    let (mut random, before) = (SeededRandom::new(6), disk.counts());
    let count = COMMIT_BLOBS_MAX as u64 + 1;
    let seal =
        |seed: u64| store.seal(&pattern(usize::try_from(seed).unwrap(), seed), &key(1), b"document", &mut random);
    let sealed: Vec<_> = (0..count).map(seal).collect::<Result<_, _>>().unwrap();
    assert_eq!(disk.counts(), before, "nobody waited for the disk");
    store.keep(&sealed.iter().collect::<Vec<_>>(), &mut random).unwrap();
    let syncs = disk.counts().directory_syncs - before.directory_syncs;
    assert!(syncs <= 257, "{syncs} for {count} blobs in at most 256 folders, and one more");
    disk.crash();
    let store = self::store(&disk);
    for (seed, blob) in (0..).zip(&sealed) {
        assert_eq!(read(&store, &blob.id()).unwrap(), pattern(usize::try_from(seed).unwrap(), seed));
    }
    let long = store.seal(&pattern(4 * 1024 * 1024 + 1, 1), &key(1), b"", &mut random);
    assert!(matches!(long, Err(BlobError::TooLong { bytes_max: 4_194_304 })));
}

#[test]
fn too_long_a_source_and_one_that_breaks_off_leave_nothing() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _into: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::ConnectionReset.into())
        }
    }
    let disk = SimulatedDisk::new(1);
    let store = store(&disk);
    let long = put(&store, &pattern(4 * 1024 * 1024 + 1, 1), 1);
    assert!(matches!(long, Err(BlobError::TooLong { bytes_max: 4_194_304 })));
    let sound = pattern(100_000, 1);
    let mut source = sound.as_slice().chain(Broken);
    let broken = store.put(&mut source, &key(1), b"", &mut SeededRandom::new(1));
    assert!(matches!(broken, Err(BlobError::Source { .. })));
    assert!(disk.list(&Path::new(FOLDER).join("tmp")).unwrap().is_empty());
    let many = (0..=COMMIT_BLOBS_MAX as u64)
        .map(|seed| store.stage(&mut &b"x"[..], &key(1), b"", &mut SeededRandom::new(seed)).unwrap())
        .collect();
    assert!(matches!(store.commit(many), Err(BlobError::TooMany { .. })));
}

#[test]
fn a_removed_blob_is_gone_and_removing_it_again_is_no_error() {
    let disk = SimulatedDisk::new(1);
    let store = store(&disk);
    let id = put(&store, b"content", 1).unwrap();
    assert!(store.contains(&id).unwrap());
    store.remove(&id).unwrap();
    store.remove(&id).unwrap();
    assert!(!store.contains(&id).unwrap());
    assert!(matches!(read(&store, &id), Err(BlobError::Absent { .. })));
}

#[test]
fn no_content_lies_in_clear() {
    let disk = SimulatedDisk::new(1);
    let store = store(&disk);
    let canary = b"canary-\xe8\xa2\xab\xe6\x89\xa7\xe8\xa1\x8c\xe4\xba\xba-110101199003070011".repeat(3_000);
    let id = put(&store, &canary, 1).unwrap();
    let stored = disk.content(&store.path_of(&id)).unwrap();
    assert!(!stored.windows(8).any(|part| canary[..64].windows(8).any(|own| own == part)));
}

#[test]
fn a_folder_is_held_against_its_names_without_a_key() {
    let disk = SimulatedDisk::new(1);
    let store = store(&disk);
    let folder = Path::new(FOLDER);
    assert_eq!(BlobStore::verify_folder(&disk, Path::new("/data/none")).unwrap(), (0, Vec::new()));
    let ids: Vec<BlobId> = (0..3).map(|n| put(&store, &pattern(100 + n, 7), n as u64).unwrap()).collect();
    assert_eq!(BlobStore::verify_folder(&disk, folder).unwrap(), (3, Vec::new()));
    let path = store.path_of(&ids[1]);
    let mut content = disk.content(&path).unwrap();
    content[40] ^= 1;
    disk.put(&path, &content);
    assert_eq!(BlobStore::verify_folder(&disk, folder).unwrap(), (2, vec![path]));
}
