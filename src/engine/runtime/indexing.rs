//! The index at run time: finished requests go in behind the journal; a lost or lagging index is refilled from it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crossbeam_channel::Receiver;
use domain::SlipNumber;
use parking_lot::RwLock;
use store::index::{
    BATCH_EVENTS_MAX, EntryId, Index, IndexBatch, IndexError, IndexKey, SledIndex, SlipKey, VALUE_BYTES_MAX,
};
use store::journal::{ReadLimits, Reader};
use store::random::OsRandom;
use store::snapshot::{LoadFault, SnapshotStore};

use super::opening::read_state;
use crate::command::ClosedRequest;
use crate::state::{State, short_hash};
use crate::vault::Vault;

/// Sequences in one chunk of a request's history: with the seal a value stays below its limit.
const CHUNK_EVENTS: usize = (VALUE_BYTES_MAX - 64) / 8;

/// Finished requests remembered ahead of the index; beyond it the oldest are found only once the index caught up.
const PENDING_MAX: usize = 100_000;

/// What the journal thread tells of one durable batch.
pub struct Indexed {
    /// The next sequence after it.
    pub next: u64,
    /// Requests that it finished.
    pub closed: Vec<ClosedRequest>,
}

/// The index, and how far it is.
pub struct IndexSide {
    index: RwLock<Arc<dyn Index>>,
    path: PathBuf,
    vault: Vault,
    reader: Reader,
    snapshots: Arc<SnapshotStore>,
    refilling: AtomicBool,
    gap: AtomicBool,
    applied: AtomicU64,
    stop: AtomicBool,
    pending: RwLock<BTreeMap<u64, ClosedRequest>>,
}

impl IndexSide {
    /// Opens the index; a damaged one is set aside and refilled.
    ///
    /// # Errors
    /// When the folder itself cannot be used.
    pub fn open(
        path: PathBuf,
        vault: Vault,
        reader: Reader,
        snapshots: Arc<SnapshotStore>,
    ) -> Result<Self, IndexError> {
        let opened = SledIndex::open(&path, vault.keys().root(), &mut OsRandom)?;
        if let Some(aside) = &opened.set_aside {
            tracing::warn!(path = %aside.path.display(), reason = %aside.reason, "the index was damaged; it is refilled from the journal, nothing is lost");
        }
        let index: Arc<dyn Index> = Arc::new(opened.index);
        let applied = AtomicU64::new(index.applied());
        Ok(Self {
            index: RwLock::new(index),
            path,
            vault,
            reader,
            snapshots,
            refilling: AtomicBool::new(false),
            gap: AtomicBool::new(false),
            applied,
            stop: AtomicBool::new(false),
            pending: RwLock::new(BTreeMap::new()),
        })
    }

    /// Remembers requests that were just finished, until the index has them: they are never nowhere.
    pub fn expect(&self, closed: &[ClosedRequest]) {
        if closed.is_empty() {
            return;
        }
        let mut pending = self.pending.write();
        for request in closed {
            pending.insert(request.sequence, request.clone());
        }
        while pending.len() > PENDING_MAX {
            pending.pop_first();
        }
    }

    /// A finished request that the index may not have yet.
    #[must_use]
    pub fn pending(&self, request: u64) -> Option<ClosedRequest> {
        self.pending.read().get(&request).cloned()
    }

    /// The finished request with that slip which the index may not have yet.
    #[must_use]
    pub fn pending_by_slip(&self, slip: u64) -> Option<u64> {
        self.pending.read().values().find(|request| request.slips.contains(&slip)).map(|request| request.sequence)
    }

    /// The index as it is now.
    #[must_use]
    pub fn current(&self) -> Arc<dyn Index> {
        Arc::clone(&self.index.read())
    }

    /// The next event to apply.
    #[must_use]
    pub fn applied(&self) -> u64 {
        self.applied.load(Ordering::Relaxed)
    }

    /// How far a refill is; `None` when nothing is missing.
    #[must_use]
    pub fn filled_to(&self) -> Option<u64> {
        self.refilling.load(Ordering::Relaxed).then(|| self.applied())
    }

    /// Something could not be handed over: refill from where the index is.
    pub fn mark_gap(&self) {
        self.gap.store(true, Ordering::Relaxed);
    }

    /// Ends the thread's work after what it is doing.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Applies what comes until the channel closes. Never holds up the journal: what does not fit is refilled.
    pub fn run(&self, work: &Receiver<Indexed>) {
        let mut behind = self.applied() < self.reader.durable_size();
        while !self.stop.load(Ordering::Relaxed) {
            if behind || self.gap.swap(false, Ordering::Relaxed) {
                behind = !self.refill();
                if behind {
                    continue;
                }
            }
            let Ok(first) = work.recv() else { break };
            let mut todo = vec![first];
            todo.extend(work.try_iter().take(255));
            let next = todo.iter().map(|indexed| indexed.next).max().unwrap_or(0);
            let closed: Vec<ClosedRequest> = todo.into_iter().flat_map(|indexed| indexed.closed).collect();
            if let Err(error) = self.apply(next, &closed) {
                behind = self.recover(&error);
            }
        }
        if let Err(error) = self.current().flush() {
            tracing::warn!(%error, "the index could not be flushed; the next start applies more of the journal again");
        }
    }

    fn apply(&self, next: u64, closed: &[ClosedRequest]) -> Result<(), IndexError> {
        let index = self.current();
        let from = index.applied();
        let mut applied = from;
        let mut closed = closed.iter().filter(|request| request.version >= from).peekable();
        while applied < next {
            applied = (applied + BATCH_EVENTS_MAX).min(next);
            let mut batch = IndexBatch { applied, ..IndexBatch::default() };
            while let Some(request) = closed.next_if(|request| request.version < applied) {
                entries(request, &mut batch);
            }
            index.apply(&batch, &mut OsRandom)?;
            self.applied.store(applied, Ordering::Relaxed);
        }
        self.pending.write().retain(|_, request| request.version >= applied);
        Ok(())
    }

    /// Puts a damaged index out of the way. Returns whether a refill is needed.
    fn recover(&self, error: &IndexError) -> bool {
        tracing::warn!(%error, "the index cannot be written; it is opened again and refilled from the journal");
        // The old one must be closed before its folder can be taken.
        *self.index.write() = Arc::new(store::index::MemoryIndex::new());
        match SledIndex::open(&self.path, self.vault.keys().root(), &mut OsRandom) {
            Ok(opened) => {
                let index: Arc<dyn Index> = Arc::new(opened.index);
                self.applied.store(index.applied(), Ordering::Relaxed);
                *self.index.write() = index;
                true
            }
            Err(error) => {
                tracing::error!(%error, "the index cannot be opened; search is empty until the next start");
                self.stop();
                false
            }
        }
    }

    /// Folds the journal again from the newest snapshot that the index already covers. Returns whether it caught up.
    fn refill(&self) -> bool {
        self.refilling.store(true, Ordering::Relaxed);
        let from = self.current().applied();
        let mut state = self.state_before(from);
        let mut closed = Vec::new();
        let mut range = self.reader.read_range(state.next, ReadLimits::NONE);
        let mut sequence = state.next;
        let mut since = 0_u64;
        while let Ok(Some(record)) = range.next_record().map(|record| record.map(|record| record.1.to_record())) {
            if self.stop.load(Ordering::Relaxed) {
                return false;
            }
            let Ok(event) = self.vault.read(sequence, &record) else { break };
            closed.extend(state.closed_by(sequence, &event).filter(|request| request.version >= from));
            state.fold(sequence, &event);
            sequence += 1;
            since += 1;
            if since >= 4 * BATCH_EVENTS_MAX && sequence > from {
                since = 0;
                if let Err(error) = self.apply(sequence, &closed) {
                    return !self.recover(&error);
                }
                closed.clear();
            }
        }
        if sequence > self.current().applied()
            && let Err(error) = self.apply(sequence, &closed)
        {
            return !self.recover(&error);
        }
        let caught_up = sequence >= self.reader.durable_size();
        self.refilling.store(!caught_up, Ordering::Relaxed);
        caught_up
    }

    fn state_before(&self, applied: u64) -> State {
        let loaded = self
            .snapshots
            .newest_valid(applied, |_, source| read_state(source).map(|(state, _)| state).map_err(LoadFault::Unsuited));
        match loaded {
            Ok(loaded) => loaded.state.map(|(_, state)| state).unwrap_or_default(),
            Err(_) => State::default(),
        }
    }
}

/// The number under which a partner's acts are listed: stable over runs, 16 bits; a hit is checked against the entry.
#[must_use]
pub fn partner_number(partner: &str) -> u16 {
    u16::try_from(short_hash(&[partner]) & 0xffff).unwrap_or(0)
}

/// The number of a request's end state.
#[must_use]
pub fn state_number(word: &str) -> u8 {
    domain::request::RequestState::from_word(word).map_or(0, domain::request::RequestState::code)
}

fn entries(request: &ClosedRequest, batch: &mut IndexBatch) {
    let id = EntryId { sequence: request.sequence, line: 0 };
    let value = serde_json::to_vec(request).unwrap_or_default();
    batch.puts.push((IndexKey::Request(id), value));
    batch.puts.push((IndexKey::RequestOfCase { case: request.case, request: id }, Vec::new()));
    batch.puts.push((IndexKey::RequestByState { state: state_number(&request.state), request: id }, Vec::new()));
    for partner in &request.partners {
        let key = IndexKey::ActByPartnerState { partner: partner_number(partner), state: 0, act: id };
        batch.puts.push((key, Vec::new()));
    }
    let room = store::index::BATCH_ENTRIES_MAX / usize::try_from(BATCH_EVENTS_MAX).unwrap_or(64);
    // Slips beyond the batch's share are found through the request; only late feedback on them goes unrecognised.
    for slip in request.slips.iter().take(room / 2) {
        if let Ok(slip) = SlipKey::new(&SlipNumber::from_bits(*slip).to_string()) {
            let value = request.sequence.to_be_bytes().to_vec();
            batch.puts.push((IndexKey::ActBySlip { slip, line: 0 }, value));
        }
    }
    for (chunk, events) in (0_u32..).zip(request.events.chunks(CHUNK_EVENTS)) {
        let value = events.iter().flat_map(|sequence| sequence.to_be_bytes()).collect();
        batch.puts.push((IndexKey::EventsOfRequest(EntryId { sequence: request.sequence, line: chunk }), value));
    }
}
