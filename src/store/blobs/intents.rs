//! Intents: for which event a blob is about to be written, durable before the blob has its name. A crash between the blob and its event
//! leaves a file that no event names; by its intent the next start finds it, which no search through all blobs could do in time.
//!
//! ```text
//! blobs/intents/<32 hex>    of one document; forgotten once its event is durable
//! blobs/intents/bodies      of the long bodies that are being written; the next ones overwrite it, because theirs are durable by then
//! "XZI1" | head (8) | count (4) | count × ( slot (8) | sequence (8), all ones = not known yet | blob (32) ) | crc32c of all before (4)
//! ```
//! All numbers big endian. One that does not read was cut short by a crash, before its blobs had names.

use super::{BlobError, BlobId, BlobStore};
use crate::hex::hex;
use crate::random::Random;
use std::io;
use std::path::{Path, PathBuf};

/// Bytes of an intent that are read: 350,000 blobs, whose bodies of 64 KiB each no memory would hold together.
pub const INTENT_BYTES_MAX: u64 = 16 << 20;

const MAGIC: [u8; 4] = *b"XZI1";
const HEAD_BYTES: usize = 16;
const ENTRY_BYTES: usize = 48;
const SUM_BYTES: usize = 4;
const UNKNOWN: u64 = u64::MAX;
const BODIES: &str = "bodies";

/// A blob that an event is to name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Intended {
    /// The slot of the key that seals it.
    pub slot: u64,
    /// The event that will name it, where that is known.
    pub sequence: Option<u64>,
    /// The blob.
    pub id: BlobId,
}

/// Blobs that are about to be written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Intent {
    /// How many events were durable then: none of those names any of the blobs, and the journal has never fewer.
    pub head: u64,
    /// The blobs.
    pub blobs: Vec<Intended>,
}

/// Where an intent stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IntentFile(PathBuf);

impl IntentFile {
    /// The file, to tell of it.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl BlobStore {
    /// Says that a document is about to be committed; durable when this returns. Forget it once its event is.
    ///
    /// # Errors
    /// [`BlobError::Disk`].
    pub fn intend_document(
        &self,
        head: u64,
        (slot, id): (u64, BlobId),
        random: &mut dyn Random,
    ) -> Result<IntentFile, BlobError> {
        let mut name = [0; 16];
        random.fill(&mut name);
        let path = self.intents_folder().join(hex(&name));
        let intent = Intent { head, blobs: vec![Intended { slot, sequence: None, id }] };
        let file = self.disk.create(&path).map_err(disk_error("create", &path))?;
        file.write_all_at(&intent.encode(), 0).map_err(disk_error("write", &path))?;
        file.sync_data().map_err(disk_error("sync", &path))?;
        self.sync_intents()?;
        Ok(IntentFile(path))
    }

    /// Says which long bodies are about to be kept; durable when this returns. Only one thread writes bodies, and those of the intent before
    /// have durable events.
    ///
    /// # Errors
    /// [`BlobError::Disk`].
    pub fn intend_bodies(&self, intent: &Intent) -> Result<(), BlobError> {
        let path = self.intents_folder().join(BODIES);
        let opened = match self.disk.open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let file = self.disk.create(&path).map_err(disk_error("create", &path))?;
                self.sync_intents()?;
                Ok(file)
            }
            opened => opened.map_err(disk_error("open", &path)),
        };
        let file = opened?;
        file.write_all_at(&intent.encode(), 0).map_err(disk_error("write", &path))?;
        file.sync_data().map_err(disk_error("sync", &path))
    }

    /// Removes an intent. After a crash it may be there again: then its blob is found named, or gone.
    ///
    /// # Errors
    /// [`BlobError::Disk`].
    pub fn forget(&self, file: &IntentFile) -> Result<(), BlobError> {
        match self.disk.remove(&file.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other.map_err(disk_error("remove", &file.0)),
        }
    }

    /// Every intent that is there; `None` for one that does not read.
    ///
    /// # Errors
    /// [`BlobError::Disk`].
    pub fn intents(&self) -> Result<Vec<(IntentFile, Option<Intent>)>, BlobError> {
        let folder = self.intents_folder();
        let names = self.disk.list(&folder).map_err(disk_error("list", &folder))?;
        let read = |name: String| {
            let path = folder.join(name);
            let bytes = match self.disk.read_file(&path, INTENT_BYTES_MAX) {
                Err(error) if error.kind() == io::ErrorKind::FileTooLarge => Vec::new(),
                bytes => bytes.map_err(disk_error("read", &path))?,
            };
            Ok((IntentFile(path), Intent::decode(&bytes)))
        };
        names.into_iter().map(read).collect()
    }

    /// Makes durable what was forgotten.
    ///
    /// # Errors
    /// [`BlobError::Disk`].
    pub fn sync_intents(&self) -> Result<(), BlobError> {
        let folder = self.intents_folder();
        self.disk.sync_directory(&folder).map_err(disk_error("sync", &folder))
    }

    pub(super) fn intents_folder(&self) -> PathBuf {
        self.folder.join("intents")
    }
}

fn disk_error(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BlobError {
    let path = path.to_owned();
    move |source| BlobError::Disk { operation, path, source }
}

impl Intent {
    fn encode(&self) -> Vec<u8> {
        let count = u32::try_from(self.blobs.len()).unwrap_or(u32::MAX);
        let mut bytes = [MAGIC.as_slice(), &self.head.to_be_bytes(), &count.to_be_bytes()].concat();
        for blob in &self.blobs {
            bytes.extend(blob.slot.to_be_bytes());
            bytes.extend(blob.sequence.unwrap_or(UNKNOWN).to_be_bytes());
            bytes.extend(blob.id.0);
        }
        bytes.extend(crc32c::crc32c(&bytes).to_be_bytes());
        bytes
    }

    /// What stands behind it in the file is of a longer one before.
    fn decode(bytes: &[u8]) -> Option<Self> {
        let (head, _) = bytes.split_first_chunk::<HEAD_BYTES>()?;
        let (magic, numbers) = head.split_first_chunk::<4>()?;
        let (head, count) = numbers.split_first_chunk::<8>()?;
        let count = usize::try_from(u32::from_be_bytes(count.try_into().ok()?)).ok()?;
        let end = HEAD_BYTES.checked_add(count.checked_mul(ENTRY_BYTES)?)?;
        let (whole, sum) = (bytes.get(..end)?, bytes.get(end..end + SUM_BYTES)?);
        if *magic != MAGIC || sum != crc32c::crc32c(whole).to_be_bytes() {
            return None;
        }
        let entries = whole.get(HEAD_BYTES..)?.as_chunks::<ENTRY_BYTES>().0;
        let blobs = entries.iter().map(Intended::decode).collect::<Option<Vec<_>>>()?;
        Some(Self { head: u64::from_be_bytes(*head), blobs })
    }
}

impl Intended {
    fn decode(bytes: &[u8; ENTRY_BYTES]) -> Option<Self> {
        let (slot, rest) = bytes.split_first_chunk::<8>()?;
        let (sequence, id) = rest.split_first_chunk::<8>()?;
        let sequence = Some(u64::from_be_bytes(*sequence)).filter(|sequence| *sequence != UNKNOWN);
        Some(Self { slot: u64::from_be_bytes(*slot), sequence, id: BlobId(id.try_into().ok()?) })
    }
}
