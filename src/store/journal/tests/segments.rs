//! Rolling, missing pieces, offset tables, scrubbing and reading across segments.

use super::*;

fn refused(disk: &SimulatedDisk, floor: u64) -> OpenError {
    open_with(disk, DurableFloor { checkpoint_size: floor }, 0).err().unwrap()
}

#[test]
fn records_are_read_across_segments_one_by_one_and_in_order() {
    let disk = SimulatedDisk::new(1);
    let records = several_segments(&disk);
    for visit_from in [0, 10, u64::MAX] {
        let opened = open_with(&disk, NO_FLOOR, visit_from).unwrap();
        let reader = opened.journal.reader();
        assert_eq!(read_all(&reader), records);
        for (sequence, expected) in (0..).zip(&records) {
            assert_eq!(reader.read(sequence).unwrap().as_ref(), Some(expected));
        }
        let mut range = reader.read_range(7, ReadLimits { records_max: 11, bytes_max: u64::MAX });
        assert_eq!(range.by_ref().map(|item| item.unwrap().0).collect::<Vec<_>>(), (7..18).collect::<Vec<_>>());
        assert_eq!(range.next_sequence(), 18);
        assert_eq!(reader.read_range(5, ReadLimits { records_max: 9, bytes_max: 1 }).count(), 1);
        assert_eq!(reader.read_range(opened.next + 5, ReadLimits::NONE).count(), 0);
    }
}

#[test]
fn a_reader_goes_on_while_the_journal_rolls() {
    let disk = SimulatedDisk::new(1);
    let journal = open(&disk).journal;
    let reader = journal.reader();
    let mut records = write(&journal, &[Some(500); 3]);
    let mut range = reader.read_range(0, ReadLimits::NONE);
    range.next().unwrap().unwrap();
    for _ in 0..10 {
        records.extend(write(&journal, &[Some(1500); 2]));
    }
    assert_eq!(range.count(), 2, "the end of a range is fixed when it is made");
    assert_eq!(read_all(&reader), records);
    assert_eq!(reader.offset_tables_missing(), 0);
}

#[test]
fn a_batch_larger_than_a_segment_has_one_of_its_own() {
    let disk = SimulatedDisk::new(1);
    let journal = open(&disk).journal;
    let mut records = write(&journal, &[Some(100)]);
    records.extend(write(&journal, &[Some(60_000), Some(60_000)]));
    records.extend(write(&journal, &[Some(100)]));
    assert_eq!(files(&disk, ".seg").len(), 3);
    drop(journal);
    disk.crash();
    assert_eq!(read_all(&open(&disk).journal.reader()), records);
}

#[test]
fn a_lost_segment_is_named() {
    let disk = SimulatedDisk::new(1);
    let records = several_segments(&disk);
    let segments = files(&disk, ".seg");
    for (index, segment) in segments.iter().enumerate() {
        let damaged = disk.fork();
        damaged.remove(segment).unwrap();
        let first = segment::parse_segment_name(segment.file_name().unwrap().to_str().unwrap()).unwrap();
        let error = refused(&damaged, 0);
        assert!(matches!(error, OpenError::MissingSegment { sequence, .. } if sequence == first), "{index}: {error}");
    }
    let damaged = disk.fork();
    for segment in &segments {
        damaged.remove(segment).unwrap();
    }
    let error = refused(&damaged, records.len() as u64);
    assert!(matches!(error, OpenError::TooShort { found: 0, .. }), "{error}");
}

#[test]
fn a_journal_below_the_checkpoint_is_refused() {
    let disk = SimulatedDisk::new(1);
    let size = several_segments(&disk).len() as u64;
    assert!(
        matches!(refused(&disk, size + 1), OpenError::TooShort { expected, found, .. } if (expected, found) == (size + 1, size))
    );
    assert_eq!(open_with(&disk, DurableFloor { checkpoint_size: size }, 0).unwrap().next, size);
    // A clean stop vouches for its size like a checkpoint: an older copy of the files does not pass.
    let older = disk.fork();
    let opened = open(&disk);
    write(&opened.journal, &[None]);
    opened.journal.close().unwrap();
    let marker = Path::new(DIRECTORY).join("journal/clean");
    older.put(&marker, &disk.content(&marker).unwrap());
    assert!(matches!(refused(&older, 0), OpenError::TooShort { .. }));
    assert!(matches!(verify_all(&older, Path::new(DIRECTORY)), Err(OpenError::TooShort { .. })));
}

#[test]
fn segments_cannot_be_renamed_or_swapped() {
    let disk = SimulatedDisk::new(1);
    several_segments(&disk);
    let segments = files(&disk, ".seg");
    let damaged = disk.fork();
    let (one, two) = (disk.content(&segments[0]).unwrap(), disk.content(&segments[1]).unwrap());
    damaged.put(&segments[0], &two);
    damaged.put(&segments[1], &one);
    let error = refused(&damaged, 0);
    assert!(matches!(&error, OpenError::Damaged(Damage { kind: DamageKind::SegmentName { .. }, .. })), "{error}");

    // A segment of another journal with the same sequences breaks the chain.
    let other = SimulatedDisk::new(2);
    let opened = open(&other);
    for round in 0..12_u64 {
        let bodies = [None, Some(usize::try_from(round).unwrap() * 100), Some(900)];
        let salted: Vec<Record> = (round * 3..).zip(bodies).map(|(sequence, body)| record(sequence, 5, body)).collect();
        opened.journal.append(opened.fence, &[], &borrow(&salted)).unwrap();
        opened.journal.commit(0).unwrap();
    }
    let foreign = disk.fork();
    assert_eq!(files(&other, ".seg")[1], segments[1]);
    foreign.put(&segments[1], &other.content(&segments[1]).unwrap());
    let error = refused(&foreign, 0);
    assert!(matches!(&error, OpenError::Damaged(Damage { kind: DamageKind::Chain { .. }, .. })), "{error}");
}

#[test]
fn a_newer_format_is_told_apart_from_damage() {
    let disk = SimulatedDisk::new(1);
    several_segments(&disk);
    let first = &files(&disk, ".seg")[0];
    let mut content = disk.content(first).unwrap();
    let mut header = format::SegmentHeader::decode(&content[..512]).unwrap();
    header.version = 2;
    content[..512].copy_from_slice(&header.encode());
    disk.put(first, &content);
    assert!(matches!(refused(&disk, 0), OpenError::Version { found: 2, supported: 1, .. }));
}

#[test]
fn lost_and_wrong_offset_tables_are_rebuilt() {
    let disk = SimulatedDisk::new(1);
    let records = several_segments(&disk);
    let tables = files(&disk, ".offsets");
    assert_eq!(tables.len() + 1, files(&disk, ".seg").len());
    let whole: Vec<Vec<u8>> = tables.iter().map(|table| disk.content(table).unwrap()).collect();

    // At opening: missing, cut short, of another segment.
    let damaged = disk.fork();
    damaged.remove(&tables[0]).unwrap();
    damaged.put(&tables[1], &whole[1][..50]);
    let opened = open_with(&damaged, NO_FLOOR, u64::MAX).unwrap();
    assert_eq!(opened.recovery.offset_tables_rebuilt, 2);
    assert_eq!(read_all(&opened.journal.reader()), records);
    assert_eq!(tables.iter().map(|table| damaged.content(table).unwrap()).collect::<Vec<_>>(), whole);
    drop(opened);

    // While reading: entries that point elsewhere.
    let opened = open_with(&damaged, NO_FLOOR, u64::MAX).unwrap();
    damaged.corrupt(&tables[0], 128 + 4, 0x55);
    assert_eq!(opened.journal.reader().read(1).unwrap().as_ref(), records.get(1));
    assert_eq!(damaged.content(&tables[0]).unwrap(), whole[0]);
    drop(opened);
    damaged.corrupt(&tables[1], 128 + 8, 0x55);
    let opened = open_with(&damaged, NO_FLOOR, u64::MAX).unwrap();
    assert_eq!(read_all(&opened.journal.reader()), records);
    assert_eq!(damaged.content(&tables[1]).unwrap(), whole[1]);
}

#[test]
fn a_scrub_goes_through_in_pieces_and_finds_old_damage() {
    let disk = SimulatedDisk::new(1);
    several_segments(&disk);
    let opened = open_with(&disk, NO_FLOOR, u64::MAX).unwrap();
    let reader = opened.journal.reader();
    let mut position = reader.scrub_from(0);
    let mut pieces = 0;
    while let Some(next) = reader.scrub(position.clone(), 1024).unwrap() {
        assert!(next.sequence() > position.sequence());
        position = next;
        pieces += 1;
    }
    assert!(pieces > 5);
    assert!(reader.scrub(reader.scrub_from(opened.next), 1).unwrap().is_none());
    drop(opened);
    let first = &files(&disk, ".seg")[0];
    disk.corrupt(first, 3000, 4);
    let reader = open_with(&disk, NO_FLOOR, u64::MAX).unwrap().journal.reader();
    let error = reader.scrub(reader.scrub_from(0), u64::MAX).unwrap_err();
    assert!(matches!(&error, ReadError::Damaged(damage) if damage.file == *first), "{error}");
    assert!(matches!(open_with(&disk, NO_FLOOR, 0), Err(OpenError::Damaged(_))));
}

#[test]
fn the_same_cut_is_kept_once() {
    let disk = SimulatedDisk::new(3);
    let opened = open(&disk);
    write(&opened.journal, &[Some(100)]);
    drop(opened);
    let segment = files(&disk, ".seg")[0].clone();
    let mut content = disk.content(&segment).unwrap();
    let at = content.iter().rposition(|byte| *byte != 0).unwrap().next_multiple_of(512);
    content.resize(at + 2048, 0);
    content[at + 512..at + 1024].fill(7);
    for _ in 0..3 {
        // As if each start had been interrupted after keeping the bytes.
        disk.put(&segment, &content);
        let opened = open(&disk);
        assert_eq!(opened.recovery.cut.unwrap().records, None);
    }
    let cuts = disk.list(&Path::new(DIRECTORY).join("journal/cut")).unwrap();
    assert_eq!(cuts, ["00000000000000000001-0.bytes"]);
}

#[test]
fn one_thread_appends_one_commits_one_prepares_and_one_reads() {
    let disk = SimulatedDisk::new(1);
    let opened = open(&disk);
    let journal = &opened.journal;
    let total = 3000;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for sequence in 0..total {
                let records = [record(sequence, 0, Some(usize::try_from(sequence % 200).unwrap()))];
                while let Err(error) =
                    journal.append(opened.fence, &[(StreamKey::Lane(1), Expected::Any)], &borrow(&records))
                {
                    assert!(matches!(error, AppendError::BatchFull { .. }), "{error}");
                    std::thread::yield_now();
                }
            }
        });
        scope.spawn(|| {
            while journal.durable_size() < total {
                journal.prepare().unwrap();
            }
        });
        scope.spawn(|| {
            let reader = journal.reader();
            let mut next = 0;
            while next < total {
                for item in reader.read_range(next, ReadLimits { records_max: 50, ..ReadLimits::NONE }) {
                    let (sequence, found) = item.unwrap();
                    assert_eq!(sequence, next);
                    assert_eq!(found, record(sequence, 0, Some(usize::try_from(sequence % 200).unwrap())));
                    next += 1;
                }
            }
        });
        while journal.commit(0).unwrap() < total {}
    });
    drop(opened);
    disk.crash();
    assert_eq!(open(&disk).next, total);
}
