//! The keys of cases, documents and messages: wrapped, in numbered slots of preallocated files, so that one fsync keeps all new keys of a batch and one overwrite ends a key.
//!
//! ```text
//! keys/slots-00000000      header (128) | slot 0 | slot 1 | …        grown in extents of zeros, each synced before a slot in it is written
//! keys/rewrap              the redo page of a master-key change; there only while one is under way
//! ```
//! Slot 0 is the root secret. A slot number is handed out once: after any start, allocation goes on behind the last extent, because a slot
//! inside it may have been written and lost. Keys are drawn ahead of those who ask, so that most batches find their new keys durable already;
//! what was drawn and never asked for is given up at the next start and seals nothing. Overwriting is what a file system lets us do; where blocks are copied on write or worn by a
//! controller, only a master key that was changed and destroyed ends older copies too.

mod cache;
mod check;
mod ending;
mod lost;
mod rewrap;
mod slot;

pub use check::{CheckedKeys, SlotFault, SlotState, check_keys};
pub use lost::LostSlots;

use crate::disk::{Disk, DiskFile, is_full};
use crate::random::Random;
use crate::seal::master::MasterKey;
use crate::seal::root::RootKey;
use crate::seal::{DataKey, SealError};
use cache::KeyCache;
use parking_lot::{Mutex, RwLock};
use slot::{Header, SLOT_BYTES, Slot};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Keys created and not yet synced, at most: far more than a batch of the journal can name.
pub const STAGED_KEYS_MAX: usize = 65_536;
/// Keys drawn ahead, at most: a restart gives up their slots, and drawing them holds up one request for a millisecond.
pub const DRAWN_AHEAD_MAX: u32 = 1_024;
/// Slot files, at most; with the default shape that is room for 4 billion keys.
pub const FILES_MAX: u32 = 4_096;

/// How the slots lie on disk; none may be zero, a zero counts as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyShape {
    /// Slots in a file; stands in each file, and a store opens only with the one it was made with.
    pub slots_per_file: u32,
    /// Slots that are preallocated at a time; a restart gives up what is left of one.
    pub slots_per_extent: u32,
    /// Keys drawn beyond those asked for: the fsync that keeps them serves as many later requests. 0 = none.
    pub drawn_ahead: u32,
    /// Unwrapped keys kept in memory, some 90 bytes each: a key that is not kept costs a read of the disk and an unwrapping.
    pub cached_keys_max: usize,
}

impl Default for KeyShape {
    fn default() -> Self {
        Self { slots_per_file: 1 << 20, slots_per_extent: 1_024, drawn_ahead: 256, cached_keys_max: 1 << 18 }
    }
}

impl KeyShape {
    fn at_least_one(self) -> Self {
        Self {
            slots_per_file: self.slots_per_file.max(1),
            slots_per_extent: self.slots_per_extent.max(1),
            drawn_ahead: self.drawn_ahead.min(DRAWN_AHEAD_MAX),
            cached_keys_max: self.cached_keys_max.max(1),
        }
    }
}

/// The master key, and the one before it while slots under that one may still be around.
pub struct Masters {
    /// Wraps all new keys.
    pub current: MasterKey,
    /// Opens what [`KeyStore::rewrap`] has not reached yet.
    pub previous: Option<MasterKey>,
}

/// Why keys could not be had, made or destroyed. No key material appears.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The system refused.
    #[error("{operation} key file {path}: {source}; look at the disk, then start again", path = path.display())]
    Disk {
        /// What was being done.
        operation: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is no key store here.
    #[error("open keys in {path}: there are none; restore the folder, or make a new one only where no journal exists", path = path.display())]
    Absent {
        /// The folder.
        path: PathBuf,
    },
    /// Bytes on disk are not what was written.
    #[error("read key file {path} at byte {offset}: {reason}; restore this file from the mirror or a backup, do not write to it", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where in it.
        offset: u64,
        /// What is wrong.
        reason: &'static str,
    },
    /// Wrapped under a master key that was not given.
    #[error("unwrap slot {slot} in {path}: it is under another master key; put back the master key that this data was made with", path = path.display())]
    OtherMaster {
        /// The slot.
        slot: u64,
        /// Its file.
        path: PathBuf,
    },
    /// A change of the master key was interrupted and the old key is missing.
    #[error("open keys in {path}: a change of the master key is unfinished; give the previous master key too and run it again", path = path.display())]
    RotationUnfinished {
        /// The folder.
        path: PathBuf,
    },
    /// A slot that was never handed out, or is not the caller's to touch.
    #[error(
        "look up key slot {slot}: the key files end before it; if they are an older copy or were cut, put the newest copy back, else the record that names it is wrong: verify the trail"
    )]
    UnknownSlot {
        /// The slot.
        slot: u64,
    },
    /// Nothing is to be sealed for what was erased.
    #[error(
        "create a key that stands in for slot {slot}: that one was destroyed; what it sealed is erased, and nothing is added"
    )]
    Destroyed {
        /// The slot.
        slot: u64,
    },
    /// A limit of this file.
    #[error("create {count} keys: the limit is {STAGED_KEYS_MAX} unsynced keys and {FILES_MAX} files; sync first")]
    TooMany {
        /// Keys asked for.
        count: usize,
    },
    /// A write or fsync failed before; nothing is known about unsynced slots.
    #[error("{operation} keys: a write or fsync failed before; start the process again")]
    Poisoned {
        /// What was being done.
        operation: &'static str,
    },
    /// Sealing refused.
    #[error("wrap a key: {0}")]
    Seal(#[from] SealError),
}

/// The keys of one installation. Reads run beside one writer.
pub struct KeyStore {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    shape: KeyShape,
    masters: Masters,
    root: RootKey,
    held: Mutex<Held>,
    /// Only one of sync, destroy and rewrap at a time; guards the files' extents.
    writer: Mutex<()>,
    /// Held for writing while slots that readers may look at are overwritten.
    overwriting: RwLock<()>,
    poisoned: AtomicBool,
}

struct Held {
    files: Vec<Arc<dyn DiskFile>>,
    /// Slot number of the next key that is handed out.
    next: u64,
    /// Keys of the slots from `next` on; those not durable yet are staged too.
    ahead: VecDeque<DataKey>,
    /// First slot that is not preallocated yet.
    allocated: u64,
    staged: BTreeMap<u64, Staged>,
    /// Slots whose overwriting has begun: to readers they are gone already.
    ending: BTreeSet<u64>,
    /// Slots that cannot be read, each with one that stands in for it.
    stand_ins: BTreeSet<(u64, u64)>,
    cache: KeyCache,
}

#[derive(Clone)]
struct Staged {
    bytes: [u8; SLOT_BYTES],
    key: DataKey,
}

impl KeyStore {
    /// Opens the store in `folder`. An interrupted change of the master key is carried on from its redo page; finish it with [`KeyStore::rewrap`].
    ///
    /// # Errors
    /// See [`KeyError`]; [`KeyError::Absent`] when there is nothing.
    pub fn open(disk: Arc<dyn Disk>, folder: &Path, masters: Masters, shape: KeyShape) -> Result<Self, KeyError> {
        let shape = shape.at_least_one();
        let failed = |source| KeyError::Disk { operation: "list", path: folder.to_owned(), source };
        let absent = || KeyError::Absent { path: folder.to_owned() };
        if !disk.exists(folder).map_err(failed)? {
            return Err(absent());
        }
        let names = disk.list(folder).map_err(failed)?;
        for half_made in names.iter().filter(|name| name.ends_with(".new")) {
            disk.remove(&folder.join(half_made)).map_err(failed)?;
        }
        let count = count_files(&names);
        if count == 0 {
            return Err(absent());
        }
        if names.iter().any(|name| name == rewrap::REDO_FILE) {
            if masters.previous.is_none() {
                return Err(KeyError::RotationUnfinished { path: folder.to_owned() });
            }
            rewrap::redo(disk.as_ref(), folder)?;
        }
        Self::of_files(disk, folder, masters, (shape, count))
    }

    fn of_files(
        disk: Arc<dyn Disk>,
        folder: &Path,
        masters: Masters,
        (shape, count): (KeyShape, u32),
    ) -> Result<Self, KeyError> {
        let files =
            (0..count).map(|number| open_file(disk.as_ref(), folder, number, shape)).collect::<Result<Vec<_>, _>>()?;
        let allocated = allocated_slots(folder, &files, shape)?;
        let root = read_root(folder, &files, &masters)?;
        let cache = KeyCache::new(shape.cached_keys_max);
        let held = Held {
            files,
            next: allocated,
            ahead: VecDeque::new(),
            allocated,
            staged: BTreeMap::new(),
            ending: BTreeSet::new(),
            stand_ins: BTreeSet::new(),
            cache,
        };
        Ok(Self {
            disk,
            folder: folder.to_owned(),
            shape,
            masters,
            root,
            held: Mutex::new(held),
            writer: Mutex::new(()),
            overwriting: RwLock::new(()),
            poisoned: AtomicBool::new(false),
        })
    }

    /// Opens the store, or makes one with a fresh root secret where there is none. Only for a data folder without a journal.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub fn open_or_create(
        disk: Arc<dyn Disk>,
        folder: &Path,
        masters: Masters,
        shape: KeyShape,
        random: &mut dyn Random,
    ) -> Result<Self, KeyError> {
        let shape = shape.at_least_one();
        let failed = |source| KeyError::Disk { operation: "create", path: folder.to_owned(), source };
        disk.create_directory(folder).map_err(failed)?;
        if !disk.exists(&file_path(folder, 0)).map_err(failed)? {
            let root = DataKey::generate(random);
            let slot = Slot::live(0, &masters.current, &root, random)?;
            make_file(disk.as_ref(), folder, 0, shape, Some(slot))?;
        }
        Self::open(disk, folder, masters, shape)
    }

    /// The secret under which index, snapshots and keyed hashes live.
    pub const fn root(&self) -> &RootKey {
        &self.root
    }

    /// Hands out `count` new keys, drawing more when too few were drawn ahead. Nothing that names their slots may become durable
    /// before [`KeyStore::sync`] returned.
    ///
    /// # Errors
    /// [`KeyError::TooMany`], [`KeyError::Poisoned`].
    pub fn create(&self, count: usize, random: &mut dyn Random) -> Result<Vec<(u64, DataKey)>, KeyError> {
        self.refuse_if_poisoned("create")?;
        let mut held = self.held.lock();
        let slots_max = u64::from(FILES_MAX) * u64::from(self.shape.slots_per_file);
        let fresh = count.saturating_sub(held.ahead.len());
        if held.staged.len() + fresh > STAGED_KEYS_MAX || held.next + count as u64 > slots_max {
            return Err(KeyError::TooMany { count });
        }
        if fresh > 0 {
            let drawn = held.next + held.ahead.len() as u64;
            let wanted = drawn + fresh as u64 + u64::from(self.shape.drawn_ahead);
            for slot in drawn..wanted.min(slots_max) {
                let key = DataKey::generate(random);
                let bytes = Slot::live(slot, &self.masters.current, &key, random)?;
                held.staged.insert(slot, Staged { bytes, key: key.clone() });
                held.ahead.push_back(key);
            }
        }
        let mut created = Vec::with_capacity(count);
        for slot in (held.next..).take(count) {
            let Some(key) = held.ahead.pop_front() else { break };
            if !held.staged.contains_key(&slot) {
                held.cache.insert(slot, key.clone());
            }
            created.push((slot, key));
        }
        held.next += created.len() as u64;
        Ok(created)
    }

    /// Makes all keys that were handed out durable, and with them those drawn ahead: one fsync for each file they fall into (nearly always
    /// one), none when they are durable already. Returns how many were written.
    ///
    /// # Errors
    /// [`KeyError::Disk`]; with a full disk the keys stay staged and it may be tried again, after any other failure the store is poisoned.
    pub fn sync(&self) -> Result<usize, KeyError> {
        self.refuse_if_poisoned("sync")?;
        let _one_writer = self.writer.lock();
        let staged = {
            let held = self.held.lock();
            if held.staged.range(..held.next).next().is_none() {
                return Ok(0);
            }
            held.staged.clone()
        };
        let Some((&last, _)) = staged.last_key_value() else { return Ok(0) };
        self.allocate_through(last)?;
        let slots: Vec<_> = staged.iter().map(|(slot, staged)| (*slot, staged.bytes)).collect();
        self.write_and_sync("write new keys to", &slots)?;
        let mut held = self.held.lock();
        for (slot, staged) in staged {
            // A key destroyed while it was being written is not staged any more and must not come back.
            if held.staged.remove(&slot).is_some() && slot < held.next {
                held.cache.insert(slot, staged.key);
            }
        }
        Ok(slots.len())
    }

    /// The key of `slot`; none once it was destroyed.
    ///
    /// # Errors
    /// [`KeyError::UnknownSlot`], [`KeyError::Damaged`], [`KeyError::OtherMaster`], [`KeyError::Disk`].
    pub fn get(&self, slot: u64) -> Result<Option<DataKey>, KeyError> {
        let _no_overwriting = self.overwriting.read();
        let (file, offset, path) = {
            let mut held = self.held.lock();
            if slot == 0 || slot >= held.next {
                return Err(KeyError::UnknownSlot { slot });
            }
            if held.ending.contains(&slot) {
                return Ok(None);
            }
            if let Some(staged) = held.staged.get(&slot) {
                return Ok(Some(staged.key.clone()));
            }
            if let Some(key) = held.cache.get(slot) {
                return Ok(Some(key));
            }
            self.locate(&held, slot).map_err(|error| self.lost(slot, error))?
        };
        let key = read_slot(file.as_ref(), &path, offset, slot, &self.masters)?;
        if let Some(key) = &key {
            self.held.lock().cache.insert(slot, key.clone());
        }
        Ok(key)
    }

    fn refuse_if_poisoned(&self, operation: &'static str) -> Result<(), KeyError> {
        if self.poisoned.load(Ordering::Acquire) { Err(KeyError::Poisoned { operation }) } else { Ok(()) }
    }

    fn poison(&self, operation: &'static str, path: PathBuf, source: io::Error) -> KeyError {
        self.poisoned.store(true, Ordering::Release);
        KeyError::Disk { operation, path, source }
    }

    fn locate(&self, held: &Held, slot: u64) -> Result<(Arc<dyn DiskFile>, u64, PathBuf), KeyError> {
        let (number, offset) = self.place(slot)?;
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        let file = held.files.get(index).ok_or(KeyError::UnknownSlot { slot })?;
        Ok((Arc::clone(file), offset, file_path(&self.folder, number)))
    }

    fn place(&self, slot: u64) -> Result<(u32, u64), KeyError> {
        let per_file = u64::from(self.shape.slots_per_file);
        let number = u32::try_from(slot / per_file).map_err(|_| KeyError::UnknownSlot { slot })?;
        Ok((number, slot_offset(slot % per_file)))
    }

    /// Preallocates through `slot`, durably: only then may a slot be written, so that no later start can hand its number out again.
    fn allocate_through(&self, slot: u64) -> Result<(), KeyError> {
        let per_file = u64::from(self.shape.slots_per_file);
        loop {
            let (from, files) = {
                let held = self.held.lock();
                (held.allocated, held.files.len() as u64)
            };
            if from > slot {
                return Ok(());
            }
            let number = u32::try_from(from / per_file).map_err(|_| KeyError::UnknownSlot { slot })?;
            let path = file_path(&self.folder, number);
            // With no room left nothing durable has changed, so the caller may try again once there is.
            let failed = |source: io::Error| match is_full(&source) {
                true => KeyError::Disk { operation: "preallocate", path: path.clone(), source },
                false => self.poison("preallocate", path.clone(), source),
            };
            let grown = (from % per_file + u64::from(self.shape.slots_per_extent)).min(per_file);
            if u64::from(number) == files {
                make_file(self.disk.as_ref(), &self.folder, number, self.shape, None)?;
                let file = self.disk.open(&path).map_err(failed)?;
                self.held.lock().files.push(file);
            } else {
                let file = self.locate(&self.held.lock(), from)?.0;
                file.allocate(slot_offset(from % per_file), slot_offset(grown)).map_err(failed)?;
                file.sync_data().map_err(failed)?;
            }
            self.held.lock().allocated = from - from % per_file + grown;
        }
    }

    fn write_and_sync(&self, operation: &'static str, slots: &[(u64, [u8; SLOT_BYTES])]) -> Result<(), KeyError> {
        let mut touched = BTreeMap::new();
        for run in
            slots.chunk_by(|(one, _), (next, _)| *next == one + 1 && next % u64::from(self.shape.slots_per_file) != 0)
        {
            let Some((first, _)) = run.first() else { continue };
            let (file, offset, path) = self.locate(&self.held.lock(), *first)?;
            let bytes: Vec<u8> = run.iter().flat_map(|(_, bytes)| bytes).copied().collect();
            let _no_readers = self.overwriting.write();
            file.write_all_at(&bytes, offset).map_err(|source| self.poison(operation, path.clone(), source))?;
            touched.insert(path, file);
        }
        for (path, file) in touched {
            file.sync_data().map_err(|source| self.poison(operation, path, source))?;
        }
        Ok(())
    }
}

fn count_files(names: &[String]) -> u32 {
    let count = names.iter().filter(|name| name.starts_with("slots-") && !name.ends_with(".new")).count();
    u32::try_from(count).unwrap_or(u32::MAX).min(FILES_MAX)
}

fn file_path(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("slots-{number:08}"))
}

/// Byte offset of a slot in its file, behind the header.
const fn slot_offset(index: u64) -> u64 {
    (index + 1) * SLOT_BYTES as u64
}

/// Makes a slot file whole under another name first: a file that bears its name has its header, its first extent and, as file 0, its root.
fn make_file(
    disk: &dyn Disk,
    folder: &Path,
    number: u32,
    shape: KeyShape,
    first_slot: Option<[u8; SLOT_BYTES]>,
) -> Result<(), KeyError> {
    let path = file_path(folder, number);
    let fresh = folder.join(format!("slots-{number:08}.new"));
    let made = (|| {
        if disk.exists(&fresh)? {
            disk.remove(&fresh)?;
        }
        let file = disk.create(&fresh)?;
        file.write_all_at(&Header { number, slots_per_file: shape.slots_per_file }.encode(), 0)?;
        file.allocate(slot_offset(0), slot_offset(u64::from(shape.slots_per_extent.min(shape.slots_per_file))))?;
        if let Some(slot) = first_slot {
            file.write_all_at(&slot, slot_offset(0))?;
        }
        file.sync_data()?;
        disk.rename(&fresh, &path)?;
        disk.sync_directory(folder)
    })();
    made.map_err(|source| KeyError::Disk { operation: "create", path, source })
}

fn open_file(disk: &dyn Disk, folder: &Path, number: u32, shape: KeyShape) -> Result<Arc<dyn DiskFile>, KeyError> {
    let path = file_path(folder, number);
    let failed = |source| KeyError::Disk { operation: "open", path: path.clone(), source };
    let file = disk.open(&path).map_err(failed)?;
    let mut bytes = [0; SLOT_BYTES];
    file.read_exact_at(&mut bytes, 0).map_err(failed)?;
    let damaged = |reason| KeyError::Damaged { path: path.clone(), offset: 0, reason };
    let header = Header::decode(&bytes).map_err(damaged)?;
    if header != (Header { number, slots_per_file: shape.slots_per_file }) {
        return Err(damaged("the file has another number or was made with another shape"));
    }
    Ok(file)
}

/// The first slot that no earlier process can have used: behind the last extent, even one that is only half there.
fn allocated_slots(folder: &Path, files: &[Arc<dyn DiskFile>], shape: KeyShape) -> Result<u64, KeyError> {
    let Some((last, before)) = files.split_last() else { return Ok(0) };
    let number = u32::try_from(before.len()).unwrap_or(u32::MAX);
    let path = file_path(folder, number);
    let size = last.size().map_err(|source| KeyError::Disk { operation: "measure", path, source })?;
    let per_file = u64::from(shape.slots_per_file);
    let covered = size.div_ceil(SLOT_BYTES as u64).saturating_sub(1);
    let extents = covered.next_multiple_of(u64::from(shape.slots_per_extent)).min(per_file);
    Ok(u64::from(number) * per_file + extents)
}

fn read_root(folder: &Path, files: &[Arc<dyn DiskFile>], masters: &Masters) -> Result<RootKey, KeyError> {
    let path = file_path(folder, 0);
    let file = files.first().ok_or_else(|| KeyError::Absent { path: folder.to_owned() })?;
    let damaged =
        KeyError::Damaged { path: path.clone(), offset: slot_offset(0), reason: "the root secret is destroyed" };
    read_slot(file.as_ref(), &path, slot_offset(0), 0, masters)?.map(RootKey::new).ok_or(damaged)
}

fn read_slot(
    file: &dyn DiskFile,
    path: &Path,
    offset: u64,
    slot: u64,
    masters: &Masters,
) -> Result<Option<DataKey>, KeyError> {
    let mut bytes = [0; SLOT_BYTES];
    let damaged = |reason| KeyError::Damaged { path: path.to_owned(), offset, reason };
    file.read_exact_at(&mut bytes, offset).map_err(|source| match source.kind() {
        io::ErrorKind::UnexpectedEof => damaged("the file ends before this slot though a key was kept in it"),
        _ => KeyError::Disk { operation: "read", path: path.to_owned(), source },
    })?;
    match Slot::decode(&bytes, slot).map_err(damaged)? {
        Slot::Empty => Err(damaged("the slot is empty though a key was kept in it")),
        Slot::Destroyed => Ok(None),
        Slot::Live { master, wrapped } => {
            let fits = |candidate: &&MasterKey| candidate.id() == master;
            let master = [Some(&masters.current), masters.previous.as_ref()].into_iter().flatten().find(fits);
            let master = master.ok_or_else(|| KeyError::OtherMaster { slot, path: path.to_owned() })?;
            master.unwrap(slot, &wrapped).map(Some).map_err(|_| damaged("the wrapped key does not open"))
        }
    }
}

#[cfg(test)]
mod tests;
