//! The engine at run time: one decider thread, one journal thread, one index thread, exchanges on tokio.
//!
//! ```text
//!  web ──Asked──▶ decider thread ──Settled──▶ journal thread ──▶ replies, effects (only after fdatasync)
//!                      ▲                            ├──Indexed──▶ index thread
//!                      └────────Ended───────────────┴──Effect───▶ tokio: adapter.send / ask
//! ```
//! Every channel has a bound; when the first one is full, a call is refused before anything is acknowledged.

mod absent;
mod applicant;
mod beside;
mod calls;
mod cases;
mod configuring;
mod deciding;
mod delivering;
pub(crate) mod departures;
mod dispatch;
mod documents;
mod evidence;
mod faces;
pub(crate) mod figures;
pub(crate) mod head;
mod inbound;
mod inbox;
mod indexing;
mod journaling;
mod known;
mod left_out;
mod listing;
pub(crate) mod lost;
mod measures;
pub mod opening;
pub mod papers;
mod portions;
mod proposals;
pub mod receipts;
mod reminding;
mod resolving;
mod secrecy;
mod sent;
mod serials;
mod settling;
mod slips;
mod stops;
mod sweeping;
mod tasks;
mod threads;
pub mod trail;
mod unnamed;
mod unread;
mod unwritable;
mod views;
pub(crate) mod waiting;
mod whose;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use ::trail::Hash;
use domain::Millis;
use domain::socket::{Cause, Plug};
use parking_lot::{Mutex, RwLock};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use store::disk::Disk;
use store::journal::{Fence, Journal, Reader, Recovery};
use store::keys::Masters;
use store::random::{OsRandom, PooledRandom};
use store::seal::root::KeyedHasher;
use store::snapshot::SnapshotStore;
use tokio::sync::oneshot;

use crate::clock::Clock;
use crate::command::{Answer, BringBack, Command};
use crate::config::Config;
use crate::courier::Courier;
use crate::decide::Decider;
use crate::refusal::Refusal;
use crate::state::State;
use crate::vault::{Vault, VaultKeyring};
use crate::view::{Health, Receipt};
use head::Head;
use indexing::IndexSide;
use lost::LostContent;
pub use opening::OpenError;
use papers::Papers;
use threads::{publish, spawn};
use trail::Trail;
use waiting::Waiting;

/// Commands that may wait for the decider. At 100,000 decisions a second this is 80 ms of work; more is shed.
const COMMANDS_MAX: usize = 8_192;
/// Of these, so many by whoever waits for an answer; the rest is kept for the ends of exchanges, which nobody may shed: without a place
/// their lanes would stay in flight for as long as there is too much to do.
const ASKED_MAX: usize = COMMANDS_MAX / 8 * 7;
/// Batches that may wait for the journal thread; each is at most [`deciding::BATCH_MAX`] decisions.
const BATCHES_MAX: usize = 4;
/// Batches that may wait for the index thread; more is refilled from the journal.
const INDEXED_MAX: usize = 1_024;
/// A snapshot after so many events.
pub const SNAPSHOT_EVENTS: u64 = 1 << 20;
/// Below this much free space nothing new is accepted, so that what is under way can still be recorded.
pub const FREE_BYTES_MIN: u64 = 64 << 20;

/// How to take up a data directory.
pub struct Options {
    /// The data directory.
    pub directory: PathBuf,
    /// The disk it is on.
    pub disk: Arc<dyn Disk>,
    /// The master keys.
    pub masters: Masters,
    /// Name of this log in checkpoints and receipts, such as `xiezhi.330225.example`.
    pub origin: String,
    /// Release.
    pub version: String,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Where exchanges run.
    pub tokio: tokio::runtime::Handle,
    /// A snapshot after so many events.
    pub snapshot_events: u64,
    /// Who writes and carries deliveries to courts.
    pub courier: Arc<dyn Courier>,
    /// Start without what is lost for good, where the journal must be folded and the fold meets it.
    pub without_lost_content: bool,
    /// Asks the system how many bytes are free in the directory; `None` when it cannot tell.
    pub free_bytes: fn(&std::path::Path) -> Option<u64>,
}

/// The plugs of the partners, by id.
pub type Plugs = BTreeMap<String, Arc<Plug>>;

/// What the journal thread tells whoever asked.
pub(crate) struct Told {
    pub(crate) answer: Answer,
    /// The decision's own first event: its sequence and leaf hash.
    pub(crate) leaf: Option<(u64, Hash)>,
    /// What that event says when it accepts a request, so that it need not be read back.
    pub(crate) accepted: Option<(Millis, store::record::RequestAccepted)>,
}

pub(crate) type Reply = oneshot::Sender<Result<Told, Refusal>>;

pub(crate) enum Asked {
    Command(Box<Command>, Option<Reply>),
    Snapshot,
    Stop,
}

pub(crate) struct Hashers {
    case: KeyedHasher,
    idempotency: KeyedHasher,
    fingerprint: KeyedHasher,
    document: KeyedHasher,
    source: KeyedHasher,
    credential: KeyedHasher,
}

impl Hashers {
    fn of(vault: &Vault) -> Self {
        let root = vault.keys().root();
        Self {
            case: root.hasher("case"),
            idempotency: root.hasher("idempotency"),
            fingerprint: root.hasher("fingerprint"),
            document: root.hasher("document"),
            source: root.hasher("source"),
            credential: root.hasher("credential"),
        }
    }
}

/// Counts since start.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) batches: AtomicU64,
    pub(crate) events: AtomicU64,
    pub(crate) commit_us: AtomicU64,
    pub(crate) exchanges: AtomicU64,
    /// Exchanges that came to nothing, by [`Cause::code`].
    pub(crate) failed: [AtomicU64; Cause::COUNT],
    pub(crate) shed: AtomicU64,
    pub(crate) snapshots: AtomicU64,
    pub(crate) face_denied: AtomicU64,
    pub(crate) sweeps: AtomicU64,
    pub(crate) sweeps_failed: AtomicU64,
    pub(crate) swept: AtomicU64,
    pub(crate) set_aside: AtomicU64,
    pub(crate) deliveries: AtomicU64,
    pub(crate) acknowledged: AtomicU64,
    pub(crate) reminders: AtomicU64,
    pub(crate) reminders_acknowledged: AtomicU64,
}

pub(crate) struct Shared {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) directory: PathBuf,
    pub(crate) journal: Arc<Journal>,
    pub(crate) fence: Fence,
    pub(crate) reader: Reader,
    pub(crate) vault: Vault,
    pub(crate) snapshots: Arc<SnapshotStore>,
    pub(crate) decider: Head,
    pub(crate) commands: SyncSender<Asked>,
    /// Commands among those that wait for the decider of which somebody waits for the answer.
    pub(crate) asked: AtomicUsize,
    pub(crate) durable: AtomicU64,
    /// What follows from the events below this is done: keys that they end are destroyed.
    pub(crate) released: AtomicU64,
    /// One could not be: the next start ends it, as long as no snapshot covers the event that says so.
    pub(crate) key_outlived: AtomicBool,
    pub(crate) waiting: Waiting,
    pub(crate) trail: Trail,
    pub(crate) index: IndexSide,
    pub(crate) plugs: RwLock<Arc<Plugs>>,
    pub(crate) credentials: RwLock<Arc<faces::Credentials>>,
    pub(crate) papers: Papers,
    pub(crate) departures: departures::Departures,
    pub(crate) courier: Arc<dyn Courier>,
    pub(crate) stopping: tokio::sync::watch::Sender<bool>,
    pub(crate) proposed: tokio::sync::Notify,
    /// Turns of those that put together what proves an act.
    proving: evidence::Proving,
    pub(crate) hashers: Hashers,
    pub(crate) counts: Counts,
    pub(crate) calls: calls::Calls,
    left_out: left_out::Answers,
    pub(crate) refused: Mutex<BTreeMap<(String, Millis), u32>>,
    pub(crate) broken: AtomicBool,
    pub(crate) full: AtomicBool,
    /// Bytes of documents that are being stored.
    pub(crate) storing: AtomicU64,
    pub(crate) draining: AtomicBool,
    pub(crate) tokio: tokio::runtime::Handle,
    pub(crate) snapshot_events: u64,
    pub(crate) free_bytes: fn(&std::path::Path) -> Option<u64>,
}

/// The engine: cheap to clone, shared by all who call it.
#[derive(Clone)]
pub struct Engine {
    pub(crate) shared: Arc<Shared>,
}

/// A started engine and its threads.
pub struct Running {
    /// The handle.
    pub engine: Engine,
    /// How the journal was found.
    pub recovery: Recovery,
    /// The snapshot that was used.
    pub snapshot: Option<u64>,
    threads: Vec<JoinHandle<()>>,
    publisher: Option<JoinHandle<()>>,
    stop_publisher: SyncSender<()>,
    _held: Box<dyn store::disk::DiskLock>,
}

impl Engine {
    /// Takes up the directory, starts the threads, records the start and the configuration.
    ///
    /// # Errors
    /// [`OpenError`]; the directory is then as it was.
    pub fn start(options: Options, config: Arc<Config>, plugs: Plugs) -> Result<Running, OpenError> {
        let without = options.without_lost_content;
        let taken = opening::take_up(&options.disk, &options.directory, options.masters, &options.origin, without)?;
        let (reader, hashers) = (taken.journal.reader(), Hashers::of(&taken.vault));
        let decider = decider_over(taken.state, &taken.vault);
        let trail =
            Trail::new(options.disk, &options.directory, &options.origin, (taken.tree, reader.clone()), taken.keys)?;
        let (vault, snapshots) = (taken.vault.clone(), Arc::clone(&taken.snapshots));
        let (folder, left_out) = (opening::index_folder(&options.directory), decider.state.slots_left_out());
        let index = IndexSide::open(folder, vault, reader.clone(), snapshots, (taken.ended, left_out))?;
        let ((commands, asked), (settled, to_write)) = (sync_channel(COMMANDS_MAX), sync_channel(BATCHES_MAX));
        let ((indexed, to_index), (stop_publisher, publisher_stops)) = (sync_channel(INDEXED_MAX), sync_channel(1));
        let shared = Arc::new(Shared {
            clock: options.clock,
            directory: options.directory,
            durable: AtomicU64::new(taken.journal.durable_size()),
            released: AtomicU64::new(taken.journal.durable_size()),
            key_outlived: AtomicBool::new(false),
            fence: taken.fence,
            papers: Papers::new(taken.vault.clone(), reader.clone(), decider.state.slots_left_out()),
            reader,
            vault: taken.vault,
            snapshots: taken.snapshots,
            decider: Head::new(decider),
            commands,
            asked: AtomicUsize::new(0),
            waiting: Waiting::default(),
            trail,
            index,
            credentials: RwLock::new(Arc::new(faces::Credentials::default())),
            plugs: RwLock::new(Arc::new(plugs)),
            hashers,
            counts: Counts::default(),
            calls: calls::Calls::default(),
            left_out: left_out::Answers::default(),
            refused: Mutex::new(BTreeMap::new()),
            broken: AtomicBool::new(false),
            full: AtomicBool::new(false),
            storing: AtomicU64::new(0),
            departures: departures::Departures::default(),
            courier: options.courier,
            stopping: tokio::sync::watch::Sender::new(false),
            proposed: tokio::sync::Notify::new(),
            proving: evidence::Proving::default(),
            draining: AtomicBool::new(false),
            tokio: options.tokio,
            snapshot_events: options.snapshot_events.max(1),
            free_bytes: options.free_bytes,
            journal: taken.journal,
        });
        let engine = Self { shared: Arc::clone(&shared) };
        let [a, b, c, d, e] = std::array::from_fn(|_| Arc::clone(&shared));
        let threads = vec![
            spawn("decider", &shared, Box::new(move || deciding::run(&a, &asked, &settled)))?,
            spawn("journal", &shared, Box::new(move || journaling::run(&b, &to_write, &indexed)))?,
            spawn("index", &shared, Box::new(move || c.index.run(&to_index)))?,
            spawn("keys", &shared, Box::new(move || e.look_at_keys()))?,
        ];
        let publisher = spawn("checkpoint", &shared, Box::new(move || publish(&d, &publisher_stops)))?;
        engine.begin(options.version, config, (taken.lost, taken.returned))?;
        Ok(Running {
            engine,
            recovery: taken.recovery,
            snapshot: taken.snapshot,
            threads,
            publisher: Some(publisher),
            stop_publisher,
            _held: taken.held,
        })
    }

    /// The first events, then what goes on by itself.
    fn begin(
        &self,
        version: String,
        config: Arc<Config>,
        (lost, returned): (Option<LostContent>, Option<BringBack>),
    ) -> Result<(), OpenError> {
        let has_lost = lost.is_some();
        self.first_words(version, config, (lost, returned))?;
        sweeping::begin(self);
        if has_lost {
            // So that the next start folds only what follows, and needs nobody to say again what was left out.
            let _asked = self.shared.commands.send(Asked::Snapshot);
        }
        Ok(())
    }

    fn first_words(
        &self,
        version: String,
        config: Arc<Config>,
        (lost, returned): (Option<LostContent>, Option<BringBack>),
    ) -> Result<(), OpenError> {
        self.shared.learn_credentials(&config);
        let leave_out = lost.and_then(LostContent::into_news).map(|news| Command::LeaveOut(Box::new(news)));
        let bring_back = returned.map(|back| Command::BringBack(Box::new(back)));
        // What was left out, or is back, stops courts before the settings let any lane begin.
        self.first_word(Command::Start { version })?;
        // So much may have been under way that it takes several decisions.
        while self.shared.decider.read().is_starting() {
            self.first_word(Command::Tick)?;
        }
        for command in [leave_out, bring_back].into_iter().flatten() {
            self.first_word(command)?;
        }
        self.shared.recall_departures(&config);
        self.first_word(Command::Configure(config))?;
        self.shared.tell_absent();
        // What waits to be accepted by itself waited for the settings.
        proposals::begin(&self.shared);
        Ok(())
    }

    fn first_word(&self, command: Command) -> Result<(), OpenError> {
        let (reply, told) = oneshot::channel();
        let asked = self.shared.asked(command, reply);
        let failed = || OpenError::Trail("the first event could not be recorded; look at the log above".to_owned());
        self.shared.commands.send(asked).map_err(|_| failed())?;
        told.blocking_recv().map_err(|_| failed())?.map_err(|_| failed())?;
        Ok(())
    }

    /// Asks the decider; the answer comes once the decision is durable. Sheds when too much waits.
    pub(crate) async fn ask(&self, command: Command) -> Result<Told, Refusal> {
        self.ask_unless_lost(command).await.unwrap_or_else(|| Err(self.shared.unanswered()))
    }

    /// The same; `None` = whoever should have answered is gone, and what became of the command is known to nobody.
    pub(crate) async fn ask_unless_lost(&self, command: Command) -> Option<Result<Told, Refusal>> {
        if self.shared.is_broken() {
            return Some(Err(Refusal::Unavailable));
        }
        let shed = || {
            self.shared.counts.shed.fetch_add(1, Ordering::Relaxed);
            Some(Err(Refusal::Overloaded))
        };
        if self.shared.asked.load(Ordering::Relaxed) >= ASKED_MAX {
            return shed();
        }
        let (reply, told) = oneshot::channel();
        let refusal = match self.shared.commands.try_send(self.shared.asked(command, reply)) {
            Ok(()) => return told.await.ok(),
            Err(refused) => {
                self.shared.asked.fetch_sub(1, Ordering::Relaxed);
                match refused {
                    TrySendError::Full(_) => return shed(),
                    TrySendError::Disconnected(_) if self.shared.draining.load(Ordering::Relaxed) => Refusal::Draining,
                    TrySendError::Disconnected(_) => Refusal::Unavailable,
                }
            }
        };
        Some(Err(refusal))
    }

    pub(crate) async fn done(&self, command: Command) -> Result<u64, Refusal> {
        match self.ask(command).await?.answer {
            Answer::Done(sequence) | Answer::Accepted(sequence) | Answer::Stored(sequence) => Ok(sequence),
            Answer::List(_) | Answer::Imported(_) | Answer::Verdicts(_) | Answer::Settled(_) => {
                Err(Refusal::Unavailable)
            }
        }
    }

    /// The configuration in force.
    #[must_use]
    pub fn config(&self) -> Arc<Config> {
        Arc::clone(self.shared.decider.read().config())
    }

    /// The gateway's own time.
    #[must_use]
    pub fn now(&self) -> Millis {
        self.shared.clock.wall()
    }

    /// The signed checkpoint.
    #[must_use]
    pub fn checkpoint(&self) -> String {
        self.shared.trail.checkpoint()
    }

    /// A hash tile; `None` for entry bundles and tiles that the checkpoint does not cover.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for a path that is none.
    pub fn tile(&self, path: &str) -> Result<Option<Vec<u8>>, Refusal> {
        self.shared.trail.tile(path)
    }

    /// Public verifier key of checkpoints.
    #[must_use]
    pub fn checkpoint_key(&self) -> String {
        self.shared.trail.public_keys().0
    }

    /// Public verifier key of receipts.
    #[must_use]
    pub fn receipt_key(&self) -> String {
        self.shared.trail.public_keys().1
    }

    /// Signs the receipt of a durable event.
    pub(crate) fn receipt(&self, sequence: u64, leaf: Option<(u64, Hash)>) -> Result<Receipt, Refusal> {
        let hash = match leaf.filter(|(of, _)| *of == sequence) {
            Some((_, hash)) => hash,
            None => {
                let record = self.shared.reader.read(sequence).map_err(|_| Refusal::Unavailable)?;
                ::trail::leaf_hash(&record.ok_or(Refusal::Unavailable)?.leaf)
            }
        };
        Ok(self.shared.trail.receipt(sequence, hash))
    }

    /// How the gateway is.
    #[must_use]
    pub fn health(&self) -> Health {
        let shared = &self.shared;
        let mut reasons = Vec::new();
        if shared.broken.load(Ordering::Relaxed) {
            reasons.push(
                "the journal or a thread of the gateway failed; look at the log and at the disk, then start it again"
                    .to_owned(),
            );
        }
        if shared.full.load(Ordering::Relaxed) {
            reasons.push("less than 64 MiB are free in the data directory; make room".to_owned());
        }
        if shared.draining.load(Ordering::Relaxed) {
            reasons.push("the gateway is stopping".to_owned());
        }
        let decider = shared.decider.read();
        Health {
            ready: reasons.is_empty(),
            reasons,
            durable: shared.durable.load(Ordering::Relaxed),
            indexed: shared.index.applied(),
            checkpoint_size: shared.trail.checkpoint_size(),
            open_requests: u64::try_from(decider.state.requests.len()).unwrap_or(0),
            // Kept per lane: a monitor that asks every second must not walk through a million acts.
            open_acts: decider.state.lanes.iter().flat_map(|lane| lane.counts.values()).sum(),
            stops: u64::try_from(decider.state.stops.len()).unwrap_or(0),
            unreadable: shared.papers.lost(),
        }
    }

    /// Counts a refused call; one event per source and minute says how many.
    pub fn refused(&self, source: std::net::IpAddr) {
        /// More sources than this in one minute are counted together: an attack must not fill memory or journal.
        const SOURCES_MAX: usize = 256;
        let minute = self.now() / 60_000 * 60_000;
        let hash = crate::vault::hex(&self.shared.hashers.source.hash(source.to_string().as_bytes()));
        let mut refused = self.shared.refused.lock();
        let key = if refused.len() >= SOURCES_MAX { ("others".to_owned(), minute) } else { (hash, minute) };
        let count = refused.entry(key).or_insert(0);
        *count = count.saturating_add(1);
    }

    /// The journal or a thread failed: nothing is taken any more, the process should end and be started again.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.shared.is_broken()
    }
}

impl Running {
    /// Stops: nothing new begins, what is under way gets `grace` to end, a snapshot is made, the journal is closed.
    pub fn drain(mut self, grace: Duration) {
        let shared = Arc::clone(&self.engine.shared);
        shared.draining.store(true, Ordering::Relaxed);
        // What is on its way to a court goes again after the next start; nobody waits for it.
        shared.stopping.send_replace(true);
        let (reply, told) = oneshot::channel();
        if shared.commands.send(shared.asked(Command::Drain, reply)).is_ok() {
            let _drained = told.blocking_recv();
        }
        waiting::until(grace, || {
            let decider = shared.decider.read();
            let acts = decider.state.acts.iter().any(|(_, act)| act.is_under_way());
            // A reminder is let end: what was cut off would be said again after the start.
            let told = decider.state.reminders_under_way().next().is_none();
            // Nor are bytes left behind that no event names.
            let stored = shared.storing.load(Ordering::Relaxed) == 0;
            !acts && told && stored && decider.state.deliveries.under_way().next().is_none()
        });
        shared.tell_refused(true);
        // The second time nothing is under way, or its time is over: what is then unknown is asked about after the next start.
        let (reply, told) = oneshot::channel();
        if shared.commands.send(shared.asked(Command::Drain, reply)).is_ok() {
            let _drained = told.blocking_recv();
        }
        let _stopping = (shared.commands.send(Asked::Snapshot), shared.commands.send(Asked::Stop));
        shared.index.stop();
        for thread in self.threads.drain(..) {
            let _ended = thread.join();
        }
        let _told = self.stop_publisher.send(());
        if let Some(publisher) = self.publisher.take() {
            let _ended = publisher.join();
        }
        if let Err(error) = shared.journal.close() {
            tracing::warn!(%error, "the journal could not be closed cleanly; the next start checks it as after a crash");
        }
    }
}

fn decider_over(state: State, vault: &Vault) -> Decider {
    let keyring = VaultKeyring::new(Arc::clone(vault.keys()), Box::new(PooledRandom::new()));
    Decider::new(state, Box::new(keyring), Box::new(OsRandom))
}

impl Shared {
    /// Why a command was never answered: what was still queued when a drain closed the journal was not taken, and goes again.
    fn unanswered(&self) -> Refusal {
        let drains = self.draining.load(Ordering::Relaxed) && !self.is_broken();
        if drains { Refusal::Draining } else { Refusal::Unavailable }
    }

    /// A command of which somebody waits for the answer; counted from now until the decider takes it.
    fn asked(&self, command: Command, reply: Reply) -> Asked {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Asked::Command(Box::new(command), Some(reply))
    }
}
