//! Taking up a data directory: lock, journal, keys, newest snapshot and tail, tree, tiles.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use store::blobs::BlobStore;
use store::disk::{Disk, DiskLock};
use store::journal::{DurableFloor, Fence, Journal, ReadError, ReadLimits, Reader, Record, Recovery};
use store::keys::{KeyShape, KeyStore, Masters};
use store::random::OsRandom;
use store::record::Event;
use store::snapshot::{LoadFault, STATE_BYTES_MAX, SnapshotStore};
use trail::{Checkpoint, Hash, NoteKey, Tree, leaf_hash};

use super::indexing::Ended;
use super::lost::{LostContent, Told};
use super::receipts::ReceiptSigner;
use super::trail::{TrailError, check_against, repair_tiles, stored_checkpoint};
use super::unnamed;
use crate::command::BringBack;
use crate::state::State;
use crate::vault::{Vault, VaultError};

/// The longest blob, which bounds a document and a body.
const BLOB_BYTES_MAX: u64 = 64 << 20;

/// Why a data directory cannot be taken up. Nothing was changed; the text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The journal.
    #[error(transparent)]
    Journal(#[from] store::journal::OpenError),
    /// The keys.
    #[error(transparent)]
    Keys(#[from] store::keys::KeyError),
    /// The blobs.
    #[error(transparent)]
    Blobs(#[from] store::blobs::BlobError),
    /// Snapshots.
    #[error(transparent)]
    Snapshots(#[from] store::snapshot::SnapshotError),
    /// The index.
    #[error(transparent)]
    Index(#[from] store::index::IndexError),
    /// Content that the fold needs, and that is lost.
    #[error("{0}")]
    ContentLost(Box<LostContent>),
    /// An event.
    #[error(transparent)]
    Vault(#[from] crate::vault::VaultError),
    /// Reading the journal.
    #[error(transparent)]
    Read(#[from] store::journal::ReadError),
    /// Another process has it.
    #[error("data directory {} is in use by another process: stop that one or choose another directory", directory.display())]
    InUse {
        /// The data directory.
        directory: PathBuf,
    },
    /// The trail.
    #[error("opening the trail: {0}")]
    Trail(String),
    /// The system.
    #[error("{operation}: {source}")]
    System {
        /// What was being done.
        operation: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
}

impl From<TrailError> for OpenError {
    fn from(error: TrailError) -> Self {
        Self::Trail(error.to_string())
    }
}

/// A data directory, taken up.
pub struct Taken {
    /// The journal, locked.
    pub journal: Arc<Journal>,
    /// Its fence.
    pub fence: Fence,
    /// Keys and blobs.
    pub vault: Vault,
    /// Snapshots.
    pub snapshots: Arc<SnapshotStore>,
    /// The state at head.
    pub state: State,
    /// The tree over every leaf.
    pub tree: Tree,
    /// Checkpoint and receipt keys.
    pub keys: (NoteKey, ReceiptSigner),
    /// How the journal was found.
    pub recovery: Recovery,
    /// The snapshot that was used.
    pub snapshot: Option<u64>,
    /// What the replayed events ended.
    pub ended: Ended,
    /// What was left out, when something was.
    pub lost: Option<LostContent>,
    /// What an earlier start left out, and is whole again.
    pub returned: Option<BringBack>,
    /// The whole directory, held for the life of the process.
    pub held: Box<dyn DiskLock>,
}

/// Holds the directory before anything in it is touched: opening keys and blobs already tidies up behind an earlier process.
fn hold(disk: &Arc<dyn Disk>, directory: &Path) -> Result<Box<dyn DiskLock>, OpenError> {
    let system = |source| OpenError::System { operation: "locking the data directory", source };
    let held = disk.lock(&directory.join("HELD")).map_err(system)?;
    held.ok_or_else(|| OpenError::InUse { directory: directory.to_owned() })
}

/// Where things lie under the data directory.
#[must_use]
pub fn index_folder(directory: &Path) -> PathBuf {
    directory.join("index")
}

/// Opens keys and blobs: made when the directory is new, refused when there is a journal and its keys are gone.
///
/// # Errors
/// [`OpenError`].
pub fn open_vault(disk: &Arc<dyn Disk>, directory: &Path, masters: Masters) -> Result<Vault, OpenError> {
    let folder = directory.join("keys");
    let there = |path: &Path| {
        disk.exists(path).map_err(|source| OpenError::System { operation: "looking for journal and keys", source })
    };
    // Fresh keys beside an old journal would open nothing in it, and sign as somebody else.
    if there(&directory.join("journal"))? && !there(&folder)? {
        return Err(store::keys::KeyError::Absent { path: folder }.into());
    }
    let keys = KeyStore::open_or_create(Arc::clone(disk), &folder, masters, KeyShape::default(), &mut OsRandom)?;
    let blobs = BlobStore::open(Arc::clone(disk), &directory.join("blobs"), BLOB_BYTES_MAX)?;
    Ok(Vault::new(Arc::new(keys), Arc::new(blobs)))
}

/// Takes up a directory: newest snapshot and tail. `without_lost` = where the fold meets content that is lost, the whole journal is
/// folded without the cases that it belongs to.
///
/// # Errors
/// [`OpenError`].
pub fn take_up(
    disk: &Arc<dyn Disk>,
    directory: &Path,
    masters: Masters,
    origin: &str,
    without_lost: bool,
) -> Result<Taken, OpenError> {
    disk.create_directory(directory)
        .map_err(|source| OpenError::System { operation: "making the data directory", source })?;
    let held = hold(disk, directory)?;
    let vault = open_vault(disk, directory, masters)?;
    let keys = signing_keys(&vault, origin)?;
    disk.create_directory(&directory.join("trail"))
        .map_err(|source| OpenError::System { operation: "making the trail's directory", source })?;
    let checkpoint = stored_checkpoint(disk.as_ref(), directory, &keys.0).map_err(OpenError::Trail)?;
    let floor = checkpoint.as_ref().map_or(0, Checkpoint::size);
    let snapshots = SnapshotStore::open(Arc::clone(disk), &directory.join("snapshot"), vault.keys().root().clone())?;
    let visit_from = snapshots.sequences()?.last().copied().unwrap_or(0);
    let opened = Journal::open(
        Arc::clone(disk),
        directory,
        Default::default(),
        DurableFloor { checkpoint_size: floor },
        visit_from,
    )?;
    for newer in snapshots.set_aside_above(opened.next)? {
        tracing::warn!(path = %newer.display(), next = opened.next, "a snapshot is newer than the journal, which was put back from an older copy; it is set aside");
    }
    let loaded = snapshots.newest_valid(opened.next, |_, source| read_state(source).map_err(LoadFault::Unsuited))?;
    for unused in &loaded.not_used {
        tracing::warn!(path = %unused.path.display(), reason = %unused.reason, "a snapshot was not used");
    }
    let snapshot = loaded.state.as_ref().map(|(header, _)| header.sequence);
    let loaded = loaded.state.map_or_else(|| (State::default(), Tree::new()), |(_, loaded)| loaded);
    let folded = fold(&opened.journal, &vault, loaded, directory, without_lost)?;
    let Folded { mut state, tree, ended, lost, told } = folded;
    let returned = told.returned(&state, &opened.journal)?;
    let snapshot = snapshot.filter(|_| lost.is_none());
    repair_tiles(directory, &tree, ended.from.saturating_sub(1 << 16), &opened.journal.reader())
        .map_err(OpenError::Trail)?;
    settle_keys(&vault, &mut state)?;
    unnamed::erase(&vault, &opened.journal, state.slot_highest);
    if let Some(checkpoint) = &checkpoint {
        check_against(checkpoint, directory, &tree).map_err(OpenError::Trail)?;
    }
    Ok(Taken {
        journal: Arc::new(opened.journal),
        fence: opened.fence,
        vault,
        snapshots: Arc::new(snapshots),
        state,
        tree,
        keys,
        recovery: opened.recovery,
        snapshot,
        ended,
        lost,
        returned,
        held,
    })
}

/// Tells the keys what the journal knows of them, and ends those that it says are ended.
fn settle_keys(vault: &Vault, state: &mut State) -> Result<(), OpenError> {
    if let Some(lost) = vault.keys().named_through(state.slot_highest)? {
        tracing::error!(
            path = %lost.path.display(), first = lost.first, last = lost.last, runbook = "docs/RUNBOOK.md#keys",
            "the key files end before the last key that the journal names; what is sealed under the missing ones cannot be read: put the newest copy of `keys` back"
        );
    }
    vault.keys().stands_in(state.stand_ins.all());
    // A crash may have come between the event that erases and the destruction of the key, and between that of a key and of the one that
    // stands in for it.
    let mut erased = std::mem::take(&mut state.erased);
    // An older copy of the key files that was put back has those of cases erased since, and no event behind the snapshot says so.
    let is_back = |slot: &u64| !matches!(vault.keys().get(*slot), Ok(None));
    erased.extend(state.erased_cases.values().flat_map(|case| &case.slots).copied().filter(is_back));
    vault.keys().destroy(&erased, &mut OsRandom)?;
    vault.keys().end_stand_ins_of_destroyed(&mut OsRandom)?;
    Ok(())
}

/// Records opened at a time by one thread: ordinary ones are some 50 KiB, and a few of the longest fit memory too.
const PIECE_RECORDS: usize = 64;
/// Threads that open bodies beside the one that folds; opening costs about twice what folding does.
const OPENERS: usize = 2;
/// Pieces that may wait on either side of an opener.
const PIECES_AHEAD: usize = 2;

/// Records in order with the sequence of the first, or why they cannot be read.
type Piece = Result<(u64, Vec<Record>), ReadError>;
/// Events in order, or why they cannot be opened.
type Opened = Result<Vec<OpenedEvent>, OpenError>;

/// An event out of the journal.
pub(super) struct OpenedEvent {
    /// Without what stands beside its leaf where that is lost.
    pub event: Event,
    /// Why it is.
    pub lost: Option<VaultError>,
    /// Of its leaf.
    hash: Hash,
}

/// What the journal came to.
struct Folded {
    state: State,
    tree: Tree,
    ended: Ended,
    lost: Option<LostContent>,
    told: Told,
}

/// Folds the tail of the journal behind what was loaded. Where it meets lost content it says so whole, or folds all from the start
/// without the cases that it belongs to: what is in memory of them may be half of the truth.
fn fold(
    journal: &Journal,
    vault: &Vault,
    (mut state, mut tree): (State, Tree),
    directory: &Path,
    without_lost: bool,
) -> Result<Folded, OpenError> {
    match replay(journal, vault, (&mut state, &mut tree), directory, None) {
        Ok((ended, told)) => return Ok(Folded { state, tree, ended, lost: None, told }),
        Err(OpenError::Vault(error)) if error.is_loss() => {}
        Err(error) => return Err(error),
    }
    let lost = LostContent::look_for(journal, vault)?;
    // What an earlier start left out stays out without anybody saying so again.
    let without_lost = (without_lost || !lost.is_news()) && lost.can_be_left_out();
    lost.tell(without_lost);
    if !without_lost {
        return Err(OpenError::ContentLost(Box::new(lost)));
    }
    let (mut state, mut tree) = (State::default(), Tree::new());
    let (ended, told) = replay(journal, vault, (&mut state, &mut tree), directory, Some(&lost))?;
    state.recount_in_flight();
    Ok(Folded { state, tree, ended, lost: Some(lost), told })
}

/// Folds what follows the state; `without` = but for the cases that rest on what is lost.
fn replay(
    journal: &Journal,
    vault: &Vault,
    (state, tree): (&mut State, &mut Tree),
    directory: &Path,
    without: Option<&LostContent>,
) -> Result<(Ended, Told), OpenError> {
    let tiles = trail::PackedTiles::new(directory.join("trail"));
    let store = |tree: &mut Tree| {
        tree.store_full(&tiles).map_err(|source| OpenError::System { operation: "writing hash tiles", source })
    };
    let first = state.next;
    let (mut ended, mut told) = (Ended::since(first), Told::default());
    each_event(journal, vault, first, |sequence, opened| {
        let OpenedEvent { event, lost, hash } = opened;
        ended.note(state, sequence, &event, lost.is_some());
        told.note(&event.fact);
        let is_of_lost_case = without.is_some_and(|without| without.is_of_lost_case(event.key));
        match lost {
            _ if is_of_lost_case || state.is_of_left_out(&event) => state.leave_out(sequence, &event),
            Some(error) if without.is_none() => return Err(error.into()),
            _ => state.fold(sequence, &event),
        }
        tree.append(hash).map_err(|error| OpenError::Trail(error.to_string()))?;
        if state.next.is_multiple_of(1 << 16) {
            store(tree)?;
        }
        Ok(())
    })?;
    store(tree)?;
    Ok((ended, told))
}

/// Visits the events from `first` on: pieces are opened by several threads in turn, and visited in order by this one.
pub(super) fn each_event(
    journal: &Journal,
    vault: &Vault,
    first: u64,
    mut visit: impl FnMut(u64, OpenedEvent) -> Result<(), OpenError>,
) -> Result<(), OpenError> {
    let (reader, mut sequence) = (journal.reader(), first);
    std::thread::scope(|scope| {
        let named = |name: &str| std::thread::Builder::new().name(name.to_owned());
        let failed = |source| OpenError::System { operation: "starting a thread", source };
        let (mut to_open, mut opened) = (Vec::new(), Vec::new());
        for _ in 0..OPENERS {
            let (give, pieces) = sync_channel(PIECES_AHEAD);
            let (tell, told) = sync_channel(PIECES_AHEAD);
            named("opening").spawn_scoped(scope, move || open_pieces(vault, &pieces, &tell)).map_err(failed)?;
            to_open.push(give);
            opened.push(told);
        }
        named("reading").spawn_scoped(scope, move || read_pieces(&reader, first, &to_open)).map_err(failed)?;
        // Pieces come from the openers in turn, as they went; the first that has none is behind the end.
        for told in opened.iter().cycle() {
            let Ok(events) = told.recv() else { break };
            for event in events? {
                visit(sequence, event)?;
                sequence += 1;
            }
        }
        Ok(())
    })
}

/// Gives the openers their pieces in turn, until the end or until nobody takes them.
fn read_pieces(reader: &Reader, first: u64, to_open: &[SyncSender<Piece>]) {
    let mut range = reader.read_range(first, ReadLimits::NONE);
    for give in to_open.iter().cycle() {
        let from = range.next_sequence();
        let mut records = Vec::with_capacity(PIECE_RECORDS);
        let fault = loop {
            match range.next_record() {
                Ok(Some((_, record))) => records.push(record.to_record()),
                Ok(None) => break None,
                Err(fault) => break Some(fault),
            }
            if records.len() >= PIECE_RECORDS {
                break None;
            }
        };
        if records.is_empty() && fault.is_none() {
            return;
        }
        let is_last = fault.is_some();
        if give.send(fault.map_or(Ok((from, records)), Err)).is_err() || is_last {
            return;
        }
    }
}

/// Opens pieces until there are no more, or nobody folds them.
fn open_pieces(vault: &Vault, pieces: &Receiver<Piece>, opened: &SyncSender<Opened>) {
    for piece in pieces {
        let events = piece.map_err(OpenError::from).and_then(|(first, records)| {
            let numbered = (first..).zip(&records);
            let open = |(sequence, record): (u64, &Record)| {
                let (event, lost) = vault.read_leaf_at_least(sequence, record)?;
                Ok(OpenedEvent { event, lost, hash: leaf_hash(&record.leaf) })
            };
            numbered.map(open).collect()
        });
        if opened.send(events).is_err() {
            return;
        }
    }
}

/// The signing keys of an installation follow from its root key, so that a restored backup signs as the same log.
fn signing_keys(vault: &Vault, origin: &str) -> Result<(NoteKey, ReceiptSigner), OpenError> {
    let seed = |purpose| *vault.keys().root().derive(purpose, &[]).expose_for_wrap();
    let note = NoteKey::from_seed(origin, &seed("checkpoint-signing"));
    let note = note.map_err(|error| OpenError::Trail(error.to_string()))?;
    let receipts = ReceiptSigner::from_seed(&seed("receipt-signing"));
    let refused = || OpenError::Trail("the receipt key was refused by the signing library".to_owned());
    Ok((note, receipts.ok_or_else(refused)?))
}

/// Reads what [`write_state`] wrote.
///
/// # Errors
/// What is wrong, for the log.
pub fn read_state(source: &mut dyn Read) -> Result<(State, Tree), String> {
    let mut bytes = Vec::new();
    source.take(STATE_BYTES_MAX).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    let (length, rest) = bytes.split_first_chunk::<8>().ok_or("shorter than its own length field")?;
    let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|error| error.to_string())?;
    let (tree, state) = rest.split_at_checked(length).ok_or("shorter than the tree it should hold")?;
    let tree = Tree::from_bytes(tree).map_err(|error| error.to_string())?;
    let state = State::read_record(state).map_err(|error| error.to_string())?;
    // What follows would be put behind the wrong leaves, and an honest journal would look like an exchanged one.
    if tree.size() != state.next {
        return Err(format!("its tree has {} leaves and its state {} events", tree.size(), state.next));
    }
    Ok((state, tree))
}

/// Writes tree and state: `tree length u64 LE | tree | state`.
///
/// # Errors
/// Of the sink.
pub fn write_state(state: &State, tree: &[u8], sink: &mut dyn std::io::Write) -> std::io::Result<()> {
    sink.write_all(&u64::try_from(tree.len()).unwrap_or(0).to_le_bytes())?;
    sink.write_all(tree)?;
    state.write_record(sink).map_err(std::io::Error::other)
}
