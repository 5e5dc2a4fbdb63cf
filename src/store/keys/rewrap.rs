//! Changing the master key: page by page, each written to a redo file first, so that a crash at any step loses nothing and the old wraps are overwritten in place.
//!
//! ```text
//! keys/rewrap   "XZRW" | version (1) | 0 0 0 | file number (4) | length (4) | offset (8) | page | crc32c of all before (4)
//! ```
//! The redo file is made durable before the first page changes and removed after the last: while it exists, slots under both master keys are around.

use super::slot::{SLOT_BYTES, Slot};
use super::{KeyError, KeyStore, file_path, slot_offset};
use crate::disk::Disk;
use crate::random::Random;
use crate::seal::master::MasterKey;
use std::io;
use std::path::{Path, PathBuf};

pub(super) const REDO_FILE: &str = "rewrap";
/// Slots in a redo page: 512 KiB, so that a million keys take 256 pairs of fsyncs.
const PAGE_SLOTS: u64 = 4_096;
const HEAD_BYTES: usize = 24;
const SUM_BYTES: usize = 4;
const REDO_BYTES_MAX: u64 = PAGE_SLOTS * SLOT_BYTES as u64 + (HEAD_BYTES + SUM_BYTES) as u64;
const MAGIC: [u8; 8] = *b"XZRW\x01\0\0\0";

struct RedoPage {
    number: u32,
    offset: u64,
    bytes: Vec<u8>,
}

impl KeyStore {
    /// Wraps every live key under the current master key. Safe to repeat and to cut off at any step; until it returned once, keep the
    /// previous master key. Keys can be read meanwhile; creating waits only for its sync.
    ///
    /// # Errors
    /// [`KeyError::Damaged`] or [`KeyError::OtherMaster`] name the slot that cannot be carried over; nothing of it is touched.
    pub fn rewrap(&self, random: &mut dyn Random) -> Result<(), KeyError> {
        self.refuse_if_poisoned("rewrap")?;
        let _one_writer = self.writer.lock();
        let Some(previous) = &self.masters.previous else { return Ok(()) };
        let redo = self.folder.join(REDO_FILE);
        let failed = |source| KeyError::Disk { operation: "prepare", path: redo.clone(), source };
        self.prepare_redo(&redo).map_err(failed)?;
        if let Err(error) = self.rewrap_files(previous, random) {
            // Work may go on after this error; a page that is whole must not overwrite at the next start what changes until then.
            clear_redo(self.disk.as_ref(), &redo).map_err(|source| self.poison("clear", redo.clone(), source))?;
            return Err(error);
        }
        self.finish_redo(&redo).map_err(failed)
    }

    fn rewrap_files(&self, previous: &MasterKey, random: &mut dyn Random) -> Result<(), KeyError> {
        let files = self.held.lock().files.clone();
        for (number, file) in (0..).zip(&files) {
            let path = file_path(&self.folder, number);
            let size = file.size().map_err(|source| KeyError::Disk { operation: "measure", path, source })?;
            let slots = (size / SLOT_BYTES as u64).saturating_sub(1);
            for first in (0..slots).step_by(usize::try_from(PAGE_SLOTS).unwrap_or(usize::MAX)) {
                let count = PAGE_SLOTS.min(slots - first);
                self.rewrap_page(previous, number, first, count, random)?;
            }
        }
        Ok(())
    }

    fn prepare_redo(&self, redo: &Path) -> io::Result<()> {
        if !self.disk.exists(redo)? {
            let file = self.disk.create(redo)?;
            file.allocate(0, REDO_BYTES_MAX)?;
            file.sync_data()?;
        }
        self.disk.sync_directory(&self.folder)
    }

    /// Overwrites before removing: the page holds wraps of keys that may be destroyed later.
    fn finish_redo(&self, redo: &Path) -> io::Result<()> {
        let file = self.disk.open(redo)?;
        file.allocate(0, REDO_BYTES_MAX)?;
        file.sync_data()?;
        self.disk.remove(redo)?;
        self.disk.sync_directory(&self.folder)
    }

    fn rewrap_page(
        &self,
        previous: &MasterKey,
        number: u32,
        first: u64,
        count: u64,
        random: &mut dyn Random,
    ) -> Result<(), KeyError> {
        let slot_at = |index: u64| u64::from(number) * u64::from(self.shape.slots_per_file) + first + index;
        let (file, offset, path) = self.locate(&self.held.lock(), slot_at(0))?;
        let length = usize::try_from(count).unwrap_or(usize::MAX).saturating_mul(SLOT_BYTES);
        let mut bytes = vec![0; length];
        let unread = |source| KeyError::Disk { operation: "read", path: path.clone(), source };
        file.read_exact_at(&mut bytes, offset).map_err(unread)?;
        let mut changed = false;
        for (index, stored) in (0..).zip(bytes.as_chunks_mut::<SLOT_BYTES>().0) {
            let slot = slot_at(index);
            let damaged = |reason| KeyError::Damaged { path: path.clone(), offset: slot_offset(first + index), reason };
            let Slot::Live { master, wrapped } = Slot::decode(stored, slot).map_err(damaged)? else { continue };
            if master == self.masters.current.id() {
                continue;
            }
            if master != previous.id() {
                return Err(KeyError::OtherMaster { slot, path: path.clone() });
            }
            let key = previous.unwrap(slot, &wrapped).map_err(|_| damaged("the wrapped key does not open"))?;
            *stored = Slot::live(slot, &self.masters.current, &key, random)?;
            changed = true;
        }
        if !changed {
            return Ok(());
        }
        let page = RedoPage { number, offset, bytes };
        let redo = self.folder.join(REDO_FILE);
        write_redo(self.disk.as_ref(), &redo, &page).map_err(|source| self.poison("write", redo, source))?;
        let _no_readers = self.overwriting.write();
        file.write_all_at(&page.bytes, offset)
            .and_then(|()| file.sync_data())
            .map_err(|source| self.poison("rewrap keys in", path.clone(), source))
    }
}

fn write_redo(disk: &dyn Disk, path: &Path, page: &RedoPage) -> io::Result<()> {
    let length = u32::try_from(page.bytes.len()).map_err(io::Error::other)?;
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&page.number.to_be_bytes());
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(&page.offset.to_be_bytes());
    bytes.extend_from_slice(&page.bytes);
    bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_be_bytes());
    let file = disk.open(path)?;
    file.write_all_at(&bytes, 0)?;
    file.sync_data()
}

/// Writes the redo page, if it is whole, to its place again; a torn one belongs to a page that was not touched yet.
pub(super) fn redo(disk: &dyn Disk, folder: &Path) -> Result<(), KeyError> {
    let path = folder.join(REDO_FILE);
    let failed = |path: PathBuf| move |source| KeyError::Disk { operation: "redo", path, source };
    let bytes = disk.read_file(&path, REDO_BYTES_MAX).map_err(failed(path.clone()))?;
    let Some(page) = parse_redo(&bytes) else { return Ok(()) };
    let target = file_path(folder, page.number);
    let file = disk.open(&target).map_err(failed(target.clone()))?;
    file.write_all_at(&page.bytes, page.offset).and_then(|()| file.sync_data()).map_err(failed(target))?;
    // From here on slots may change, and a later start must not bring the page's older bytes back.
    clear_redo(disk, &path).map_err(failed(path))
}

fn clear_redo(disk: &dyn Disk, path: &Path) -> io::Result<()> {
    let file = disk.open(path)?;
    file.allocate(0, HEAD_BYTES as u64)?;
    file.sync_data()
}

fn parse_redo(bytes: &[u8]) -> Option<RedoPage> {
    let (magic, rest) = bytes.split_first_chunk::<8>()?;
    let (number, rest) = rest.split_first_chunk::<4>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (offset, rest) = rest.split_first_chunk::<8>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let page = rest.get(..length)?;
    let sum = rest.get(length..length.checked_add(SUM_BYTES)?)?;
    let whole = bytes.get(..HEAD_BYTES.checked_add(length)?)?;
    let sound = *magic == MAGIC && *sum == crc32c::crc32c(whole).to_be_bytes();
    let (number, offset) = (u32::from_be_bytes(*number), u64::from_be_bytes(*offset));
    sound.then(|| RedoPage { number, offset, bytes: page.to_vec() })
}
