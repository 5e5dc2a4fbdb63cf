//! Who owns the directory: the LOCK file with its fence, and the marker of a clean stop.

use std::io;
use std::path::{Path, PathBuf};

use super::OpenError;
use super::format::{Fields, FieldsMut, HASH_BYTES, Hash};
use crate::disk::{Disk, DiskLock, SECTOR_BYTES};

const FENCE_MAGIC: [u8; 8] = *b"XZFENCE\n";
const CLEAN_MAGIC: [u8; 8] = *b"XZCLEAN\n";
const FENCE_BYTES: usize = 20;
const CLEAN_BYTES: usize = 8 + 8 + HASH_BYTES + 4;

fn io_error(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> OpenError {
    let path = path.to_path_buf();
    move |source| OpenError::Io { operation, path, source }
}

/// The exclusive hold on a data directory.
pub(super) struct DirectoryLock {
    path: PathBuf,
    _held: Box<dyn DiskLock>,
}

/// A fence stands in one of two sectors in turn, so that a torn write never loses the last one.
fn decode_fence(slot: &[u8]) -> Option<u64> {
    let (content, sum) = slot.get(..FENCE_BYTES)?.split_last_chunk::<4>()?;
    let mut fields = Fields(content);
    let valid = fields.array()? == FENCE_MAGIC && crc32c::crc32c(content).to_le_bytes() == *sum;
    fields.u64().filter(|_| valid)
}

impl DirectoryLock {
    pub(super) fn take(disk: &dyn Disk, directory: &Path) -> Result<Self, OpenError> {
        let path = directory.join("LOCK");
        match disk.lock(&path).map_err(io_error("lock", &path))? {
            Some(held) => Ok(Self { path, _held: held }),
            None => Err(OpenError::Locked { directory: directory.to_path_buf() }),
        }
    }

    /// Raises the fence above its last value and above `seen`, the highest found in the journal itself, and makes it durable.
    pub(super) fn raise_fence(&self, disk: &dyn Disk, seen: u64) -> Result<u64, OpenError> {
        let file = disk.open(&self.path).map_err(io_error("open", &self.path))?;
        let mut slots = vec![0; 2 * SECTOR_BYTES];
        let size = file.size().map_err(io_error("read", &self.path))?;
        if size >= slots.len() as u64 {
            file.read_exact_at(&mut slots, 0).map_err(io_error("read", &self.path))?;
        }
        let last = slots.chunks(SECTOR_BYTES).filter_map(decode_fence).max().unwrap_or(0);
        let fence = last.max(seen).saturating_add(1);
        let mut slot = [0; SECTOR_BYTES];
        let mut fields = FieldsMut(&mut slot);
        fields.put(&FENCE_MAGIC);
        fields.put(&fence.to_le_bytes());
        let sum = crc32c::crc32c(slot.get(..FENCE_BYTES - 4).unwrap_or_default());
        FieldsMut(slot.get_mut(FENCE_BYTES - 4..).unwrap_or_default()).put(&sum.to_le_bytes());
        let place = if fence.is_multiple_of(2) { slots.get_mut(..SECTOR_BYTES) } else { slots.get_mut(SECTOR_BYTES..) };
        place.unwrap_or_default().copy_from_slice(&slot);
        file.write_all_at(&slots, 0).and_then(|()| file.sync_data()).map_err(io_error("write", &self.path))?;
        let directory = self.path.parent().unwrap_or(&self.path);
        disk.sync_directory(directory).map_err(io_error("fsync", directory))?;
        Ok(fence)
    }
}

/// Left by a clean stop, removed durably before anything is appended again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CleanMarker {
    pub(super) size: u64,
    pub(super) last_hash: Hash,
}

impl CleanMarker {
    pub(super) fn path(directory: &Path) -> PathBuf {
        directory.join("clean")
    }

    /// `None` when there is none, or none that can be believed; then the stop counts as abrupt.
    pub(super) fn read(disk: &dyn Disk, directory: &Path) -> Result<Option<Self>, OpenError> {
        let path = Self::path(directory);
        match disk.read_file(&path, CLEAN_BYTES as u64) {
            Ok(bytes) => Ok(Self::decode(&bytes)),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::FileTooLarge) => Ok(None),
            Err(error) => Err(io_error("read", &path)(error)),
        }
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (content, sum) = bytes.split_last_chunk::<4>()?;
        let mut fields = Fields(content);
        let valid = bytes.len() == CLEAN_BYTES
            && fields.array()? == CLEAN_MAGIC
            && crc32c::crc32c(content).to_le_bytes() == *sum;
        let marker = Self { size: fields.u64()?, last_hash: fields.array()? };
        valid.then_some(marker)
    }

    pub(super) fn write(&self, disk: &dyn Disk, directory: &Path) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(CLEAN_BYTES);
        bytes.extend_from_slice(&CLEAN_MAGIC);
        bytes.extend_from_slice(&self.size.to_le_bytes());
        bytes.extend_from_slice(&self.last_hash);
        let sum = crc32c::crc32c(&bytes);
        bytes.extend_from_slice(&sum.to_le_bytes());
        disk.replace_file(&Self::path(directory), &bytes)
    }

    pub(super) fn remove(disk: &dyn Disk, directory: &Path) -> Result<(), OpenError> {
        let path = Self::path(directory);
        if disk.exists(&path).map_err(io_error("look for", &path))? {
            disk.remove(&path).map_err(io_error("remove", &path))?;
            disk.sync_directory(directory).map_err(io_error("fsync", directory))?;
        }
        Ok(())
    }
}
