//! A [`DiskFile`] as a stream that hashes what passes, and a blob as a stream of its plaintext.

use super::BlobId;
use crate::disk::DiskFile;
use crate::seal::DataKey;
use crate::seal::frames::FrameReader;
use sha2::{Digest as _, Sha256};
use std::io::{self, Read, Write};
use std::sync::Arc;

/// Writes from the start of a file on, hashing.
pub(crate) struct FileSink {
    file: Arc<dyn DiskFile>,
    written: u64,
    hash: Sha256,
}

impl FileSink {
    pub(crate) fn new(file: Arc<dyn DiskFile>) -> Self {
        Self::starting_at(file, 0)
    }

    /// Leaves the first `offset` bytes to be written later; they are not hashed.
    pub(crate) fn starting_at(file: Arc<dyn DiskFile>, offset: u64) -> Self {
        Self { file, written: offset, hash: Sha256::new() }
    }

    pub(crate) const fn written(&self) -> u64 {
        self.written
    }

    pub(crate) fn digest(&self) -> [u8; 32] {
        self.hash.clone().finalize().into()
    }

    pub(crate) fn file(&self) -> &dyn DiskFile {
        self.file.as_ref()
    }

    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

impl Write for FileSink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write_all_at(bytes, self.written)?;
        self.hash.update(bytes);
        self.written += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads a file from its start on, hashing.
pub(crate) struct FileSource {
    file: Arc<dyn DiskFile>,
    position: u64,
    hash: Sha256,
}

impl FileSource {
    pub(crate) fn new(file: Arc<dyn DiskFile>) -> Self {
        Self::starting_at(file, 0)
    }

    pub(crate) fn starting_at(file: Arc<dyn DiskFile>, offset: u64) -> Self {
        Self { file, position: offset, hash: Sha256::new() }
    }

    pub(crate) fn digest(&self) -> [u8; 32] {
        self.hash.clone().finalize().into()
    }
}

impl Read for FileSource {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(into, self.position)?;
        self.hash.update(into.get(..count).unwrap_or_default());
        self.position += count as u64;
        Ok(count)
    }
}

/// The plaintext of a blob. Truncation, altered bytes and a file under a wrong name all come as [`io::ErrorKind::InvalidData`];
/// believe the whole only once the end was reached.
pub struct BlobReader {
    frames: FrameReader<FileSource>,
    id: BlobId,
}

impl BlobReader {
    pub(super) fn new(source: FileSource, id: BlobId, key: &DataKey, aad: &[u8]) -> io::Result<Self> {
        Ok(Self { frames: FrameReader::new(source, key, aad)?, id })
    }
}

impl Read for BlobReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.frames.read(into)?;
        if count == 0 && !into.is_empty() && self.frames.source().digest() != self.id.0 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it is another blob than its name says"));
        }
        Ok(count)
    }
}
