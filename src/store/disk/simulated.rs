//! A disk in memory that loses what was not synced, sector by sector, and fails when told; everything follows from its seed.
//!
//! Per file it keeps what programs read (`cached`), what a power cut cannot take (`synced`) and which sectors differ (`dirty`).
//! [`SimulatedDisk::crash`] keeps an arbitrary subset of the dirty sectors and of the unsynced names. A failed fsync does what Linux
//! does: the pages count as clean afterwards, some of them never having reached the disk. Directories are durable at once.

mod state;
#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use super::{Disk, DiskFile, DiskLock};
use state::State;

/// What the next matching operation does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// An fsync of a file fails; each unsynced sector is durable or silently lost.
    SyncFails,
    /// A write fails after writing an arbitrary part.
    WriteFails,
    /// A read fails.
    ReadFails,
    /// A read returns fewer bytes than asked for, which is legal.
    ReadShort,
}

/// Operations that reached the disk so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Reads of file content.
    pub reads: u64,
    /// Writes of file content.
    pub writes: u64,
    /// Successful or failed fsyncs of files.
    pub syncs: u64,
    /// fsyncs of directories.
    pub directory_syncs: u64,
}

/// A seeded disk in memory. Clones share the same disk; [`SimulatedDisk::fork`] copies it.
#[derive(Clone)]
pub struct SimulatedDisk {
    state: Arc<Mutex<State>>,
}

impl SimulatedDisk {
    /// An empty disk; the same seed and the same calls give the same bytes.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { state: Arc::new(Mutex::new(State::new(seed))) }
    }

    /// A separate disk with the same content, nobody holding a lock.
    #[must_use]
    pub fn fork(&self) -> Self {
        let mut state = self.state.lock().clone();
        state.restart();
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Cuts the power and turns it on again: an arbitrary subset of the unsynced sectors and names stays; handles and locks die.
    pub fn crash(&self) {
        self.state.lock().crash();
    }

    /// Lets `operations` more changing operations (write, fsync, create, rename, remove, directory fsync) pass; then the power is off
    /// and everything fails until [`SimulatedDisk::crash`].
    pub fn power_off_after(&self, operations: u64) {
        self.state.lock().power_off_after = Some(operations);
    }

    /// Whether the power is off, which means the count given to [`SimulatedDisk::power_off_after`] was used up.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.state.lock().power_off_after == Some(0)
    }

    /// Makes one later operation fail: the first matching one after `skip` matching ones.
    pub fn inject(&self, fault: Fault, skip: u32) {
        self.state.lock().faults.push((fault, skip));
    }

    /// Sets how many bytes files may still grow by; `None` lifts the limit.
    pub fn limit_free_bytes(&self, bytes: Option<u64>) {
        self.state.lock().free_bytes = bytes;
    }

    /// The operations so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.state.lock().counts
    }

    /// Changes one durable byte by exclusive or, as a failing device would. False when the file is not that long.
    pub fn corrupt(&self, path: &Path, offset: u64, mask: u8) -> bool {
        self.state.lock().corrupt(path, offset, mask)
    }

    /// What programs read from a file now; `None` when absent.
    #[must_use]
    pub fn content(&self, path: &Path) -> Option<Vec<u8>> {
        self.state.lock().content(path)
    }

    /// Puts a durable file, replacing one of that name.
    pub fn put(&self, path: &Path, bytes: &[u8]) {
        self.state.lock().put(path, bytes);
    }
}

impl Disk for SimulatedDisk {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let state = self.state.lock();
        state.powered()?;
        let (inode, generation) = (state.inode(path)?, state.generation);
        drop(state);
        Ok(Arc::new(SimulatedFile { state: Arc::clone(&self.state), inode, generation }))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.state.lock();
        state.begin_change()?;
        let (inode, generation) = (state.create(path)?, state.generation);
        drop(state);
        Ok(Arc::new(SimulatedFile { state: Arc::clone(&self.state), inode, generation }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        state.begin_change()?;
        state.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        state.begin_change()?;
        state.remove(path)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        let state = self.state.lock();
        state.powered()?;
        state.list(directory)
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        let state = self.state.lock();
        state.powered()?;
        Ok(state.exists(path))
    }

    fn create_directory(&self, directory: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        state.powered()?;
        state.create_directory(directory);
        Ok(())
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        state.begin_change()?;
        state.counts.directory_syncs += 1;
        state.sync_directory(directory);
        Ok(())
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn DiskLock>>> {
        let mut state = self.state.lock();
        state.powered()?;
        if !state.exists(path) {
            state.create(path)?;
        }
        if !state.locks.insert(path.to_path_buf()) {
            return Ok(None);
        }
        let generation = state.generation;
        drop(state);
        Ok(Some(Box::new(SimulatedLock { state: Arc::clone(&self.state), path: path.to_path_buf(), generation })))
    }
}

struct SimulatedLock {
    state: Arc<Mutex<State>>,
    path: PathBuf,
    generation: u64,
}

impl DiskLock for SimulatedLock {}

impl Drop for SimulatedLock {
    fn drop(&mut self) {
        let mut state = self.state.lock();
        // A lock from before a crash died with it; the path may belong to a new owner by now.
        if state.generation == self.generation {
            state.locks.remove(&self.path);
        }
    }
}

struct SimulatedFile {
    state: Arc<Mutex<State>>,
    inode: u64,
    generation: u64,
}

impl SimulatedFile {
    fn state(&self) -> io::Result<parking_lot::MutexGuard<'_, State>> {
        let state = self.state.lock();
        if state.generation != self.generation {
            return Err(io::Error::other("this handle is from before the power cut"));
        }
        Ok(state)
    }
}

impl DiskFile for SimulatedFile {
    fn size(&self) -> io::Result<u64> {
        let state = self.state()?;
        state.powered()?;
        Ok(state.size(self.inode))
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut state = self.state()?;
        state.powered()?;
        state.counts.reads += 1;
        state.read(self.inode, buffer, offset)
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut state = self.state()?;
        // The power may go in the middle of a write: what was reached stays in the cache, for the cut to choose from.
        if let Err(error) = state.begin_change() {
            state.write_part(self.inode, bytes, offset);
            return Err(error);
        }
        state.counts.writes += 1;
        state.write(self.inode, bytes, offset)
    }

    fn set_size(&self, bytes: u64) -> io::Result<()> {
        let mut state = self.state()?;
        state.begin_change()?;
        state.set_size(self.inode, bytes);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.state()?;
        state.begin_change()?;
        state.counts.syncs += 1;
        state.sync(self.inode)
    }
}
