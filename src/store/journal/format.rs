//! The bytes of segments, batches and records; drawn in `schemas/trail/journal-format.md`. Pure: no file is touched here.

use sha2::{Digest as _, Sha256};

use super::RecordRef;
use crate::disk::SECTOR_BYTES;

/// The format written and read by this release.
pub const FORMAT_VERSION: u32 = 1;
/// Bytes of a leaf: its length is a u16, as in a trail bundle.
pub const LEAF_BYTES_MAX: usize = 65_535;
/// Bytes of a sealed body: 64 KiB of plaintext and up to 1 KiB for sealing. Larger ones are blobs.
pub const BODY_BYTES_MAX: usize = 64 * 1024 + 1024;
/// Upper bound of [`super::Options::segment_bytes_max`]; offsets inside a segment are u32.
pub const SEGMENT_BYTES_LIMIT: u64 = 256 << 20;
/// Upper bound of [`super::Options::batch_bytes_max`]: what is read back at once to check a batch.
pub const BATCH_BYTES_LIMIT: usize = 16 << 20;

pub(super) const RECORD_HEADER_BYTES: usize = 12;
pub(super) const RECORD_BYTES_MAX: usize = RECORD_HEADER_BYTES + LEAF_BYTES_MAX + BODY_BYTES_MAX;
pub(super) const HASH_BYTES: usize = 32;
pub(super) type Hash = [u8; HASH_BYTES];

const SEGMENT_MAGIC: [u8; 8] = *b"XZSEGMT\n";
const BATCH_MAGIC: [u8; 8] = *b"XZBATCH\n";
const CHECKSUM_AT: usize = SECTOR_BYTES - 4;
const BATCH_FIXED_BYTES: usize = 80;
/// Table entries in the first header sector, and in each further one.
const ENTRIES_FIRST: usize = (CHECKSUM_AT - BATCH_FIXED_BYTES) / 4;
const ENTRIES_MORE: usize = CHECKSUM_AT / 4;
/// Not zero, so that no sector of a batch is empty only because the payload ended early in it.
const PADDING: u8 = 0xA5;
const FLAG_BODY: u16 = 1;

pub(super) fn to_usize(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

/// Sequential reading of little-endian fields; `None` once the bytes run out.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl Fields<'_> {
    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }
}

/// Sequential writing of little-endian fields into a buffer known to be large enough; what does not fit is dropped.
pub(super) struct FieldsMut<'a>(pub(super) &'a mut [u8]);

impl FieldsMut<'_> {
    pub(super) fn put(&mut self, bytes: &[u8]) {
        let rest = std::mem::take(&mut self.0);
        let (head, tail) = rest.split_at_mut(bytes.len().min(rest.len()));
        head.copy_from_slice(bytes.get(..head.len()).unwrap_or_default());
        self.0 = tail;
    }
}

/// Where a header sector stands. Its checksum is seeded with this, so that a copy of it anywhere else is not valid.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) segment: u64,
    pub(super) offset: u64,
}

fn seeded(place: Place, bytes: &[u8]) -> u32 {
    let mut seed = [0; 16];
    let mut fields = FieldsMut(&mut seed);
    fields.put(&place.segment.to_le_bytes());
    fields.put(&place.offset.to_le_bytes());
    crc32c::crc32c_append(crc32c::crc32c(&seed), bytes)
}

fn seal_sector(sector: &mut [u8], place: Place) {
    if let Some((content, checksum)) = sector.split_at_mut_checked(CHECKSUM_AT) {
        checksum.copy_from_slice(&seeded(place, content).to_le_bytes());
    }
}

/// Whether a header sector matches the checksum at its end.
pub(super) fn sector_is_sealed(sector: &[u8], place: Place) -> bool {
    sector.split_at_checked(CHECKSUM_AT).is_some_and(|(content, sum)| seeded(place, content).to_le_bytes() == sum)
}

/// The first sector of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SegmentHeader {
    pub(super) version: u32,
    pub(super) first: u64,
    pub(super) fence: u64,
    pub(super) previous: Hash,
}

impl SegmentHeader {
    pub(super) fn encode(&self) -> [u8; SECTOR_BYTES] {
        let mut sector = [0; SECTOR_BYTES];
        let mut fields = FieldsMut(&mut sector);
        fields.put(&SEGMENT_MAGIC);
        fields.put(&self.version.to_le_bytes());
        fields.put(&512_u32.to_le_bytes());
        fields.put(&self.first.to_le_bytes());
        fields.put(&self.fence.to_le_bytes());
        fields.put(&self.previous);
        // Not seeded with the name: a renamed segment shall be told as such, not as damage.
        seal_sector(&mut sector, Place { segment: 0, offset: 0 });
        sector
    }

    pub(super) fn decode(sector: &[u8]) -> Option<Self> {
        let mut fields = Fields(sector);
        if fields.array()? != SEGMENT_MAGIC || !sector_is_sealed(sector, Place { segment: 0, offset: 0 }) {
            return None;
        }
        let version = fields.u32()?;
        fields.u32()?;
        Some(Self { version, first: fields.u64()?, fence: fields.u64()?, previous: fields.array()? })
    }
}

/// How many sectors a batch takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) header_sectors: usize,
    pub(super) data_sectors: usize,
}

impl Layout {
    pub(super) fn of(payload_bytes: usize) -> Self {
        let data_sectors = payload_bytes.div_ceil(SECTOR_BYTES);
        let header_sectors = 1 + data_sectors.saturating_sub(ENTRIES_FIRST).div_ceil(ENTRIES_MORE);
        Self { header_sectors, data_sectors }
    }

    pub(super) fn header_bytes(self) -> usize {
        self.header_sectors * SECTOR_BYTES
    }

    pub(super) fn batch_bytes(self) -> usize {
        (self.header_sectors + self.data_sectors) * SECTOR_BYTES
    }
}

/// The fixed part of a batch's first sector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BatchHeader {
    pub(super) first: u64,
    pub(super) records: u32,
    pub(super) payload_bytes: u32,
    pub(super) wall_ms: u64,
    pub(super) fence: u64,
    pub(super) previous: Hash,
}

impl BatchHeader {
    pub(super) fn layout(&self) -> Layout {
        Layout::of(self.payload_bytes as usize)
    }

    /// Sequence after the last record.
    pub(super) fn next(&self) -> u64 {
        self.first + u64::from(self.records)
    }

    /// Fills the header sectors in front of `data`, which is the padded payload.
    pub(super) fn encode(&self, area: &mut [u8], data: &[u8], place: Place) {
        let layout = self.layout();
        let mut fields = FieldsMut(area);
        fields.put(&BATCH_MAGIC);
        fields.put(&self.first.to_le_bytes());
        fields.put(&self.records.to_le_bytes());
        fields.put(&self.payload_bytes.to_le_bytes());
        fields.put(&self.wall_ms.to_le_bytes());
        fields.put(&self.fence.to_le_bytes());
        fields.put(&self.previous);
        for count in [layout.header_sectors, layout.data_sectors] {
            fields.put(&u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
        }
        let mut sums = data.chunks(SECTOR_BYTES).map(crc32c::crc32c);
        for (index, sector) in area.chunks_mut(SECTOR_BYTES).enumerate() {
            let from = if index == 0 { BATCH_FIXED_BYTES } else { 0 };
            for entry in sector.get_mut(from..CHECKSUM_AT).unwrap_or_default().chunks_mut(4) {
                entry.copy_from_slice(&sums.next().unwrap_or(0).to_le_bytes());
            }
            seal_sector(sector, header_place(place, index));
        }
    }

    /// Reads the first sector of a batch; `None` when it is not a valid header of this very place.
    pub(super) fn decode(sector: &[u8], place: Place) -> Option<Self> {
        let mut fields = Fields(sector);
        if fields.array()? != BATCH_MAGIC || !sector_is_sealed(sector, place) {
            return None;
        }
        let header = Self {
            first: fields.u64()?,
            records: fields.u32()?,
            payload_bytes: fields.u32()?,
            wall_ms: fields.u64()?,
            fence: fields.u64()?,
            previous: fields.array()?,
        };
        let layout = header.layout();
        let counts = (fields.u32()? as usize, fields.u32()? as usize);
        let plausible = header.records > 0
            && header.payload_bytes as usize <= BATCH_BYTES_LIMIT
            && header.first.checked_add(u64::from(header.records)).is_some()
            && counts == (layout.header_sectors, layout.data_sectors);
        plausible.then_some(header)
    }
}

/// The place of the n-th header sector of a batch.
pub(super) fn header_place(batch: Place, index: usize) -> Place {
    Place { offset: batch.offset + (index * SECTOR_BYTES) as u64, ..batch }
}

/// Where the checksum of the n-th data sector stands: number of the header sector, and byte in it.
pub(super) fn table_entry(data_sector: usize) -> (usize, usize) {
    match data_sector.checked_sub(ENTRIES_FIRST) {
        None => (0, BATCH_FIXED_BYTES + data_sector * 4),
        Some(beyond) => (1 + beyond / ENTRIES_MORE, beyond % ENTRIES_MORE * 4),
    }
}

/// Fills the last sector of a payload.
pub(super) fn pad(batch: &mut Vec<u8>, payload_bytes: usize) {
    let missing = payload_bytes.next_multiple_of(SECTOR_BYTES) - payload_bytes;
    batch.resize(batch.len() + missing, PADDING);
}

pub(super) fn batch_hash(batch: &[u8]) -> Hash {
    Sha256::digest(batch).into()
}

/// Bytes a record takes.
pub(super) fn record_bytes(record: &RecordRef<'_>) -> usize {
    RECORD_HEADER_BYTES + record.leaf.len() + record.body.map_or(0, <[u8]>::len)
}

fn record_checksum(sequence: u64, content: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&sequence.to_le_bytes()), content)
}

/// Appends one record; its sizes are checked by the caller.
pub(super) fn put_record(buffer: &mut Vec<u8>, sequence: u64, record: &RecordRef<'_>) {
    let start = buffer.len();
    let leaf_bytes = u16::try_from(record.leaf.len()).unwrap_or(u16::MAX);
    let body = record.body.unwrap_or_default();
    let flags = if record.body.is_some() { FLAG_BODY } else { 0 };
    buffer.extend_from_slice(&[0; 4]);
    buffer.extend_from_slice(&leaf_bytes.to_le_bytes());
    buffer.extend_from_slice(&flags.to_le_bytes());
    buffer.extend_from_slice(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes());
    buffer.extend_from_slice(record.leaf);
    buffer.extend_from_slice(body);
    if let Some((sum, content)) = buffer.get_mut(start..).and_then(|record| record.split_first_chunk_mut::<4>()) {
        *sum = record_checksum(sequence, content).to_le_bytes();
    }
}

/// Bytes of the record whose header stands first in `bytes`; `None` when that is no record header.
pub(super) fn record_size(bytes: &[u8]) -> Option<usize> {
    let mut fields = Fields(bytes);
    fields.u32()?;
    let leaf_bytes = usize::from(fields.u16()?);
    let flags = fields.u16()?;
    let body_bytes = fields.u32()? as usize;
    let plausible = body_bytes <= BODY_BYTES_MAX && (flags == FLAG_BODY || flags == 0 && body_bytes == 0);
    plausible.then_some(RECORD_HEADER_BYTES + leaf_bytes + body_bytes)
}

/// Reads the record of that sequence, whose bytes are exactly `bytes`; `None` when it is not that record.
pub(super) fn parse_record(bytes: &[u8], sequence: u64) -> Option<RecordRef<'_>> {
    let (sum, content) = bytes.split_first_chunk::<4>()?;
    if record_size(bytes)? != bytes.len() || record_checksum(sequence, content).to_le_bytes() != *sum {
        return None;
    }
    split_record(bytes)
}

/// Takes a record apart whose checksum was compared before.
pub(super) fn split_record(bytes: &[u8]) -> Option<RecordRef<'_>> {
    let mut fields = Fields(bytes);
    fields.u32()?;
    let leaf_bytes = usize::from(fields.u16()?);
    let flags = fields.u16()?;
    let (leaf, body) = bytes.get(RECORD_HEADER_BYTES..)?.split_at_checked(leaf_bytes)?;
    Some(RecordRef { leaf, body: (flags == FLAG_BODY).then_some(body) })
}
