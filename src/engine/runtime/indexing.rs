//! The index at run time: finished requests go in behind the journal; a lost or lagging index is refilled from it.

mod entries;
mod erased;
mod mending;

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use store::index::{Index, IndexError, IndexKey, Opened, SledIndex};
use store::journal::Reader;
use store::random::OsRandom;
use store::record::{ActRef, Event, Fact};
use store::snapshot::SnapshotStore;

use crate::command::ClosedRequest;
use crate::refusal::Refusal;
use crate::state::State;
use crate::state::left_out::LeftOut;
use crate::vault::Vault;
pub(super) use entries::{finished, finished_before, request_of_slip};
pub use entries::{partner_number, state_number, stretch_end, stretch_of};
use entries::{stored, write};
use erased::ErasedRequests;
use mending::Condition;

/// What is finished gathers so long before it is written. A batch costs sled two writes and two wake-ups of all its threads, whatever is in
/// it, so a batch for each commit would cost more than the entries; until then a finished request is remembered (`expect`).
const GATHER: Duration = Duration::from_millis(50);

/// So often it is looked whether a reader met damage, where nothing comes to be written.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Stretches remembered as listed; forgetting one costs an entry written twice.
const LISTED_STRETCHES_MAX: usize = 65_536;

/// Messages taken in one go: a thread that is never done with what comes would never write.
const INDEXED_AT_ONCE: usize = 1_023;

/// Finished requests remembered ahead of the index; beyond it the oldest are found only once the index caught up.
const PENDING_MAX: usize = 100_000;

/// What the journal thread tells of one durable batch.
pub struct Indexed {
    /// Its first sequence: where that lies behind what was told before, something between is missing.
    pub from: u64,
    /// The next sequence after it.
    pub next: u64,
    /// Requests that it finished.
    pub closed: Vec<ClosedRequest>,
}

/// What the journal thread told since the last batch of the index.
#[derive(Default)]
struct Gathered {
    next: u64,
    closed: Vec<ClosedRequest>,
}

impl Gathered {
    /// Returns whether nothing is missing between this and what is applied or was told before.
    fn take(&mut self, indexed: Indexed, applied: u64) -> bool {
        let follows = indexed.from <= self.next.max(applied);
        self.next = self.next.max(indexed.next);
        self.closed.extend(indexed.closed);
        follows
    }
}

/// The index, and how far it is.
pub struct IndexSide {
    index: RwLock<Arc<dyn Index>>,
    path: PathBuf,
    vault: Vault,
    reader: Reader,
    snapshots: Arc<SnapshotStore>,
    left_out: LeftOut,
    refilling: AtomicBool,
    failed: AtomicBool,
    gap: AtomicBool,
    applied: AtomicU64,
    stop: AtomicBool,
    pending: RwLock<BTreeMap<u64, ClosedRequest>>,
    listed: Mutex<HashSet<(u16, u64)>>,
}

/// Tells of an index that was put out of the way.
fn tell_aside(opened: &Opened) {
    if let Some(aside) = &opened.set_aside {
        tracing::warn!(path = %aside.path.display(), reason = %aside.reason, "the index was damaged; it is refilled from the journal, nothing is lost");
    }
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
    erased: ErasedRequests,
}

impl Ended {
    /// Nothing yet, from this event on.
    pub fn since(from: u64) -> Self {
        Self { from, ..Self::default() }
    }

    /// Notes what one event ends, before it is folded. Keeps the newest of too many. `is_lost` = what stands beside its leaf cannot be read.
    pub fn note(&mut self, state: &State, sequence: u64, event: &Event, is_lost: bool) {
        let erased = self.erased.note(sequence, event, is_lost);
        if let Some(closed) = state.closed_by(sequence, event).or(erased) {
            self.closed.push_back(closed);
            if self.closed.len() > PENDING_MAX {
                self.from = self.closed.pop_front().map_or(self.from, |gone| gone.version + 1);
            }
        }
        let news_of = match &event.fact {
            Fact::OutcomeReceived(fact) => Some(fact.act),
            Fact::LeadReceived(fact) => Some(fact.act),
            Fact::ActResolved(fact) => Some(fact.act),
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
    /// Opens the index; a damaged one is set aside and refilled. `ended` is what the events ended that were just replayed,
    /// `left_out` the cases that are folded by their leaves alone.
    ///
    /// # Errors
    /// When the folder itself cannot be used.
    pub fn open(
        path: PathBuf,
        vault: Vault,
        reader: Reader,
        snapshots: Arc<SnapshotStore>,
        (ended, left_out): (Ended, LeftOut),
    ) -> Result<Self, IndexError> {
        let opened = SledIndex::open(&path, vault.keys().root(), &mut OsRandom)?;
        tell_aside(&opened);
        let index: Arc<dyn Index> = Arc::new(opened.index);
        let applied = AtomicU64::new(index.applied());
        let behind = index.applied() < ended.from.min(reader.durable_size());
        let side = Self {
            index: RwLock::new(index),
            path,
            vault,
            reader,
            snapshots,
            left_out,
            // From the first moment: what is not found while something is missing is not absent.
            refilling: AtomicBool::new(behind),
            failed: AtomicBool::new(false),
            gap: AtomicBool::new(false),
            applied,
            stop: AtomicBool::new(false),
            pending: RwLock::new(BTreeMap::new()),
            listed: Mutex::new(HashSet::new()),
        };
        let newer = side.applied();
        let mut ended = side.all_ended(&ended).unwrap_or_else(|error| {
            tracing::warn!(%error, "the index cannot be read; it is mended and filled from the journal");
            side.refilling.store(true, Ordering::Relaxed);
            ended.closed.into()
        });
        ended.retain(|request| request.version >= newer);
        side.expect(&ended);
        Ok(side)
    }

    /// The requests that ended, and those that ended before and had late news, as both left them.
    fn all_ended(&self, ended: &Ended) -> Result<Vec<ClosedRequest>, IndexError> {
        let mut again: BTreeMap<u64, ClosedRequest> = BTreeMap::new();
        for (sequence, act) in &ended.late {
            let Some(request) = self.request_of(*act) else { continue };
            let known = match again.remove(&request) {
                Some(known) => Some(known),
                None => match ended.closed.iter().rev().find(|closed| closed.sequence == request) {
                    Some(own) => Some(own.clone()),
                    None => self.found(request)?,
                },
            };
            let Some(mut closed) = known else { continue };
            (closed.version, closed.again) = (closed.version.max(*sequence), true);
            closed.join(&[*sequence]);
            again.insert(request, closed);
        }
        let first = ended.closed.iter().filter(|closed| !again.contains_key(&closed.sequence)).cloned();
        Ok(first.collect::<Vec<_>>().into_iter().chain(again.into_values()).collect())
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

    /// Why nothing can be said of what is not found now; `None` when it is not there. To be asked before the index is, which may be
    /// whole a moment later.
    #[must_use]
    pub fn lack(&self) -> Option<Refusal> {
        match (self.refilling.load(Ordering::Relaxed), self.is_failing()) {
            (_, true) => Some(Refusal::Unavailable),
            (true, false) => Some(Refusal::Filling),
            (false, false) => None,
        }
    }

    /// It is missing something, and the last attempt to mend that failed too.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
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
        let mut condition = self.take_up();
        let mut gathered = Gathered::default();
        let mut failures = u32::from(!matches!(condition, Condition::Sound));
        while !self.is_stopped() {
            if self.gap.swap(false, Ordering::Relaxed) {
                condition = condition.or(Condition::Behind);
            }
            condition = condition.or(self.look());
            if !matches!(condition, Condition::Sound) {
                // Folded again with the rest of the journal.
                gathered = Gathered::default();
                self.rest(failures);
                condition = self.mend(condition, work);
                failures = if matches!(condition, Condition::Sound) { failures } else { failures.saturating_add(1) };
                continue;
            }
            let first = match work.recv_timeout(LOOK_EVERY) {
                Ok(first) => first,
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            // Not woken by each commit meanwhile: what comes waits in the channel.
            std::thread::park_timeout(GATHER);
            for indexed in std::iter::once(first).chain(work.try_iter().take(INDEXED_AT_ONCE)) {
                if !gathered.take(indexed, self.applied()) {
                    condition = Condition::Behind;
                }
            }
            if matches!(condition, Condition::Sound) && gathered.next > self.applied() {
                (condition, failures) = match self.apply(gathered.next, &std::mem::take(&mut gathered.closed)) {
                    Ok(()) => (Condition::Sound, 0),
                    Err(error) => (Condition::Broken(error), failures.saturating_add(1)),
                };
            }
        }
        // Past what is missing nothing is applied: the next start would take it for there.
        if matches!(condition, Condition::Sound)
            && gathered.next > self.applied()
            && let Err(error) = self.apply(gathered.next, &gathered.closed)
        {
            tracing::warn!(%error, "the last entries did not reach the index; the next start applies them again");
        }
        if let Err(error) = self.current().flush() {
            tracing::warn!(%error, "the index could not be flushed; the next start applies more of the journal again");
        }
    }

    /// What ended behind the index's place was replayed at the start and is remembered: where nothing else is missing it goes in
    /// without being folded again.
    fn take_up(&self) -> Condition {
        if self.refilling.load(Ordering::Relaxed) {
            return Condition::Behind;
        }
        // The size first: whatever is durable by then was remembered when it was decided.
        let durable = self.reader.durable_size();
        let ended = self.pending_where(|request| request.version < durable);
        if durable <= self.applied() {
            return Condition::Sound;
        }
        self.apply(durable, &ended).map_or_else(Condition::Broken, |()| Condition::Sound)
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn apply(&self, next: u64, closed: &[ClosedRequest]) -> Result<(), IndexError> {
        let applied = write(self.current().as_ref(), next, closed, |key| self.is_wanted(key))?;
        self.applied.store(applied, Ordering::Relaxed);
        self.failed.store(false, Ordering::Relaxed);
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_journal_thread_could_not_hand_over_is_noticed_by_what_comes_behind_it() {
        let mut gathered = Gathered::default();
        let told = |from, next| Indexed { from, next, closed: Vec::new() };
        assert!(gathered.take(told(40, 50), 40));
        assert!(gathered.take(told(50, 51), 40));
        // Known by a refill already.
        assert!(gathered.take(told(20, 30), 40));
        assert!(!gathered.take(told(52, 60), 40), "51 is missing");
        assert!(!Gathered::default().take(told(41, 42), 40));
    }
}
