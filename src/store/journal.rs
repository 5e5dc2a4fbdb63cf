//! The append-only journal: dense records in checked batches, one fdatasync a batch; it knows bytes, never events.
//!
//! ```text
//!  <directory>/LOCK                                   flock for the life of the process, and the fence
//!  <directory>/journal/00000000000000000000.seg       segment; its name is its first sequence
//!                      00000000000000000000.offsets   where each record of that closed segment begins; can be rebuilt
//!                      00000000000000043690.seg       newest segment: the only one written, zeros preallocated ahead
//!                      clean                          present only after a clean stop
//!                      cut/<sequence>-<n>.bytes       what a power cut left of a batch that was never acknowledged
//!
//!  segment   ┌────────────┬─────────────┬──────────┬─────┬───────────────────────────┐
//!            │ header 512 │ batch       │ batch    │ ... │ zeros (preallocated)      │   everything begins at a multiple of 512
//!            └────────────┴─────────────┴──────────┴─────┴───────────────────────────┘
//!  batch     ┌──────────────────────┬─────────────────────────────────────┬───────┐
//!            │ header sectors (1..) │ record · record · record ...        │ 0xA5… │
//!            └──────────────────────┴─────────────────────────────────────┴───────┘
//!  header    magic · first sequence · records · payload bytes · wall ms · fence · SHA-256 of the batch before · CRC32C of each
//!            512-byte sector of the rest; each header sector ends with its own CRC32C, seeded with its place
//!  record    CRC32C (seeded with the sequence) · leaf bytes u16 · flags u16 · body bytes u32 · leaf · body
//! ```
//!
//! Byte by byte: `schemas/trail/journal-format.md`. The life of a record: [`Journal::append`] stages it (serial, no I/O),
//! [`Journal::commit`] writes everything staged as one batch and syncs it, and only then does a [`Reader`] see it.
//!
//! **Torn or damaged.** Space is zeros before it is a batch and never used twice. So when the power goes during a write, a sector of
//! the batch holds what was meant or zeros, and the checksums per sector tell which. Only that may be cut, only in the last batch,
//! only when the journal was not stopped cleanly, only above the durable checkpoint, only with nothing valid after it. Everything
//! else is [`Damage`] and refuses to open.
//!
//! **After a failed write or fsync** nothing is known about the page cache, so the journal is poisoned. The next start does not trust
//! what it reads from that cache to be on the disk: it copies the newest segment into a new file, syncs it, renames it over.
//!
//! **Bounds.** Leaf [`LEAF_BYTES_MAX`], body [`BODY_BYTES_MAX`], a batch [`Options::batch_bytes_max`], a segment
//! [`Options::segment_bytes_max`], streams remembered between one and two times [`STREAMS_REMEMBERED`], open closed segments 64.

mod append;
mod commit;
mod error;
mod format;
mod lock;
mod mend;
mod offsets;
mod reader;
mod recover;
mod scan;
mod scrub;
mod segment;
mod streams;
#[cfg(test)]
mod tests;
mod walk;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::disk::Disk;
pub use error::{AppendError, CloseError, CommitError, Damage, DamageKind, OpenError, OptionsError, ReadError};
pub use format::{BATCH_BYTES_LIMIT, BODY_BYTES_MAX, FORMAT_VERSION, LEAF_BYTES_MAX, SEGMENT_BYTES_LIMIT};
pub use reader::{ReadLimits, Reader, RecordRange};
pub use recover::{Cut, Opened, Recovery};
pub use scrub::{ScrubPosition, Verified, verify_all};
pub use streams::STREAMS_REMEMBERED;
pub use walk::each_record;

/// One record to append, borrowed. At most [`LEAF_BYTES_MAX`] and [`BODY_BYTES_MAX`] bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RecordRef<'a> {
    /// What stands in the trail.
    pub leaf: &'a [u8],
    /// The sealed rest, if any. An empty body is not the same as none.
    pub body: Option<&'a [u8]>,
}

/// One record read back.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// What stands in the trail.
    pub leaf: Vec<u8>,
    /// The sealed rest, if any.
    pub body: Option<Vec<u8>>,
}

impl std::fmt::Debug for RecordRef<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RecordRef {{ leaf: {} bytes, body: {:?} bytes }}", self.leaf.len(), self.body.map(<[u8]>::len))
    }
}

impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Record {{ leaf: {} bytes, body: {:?} bytes }}", self.leaf.len(), self.body.as_ref().map(Vec::len))
    }
}

impl RecordRef<'_> {
    /// An owned copy.
    #[must_use]
    pub fn to_record(&self) -> Record {
        Record { leaf: self.leaf.to_vec(), body: self.body.map(<[u8]>::to_vec) }
    }
}

/// What an append may be ordered against. The id is the caller's; equal ids of different kinds are different streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StreamKey {
    /// An enforcement case.
    Case(u128),
    /// A request.
    Request(u128),
    /// An idempotency key, as a keyed digest.
    IdempotencyKey(u128),
    /// A partner's lane.
    Lane(u128),
}

/// What must be true of a stream for an append to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Nothing; the stream is only touched.
    Any,
    /// This process has appended nothing to the stream, as far as it remembers.
    Absent,
    /// The last record of the stream has this sequence.
    At(u64),
    /// Nothing; with these records the stream ends, and may begin anew behind them.
    Ends,
}

impl From<Option<u64>> for Expected {
    fn from(version: Option<u64>) -> Self {
        version.map_or(Self::Absent, Self::At)
    }
}

/// The number of this opening of the journal; each opening has a higher one. An append that carries an older one is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fence(pub u64);

/// What is known, from outside the journal, to have been durable: recovery never cuts below it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DurableFloor {
    /// Records covered by the newest durable checkpoint; 0 when there is none.
    pub checkpoint_size: u64,
}

/// Sizes. [`Options::default`] is what the gateway uses; tests use small ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// A segment is closed before it grows beyond this; at most [`SEGMENT_BYTES_LIMIT`]. The default of 64 MiB keeps the copy that
    /// follows an abrupt stop well under a second. A batch larger than this gets a segment of its own.
    pub segment_bytes_max: u64,
    /// Zeros written ahead at a time: 8 MiB, about ten milliseconds of writing, once in some five thousand small records.
    pub preallocation_bytes: u64,
    /// Payload of one batch, which is also how much may be staged: 16 MiB, at most [`BATCH_BYTES_LIMIT`].
    pub batch_bytes_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { segment_bytes_max: 64 << 20, preallocation_bytes: 8 << 20, batch_bytes_max: 16 << 20 }
    }
}

impl Options {
    fn check(&self) -> Result<(), OptionsError> {
        if !(4096..=SEGMENT_BYTES_LIMIT).contains(&self.segment_bytes_max) {
            return Err(OptionsError::SegmentBytes { given: self.segment_bytes_max });
        }
        if !(512..=SEGMENT_BYTES_LIMIT).contains(&self.preallocation_bytes) {
            return Err(OptionsError::PreallocationBytes { given: self.preallocation_bytes });
        }
        if !(512..=BATCH_BYTES_LIMIT).contains(&self.batch_bytes_max) {
            return Err(OptionsError::BatchBytes { given: self.batch_bytes_max });
        }
        Ok(())
    }
}

/// The journal of one data directory, held under its lock. Share it as `Arc<Journal>`: one thread appends, one commits, any reads.
pub struct Journal {
    shared: Arc<reader::Shared>,
    staging: Mutex<append::Staging>,
    writer: Mutex<commit::Writer>,
    fence: Fence,
    _lock: lock::DirectoryLock,
}

impl Journal {
    /// Locks a data directory, validates its journal, mends what a power cut left, and makes it ready to append.
    ///
    /// Everything in the segments that hold `visit_from` and later is validated sector by sector, the newest segment always; older
    /// segments by their header, offset table and links (see [`Reader::scrub`] for the rest). `visit_from` is usually the size of
    /// the newest snapshot.
    ///
    /// # Errors
    /// [`OpenError`]: the directory is locked, bytes are damaged, a segment is missing, the journal is shorter than `floor`, or the
    /// disk failed. Nothing has been changed then, except that bytes of a torn batch may stand in `cut/`.
    pub fn open(
        disk: Arc<dyn Disk>,
        directory: &Path,
        options: Options,
        floor: DurableFloor,
        visit_from: u64,
    ) -> Result<Opened, OpenError> {
        recover::open(disk, directory, options, floor, visit_from)
    }

    /// The fence of this opening, to be carried by every append.
    #[must_use]
    pub fn fence(&self) -> Fence {
        self.fence
    }

    /// Records that are durable: the sequence of the next one once everything staged is committed or dropped.
    #[must_use]
    pub fn durable_size(&self) -> u64 {
        self.shared.durable_size()
    }

    /// A reader of what is durable. Cheap; clones share open files.
    #[must_use]
    pub fn reader(&self) -> Reader {
        Reader::new(Arc::clone(&self.shared))
    }
}

/// Where the segments lie inside a data directory.
fn journal_directory(directory: &Path) -> PathBuf {
    directory.join("journal")
}
