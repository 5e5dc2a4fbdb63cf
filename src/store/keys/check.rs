//! A folder of keys looked at without taking it up: every header and slot by its checksum, and opened where the master key is at hand.

use super::slot::{Header, SLOT_BYTES, Slot};
use super::{FILES_MAX, KeyError, KeyShape, file_path, slot_offset};
use crate::disk::{Disk, DiskFile, is_zero};
use crate::seal::master::MasterKey;
use crate::seal::root::RootKey;
use std::path::{Path, PathBuf};

/// Slots read at a time: 512 KiB.
const PAGE_SLOTS: u64 = 4_096;

/// What a slot is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotState {
    /// Never written.
    Empty,
    /// Its key was destroyed; what it sealed is erased.
    Destroyed,
    /// It holds a key.
    Live,
    /// Its bytes are not what was written.
    Damaged,
}

/// A place in a key file that is not what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotFault {
    /// The file.
    pub path: PathBuf,
    /// Where in it, in bytes.
    pub offset: u64,
    /// The slot that stands there; none for what belongs to a whole file.
    pub slot: Option<u64>,
    /// What is wrong.
    pub reason: &'static str,
}

/// What [`check_keys`] found.
pub struct CheckedKeys {
    /// What is wrong, in the order of files and places.
    pub faults: Vec<SlotFault>,
    /// The root secret, when the master key was given and slot 0 opens.
    pub root: Option<RootKey>,
    /// One byte a slot, so a 128th of what the files take on disk.
    states: Vec<SlotState>,
    folder: PathBuf,
    slots_per_file: u64,
}

impl CheckedKeys {
    /// The state of a slot; none behind the last file's end.
    #[must_use]
    pub fn state(&self, slot: u64) -> Option<SlotState> {
        usize::try_from(slot).ok().and_then(|slot| self.states.get(slot)).copied()
    }

    /// How many slots are in that state.
    #[must_use]
    pub fn count(&self, state: SlotState) -> usize {
        self.states.iter().filter(|found| **found == state).count()
    }

    /// The file in which a slot stands or ought to stand, and its first byte there.
    #[must_use]
    pub fn place(&self, slot: u64) -> (PathBuf, u64) {
        let number = u32::try_from(slot / self.slots_per_file).unwrap_or(u32::MAX);
        (file_path(&self.folder, number), slot_offset(slot % self.slots_per_file))
    }
}

/// Looks at every slot in `folder`; nothing is changed. Without `master` a live slot has its checksum and its number to answer for, with
/// it the key inside must open too.
///
/// # Errors
/// [`KeyError::Absent`] when there is no file, [`KeyError::Disk`]. What is damaged is no error but a fault in what is returned.
pub fn check_keys(
    disk: &dyn Disk,
    folder: &Path,
    master: Option<&MasterKey>,
    shape: KeyShape,
) -> Result<CheckedKeys, KeyError> {
    let slots_per_file = u64::from(shape.at_least_one().slots_per_file);
    let mut checked =
        CheckedKeys { faults: Vec::new(), root: None, states: Vec::new(), folder: folder.to_owned(), slots_per_file };
    let names = disk.list(folder).map_err(|source| failed("list", folder, source))?;
    let numbers: Vec<u32> = names.iter().filter_map(|name| name.strip_prefix("slots-")?.parse().ok()).collect();
    let last = numbers.iter().copied().filter(|number| *number < FILES_MAX).max();
    let last = last.ok_or_else(|| KeyError::Absent { path: folder.to_owned() })?;
    for number in 0..=last {
        let path = file_path(folder, number);
        if !numbers.contains(&number) {
            checked.fault(&path, 0, None, "the file is missing, though a later one is there");
            checked.fill(u64::from(number + 1) * slots_per_file, SlotState::Damaged);
            continue;
        }
        let file = disk.open(&path).map_err(|source| failed("open", &path, source))?;
        checked.file(file.as_ref(), &path, number, master)?;
        if number < last {
            checked.fill(u64::from(number + 1) * slots_per_file, SlotState::Empty);
        }
    }
    Ok(checked)
}

fn failed(operation: &'static str, path: &Path, source: std::io::Error) -> KeyError {
    KeyError::Disk { operation, path: path.to_owned(), source }
}

impl CheckedKeys {
    fn fault(&mut self, path: &Path, offset: u64, slot: Option<u64>, reason: &'static str) {
        self.faults.push(SlotFault { path: path.to_owned(), offset, slot, reason });
    }

    /// Says of all slots up to `end` that are not looked at that they are in this state.
    fn fill(&mut self, end: u64, state: SlotState) {
        let end = usize::try_from(end).unwrap_or(usize::MAX).max(self.states.len());
        self.states.resize(end, state);
    }

    fn file(
        &mut self,
        file: &dyn DiskFile,
        path: &Path,
        number: u32,
        master: Option<&MasterKey>,
    ) -> Result<(), KeyError> {
        let unread = |source| failed("read", path, source);
        let size = file.size().map_err(|source| failed("measure", path, source))?;
        if size < SLOT_BYTES as u64 {
            self.fault(path, 0, None, "the file is cut inside its header");
            return Ok(());
        }
        let mut bytes = [0; SLOT_BYTES];
        file.read_exact_at(&mut bytes, 0).map_err(unread)?;
        match Header::decode(&bytes) {
            Err(reason) => self.fault(path, 0, None, reason),
            Ok(header) if header.number != number || u64::from(header.slots_per_file) != self.slots_per_file => {
                self.fault(path, 0, None, "the file has another number or was made with another shape");
            }
            Ok(_) => {}
        }
        let slots = (size / SLOT_BYTES as u64 - 1).min(self.slots_per_file);
        for first in (0..slots).step_by(usize::try_from(PAGE_SLOTS).unwrap_or(usize::MAX)) {
            let count = PAGE_SLOTS.min(slots - first);
            let mut page = vec![0; usize::try_from(count).unwrap_or_default() * SLOT_BYTES];
            file.read_exact_at(&mut page, slot_offset(first)).map_err(unread)?;
            for (index, bytes) in (first..).zip(page.as_chunks::<SLOT_BYTES>().0) {
                let slot = u64::from(number) * self.slots_per_file + index;
                let state = self.slot(bytes, path, (slot_offset(index), slot), master);
                self.states.push(state);
            }
        }
        // A crash while the file grew may have left part of a slot; nothing was ever written there.
        let mut rest = vec![0; usize::try_from(size - slot_offset(slots)).unwrap_or_default().min(SLOT_BYTES)];
        file.read_exact_at(&mut rest, slot_offset(slots)).map_err(unread)?;
        if !is_zero(&rest) {
            self.fault(path, slot_offset(slots), None, "there are bytes behind the last slot");
        }
        Ok(())
    }

    fn slot(
        &mut self,
        bytes: &[u8; SLOT_BYTES],
        path: &Path,
        (offset, slot): (u64, u64),
        master: Option<&MasterKey>,
    ) -> SlotState {
        let reason = match (Slot::decode(bytes, slot), master) {
            (Ok(Slot::Empty), _) if slot > 0 => return SlotState::Empty,
            (Ok(Slot::Destroyed), _) if slot > 0 => return SlotState::Destroyed,
            (Ok(Slot::Empty | Slot::Destroyed), _) => "the root secret is gone",
            (Ok(Slot::Live { .. }), None) => return SlotState::Live,
            (Ok(Slot::Live { master: id, .. }), Some(master)) if id != master.id() => {
                "the key is wrapped under another master key than the one given"
            }
            (Ok(Slot::Live { wrapped, .. }), Some(master)) => match master.unwrap(slot, &wrapped) {
                Ok(key) => {
                    if slot == 0 {
                        self.root = Some(RootKey::new(key));
                    }
                    return SlotState::Live;
                }
                Err(_) => "the wrapped key does not open",
            },
            (Err(reason), _) => reason,
        };
        self.fault(path, offset, Some(slot), reason);
        SlotState::Damaged
    }
}
