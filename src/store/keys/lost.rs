//! Keys that records name and the files do not have: an older copy was put back, or a file was cut. And a look at what is there.

use super::rewrap::REDO_FILE;
use super::slot::SLOT_BYTES;
use super::{FILES_MAX, KeyError, KeyShape, KeyStore, Masters, count_files, file_path, read_slot};
use crate::disk::{Disk, DiskFile};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Slots that records name and that the key files end before: an older copy was put back, or a file was cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostSlots {
    /// The file that ends too early, or is missing.
    pub path: PathBuf,
    /// The first slot that is not there.
    pub first: u64,
    /// The last one that a record names; not every one between held a key.
    pub last: u64,
}

impl KeyStore {
    /// Opens the store for whoever only reads, as it is: nothing is changed, and any slot may be asked for.
    ///
    /// # Errors
    /// As [`KeyStore::open`]; [`KeyError::RotationUnfinished`] also where the previous master key could go on with it.
    pub fn open_to_read(
        disk: Arc<dyn Disk>,
        folder: &Path,
        masters: Masters,
        shape: KeyShape,
    ) -> Result<Self, KeyError> {
        let failed = |source| KeyError::Disk { operation: "list", path: folder.to_owned(), source };
        let names = disk.list(folder).map_err(failed)?;
        if names.iter().any(|name| name == REDO_FILE) {
            return Err(KeyError::RotationUnfinished { path: folder.to_owned() });
        }
        let store = Self::of_files(disk, folder, masters, (shape.at_least_one(), count_files(&names)))?;
        store.named_through(u64::MAX - 1)?;
        Ok(store)
    }

    /// Looks whether the key of `slot` is there or was destroyed; reads the disk, and keeps nothing.
    ///
    /// # Errors
    /// As [`KeyStore::get`].
    pub fn look(&self, slot: u64) -> Result<(), KeyError> {
        let (file, offset, path) = {
            let held = self.held.lock();
            if slot < held.next && (held.staged.contains_key(&slot) || held.ending.contains(&slot)) {
                return Ok(());
            }
            self.locate(&held, slot).map_err(|error| self.lost(slot, error))?
        };
        let _no_overwriting = self.overwriting.read();
        read_slot(file.as_ref(), &path, offset, slot, &self.masters).map(drop)
    }

    /// Says which slot is the highest that any record names. None up to it is handed out again, whatever became of the files: a lost
    /// key may turn up, and only its own slot takes it back. `Some` when the files end before it: keys were lost.
    ///
    /// # Errors
    /// [`KeyError::Disk`].
    pub fn named_through(&self, highest: u64) -> Result<Option<LostSlots>, KeyError> {
        let mut held = self.held.lock();
        let kept = slots_kept(&self.folder, &held.files, self.shape)?;
        if held.next <= highest {
            held.next = highest + 1;
            held.ahead.clear();
        }
        let path = || file_path(&self.folder, self.place(kept).map_or(FILES_MAX, |(number, _)| number));
        Ok((kept <= highest).then(|| LostSlots { path: path(), first: kept, last: highest }))
    }

    /// A slot that was handed out and whose file is gone is damage, not an unknown slot.
    pub(super) fn lost(&self, slot: u64, error: KeyError) -> KeyError {
        match (error, self.place(slot)) {
            (KeyError::UnknownSlot { .. }, Ok((number, offset))) => KeyError::Damaged {
                path: file_path(&self.folder, number),
                offset,
                reason: "the file is missing though a key was kept in it",
            },
            (error, _) => error,
        }
    }
}

/// How many slots from 0 on the files hold whole; what was handed out behind them was lost.
fn slots_kept(folder: &Path, files: &[Arc<dyn DiskFile>], shape: KeyShape) -> Result<u64, KeyError> {
    let per_file = u64::from(shape.slots_per_file);
    for (number, file) in (0..).zip(files) {
        let path = || file_path(folder, number);
        let size = file.size().map_err(|source| KeyError::Disk { operation: "measure", path: path(), source })?;
        let whole = (size / SLOT_BYTES as u64).saturating_sub(1);
        if whole < per_file {
            return Ok(u64::from(number) * per_file + whole);
        }
    }
    Ok(files.len() as u64 * per_file)
}
