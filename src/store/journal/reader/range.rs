//! Reading records in order, in large pieces and without copying: the path of replay.

use std::sync::Arc;

use super::super::format::{RECORD_HEADER_BYTES, parse_record, record_size, split_record};
use super::super::segment::Window;
use super::super::{ReadError, Record, RecordRef};
use super::{Reader, Source, io_error};

/// Offsets fetched at a time: 16 KiB of table.
const OFFSETS_AT_ONCE: usize = 4096;

/// Where a range stops at the latest; whichever comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// Records.
    pub records_max: u64,
    /// Bytes of leaves and bodies; the record that passes it is still given, so that a range is never stuck.
    pub bytes_max: u64,
}

impl ReadLimits {
    /// Everything durable when the range was made: for replay, which holds one record at a time.
    pub const NONE: Self = Self { records_max: u64::MAX, bytes_max: u64::MAX };
}

/// Durable records in order of sequence. Its end is fixed when it is made: what becomes durable later is for the next range.
pub struct RecordRange {
    reader: Reader,
    next: u64,
    end: u64,
    bytes_left: u64,
    position: Option<Position>,
}

struct Position {
    source: Source,
    window: Window,
    /// Where records begin; `at` is the one that is next.
    offsets: Vec<u32>,
    at: usize,
}

impl Reader {
    /// The durable records from `from` on, in order.
    #[must_use]
    pub fn read_range(&self, from: u64, limits: ReadLimits) -> RecordRange {
        let end = self.durable_size().min(from.saturating_add(limits.records_max));
        RecordRange { reader: self.clone(), next: from, end, bytes_left: limits.bytes_max, position: None }
    }
}

impl Position {
    fn new(source: Source, sequence: u64, end: u64) -> Result<Self, ReadError> {
        let window = Window::new(Arc::clone(source.file()));
        let mut position = Self { source, window, offsets: Vec::new(), at: 0 };
        position.refill(sequence, end)?;
        Ok(position)
    }

    fn refill(&mut self, sequence: u64, end: u64) -> Result<(), ReadError> {
        self.offsets.clear();
        self.at = 0;
        let count = usize::try_from(end - sequence).unwrap_or(OFFSETS_AT_ONCE).min(OFFSETS_AT_ONCE);
        self.source.offsets(sequence, count, &mut self.offsets)
    }

    fn is_used_up(&self) -> bool {
        self.at >= self.offsets.len()
    }

    fn offset(&self) -> u32 {
        self.offsets.get(self.at).copied().unwrap_or(0)
    }

    /// Length of the record that is next, once it is seen to be the one of that sequence.
    fn check(&mut self, sequence: u64) -> Result<Option<usize>, ReadError> {
        let offset = u64::from(self.offset());
        let header = self.window.slice(offset, RECORD_HEADER_BYTES).map_err(io_error(self.source.path()))?;
        let Some(bytes) = header.and_then(record_size) else { return Ok(None) };
        let record = self.window.slice(offset, bytes).map_err(io_error(self.source.path()))?;
        Ok(record.and_then(|record| parse_record(record, sequence)).map(|_| bytes))
    }
}

impl RecordRange {
    /// The next record, borrowed until the next call; `None` at the end of the range.
    ///
    /// # Errors
    /// [`ReadError`]; the range stays where it is.
    pub fn next_record(&mut self) -> Result<Option<(u64, RecordRef<'_>)>, ReadError> {
        let sequence = self.next;
        if sequence >= self.end || self.bytes_left == 0 {
            return Ok(None);
        }
        let (position, bytes) = self.locate(sequence)?;
        let offset = position.offset();
        position.at += 1;
        self.next += 1;
        self.bytes_left = self.bytes_left.saturating_sub((bytes - RECORD_HEADER_BYTES) as u64);
        let Some(position) = &mut self.position else { return Ok(None) };
        let slice = position.window.slice(u64::from(offset), bytes).map_err(io_error(position.source.path()))?;
        let record = slice.and_then(split_record).ok_or_else(|| position.source.damage(sequence, offset))?;
        Ok(Some((sequence, record)))
    }

    /// Sequence of the record that [`RecordRange::next_record`] gives next: where another range goes on.
    #[must_use]
    pub fn next_sequence(&self) -> u64 {
        self.next
    }

    /// Moves to a record, over segment borders, and checks it; a wrong offset table is rebuilt here, once.
    fn locate(&mut self, sequence: u64) -> Result<(&mut Position, usize), ReadError> {
        let mut position = self.position_at(sequence)?;
        let mut found = position.check(sequence)?;
        if found.is_none()
            && let Some(source) = self.reader.shared().repaired(&position.source)?
        {
            position = Position::new(source, sequence, self.end)?;
            found = position.check(sequence)?;
        }
        match found {
            Some(bytes) => Ok((self.position.insert(position), bytes)),
            None => Err(position.source.damage(sequence, position.offset())),
        }
    }

    fn position_at(&mut self, sequence: u64) -> Result<Position, ReadError> {
        if let Some(mut position) = self.position.take() {
            if position.is_used_up() {
                position.refill(sequence, self.end)?;
            }
            if !position.is_used_up() {
                return Ok(position);
            }
        }
        Position::new(self.reader.shared().source(sequence)?, sequence, self.end)
    }
}

impl Iterator for RecordRange {
    type Item = Result<(u64, Record), ReadError>;

    /// Owned records; ends after the first error.
    fn next(&mut self) -> Option<Self::Item> {
        let item = self.next_record().map(|found| found.map(|(sequence, record)| (sequence, record.to_record())));
        let failed = item.is_err();
        let item = item.transpose();
        if failed {
            self.end = self.next;
        }
        item
    }
}
