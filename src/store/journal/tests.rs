//! The journal under crashes, flipped bytes, failing disks and old files.

mod faults;
mod flips;
mod golden;
mod model;
mod segments;

use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::disk::SimulatedDisk;

#[path = "../examples/journal/fixture.rs"]
mod fixture;

const DIRECTORY: &str = "/data";
const NO_FLOOR: DurableFloor = DurableFloor { checkpoint_size: 0 };

/// Small enough that a few records fill a segment.
fn small() -> Options {
    Options { segment_bytes_max: 8192, preallocation_bytes: 2048, batch_bytes_max: 1 << 17 }
}

fn open_with(disk: &SimulatedDisk, floor: DurableFloor, visit_from: u64) -> Result<Opened, OpenError> {
    Journal::open(Arc::new(disk.clone()), Path::new(DIRECTORY), small(), floor, visit_from)
}

fn open(disk: &SimulatedDisk) -> Opened {
    open_with(disk, NO_FLOOR, 0).unwrap()
}

/// The record that tests put at a sequence; `salt` tells attempts apart.
fn record(sequence: u64, salt: u64, body_bytes: Option<usize>) -> Record {
    let leaf = format!("{{\"n\":{sequence},\"salt\":{salt}}}").into_bytes();
    Record { leaf, body: body_bytes.map(|bytes| fixture::noise(sequence ^ salt << 32, bytes)) }
}

fn borrow(records: &[Record]) -> Vec<RecordRef<'_>> {
    records.iter().map(|record| RecordRef { leaf: &record.leaf, body: record.body.as_deref() }).collect()
}

/// Appends and commits one batch of records with bodies of these sizes.
fn write(journal: &Journal, bodies: &[Option<usize>]) -> Vec<Record> {
    let next = journal.next_sequence();
    let records: Vec<Record> = bodies.iter().zip(next..).map(|(body, sequence)| record(sequence, 0, *body)).collect();
    assert_eq!(journal.append(journal.fence(), &[], &borrow(&records)).unwrap().start, next);
    assert_eq!(journal.commit(1_700_000_000_000).unwrap(), journal.next_sequence());
    records
}

fn read_all(reader: &Reader) -> Vec<Record> {
    reader.read_range(0, ReadLimits::NONE).map(|item| item.unwrap().1).collect()
}

fn files(disk: &SimulatedDisk, extension: &str) -> Vec<PathBuf> {
    let directory = Path::new(DIRECTORY).join("journal");
    let names = disk.list(&directory).unwrap();
    names.into_iter().filter(|name| name.ends_with(extension)).map(|name| directory.join(name)).collect()
}

/// A journal of several segments, abruptly stopped, and what was acknowledged.
fn several_segments(disk: &SimulatedDisk) -> Vec<Record> {
    let opened = open(disk);
    let mut records = Vec::new();
    for round in 0..12 {
        records.extend(write(&opened.journal, &[None, Some(round * 100), Some(900)]));
    }
    assert!(files(disk, ".seg").len() >= 3);
    records
}
