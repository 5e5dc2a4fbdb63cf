//! Measures the index: 5,000,000 events in, on the real disk; prints events a second, growth of memory, bytes on disk, and fails above the bar.
//!
//! The mix: a request has 4 acts, an act 3 events, and some requests after it an older one ends. What is written is what the gateway writes
//! (`src/engine/runtime/indexing/entries.rs`), in the same shapes and sizes: its place in the list of its case (but the case's first), the stretches of its
//! partners, what is told of it together with the others of its stretch that end in the batch, and its slips likewise. One in fifty has late
//! news, for which its stretch is told anew and the older entry taken away.
//!
//! `cargo run --release -p xiezhi-store --example index_memory [events] [folder]`

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a measurement, not product code"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Instant;
use store::index::{BATCH_EVENTS_MAX, EntryId, Index, IndexBatch, IndexKey, IndexList, PageOrder, SledIndex};
use store::random::{OsRandom, SeededRandom};
use store::seal::root::RootKey;

const ACTS_PER_REQUEST: u64 = 4;
const EVENTS_PER_REQUEST: u64 = ACTS_PER_REQUEST * 3;
const REQUESTS_PER_CASE: u64 = 4;
const PARTNERS: u64 = 40;
/// One request in so many has late news, and one is stopped.
const LATE_EVERY: u64 = 50;
const STOPPED_EVERY: u64 = 100;
/// As in the gateway: slips, events of finished requests, and events for partners' lists that share an entry.
const STRETCH_SLIPS: u64 = 64;
const STRETCH_FINISHED: u64 = 50;
const STRETCH_EVENTS: u64 = 500;
const MERGED_PARTS: u32 = 1 << 16;
const GROWTH_BYTES_MAX: u64 = 256 * 1024 * 1024;
const PAGE_BYTES: u64 = 4_096;

fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * PAGE_BYTES
}

/// How long requests stay open before their end is indexed, and how long after that their late news comes: so far behind the head lies
/// what is written of them.
const OPEN_REQUESTS: u64 = 2_000;
const LATE_REQUESTS: u64 = 20_000;

/// What the gateway has written so far and looks up before it writes.
#[derive(Default)]
struct Mix {
    listed: BTreeSet<(u16, u64)>,
    /// Where the stretches stand that may have late news.
    told: BTreeMap<u64, Vec<IndexKey>>,
}

impl Mix {
    /// What the steps of one batch change; in each a request begins and an older one ends.
    fn batch(&mut self, steps: std::ops::Range<u64>) -> IndexBatch {
        let mut batch = IndexBatch { applied: steps.end * EVENTS_PER_REQUEST, ..IndexBatch::default() };
        let (mut finished, mut slips): (BTreeMap<u64, Vec<u64>>, BTreeMap<u64, u64>) = Default::default();
        for request in steps.clone().filter_map(|step| step.checked_sub(OPEN_REQUESTS)) {
            self.list(request, &mut batch);
            finished.entry(request * EVENTS_PER_REQUEST / STRETCH_FINISHED).or_default().push(request);
            for slip in request * ACTS_PER_REQUEST..(request + 1) * ACTS_PER_REQUEST {
                *slips.entry(slip / STRETCH_SLIPS).or_default() += 1;
            }
        }
        for (stretch, requests) in finished {
            let key = IndexKey::Finished { stretch, at: batch.applied, part: 0 };
            self.told.entry(stretch).or_default().push(key.clone());
            batch.puts.push((key, told(requests.into_iter())));
        }
        for (stretch, count) in slips {
            let key = IndexKey::SlipsOfStretch { stretch, at: batch.applied };
            batch.puts.push((key, vec![1; usize::try_from(16 * count).unwrap()]));
        }
        let late =
            steps.filter_map(|step| step.checked_sub(LATE_REQUESTS)).filter(|step| step.is_multiple_of(LATE_EVERY));
        for stretch in late.map(|request| request * EVENTS_PER_REQUEST / STRETCH_FINISHED) {
            let key = IndexKey::Finished { stretch, at: batch.applied, part: MERGED_PARTS };
            batch.removes.extend(self.told.insert(stretch, vec![key.clone()]).unwrap_or_default());
            let first = (stretch * STRETCH_FINISHED).div_ceil(EVENTS_PER_REQUEST);
            batch.puts.push((key, told(first..first + STRETCH_FINISHED / EVENTS_PER_REQUEST)));
        }
        batch
    }

    fn list(&mut self, request: u64, batch: &mut IndexBatch) {
        let id = EntryId { sequence: request * EVENTS_PER_REQUEST, line: 0 };
        if !request.is_multiple_of(REQUESTS_PER_CASE) {
            let case = (request - request % REQUESTS_PER_CASE) * EVENTS_PER_REQUEST;
            batch.puts.push((IndexKey::RequestOfCase { case, request: id }, Vec::new()));
        }
        if request.is_multiple_of(STOPPED_EVERY) {
            batch.puts.push((IndexKey::RequestByState { state: 2, request: id }, Vec::new()));
        }
        let start = id.sequence - id.sequence % STRETCH_EVENTS;
        for partner in (0..ACTS_PER_REQUEST).map(|line| partner_of(request, line)) {
            if self.listed.insert((partner, start)) {
                let act = EntryId { sequence: start, line: 0 };
                batch.puts.push((IndexKey::ActByPartnerState { partner, state: 0, act }, Vec::new()));
            }
        }
    }
}

fn partner_of(request: u64, line: u64) -> u16 {
    u16::try_from(SeededRandom::new(request * ACTS_PER_REQUEST + line).next_u64() % PARTNERS).unwrap()
}

/// What is told of these requests, as long as what the gateway tells.
fn told(requests: impl Iterator<Item = u64>) -> Vec<u8> {
    let one = |request: u64| {
        let first = request * EVENTS_PER_REQUEST;
        let version = first + OPEN_REQUESTS * EVENTS_PER_REQUEST;
        let partners: Vec<String> =
            (0..ACTS_PER_REQUEST).map(|line| format!("\"bank-of-place-{:02}\"", partner_of(request, line))).collect();
        let events: Vec<String> = std::iter::once(first)
            .chain(version - EVENTS_PER_REQUEST + 2..=version)
            .map(|event| event.to_string())
            .collect();
        format!(
            "{{\"sequence\":{first},\"version\":{version},\"case\":{first},\"accepted_at\":1795000000000,\"court\":\"330225\",\"goal\":\"secure\",\
             \"state\":\"finished\",\"acts\":{ACTS_PER_REQUEST},\"partners\":[{}],\"events\":[{}]}}",
            partners.join(","),
            events.join(",")
        )
    };
    format!("[{}]", requests.map(one).collect::<Vec<_>>().join(",")).into_bytes()
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let events: u64 = arguments.next().map_or(5_000_000, |text| text.parse().unwrap());
    let folder = arguments.next().map_or_else(|| PathBuf::from("."), PathBuf::from);
    let folder = tempfile::tempdir_in(folder).unwrap();
    let mut random = OsRandom;
    let root = RootKey::generate(&mut random);
    let mut mix = Mix::default();
    let before = resident_bytes();
    let index = SledIndex::open(&folder.path().join("index"), &root, &mut random).unwrap().index;
    let started = Instant::now();
    let mut peak = before;
    let requests = events / EVENTS_PER_REQUEST;
    let per_batch = BATCH_EVENTS_MAX / EVENTS_PER_REQUEST;
    let mut entries = 0;
    for first in (0..requests).step_by(usize::try_from(per_batch).unwrap()) {
        let batch = mix.batch(first..(first + per_batch).min(requests));
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
    let list = IndexList::Finished;
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
