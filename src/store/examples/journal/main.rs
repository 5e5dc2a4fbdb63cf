//! Measures the journal on this machine's disk, or writes the golden journal.
//!
//! `cargo run --release -p xiezhi-store --example journal -- measure <directory>`
//! `cargo run -p xiezhi-store --example journal -- fixture <directory>`
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "an example stops at the first error")]
#![allow(clippy::disallowed_methods, reason = "it measures real time")]

mod fixture;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use store::disk::RealDisk;
use store::journal::{DurableFloor, Expected, Journal, Opened, Options, ReadLimits, RecordRef, StreamKey, verify_all};

fn open(directory: &Path, options: Options) -> Opened {
    Journal::open(Arc::new(RealDisk), directory, options, DurableFloor::default(), 0).unwrap()
}

fn write_fixture(directory: &Path) {
    let options = Options { segment_bytes_max: 8192, preallocation_bytes: 2048, batch_bytes_max: 1 << 17 };
    let opened = open(directory, options);
    for (wall_ms, batch) in (1_700_000_000_000..).zip(fixture::batches()) {
        let records: Vec<RecordRef<'_>> =
            batch.iter().map(|(leaf, body)| RecordRef { leaf, body: body.as_deref() }).collect();
        opened.journal.append(opened.fence, &[], &records).unwrap();
        opened.journal.commit(wall_ms).unwrap();
    }
    opened.journal.close().unwrap();
}

/// Commits batches and prints how long they took, spread included; returns the records written.
fn measure_commits(directory: &Path, name: &str, batches: usize, records: usize, bytes: usize, prepare: bool) -> u64 {
    let opened = open(directory, Options::default());
    let (leaf, body) = (fixture::noise(1, 300.min(bytes)), fixture::noise(2, bytes - 300.min(bytes)));
    let record = RecordRef { leaf: &leaf, body: (!body.is_empty()).then_some(body.as_slice()) };
    let mut took_us = Vec::with_capacity(batches);
    let mut append_ns = 0;
    let start = Instant::now();
    for batch in 0..batches {
        let begin = Instant::now();
        for number in 0..records {
            let case = StreamKey::Case((batch * records + number) as u128 % 50_000);
            opened.journal.append(opened.fence, &[(case, Expected::Any)], &[record]).unwrap();
        }
        append_ns += begin.elapsed().as_nanos();
        let begin = Instant::now();
        opened.journal.commit(0).unwrap();
        took_us.push(begin.elapsed().as_micros());
        if prepare {
            opened.journal.prepare().unwrap();
        }
    }
    let total = start.elapsed().as_secs_f64();
    took_us.sort_unstable();
    let count = (batches * records) as f64;
    println!(
        "{name}: {:.0} records/s, append {:.0} ns each, commit p50 {} us, p99 {} us, max {} us",
        count / total,
        append_ns as f64 / count,
        took_us[batches / 2],
        took_us[batches * 99 / 100],
        took_us[batches - 1],
    );
    opened.next + (batches * records) as u64
}

fn measure_reads(directory: &Path, name: &str) {
    let begin = Instant::now();
    let opened = open(directory, Options::default());
    println!(
        "{name}: abrupt start with everything validated {:.0} ms, {:?}",
        begin.elapsed().as_secs_f64() * 1e3,
        opened.recovery
    );
    let reader = opened.journal.reader();
    let begin = Instant::now();
    let mut range = reader.read_range(0, ReadLimits::NONE);
    let (mut records, mut bytes) = (0_u64, 0);
    while let Some((_, record)) = range.next_record().unwrap() {
        records += 1;
        bytes += record.leaf.len() + record.body.map_or(0, <[u8]>::len);
    }
    let seconds = begin.elapsed().as_secs_f64();
    println!(
        "{name}: borrowed {:.2} M records/s, {:.0} MB/s",
        records as f64 / seconds / 1e6,
        bytes as f64 / seconds / 1e6
    );
    let begin = Instant::now();
    let owned = reader.read_range(0, ReadLimits::NONE).filter(Result::is_ok).count();
    println!("{name}: owned {:.2} M records/s", owned as f64 / begin.elapsed().as_secs_f64() / 1e6);
    let begin = Instant::now();
    let mut sequence = 1;
    for _ in 0..100_000 {
        sequence = (sequence * 2_862_933_555_777_941_757 + 3_037_000_493_u128) % u128::from(records);
        reader.read(u64::try_from(sequence).unwrap()).unwrap().unwrap();
    }
    println!("{name}: random {:.2} us a record", begin.elapsed().as_secs_f64() * 10.0);
    drop(opened);
    let begin = Instant::now();
    let opened =
        Journal::open(Arc::new(RealDisk), directory, Options::default(), DurableFloor::default(), u64::MAX).unwrap();
    println!("{name}: abrupt start, newest segment only {:.0} ms", begin.elapsed().as_secs_f64() * 1e3);
    opened.journal.close().unwrap();
    drop(opened);
    let begin = Instant::now();
    drop(Journal::open(Arc::new(RealDisk), directory, Options::default(), DurableFloor::default(), u64::MAX).unwrap());
    println!("{name}: clean start {:.0} ms", begin.elapsed().as_secs_f64() * 1e3);
    let begin = Instant::now();
    let verified = verify_all(&RealDisk, directory).unwrap();
    println!("{name}: verify_all {:.0} MB/s", verified.bytes as f64 / begin.elapsed().as_secs_f64() / 1e6);
}

fn measure(directory: &Path) {
    let large = directory.join("large");
    measure_commits(&large, "64 x 1.5 KiB", 3000, 64, 1536, false);
    measure_commits(&large, "64 x 1.5 KiB prepared", 3000, 64, 1536, true);
    measure_reads(&large, "1.5 KiB");
    let single = directory.join("single");
    measure_commits(&single, "1 x 1.5 KiB", 5000, 1, 1536, true);
    let small = directory.join("small");
    measure_commits(&small, "1000 x 200 B", 2000, 1000, 200, false);
    measure_reads(&small, "200 B");
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["fixture", directory] => write_fixture(Path::new(directory)),
        ["measure", directory] => measure(Path::new(directory)),
        _ => println!("journal measure <directory> | journal fixture <directory>"),
    }
}
