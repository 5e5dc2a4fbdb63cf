//! What the simulated disk holds: cached and synced bytes, names, locks, faults, and the dice.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use super::super::SECTOR_BYTES;
use super::{Counts, Fault};

#[derive(Clone, Default)]
struct Inode {
    cached: Vec<u8>,
    synced: Vec<u8>,
    dirty: BTreeSet<usize>,
}

#[derive(Clone)]
enum NameChange {
    Link(PathBuf, u64),
    Rename(PathBuf, PathBuf, u64),
    Unlink(PathBuf),
}

#[derive(Clone)]
pub(super) struct State {
    dice: u64,
    inodes: BTreeMap<u64, Inode>,
    inode_next: u64,
    names: BTreeMap<PathBuf, u64>,
    names_synced: BTreeMap<PathBuf, u64>,
    name_changes: Vec<NameChange>,
    directories: BTreeSet<PathBuf>,
    pub(super) locks: BTreeSet<PathBuf>,
    pub(super) generation: u64,
    pub(super) power_off_after: Option<u64>,
    pub(super) faults: Vec<(Fault, u32)>,
    pub(super) free_bytes: Option<u64>,
    pub(super) counts: Counts,
}

fn sectors(offset: usize, bytes: usize) -> std::ops::Range<usize> {
    offset / SECTOR_BYTES..(offset + bytes).div_ceil(SECTOR_BYTES)
}

fn to_usize(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

impl NameChange {
    fn apply(&self, names: &mut BTreeMap<PathBuf, u64>) {
        match self {
            Self::Link(path, inode) => {
                names.insert(path.clone(), *inode);
            }
            Self::Rename(from, to, inode) => {
                names.remove(from);
                names.insert(to.clone(), *inode);
            }
            Self::Unlink(path) => {
                names.remove(path);
            }
        }
    }

    fn directory(&self) -> Option<&Path> {
        match self {
            Self::Link(path, _) | Self::Unlink(path) | Self::Rename(_, path, _) => path.parent(),
        }
    }
}

impl Inode {
    fn write(&mut self, bytes: &[u8], offset: usize) {
        let end = offset + bytes.len();
        if self.cached.len() < end {
            self.cached.resize(end, 0);
        }
        if let Some(place) = self.cached.get_mut(offset..end) {
            place.copy_from_slice(bytes);
        }
        self.dirty.extend(sectors(offset, bytes.len()));
    }

    fn keep(&mut self, sector: usize) {
        let range = sector * SECTOR_BYTES..((sector + 1) * SECTOR_BYTES).min(self.cached.len());
        if self.synced.len() < range.end {
            self.synced.resize(range.end, 0);
        }
        if let (Some(to), Some(from)) = (self.synced.get_mut(range.clone()), self.cached.get(range)) {
            to.copy_from_slice(from);
        }
    }
}

impl State {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            dice: seed,
            inodes: BTreeMap::new(),
            inode_next: 0,
            names: BTreeMap::new(),
            names_synced: BTreeMap::new(),
            name_changes: Vec::new(),
            directories: BTreeSet::new(),
            locks: BTreeSet::new(),
            generation: 0,
            power_off_after: None,
            faults: Vec::new(),
            free_bytes: None,
            counts: Counts::default(),
        }
    }

    /// splitmix64: short, and good enough to choose sectors with.
    fn roll(&mut self) -> u64 {
        self.dice = self.dice.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.dice;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }

    fn roll_below(&mut self, limit: usize) -> usize {
        to_usize(self.roll() % (limit.max(1) as u64))
    }

    fn coin(&mut self) -> bool {
        self.roll().is_multiple_of(2)
    }

    pub(super) fn restart(&mut self) {
        self.locks.clear();
        self.generation += 1;
        self.power_off_after = None;
    }

    pub(super) fn powered(&self) -> io::Result<()> {
        if self.power_off_after == Some(0) { Err(io::Error::other("the power is off")) } else { Ok(()) }
    }

    /// Counts one changing operation against the power budget; the one that uses it up fails.
    pub(super) fn begin_change(&mut self) -> io::Result<()> {
        self.powered()?;
        if let Some(left) = &mut self.power_off_after {
            *left -= 1;
        }
        self.powered()
    }

    fn fault(&mut self, wanted: Fault) -> bool {
        let Some(at) = self.faults.iter().position(|(fault, _)| *fault == wanted) else { return false };
        match self.faults.get_mut(at) {
            Some((_, skip)) if *skip > 0 => {
                *skip -= 1;
                false
            }
            _ => {
                self.faults.remove(at);
                true
            }
        }
    }

    pub(super) fn inode(&self, path: &Path) -> io::Result<u64> {
        self.names.get(path).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn change_name(&mut self, change: NameChange) {
        change.apply(&mut self.names);
        self.name_changes.push(change);
    }

    pub(super) fn create(&mut self, path: &Path) -> io::Result<u64> {
        if self.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let inode = self.inode_next;
        self.inode_next += 1;
        self.inodes.insert(inode, Inode::default());
        self.change_name(NameChange::Link(path.to_path_buf(), inode));
        Ok(inode)
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let inode = self.inode(from)?;
        self.change_name(NameChange::Rename(from.to_path_buf(), to.to_path_buf(), inode));
        Ok(())
    }

    pub(super) fn remove(&mut self, path: &Path) -> io::Result<()> {
        self.inode(path)?;
        self.change_name(NameChange::Unlink(path.to_path_buf()));
        Ok(())
    }

    pub(super) fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        if !self.directories.contains(directory) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let names = self.names.keys().filter(|path| path.parent() == Some(directory));
        Ok(names.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect())
    }

    pub(super) fn exists(&self, path: &Path) -> bool {
        self.names.contains_key(path) || self.directories.contains(path)
    }

    pub(super) fn create_directory(&mut self, directory: &Path) {
        self.directories.extend(directory.ancestors().map(Path::to_path_buf));
    }

    pub(super) fn sync_directory(&mut self, directory: &Path) {
        for change in std::mem::take(&mut self.name_changes) {
            if change.directory() == Some(directory) {
                change.apply(&mut self.names_synced);
            } else {
                self.name_changes.push(change);
            }
        }
    }

    pub(super) fn size(&self, inode: u64) -> u64 {
        self.inodes.get(&inode).map_or(0, |inode| inode.cached.len() as u64)
    }

    pub(super) fn read(&mut self, inode: u64, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        if self.fault(Fault::ReadFails) {
            return Err(io::Error::other("simulated read error"));
        }
        let short = self.fault(Fault::ReadShort);
        let offset = to_usize(offset);
        let available = self.inodes.get(&inode).map_or(0, |inode| inode.cached.len().saturating_sub(offset));
        let mut count = buffer.len().min(available);
        if short && count > 1 {
            count = 1 + self.roll_below(count - 1);
        }
        let source = self.inodes.get(&inode).and_then(|inode| inode.cached.get(offset..offset.saturating_add(count)));
        if let (Some(from), Some(to)) = (source, buffer.get_mut(..count)) {
            to.copy_from_slice(from);
        }
        Ok(count)
    }

    pub(super) fn write(&mut self, inode: u64, bytes: &[u8], offset: u64) -> io::Result<()> {
        if self.fault(Fault::WriteFails) {
            self.write_part(inode, bytes, offset);
            return Err(io::Error::other("simulated write error"));
        }
        let growth = (offset + bytes.len() as u64).saturating_sub(self.size(inode));
        if let Some(free) = &mut self.free_bytes {
            if growth > *free {
                return Err(io::ErrorKind::StorageFull.into());
            }
            *free -= growth;
        }
        if let Some(inode) = self.inodes.get_mut(&inode) {
            inode.write(bytes, to_usize(offset));
        }
        Ok(())
    }

    /// Writes an arbitrary number of leading whole sectors, as an interrupted write does.
    pub(super) fn write_part(&mut self, inode: u64, bytes: &[u8], offset: u64) {
        let count = self.roll_below(bytes.len() / SECTOR_BYTES + 1) * SECTOR_BYTES;
        if let (Some(inode), Some(part)) = (self.inodes.get_mut(&inode), bytes.get(..count)) {
            inode.write(part, to_usize(offset));
        }
    }

    pub(super) fn set_size(&mut self, inode: u64, bytes: u64) {
        if let Some(inode) = self.inodes.get_mut(&inode) {
            let before = inode.cached.len();
            inode.cached.resize(to_usize(bytes), 0);
            inode.dirty.extend(sectors(before.min(inode.cached.len()), before.abs_diff(inode.cached.len())));
        }
    }

    pub(super) fn sync(&mut self, inode: u64) -> io::Result<()> {
        let failed = self.fault(Fault::SyncFails);
        let dirty = self.inodes.get_mut(&inode).map(|inode| std::mem::take(&mut inode.dirty)).unwrap_or_default();
        for sector in dirty {
            if failed && self.coin() {
                continue;
            }
            if let Some(inode) = self.inodes.get_mut(&inode) {
                inode.keep(sector);
            }
        }
        if failed {
            return Err(io::Error::other("simulated fsync error"));
        }
        if let Some(inode) = self.inodes.get_mut(&inode) {
            inode.synced.resize(inode.cached.len(), 0);
        }
        Ok(())
    }

    pub(super) fn crash(&mut self) {
        let numbers: Vec<u64> = self.inodes.keys().copied().collect();
        for number in numbers {
            self.crash_inode(number);
        }
        for change in std::mem::take(&mut self.name_changes) {
            if self.coin() {
                change.apply(&mut self.names_synced);
            }
        }
        self.names = self.names_synced.clone();
        let named: BTreeSet<u64> = self.names.values().copied().collect();
        self.inodes.retain(|number, _| named.contains(number));
        self.faults.clear();
        self.restart();
    }

    fn crash_inode(&mut self, number: u64) {
        // All, none or a coin per sector: the extremes are the commonest outcomes and the likeliest to be forgotten.
        let mode = self.roll() % 4;
        let Some(mut inode) = self.inodes.remove(&number) else { return };
        let size_kept = if self.coin() { inode.cached.len() } else { inode.synced.len() };
        for sector in std::mem::take(&mut inode.dirty) {
            if mode == 0 || (mode > 1 && self.coin()) {
                inode.keep(sector);
            }
        }
        inode.synced.resize(size_kept, 0);
        inode.cached = inode.synced.clone();
        self.inodes.insert(number, inode);
    }

    pub(super) fn corrupt(&mut self, path: &Path, offset: u64, mask: u8) -> bool {
        let Some(inode) = self.inode(path).ok().and_then(|inode| self.inodes.get_mut(&inode)) else { return false };
        let at = to_usize(offset);
        for bytes in [&mut inode.cached, &mut inode.synced] {
            match bytes.get_mut(at) {
                Some(byte) => *byte ^= mask,
                None => return false,
            }
        }
        true
    }

    pub(super) fn content(&self, path: &Path) -> Option<Vec<u8>> {
        self.inode(path).ok().and_then(|inode| self.inodes.get(&inode)).map(|inode| inode.cached.clone())
    }

    pub(super) fn put(&mut self, path: &Path, bytes: &[u8]) {
        if let Some(directory) = path.parent() {
            self.create_directory(directory);
        }
        let inode = self.inode_next;
        self.inode_next += 1;
        self.inodes.insert(inode, Inode { cached: bytes.to_vec(), synced: bytes.to_vec(), dirty: BTreeSet::new() });
        self.names.insert(path.to_path_buf(), inode);
        self.names_synced.insert(path.to_path_buf(), inode);
    }
}
