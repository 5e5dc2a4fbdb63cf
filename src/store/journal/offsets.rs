//! The offset table of a closed segment: where each record begins. A copy of what the segment says, so it may be lost.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::format::{Fields, FieldsMut, Hash};
use crate::disk::{Disk, DiskFile};

const MAGIC: [u8; 8] = *b"XZOFFST\n";
const VERSION: u32 = 1;
const HEADER_BYTES: usize = 128;
const CHECKSUM_AT: usize = HEADER_BYTES - 4;

/// What a table says of its segment besides the offsets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sidecar {
    pub(super) first: u64,
    /// Byte after the last batch.
    pub(super) end: u64,
    pub(super) last_hash: Hash,
}

/// A table opened for reading.
pub(super) struct SidecarFile {
    pub(super) sidecar: Sidecar,
    pub(super) records: u32,
    table_checksum: u32,
    file: Arc<dyn DiskFile>,
}

impl Sidecar {
    pub(super) fn path(directory: &Path, first: u64) -> PathBuf {
        directory.join(format!("{first:020}.offsets"))
    }

    pub(super) fn write(&self, disk: &dyn Disk, directory: &Path, offsets: &[u32]) -> io::Result<()> {
        let mut bytes = vec![0; HEADER_BYTES];
        bytes.extend(offsets.iter().flat_map(|offset| offset.to_le_bytes()));
        let (header, table) = bytes.split_at_mut(HEADER_BYTES);
        let mut fields = FieldsMut(header);
        fields.put(&MAGIC);
        fields.put(&VERSION.to_le_bytes());
        fields.put(&u32::try_from(offsets.len()).map_err(io::Error::other)?.to_le_bytes());
        fields.put(&self.first.to_le_bytes());
        fields.put(&self.end.to_le_bytes());
        fields.put(&self.last_hash);
        fields.put(&crc32c::crc32c(table).to_le_bytes());
        if let Some((content, sum)) = header.split_at_mut_checked(CHECKSUM_AT) {
            sum.copy_from_slice(&crc32c::crc32c(content).to_le_bytes());
        }
        disk.replace_file(&Self::path(directory, self.first), &bytes)
    }
}

impl SidecarFile {
    /// `None` when it is missing, unreadable or not what it should be: then the caller rebuilds it.
    pub(super) fn open(disk: &dyn Disk, directory: &Path, first: u64) -> Option<Self> {
        let file = disk.open(&Sidecar::path(directory, first)).ok()?;
        let mut header = [0; HEADER_BYTES];
        file.read_exact_at(&mut header, 0).ok()?;
        let (content, sum) = header.split_at_checked(CHECKSUM_AT)?;
        let mut fields = Fields(content);
        if fields.array()? != MAGIC || fields.u32()? != VERSION || crc32c::crc32c(content).to_le_bytes() != sum {
            return None;
        }
        let records = fields.u32()?;
        let sidecar = Sidecar { first: fields.u64()?, end: fields.u64()?, last_hash: fields.array()? };
        let table_checksum = fields.u32()?;
        let bytes = HEADER_BYTES as u64 + u64::from(records) * 4;
        (sidecar.first == first && file.size().ok()? == bytes).then_some(Self {
            sidecar,
            records,
            table_checksum,
            file,
        })
    }

    /// The offsets of `count` records from the `index`-th on, fewer at the end of the table.
    pub(super) fn offsets(&self, index: u64, count: usize, into: &mut Vec<u32>) -> io::Result<()> {
        let left = usize::try_from(u64::from(self.records).saturating_sub(index)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; count.min(left) * 4];
        self.file.read_exact_at(&mut bytes, HEADER_BYTES as u64 + index * 4)?;
        into.extend(bytes.as_chunks::<4>().0.iter().map(|entry| u32::from_le_bytes(*entry)));
        Ok(())
    }

    /// Whether the table is exactly this one.
    pub(super) fn matches(&self, sidecar: &Sidecar, offsets: &[u32]) -> bool {
        let mut stored = Vec::new();
        self.sidecar == *sidecar
            && self.offsets(0, offsets.len(), &mut stored).is_ok()
            && stored == offsets
            && self.table_checksum
                == offsets.iter().fold(0, |sum, offset| crc32c::crc32c_append(sum, &offset.to_le_bytes()))
    }
}
