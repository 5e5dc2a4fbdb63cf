//! What the index has of finished requests: written in batches, read back by request and by slip.

use std::collections::BTreeMap;

use domain::SlipNumber;
use store::index::{
    BATCH_ENTRIES_MAX, BATCH_EVENTS_MAX, Cursor, EntryId, Index, IndexBatch, IndexError, IndexKey, IndexList,
    PageOrder, VALUE_BYTES_MAX,
};
use store::random::OsRandom;

use crate::command::ClosedRequest;
use crate::state::short_hash;

/// Sequences in one chunk of a request's history: with the seal a value stays below its limit.
const CHUNK_EVENTS: usize = (VALUE_BYTES_MAX - 64) / 8;
/// Up to so many sequences stand with the request itself, where they fit: at ten digits each they are a third of a value.
const INLINE_EVENTS_MAX: usize = 128;
/// Numbers of slips in a stretch. They are drawn one after the other, so those that end together share few stretches, and an entry for
/// each slip would be a third of all entries.
const STRETCH_SLIPS: u64 = 64;
/// Bytes of one slip in the entry of its stretch: its number and the sequence of its request. A whole stretch is a quarter of a value.
const SLIP_BYTES: usize = 16;
/// Entries of a stretch read at a time.
const STRETCH_ENTRIES_AT_ONCE: usize = 100;
/// Events in the stretch by which finished requests are told: some sixteen ordinary ones, whose values fill one entry or two. sled
/// splits a leaf with every eighth entry, however small, so an entry for each request would cost most of all.
const STRETCH_FINISHED: u64 = 50;
/// Bytes around what one value holds.
const BRACKETS: usize = 2;
/// Chunks of one request's history read at a time.
const CHUNKS_AT_ONCE: usize = 100;
/// Events in a stretch: a partner's finished requests are found by the stretches in which some of them were accepted. An entry for each
/// request would be a third of all entries; the price is that the requests of a stretch are read to see whose they are.
const STRETCH_EVENTS: u64 = 500;

/// The number under which a partner's acts are listed: stable over runs, 16 bits; a hit is checked against the entry.
#[must_use]
pub fn partner_number(partner: &str) -> u16 {
    u16::try_from(short_hash(&[partner]) & 0xffff).unwrap_or(0)
}

/// The first sequence of the stretch in which an event stands.
#[must_use]
pub const fn stretch_of(sequence: u64) -> u64 {
    sequence - sequence % STRETCH_EVENTS
}

/// The first sequence behind that stretch.
#[must_use]
pub const fn stretch_end(sequence: u64) -> u64 {
    stretch_of(sequence).saturating_add(STRETCH_EVENTS)
}

/// The number of a request's end state.
#[must_use]
pub fn state_number(word: &str) -> u8 {
    domain::request::RequestState::from_word(word).map_or(0, domain::request::RequestState::code)
}

/// A batch being filled.
struct Writing<'a> {
    index: &'a dyn Index,
    applied: u64,
    batch: IndexBatch,
    /// By stretch and sequence, what is told of a request.
    finished: BTreeMap<u64, BTreeMap<u64, Vec<u8>>>,
    /// By stretch and slip, the request.
    slips: BTreeMap<u64, BTreeMap<u64, u64>>,
}

impl Writing<'_> {
    /// So many entries it has at most.
    fn entries(&self) -> usize {
        let finished: usize = self.finished.values().map(BTreeMap::len).sum();
        self.batch.puts.len() + self.slips.len() + finished
    }

    fn note_finished(&mut self, request: &ClosedRequest) {
        let stretch = self.finished.entry(request.sequence / STRETCH_FINISHED).or_default();
        stretch.insert(request.sequence, told(request).0);
    }

    fn note_slips(&mut self, request: &ClosedRequest) {
        for slip in &request.slips {
            self.slips.entry(stretch_of_slip(*slip)).or_default().insert(*slip, request.sequence);
        }
    }

    /// Writes batches until an event at `sequence` fits the one being filled.
    fn reach(&mut self, sequence: u64) -> Result<(), IndexError> {
        while sequence > self.applied + BATCH_EVENTS_MAX {
            self.flush(self.applied + BATCH_EVENTS_MAX)?;
        }
        Ok(())
    }

    fn flush(&mut self, applied: u64) -> Result<(), IndexError> {
        let mut batch = std::mem::take(&mut self.batch);
        batch.applied = applied;
        for (stretch, requests) in std::mem::take(&mut self.finished) {
            let values = (0..).zip(packed(requests.into_values()));
            let key = |part| IndexKey::Finished { stretch, at: applied, part };
            batch.puts.extend(values.map(|(part, value)| (key(part), value)));
        }
        for (stretch, slips) in std::mem::take(&mut self.slips) {
            let words = slips.into_iter().flat_map(|(slip, request)| [slip.to_be_bytes(), request.to_be_bytes()]);
            let key = IndexKey::SlipsOfStretch { stretch, at: applied };
            batch.puts.push((key, words.flatten().collect()));
        }
        self.index.apply(&batch, &mut OsRandom)?;
        self.applied = applied;
        Ok(())
    }
}

/// Lists what ended up to `next`; returns how far the index is with that.
pub(super) fn write(
    index: &dyn Index,
    next: u64,
    closed: &[ClosedRequest],
    is_wanted: impl Fn(&IndexKey) -> bool,
) -> Result<u64, IndexError> {
    let (applied, batch) = (index.applied(), IndexBatch::default());
    let mut writing = Writing { applied, batch, index, finished: BTreeMap::new(), slips: BTreeMap::new() };
    let mut fresh: Vec<&ClosedRequest> = closed.iter().filter(|request| request.version >= writing.applied).collect();
    fresh.sort_unstable_by_key(|request| request.version);
    // What this batch holds and has not written yet.
    let mut written: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    for request in fresh {
        writing.reach(request.version)?;
        let (mut entries, mut is_told, mut told) = (Vec::with_capacity(8), false, None);
        if request.again {
            // News that was decided beside other news knew nothing of that: what stands is never lost by it.
            let mut joined = request.clone();
            let stored = stored(index, request.sequence)?;
            joined.join(stored.as_ref().map(|stored| stored.events.as_slice()).unwrap_or_default());
            joined.join(written.get(&request.sequence).map(Vec::as_slice).unwrap_or_default());
            list_entries(&joined, &mut entries);
            told = Some(joined.clone());
            // Its slips were told when it ended.
            is_told = stored.is_some() || written.contains_key(&request.sequence);
            written.insert(request.sequence, joined.events);
        } else {
            list_entries(request, &mut entries);
        }
        entries.retain(|(key, _)| is_wanted(key));
        let slips = if is_told { 0 } else { request.slips.len() };
        if writing.entries() + entries.len() + slips > BATCH_ENTRIES_MAX && request.version > writing.applied {
            writing.flush(request.version)?;
        }
        writing.batch.puts.append(&mut entries);
        writing.note_finished(told.as_ref().unwrap_or(request));
        if !is_told {
            writing.note_slips(request);
        }
    }
    writing.reach(next)?;
    if next > writing.applied {
        writing.flush(next)?;
    }
    Ok(writing.applied)
}

/// The stretch in which a slip's number stands.
fn stretch_of_slip(slip: u64) -> u64 {
    SlipNumber::from_bits(slip).counter() / STRETCH_SLIPS
}

/// The finished request that a slip belonged to, as far as the index has it.
pub(in crate::runtime) fn request_of_slip(index: &dyn Index, slip: u64) -> Result<Option<u64>, IndexError> {
    let (list, mut cursor) = (IndexList::SlipsOfStretch(stretch_of_slip(slip)), None);
    loop {
        let page = index.page(&list, PageOrder::OldestFirst, cursor.as_ref(), STRETCH_ENTRIES_AT_ONCE)?;
        let words = page.entries.iter().flat_map(|(_, value)| value.as_chunks::<SLIP_BYTES>().0);
        let found = words.map(|both| u128::from_be_bytes(*both)).find(|both| both >> 64 == u128::from(slip));
        if let Some(both) = found {
            return Ok(u64::try_from(both & u128::from(u64::MAX)).ok());
        }
        cursor = page.next;
        if cursor.is_none() {
            return Ok(None);
        }
    }
}

/// What is told of a request, and whether its events stand apart because they do not fit.
fn told(request: &ClosedRequest) -> (Vec<u8>, bool) {
    let write = |request: &ClosedRequest| serde_json::to_vec(request).unwrap_or_default();
    let whole = (request.events.len() <= INLINE_EVENTS_MAX).then(|| write(request));
    match whole.filter(|value| value.len() + BRACKETS <= VALUE_BYTES_MAX) {
        Some(value) => (value, false),
        None => (write(&ClosedRequest { events: Vec::new(), ..request.clone() }), true),
    }
}

/// Values put together to arrays, as many as fit into one.
fn packed(values: impl Iterator<Item = Vec<u8>>) -> Vec<Vec<u8>> {
    let mut arrays: Vec<Vec<u8>> = Vec::new();
    for value in values {
        match arrays.last_mut().filter(|array| array.len() + 1 + value.len() <= VALUE_BYTES_MAX) {
            Some(array) => {
                if let Some(end) = array.last_mut() {
                    *end = b',';
                }
                array.extend_from_slice(&value);
                array.push(b']');
            }
            None => arrays.push([b"[".as_slice(), &value, b"]"].concat()),
        }
    }
    arrays
}

/// What the index has of a finished request, without its events where they stand apart.
pub(in crate::runtime) fn finished(index: &dyn Index, request: u64) -> Result<Option<ClosedRequest>, IndexError> {
    Ok(of_stretch(index, request / STRETCH_FINISHED)?.remove(&request))
}

/// The finished requests of a stretch by sequence: late news wrote one again, and the newest word stands.
fn of_stretch(index: &dyn Index, stretch: u64) -> Result<BTreeMap<u64, ClosedRequest>, IndexError> {
    let (list, mut cursor) = (IndexList::FinishedOfStretch(stretch), None);
    let mut found: BTreeMap<u64, ClosedRequest> = BTreeMap::new();
    loop {
        let page = index.page(&list, PageOrder::OldestFirst, cursor.as_ref(), STRETCH_ENTRIES_AT_ONCE)?;
        let values = page.entries.iter().map(|(_, value)| serde_json::from_slice::<Vec<ClosedRequest>>(value));
        for request in values.flat_map(Result::unwrap_or_default) {
            if found.get(&request.sequence).is_none_or(|before| before.version <= request.version) {
                found.insert(request.sequence, request);
            }
        }
        cursor = page.next;
        if cursor.is_none() {
            return Ok(found);
        }
    }
}

/// The finished requests of the last stretch that has some below `before`, the newest first; empty when there are none.
pub(in crate::runtime) fn finished_before(index: &dyn Index, before: u64) -> Result<Vec<ClosedRequest>, IndexError> {
    let mut before = before;
    loop {
        let behind = before.div_ceil(STRETCH_FINISHED);
        let end = Cursor::from_bytes(IndexKey::Finished { stretch: behind, at: 0, part: 0 }.encode());
        let page = index.page(&IndexList::Finished, PageOrder::NewestFirst, Some(&end), 1)?;
        let Some((IndexKey::Finished { stretch, .. }, _)) = page.entries.first() else { return Ok(Vec::new()) };
        let mut found = of_stretch(index, *stretch)?;
        let _newer = found.split_off(&before);
        if !found.is_empty() {
            return Ok(found.into_values().rev().collect());
        }
        before = *stretch * STRETCH_FINISHED;
    }
}

/// A finished request with all its events, as far as the index has it.
pub(super) fn stored(index: &dyn Index, request: u64) -> Result<Option<ClosedRequest>, IndexError> {
    let Some(mut closed) = finished(index, request)? else { return Ok(None) };
    let (list, mut cursor) = (IndexList::EventsOfRequest(request), None);
    while closed.events.is_empty() || cursor.is_some() {
        let page = index.page(&list, PageOrder::OldestFirst, cursor.as_ref(), CHUNKS_AT_ONCE)?;
        let words = page.entries.iter().flat_map(|(_, value)| value.chunks_exact(8));
        closed.events.extend(words.filter_map(|eight| Some(u64::from_be_bytes(eight.try_into().ok()?))));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    Ok(Some(closed))
}

fn list_entries(request: &ClosedRequest, puts: &mut Vec<(IndexKey, Vec<u8>)>) {
    let id = EntryId { sequence: request.sequence, line: 0 };
    // The first request of a case is found by the case's number.
    if request.case != request.sequence {
        puts.push((IndexKey::RequestOfCase { case: request.case, request: id }, Vec::new()));
    }
    if request.state == domain::request::RequestState::Stopped.word() {
        puts.push((IndexKey::RequestByState { state: state_number(&request.state), request: id }, Vec::new()));
    }
    for partner in &request.partners {
        let act = EntryId { sequence: stretch_of(request.sequence), line: 0 };
        let key = IndexKey::ActByPartnerState { partner: partner_number(partner), state: 0, act };
        puts.push((key, Vec::new()));
    }
    if told(request).1 {
        for (chunk, events) in (0_u32..).zip(request.events.chunks(CHUNK_EVENTS)) {
            let value = events.iter().flat_map(|sequence| sequence.to_be_bytes()).collect();
            puts.push((IndexKey::EventsOfRequest(EntryId { sequence: request.sequence, line: chunk }), value));
        }
    }
}

#[cfg(test)]
mod tests {
    use store::index::MemoryIndex;

    use super::*;

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
        // Late news of a finished request does not tell its slips again.
        let late = ClosedRequest { again: true, ..request(0, vec![slip(0), slip(1)]) };
        let late = ClosedRequest { version: 1_100, ..late };
        write(&index, 1_101, &[late], |_| true).unwrap();
        assert_eq!(index.page(&list, PageOrder::OldestFirst, None, 500).unwrap().entries.len(), entries);
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
        let few: Vec<_> = (0..600)
            .map(|place| ClosedRequest { sequence: 3 * place, ..ended(3 * place + 30, &[3 * place]) })
            .collect();
        write(&index, 2_000, &few, |_| true).unwrap();
        let entries = index.page(&IndexList::Finished, PageOrder::OldestFirst, None, 500).unwrap().entries.len();
        assert!(entries <= 120, "{entries} entries for 600 requests");
    }
}
