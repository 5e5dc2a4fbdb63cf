//! What a crash leaves under a blob's name was intended, at whatever step it came.

use super::*;

/// The blobs that lie under their names.
fn named(disk: &SimulatedDisk) -> BTreeSet<String> {
    let folder = |number: u8| Path::new(FOLDER).join(hex(&[number]));
    let there = (0..=255).map(folder).filter(|folder| disk.exists(folder).unwrap());
    there.flat_map(|folder| disk.list(&folder).unwrap()).collect()
}

fn intended(store: &BlobStore) -> BTreeSet<String> {
    let intents = store.intents().unwrap().into_iter().filter_map(|(_, intent)| intent);
    intents.flat_map(|intent| intent.blobs).map(|blob| blob.id.to_string()).collect()
}

#[test]
fn a_crash_at_any_step_leaves_no_document_without_its_intent() {
    for step in 0.. {
        let disk = SimulatedDisk::new(step);
        let first = store(&disk);
        disk.power_off_after(step);
        let mut random = SeededRandom::new(4);
        let done = (|| {
            let staged = first.stage(&mut &*pattern(70_000, 3), &key(1), b"document", &mut random)?;
            let file = first.intend_document(9, (7, staged.id()), &mut random)?;
            first.commit(vec![staged])?;
            Ok::<_, BlobError>(file)
        })();
        disk.crash();
        let again = store(&disk);
        assert!(intended(&again).is_superset(&named(&disk)), "step {step}");
        if let Ok(file) = done {
            let there = again.intents().unwrap();
            let intent = there[0].1.clone().unwrap();
            assert_eq!((&there[0].0, intent.head, intent.blobs[0].slot), (&file, 9, 7));
            assert_eq!(intent.blobs[0].sequence, None);
            again.forget(&file).unwrap();
            again.sync_intents().unwrap();
            disk.crash();
            assert!(store(&disk).intents().unwrap().is_empty());
            return;
        }
    }
}

#[test]
fn a_crash_at_any_step_leaves_no_long_body_without_its_intent() {
    let mut random = SeededRandom::new(4);
    let sealer = store(&SimulatedDisk::new(0));
    let bodies: Vec<SealedBlob> =
        (0..5).map(|seed| sealer.seal(&pattern(70_000, seed), &key(1), b"body", &mut random).unwrap()).collect();
    let intent = |head: u64, bodies: &[SealedBlob]| {
        let blob = |body: &SealedBlob| Intended { slot: 7, sequence: Some(head), id: body.id() };
        Intent { head, blobs: bodies.iter().map(blob).collect() }
    };
    for step in 0.. {
        let disk = SimulatedDisk::new(step);
        let first = store(&disk);
        // Those before are longer, and have their events by now.
        first.intend_bodies(&intent(3, &bodies[..3])).unwrap();
        first.keep(&bodies[..3].iter().collect::<Vec<_>>(), &mut random).unwrap();
        let before = named(&disk);
        disk.power_off_after(step);
        let kept = first
            .intend_bodies(&intent(6, &bodies[3..]))
            .and_then(|()| first.keep(&bodies[3..].iter().collect::<Vec<_>>(), &mut random));
        disk.crash();
        let again = store(&disk);
        let fresh: BTreeSet<String> = named(&disk).difference(&before).cloned().collect();
        assert!(intended(&again).is_superset(&fresh), "step {step}");
        if kept.is_ok() {
            let there = again.intents().unwrap();
            assert_eq!((there.len(), &there[0].1), (1, &Some(intent(6, &bodies[3..]))));
            return;
        }
    }
}

/// The form is read by a later release after a crash of this one.
#[test]
fn an_intent_keeps_its_form() {
    let disk = SimulatedDisk::new(1);
    let store = store(&disk);
    let id = BlobId([0xab; 32]);
    store.intend_document(0x0102, (0x0304, id), &mut SeededRandom::new(1)).unwrap();
    let (file, _) = store.intents().unwrap().remove(0);
    let bytes = disk.content(file.path()).unwrap();
    let written = format!("585a4931{:016x}00000001{:016x}{}{}", 0x0102, 0x0304, "ff".repeat(8), "ab".repeat(32));
    assert_eq!(hex(&bytes[..bytes.len() - 4]), written);
    for cut in 0..bytes.len() {
        disk.put(file.path(), &bytes[..cut]);
        assert_eq!(store.intents().unwrap()[0].1, None, "cut at {cut}");
    }
}
