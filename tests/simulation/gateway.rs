//! The production core on a simulated disk, driven as the runtime drives it: decide, write, sync keys, commit, and only then let go.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use domain::{Millis, Money};
use engine::Decider;
use engine::command::{Answer, Command, Decision, Effect, Erased};
use engine::refusal::Refusal;
use engine::state::State;
use engine::vault::{Vault, VaultKeyring};
use store::blobs::{BlobId, BlobStore};
use store::disk::Disk;
use store::journal::{DurableFloor, Expected, Fence, Journal, Options, ReadLimits, StreamKey};
use store::keys::{KeyShape, KeyStore, Masters};
use store::random::SeededRandom;
use store::record::{AccessRefused, Event, Fact};
use store::seal::master::MasterKey;
use store::snapshot::{LoadFault, SnapshotStore};

use crate::bug::Bug;
use crate::dice::{Dice, unsigned};

/// Small files, so that a short run rolls over segments.
const OPTIONS: Options =
    Options { segment_bytes_max: 192 * 1024, preallocation_bytes: 8 * 1024, batch_bytes_max: 512 * 1024 };
const SHAPE: KeyShape = KeyShape { slots_per_file: 256, slots_per_extent: 8, drawn_ahead: 3, cached_keys_max: 16 };
const DATA: &str = "/data";
/// Bound to documents as production binds them.
const DOCUMENT_AAD: &[u8] = b"document";

/// The process ended: the text says at what.
#[derive(Debug)]
pub struct Died(pub String);

fn died<E: std::fmt::Display>(at: &'static str) -> impl FnOnce(E) -> Died {
    move |error| Died(format!("{at}: {error}"))
}

/// The running process.
pub struct Gateway {
    /// The decider, as in production.
    pub decider: Decider,
    journal: Journal,
    fence: Fence,
    /// Keys and blobs.
    pub vault: Vault,
    snapshots: SnapshotStore,
    random: SeededRandom,
}

/// Decisions that are not durable yet.
pub struct Batch {
    /// In order; the last one is the pump's.
    pub decisions: Vec<Decision>,
}

/// One decided event, as it will stand in the journal.
pub struct Written {
    /// Its place.
    pub sequence: u64,
    /// The event.
    pub event: Event,
    /// Its leaf.
    pub leaf: Vec<u8>,
}

/// What was found on disk when it was taken up.
pub struct TakenUp {
    /// The process.
    pub gateway: Gateway,
    /// All leaves.
    pub leaves: Vec<Vec<u8>>,
    /// The events from the place that was asked for.
    pub tail: Vec<Event>,
}

/// What a planted bug does not count while it decides.
#[derive(Default)]
struct Forgotten {
    cases: Vec<(u32, Money)>,
    measures: Vec<(u32, i64)>,
}

impl Gateway {
    /// Takes up the directory as production does: keys, blobs, journal, newest snapshot, tail. `acknowledged` = events to be read again from.
    pub fn take_up(
        disk: &Arc<dyn Disk>,
        floor: u64,
        acknowledged: u64,
        dice: &mut Dice,
        bug: Option<Bug>,
    ) -> Result<TakenUp, Died> {
        let directory = Path::new(DATA);
        disk.create_directory(directory).map_err(died("making the directory"))?;
        let masters = Masters { current: MasterKey::from_bytes([7; 32]), previous: None };
        let mut random = dice.split();
        let keys = KeyStore::open_or_create(Arc::clone(disk), &directory.join("keys"), masters, SHAPE, &mut random);
        let keys = Arc::new(keys.map_err(died("opening keys"))?);
        let blobs =
            BlobStore::open(Arc::clone(disk), &directory.join("blobs"), 1 << 20).map_err(died("opening blobs"))?;
        let vault = Vault::new(Arc::clone(&keys), Arc::new(blobs));
        let root = keys.root().clone();
        let snapshots = SnapshotStore::open(Arc::clone(disk), &directory.join("snapshot"), root)
            .map_err(died("opening snapshots"))?;
        let visit_from = snapshots.sequences().map_err(died("listing snapshots"))?.last().copied().unwrap_or(0);
        let floor = DurableFloor { checkpoint_size: floor };
        let opened = Journal::open(Arc::clone(disk), directory, OPTIONS, floor, visit_from)
            .map_err(died("opening the journal"))?;
        let loaded = snapshots.newest_valid(opened.next, |_, source| {
            let mut bytes = Vec::new();
            source.read_to_end(&mut bytes)?;
            State::read_record(&bytes).map_err(|error| LoadFault::Unsuited(error.to_string()))
        });
        let loaded = loaded.map_err(died("loading a snapshot"))?;
        let mut state = loaded.state.map(|(_, state)| state).unwrap_or_default();
        let (leaves, tail) = replay(&opened.journal, &vault, &mut state, acknowledged)?;
        if bug == Some(Bug::ForgottenWindow) {
            state.lanes.iter_mut().for_each(|lane| lane.record.ring.clear());
        }
        let keyring = VaultKeyring::new(keys, Box::new(dice.split()));
        let decider = Decider::new(state, Box::new(keyring), Box::new(dice.split()));
        let gateway = Self { decider, journal: opened.journal, fence: opened.fence, vault, snapshots, random };
        Ok(TakenUp { gateway, leaves, tail })
    }

    /// Decides the commands one after the other, then whatever is due.
    pub fn decide(&mut self, commands: Vec<Command>, now: Millis, bug: Option<Bug>) -> Batch {
        let mut decisions = Vec::with_capacity(commands.len() + 1);
        for command in commands {
            let forget = bug == Some(Bug::ForgottenDeductions) && matches!(command, Command::Submit(_));
            let kept = if forget { self.forget_deductions() } else { Forgotten::default() };
            decisions.push(self.decider.decide(command, now));
            self.remember(kept);
        }
        decisions.push(self.decider.pump(now));
        Batch { decisions }
    }

    fn forget_deductions(&mut self) -> Forgotten {
        let state = &mut self.decider.state;
        let cases: Vec<(u32, Money)> = state.cases.iter().map(|(index, case)| (index, case.ledger.deducting)).collect();
        let measures: Vec<(u32, i64)> =
            state.measures.iter().map(|(index, measure)| (index, measure.claimed)).collect();
        for (index, _) in &cases {
            if let Some(case) = state.cases.get_mut(*index) {
                case.ledger.deducting = Money::ZERO;
            }
        }
        for (index, _) in &measures {
            if let Some(measure) = state.measures.get_mut(*index) {
                measure.claimed = 0;
            }
        }
        Forgotten { cases, measures }
    }

    fn remember(&mut self, forgotten: Forgotten) {
        for (index, deducting) in forgotten.cases {
            if let Some(case) = self.decider.state.cases.get_mut(index) {
                case.ledger.deducting = case.ledger.deducting.plus(deducting);
            }
        }
        for (index, claimed) in forgotten.measures {
            if let Some(measure) = self.decider.state.measures.get_mut(index) {
                measure.claimed += claimed;
            }
        }
    }

    /// Writes and commits a batch. When this returns the events are durable, or the process is dead.
    pub fn commit(&mut self, batch: &Batch, now: Millis, bug: Option<Bug>) -> Result<Vec<Written>, Died> {
        let mut written = Vec::new();
        for decision in &batch.decisions {
            let range = self.append(decision, &mut written, bug)?;
            if range.start != decision.first && !decision.events.is_empty() {
                return Err(Died(format!("decided from {} on, the journal stands at {}", decision.first, range.start)));
            }
        }
        if bug != Some(Bug::SkippedKeySync) {
            self.vault.keys().sync().map_err(died("syncing keys"))?;
        }
        self.journal.commit(unsigned(now)).map_err(died("committing"))?;
        Ok(written)
    }

    fn append(
        &mut self,
        decision: &Decision,
        written: &mut Vec<Written>,
        bug: Option<Bug>,
    ) -> Result<Range<u64>, Died> {
        let mut sealed = Vec::with_capacity(decision.events.len());
        let mut expect = Vec::new();
        for (sequence, event) in (decision.first..).zip(&decision.events) {
            let mut event = event.clone();
            if bug == Some(Bug::LostBegan) && matches!(&event.fact, Fact::ExchangeBegan(began) if began.kind != "offer")
            {
                event.fact = AccessRefused { count: 1, minute: 0, source: String::new() }.into();
            }
            if let (Fact::RequestAccepted(_), Some(store::record::Body::Accepted(body))) = (&event.fact, &event.body) {
                let (high, low) = body.idempotency;
                expect.push((StreamKey::IdempotencyKey(u128::from(high) << 64 | u128::from(low)), Expected::Absent));
            }
            sealed.push(self.vault.write(sequence, &event, &mut self.random).map_err(died("sealing an event"))?);
            written.push(Written { sequence, event, leaf: Vec::new() });
        }
        if sealed.is_empty() {
            return Ok(decision.first..decision.first);
        }
        let start = written.len() - sealed.len();
        for (place, record) in written.iter_mut().skip(start).zip(&sealed) {
            place.leaf.clone_from(&record.leaf);
        }
        self.vault.keep(self.journal.durable_size(), &sealed, &mut self.random).map_err(died("keeping long bodies"))?;
        let records: Vec<_> = sealed.iter().map(engine::vault::Written::as_record).collect();
        self.journal.append(self.fence, &expect, &records).map_err(died("appending"))
    }

    /// Ends documents' keys, as an event that is durable says.
    pub fn erase(&mut self, erased: &[Erased]) -> Result<(), Died> {
        for document in erased {
            self.vault.keys().destroy(&[document.slot], &mut self.random).map_err(died("destroying a key"))?;
            if let Some(id) = document.blob.as_deref().and_then(engine::vault::blob_id) {
                self.vault.blobs().remove(&id).map_err(died("removing a blob"))?;
            }
        }
        Ok(())
    }

    /// Makes a document durable: its key's slot and its blob.
    pub fn put_document(&mut self, bytes: &[u8]) -> Result<(u64, BlobId), Died> {
        let made = self.vault.keys().create(1, &mut self.random).map_err(died("making a key"))?;
        let Some((slot, key)) = made.into_iter().next() else { return Err(Died("no key was made".to_owned())) };
        let mut source = bytes;
        let id = self
            .vault
            .blobs()
            .put(&mut source, &key, DOCUMENT_AAD, &mut self.random)
            .map_err(died("storing a blob"))?;
        Ok((slot, id))
    }

    /// Reads a document under a key.
    pub fn read_document(&self, blob: &str, key: &store::seal::DataKey) -> Result<Vec<u8>, String> {
        let id = engine::vault::blob_id(blob).ok_or("no blob id")?;
        self.vault.blobs().read(&id, key, DOCUMENT_AAD, 1 << 20).map_err(|error| error.to_string())
    }

    /// Writes a snapshot of the state at head; everything in it must be durable. Returns the command that records it.
    pub fn snapshot(&mut self) -> Result<Command, Died> {
        let next = self.decider.state.next;
        let mut writer = self
            .snapshots
            .begin(next, engine::state::record::STATE_FORM, &mut self.random)
            .map_err(died("beginning a snapshot"))?;
        self.decider.state.write_record(&mut writer).map_err(died("writing a snapshot"))?;
        let header = writer.finish().map_err(died("finishing a snapshot"))?;
        Ok(Command::Snapshot { digest: engine::vault::hex(&header.digest), next })
    }

    /// Every record, read back and opened; the text says what cannot be.
    pub fn read_all(&self) -> Result<Vec<Event>, String> {
        let mut range = self.journal.reader().read_range(0, ReadLimits::NONE);
        let mut events = Vec::new();
        while let Some((sequence, record)) = range.next_record().map_err(|error| error.to_string())? {
            events.push(self.vault.read(sequence, &record.to_record()).map_err(|error| error.to_string())?);
        }
        Ok(events)
    }

    /// Ends the process cleanly.
    pub fn close(self) -> Result<(), Died> {
        self.journal.close().map_err(died("closing"))
    }
}

fn replay(
    journal: &Journal,
    vault: &Vault,
    state: &mut State,
    acknowledged: u64,
) -> Result<(Vec<Vec<u8>>, Vec<Event>), Died> {
    let (mut leaves, mut tail) = (Vec::new(), Vec::new());
    let mut range = journal.reader().read_range(0, ReadLimits::NONE);
    while let Some((sequence, record)) = range.next_record().map_err(died("reading the journal"))? {
        leaves.push(record.leaf.to_vec());
        if sequence < state.next && sequence < acknowledged {
            continue;
        }
        let event = vault.read(sequence, &record.to_record()).map_err(died("opening an event"))?;
        if sequence >= state.next {
            state.fold(sequence, &event);
        }
        if sequence >= acknowledged {
            tail.push(event);
        }
    }
    Ok((leaves, tail))
}

/// What a batch lets go once it is durable.
pub fn released(batch: Batch) -> (Vec<(Result<Answer, Refusal>, u64, usize)>, Vec<Effect>, Vec<Erased>) {
    let (mut answers, mut effects, mut erased) = (Vec::new(), Vec::new(), Vec::new());
    for decision in batch.decisions {
        answers.push((decision.answer, decision.first, decision.events.len()));
        effects.extend(decision.effects);
        erased.extend(decision.erased);
    }
    (answers, effects, erased)
}
