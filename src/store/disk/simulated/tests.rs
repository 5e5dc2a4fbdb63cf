//! The simulated disk keeps its own promises.

use super::*;
use crate::disk::{RealDisk, SECTOR_BYTES};

fn path(name: &str) -> PathBuf {
    Path::new("/d").join(name)
}

fn disk(seed: u64) -> SimulatedDisk {
    let disk = SimulatedDisk::new(seed);
    disk.create_directory(Path::new("/d")).unwrap();
    disk
}

#[test]
fn what_is_synced_survives_and_the_rest_is_torn_by_sector() {
    let mut torn = 0;
    for seed in 0..100 {
        let disk = disk(seed);
        let file = disk.create(&path("a")).unwrap();
        file.allocate(0, 4096).unwrap();
        file.write_all_at(&[1; 1024], 0).unwrap();
        file.sync_data().unwrap();
        disk.sync_directory(Path::new("/d")).unwrap();
        file.write_all_at(&[2; 2048], 1024).unwrap();
        disk.crash();
        assert!(file.size().is_err(), "a handle does not outlive the power");
        let content = disk.content(&path("a")).unwrap();
        assert_eq!(content.len(), 4096);
        assert!(content[..1024].iter().all(|byte| *byte == 1));
        assert!(content[3072..].iter().all(|byte| *byte == 0));
        let sectors: Vec<u8> = content[1024..3072].chunks(SECTOR_BYTES).map(|sector| sector[0]).collect();
        for (sector, kept) in content[1024..3072].chunks(SECTOR_BYTES).zip(&sectors) {
            assert!(sector.iter().all(|byte| byte == kept), "a sector is whole or absent");
        }
        torn += usize::from(sectors.contains(&0) && sectors.contains(&2));
    }
    assert!(torn > 10);
}

#[test]
fn unsynced_names_may_vanish_and_synced_ones_do_not() {
    let mut vanished = 0;
    for seed in 0..50 {
        let disk = disk(seed);
        disk.create(&path("old")).unwrap().write_all_at(b"old", 0).unwrap();
        disk.sync_directory(Path::new("/d")).unwrap();
        disk.create(&path("new")).unwrap();
        disk.rename(&path("old"), &path("moved")).unwrap();
        disk.crash();
        assert!(disk.exists(&path("old")).unwrap() != disk.exists(&path("moved")).unwrap());
        vanished += usize::from(!disk.exists(&path("new")).unwrap());
    }
    assert!((10..40).contains(&vanished));
}

#[test]
fn a_failed_sync_loses_what_reading_still_shows() {
    let mut lost = 0;
    for seed in 0..50 {
        let disk = disk(seed);
        let file = disk.create(&path("a")).unwrap();
        file.write_all_at(&[0; 2048], 0).unwrap();
        file.sync_data().unwrap();
        disk.sync_directory(Path::new("/d")).unwrap();
        file.write_all_at(&[3; 2048], 0).unwrap();
        disk.inject(Fault::SyncFails, 0);
        assert!(file.sync_data().is_err());
        assert_eq!(disk.content(&path("a")).unwrap(), [3; 2048]);
        // The trap: a second fsync reports success and has nothing left to write.
        file.sync_data().unwrap();
        disk.crash();
        lost += usize::from(disk.content(&path("a")).unwrap() != [3; 2048]);
    }
    assert!(lost > 30);
}

#[test]
fn the_same_seed_gives_the_same_disk() {
    let run = |seed| {
        let disk = disk(seed);
        let file = disk.create(&path("a")).unwrap();
        disk.sync_directory(Path::new("/d")).unwrap();
        for round in 0..20_u8 {
            file.write_all_at(&[round; 700], u64::from(round) * 300).unwrap();
        }
        disk.crash();
        disk.content(&path("a")).unwrap()
    };
    assert_eq!(run(7), run(7));
    assert!((0..20).any(|seed| run(seed) != run(7)));
}

#[test]
fn space_power_and_reads_fail_when_told() {
    let disk = disk(1);
    let file = disk.create(&path("a")).unwrap();
    disk.limit_free_bytes(Some(100));
    file.write_all_at(&[1; 100], 0).unwrap();
    assert!(crate::disk::is_full(&file.write_all_at(&[1; 1], 100).unwrap_err()));
    file.write_all_at(&[2; 100], 0).unwrap();
    let mut buffer = [0; 100];
    disk.inject(Fault::ReadShort, 0);
    assert!(file.read_at(&mut buffer, 0).unwrap() < 100);
    file.read_exact_at(&mut buffer, 0).unwrap();
    assert_eq!(buffer, [2; 100]);
    disk.inject(Fault::ReadFails, 1);
    file.read_exact_at(&mut buffer, 0).unwrap();
    assert!(file.read_at(&mut buffer, 0).is_err());
    disk.power_off_after(1);
    assert!(file.sync_data().is_err());
    assert!(disk.is_off());
    assert!(disk.list(Path::new("/d")).is_err());
    disk.crash();
    assert!(!disk.is_off());
}

/// Both disks answer the same questions alike.
#[test]
fn the_real_disk_agrees() {
    let directory = tempfile::tempdir().unwrap();
    let simulated = SimulatedDisk::new(1);
    let disks: [&dyn Disk; 2] = [&RealDisk, &simulated];
    for disk in disks {
        let inside = directory.path().join("x/y");
        let file = |name: &str| inside.join(name);
        disk.create_directory(&inside).unwrap();
        disk.create_directory(&inside).unwrap();
        assert_eq!(disk.open(&file("a")).err().unwrap().kind(), io::ErrorKind::NotFound);
        let opened = disk.create(&file("b")).unwrap();
        assert_eq!(disk.create(&file("b")).err().unwrap().kind(), io::ErrorKind::AlreadyExists);
        opened.write_all_at(b"hello", 3).unwrap();
        opened.set_size(7).unwrap();
        assert_eq!(
            (opened.size().unwrap(), disk.read_file(&file("b"), 7).unwrap().as_slice()),
            (7, &b"\0\0\0hell"[..])
        );
        assert_eq!(disk.read_file(&file("b"), 6).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(opened.read_exact_at(&mut [0; 8], 0).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        disk.replace_file(&file("b"), b"new").unwrap();
        disk.rename(&file("b"), &file("c")).unwrap();
        assert_eq!(disk.list(&inside).unwrap(), ["c"]);
        assert_eq!(disk.read_file(&file("c"), 9).unwrap(), b"new");
        let lock = disk.lock(&file("l")).unwrap();
        assert!(lock.is_some());
        assert!(disk.lock(&file("l")).unwrap().is_none());
        drop(lock);
        assert!(disk.lock(&file("l")).unwrap().is_some());
        disk.remove(&file("c")).unwrap();
        assert!(!disk.exists(&file("c")).unwrap());
        assert_eq!(disk.remove(&file("c")).unwrap_err().kind(), io::ErrorKind::NotFound);
        disk.sync_directory(&inside).unwrap();
    }
}
