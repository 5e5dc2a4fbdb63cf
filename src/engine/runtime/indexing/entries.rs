//! What the index has of finished requests: written in batches, read back by request and by slip.

use std::collections::{BTreeMap, BTreeSet};

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
/// From here on the entries are numbered that tell a whole stretch anew: those of what just ended never stand under one of these.
const MERGED_PARTS: u32 = 1 << 16;
/// Room kept in a batch for a stretch that is told anew: each of its requests may fill an entry, and as many older ones are taken away.
const MERGED_ENTRIES: usize = 100;
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

/// What is told of a request, and its version.
type Told = (u64, Vec<u8>);

/// A batch being filled.
struct Writing<'a> {
    index: &'a dyn Index,
    applied: u64,
    batch: IndexBatch,
    /// By stretch and sequence, what is told of a request.
    finished: BTreeMap<u64, BTreeMap<u64, Told>>,
    /// Stretches that have news of what had ended before. They are told whole, and what they had is taken away behind that: an entry
    /// for each piece of news would stay for good, and all are read to find one.
    again: BTreeSet<u64>,
    /// By stretch and slip, the request.
    slips: BTreeMap<u64, BTreeMap<u64, u64>>,
}

impl Writing<'_> {
    /// So many entries it has at most.
    fn entries(&self) -> usize {
        let finished: usize = self.finished.values().map(BTreeMap::len).sum();
        self.batch.puts.len() + self.slips.len() + finished + self.again.len() * MERGED_ENTRIES
    }

    /// So many more at most by what is told of this one.
    fn entries_of(&self, request: &ClosedRequest) -> usize {
        let is_merged = request.again && !self.again.contains(&(request.sequence / STRETCH_FINISHED));
        1 + request.slips.len() + if is_merged { MERGED_ENTRIES } else { 0 }
    }

    fn note_finished(&mut self, request: &ClosedRequest, told: Vec<u8>) {
        let stretch = request.sequence / STRETCH_FINISHED;
        if request.again {
            self.again.insert(stretch);
        }
        self.finished.entry(stretch).or_default().insert(request.sequence, (request.version, told));
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
        let (finished, again) = (std::mem::take(&mut self.finished), std::mem::take(&mut self.again));
        let mut older = Vec::new();
        for (stretch, mut requests) in finished {
            let mut first = 0;
            if again.contains(&stretch) {
                let keys = self.merge(stretch, &mut requests)?;
                first = first_part(&keys, applied);
                older.extend(keys);
            }
            let values = (first..).zip(packed(requests.into_values().map(|(_, value)| value)));
            let key = |part| IndexKey::Finished { stretch, at: applied, part };
            batch.puts.extend(values.map(|(part, value)| (key(part), value)));
        }
        for (stretch, slips) in std::mem::take(&mut self.slips) {
            let words = slips.into_iter().flat_map(|(slip, request)| [slip.to_be_bytes(), request.to_be_bytes()]);
            let key = IndexKey::SlipsOfStretch { stretch, at: applied };
            batch.puts.push((key, words.flatten().collect()));
        }
        // What has no room stays until the next news: it says nothing that is not told anew.
        older.truncate(BATCH_ENTRIES_MAX.saturating_sub(batch.puts.len()));
        batch.removes = older;
        self.index.apply(&batch, &mut OsRandom)?;
        self.applied = applied;
        Ok(())
    }

    /// Adds what the index tells of a stretch, where it is not told anew; returns where that stands.
    fn merge(&self, stretch: u64, requests: &mut BTreeMap<u64, Told>) -> Result<Vec<IndexKey>, IndexError> {
        let (list, mut cursor, mut keys) = (IndexList::FinishedOfStretch(stretch), None, Vec::new());
        loop {
            let page = self.index.page(&list, PageOrder::OldestFirst, cursor.as_ref(), STRETCH_ENTRIES_AT_ONCE)?;
            for (key, value) in page.entries {
                // What cannot be understood is nobody's to take away.
                let Ok(known) = serde_json::from_slice::<Vec<ClosedRequest>>(&value) else { continue };
                keys.push(key);
                for request in known {
                    let is_newer =
                        requests.get(&request.sequence).is_none_or(|(version, _)| *version < request.version);
                    if is_newer {
                        requests.insert(request.sequence, (request.version, told(&request).0));
                    }
                }
            }
            cursor = page.next;
            if cursor.is_none() {
                return Ok(keys);
            }
        }
    }
}

/// The number of the first entry that tells a stretch anew. A kill may have left some under the same place, and overwriting them one by
/// one would lose for a moment what moves from one to another.
fn first_part(older: &[IndexKey], applied: u64) -> u32 {
    let parts = older.iter().filter_map(|key| match key {
        IndexKey::Finished { at, part, .. } if *at == applied => Some(part.saturating_add(1)),
        _ => None,
    });
    parts.max().unwrap_or(0).max(MERGED_PARTS)
}

/// Lists what ended up to `next`; returns how far the index is with that.
pub(super) fn write(
    index: &dyn Index,
    next: u64,
    closed: &[ClosedRequest],
    is_wanted: impl Fn(&IndexKey) -> bool,
) -> Result<u64, IndexError> {
    let (applied, batch) = (index.applied(), IndexBatch::default());
    let (finished, again, slips) = (BTreeMap::new(), BTreeSet::new(), BTreeMap::new());
    let mut writing = Writing { applied, batch, index, finished, again, slips };
    let mut fresh: Vec<&ClosedRequest> = closed.iter().filter(|request| request.version >= writing.applied).collect();
    fresh.sort_unstable_by_key(|request| request.version);
    // What this batch holds and has not written yet.
    let mut written: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    for request in fresh {
        writing.reach(request.version)?;
        let mut entries = Vec::with_capacity(8);
        let value = if request.again {
            // News that was decided beside other news knew nothing of that: what stands is never lost by it.
            let mut joined = request.clone();
            let stored = stored(index, request.sequence)?;
            joined.join(stored.map(|stored| stored.events).as_deref().unwrap_or_default());
            joined.join(written.get(&request.sequence).map(Vec::as_slice).unwrap_or_default());
            let value = list_entries(&joined, &mut entries);
            written.insert(request.sequence, joined.events);
            value
        } else {
            list_entries(request, &mut entries)
        };
        entries.retain(|(key, _)| is_wanted(key));
        let more = entries.len() + writing.entries_of(request);
        if writing.entries() + more > BATCH_ENTRIES_MAX && request.version > writing.applied {
            writing.flush(request.version)?;
        }
        writing.batch.puts.append(&mut entries);
        writing.note_finished(request, value);
        // Also of one that the index has: a kill may have left what is told of it, and not its slips behind that.
        writing.note_slips(request);
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

/// Puts down where a request is found; returns what is told of it.
fn list_entries(request: &ClosedRequest, puts: &mut Vec<(IndexKey, Vec<u8>)>) -> Vec<u8> {
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
    let (value, is_apart) = told(request);
    if is_apart {
        for (chunk, events) in (0_u32..).zip(request.events.chunks(CHUNK_EVENTS)) {
            let value = events.iter().flat_map(|sequence| sequence.to_be_bytes()).collect();
            puts.push((IndexKey::EventsOfRequest(EntryId { sequence: request.sequence, line: chunk }), value));
        }
    }
    value
}

#[cfg(test)]
mod tests;
