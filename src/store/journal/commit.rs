//! Committing: one batch, one write, one fdatasync; rolling to the next segment; closing.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::append::{Intake, StagedBatch};
use super::format::{BatchHeader, FORMAT_VERSION, Hash, Layout, Place, SegmentHeader, batch_hash, pad};
use super::lock::CleanMarker;
use super::offsets::Sidecar;
use super::segment::ActiveSegment;
use super::{CloseError, CommitError, Journal};
use crate::disk::is_full;

/// What only the committing thread touches.
pub(super) struct Writer {
    pub(super) active: Arc<ActiveSegment>,
    pub(super) last_hash: Hash,
    /// The batch written before, kept for its memory.
    pub(super) spare: Option<StagedBatch>,
    pub(super) closed: bool,
}

enum WriteError {
    /// No room, and not a byte of the batch written.
    Full,
    Failed {
        operation: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    PoisonedMeanwhile,
}

fn before_writing(operation: &'static str, path: &std::path::Path) -> impl FnOnce(io::Error) -> WriteError {
    let path = path.to_path_buf();
    move |source| if is_full(&source) { WriteError::Full } else { WriteError::Failed { operation, path, source } }
}

fn failed(operation: &'static str, path: &std::path::Path) -> impl FnOnce(io::Error) -> WriteError {
    let path = path.to_path_buf();
    move |source| WriteError::Failed { operation, path, source }
}

impl Journal {
    /// Makes everything staged durable: one batch, one write, one fdatasync. Appends may go on meanwhile; they belong to the next
    /// batch. With nothing staged nothing is written. `wall_ms` is stored as it is (UTC milliseconds, from the caller's clock).
    ///
    /// Returns the durable size: records below it survive anything the disk survives.
    ///
    /// # Errors
    /// [`CommitError::Full`] leaves the journal sound; after [`CommitError::Failed`] it takes no more work.
    pub fn commit(&self, wall_ms: u64) -> Result<u64, CommitError> {
        let mut writer = self.writer.lock();
        if self.shared.is_poisoned() {
            return Err(CommitError::Poisoned);
        }
        if writer.closed {
            return Err(CommitError::Closed);
        }
        let Some(mut batch) = self.take_staged(&mut writer) else { return Ok(self.shared.durable_size()) };
        match self.write_batch(&mut writer, &mut batch, wall_ms) {
            Ok(size) => {
                batch.clear();
                writer.spare = Some(batch);
                Ok(size)
            }
            Err(WriteError::Full) => Err(CommitError::Full { dropped: self.staging.lock().roll_back(&batch) }),
            Err(WriteError::Failed { operation, path, source }) => {
                self.shared.poison();
                Err(CommitError::Failed { operation, path, source })
            }
            Err(WriteError::PoisonedMeanwhile) => Err(CommitError::Poisoned),
        }
    }

    fn take_staged(&self, writer: &mut Writer) -> Option<StagedBatch> {
        let mut staging = self.staging.lock();
        if staging.batch.offsets.is_empty() {
            return None;
        }
        let mut fresh = writer.spare.take().unwrap_or_else(|| StagedBatch::new(&self.shared.options));
        fresh.first = staging.next;
        Some(std::mem::replace(&mut staging.batch, fresh))
    }

    fn write_batch(&self, writer: &mut Writer, batch: &mut StagedBatch, wall_ms: u64) -> Result<u64, WriteError> {
        let payload_bytes = batch.payload_bytes();
        let layout = Layout::of(payload_bytes);
        let batch_bytes = layout.batch_bytes() as u64;
        let options = &self.shared.options;
        let used = writer.active.end();
        if used + batch_bytes > options.segment_bytes_max && !writer.active.offsets.read().is_empty() {
            self.roll(writer, batch.first, batch_bytes)?;
        }
        let active = Arc::clone(&writer.active);
        let offset = active.end();
        active.allocate(options, offset + batch_bytes, false).map_err(before_writing("preallocate", &active.path))?;

        pad(&mut batch.bytes, payload_bytes);
        let header = BatchHeader {
            first: batch.first,
            records: u32::try_from(batch.offsets.len()).unwrap_or(u32::MAX),
            payload_bytes: u32::try_from(payload_bytes).unwrap_or(u32::MAX),
            wall_ms,
            fence: self.fence.0,
            previous: writer.last_hash,
        };
        let start = batch.reserve() - layout.header_bytes();
        let (room, data) = batch.bytes.split_at_mut(start + layout.header_bytes());
        header.encode(room.get_mut(start..).unwrap_or_default(), data, Place { segment: active.first, offset });
        let bytes = batch.bytes.get(start..).unwrap_or_default();

        active.file.write_all_at(bytes, offset).map_err(failed("write a batch to", &active.path))?;
        active.file.sync_data().map_err(failed("fsync", &active.path))?;
        // Preallocation on another thread may have seen the device fail while this batch was on its way.
        if self.shared.is_poisoned() {
            return Err(WriteError::PoisonedMeanwhile);
        }
        writer.last_hash = batch_hash(bytes);
        let payload_at = u32::try_from(offset).unwrap_or(u32::MAX).saturating_add(header_bytes_u32(layout));
        active.offsets.write().extend(batch.offsets.iter().map(|at| payload_at.saturating_add(*at)));
        active.set_end(offset + batch_bytes);
        self.shared.set_durable_size(header.next());
        Ok(header.next())
    }

    fn roll(&self, writer: &mut Writer, first: u64, needed: u64) -> Result<(), WriteError> {
        let shared = &self.shared;
        let header = SegmentHeader { version: FORMAT_VERSION, first, fence: self.fence.0, previous: writer.last_hash };
        let fresh = ActiveSegment::create(shared.disk.as_ref(), &shared.directory, &shared.options, &header, needed)
            .map_err(before_writing("create the segment after", &writer.active.path))?;
        let full = std::mem::replace(&mut writer.active, Arc::new(fresh));
        shared.set_active(Arc::clone(&writer.active));
        let sidecar = Sidecar { first: full.first, end: full.end(), last_hash: writer.last_hash };
        let written = sidecar.write(shared.disk.as_ref(), &shared.directory, &full.offsets.read());
        if written.is_err() {
            shared.note_offsets_missing();
        }
        Ok(())
    }

    /// Writes zeros ahead of the writer when they run short, so that [`Journal::commit`] need not. For another thread than the
    /// committing one, whenever it has time; without it commits do the same themselves, now and then ten milliseconds slower.
    /// True when something was written. A full disk is no error here: the commit that needs the room reports it.
    ///
    /// # Errors
    /// [`CommitError::Failed`] poisons the journal, [`CommitError::Poisoned`] says that it was.
    pub fn prepare(&self) -> Result<bool, CommitError> {
        if self.shared.is_poisoned() {
            return Err(CommitError::Poisoned);
        }
        let active = self.shared.active();
        if !active.wants_allocation(&self.shared.options) {
            return Ok(false);
        }
        match active.allocate(&self.shared.options, 0, true) {
            Ok(()) => Ok(true),
            Err(error) if is_full(&error) => Ok(false),
            Err(source) => {
                self.shared.poison();
                Err(CommitError::Failed { operation: "preallocate", path: active.path.clone(), source })
            }
        }
    }

    /// Ends the work: nothing can be appended or committed afterwards, and the next start knows that the stop was clean, so it need
    /// not copy the newest segment and accepts no torn batch. The lock goes with the [`Journal`] itself. Closing twice is harmless.
    ///
    /// # Errors
    /// [`CloseError`]; the next start then recovers as after an abrupt stop.
    pub fn close(&self) -> Result<(), CloseError> {
        let mut writer = self.writer.lock();
        if self.shared.is_poisoned() {
            return Err(CloseError::Poisoned);
        }
        if writer.closed {
            return Ok(());
        }
        let mut staging = self.staging.lock();
        if !staging.batch.offsets.is_empty() {
            return Err(CloseError::Staged { records: staging.next - staging.batch.first });
        }
        staging.intake = Intake::Closed;
        drop(staging);
        writer.closed = true;
        let marker = CleanMarker { size: self.shared.durable_size(), last_hash: writer.last_hash };
        marker
            .write(self.shared.disk.as_ref(), &self.shared.directory)
            .map_err(|source| CloseError::Io { path: CleanMarker::path(&self.shared.directory), source })
    }
}

fn header_bytes_u32(layout: Layout) -> u32 {
    u32::try_from(layout.header_bytes()).unwrap_or(u32::MAX)
}
