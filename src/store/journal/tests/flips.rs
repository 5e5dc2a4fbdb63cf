//! Every flipped byte is refused or cut away where nothing was acknowledged.

use super::*;

/// One bit, all bits, and the whole byte gone, which is what a lost sector looks like.
fn masks(offset: u64, byte: u8) -> Vec<u8> {
    let mut masks = vec![1 << (offset % 8), 0xFF, byte];
    masks.retain(|mask| *mask != 0);
    masks.dedup();
    masks
}

fn batch_starts(content: &[u8], segment: u64) -> Vec<u64> {
    let place = |offset| format::Place { segment, offset };
    let offsets = (0..content.len() as u64).step_by(512);
    offsets
        .filter(|offset| {
            let at = usize::try_from(*offset).unwrap();
            format::BatchHeader::decode(&content[at..at + 512], place(*offset)).is_some()
        })
        .collect()
}

/// A journal whose last segment holds three batches, abruptly stopped.
fn three_batches() -> (SimulatedDisk, Vec<Record>, PathBuf, Vec<u64>) {
    let disk = SimulatedDisk::new(1);
    let mut acknowledged = several_segments(&disk);
    let opened = open(&disk);
    for bodies in [vec![Some(6000)], vec![Some(300), None], vec![None, Some(700), Some(0)], vec![Some(333); 2]] {
        acknowledged.extend(write(&opened.journal, &bodies));
    }
    drop(opened);
    let last = files(&disk, ".seg").pop().unwrap();
    let first = segment::parse_segment_name(last.file_name().unwrap().to_str().unwrap()).unwrap();
    let starts = batch_starts(&disk.content(&last).unwrap(), first);
    assert!(starts.len() >= 2, "{starts:?}");
    (disk, acknowledged, last, starts)
}

#[test]
fn each_byte_of_the_last_two_batches_is_guarded() {
    let (disk, acknowledged, last, starts) = three_batches();
    let content = disk.content(&last).unwrap();
    let end = {
        let header = starts[starts.len() - 1];
        let at = usize::try_from(header).unwrap();
        let first = segment::parse_segment_name(last.file_name().unwrap().to_str().unwrap()).unwrap();
        let place = format::Place { segment: first, offset: header };
        header + format::BatchHeader::decode(&content[at..at + 512], place).unwrap().layout().batch_bytes() as u64
    };
    for offset in starts[starts.len() - 2]..end {
        for mask in masks(offset, content[usize::try_from(offset).unwrap()]) {
            let damaged = disk.fork();
            assert!(damaged.corrupt(&last, offset, mask));
            match open_with(&damaged, NO_FLOOR, u64::MAX) {
                Err(OpenError::Damaged(damage)) => assert_eq!(damage.file, last),
                Err(error) => panic!("byte {offset} ^ {mask:02x}: {error}"),
                Ok(_) => panic!("byte {offset} ^ {mask:02x} went unnoticed"),
            }
        }
    }
    let opened = open(&disk);
    assert_eq!(read_all(&opened.journal.reader()), acknowledged);
}

#[test]
fn a_byte_behind_the_end_costs_nothing_acknowledged() {
    let (disk, acknowledged, last, _) = three_batches();
    let content = disk.content(&last).unwrap();
    let end = content.iter().rposition(|byte| *byte != 0).unwrap().next_multiple_of(512);
    assert!(end < content.len());
    for offset in end..content.len() {
        let damaged = disk.fork();
        damaged.corrupt(&last, offset as u64, 0x40);
        match open_with(&damaged, NO_FLOOR, 0) {
            Ok(opened) => assert_eq!(read_all(&opened.journal.reader()), acknowledged),
            Err(error) => assert!(matches!(error, OpenError::Damaged(_)), "{error}"),
        }
    }
}

/// Neither says that all is well where the other does not, and both name the byte that was flipped.
#[test]
fn a_byte_behind_the_end_of_a_clean_stop_is_told_alike_by_an_opening_and_a_verification() {
    let (disk, acknowledged, last, _) = three_batches();
    open(&disk).journal.close().unwrap();
    let content = disk.content(&last).unwrap();
    let end = content.iter().rposition(|byte| *byte != 0).unwrap().next_multiple_of(512);
    assert!(end + 512 < content.len());
    for offset in end..content.len() {
        let damaged = disk.fork();
        damaged.corrupt(&last, offset as u64, 0x40);
        let Err(OpenError::Damaged(refused)) = open_with(&damaged, NO_FLOOR, 0) else { panic!("byte {offset}") };
        let told = match verify_all(&damaged, Path::new(DIRECTORY)) {
            Ok(verified) => {
                assert_eq!((verified.records, verified.clean_stop), (acknowledged.len() as u64, true));
                verified.refused.unwrap()
            }
            Err(OpenError::Damaged(told)) => told,
            Err(error) => panic!("byte {offset}: {error}"),
        };
        assert_eq!(told, refused);
        // A sector right behind the end is taken for the header of a batch.
        if offset >= end + 512 {
            let (end, last, records) = (end as u64, offset as u64, acknowledged.len() as u64);
            let kind = DamageKind::BytesBehindCleanStop { end, last, records };
            assert_eq!((refused.offset, refused.kind), (last, kind));
        }
    }
}

#[test]
fn a_thousand_earlier_bytes_are_guarded() {
    let (disk, acknowledged, last, _) = three_batches();
    let earlier: Vec<PathBuf> = files(&disk, "").into_iter().filter(|file| *file != last).collect();
    let dice = fixture::noise(77, 9000);
    for roll in dice.as_chunks::<9>().0 {
        let file = &earlier[usize::from(roll[0]) % earlier.len()];
        let size = disk.content(file).unwrap().len() as u64;
        let offset = u64::from_le_bytes(*roll[1..].first_chunk().unwrap()) % size;
        let damaged = disk.fork();
        damaged.corrupt(file, offset, roll[8] | 1);
        let is_table = file.extension().is_some_and(|extension| extension == "offsets");
        // Taken at its word at first, an old segment is caught by the scrub, a table by the record's own checksum.
        if let Ok(opened) = open_with(&damaged, NO_FLOOR, u64::MAX) {
            let reader = opened.journal.reader();
            let scrubbed = reader.scrub(reader.scrub_from(0), u64::MAX);
            assert_eq!(scrubbed.is_ok(), is_table, "{} byte {offset}", file.display());
            if is_table {
                assert_eq!(read_all(&reader), acknowledged);
            }
        } else {
            assert!(!is_table);
        }
        match verify_all(&damaged, Path::new(DIRECTORY)) {
            Ok(verified) => assert!(is_table && verified.offset_tables_wrong <= 1),
            Err(error) => assert!(!is_table && matches!(error, OpenError::Damaged(_)), "{error}"),
        }
    }
}

#[test]
fn a_lost_sector_is_cut_only_where_nothing_was_acknowledged() {
    let (disk, acknowledged, last, starts) = three_batches();
    let content = disk.content(&last).unwrap();
    let lose = |disk: &SimulatedDisk, sector: u64| {
        for offset in sector..sector + 512 {
            let byte = content[usize::try_from(offset).unwrap()];
            disk.corrupt(&last, offset, byte);
        }
    };
    let (before, newest) = (starts[starts.len() - 2], starts[starts.len() - 1]);

    let inside = disk.fork();
    lose(&inside, before);
    let error = open_with(&inside, NO_FLOOR, 0).err().unwrap();
    assert!(matches!(&error, OpenError::Damaged(Damage { kind: DamageKind::TornInside { .. }, .. })), "{error}");

    for sector in [newest, newest + 512] {
        let torn = disk.fork();
        lose(&torn, sector);
        let floor = DurableFloor { checkpoint_size: acknowledged.len() as u64 };
        let error = open_with(&torn, floor, 0).err().unwrap();
        let kind = |error| match error {
            OpenError::Damaged(damage) => damage.kind,
            other => panic!("{other}"),
        };
        assert!(matches!(kind(error), DamageKind::TornBelowCheckpoint { .. }));

        let closed = disk.fork();
        open(&closed).journal.close().unwrap();
        lose(&closed, sector);
        let error = open_with(&closed, NO_FLOOR, 0).err().unwrap();
        assert!(matches!(kind(error), DamageKind::TornAfterCleanStop { .. }));
        let told = verify_all(&closed, Path::new(DIRECTORY)).unwrap().refused.unwrap();
        assert!(matches!(told.kind, DamageKind::TornAfterCleanStop { .. }), "{told}");

        // Nobody vouches for the last batch: this is what a power cut during its write leaves.
        let opened = open(&torn);
        let cut = opened.recovery.cut.clone().unwrap();
        assert_eq!((cut.sequence, cut.offset), (opened.next, newest));
        assert_eq!(cut.records, (sector != newest).then_some(2));
        assert_eq!(read_all(&opened.journal.reader()), acknowledged[..acknowledged.len() - 2]);
        let kept = torn.content(&cut.kept).unwrap();
        assert!(kept.iter().any(|byte| *byte != 0));
        write(&opened.journal, &[Some(50); 4]);
        drop(opened);
        assert_eq!(open(&torn).next, acknowledged.len() as u64 + 2);
    }
}

#[test]
fn a_header_of_several_sectors_is_guarded_and_may_be_torn_in_any() {
    let disk = SimulatedDisk::new(1);
    let opened = open(&disk);
    let acknowledged = write(&opened.journal, &[Some(100)]);
    write(&opened.journal, &[Some(60_000)]);
    drop(opened);
    let last = files(&disk, ".seg").pop().unwrap();
    let content = disk.content(&last).unwrap();
    assert_eq!(batch_starts(&content, 1), [512]);
    for offset in (512..1536 + 512).chain((2048..60_000).step_by(997)) {
        let damaged = disk.fork();
        damaged.corrupt(&last, offset, 0x10);
        let error = open_with(&damaged, NO_FLOOR, 0).err().unwrap();
        assert!(
            matches!(&error, OpenError::Damaged(damage) if damage.offset == offset / 512 * 512),
            "{offset}: {error}"
        );
    }
    for sector in [1, 2, 3, 118] {
        let torn = disk.fork();
        for offset in sector * 512..(sector + 1) * 512 {
            torn.corrupt(&last, offset, content[usize::try_from(offset).unwrap()]);
        }
        let opened = open(&torn);
        assert_eq!(opened.recovery.cut.unwrap().records, (sector != 1).then_some(1));
        assert_eq!(read_all(&opened.journal.reader()), acknowledged);
    }
}
