//! What goes into the index in batches is found again, whatever ends, is told again or is killed in between.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use store::index::MemoryIndex;
use store::random::Random;

use super::*;
use crate::tests::changed_index::{Change, Changed};

fn ended(version: u64, events: &[u64]) -> ClosedRequest {
    ClosedRequest {
        sequence: 3,
        version,
        case: 3,
        accepted_at: 0,
        court: "330225".to_owned(),
        goal: "look".to_owned(),
        state: "finished".to_owned(),
        acts: 2,
        partners: vec!["bank-a".to_owned(), "bank-b".to_owned()],
        viewers: Vec::new(),
        slips: Vec::new(),
        events: events.to_vec(),
        again: false,
    }
}

/// News about what had ended, decided when nothing but these events was known of it.
fn news(sequence: u64, known: &[u64]) -> ClosedRequest {
    ClosedRequest { again: true, ..ended(sequence, &[known, &[sequence]].concat()) }
}

#[test]
fn news_that_was_decided_beside_other_news_takes_nothing_out_of_a_history() {
    for long in [false, true] {
        let history: Vec<u64> = if long { (3..3 + INLINE_EVENTS_MAX as u64 + 9).collect() } else { vec![3, 5, 9] };
        let end = history.last().copied().unwrap();
        let (a, b) = (end + 10, end + 20);
        let whole = [history.as_slice(), &[a, b]].concat();
        let (first, one, other) = (ended(end, &history), news(a, &history), news(b, &history));
        let apart = [vec![first.clone()], vec![one.clone()], vec![other.clone()]];
        let together = [vec![first], vec![one, other], Vec::new()];
        for batches in [apart, together] {
            let index = MemoryIndex::new();
            let mut applied = 0;
            for (next, closed) in [end + 1, a + 1, b + 1].into_iter().zip(&batches) {
                let next = closed.last().map_or(next, |newest| next.max(newest.version + 1));
                applied = write(&index, next, closed, |_| true).unwrap();
            }
            assert_eq!(applied, b + 1);
            let found = stored(&index, 3).unwrap().unwrap();
            assert_eq!((found.version, &found.events), (b, &whole), "long: {long}");
        }
    }
}

/// Slips drawn one after the other, of requests that end in any order and many to a batch.
#[test]
fn every_slip_of_a_finished_request_is_found_again_with_few_entries() {
    let day = domain::Day::from_ymd(2026, 11, 20).unwrap();
    let slip = |counter| SlipNumber::issue(day, counter).bits();
    // The last has more slips than a batch has room for.
    let many: Vec<u64> = (10_000..30_000).map(slip).collect();
    let request = |sequence: u64, slips: Vec<u64>| ClosedRequest {
        sequence,
        case: sequence,
        slips,
        ..ended(1_000 - sequence, &[sequence, 1_000 - sequence])
    };
    let few = (0..100).map(|place| request(place, vec![slip(2 * place), slip(2 * place + 1)]));
    let closed: Vec<_> = few.chain([request(100, many.clone())]).collect();
    let index = MemoryIndex::new();
    assert_eq!(write(&index, 1_001, &closed, |_| true).unwrap(), 1_001);
    for request in &closed {
        for slip in &request.slips {
            assert_eq!(request_of_slip(&index, *slip).unwrap(), Some(request.sequence));
        }
    }
    assert_eq!(request_of_slip(&index, slip(200)).unwrap(), None);
    let list = IndexList::SlipsOfStretch(0);
    let entries = index.page(&list, PageOrder::OldestFirst, None, 500).unwrap().entries.len();
    assert!(entries <= 3, "{entries} entries for the 64 slips of a stretch");
    // Late news of a finished request has no slips of it, which the index does not give out.
    let late = ClosedRequest { again: true, ..request(0, Vec::new()) };
    let late = ClosedRequest { version: 1_100, ..late };
    write(&index, 1_101, &[late], |_| true).unwrap();
    assert_eq!(index.page(&list, PageOrder::OldestFirst, None, 500).unwrap().entries.len(), entries);
}

/// An index that is killed once so many entries are written: what it has then is a prefix, without the place behind it.
struct Killed {
    written: MemoryIndex,
    applied: AtomicU64,
    left: AtomicUsize,
}

impl Killed {
    fn index() -> Changed<Self> {
        Changed(Self { written: MemoryIndex::new(), applied: AtomicU64::new(0), left: AtomicUsize::new(usize::MAX) })
    }
}

impl Change for Killed {
    fn behind(&self) -> &dyn Index {
        &self.written
    }

    fn applied(&self) -> u64 {
        self.applied.load(Ordering::Relaxed)
    }

    fn apply(&self, batch: &IndexBatch, random: &mut dyn Random) -> Result<(), IndexError> {
        let (entries, left) = (batch.puts.len() + batch.removes.len(), self.left.load(Ordering::Relaxed));
        assert!(entries <= BATCH_ENTRIES_MAX);
        let puts = batch.puts.iter().take(left).cloned().collect();
        let removes = batch.removes.iter().take(left.saturating_sub(batch.puts.len())).cloned().collect();
        let prefix = IndexBatch { applied: self.written.applied() + 1, puts, removes };
        self.written.apply(&prefix, random)?;
        if left < entries {
            let source = std::io::Error::other("killed");
            return Err(IndexError::Disk { operation: "apply a batch to", path: "index".into(), source });
        }
        self.left.store(left - entries, Ordering::Relaxed);
        self.applied.store(batch.applied, Ordering::Relaxed);
        Ok(())
    }
}

/// Five requests of one stretch, long enough to stand in several entries.
fn of_one_stretch(place: u64) -> ClosedRequest {
    let viewers = (0..16).map(|number| format!("{number:064}")).collect();
    let (sequence, version) = (3 * place, 200 + place);
    ClosedRequest { sequence, case: sequence, viewers, ..ended(version, &[sequence, version]) }
}

fn entries_of_stretch(index: &dyn Index, stretch: u64) -> usize {
    index.page(&IndexList::FinishedOfStretch(stretch), PageOrder::OldestFirst, None, 500).unwrap().entries.len()
}

#[test]
fn news_takes_the_place_of_what_was_told_before_and_does_not_pile_up() {
    let index = MemoryIndex::new();
    let closed: Vec<_> = (0..5).map(of_one_stretch).collect();
    write(&index, 205, &closed, |_| true).unwrap();
    let told = entries_of_stretch(&index, 0);
    for turn in 0..400_u64 {
        let (place, version) = (turn % 5, 300 + turn);
        let late = ClosedRequest { again: true, version, ..of_one_stretch(place) };
        write(&index, version + 1, &[ClosedRequest { events: vec![version], ..late }], |_| true).unwrap();
    }
    assert!(entries_of_stretch(&index, 0) <= told + 3, "{} entries", entries_of_stretch(&index, 0));
    for place in 0..5 {
        let found = stored(&index, 3 * place).unwrap().unwrap();
        assert_eq!((found.version, found.events.len()), (695 + place, 82));
    }
    // Very much news at once, of many stretches, stays within what a batch may hold.
    let many: Vec<_> = (0..250)
        .map(|place| ClosedRequest { again: true, sequence: 60 * place, ..ended(1_000 + place, &[60 * place]) })
        .collect();
    assert_eq!(write(&index, 1_250, &many, |_| true).unwrap(), 1_250);
}

#[test]
fn a_kill_anywhere_in_what_takes_the_place_of_older_entries_loses_none_of_them() {
    let firsts: Vec<_> = (0..5).map(of_one_stretch).collect();
    let late = |place, version| ClosedRequest { again: true, version, ..of_one_stretch(place) };
    let late = |place, version| ClosedRequest { events: vec![version], ..late(place, version) };
    // The one that ends now shares the stretch with those that ended long ago.
    let now = [late(1, 300), of_one_stretch_at(9, 301), late(3, 302)];
    let sound = |index: &Changed<Killed>, after: &str| {
        for place in 0..5 {
            assert!(stored(index, 3 * place).unwrap().is_some(), "request {place} {after}");
        }
    };
    for left in 0..40 {
        let index = Killed::index();
        write(&index, 205, &firsts, |_| true).unwrap();
        index.0.left.store(left, Ordering::Relaxed);
        // The first time it is killed; then again, where it wrote in batches that ended elsewhere.
        let killed = write(&index, 303, &now, |_| true).is_err();
        sound(&index, &format!("after {left} entries"));
        index.0.left.store(left / 2, Ordering::Relaxed);
        let _killed_again = write(&index, 302, now.get(..2).unwrap(), |_| true);
        sound(&index, &format!("after {left} entries and {} more", left / 2));
        index.0.left.store(usize::MAX, Ordering::Relaxed);
        write(&index, 304, &now, |_| true).unwrap();
        sound(&index, "in the end");
        let versions = [1, 3, 9].map(|place| stored(&index, 3 * place).unwrap().unwrap().version);
        assert_eq!(versions, [300, 302, 301], "{left} {killed}");
    }
}

fn of_one_stretch_at(place: u64, version: u64) -> ClosedRequest {
    ClosedRequest { version, ..of_one_stretch(place) }
}

/// One entry that tells of a request, as a kill leaves it: without what follows it in its batch.
fn entry(request: &ClosedRequest, applied: u64) -> IndexBatch {
    let key = IndexKey::Finished { stretch: request.sequence / STRETCH_FINISHED, at: request.version + 1, part: 0 };
    let value = packed(std::iter::once(told(request).0)).remove(0);
    IndexBatch { applied, puts: vec![(key, value)], removes: Vec::new() }
}

#[test]
fn slips_that_a_kill_kept_out_go_in_with_the_late_news_after_it() {
    let day = domain::Day::from_ymd(2026, 11, 20).unwrap();
    let slips: Vec<u64> = (0..2).map(|counter| SlipNumber::issue(day, counter).bits()).collect();
    let first = ClosedRequest { slips: slips.clone(), ..ended(10, &[3, 10]) };
    let index = MemoryIndex::new();
    // What is told of it was written, its slips and the place behind it were not.
    index.apply(&entry(&first, 1), &mut OsRandom).unwrap();
    let late = ClosedRequest { slips: slips.clone(), ..news(20, &[3, 10]) };
    write(&index, 21, &[late], |_| true).unwrap();
    for slip in slips {
        assert_eq!(request_of_slip(&index, slip).unwrap(), Some(3));
    }
}

#[test]
fn a_batch_is_full_with_as_many_entries_as_the_index_takes() {
    // Each in a stretch of its own, four entries with two partners: all but the first fill a batch but for four.
    let request = |place: u64, partners: u64| {
        let partners = (0..partners).map(|number| format!("bank-{number}")).collect();
        ClosedRequest { sequence: 50 * place, partners, ..ended(20_000 + place, &[50 * place, 20_000 + place]) }
    };
    for first in 2..8 {
        let index = MemoryIndex::new();
        write(&index, 20_000, &[], |_| true).unwrap();
        let closed: Vec<_> = (1..=256).map(|place| request(place, if place == 1 { first } else { 2 })).collect();
        assert_eq!(write(&index, 20_257, &closed, |_| true).unwrap(), 20_257, "{first} partners");
        assert!(closed.iter().all(|request| stored(&index, request.sequence).unwrap().is_some()));
    }
}

#[test]
fn finished_requests_are_told_together_and_found_one_by_one_and_in_order() {
    let index = MemoryIndex::new();
    // Three events each; they end in another order than they began in, and the long ones do not fit where others do.
    let request = |place: u64| {
        let (sequence, version) = (3 * place, 10_000 - 3 * place);
        let events: Vec<u64> = match place % 40 {
            7 => (sequence..=sequence + INLINE_EVENTS_MAX as u64).chain([version]).collect(),
            _ => vec![sequence, version],
        };
        let partners = (0..place % 65).map(|number| format!("partner-with-a-long-name-{number:07}")).collect();
        let viewers = (0..place % 17).map(|number| format!("{number:064}")).collect();
        ClosedRequest { sequence, case: sequence, partners, viewers, ..ended(version, &events) }
    };
    let closed: Vec<_> = (0..1_000).map(request).collect();
    let next = 10_001;
    write(&index, next, &closed, |_| true).unwrap();
    for request in &closed {
        let found = stored(&index, request.sequence).unwrap().unwrap();
        assert_eq!((found.version, &found.events), (request.version, &request.events));
        assert_eq!((&found.partners, &found.viewers), (&request.partners, &request.viewers));
        assert!(stored(&index, request.sequence + 1).unwrap().is_none());
    }
    // News of one that ended long ago.
    let late = ClosedRequest { again: true, version: next, ..request(500) };
    write(&index, next + 1, &[late], |_| true).unwrap();
    assert_eq!(stored(&index, 1_500).unwrap().unwrap().version, next);
    let (mut before, mut walked) = (u64::MAX, Vec::new());
    loop {
        let stretch = finished_before(&index, before).unwrap();
        let Some(last) = stretch.last() else { break };
        before = last.sequence;
        walked.extend(stretch.iter().map(|request| request.sequence));
    }
    assert!(walked.iter().copied().eq((0..1_000).rev().map(|place| 3 * place)));
    // From within a stretch on, nothing is left out or told twice.
    let within: Vec<u64> = finished_before(&index, 1_501).unwrap().iter().map(|request| request.sequence).collect();
    assert_eq!(within, [1_500]);
    // Ordinary ones take little more than one entry for those of a stretch that ended together.
    let index = MemoryIndex::new();
    let few: Vec<_> =
        (0..600).map(|place| ClosedRequest { sequence: 3 * place, ..ended(3 * place + 30, &[3 * place]) }).collect();
    write(&index, 2_000, &few, |_| true).unwrap();
    let entries = index.page(&IndexList::Finished, PageOrder::OldestFirst, None, 500).unwrap().entries.len();
    assert!(entries <= 120, "{entries} entries for 600 requests");
}
