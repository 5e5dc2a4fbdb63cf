//! Failing disks, full disks, second owners, old fences and stale expectations.

use super::*;
use crate::disk::RealDisk;
use crate::disk::simulated::Fault;

#[test]
fn one_commit_is_one_write_and_one_sync() {
    let disk = SimulatedDisk::new(1);
    let journal = open(&disk).journal;
    let before = disk.counts();
    for sequence in 0..5 {
        let records = [record(sequence, 0, Some(100))];
        journal.append(journal.fence(), &[], &borrow(&records)).unwrap();
    }
    assert_eq!(disk.counts(), before, "an append does no I/O");
    assert_eq!(journal.durable_size(), 0);
    assert_eq!(journal.reader().read(0).unwrap(), None, "only what is durable can be read");
    journal.commit(1).unwrap();
    let after = disk.counts();
    assert_eq!((after.writes - before.writes, after.syncs - before.syncs), (1, 1));
    journal.commit(2).unwrap();
    assert_eq!(disk.counts(), after, "nothing staged, nothing written");
    assert_eq!(journal.reader().read(4).unwrap().unwrap(), record(4, 0, Some(100)));
}

#[test]
fn a_failed_sync_poisons_and_the_next_start_makes_a_copy() {
    for seed in 0..40 {
        let disk = SimulatedDisk::new(seed);
        let opened = open(&disk);
        let mut records = write(&opened.journal, &[Some(400); 3]);
        let doubtful: Vec<Record> = (3..6).map(|sequence| record(sequence, 9, Some(300))).collect();
        let journal = &opened.journal;
        journal.append(journal.fence(), &[], &borrow(&doubtful)).unwrap();
        disk.inject(Fault::SyncFails, 0);
        assert!(matches!(journal.commit(2), Err(CommitError::Failed { operation: "fsync", .. })));
        assert_eq!(journal.append(journal.fence(), &[], &borrow(&doubtful)), Err(AppendError::Poisoned));
        assert!(matches!(journal.commit(3), Err(CommitError::Poisoned)));
        assert!(matches!(journal.prepare(), Err(CommitError::Poisoned)));
        assert!(matches!(journal.close(), Err(CloseError::Poisoned)));
        assert_eq!(journal.durable_size(), 3);
        drop(opened);

        // The cache still shows the batch although the disk lost sectors of it; having told of it, the journal must keep it.
        let opened = open(&disk);
        assert!(!opened.recovery.clean_stop);
        assert_eq!(opened.next, 6);
        drop(opened);
        disk.crash();
        records.extend(doubtful);
        assert_eq!(read_all(&open(&disk).journal.reader()), records);
    }
}

#[test]
fn a_failed_write_poisons_and_the_rest_is_cut_or_whole() {
    for seed in 0..40 {
        let disk = SimulatedDisk::new(seed);
        let opened = open(&disk);
        let records = write(&opened.journal, &[Some(400); 3]);
        let doubtful: Vec<Record> = (3..6).map(|sequence| record(sequence, 9, Some(700))).collect();
        opened.journal.append(opened.fence, &[], &borrow(&doubtful)).unwrap();
        disk.inject(Fault::WriteFails, 0);
        assert!(matches!(opened.journal.commit(2), Err(CommitError::Failed { .. })));
        drop(opened);
        let opened = open(&disk);
        if opened.next == 3 {
            assert_eq!(read_all(&opened.journal.reader()), records);
        } else {
            assert_eq!(opened.next, 6);
        }
    }
}

#[test]
fn a_failing_read_is_an_error_and_no_damage() {
    let disk = SimulatedDisk::new(1);
    several_segments(&disk);
    disk.inject(Fault::ReadFails, 3);
    assert!(matches!(open_with(&disk, NO_FLOOR, 0), Err(OpenError::Io { .. })));
    let reader = open(&disk).journal.reader();
    disk.inject(Fault::ReadFails, 0);
    assert!(matches!(reader.read(30), Err(ReadError::Io { .. })));
    assert!(reader.read(30).unwrap().is_some());
}

#[test]
fn a_full_disk_drops_what_is_staged_and_nothing_else() {
    let disk = SimulatedDisk::new(1);
    let opened = open(&disk);
    let journal = &opened.journal;
    let mut records = write(journal, &[Some(100)]);
    disk.limit_free_bytes(Some(0));
    let case = StreamKey::Case(7);
    let large = [record(1, 1, Some(5000))];
    assert_eq!(journal.append(opened.fence, &[(case, Expected::Absent)], &borrow(&large)).unwrap(), 1..2);
    assert!(matches!(journal.commit(2), Err(CommitError::Full { dropped }) if dropped == (1..2)));
    assert_eq!(journal.append(opened.fence, &[], &borrow(&large)), Err(AppendError::Dropped { from: 1 }));
    assert!(!journal.resume(2));
    assert!(journal.resume(1));
    // The dropped record is gone from the stream as well.
    assert_eq!(journal.append(opened.fence, &[(case, Expected::Absent)], &borrow(&large)).unwrap(), 1..2);
    assert!(matches!(journal.commit(2), Err(CommitError::Full { .. })));
    disk.limit_free_bytes(None);
    assert!(journal.resume(1));
    for _ in 0..6 {
        records.extend(write(journal, &[Some(3000)]));
    }
    drop(opened);
    disk.crash();
    assert_eq!(read_all(&open(&disk).journal.reader()), records);
}

#[test]
fn a_full_disk_at_a_new_segment_poisons_nothing() {
    let disk = SimulatedDisk::new(1);
    let opened = open(&disk);
    let mut written = 0;
    let error = loop {
        disk.limit_free_bytes(if files(&disk, ".seg").len() == 2 { Some(0) } else { None });
        let records = [record(written, 0, Some(1500))];
        opened.journal.append(opened.fence, &[], &borrow(&records)).unwrap();
        match opened.journal.commit(0) {
            Ok(_) => written += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, CommitError::Full { .. }), "{error}");
    disk.limit_free_bytes(None);
    assert!(opened.journal.resume(written));
    write(&opened.journal, &[Some(1500); 3]);
    assert_eq!(opened.journal.durable_size(), written + 3);
    assert!(files(&disk, ".new").is_empty());
}

#[test]
fn zeros_are_prepared_ahead_so_that_commits_need_not() {
    let disk = SimulatedDisk::new(1);
    let journal = open(&disk).journal;
    write(&journal, &[Some(500)]);
    assert!(journal.prepare().unwrap());
    assert!(!journal.prepare().unwrap());
    let before = disk.counts();
    write(&journal, &[Some(500)]);
    assert_eq!(disk.counts().writes - before.writes, 1);
    disk.limit_free_bytes(Some(0));
    assert!(!journal.prepare().unwrap(), "a full disk is told by the commit that needs the room");
}

#[test]
fn a_second_owner_is_told_which_directory() {
    let directory = tempfile::tempdir().unwrap();
    let open = || Journal::open(Arc::new(RealDisk), directory.path(), small(), NO_FLOOR, 0);
    let first = open().unwrap();
    let error = open().err().unwrap();
    assert!(matches!(error, OpenError::Locked { .. }));
    assert!(error.to_string().contains(directory.path().to_str().unwrap()), "{error}");
    write(&first.journal, &[Some(100), None]);
    drop(first);
    let second = open().unwrap();
    assert_eq!(second.next, 2);
    assert!(!second.recovery.clean_stop);
    second.journal.close().unwrap();
    drop(second);
    assert!(open().unwrap().recovery.clean_stop);
}

#[test]
fn the_fence_rises_at_each_opening_and_an_old_one_is_refused() {
    let disk = SimulatedDisk::new(1);
    let mut last = Fence(0);
    for round in 0..5 {
        let opened = open(&disk);
        assert!(opened.fence > last);
        let error = opened.journal.append(last, &[], &borrow(&[record(0, 0, None)])).unwrap_err();
        assert_eq!(error, AppendError::Fenced { given: last, current: opened.fence });
        last = opened.fence;
        write(&opened.journal, &[None]);
        drop(opened);
        if round == 2 {
            // Even with its file lost, the fence that the batches carry is not given again.
            disk.remove(&Path::new(DIRECTORY).join("LOCK")).unwrap();
        }
        disk.crash();
    }
}

#[test]
fn a_violated_expectation_is_stale() {
    let disk = SimulatedDisk::new(1);
    let opened = open(&disk);
    let append = |expect: &[(StreamKey, Expected)], count: usize| {
        let records = vec![record(0, 0, None); count];
        opened.journal.append(opened.fence, expect, &borrow(&records))
    };
    let (case, lane, key) = (StreamKey::Case(1), StreamKey::Lane(1), StreamKey::IdempotencyKey(1));
    assert_eq!(append(&[(case, Expected::Absent), (lane, Expected::Any)], 3), Ok(0..3));
    let stale = |stream, expected, found| Err(AppendError::Stale { stream, expected, found });
    assert_eq!(append(&[(case, Expected::Absent)], 1), stale(case, Expected::Absent, Some(2)));
    assert_eq!(append(&[(lane, Expected::At(1))], 1), stale(lane, Expected::At(1), Some(2)));
    assert_eq!(append(&[(key, Expected::At(3))], 1), stale(key, Expected::At(3), None));
    // One violated expectation refuses all and touches nothing.
    assert!(append(&[(key, Expected::Absent), (case, Expected::At(0))], 1).is_err());
    assert_eq!(append(&[(key, None.into()), (case, Some(2).into())], 1), Ok(3..4));
    assert_eq!(append(&[(case, Expected::At(3)), (key, Expected::At(3))], 1), Ok(4..5));
    opened.journal.commit(0).unwrap();
    assert_eq!(append(&[(lane, Expected::At(2)), (case, Expected::At(4))], 1), Ok(5..6));
    // What ended begins anew, at once and behind the disk, and is there again where the batch that ended it could not be written.
    assert_eq!(append(&[(key, Expected::Ends)], 1), Ok(6..7));
    assert_eq!(append(&[(key, Expected::Absent)], 1), Ok(7..8));
    assert_eq!(append(&[(key, Expected::Absent)], 1), stale(key, Expected::Absent, Some(7)));
}

#[test]
fn a_stream_has_not_ended_when_the_batch_that_ends_it_could_not_be_written() {
    let disk = SimulatedDisk::new(1);
    let opened = open(&disk);
    let key = StreamKey::IdempotencyKey(1);
    let records = [record(0, 0, None)];
    let append = |expected| opened.journal.append(opened.fence, &[(key, expected)], &borrow(&records));
    append(Expected::Absent).unwrap();
    opened.journal.commit(0).unwrap();
    let large = [record(1, 1, Some(5000))];
    opened.journal.append(opened.fence, &[(key, Expected::Ends)], &borrow(&large)).unwrap();
    disk.limit_free_bytes(Some(0));
    assert!(matches!(opened.journal.commit(1), Err(CommitError::Full { .. })));
    disk.limit_free_bytes(None);
    assert!(opened.journal.resume(1));
    assert!(matches!(append(Expected::Absent), Err(AppendError::Stale { .. })));
}

#[test]
fn limits_are_refused_by_name() {
    let disk = SimulatedDisk::new(1);
    let opened = open(&disk);
    let append = |records: &[Record]| opened.journal.append(opened.fence, &[], &borrow(records)).unwrap_err();
    let large = |leaf: usize, body: usize| Record { leaf: vec![b'x'; leaf], body: Some(vec![b'y'; body]) };
    assert_eq!(append(&[large(65_536, 0)]), AppendError::LeafTooLarge { bytes: 65_536 });
    assert_eq!(append(&[large(0, BODY_BYTES_MAX + 1)]), AppendError::BodyTooLarge { bytes: BODY_BYTES_MAX + 1 });
    assert!(matches!(append(&[large(1, 60_000), large(1, 60_000), large(1, 60_000)]), AppendError::TooLarge { .. }));
    assert_eq!(opened.journal.next_sequence(), 0);
    let largest = large(LEAF_BYTES_MAX, 65_000);
    assert_eq!(opened.journal.append(opened.fence, &[], &borrow(std::slice::from_ref(&largest))), Ok(0..1));
    assert!(matches!(append(&[large(1000, 1000)]), AppendError::BatchFull { .. }));
    assert!(matches!(opened.journal.close(), Err(CloseError::Staged { records: 1 })));
    opened.journal.commit(0).unwrap();
    assert_eq!(opened.journal.reader().read(0).unwrap(), Some(largest));
    for wrong in [Options { segment_bytes_max: 1, ..small() }, Options { batch_bytes_max: 1 << 30, ..small() }] {
        let error = Journal::open(Arc::new(disk.fork()), Path::new("/other"), wrong, NO_FLOOR, 0).err().unwrap();
        assert!(matches!(error, OpenError::Options(_)), "{error}");
    }
}

#[test]
fn after_closing_nothing_is_taken() {
    let disk = SimulatedDisk::new(1);
    let opened = open(&disk);
    write(&opened.journal, &[None]);
    opened.journal.close().unwrap();
    opened.journal.close().unwrap();
    let refused = opened.journal.append(opened.fence, &[], &borrow(&[record(1, 0, None)]));
    assert_eq!(refused, Err(AppendError::Closed));
    assert!(matches!(opened.journal.commit(0), Err(CommitError::Closed)));
    drop(opened);
    let syncs = disk.counts().syncs;
    let opened = open(&disk);
    assert!(opened.recovery.clean_stop);
    assert_eq!(disk.counts().syncs - syncs, 1, "only the fence is written, no segment is copied");
}
