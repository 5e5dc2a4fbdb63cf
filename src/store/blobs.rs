//! Bodies above 64 KiB and documents: files sealed in frames, named by the SHA-256 of what lies on disk, durable before their name is told.
//!
//! ```text
//! blobs/ab/abcdef…(64 hex)      a sealed stream, see seal::frames
//! blobs/tmp/<32 hex>            being written; removed at start
//! blobs/intents/…               blobs that no event names yet, see intents
//! ```
//! The name is the digest of the *ciphertext*: a digest of an identity card's scan would survive the erasing of its key.

mod intents;
pub(crate) mod stream;

pub use intents::{INTENT_BYTES_MAX, Intended, Intent, IntentFile};
pub use stream::BlobReader;

use crate::disk::Disk;
use crate::hex::hex;
use crate::random::Random;
use crate::seal::DataKey;
use crate::seal::frames::{FrameWriter, HEADER_BYTES, sealed_bytes};
use std::collections::BTreeSet;
use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use stream::{FileSink, FileSource, Hashed};

/// The longest document or body (256 MiB): a scanned file of thousands of pages; more is a mistake or an attack.
pub const BLOB_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Blobs committed together, at most: each holds a file open until then.
pub const COMMIT_BLOBS_MAX: usize = 256;

const COPY_BYTES: usize = 64 * 1024;

/// SHA-256 of a blob's bytes on disk.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobId(pub [u8; 32]);

impl fmt::Display for BlobId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for BlobId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "BlobId({self})")
    }
}

/// Why a blob could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The system refused.
    #[error("{operation} blob file {path}: {source}; look at free space and the disk, then try again", path = path.display())]
    Disk {
        /// What was being done.
        operation: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What was to be stored could not be read.
    #[error("store a blob: its source broke off: {source}; send it again")]
    Source {
        /// What the source said.
        source: io::Error,
    },
    /// Longer than allowed.
    #[error("store a blob: it is longer than {bytes_max} bytes; split the document")]
    TooLong {
        /// The limit.
        bytes_max: u64,
    },
    /// Too many at once.
    #[error("commit {count} blobs: at most {COMMIT_BLOBS_MAX} at once; commit them in parts")]
    TooMany {
        /// How many were given.
        count: usize,
    },
    /// No such blob.
    #[error("read blob {id}: there is none; restore it from the mirror or a backup")]
    Absent {
        /// Its name.
        id: BlobId,
    },
    /// The file is not what its name says, or does not open.
    #[error("read blob {id}: {reason}; restore it from the mirror or a backup")]
    Damaged {
        /// Its name.
        id: BlobId,
        /// What is wrong; never holds content.
        reason: String,
    },
}

/// The folder of blobs.
pub struct BlobStore {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    bytes_max: u64,
}

/// A blob that is written but not yet durable. Dropping it leaves a file that the next start removes.
pub struct StagedBlob {
    id: BlobId,
    sink: FileSink,
    path: PathBuf,
}

/// A blob that is sealed and nowhere written. No file is open for it, however many there are.
pub struct SealedBlob {
    id: BlobId,
    bytes: Vec<u8>,
}

impl SealedBlob {
    /// Its name, not to be told to anyone before [`BlobStore::keep`] returned.
    pub const fn id(&self) -> BlobId {
        self.id
    }
}

impl StagedBlob {
    /// Its name, not to be told to anyone before [`BlobStore::commit`] returned.
    pub const fn id(&self) -> BlobId {
        self.id
    }
}

impl BlobStore {
    /// The store in `folder` as it is, for whoever only reads: nothing is made and nothing removed.
    pub fn to_read(disk: Arc<dyn Disk>, folder: &Path, bytes_max: u64) -> Self {
        Self { disk, folder: folder.to_owned(), bytes_max }
    }

    /// Opens the store in `folder`, makes it when absent, and removes what an earlier process left half-written.
    ///
    /// # Errors
    /// [`BlobError::Disk`].
    pub fn open(disk: Arc<dyn Disk>, folder: &Path, bytes_max: u64) -> Result<Self, BlobError> {
        let half_written = folder.join("tmp");
        let failed = |source| BlobError::Disk { operation: "clean up", path: half_written.clone(), source };
        disk.create_directory(&half_written).map_err(failed)?;
        for name in disk.list(&half_written).map_err(failed)? {
            disk.remove(&half_written.join(name)).map_err(failed)?;
        }
        let store = Self { disk, folder: folder.to_owned(), bytes_max: bytes_max.min(BLOB_BYTES_MAX) };
        store.disk.create_directory(&store.intents_folder()).map_err(failed)?;
        Ok(store)
    }

    /// Stores what `source` gives, under `key` and bound to `aad`; durable when this returns.
    ///
    /// # Errors
    /// See [`BlobError`]; nothing stays behind under a blob's name.
    pub fn put(
        &self,
        source: &mut dyn Read,
        key: &DataKey,
        aad: &[u8],
        random: &mut dyn Random,
    ) -> Result<BlobId, BlobError> {
        let staged = self.stage(source, key, aad, random)?;
        let id = staged.id;
        self.commit(vec![staged])?;
        Ok(id)
    }

    /// Writes a blob without making it durable; several are then committed with one fsync for each folder.
    ///
    /// # Errors
    /// See [`BlobError`].
    pub fn stage(
        &self,
        source: &mut dyn Read,
        key: &DataKey,
        aad: &[u8],
        random: &mut dyn Random,
    ) -> Result<StagedBlob, BlobError> {
        let mut name = [0; 16];
        random.fill(&mut name);
        let path = self.folder.join("tmp").join(hex(&name));
        let written = self.write(&path, source, key, aad, random);
        if written.is_err() {
            // The name is ours alone and the next start removes it anyway; the error that matters is the first.
            let _left_for_next_start = self.disk.remove(&path).is_err();
        }
        written
    }

    fn write(
        &self,
        path: &Path,
        source: &mut dyn Read,
        key: &DataKey,
        aad: &[u8],
        random: &mut dyn Random,
    ) -> Result<StagedBlob, BlobError> {
        let failed = |source| BlobError::Disk { operation: "write", path: path.to_owned(), source };
        let sink = Hashed::new(FileSink::new(self.disk.create(path).map_err(failed)?, 0));
        let mut sealed = FrameWriter::new(sink, key, aad, random).map_err(failed)?;
        let mut buffer = zeroize::Zeroizing::new(vec![0; COPY_BYTES]);
        let mut bytes = 0;
        loop {
            let count = match source.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(source) => return Err(BlobError::Source { source }),
            };
            bytes += count as u64;
            if bytes > self.bytes_max {
                return Err(BlobError::TooLong { bytes_max: self.bytes_max });
            }
            io::Write::write_all(&mut sealed, buffer.get(..count).unwrap_or_default()).map_err(failed)?;
        }
        let sink = sealed.finish().map_err(failed)?;
        debug_assert_eq!(
            sink.stream.position(),
            sealed_bytes(bytes),
            "a full stream has the length that its plaintext tells"
        );
        Ok(StagedBlob { id: BlobId(sink.digest()), sink: sink.stream, path: path.to_owned() })
    }

    /// Seals in memory, for whoever must not wait for a disk; [`BlobStore::keep`] writes it.
    ///
    /// # Errors
    /// [`BlobError::TooLong`], [`BlobError::Disk`].
    pub fn seal(
        &self,
        plain: &[u8],
        key: &DataKey,
        aad: &[u8],
        random: &mut dyn Random,
    ) -> Result<SealedBlob, BlobError> {
        if plain.len() as u64 > self.bytes_max {
            return Err(BlobError::TooLong { bytes_max: self.bytes_max });
        }
        let failed = |source| BlobError::Disk { operation: "seal", path: self.folder.clone(), source };
        let sink = Hashed::new(Vec::with_capacity(usize::try_from(sealed_bytes(plain.len() as u64)).unwrap_or(0)));
        let mut sealed = FrameWriter::new(sink, key, aad, random).map_err(failed)?;
        io::Write::write_all(&mut sealed, plain).map_err(failed)?;
        let sink = sealed.finish().map_err(failed)?;
        Ok(SealedBlob { id: BlobId(sink.digest()), bytes: sink.stream })
    }

    /// Writes sealed blobs, durable under their names when this returns: [`COMMIT_BLOBS_MAX`] at a time, with one fsync for each folder.
    ///
    /// # Errors
    /// [`BlobError::Disk`]; then none of the names may be used.
    pub fn keep(&self, sealed: &[&SealedBlob], random: &mut dyn Random) -> Result<(), BlobError> {
        for together in sealed.chunks(COMMIT_BLOBS_MAX) {
            let staged = together.iter().map(|blob| {
                let mut name = [0; 16];
                random.fill(&mut name);
                let path = self.folder.join("tmp").join(hex(&name));
                let failed = |source| BlobError::Disk { operation: "write", path: path.clone(), source };
                let mut sink = FileSink::new(self.disk.create(&path).map_err(failed)?, 0);
                io::Write::write_all(&mut sink, &blob.bytes).map_err(failed)?;
                Ok(StagedBlob { id: blob.id, sink, path })
            });
            self.commit(staged.collect::<Result<_, _>>()?)?;
        }
        Ok(())
    }

    /// Makes staged blobs durable under their names: each file synced, then renamed, then each folder synced once.
    ///
    /// # Errors
    /// [`BlobError::TooMany`], [`BlobError::Disk`]; then none of the names may be used, and staging starts again.
    pub fn commit(&self, staged: Vec<StagedBlob>) -> Result<(), BlobError> {
        if staged.len() > COMMIT_BLOBS_MAX {
            return Err(BlobError::TooMany { count: staged.len() });
        }
        let failed = |operation, path: &Path| {
            let path = path.to_owned();
            move |source| BlobError::Disk { operation, path, source }
        };
        for blob in &staged {
            blob.sink.file().sync_data().map_err(failed("sync", &blob.path))?;
        }
        let mut folders = BTreeSet::new();
        for blob in &staged {
            let folder = self.folder_of(&blob.id);
            if folders.insert(folder.clone()) {
                self.disk.create_directory(&folder).map_err(failed("create", &folder))?;
            }
            let path = self.path_of(&blob.id);
            self.disk.rename(&blob.path, &path).map_err(failed("rename", &path))?;
        }
        for folder in folders {
            self.disk.sync_directory(&folder).map_err(failed("sync", &folder))?;
        }
        Ok(())
    }

    /// Opens a blob for reading; its bytes come authenticated frame by frame, and its name is checked at the end.
    ///
    /// # Errors
    /// [`BlobError::Absent`], [`BlobError::Damaged`], [`BlobError::Disk`]; while reading, [`io::ErrorKind::InvalidData`].
    pub fn get(&self, id: &BlobId, key: &DataKey, aad: &[u8]) -> Result<BlobReader, BlobError> {
        let source = self.source(id)?;
        BlobReader::new(source, *id, key, aad).map_err(|error| self.read_error(id, error))
    }

    /// The whole of a blob of at most `bytes_max` plaintext bytes.
    ///
    /// # Errors
    /// As [`BlobStore::get`]; [`BlobError::TooLong`] when it is longer.
    pub fn read(&self, id: &BlobId, key: &DataKey, aad: &[u8], bytes_max: u64) -> Result<Vec<u8>, BlobError> {
        let mut content = Vec::new();
        let mut reader = self.get(id, key, aad)?.take(bytes_max.saturating_add(1));
        reader.read_to_end(&mut content).map_err(|error| self.read_error(id, error))?;
        if content.len() as u64 > bytes_max {
            return Err(BlobError::TooLong { bytes_max });
        }
        Ok(content)
    }

    /// Checks the bytes on disk against the name, without a key; an auditor and the mirror can do it.
    ///
    /// # Errors
    /// [`BlobError::Absent`], [`BlobError::Damaged`], [`BlobError::Disk`].
    pub fn verify(&self, id: &BlobId) -> Result<(), BlobError> {
        let mut source = self.source(id)?;
        io::copy(&mut source, &mut io::sink()).map_err(|error| self.read_error(id, error))?;
        let found = source.digest();
        let reason = || "its bytes do not have the digest in its name".to_owned();
        if found == id.0 { Ok(()) } else { Err(BlobError::Damaged { id: *id, reason: reason() }) }
    }

    /// Whether the blob is there.
    ///
    /// # Errors
    /// [`BlobError::Disk`].
    pub fn contains(&self, id: &BlobId) -> Result<bool, BlobError> {
        let path = self.path_of(id);
        self.disk.exists(&path).map_err(|source| BlobError::Disk { operation: "look for", path, source })
    }

    /// Removes a blob, durably; one that is gone already is no error. Its content ends with its key, this only frees the room.
    ///
    /// # Errors
    /// [`BlobError::Disk`].
    pub fn remove(&self, id: &BlobId) -> Result<(), BlobError> {
        let path = self.path_of(id);
        let failed = |source| BlobError::Disk { operation: "remove", path: path.clone(), source };
        match self.disk.remove(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other.and_then(|()| self.disk.sync_directory(&self.folder_of(id))).map_err(failed),
        }
    }

    /// The sound blobs under `folder`, and the files whose bytes do not have the digest in their name; no key is needed and nothing is changed.
    ///
    /// # Errors
    /// [`BlobError::Disk`].
    pub fn verify_folder(disk: &dyn Disk, folder: &Path) -> Result<(u64, Vec<PathBuf>), BlobError> {
        let failed = |operation, path: &Path, source| BlobError::Disk { operation, path: path.to_owned(), source };
        let (mut sound, mut damaged) = (0, Vec::new());
        for first in (0..=u8::MAX).map(|first| hex(&[first])) {
            let within = folder.join(&first);
            if !disk.exists(&within).map_err(|source| failed("look for", &within, source))? {
                continue;
            }
            for name in disk.list(&within).map_err(|source| failed("list", &within, source))? {
                let path = within.join(&name);
                let file = disk.open(&path).map_err(|source| failed("open", &path, source))?;
                let mut source = Hashed::new(FileSource::new(file, 0));
                io::copy(&mut source, &mut io::sink()).map_err(|source| failed("read", &path, source))?;
                if hex(&source.digest()) == name && name.starts_with(&first) {
                    sound += 1;
                } else {
                    damaged.push(path);
                }
            }
        }
        Ok((sound, damaged))
    }

    fn source(&self, id: &BlobId) -> Result<Hashed<FileSource>, BlobError> {
        let path = self.path_of(id);
        let file = self.disk.open(&path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => BlobError::Absent { id: *id },
            _ => BlobError::Disk { operation: "open", path: path.clone(), source },
        })?;
        let size = file.size().map_err(|source| BlobError::Disk { operation: "measure", path, source })?;
        if size < HEADER_BYTES as u64 {
            return Err(BlobError::Damaged { id: *id, reason: "the file is cut".to_owned() });
        }
        Ok(Hashed::new(FileSource::new(file, 0)))
    }

    fn read_error(&self, id: &BlobId, error: io::Error) -> BlobError {
        match error.kind() {
            io::ErrorKind::InvalidData => BlobError::Damaged { id: *id, reason: error.to_string() },
            _ => BlobError::Disk { operation: "read", path: self.path_of(id), source: error },
        }
    }

    fn folder_of(&self, id: &BlobId) -> PathBuf {
        let [first, ..] = id.0;
        self.folder.join(hex(&[first]))
    }

    fn path_of(&self, id: &BlobId) -> PathBuf {
        self.folder_of(id).join(id.to_string())
    }
}

#[cfg(test)]
mod tests;
