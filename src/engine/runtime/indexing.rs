//! The index at run time: finished requests go in behind the journal; a lost or lagging index is refilled from it.

mod entries;

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crossbeam_channel::Receiver;
use parking_lot::{Mutex, RwLock};
use store::index::{BATCH_EVENTS_MAX, Index, IndexError, IndexKey, SledIndex};
use store::journal::{ReadLimits, Reader};
use store::random::OsRandom;
use store::record::{ActRef, Event, Fact};
use store::snapshot::{LoadFault, SnapshotStore};

use super::opening::read_state;
use crate::command::ClosedRequest;
use crate::state::State;
use crate::vault::Vault;
pub(super) use entries::{finished, finished_before, request_of_slip};
pub use entries::{partner_number, state_number, stretch_end, stretch_of};
use entries::{stored, write};

/// What is finished gathers so long before it is written. A batch costs sled two writes and two wake-ups of all its threads, whatever is in
/// it, so a batch for each commit would cost more than the entries; until then a finished request is remembered (`expect`).
const GATHER: Duration = Duration::from_millis(50);

/// Stretches remembered as listed; forgetting one costs an entry written twice.
const LISTED_STRETCHES_MAX: usize = 65_536;

/// Messages taken in one go.
const INDEXED_AT_ONCE: usize = 1_023;

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
    listed: Mutex<HashSet<(u16, u64)>>,
}

/// What the events of a stretch of the journal finished.
#[derive(Default)]
pub struct Ended {
    /// Every request finished by an event from here on is in it.
    pub from: u64,
    /// The requests, in the order of their ends.
    pub closed: VecDeque<ClosedRequest>,
    /// News of acts whose request had ended before: the event and the act.
    pub late: Vec<(u64, ActRef)>,
}

impl Ended {
    /// Notes what one event ends, before it is folded. Keeps the newest of too many.
    pub fn note(&mut self, state: &State, sequence: u64, event: &Event) {
        if let Some(closed) = state.closed_by(sequence, event) {
            self.closed.push_back(closed);
            if self.closed.len() > PENDING_MAX {
                self.from = self.closed.pop_front().map_or(self.from, |gone| gone.version + 1);
            }
        }
        let news_of = match &event.fact {
            Fact::OutcomeReceived(fact) => Some(fact.act),
            Fact::LeadReceived(fact) => Some(fact.act),
            _ => None,
        };
        // A measure that lives on has no open request: news of it belongs to the history of the finished one.
        if let Some(act) = news_of
            && state.request_touched_by(sequence, event).is_none()
        {
            self.late.push((sequence, act));
        }
    }
}

impl IndexSide {
    /// Opens the index; a damaged one is set aside and refilled. `ended` is what the events ended that were just replayed.
    ///
    /// # Errors
    /// When the folder itself cannot be used.
    pub fn open(
        path: PathBuf,
        vault: Vault,
        reader: Reader,
        snapshots: Arc<SnapshotStore>,
        ended: Ended,
    ) -> Result<Self, IndexError> {
        let opened = SledIndex::open(&path, vault.keys().root(), &mut OsRandom)?;
        if let Some(aside) = &opened.set_aside {
            tracing::warn!(path = %aside.path.display(), reason = %aside.reason, "the index was damaged; it is refilled from the journal, nothing is lost");
        }
        let index: Arc<dyn Index> = Arc::new(opened.index);
        let applied = AtomicU64::new(index.applied());
        let behind = index.applied() < ended.from.min(reader.durable_size());
        let side = Self {
            index: RwLock::new(index),
            path,
            vault,
            reader,
            snapshots,
            // From the first moment: what is not found while something is missing is not absent.
            refilling: AtomicBool::new(behind),
            gap: AtomicBool::new(false),
            applied,
            stop: AtomicBool::new(false),
            pending: RwLock::new(BTreeMap::new()),
            listed: Mutex::new(HashSet::new()),
        };
        let newer = side.applied();
        side.expect(&side.all_ended(&ended).filter(|request| request.version >= newer).collect::<Vec<_>>());
        Ok(side)
    }

    /// The requests that ended, and those that ended before and had late news, as both left them.
    fn all_ended<'a>(&'a self, ended: &'a Ended) -> impl Iterator<Item = ClosedRequest> + 'a {
        let mut again: BTreeMap<u64, ClosedRequest> = BTreeMap::new();
        for (sequence, act) in &ended.late {
            let Some(request) = self.request_of(*act) else { continue };
            let known = || {
                let own = ended.closed.iter().rev().find(|closed| closed.sequence == request);
                own.cloned().or_else(|| self.found(request).ok().flatten())
            };
            let Some(mut closed) = again.remove(&request).or_else(known) else { continue };
            (closed.version, closed.again) = (closed.version.max(*sequence), true);
            closed.join(&[*sequence]);
            again.insert(request, closed);
        }
        let first = ended.closed.iter().filter(|closed| !again.contains_key(&closed.sequence)).cloned();
        first.collect::<Vec<_>>().into_iter().chain(again.into_values())
    }

    /// The request that an act belongs to, from the event that planned it.
    fn request_of(&self, act: ActRef) -> Option<u64> {
        let record = self.reader.read(act.0).ok()??;
        match self.vault.read_leaf_at_least(act.0, &record).ok()?.0.fact {
            Fact::RequestAccepted(_) => Some(act.0),
            Fact::PlanExtended(fact) => Some(fact.request),
            _ => None,
        }
    }

    /// A finished request, with all its events.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn found(&self, request: u64) -> Result<Option<ClosedRequest>, IndexError> {
        let Some(mut pending) = self.pending(request) else { return stored(self.current().as_ref(), request) };
        if pending.again
            && let Some(stored) = stored(self.current().as_ref(), request)?
        {
            pending.join(&stored.events);
        }
        Ok(Some(pending))
    }

    /// Remembers requests that were just finished, until the index has them: they are never nowhere.
    pub fn expect(&self, closed: &[ClosedRequest]) {
        if closed.is_empty() {
            return;
        }
        let mut pending = self.pending.write();
        for request in closed {
            // Two pieces of late news at once know nothing of each other; the history is of both.
            let mut request = request.clone();
            if let Some(before) = pending.get(&request.sequence) {
                request.join(&before.events);
            }
            pending.insert(request.sequence, request);
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

    /// Finished requests that the index may not have yet and that `fits`.
    pub fn pending_where(&self, fits: impl Fn(&ClosedRequest) -> bool) -> Vec<ClosedRequest> {
        self.pending.read().values().filter(|request| fits(request)).cloned().collect()
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

    /// Puts something between readers and the index.
    #[cfg(test)]
    pub(crate) fn look_through<I: Index + 'static>(&self, between: impl FnOnce(Arc<dyn Index>) -> Arc<I>) {
        let mut index = self.index.write();
        *index = between(Arc::clone(&index));
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
        let mut behind = self.refilling.load(Ordering::Relaxed);
        if !behind {
            // What ended behind the index's place was replayed at the start and is remembered: no need to fold it again.
            // The size first: whatever is durable by then was remembered when it was decided.
            let durable = self.reader.durable_size();
            let ended = self.pending_where(|request| request.version < durable);
            if durable > self.applied()
                && let Err(error) = self.apply(durable, &ended)
            {
                behind = self.recover(&error);
            }
        }
        let (mut next, mut closed) = (0, Vec::new());
        while !self.stop.load(Ordering::Relaxed) {
            if behind || self.gap.swap(false, Ordering::Relaxed) {
                behind = !self.refill();
                if behind {
                    continue;
                }
            }
            let Ok(first) = work.recv() else { break };
            // Not woken by each commit meanwhile: what comes waits in the channel.
            std::thread::park_timeout(GATHER);
            for indexed in std::iter::once(first).chain(work.try_iter().take(INDEXED_AT_ONCE)) {
                next = next.max(indexed.next);
                closed.extend(indexed.closed);
            }
            if next > self.applied()
                && let Err(error) = self.apply(next, &std::mem::take(&mut closed))
            {
                behind = self.recover(&error);
            }
        }
        if next > self.applied()
            && let Err(error) = self.apply(next, &closed)
        {
            tracing::warn!(%error, "the last entries did not reach the index; the next start applies them again");
        }
        if let Err(error) = self.current().flush() {
            tracing::warn!(%error, "the index could not be flushed; the next start applies more of the journal again");
        }
    }

    fn apply(&self, next: u64, closed: &[ClosedRequest]) -> Result<(), IndexError> {
        let applied = write(self.current().as_ref(), next, closed, |key| self.is_wanted(key))?;
        self.applied.store(applied, Ordering::Relaxed);
        self.pending.write().retain(|_, request| request.version >= applied);
        Ok(())
    }

    /// False for a stretch that is listed already.
    fn is_wanted(&self, key: &IndexKey) -> bool {
        let IndexKey::ActByPartnerState { partner, act, .. } = key else { return true };
        let mut listed = self.listed.lock();
        if listed.len() >= LISTED_STRETCHES_MAX {
            listed.clear();
        }
        listed.insert((*partner, act.sequence))
    }

    /// Puts a damaged index out of the way. Returns whether a refill is needed.
    fn recover(&self, error: &IndexError) -> bool {
        tracing::warn!(%error, "the index cannot be written; it is opened again and refilled from the journal");
        self.refilling.store(true, Ordering::Relaxed);
        self.listed.lock().clear();
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
        let mut ended = Ended { from, ..Ended::default() };
        let mut range = self.reader.read_range(state.next, ReadLimits::NONE);
        let mut sequence = state.next;
        let (mut since, mut unread) = (0_u64, 0_u64);
        while let Ok(Some(record)) = range.next_record().map(|record| record.map(|record| record.1.to_record())) {
            if self.stop.load(Ordering::Relaxed) {
                return false;
            }
            // One event that cannot be read must not keep all others from being found.
            let Ok((event, lost)) = self.vault.read_leaf_at_least(sequence, &record) else { break };
            unread += u64::from(lost.is_some());
            ended.note(&state, sequence, &event);
            state.fold(sequence, &event);
            sequence += 1;
            since += 1;
            if since >= 4 * BATCH_EVENTS_MAX && sequence > from {
                since = 0;
                if let Err(error) = self.apply_ended(sequence, &mut ended) {
                    return !self.recover(&error);
                }
            }
        }
        if unread > 0 {
            tracing::error!(
                unread,
                "the index was filled without what cannot be read; once that is put back, stop and run `xiezhi rebuild`"
            );
        }
        if sequence > self.current().applied()
            && let Err(error) = self.apply_ended(sequence, &mut ended)
        {
            return !self.recover(&error);
        }
        let caught_up = sequence >= self.reader.durable_size();
        self.refilling.store(!caught_up, Ordering::Relaxed);
        caught_up
    }

    fn apply_ended(&self, next: u64, ended: &mut Ended) -> Result<(), IndexError> {
        let closed: Vec<ClosedRequest> = self.all_ended(ended).collect();
        self.apply(next, &closed)?;
        (ended.closed, ended.late) = (VecDeque::new(), Vec::new());
        Ok(())
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
