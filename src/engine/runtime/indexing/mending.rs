//! Mending the index: opened again, set aside where it is damaged, and filled from the journal; for as long as it takes.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use store::index::{BATCH_EVENTS_MAX, Index, IndexError, MemoryIndex, SledIndex};
use store::journal::{ReadError, ReadLimits, Record};
use store::random::OsRandom;
use store::snapshot::LoadFault;

use super::super::INDEXED_MAX;
use super::super::opening::read_state;
use super::{Ended, IndexSide, Indexed};
use crate::state::State;

/// The first pause before what failed is tried again; each is twice as long as the one before.
const REST_FIRST: Duration = Duration::from_millis(250);
/// Pauses do not grow beyond a minute: so long after its cause is gone the fault may last.
const RESTS_MAX: u32 = 8;
/// A pause looks so often whether the gateway stops.
const REST_LOOK: Duration = Duration::from_millis(50);
/// Behind a record that the disk does not give, so many others at doubling distances are tried: where one of them is given it is this
/// place and not the disk.
const PROBES: u32 = 16;

/// How the index is.
pub(super) enum Condition {
    /// It has everything that it was told of.
    Sound,
    /// It can be read and written, and something is missing.
    Behind,
    /// It cannot be read or written.
    Broken(IndexError),
}

impl Condition {
    /// The worse of the two.
    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Sound, other) | (Self::Behind, other @ Self::Broken(_)) => other,
            (own, _) => own,
        }
    }
}

/// A fold of the journal that tells the index what ended.
struct Filling {
    state: State,
    sequence: u64,
    ended: Ended,
    /// Events that could not be read, whole or in part.
    unread: u64,
}

impl IndexSide {
    /// What a reader met since the last look.
    pub(super) fn look(&self) -> Condition {
        if !self.current().is_damaged() {
            return Condition::Sound;
        }
        let reason = "a reader met damage".to_owned();
        Condition::Broken(IndexError::Damaged { operation: "read", path: self.path.clone(), reason })
    }

    /// Waits before what failed more than once is tried again.
    pub(super) fn rest(&self, failures: u32) {
        let Some(doublings) = failures.checked_sub(2) else { return };
        let mut left = REST_FIRST * 2_u32.pow(doublings.min(RESTS_MAX));
        while !left.is_zero() && !self.is_stopped() {
            std::thread::park_timeout(REST_LOOK);
            left = left.saturating_sub(REST_LOOK);
        }
    }

    /// Makes the index whole, and says what is still wrong.
    pub(super) fn mend(&self, condition: Condition, work: &Receiver<Indexed>) -> Condition {
        self.refilling.store(true, Ordering::Relaxed);
        if let Condition::Broken(error) = condition {
            tracing::warn!(%error, "the index cannot be used; it is opened again and filled from the journal");
            if let Err(again) = self.reopen(&error) {
                tracing::error!(error = %again, "the index cannot be opened; what is finished is not found until it can, and it is tried again");
                self.failed.store(true, Ordering::Relaxed);
                return Condition::Broken(error);
            }
        }
        let condition = self.refill(work);
        if !matches!(condition, Condition::Sound) && !self.is_stopped() {
            self.failed.store(true, Ordering::Relaxed);
        }
        condition
    }

    /// Opens it again; where it is damaged it is put out of the way and begun anew.
    fn reopen(&self, error: &IndexError) -> Result<(), IndexError> {
        self.listed.lock().clear();
        // The old one must be closed before its folder can be taken.
        *self.index.write() = Arc::new(MemoryIndex::new());
        let (root, random) = (self.vault.keys().root(), &mut OsRandom);
        let opened = match error {
            IndexError::Damaged { reason, .. } => SledIndex::open_anew(&self.path, reason, root, random)?,
            _ => SledIndex::open(&self.path, root, random)?,
        };
        super::tell_aside(&opened);
        let index: Arc<dyn Index> = Arc::new(opened.index);
        self.applied.store(index.applied(), Ordering::Relaxed);
        *self.index.write() = index;
        Ok(())
    }

    /// Folds the journal again from the newest snapshot that the index already covers, until what follows waits in the channel.
    fn refill(&self, work: &Receiver<Indexed>) -> Condition {
        let from = self.current().applied();
        let state = self.state_before(from);
        let ended = Ended::since(from);
        let mut filling = Filling { sequence: state.next, state, ended, unread: 0 };
        loop {
            // What came before is durable and folded; what comes from here on waits in the channel, or is told as a gap.
            self.gap.store(false, Ordering::Relaxed);
            work.try_iter().take(INDEXED_MAX).for_each(drop);
            let durable = self.reader.durable_size();
            if let Err(condition) = self.fill(&mut filling, durable) {
                return condition;
            }
            if !self.gap.load(Ordering::Relaxed) {
                break;
            }
        }
        if filling.unread > 0 {
            tracing::error!(
                unread = filling.unread,
                "the index was filled without what cannot be read; once that is put back, stop and run `xiezhi rebuild`"
            );
        }
        self.failed.store(false, Ordering::Relaxed);
        self.refilling.store(false, Ordering::Relaxed);
        Condition::Sound
    }

    fn fill(&self, filling: &mut Filling, durable: u64) -> Result<(), Condition> {
        let mut range = self.reader.read_range(filling.sequence, ReadLimits::NONE);
        let mut since = 0_u64;
        while filling.sequence < durable {
            if self.is_stopped() {
                return Err(Condition::Behind);
            }
            match range.next_record() {
                Ok(Some((_, record))) => self.take(filling, Some(&record.to_record())),
                Ok(None) => range = self.reader.read_range(filling.sequence, ReadLimits::NONE),
                Err(_) => {
                    let record = self.record_or_none(filling.sequence, durable)?;
                    self.take(filling, record.as_ref());
                    range = self.reader.read_range(filling.sequence, ReadLimits::NONE);
                }
            }
            since += 1;
            if since >= 4 * BATCH_EVENTS_MAX && filling.sequence > filling.ended.from {
                since = 0;
                self.apply_ended(filling)?;
            }
        }
        if filling.sequence > self.current().applied() { self.apply_ended(filling) } else { Ok(()) }
    }

    /// One event that cannot be read must not keep all others from being found: it is passed over, and counted.
    fn take(&self, filling: &mut Filling, record: Option<&Record>) {
        let sequence = filling.sequence;
        filling.sequence += 1;
        match record.map(|record| self.vault.read_leaf_at_least(sequence, record)) {
            Some(Ok((event, lost))) => {
                filling.unread += u64::from(lost.is_some());
                filling.ended.note(&filling.state, sequence, &event, lost.is_some());
                if self.left_out.contains_key(&event.key) || filling.state.is_of_left_out(&event) {
                    filling.state.leave_out(sequence, &event);
                } else {
                    filling.state.fold(sequence, &event);
                }
            }
            Some(Err(_)) | None => filling.unread += 1,
        }
    }

    /// The record by itself; `None` where it is damaged, or the disk gives others and not this one.
    fn record_or_none(&self, sequence: u64, durable: u64) -> Result<Option<Record>, Condition> {
        let error = match self.reader.read(sequence) {
            Ok(record) => return Ok(record),
            Err(ReadError::Damaged(damage)) => {
                tracing::error!(sequence, %damage, "an event cannot be read and is not in the index");
                return Ok(None);
            }
            Err(error) => error,
        };
        let mut probes = (0..PROBES).map(|doublings| sequence + (1_u64 << doublings)).filter(|probe| *probe < durable);
        let is_alone = probes.any(|probe| self.reader.read(probe).is_ok());
        tracing::error!(sequence, %error, is_alone, "an event cannot be read for the index");
        if is_alone { Ok(None) } else { Err(Condition::Behind) }
    }

    fn apply_ended(&self, filling: &mut Filling) -> Result<(), Condition> {
        let closed = self.all_ended(&filling.ended).map_err(Condition::Broken)?;
        self.apply(filling.sequence, &closed).map_err(Condition::Broken)?;
        (filling.ended.closed, filling.ended.late) = (VecDeque::new(), Vec::new());
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
