//! Snapshots: the open state at one sequence in one sealed file, so that a start replays only the tail.
//!
//! ```text
//! snapshot/<sequence, 20 digits>.snap
//!   header (128): "XZSN" | version (1) | 0 0 0 | state format (4) | sequence (8) | plaintext bytes (8) | digest of plaintext (32) | zeros | crc32c (4)
//!   then the state as a sealed stream, see seal::frames; bound to sequence and state format
//! snapshot/<sequence>.snap.new       being written; removed at start
//! snapshot/<sequence>.snap.damaged   set aside, the newest two kept
//! ```
//! A snapshot is only a shortcut: without any, the state is folded from the start of the journal.

mod check;
mod header;

pub use check::{CheckedSnapshot, check_snapshots};
pub use header::{HEADER_BYTES, SnapshotHeader};

use crate::blobs::stream::{FileSink, FileSource, Hashed};
use crate::disk::{Disk, DiskFile};
use crate::random::Random;
use crate::seal::frames::{FrameReader, FrameWriter};
use crate::seal::root::RootKey;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Sound snapshots kept: the newest, and one to fall back on.
pub const SNAPSHOTS_KEPT: usize = 2;
/// The largest state that is written and read back (2 GiB of plaintext): ten million open acts.
pub const STATE_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;

/// Why a snapshot could not be written or looked for. A damaged one is no error: it is set aside and the next older one tried.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The system refused.
    #[error("{operation} snapshot {path}: {source}; look at free space and the disk, the journal itself is not touched", path = path.display())]
    Disk {
        /// What was being done.
        operation: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Why a snapshot was not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotUsed {
    /// The file, under its new name when it was set aside.
    pub path: PathBuf,
    /// What was wrong; never holds content.
    pub reason: String,
}

/// What the reader of a state answers when it cannot use it.
#[derive(Debug)]
pub enum LoadFault {
    /// Reading failed; whatever the stream said.
    Read(io::Error),
    /// The bytes are sound but of a form that this program does not use any more; the file stays where it is.
    Unsuited(String),
}

impl From<io::Error> for LoadFault {
    fn from(error: io::Error) -> Self {
        Self::Read(error)
    }
}

/// The result of [`SnapshotStore::newest_valid`].
pub struct Loaded<T> {
    /// The newest usable state with its header; none when there is no usable snapshot.
    pub state: Option<(SnapshotHeader, T)>,
    /// Newer ones that were not used.
    pub not_used: Vec<NotUsed>,
}

/// The folder of snapshots.
pub struct SnapshotStore {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    root: RootKey,
}

impl SnapshotStore {
    /// Opens the folder, makes it when absent, removes half-written files.
    ///
    /// # Errors
    /// [`SnapshotError::Disk`].
    pub fn open(disk: Arc<dyn Disk>, folder: &Path, root: RootKey) -> Result<Self, SnapshotError> {
        let failed = |source| SnapshotError::Disk { operation: "clean up", path: folder.to_owned(), source };
        disk.create_directory(folder).map_err(failed)?;
        for name in disk.list(folder).map_err(failed)?.iter().filter(|name| name.ends_with(".snap.new")) {
            disk.remove(&folder.join(name)).map_err(failed)?;
        }
        Ok(Self { disk, folder: folder.to_owned(), root })
    }

    /// Begins the snapshot of the state before event `sequence`. Write the state into it, then [`SnapshotWriter::finish`].
    ///
    /// # Errors
    /// [`SnapshotError::Disk`].
    pub fn begin(
        &self,
        sequence: u64,
        state_format: u32,
        random: &mut dyn Random,
    ) -> Result<SnapshotWriter<'_>, SnapshotError> {
        let path = self.folder.join(file_name(sequence));
        let fresh = path.with_added_extension("new");
        let failed = |source| SnapshotError::Disk { operation: "begin", path: fresh.clone(), source };
        let header = SnapshotHeader { sequence, state_format, plaintext_bytes: 0, digest: [0; 32] };
        if self.disk.exists(&fresh).map_err(failed)? {
            self.disk.remove(&fresh).map_err(failed)?;
        }
        let sink = FileSink::new(self.disk.create(&fresh).map_err(failed)?, HEADER_BYTES as u64);
        let key = self.root.derive("snapshot", &[]);
        let sealed = FrameWriter::new(sink, &key, &header.binding(), random).map_err(failed)?;
        Ok(SnapshotWriter { store: self, sealed: Hashed::new(sealed), header, fresh, path })
    }

    /// Gives the newest sound snapshot at or below `sequence_max` to `load`, in one pass. What `load` made is believed only after the
    /// stream's end and digest were checked; a damaged file is set aside with its reason and the next older one is tried.
    ///
    /// # Errors
    /// [`SnapshotError::Disk`] when the folder cannot be read or a file not be set aside.
    pub fn newest_valid<T>(
        &self,
        sequence_max: u64,
        mut load: impl FnMut(&SnapshotHeader, &mut dyn Read) -> Result<T, LoadFault>,
    ) -> Result<Loaded<T>, SnapshotError> {
        let mut not_used = Vec::new();
        for sequence in self.sequences()?.into_iter().rev().filter(|sequence| *sequence <= sequence_max) {
            let path = self.folder.join(file_name(sequence));
            match load_one(self.disk.as_ref(), &self.root, (&path, sequence), &mut load) {
                Ok(state) => return Ok(Loaded { state: Some(state), not_used }),
                Err(LoadFault::Unsuited(reason)) => not_used.push(NotUsed { path, reason }),
                Err(LoadFault::Read(error)) if is_damage(&error) => {
                    let path = self.set_aside(&path)?;
                    not_used.push(NotUsed { path, reason: error.to_string() });
                }
                Err(LoadFault::Read(source)) => return Err(SnapshotError::Disk { operation: "read", path, source }),
            }
        }
        Ok(Loaded { state: None, not_used })
    }

    /// Sets aside those above `sequence_max`, the end of the journal: it was put back from an older copy, and would pass them some day by
    /// other events. Gives them under their new names.
    ///
    /// # Errors
    /// [`SnapshotError::Disk`].
    pub fn set_aside_above(&self, sequence_max: u64) -> Result<Vec<PathBuf>, SnapshotError> {
        let newer = self.sequences()?.into_iter().filter(|sequence| *sequence > sequence_max);
        newer.map(|sequence| self.set_aside(&self.folder.join(file_name(sequence)))).collect()
    }

    /// Sequences of the snapshots in the folder, oldest first; nothing is said about their soundness.
    ///
    /// # Errors
    /// [`SnapshotError::Disk`].
    pub fn sequences(&self) -> Result<Vec<u64>, SnapshotError> {
        sequences(self.disk.as_ref(), &self.folder)
    }

    fn set_aside(&self, path: &Path) -> Result<PathBuf, SnapshotError> {
        let aside = path.with_added_extension("damaged");
        let moved = self.disk.rename(path, &aside).and_then(|()| self.disk.sync_directory(&self.folder));
        moved.map_err(|source| SnapshotError::Disk { operation: "set aside", path: path.to_owned(), source })?;
        self.drop_oldest(".snap.damaged")?;
        Ok(aside)
    }

    /// Keeps the newest [`SNAPSHOTS_KEPT`] files whose names end so.
    fn drop_oldest(&self, ending: &str) -> Result<(), SnapshotError> {
        let failed = |source| SnapshotError::Disk { operation: "tidy", path: self.folder.clone(), source };
        let mut names = self.disk.list(&self.folder).map_err(failed)?;
        // Twenty digits: the order of names is the order of sequences.
        names.retain(|name| {
            name.strip_suffix(ending).is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
        });
        names.sort_unstable();
        for name in names.iter().rev().skip(SNAPSHOTS_KEPT) {
            self.disk.remove(&self.folder.join(name)).map_err(failed)?;
        }
        Ok(())
    }
}

fn sequences(disk: &dyn Disk, folder: &Path) -> Result<Vec<u64>, SnapshotError> {
    let names = disk.list(folder);
    let names = names.map_err(|source| SnapshotError::Disk { operation: "list", path: folder.to_owned(), source })?;
    let mut sequences: Vec<_> = names.iter().filter_map(|name| sequence_of(name)).collect();
    sequences.sort_unstable();
    Ok(sequences)
}

fn read_header(disk: &dyn Disk, path: &Path, sequence: u64) -> io::Result<(SnapshotHeader, Arc<dyn DiskFile>)> {
    let file = disk.open(path)?;
    let mut bytes = [0; HEADER_BYTES];
    file.read_exact_at(&mut bytes, 0)?;
    let header = SnapshotHeader::decode(&bytes)?;
    if header.sequence != sequence {
        return Err(invalid("its name and its header tell different sequences"));
    }
    Ok((header, file))
}

fn load_one<T>(
    disk: &dyn Disk,
    root: &RootKey,
    (path, sequence): (&Path, u64),
    load: &mut impl FnMut(&SnapshotHeader, &mut dyn Read) -> Result<T, LoadFault>,
) -> Result<(SnapshotHeader, T), LoadFault> {
    let (header, file) = read_header(disk, path, sequence)?;
    let key = root.derive("snapshot", &[]);
    let source = FileSource::new(file, HEADER_BYTES as u64);
    let frames = FrameReader::new(source, &key, &header.binding())?;
    let mut checked = Hashed::new(frames);
    let state = load(&header, &mut checked)?;
    // What `load` did not want is read all the same: only the end proves the whole.
    io::copy(&mut checked, &mut io::sink())?;
    if checked.digest() != header.digest || checked.passed() != header.plaintext_bytes {
        return Err(invalid("its content does not have the digest in its header").into());
    }
    Ok((header, state))
}

/// A snapshot being written. Dropping it without [`SnapshotWriter::finish`] leaves a file that the next start removes.
pub struct SnapshotWriter<'store> {
    store: &'store SnapshotStore,
    sealed: Hashed<FrameWriter<FileSink>>,
    header: SnapshotHeader,
    fresh: PathBuf,
    path: PathBuf,
}

impl SnapshotWriter<'_> {
    /// Makes the snapshot durable under its name and removes all but the newest [`SNAPSHOTS_KEPT`]. The header tells the digest, to be recorded.
    ///
    /// # Errors
    /// [`SnapshotError::Disk`]; the snapshots before it are still there.
    pub fn finish(self) -> Result<SnapshotHeader, SnapshotError> {
        let Self { store, sealed, mut header, fresh, path } = self;
        header.digest = sealed.digest();
        header.plaintext_bytes = sealed.passed();
        let finished = sealed.stream.finish().and_then(|sink| {
            // The header comes last: it holds the digest, and a file without it is no snapshot.
            sink.file().write_all_at(&header.encode(), 0)?;
            sink.file().sync_data()?;
            store.disk.rename(&fresh, &path)?;
            store.disk.sync_directory(&store.folder)
        });
        finished.map_err(|source| SnapshotError::Disk { operation: "finish", path, source })?;
        store.drop_oldest(".snap")?;
        Ok(header)
    }
}

impl Write for SnapshotWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.sealed.passed() + bytes.len() as u64 > STATE_BYTES_MAX {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the state is longer than a snapshot may be"));
        }
        self.sealed.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sealed.flush()
    }
}

/// Early ends and unreadable content are about the file; any other answer of the system is about the machine and must not cost a snapshot.
fn is_damage(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof)
}

fn invalid(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

fn file_name(sequence: u64) -> String {
    format!("{sequence:020}.snap")
}

fn sequence_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".snap")?;
    (digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests;
