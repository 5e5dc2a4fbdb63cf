//! Checking a segment batch by batch, and telling a torn batch from a damaged one.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::format::{
    BATCH_BYTES_LIMIT, BatchHeader, Fields, Hash, Layout, Place, SegmentHeader, batch_hash, header_place, parse_record,
    record_size, sector_is_sealed, table_entry,
};
use super::offsets::Sidecar;
use super::segment::{Window, segment_path};
use super::{Damage, DamageKind, FORMAT_VERSION, OpenError, ReadError};
use crate::disk::{Disk, DiskFile, SECTOR_BYTES, is_zero};

const SECTOR: u64 = SECTOR_BYTES as u64;

/// A walk through one segment. After each whole batch the fields say where the walk stands.
pub(super) struct Scan {
    pub(super) path: PathBuf,
    window: Window,
    file_bytes: u64,
    pub(super) segment: u64,
    /// Byte after the last whole batch.
    pub(super) offset: u64,
    /// Sequence after the last whole batch.
    pub(super) next: u64,
    /// Hash of the last whole batch.
    pub(super) previous: Hash,
    /// Highest fence of the batches so far.
    pub(super) fence: u64,
    pub(super) batches: u64,
    /// Where each record begins.
    pub(super) offsets: Vec<u32>,
}

/// What stands where a batch is looked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    Batch,
    /// Zeros up to the end of the file.
    End,
    Torn(Torn),
}

/// A batch of which sectors are empty that should not be, with nothing valid after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Torn {
    pub(super) sequence: u64,
    /// `None` when its first sector is among the empty ones.
    pub(super) records: Option<u32>,
    pub(super) start: u64,
    pub(super) end: u64,
    /// From the first byte that is not zero to behind the last one.
    pub(super) bytes: Range<u64>,
}

enum Sectors {
    Whole,
    Torn,
    Damaged(usize),
}

/// Reads and checks the first sector of a segment.
pub(super) fn segment_header(disk: &dyn Disk, directory: &Path, first: u64) -> Result<SegmentHeader, OpenError> {
    let path = segment_path(directory, first);
    let io = |source| OpenError::Io { operation: "read", path: path.clone(), source };
    let file = disk.open(&path).map_err(io)?;
    let mut sector = [0; SECTOR_BYTES];
    let damaged = |kind| Damage { file: path.clone(), offset: 0, kind };
    if file.size().map_err(io)? < SECTOR {
        return Err(damaged(DamageKind::SegmentHeader).into());
    }
    file.read_exact_at(&mut sector, 0).map_err(io)?;
    let header = SegmentHeader::decode(&sector).ok_or_else(|| damaged(DamageKind::SegmentHeader))?;
    if header.version != FORMAT_VERSION {
        return Err(OpenError::Version { file: path, found: header.version, supported: FORMAT_VERSION });
    }
    if header.first != first {
        return Err(damaged(DamageKind::SegmentName { expected: first, found: header.first }).into());
    }
    Ok(header)
}

/// Compares each sector with its checksum. `batch` has the length its header says.
fn check_sectors(batch: &[u8], layout: Layout, place: Place) -> Sectors {
    let mut torn = false;
    let (header, data) = batch.split_at(layout.header_bytes().min(batch.len()));
    // A lost header sector takes the checksums in it along; what they cover can be neither trusted nor called damaged.
    let mut known = Vec::with_capacity(layout.header_sectors);
    for (index, sector) in header.chunks(SECTOR_BYTES).enumerate() {
        let sealed = sector_is_sealed(sector, header_place(place, index));
        if !sealed && !is_zero(sector) {
            return Sectors::Damaged(index);
        }
        torn |= !sealed;
        known.push(sealed.then_some(sector));
    }
    for (index, sector) in data.chunks(SECTOR_BYTES).enumerate() {
        let (holder, at) = table_entry(index);
        let Some(holder) = known.get(holder).copied().flatten() else { continue };
        let expected = holder.get(at..).and_then(|entry| Fields(entry).u32());
        if expected == Some(crc32c::crc32c(sector)) {
            continue;
        }
        if !is_zero(sector) {
            return Sectors::Damaged(layout.header_sectors + index);
        }
        torn = true;
    }
    if torn { Sectors::Torn } else { Sectors::Whole }
}

/// Checks the records of a whole batch and notes where they begin; the error is the first wrong sequence.
fn check_records(payload: &[u8], header: &BatchHeader, payload_at: u64, offsets: &mut Vec<u32>) -> Result<(), u64> {
    let mut at = 0;
    for sequence in header.first..header.next() {
        let rest = payload.get(at..).unwrap_or_default();
        let record = record_size(rest).and_then(|bytes| rest.get(..bytes)).ok_or(sequence)?;
        parse_record(record, sequence).ok_or(sequence)?;
        offsets.push(u32::try_from(payload_at + at as u64).map_err(|_| sequence)?);
        at += record.len();
    }
    if at == payload.len() { Ok(()) } else { Err(header.next()) }
}

impl Scan {
    /// Begins after the header of a segment; `previous` is the hash that the header carries.
    pub(super) fn new(disk: &dyn Disk, directory: &Path, first: u64, previous: Hash) -> Result<Self, ReadError> {
        Self::resume(disk, directory, first, SECTOR, first, previous)
    }

    /// Begins at a batch known from before.
    pub(super) fn resume(
        disk: &dyn Disk,
        directory: &Path,
        segment: u64,
        offset: u64,
        next: u64,
        previous: Hash,
    ) -> Result<Self, ReadError> {
        let path = segment_path(directory, segment);
        let opened = disk.open(&path).and_then(|file: Arc<dyn DiskFile>| Ok((file.size()?, file)));
        let (file_bytes, file) = opened.map_err(|source| ReadError::Io { path: path.clone(), source })?;
        let (batches, fence, offsets) = (0, 0, Vec::new());
        let window = Window::new(file);
        Ok(Self { path, window, file_bytes, segment, offset, next, previous, fence, batches, offsets })
    }

    pub(super) fn file_bytes(&self) -> u64 {
        self.file_bytes
    }

    pub(super) fn sidecar(&self) -> Sidecar {
        Sidecar { first: self.segment, end: self.offset, last_hash: self.previous }
    }

    fn damage(&self, offset: u64, kind: DamageKind) -> ReadError {
        Damage { file: self.path.clone(), offset, kind }.into()
    }

    pub(super) fn slice(&mut self, offset: u64, count: usize) -> Result<Option<&[u8]>, ReadError> {
        let path = &self.path;
        self.window.slice(offset, count).map_err(|source| ReadError::Io { path: path.clone(), source })
    }

    /// Checks the next batch: header, chain, every sector, every record.
    pub(super) fn step(&mut self) -> Result<Step, ReadError> {
        let place = Place { segment: self.segment, offset: self.offset };
        let Some(sector) = self.slice(place.offset, SECTOR_BYTES)? else { return self.tail(None) };
        let Some(header) = BatchHeader::decode(sector, place) else {
            let empty = is_zero(sector);
            return if empty { self.tail(None) } else { Err(self.damage(place.offset, DamageKind::BatchHeader)) };
        };
        if header.first != self.next {
            let kind = DamageKind::Sequence { expected: self.next, found: header.first };
            return Err(self.damage(place.offset, kind));
        }
        if header.previous != self.previous {
            return Err(self.damage(place.offset, DamageKind::Chain { sequence: header.first }));
        }
        self.step_into(&header, place)
    }

    fn step_into(&mut self, header: &BatchHeader, place: Place) -> Result<Step, ReadError> {
        let layout = header.layout();
        let mut offsets = std::mem::take(&mut self.offsets);
        let Some(batch) = self.slice(place.offset, layout.batch_bytes())? else {
            return Err(self.damage(place.offset, DamageKind::FileTooShort { sequence: header.first }));
        };
        let payload_end = layout.header_bytes() + header.payload_bytes as usize;
        let payload = batch.get(layout.header_bytes()..payload_end).unwrap_or_default();
        let sectors = check_sectors(batch, layout, place);
        let hash = batch_hash(batch);
        match sectors {
            Sectors::Whole => {}
            Sectors::Torn => {
                self.offsets = offsets;
                return self.tail(Some(header));
            }
            Sectors::Damaged(sector) => {
                let offset = place.offset + (sector * SECTOR_BYTES) as u64;
                return Err(self.damage(offset, DamageKind::Sector { sequence: header.first }));
            }
        }
        let records = check_records(payload, header, place.offset + layout.header_bytes() as u64, &mut offsets);
        self.offsets = offsets;
        if let Err(sequence) = records {
            return Err(self.damage(place.offset, DamageKind::Record { sequence }));
        }
        self.offset += layout.batch_bytes() as u64;
        self.next = header.next();
        self.previous = hash;
        self.fence = self.fence.max(header.fence);
        self.batches += 1;
        Ok(Step::Batch)
    }

    /// Looks at everything behind the last whole batch: only zeros, or one torn batch and zeros.
    fn tail(&mut self, header: Option<&BatchHeader>) -> Result<Step, ReadError> {
        let start = self.offset;
        let reach = header.map_or_else(|| Layout::of(BATCH_BYTES_LIMIT), BatchHeader::layout).batch_bytes() as u64;
        let mut end = header.map_or(start, |_| start + reach);
        let (mut offset, mut first, mut behind) = (start, None, start);
        while offset < self.file_bytes {
            let count = usize::try_from(self.file_bytes - offset).unwrap_or(SECTOR_BYTES).min(SECTOR_BYTES);
            let place = Place { segment: self.segment, offset };
            let Some(sector) = self.slice(offset, count)? else { break };
            let next = offset + count as u64;
            if !is_zero(sector) {
                let valid = offset > start && BatchHeader::decode(sector, place).is_some();
                if valid {
                    return Err(self.damage(start, DamageKind::TornInside { sequence: self.next }));
                }
                if next > start + reach || count < SECTOR_BYTES {
                    return Err(self.damage(offset, DamageKind::BytesBehindEnd));
                }
                end = end.max(next);
                let place = |at: Option<usize>| offset + at.unwrap_or_default() as u64;
                first = first.or(Some(place(sector.iter().position(|byte| *byte != 0))));
                behind = place(sector.iter().rposition(|byte| *byte != 0)) + 1;
            }
            offset = next;
        }
        if end == start {
            return Ok(Step::End);
        }
        let (records, bytes) = (header.map(|header| header.records), first.unwrap_or(start)..behind);
        Ok(Step::Torn(Torn { sequence: self.next, records, start, end, bytes }))
    }

    /// Walks to the end of the segment.
    pub(super) fn run(&mut self) -> Result<Option<Torn>, ReadError> {
        loop {
            match self.step()? {
                Step::Batch => {}
                Step::End => return Ok(None),
                Step::Torn(torn) => return Ok(Some(torn)),
            }
        }
    }

    /// As [`Scan::step`] in a segment that another one follows, where nothing may be torn; false at its end.
    pub(super) fn step_closed(&mut self) -> Result<bool, ReadError> {
        match self.step()? {
            Step::Batch => Ok(true),
            Step::End => Ok(false),
            Step::Torn(torn) => Err(self.damage(torn.start, DamageKind::TornInside { sequence: torn.sequence })),
        }
    }

    /// Walks to the end of a segment that another one follows.
    pub(super) fn run_closed(&mut self) -> Result<(), ReadError> {
        while self.step_closed()? {}
        Ok(())
    }
}
