//! The journal of format version 1, byte by byte: `tests/upgrade/fixtures/journal-v1`.
//!
//! Made by `cargo run -p xiezhi-store --example journal -- fixture tests/upgrade/fixtures/journal-v1`; never made anew for a format
//! that exists already.

use super::*;

const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/upgrade/fixtures/journal-v1");

fn fixture_files() -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for directory in ["", "journal"] {
        for entry in std::fs::read_dir(Path::new(FIXTURE).join(directory)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let inside = path.strip_prefix(FIXTURE).unwrap();
                found.push((Path::new(DIRECTORY).join(inside), std::fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

fn expected() -> Vec<Record> {
    fixture::batches().into_iter().flatten().map(|(leaf, body)| Record { leaf, body }).collect()
}

#[test]
fn the_golden_journal_opens() {
    let disk = SimulatedDisk::new(1);
    for (path, content) in fixture_files() {
        disk.put(&path, &content);
    }
    let verified = verify_all(&disk, Path::new(DIRECTORY)).unwrap();
    assert!(verified.clean_stop);
    assert_eq!((verified.records, verified.segments, verified.offset_tables_wrong), (29, 3, 0));
    let opened = open(&disk);
    assert!(opened.recovery.clean_stop);
    assert_eq!(opened.recovery.offset_tables_rebuilt, 0);
    assert!(opened.fence > Fence(1));
    assert_eq!(read_all(&opened.journal.reader()), expected());
    write(&opened.journal, &[Some(10)]);
}

#[test]
fn the_golden_journal_is_still_written_byte_by_byte() {
    let disk = SimulatedDisk::new(1);
    let opened = open(&disk);
    for (wall_ms, batch) in (1_700_000_000_000..).zip(fixture::batches()) {
        let records: Vec<Record> = batch.into_iter().map(|(leaf, body)| Record { leaf, body }).collect();
        opened.journal.append(opened.fence, &[], &borrow(&records)).unwrap();
        opened.journal.commit(wall_ms).unwrap();
    }
    opened.journal.close().unwrap();
    for (path, content) in fixture_files() {
        assert!(disk.content(&path) == Some(content), "{} is written otherwise now", path.display());
    }
}
