//! Measures snapshots on the real disk: writing and reading a state of 300 MB, the size of 1,000,000 open acts; prints MB a second and growth of memory.
//!
//! `cargo run --release -p xiezhi-store --example snapshot_speed [megabytes] [folder]`

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a measurement, not product code"
)]

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;
use store::disk::RealDisk;
use store::random::{OsRandom, Random as _, SeededRandom};
use store::seal::root::RootKey;
use store::snapshot::SnapshotStore;

const MEGABYTE: usize = 1_000_000;

fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4_096
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let megabytes: usize = arguments.next().map_or(300, |text| text.parse().unwrap());
    let folder = arguments.next().map_or_else(|| PathBuf::from("."), PathBuf::from);
    let folder = tempfile::tempdir_in(folder).unwrap();
    let root = RootKey::generate(&mut OsRandom);
    let store = SnapshotStore::open(Arc::new(RealDisk), &folder.path().join("snapshot"), root).unwrap();
    let mut piece = vec![0; MEGABYTE];
    SeededRandom::new(1).fill(&mut piece);
    let before = resident_bytes();
    let started = Instant::now();
    let mut writer = store.begin(1 << 20, 1, &mut OsRandom).unwrap();
    (0..megabytes).for_each(|_| writer.write_all(&piece).unwrap());
    let header = writer.finish().unwrap();
    let written = started.elapsed().as_secs_f64();
    let started = Instant::now();
    let loaded = store.newest_valid(u64::MAX, |_, source| {
        (0..megabytes).try_for_each(|_| source.read_exact(&mut piece)).map_err(Into::into)
    });
    let read = started.elapsed().as_secs_f64();
    assert_eq!(loaded.unwrap().state.unwrap().0, header);
    println!(
        "{megabytes} MB: written in {written:.2} s ({:.0} MB/s), read and checked in {read:.2} s ({:.0} MB/s), memory +{} KiB",
        megabytes as f64 / written,
        megabytes as f64 / read,
        resident_bytes().saturating_sub(before) >> 10,
    );
}
