//! A [`DiskFile`] as a stream, any stream with its digest, and a blob as a stream of its plaintext.

use super::BlobId;
use crate::disk::DiskFile;
use crate::seal::DataKey;
use crate::seal::frames::FrameReader;
use sha2::{Digest as _, Sha256};
use std::io::{self, Read, Write};
use std::sync::Arc;

/// Writes a file from an offset on.
pub(crate) struct FileSink {
    file: Arc<dyn DiskFile>,
    position: u64,
}

impl FileSink {
    pub(crate) const fn new(file: Arc<dyn DiskFile>, offset: u64) -> Self {
        Self { file, position: offset }
    }

    pub(crate) const fn position(&self) -> u64 {
        self.position
    }

    pub(crate) fn file(&self) -> &dyn DiskFile {
        self.file.as_ref()
    }
}

impl Write for FileSink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write_all_at(bytes, self.position)?;
        self.position += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads a file from an offset on.
pub(crate) struct FileSource {
    file: Arc<dyn DiskFile>,
    position: u64,
}

impl FileSource {
    pub(crate) const fn new(file: Arc<dyn DiskFile>, offset: u64) -> Self {
        Self { file, position: offset }
    }
}

impl Read for FileSource {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(into, self.position)?;
        self.position += count as u64;
        Ok(count)
    }
}

/// Any stream, with the SHA-256 and the count of what passed.
pub(crate) struct Hashed<S> {
    pub(crate) stream: S,
    hash: Sha256,
    bytes: u64,
}

impl<S> Hashed<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, hash: Sha256::new(), bytes: 0 }
    }

    pub(crate) fn digest(&self) -> [u8; 32] {
        self.hash.clone().finalize().into()
    }

    pub(crate) const fn passed(&self) -> u64 {
        self.bytes
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write_all(bytes)?;
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.read(into)?;
        self.hash.update(into.get(..count).unwrap_or_default());
        self.bytes += count as u64;
        Ok(count)
    }
}

/// The plaintext of a blob. Truncation, altered bytes and a file under a wrong name all come as [`io::ErrorKind::InvalidData`];
/// believe the whole only once the end was reached.
pub struct BlobReader {
    frames: FrameReader<Hashed<FileSource>>,
    id: BlobId,
}

impl BlobReader {
    pub(super) fn new(source: Hashed<FileSource>, id: BlobId, key: &DataKey, aad: &[u8]) -> io::Result<Self> {
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
