//! Measures the index: 5,000,000 events in, on the real disk; prints events a second, growth of memory, bytes on disk, and fails above the bar.
//!
//! The mix: a request has 4 acts, an act 3 events. A request writes its entry and its places in the lists of its case (but the case's first) and of its state
//! (moved once, at the end), and its idempotency key; every fourth request is a new case with its number and one subject. An act enters the list of its partner and state,
//! moves once within it, and at its end its own entry and its slip are written.
//!
//! `cargo run --release -p xiezhi-store --example index_memory [events] [folder] [open]`. As in the gateway, what is open is left to the open state and
//! list entries are written only where an act or request ends; with `open` every change is written, which shows why: sled then grows by gigabytes.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a measurement, not product code"
)]

use std::path::PathBuf;
use std::time::Instant;
use store::index::{
    BATCH_ENTRIES_MAX, BATCH_EVENTS_MAX, EntryId, Index, IndexBatch, IndexKey, IndexList, PageOrder, SledIndex,
};
use store::random::{OsRandom, SeededRandom};
use store::seal::root::{KeyedHasher, RootKey};

const ACTS_PER_REQUEST: u64 = 4;
/// Slips told by one entry, as where a batch ends some requests.
const SLIPS_TOGETHER: u64 = 16;
const EVENTS_PER_REQUEST: u64 = ACTS_PER_REQUEST * 3;
const REQUESTS_PER_CASE: u64 = 4;
const PARTNERS: u64 = 40;
const GROWTH_BYTES_MAX: u64 = 256 * 1024 * 1024;
const PAGE_BYTES: u64 = 4_096;

fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * PAGE_BYTES
}

/// How long acts stay open before their end is indexed: their list entries lie this far behind the head.
const OPEN_REQUESTS: u64 = 2_000;

struct Mix {
    case_numbers: KeyedHasher,
    subjects: KeyedHasher,
    keys: KeyedHasher,
    closed_only: bool,
}

impl Mix {
    /// What the events of step `step` (one request begins, an older one ends) change.
    fn step(&self, step: u64, batch: &mut IndexBatch) {
        self.begin(step, batch);
        if let Some(old) = step.checked_sub(OPEN_REQUESTS) {
            self.end(old, batch);
        }
    }

    /// Puts and removes of one step at most: at its beginning and at its end.
    fn entries_per_step_max(&self) -> u64 {
        if self.closed_only { 5 + 1 + 3 * ACTS_PER_REQUEST } else { 6 + ACTS_PER_REQUEST + 2 + 4 * ACTS_PER_REQUEST }
    }

    fn begin(&self, request: u64, batch: &mut IndexBatch) {
        let sequence = request * EVENTS_PER_REQUEST;
        let id = EntryId { sequence, line: 0 };
        let case = request / REQUESTS_PER_CASE;
        batch.puts.push((IndexKey::Request(id), vec![7; 40]));
        if !request.is_multiple_of(REQUESTS_PER_CASE) {
            batch.puts.push((IndexKey::RequestOfCase { case, request: id }, Vec::new()));
        }
        if !self.closed_only {
            batch.puts.push((IndexKey::RequestByState { state: 0, request: id }, Vec::new()));
        }
        let key = IndexKey::RequestByIdempotencyKey(self.keys.hash(&request.to_be_bytes()));
        batch.puts.push((key, sequence.to_be_bytes().to_vec()));
        if request.is_multiple_of(REQUESTS_PER_CASE) {
            let number = IndexKey::CaseByNumber(self.case_numbers.hash(&case.to_be_bytes()));
            batch.puts.push((number, case.to_be_bytes().to_vec()));
            let subject = self.subjects.hash(&case.to_be_bytes());
            batch.puts.push((IndexKey::CaseOfSubject { subject, case }, Vec::new()));
        }
        for line in (0..ACTS_PER_REQUEST).filter(|_| !self.closed_only) {
            let (partner, act) = place(request, line);
            batch.puts.push((IndexKey::ActByPartnerState { partner, state: 1, act }, Vec::new()));
        }
    }

    fn end(&self, request: u64, batch: &mut IndexBatch) {
        let id = EntryId { sequence: request * EVENTS_PER_REQUEST, line: 0 };
        if !self.closed_only {
            batch.removes.push(IndexKey::RequestByState { state: 0, request: id });
        }
        batch.puts.push((IndexKey::RequestByState { state: 5, request: id }, Vec::new()));
        for line in 0..ACTS_PER_REQUEST {
            let (partner, act) = place(request, line);
            if !self.closed_only {
                batch.removes.push(IndexKey::ActByPartnerState { partner, state: 1, act });
            }
            batch.puts.push((IndexKey::ActByPartnerState { partner, state: 6, act }, Vec::new()));
            batch.puts.push((IndexKey::Act(act), vec![9; 60]));
            // The slips of some requests in a row are told together.
            let slip = request * ACTS_PER_REQUEST + line;
            if slip.is_multiple_of(SLIPS_TOGETHER) {
                let key = IndexKey::SlipsOfStretch { stretch: slip / 64, at: id.sequence };
                batch.puts.push((key, vec![1; usize::try_from(16 * SLIPS_TOGETHER).unwrap()]));
            }
        }
    }
}

fn place(request: u64, line: u64) -> (u16, EntryId) {
    let partner = u16::try_from(SeededRandom::new(request * ACTS_PER_REQUEST + line).next_u64() % PARTNERS).unwrap();
    (partner, EntryId { sequence: request * EVENTS_PER_REQUEST, line: u32::try_from(line).unwrap() })
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let events: u64 = arguments.next().map_or(5_000_000, |text| text.parse().unwrap());
    let folder = arguments.next().map_or_else(|| PathBuf::from("."), PathBuf::from);
    let folder = tempfile::tempdir_in(folder).unwrap();
    let mut random = OsRandom;
    let root = RootKey::generate(&mut random);
    let mix = Mix {
        case_numbers: root.hasher("case_number"),
        subjects: root.hasher("subject"),
        keys: root.hasher("idempotency_key"),
        closed_only: arguments.next().is_none_or(|text| text != "open"),
    };
    let before = resident_bytes();
    let index = SledIndex::open(&folder.path().join("index"), &root, &mut random).unwrap().index;
    let started = Instant::now();
    let mut peak = before;
    let requests = events / EVENTS_PER_REQUEST;
    let per_batch = (BATCH_EVENTS_MAX / EVENTS_PER_REQUEST).min(BATCH_ENTRIES_MAX as u64 / mix.entries_per_step_max());
    let mut entries = 0;
    for first in (0..requests).step_by(usize::try_from(per_batch).unwrap()) {
        let mut batch = IndexBatch::default();
        let end = (first + per_batch).min(requests);
        (first..end).for_each(|step| mix.step(step, &mut batch));
        batch.applied = end * EVENTS_PER_REQUEST;
        entries += batch.puts.len() + batch.removes.len();
        index.apply(&batch, &mut random).unwrap();
        if (first / per_batch).is_multiple_of(256) {
            peak = peak.max(resident_bytes());
            println!(
                "{:>9} events  {:>7.0} events/s  memory +{:>4} MiB",
                batch.applied,
                batch.applied as f64 / started.elapsed().as_secs_f64(),
                resident_bytes().saturating_sub(before) >> 20,
            );
        }
    }
    index.flush().unwrap();
    let seconds = started.elapsed().as_secs_f64();
    let list = IndexList::ActsByPartnerState(7, 6);
    let read = Instant::now();
    let page = index.page(&list, PageOrder::NewestFirst, None, 500).unwrap();
    let page_ms = read.elapsed().as_secs_f64() * 1e3;
    peak = peak.max(resident_bytes());
    let growth = peak - before;
    println!(
        "events {events}  entries {entries}  {:.0} events/s  memory +{} MiB at most  disk {} MiB  page of {} in {page_ms:.2} ms",
        events as f64 / seconds,
        growth >> 20,
        index.size_on_disk().unwrap() >> 20,
        page.entries.len(),
    );
    drop(index);
    let reopened = Instant::now();
    let opened = SledIndex::open(&folder.path().join("index"), &root, &mut random).unwrap();
    println!(
        "reopened in {:.2} s at {}, set aside: {:?}",
        reopened.elapsed().as_secs_f64(),
        opened.index.applied(),
        opened.set_aside
    );
    drop(opened);
    if growth > GROWTH_BYTES_MAX {
        println!("over the bar of {} MiB", GROWTH_BYTES_MAX >> 20);
        std::process::exit(1);
    }
}
