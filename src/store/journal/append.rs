//! Staging: what was appended and waits for its commit. Serial, in memory, no I/O, no allocation per record.

use std::ops::Range;

use super::format::{self, BODY_BYTES_MAX, LEAF_BYTES_MAX, Layout};
use super::streams::StreamHeads;
use super::{AppendError, Expected, Fence, Journal, Options, RecordRef, STREAMS_REMEMBERED, StreamKey};

/// Records of one future batch, already in the form they are written in.
pub(super) struct StagedBatch {
    /// Room for the header sectors, then the payload: header and payload go out in one write without being moved.
    pub(super) bytes: Vec<u8>,
    /// Where each record begins, from the start of the payload.
    pub(super) offsets: Vec<u32>,
    pub(super) first: u64,
    /// Former heads of the streams touched, in order.
    pub(super) undo: Vec<(StreamKey, Option<u64>)>,
    reserve: usize,
}

/// Capacity above which a used batch is not kept for reuse.
const KEPT_BYTES_MAX: usize = 4 << 20;

impl StagedBatch {
    pub(super) fn new(options: &Options) -> Self {
        let reserve = Layout::of(options.batch_bytes_max).header_bytes();
        Self { bytes: vec![0; reserve], offsets: Vec::new(), first: 0, undo: Vec::new(), reserve }
    }

    pub(super) fn payload_bytes(&self) -> usize {
        self.bytes.len() - self.reserve
    }

    pub(super) fn reserve(&self) -> usize {
        self.reserve
    }

    pub(super) fn clear(&mut self) {
        if self.bytes.capacity() > KEPT_BYTES_MAX {
            self.bytes = vec![0; self.reserve];
            self.offsets = Vec::new();
        }
        self.bytes.truncate(self.reserve);
        self.offsets.clear();
        self.undo.clear();
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Intake {
    Open,
    Dropped,
    Closed,
}

pub(super) struct Staging {
    pub(super) batch: StagedBatch,
    pub(super) next: u64,
    pub(super) intake: Intake,
    heads: StreamHeads,
}

impl Staging {
    pub(super) fn new(options: &Options, next: u64) -> Self {
        let batch = StagedBatch { first: next, ..StagedBatch::new(options) };
        Self { batch, next, intake: Intake::Open, heads: StreamHeads::new(STREAMS_REMEMBERED) }
    }

    fn check_streams(&self, expect: &[(StreamKey, Expected)]) -> Result<(), AppendError> {
        for (stream, expected) in expect {
            if matches!(expected, Expected::Any | Expected::Ends) {
                continue;
            }
            let found = self.heads.last(stream);
            let holds = match (*expected, found) {
                (Expected::Any | Expected::Ends, _) | (Expected::Absent, None) => true,
                (Expected::At(version), Some(found)) => version == found,
                // Forgotten, or from before this start; but nothing can stand at a sequence that was never given.
                (Expected::At(version), None) => version < self.next,
                (Expected::Absent, Some(_)) => false,
            };
            if !holds {
                return Err(AppendError::Stale { stream: *stream, expected: *expected, found });
            }
        }
        Ok(())
    }

    fn put(&mut self, expect: &[(StreamKey, Expected)], records: &[RecordRef<'_>]) -> Range<u64> {
        let first = self.next;
        for record in records {
            let offset = u32::try_from(self.batch.payload_bytes()).unwrap_or(u32::MAX);
            self.batch.offsets.push(offset);
            format::put_record(&mut self.batch.bytes, self.next, record);
            self.next += 1;
        }
        if let Some(last) = self.next.checked_sub(1).filter(|last| *last >= first) {
            for (stream, expected) in expect {
                let before = match expected {
                    Expected::Ends => self.heads.end(*stream),
                    _ => self.heads.touch(*stream, last),
                };
                self.batch.undo.push((*stream, before));
            }
        }
        first..self.next
    }

    /// Forgets a batch that could not be written and everything staged after it.
    pub(super) fn roll_back(&mut self, taken: &StagedBatch) -> Range<u64> {
        for (stream, last) in self.batch.undo.iter().rev().chain(taken.undo.iter().rev()) {
            self.heads.restore(*stream, *last);
        }
        let dropped = taken.first..self.next;
        self.batch.clear();
        self.batch.first = taken.first;
        self.next = taken.first;
        if self.intake == Intake::Open {
            self.intake = Intake::Dropped;
        }
        dropped
    }
}

fn sum_checked(records: &[RecordRef<'_>], bytes_max: usize) -> Result<usize, AppendError> {
    let mut bytes = 0;
    for record in records {
        if record.leaf.len() > LEAF_BYTES_MAX {
            return Err(AppendError::LeafTooLarge { bytes: record.leaf.len() });
        }
        if let Some(body) = record.body.filter(|body| body.len() > BODY_BYTES_MAX) {
            return Err(AppendError::BodyTooLarge { bytes: body.len() });
        }
        bytes += format::record_bytes(record);
    }
    if bytes > bytes_max {
        return Err(AppendError::TooLarge { bytes, bytes_max });
    }
    Ok(bytes)
}

impl Journal {
    /// Stages the records of one decision and gives them the next sequences. They become durable together, with everything else
    /// staged, at the next [`Journal::commit`]; until then nothing may leave the process because of them.
    ///
    /// Every stream named in `expect` is touched: its last sequence becomes the last one given here, but one that [`Expected::Ends`] has none
    /// from here on. No I/O happens.
    ///
    /// # Errors
    /// [`AppendError`]; nothing is staged then.
    pub fn append(
        &self,
        fence: Fence,
        expect: &[(StreamKey, Expected)],
        records: &[RecordRef<'_>],
    ) -> Result<Range<u64>, AppendError> {
        if fence != self.fence {
            return Err(AppendError::Fenced { given: fence, current: self.fence });
        }
        if self.shared.is_poisoned() {
            return Err(AppendError::Poisoned);
        }
        let bytes_max = self.shared.options.batch_bytes_max;
        let bytes = sum_checked(records, bytes_max)?;
        let mut staging = self.staging.lock();
        match staging.intake {
            Intake::Open => {}
            Intake::Dropped => return Err(AppendError::Dropped { from: staging.next }),
            Intake::Closed => return Err(AppendError::Closed),
        }
        staging.check_streams(expect)?;
        let bytes_staged = staging.batch.payload_bytes();
        if bytes_staged + bytes > bytes_max {
            return Err(AppendError::BatchFull { bytes_staged });
        }
        Ok(staging.put(expect, records))
    }

    /// Sequence that the next appended record gets.
    #[must_use]
    pub fn next_sequence(&self) -> u64 {
        self.staging.lock().next
    }

    /// Takes appends again after [`super::CommitError::Full`], once the caller has rolled its state back to `next`, the first
    /// dropped sequence. The extra step exists because the caller's state has run ahead: without it a decision that rests on a
    /// dropped one could be appended. False when `next` is not where the journal stands; then nothing changes.
    pub fn resume(&self, next: u64) -> bool {
        let mut staging = self.staging.lock();
        if staging.next != next || staging.intake == Intake::Closed {
            return false;
        }
        staging.intake = Intake::Open;
        true
    }
}
