//! The index: the same answers as the model, pages without gaps, and no damage that panics or passes unseen.

use super::*;
use crate::random::SeededRandom;
use crate::seal::root::RootKey;
use proptest::prelude::*;
use std::fs;
use std::path::Path;

fn root(seed: u64) -> RootKey {
    RootKey::generate(&mut SeededRandom::new(seed))
}

fn opened(folder: &Path) -> Opened {
    SledIndex::open(&folder.join("index"), &root(1), &mut SeededRandom::new(2)).unwrap()
}

fn id(sequence: u64, line: u32) -> EntryId {
    EntryId { sequence, line }
}

/// The entry of a request, in a list of all of them.
fn entry(request: EntryId) -> IndexKey {
    IndexKey::RequestByState { state: 9, request }
}

const ENTRIES: IndexList = IndexList::RequestsByState(9);

fn keys() -> impl Strategy<Value = IndexKey> {
    let ids = (0_u64..40, 0_u32..3).prop_map(|(sequence, line)| id(sequence, line));
    prop_oneof![
        ids.clone().prop_map(IndexKey::EventsOfRequest),
        (0_u64..4, ids.clone()).prop_map(|(case, request)| IndexKey::RequestOfCase { case, request }),
        (0_u8..3, ids.clone()).prop_map(|(state, request)| IndexKey::RequestByState { state, request }),
        (prop_oneof![Just(0_u16), Just(255), Just(256)], prop_oneof![Just(0_u8), Just(255)], ids)
            .prop_map(|(partner, state, act)| IndexKey::ActByPartnerState { partner, state, act }),
        (0_u64..3, 0_u64..9).prop_map(|(stretch, at)| IndexKey::SlipsOfStretch { stretch, at }),
        (0_u64..3, 0_u64..9, 0_u32..3).prop_map(|(stretch, at, part)| IndexKey::Finished { stretch, at, part }),
    ]
}

fn lists() -> Vec<IndexList> {
    let mut lists = vec![IndexList::EventsOfRequest(7)];
    lists.extend((0..4).map(IndexList::RequestsOfCase));
    lists.extend((0..3).map(IndexList::RequestsByState));
    lists.extend(
        [(0, 0), (0, 255), (255, 255), (256, 0)].map(|(partner, state)| IndexList::ActsByPartnerState(partner, state)),
    );
    lists.extend([IndexList::SlipsOfStretch(1), IndexList::Finished, IndexList::FinishedOfStretch(2)]);
    lists
}

fn walk(index: &dyn Index, list: &IndexList, order: PageOrder, limit: usize) -> Vec<(IndexKey, Vec<u8>)> {
    let mut entries = Vec::new();
    let mut cursor = None;
    loop {
        let page = index.page(list, order, cursor.as_ref(), limit).unwrap();
        assert!(page.entries.len() <= limit && (page.next.is_none() || page.entries.len() == limit));
        entries.extend(page.entries);
        cursor = page.next.map(|next| Cursor::from_bytes(next.as_bytes().to_vec()));
        if cursor.is_none() {
            return entries;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn it_answers_as_the_model_does_and_again_after_opening(
        batches in prop::collection::vec((prop::collection::vec((keys(), prop::collection::vec(any::<u8>(), 0..20)), 0..30), prop::collection::vec(keys(), 0..10), 1_u64..=64), 1..8),
        limit in 1_usize..6,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut index = opened(folder.path()).index;
        let model = MemoryIndex::new();
        let mut random = SeededRandom::new(3);
        let mut seen = Vec::new();
        for (puts, removes, events) in batches {
            seen.extend(puts.iter().map(|(key, _)| key.clone()).chain(removes.clone()));
            let batch = IndexBatch { applied: model.applied() + events, puts, removes };
            index.apply(&batch, &mut random).unwrap();
            model.apply(&batch, &mut random).unwrap();
        }
        for again in [false, true] {
            if again {
                drop(index);
                let opened = opened(folder.path());
                prop_assert_eq!(&opened.set_aside, &None);
                index = opened.index;
            }
            prop_assert_eq!(index.applied(), model.applied());
            for key in &seen {
                prop_assert_eq!(index.get(key).unwrap(), model.get(key).unwrap());
            }
            for list in lists() {
                let oldest = walk(&model, &list, PageOrder::OldestFirst, limit);
                prop_assert_eq!(&walk(&index, &list, PageOrder::OldestFirst, limit), &oldest);
                let mut newest = walk(&index, &list, PageOrder::NewestFirst, limit);
                newest.reverse();
                prop_assert_eq!(newest, oldest);
            }
        }
    }

    #[test]
    fn a_key_reads_back_and_its_bytes_are_in_number_order(one in keys(), other in keys()) {
        prop_assert_eq!(IndexKey::decode(&one.encode()), Some(one.clone()));
        let same_family = std::mem::discriminant(&one) == std::mem::discriminant(&other);
        // A slip number that is the beginning of another sorts before it, as its closing zero does.
        prop_assert!(!same_family || one.cmp(&other) == one.encode().cmp(&other.encode()));
    }

    #[test]
    fn no_bytes_make_the_key_reader_fail(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        if let Some(key) = IndexKey::decode(&bytes) {
            prop_assert_eq!(key.encode(), bytes);
        }
    }
}

#[test]
fn a_batch_over_a_limit_or_going_back_is_refused_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let on_disk = opened(folder.path()).index;
    let in_memory = MemoryIndex::new();
    let one = |value: Vec<u8>| vec![(entry(id(1, 0)), value)];
    let many = (0..=BATCH_ENTRIES_MAX as u64).map(|sequence| IndexKey::EventsOfRequest(id(sequence, 0))).collect();
    for index in [&on_disk as &dyn Index, &in_memory] {
        let mut random = SeededRandom::new(1);
        index.apply(&IndexBatch { applied: 64, ..IndexBatch::default() }, &mut random).unwrap();
        for wrong in [
            IndexBatch { applied: 64, puts: one(vec![1]), removes: Vec::new() },
            IndexBatch { applied: 63, puts: one(vec![1]), removes: Vec::new() },
            IndexBatch { applied: 64 + BATCH_EVENTS_MAX + 1, puts: one(vec![1]), removes: Vec::new() },
            IndexBatch { applied: 65, puts: one(vec![1; VALUE_BYTES_MAX + 1]), removes: Vec::new() },
            IndexBatch { applied: 65, puts: one(vec![1]), removes: Vec::clone(&many) },
        ] {
            assert!(matches!(index.apply(&wrong, &mut random), Err(IndexError::Batch { .. })));
        }
        assert_eq!((index.applied(), index.get(&entry(id(1, 0))).unwrap()), (64, None));
        let foreign = Cursor::from_bytes(IndexKey::EventsOfRequest(id(1, 0)).encode());
        let page = index.page(&ENTRIES, PageOrder::OldestFirst, Some(&foreign), 5);
        assert!(matches!(page, Err(IndexError::ForeignCursor)));
    }
}

#[test]
fn a_page_is_cut_to_its_limit() {
    let index = MemoryIndex::new();
    for batch in 0..10 {
        let puts = (0..64).map(|step| (entry(id(batch * 64 + step, 0)), Vec::new())).collect();
        index
            .apply(&IndexBatch { applied: (batch + 1) * 64, puts, removes: Vec::new() }, &mut SeededRandom::new(1))
            .unwrap();
    }
    let page = index.page(&ENTRIES, PageOrder::NewestFirst, None, usize::MAX).unwrap();
    assert_eq!(page.entries.len(), PAGE_ENTRIES_MAX);
    assert_eq!(page.entries[0].0, entry(id(639, 0)));
}

const CANARY: &[u8] = b"canary-110101199003070011-6222020200112233445";

/// An index of 2,560 events, opened once more on the way so that sled wrote its `snap` file, flushed and closed.
fn filled(folder: &Path) -> u64 {
    let mut index = opened(folder).index;
    let mut random = SeededRandom::new(4);
    for batch in 0..40_u64 {
        if batch == 30 {
            drop(index);
            index = opened(folder).index;
        }
        let sequences = (batch * 64..).take(64);
        let mut puts: Vec<_> = sequences.clone().map(|sequence| (entry(id(sequence, 0)), CANARY.to_vec())).collect();
        puts.extend(
            sequences.map(|sequence| (IndexKey::RequestOfCase { case: 1, request: id(sequence, 0) }, Vec::new())),
        );
        index.apply(&IndexBatch { applied: (batch + 1) * 64, puts, removes: Vec::new() }, &mut random).unwrap();
    }
    index.flush().unwrap();
    index.applied()
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// After damage: it opens, and either everything in it reads right up to `applied`, or it is set aside, or a read says that it is damaged.
fn sound_or_said(folder: &Path) -> &'static str {
    let opened = opened(folder);
    if let Some(aside) = opened.set_aside {
        assert!(aside.path.exists() && !aside.reason.is_empty());
        assert_eq!(opened.index.applied(), 0);
        assert!(opened.index.page(&ENTRIES, PageOrder::OldestFirst, None, 1).unwrap().entries.is_empty());
        return "set aside";
    }
    let index = opened.index;
    for sequence in 0..index.applied() {
        match index.get(&entry(id(sequence, 0))) {
            Ok(Some(value)) => assert_eq!(value, CANARY),
            Ok(None) => return "entry missing",
            Err(error) => {
                assert!(error.is_damage(), "{error}");
                assert!(index.get(&entry(id(0, 0))).is_err_and(|error| error.is_damage()), "damage is remembered");
                let fresh = index.set_aside("a read found damage", &root(1), &mut SeededRandom::new(9)).unwrap();
                assert_eq!(fresh.index.applied(), 0);
                assert!(fresh.set_aside.unwrap().path.exists());
                return "damage on reading";
            }
        }
    }
    "sound"
}

#[test]
fn nothing_of_a_value_lies_in_clear() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path());
    let all = files(folder.path());
    assert!(!all.is_empty());
    for path in all {
        let content = fs::read(&path).unwrap();
        assert!(!content.windows(8).any(|part| CANARY.windows(8).any(|own| own == part)), "{}", path.display());
    }
}

#[test]
fn a_lost_folder_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(filled(folder.path()), 2_560);
    fs::remove_dir_all(folder.path().join("index")).unwrap();
    let opened = opened(folder.path());
    assert_eq!((opened.index.applied(), opened.set_aside), (0, None));
}

#[test]
fn a_plain_file_in_its_place_is_set_aside_like_a_damaged_folder() {
    let folder = tempfile::tempdir().unwrap();
    for round in 1..=4 {
        let path = folder.path().join("index");
        if path.is_dir() {
            std::fs::remove_dir_all(&path).unwrap();
        }
        std::fs::write(&path, b"not a folder").unwrap();
        let aside = opened(folder.path()).set_aside.unwrap();
        assert_eq!(
            (aside.reason.as_str(), aside.path),
            ("a plain file stands in its place", folder.path().join(format!("index-damaged-{round}")))
        );
    }
}

#[test]
fn an_index_under_another_root_is_set_aside_and_only_two_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path());
    for seed in 2..6 {
        let opened = SledIndex::open(&folder.path().join("index"), &root(seed), &mut SeededRandom::new(2)).unwrap();
        assert!(opened.set_aside.unwrap().reason.contains("another root key"));
        assert_eq!(opened.index.applied(), 0);
    }
    let mut kept: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    kept.sort();
    assert_eq!(kept, ["index", "index-damaged-3", "index-damaged-4"]);
}

#[test]
fn an_index_of_another_schema_is_put_out_of_the_way_and_said_so() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path());
    let path = folder.path().join("index");
    // sled's threads let go of the lock a moment after the index is dropped.
    let held = |error: &sled::Error| error.to_string().contains("could not acquire lock");
    let change = |number: u32| {
        let db = loop {
            match sled::open(&path) {
                Err(error) if held(&error) => std::thread::yield_now(),
                opened => break opened.unwrap(),
            }
        };
        let mut stored = db.get([0x00, b's']).unwrap().unwrap().to_vec();
        let before = u32::from_be_bytes(stored[..4].try_into().unwrap());
        stored[..4].copy_from_slice(&number.to_be_bytes());
        db.insert([0x00, b's'], stored).unwrap();
        db.flush().unwrap();
        before
    };
    for other in [3, 5] {
        assert_eq!(change(other), 4);
        let taken = opened(folder.path());
        assert!(taken.set_aside.unwrap().reason.contains("another schema"));
        assert_eq!(taken.index.applied(), 0);
    }
}

#[test]
fn cut_files_never_panic() {
    let origin = tempfile::tempdir().unwrap();
    filled(origin.path());
    let all = files(origin.path());
    assert!(all.len() >= 3, "conf, db and snap");
    for path in &all {
        let content = fs::read(path).unwrap();
        for length in [0, content.len() / 2, content.len().saturating_sub(3)] {
            let folder = copy_of(origin.path());
            fs::write(folder.path().join(path.strip_prefix(origin.path()).unwrap()), &content[..length]).unwrap();
            let found = sound_or_said(folder.path());
            assert_ne!(found, "entry missing", "{} cut to {length}", path.display());
            let is_snap = path.file_name().unwrap().to_str().unwrap().starts_with("snap.");
            assert!(!is_snap || found == "set aside", "{} cut to {length}: {found}", path.display());
        }
    }
}

/// The files as a kill at this moment would leave them: what `applied` says is in, is in.
#[test]
fn a_kill_between_batches_never_leaves_applied_ahead_of_the_entries() {
    let origin = tempfile::tempdir().unwrap();
    let index = opened(origin.path()).index;
    let mut random = SeededRandom::new(4);
    for batch in 0..24_u64 {
        let puts = (batch * 64..).take(64).map(|sequence| (entry(id(sequence, 0)), CANARY.to_vec())).collect();
        index.apply(&IndexBatch { applied: (batch + 1) * 64, puts, removes: Vec::new() }, &mut random).unwrap();
        let folder = copy_of(origin.path());
        assert_ne!(sound_or_said(folder.path()), "entry missing", "after batch {batch}");
    }
}

/// Batches so large that sled writes in the middle of them: what a kill leaves of the last one does no harm, and applying it again makes it whole.
#[test]
fn a_kill_inside_a_batch_leaves_what_is_applied_again() {
    const EVENTS: u64 = 100;
    const BATCHES: u64 = 4;
    let origin = tempfile::tempdir().unwrap();
    let index = opened(origin.path()).index;
    let long = vec![7; VALUE_BYTES_MAX];
    let batch = |number: u64| {
        let sequences = (number * EVENTS..).take(usize::try_from(EVENTS).unwrap());
        let puts = sequences.flat_map(|sequence| {
            let list = IndexKey::RequestOfCase { case: sequence / 7, request: id(sequence, 0) };
            [(entry(id(sequence, 0)), long.clone()), (list, Vec::new())]
        });
        IndexBatch { applied: (number + 1) * EVENTS, puts: puts.collect(), removes: Vec::new() }
    };
    let mut random = SeededRandom::new(4);
    for number in 0..BATCHES {
        index.apply(&batch(number), &mut random).unwrap();
        let folder = copy_of(origin.path());
        let left = opened(folder.path());
        if left.set_aside.is_some() {
            continue;
        }
        let left = left.index;
        assert!(left.applied().is_multiple_of(EVENTS), "the place moves with whole batches");
        for again in left.applied() / EVENTS..=number {
            left.apply(&batch(again), &mut random).unwrap();
        }
        for sequence in 0..(number + 1) * EVENTS {
            let found = left.get(&entry(id(sequence, 0)));
            assert!(matches!(&found, Ok(Some(value)) if *value == long), "{sequence} after batch {number}: {found:?}");
        }
        let listed = walk(&left, &IndexList::RequestsOfCase(3), PageOrder::OldestFirst, 4);
        assert_eq!(listed.len(), 7);
    }
}

#[test]
fn keys_keep_their_form() {
    let request = id(1 << 40, 7);
    let keys = [
        IndexKey::RequestOfCase { case: 9, request },
        IndexKey::RequestByState { state: 3, request },
        IndexKey::ActByPartnerState { partner: 258, state: 3, act: request },
        IndexKey::EventsOfRequest(request),
        IndexKey::SlipsOfStretch { stretch: 9, at: 1 << 40 },
        IndexKey::Finished { stretch: 9, at: 1 << 40, part: 2 },
    ];
    let bytes: Vec<u8> = keys.iter().flat_map(|key| [key.encode(), vec![0xff; 2]].concat()).collect();
    crate::seal::tests::assert_golden("index_keys", &bytes);
}

#[test]
fn flipped_bytes_never_panic_and_never_give_a_wrong_value() {
    let origin = tempfile::tempdir().unwrap();
    filled(origin.path());
    let mut random = SeededRandom::new(11);
    let database = files(origin.path()).into_iter().max_by_key(|path| fs::metadata(path).unwrap().len()).unwrap();
    for _ in 0..40 {
        let folder = copy_of(origin.path());
        let path = folder.path().join(database.strip_prefix(origin.path()).unwrap());
        let mut content = fs::read(&path).unwrap();
        let at = usize::try_from(random.next_u64() % content.len() as u64).unwrap();
        for byte in content.iter_mut().skip(at).take(16) {
            *byte ^= 0x5a;
        }
        fs::write(&path, &content).unwrap();
        assert_ne!(sound_or_said(folder.path()), "entry missing", "16 bytes flipped at {at}");
    }
}

fn copy_of(origin: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for path in files(origin) {
        let to = folder.path().join(path.strip_prefix(origin).unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(path, to).unwrap();
    }
    folder
}
