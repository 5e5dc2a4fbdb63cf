//! Segment files: their names, the one being written, and a window to read them through.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock};

use super::Options;
use super::format::{SegmentHeader, to_usize};
use crate::disk::{Disk, DiskFile, SECTOR_BYTES, is_full};

const SECTOR: u64 = SECTOR_BYTES as u64;
/// Bytes fetched at once: few for a short look, doubled with each step up to what makes long reads sequential.
const WINDOW_BYTES_FIRST: usize = 16 << 10;
const WINDOW_BYTES_MAX: usize = 1 << 20;

pub(super) fn segment_path(directory: &Path, first: u64) -> PathBuf {
    directory.join(format!("{first:020}.seg"))
}

/// The first sequence a file name stands for, if it is a segment's.
pub(super) fn parse_segment_name(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".seg")?;
    (digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.parse().ok())?
}

/// The segment that is appended to.
pub(super) struct ActiveSegment {
    pub(super) first: u64,
    pub(super) path: PathBuf,
    pub(super) file: Arc<dyn DiskFile>,
    /// A second opening of the same file, for preallocating from another thread: the system reports a lost write once to each
    /// opening, so neither thread can take the error that the other must see.
    ahead: Arc<dyn DiskFile>,
    allocation: Mutex<()>,
    allocated: AtomicU64,
    /// Byte after the last durable batch.
    end: AtomicU64,
    /// Where each durable record begins.
    pub(super) offsets: RwLock<Vec<u32>>,
}

/// What [`ActiveSegment::create`] and recovery know about the file.
pub(super) struct Extent {
    pub(super) first: u64,
    pub(super) end: u64,
    pub(super) allocated: u64,
    pub(super) offsets: Vec<u32>,
}

/// How large a file that must hold `needed` bytes is made: one preallocation step more, within the segment limit.
pub(super) fn allocation_target(options: &Options, allocated: u64, needed: u64) -> u64 {
    let limit = options.segment_bytes_max / SECTOR * SECTOR;
    let ahead = allocated.saturating_add(options.preallocation_bytes).min(limit);
    ahead.max(needed).next_multiple_of(SECTOR)
}

impl ActiveSegment {
    /// Opens an existing segment for appending.
    pub(super) fn open(disk: &dyn Disk, directory: &Path, extent: Extent) -> io::Result<Self> {
        let path = segment_path(directory, extent.first);
        Ok(Self {
            first: extent.first,
            file: disk.open(&path)?,
            ahead: disk.open(&path)?,
            path,
            allocation: Mutex::new(()),
            allocated: AtomicU64::new(extent.allocated),
            end: AtomicU64::new(extent.end),
            offsets: RwLock::new(extent.offsets),
        })
    }

    /// Creates a segment with its first stretch of zeros. Its name appears only once its header is durable.
    pub(super) fn create(
        disk: &dyn Disk,
        directory: &Path,
        options: &Options,
        header: &SegmentHeader,
        needed: u64,
    ) -> io::Result<Self> {
        let path = segment_path(directory, header.first);
        let fresh = path.with_added_extension("new");
        let allocated = allocation_target(options, 0, SECTOR + needed);
        if disk.exists(&fresh)? {
            disk.remove(&fresh)?;
        }
        let file = disk.create(&fresh)?;
        let filled = file.write_all_at(&header.encode(), 0).and_then(|()| file.allocate(SECTOR, allocated));
        if let Err(error) = filled.and_then(|()| file.sync_data()) {
            if is_full(&error) {
                disk.remove(&fresh)?;
            }
            return Err(error);
        }
        disk.rename(&fresh, &path)?;
        disk.sync_directory(directory)?;
        Self::open(disk, directory, Extent { first: header.first, end: SECTOR, allocated, offsets: Vec::new() })
    }

    pub(super) fn end(&self) -> u64 {
        self.end.load(Ordering::Acquire)
    }

    pub(super) fn set_end(&self, end: u64) {
        self.end.store(end, Ordering::Release);
    }

    /// Whether less than half a preallocation step of zeros is left in front of the writer.
    pub(super) fn wants_allocation(&self, options: &Options) -> bool {
        let allocated = self.allocated.load(Ordering::Acquire);
        allocation_target(options, allocated, 0) > allocated
            && allocated.saturating_sub(self.end()) < options.preallocation_bytes / 2
    }

    /// Makes sure that durable zeros reach up to `needed`, and a step further when any must be written.
    pub(super) fn allocate(&self, options: &Options, needed: u64, early: bool) -> io::Result<()> {
        if !early && needed <= self.allocated.load(Ordering::Acquire) {
            return Ok(());
        }
        let _guard = self.allocation.lock();
        let allocated = self.allocated.load(Ordering::Acquire);
        let target = allocation_target(options, allocated, needed);
        if target <= allocated || (!early && needed <= allocated) {
            return Ok(());
        }
        self.ahead.allocate(allocated, target)?;
        self.ahead.sync_data()?;
        self.allocated.store(target, Ordering::Release);
        Ok(())
    }
}

/// A forward-moving view of a file, read in large pieces.
pub(super) struct Window {
    file: Arc<dyn DiskFile>,
    start: u64,
    bytes: Vec<u8>,
    filled: usize,
}

impl Window {
    pub(super) fn new(file: Arc<dyn DiskFile>) -> Self {
        Self { file, start: 0, bytes: Vec::new(), filled: 0 }
    }

    /// `count` bytes at `offset`; `None` when the file ends before.
    pub(super) fn slice(&mut self, offset: u64, count: usize) -> io::Result<Option<&[u8]>> {
        let inside = offset.checked_sub(self.start).map(to_usize).filter(|at| at.saturating_add(count) <= self.filled);
        let at = match inside {
            Some(at) => at,
            None => {
                self.fill(offset, count)?;
                0
            }
        };
        Ok(self.bytes.get(..self.filled).and_then(|bytes| bytes.get(at..at + count)))
    }

    fn fill(&mut self, offset: u64, count: usize) -> io::Result<()> {
        self.filled = 0;
        self.start = offset;
        let wanted = (self.bytes.len() * 2).clamp(WINDOW_BYTES_FIRST, WINDOW_BYTES_MAX).max(count);
        self.bytes.resize(wanted.max(self.bytes.len()), 0);
        while let Some(rest) = self.bytes.get_mut(self.filled..).filter(|rest| !rest.is_empty()) {
            match self.file.read_at(rest, offset + self.filled as u64) {
                Ok(0) => break,
                Ok(read) => self.filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
