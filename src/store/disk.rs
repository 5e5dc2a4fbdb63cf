//! The disk as the store sees it: a trait, so that a simulation can tear writes, fail fsyncs and cut the power.
//!
//! Everything that must survive goes through [`Disk`]. [`RealDisk`] is the operating system; [`simulated::SimulatedDisk`] keeps what
//! is synced and what is only cached apart, sector by sector, and decides from a seed what a power cut leaves behind.

pub mod real;
pub mod simulated;

use std::io;
use std::path::Path;
use std::sync::Arc;

pub use real::{ReadOnlyDisk, RealDisk};
pub use simulated::SimulatedDisk;

/// Bytes a disk writes whole or not at all. Every device in use keeps at least this promise; larger sectors keep it too.
pub const SECTOR_BYTES: usize = 512;

/// Bytes of zeros written at once while preallocating: large enough to be sequential, small enough not to flush the page cache.
const ZEROS_BYTES: usize = 256 * 1024;

static ZEROS: [u8; ZEROS_BYTES] = [0; ZEROS_BYTES];

/// A file system that can say what is durable. All paths are taken as given; none is followed or resolved.
///
/// Errors are those of the operating system. A path that is absent is [`io::ErrorKind::NotFound`].
pub trait Disk: Send + Sync {
    /// Opens an existing file for reading and writing.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>>;

    /// Creates a file that must not exist yet. Its name is durable only after [`Disk::sync_directory`].
    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>>;

    /// Replaces `to` by `from` in one step. Durable only after [`Disk::sync_directory`].
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file. Durable only after [`Disk::sync_directory`].
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// The names of the files directly in a directory, sorted, without sub-directories.
    fn list(&self, directory: &Path) -> io::Result<Vec<String>>;

    /// Whether a file or directory of that name exists.
    fn exists(&self, path: &Path) -> io::Result<bool>;

    /// Creates a directory with its parents and makes their names durable; one that exists is no error.
    fn create_directory(&self, directory: &Path) -> io::Result<()>;

    /// Makes the names in a directory durable.
    fn sync_directory(&self, directory: &Path) -> io::Result<()>;

    /// Takes the exclusive lock on a file, creating it when absent. `None` when another owner holds it. Never waits.
    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn DiskLock>>>;

    /// The whole content of a file of at most `bytes_max` bytes; a longer one is [`io::ErrorKind::FileTooLarge`].
    fn read_file(&self, path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
        let file = self.open(path)?;
        let size = file.size()?;
        if size > bytes_max {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!("{size} bytes, at most {bytes_max} expected"),
            ));
        }
        let mut bytes = vec![0; usize::try_from(size).map_err(io::Error::other)?];
        file.read_exact_at(&mut bytes, 0)?;
        Ok(bytes)
    }

    /// Writes a file so that after a crash it is the old one or the new one: temporary name, fsync, rename, directory fsync.
    fn replace_file(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let fresh = path.with_added_extension("new");
        if self.exists(&fresh)? {
            self.remove(&fresh)?;
        }
        let file = self.create(&fresh)?;
        file.write_all_at(bytes, 0)?;
        file.sync_data()?;
        self.rename(&fresh, path)?;
        path.parent().map_or(Ok(()), |directory| self.sync_directory(directory))
    }
}

/// An open file. Positions are explicit, so that one handle serves many readers.
pub trait DiskFile: Send + Sync {
    /// Bytes in the file now.
    fn size(&self) -> io::Result<u64>;

    /// Reads up to the length of `buffer`; fewer bytes are no error, zero means the end of the file.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes all bytes, extending the file when needed. After an error any part may have been written.
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Cuts or extends (with zeros) the file.
    fn set_size(&self, bytes: u64) -> io::Result<()>;

    /// Makes everything written so far durable, the size included. After an error nothing is known about any unsynced byte.
    fn sync_data(&self) -> io::Result<()>;

    /// Fills `buffer` completely; [`io::ErrorKind::UnexpectedEof`] when the file ends before.
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let mut rest = buffer;
        let mut position = offset;
        while !rest.is_empty() {
            let count = match self.read_at(rest, position) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            rest = rest.get_mut(count..).unwrap_or_default();
            position += count as u64;
        }
        Ok(())
    }

    /// Writes real zeros from `from` to `to` (byte offsets), so that a later write into them changes no metadata and cannot run out
    /// of space. Not durable until [`DiskFile::sync_data`].
    fn allocate(&self, from: u64, to: u64) -> io::Result<()> {
        let mut position = from;
        while position < to {
            let count = usize::try_from(to - position).unwrap_or(ZEROS_BYTES).min(ZEROS_BYTES);
            self.write_all_at(ZEROS.get(..count).unwrap_or(&ZEROS), position)?;
            position += count as u64;
        }
        Ok(())
    }
}

/// A held exclusive lock; dropping it releases the file.
pub trait DiskLock: Send + Sync {}

/// Whether an error says that there is no room left, which clears up once space is freed.
#[must_use]
pub fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge)
}

/// Whether all bytes are zero.
pub(crate) fn is_zero(bytes: &[u8]) -> bool {
    bytes.chunks(ZEROS_BYTES).all(|chunk| ZEROS.get(..chunk.len()) == Some(chunk))
}
