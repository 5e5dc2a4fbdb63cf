//! What can go wrong with the journal, by operation, each with what to do next.

use std::io;
use std::ops::Range;
use std::path::PathBuf;

use thiserror::Error;

use super::{BATCH_BYTES_LIMIT, BODY_BYTES_MAX, Expected, Fence, LEAF_BYTES_MAX, SEGMENT_BYTES_LIMIT, StreamKey};

/// Bytes that are neither what was written nor what a power cut can leave.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "journal file {} is damaged at byte {offset}: {kind}. Nothing was changed. Stop, copy the data directory, and restore this file \
     from the mirror or a backup; `xiezhi verify` tells how much else is affected",
    file.display()
)]
pub struct Damage {
    /// The damaged file.
    pub file: PathBuf,
    /// Where in it, in bytes.
    pub offset: u64,
    /// What is wrong there.
    pub kind: DamageKind,
}

/// The kinds of [`Damage`].
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DamageKind {
    /// The first sector of a segment.
    #[error("the segment header does not match its checksum")]
    SegmentHeader,
    /// A renamed or swapped file.
    #[error("the segment header says first sequence {found}, the file name says {expected}")]
    SegmentName {
        /// From the file name.
        expected: u64,
        /// From the header.
        found: u64,
    },
    /// Bytes where a batch should begin are no batch header.
    #[error("a batch header should stand here and its checksum does not match")]
    BatchHeader,
    /// A sector has other content than was written.
    #[error("a sector of the batch that begins with sequence {sequence} does not match its checksum and is not empty")]
    Sector {
        /// First sequence of the batch.
        sequence: u64,
    },
    /// A batch that is not the last one lacks sectors.
    #[error("the batch that begins with sequence {sequence} lacks sectors, but more of the journal follows it")]
    TornInside {
        /// First sequence of the batch.
        sequence: u64,
    },
    /// The last batch lacks sectors although the journal was stopped cleanly.
    #[error(
        "the batch that begins with sequence {sequence} lacks sectors, but the journal was stopped cleanly after it"
    )]
    TornAfterCleanStop {
        /// First sequence of the batch.
        sequence: u64,
    },
    /// Content behind everything that a clean stop left, where nothing was written any more.
    #[error(
        "only zeros may stand behind byte {end}, where the journal was stopped cleanly, and from here to byte {last} there are others; \
         all {records} records before are there"
    )]
    BytesBehindCleanStop {
        /// Where the last batch ends.
        end: u64,
        /// The last byte that is not zero.
        last: u64,
        /// Records that the journal was stopped with.
        records: u64,
    },
    /// The last batch lacks sectors although a checkpoint covers it.
    #[error(
        "the batch that begins with sequence {sequence} lacks sectors, but a checkpoint of {checkpoint_size} records covers it"
    )]
    TornBelowCheckpoint {
        /// First sequence of the batch.
        sequence: u64,
        /// Size of that checkpoint.
        checkpoint_size: u64,
    },
    /// Content behind the end of the journal, which no power cut explains.
    #[error("bytes stand here, behind the end of the journal, where only zeros may be")]
    BytesBehindEnd,
    /// The hash chain between batches or segments is broken.
    #[error("the batch that begins with sequence {sequence} does not continue the one before it (hash chain)")]
    Chain {
        /// First sequence of the batch.
        sequence: u64,
    },
    /// Sequences are not dense.
    #[error("sequence {expected} should follow here, found {found}")]
    Sequence {
        /// The next dense sequence.
        expected: u64,
        /// What stands there.
        found: u64,
    },
    /// A record does not match its own checksum or exceeds its batch.
    #[error("record {sequence} does not match its checksum or length")]
    Record {
        /// Its sequence.
        sequence: u64,
    },
    /// The file ends inside a batch.
    #[error("the file ends inside the batch that begins with sequence {sequence}")]
    FileTooShort {
        /// First sequence of the batch.
        sequence: u64,
    },
}

/// A size in [`super::Options`] that cannot work.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OptionsError {
    /// Segment size.
    #[error("segment_bytes_max is {given}; set it between 4096 and {SEGMENT_BYTES_LIMIT}")]
    SegmentBytes {
        /// The value.
        given: u64,
    },
    /// Preallocation step.
    #[error("preallocation_bytes is {given}; set it between 512 and {SEGMENT_BYTES_LIMIT}")]
    PreallocationBytes {
        /// The value.
        given: u64,
    },
    /// Batch size.
    #[error("batch_bytes_max is {given}; set it between 512 and {BATCH_BYTES_LIMIT}")]
    BatchBytes {
        /// The value.
        given: usize,
    },
}

/// Why a journal was not opened.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process, or another journal of this one, has it.
    #[error(
        "data directory {} is in use by another process (its LOCK is held). Stop that process or choose another directory",
        directory.display()
    )]
    Locked {
        /// The data directory.
        directory: PathBuf,
    },
    /// See [`Damage`].
    #[error(transparent)]
    Damaged(#[from] Damage),
    /// A segment is not there.
    #[error(
        "journal in {} lacks the segment that holds sequence {sequence}. Restore that file from the mirror or a backup; nothing was changed",
        directory.display()
    )]
    MissingSegment {
        /// The journal's directory.
        directory: PathBuf,
        /// First sequence that is not there.
        sequence: u64,
    },
    /// Acknowledged records are gone.
    #[error(
        "journal in {} holds {found} records, but {expected} were durable (checkpoint or clean stop). Restore the newest segments \
         from the mirror or a backup; nothing was changed",
        directory.display()
    )]
    TooShort {
        /// The journal's directory.
        directory: PathBuf,
        /// Records that must be there.
        expected: u64,
        /// Records that are there.
        found: u64,
    },
    /// Written by a newer release.
    #[error("journal file {} has format version {found}, this release reads {supported}. Use the release that wrote it", file.display())]
    Version {
        /// The segment.
        file: PathBuf,
        /// Its version.
        found: u32,
        /// [`super::FORMAT_VERSION`].
        supported: u32,
    },
    /// A size that cannot work.
    #[error(transparent)]
    Options(#[from] OptionsError),
    /// The disk failed.
    #[error("journal open: cannot {operation} {}: {source}. Check the disk (space, rights, mount) and start again", path.display())]
    Io {
        /// What was tried.
        operation: &'static str,
        /// On which file or directory.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

/// Why an append was not taken. Nothing of it was staged.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AppendError {
    /// A stream has moved on.
    #[error(
        "append refused: stream {stream:?} is at {found:?}, expected {expected:?}. Fold up to the head and decide again"
    )]
    Stale {
        /// Which stream.
        stream: StreamKey,
        /// What the caller believed.
        expected: Expected,
        /// Last sequence of the stream, as far as this process remembers.
        found: Option<u64>,
    },
    /// The caller is of another opening.
    #[error(
        "append refused: fence {given:?} is not the journal's fence {current:?}. This writer was replaced; stop it"
    )]
    Fenced {
        /// The caller's.
        given: Fence,
        /// The journal's.
        current: Fence,
    },
    /// See [`CommitError::Poisoned`].
    #[error(
        "append refused: a write or fsync of the journal failed before. Stop and start again; recovery decides what was durable"
    )]
    Poisoned,
    /// A commit found the disk full and dropped what was staged; [`super::Journal::resume`] was not called since.
    #[error(
        "append refused: records from sequence {from} were dropped because the disk is full. Roll the state back, then resume"
    )]
    Dropped {
        /// First dropped sequence, which is the next one.
        from: u64,
    },
    /// The journal was closed.
    #[error("append refused: the journal is closed")]
    Closed,
    /// A leaf is over its limit.
    #[error("append refused: a leaf has {bytes} bytes, at most {LEAF_BYTES_MAX} fit; move the excess into the body")]
    LeafTooLarge {
        /// Its size.
        bytes: usize,
    },
    /// A body is over its limit.
    #[error("append refused: a body has {bytes} bytes, at most {BODY_BYTES_MAX} fit; put it into a blob")]
    BodyTooLarge {
        /// Its size.
        bytes: usize,
    },
    /// The records of one append do not fit any batch.
    #[error("append refused: the decision has {bytes} bytes, a batch holds {bytes_max}; make several decisions of it")]
    TooLarge {
        /// Their size as written.
        bytes: usize,
        /// [`super::Options::batch_bytes_max`].
        bytes_max: usize,
    },
    /// There is no room beside what is staged.
    #[error("append refused: {bytes_staged} bytes are staged and wait for the disk. Commit, then append again")]
    BatchFull {
        /// Bytes staged now.
        bytes_staged: usize,
    },
}

/// Why a commit did not make the staged records durable.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CommitError {
    /// No room was left before anything was written: the staged records are dropped and the journal stays sound.
    #[error(
        "journal commit: the disk is full; records {} to {} were dropped before a byte was written. Free space, then resume",
        dropped.start, dropped.end
    )]
    Full {
        /// Sequences of the dropped records, also those staged while the commit ran. They will be given again.
        dropped: Range<u64>,
    },
    /// This write or fsync failed: it is unknown what is durable.
    #[error("journal commit: cannot {operation} {}: {source}. The journal takes no more work; stop, check the disk, start again", path.display())]
    Failed {
        /// What was tried.
        operation: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// An earlier write or fsync failed.
    #[error(
        "journal commit: refused, a write or fsync failed before. Stop and start again; recovery decides what was durable"
    )]
    Poisoned,
    /// The journal was closed.
    #[error("journal commit: the journal is closed")]
    Closed,
}

/// Why a journal could not be closed cleanly. The next start then recovers as after an abrupt stop.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CloseError {
    /// There is work left.
    #[error("journal close: {records} records are staged; commit them first")]
    Staged {
        /// How many.
        records: u64,
    },
    /// See [`CommitError::Poisoned`].
    #[error("journal close: a write or fsync failed before, so the stop is not clean; the next start recovers")]
    Poisoned,
    /// The disk failed.
    #[error("journal close: cannot write {}: {source}; the next start recovers as after an abrupt stop", path.display())]
    Io {
        /// The marker.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

/// Why a record was not read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// See [`Damage`].
    #[error(transparent)]
    Damaged(#[from] Damage),
    /// The disk failed.
    #[error("journal read of {}: {source}. Check the disk; nothing was changed", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

impl From<ReadError> for OpenError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Damaged(damage) => Self::Damaged(damage),
            ReadError::Io { path, source } => Self::Io { operation: "read", path, source },
        }
    }
}
