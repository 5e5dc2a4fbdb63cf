//! Reading a journal that nobody holds: every record in order, checked, for the auditor.

use std::path::Path;

use super::format::{RECORD_HEADER_BYTES, record_size, split_record};
use super::recover::list_segments;
use super::scan::{Scan, Step, segment_header};
use super::{Damage, DamageKind, OpenError, RecordRef, journal_directory};
use crate::disk::Disk;

/// Gives every whole record of a data directory to `visit`, in order; writes nothing and takes no lock. Sectors, links and
/// checksums are checked on the way. A torn batch at the end is left out: it was never acknowledged.
///
/// # Errors
/// [`OpenError`] for the first thing that is not sound, or with what `visit` said.
pub fn each_record(
    disk: &dyn Disk,
    data_directory: &Path,
    visit: &mut dyn FnMut(u64, RecordRef<'_>) -> std::io::Result<()>,
) -> Result<u64, OpenError> {
    let directory = journal_directory(data_directory);
    let mut sequence = 0;
    for first in list_segments(disk, &directory)? {
        if first != sequence {
            return Err(OpenError::MissingSegment { directory, sequence });
        }
        let header = segment_header(disk, &directory, first)?;
        let mut scan = Scan::new(disk, &directory, first, header.previous)?;
        let mut seen = 0;
        while scan.step()? == Step::Batch {
            let fresh: Vec<u32> = scan.offsets.get(seen..).unwrap_or_default().to_vec();
            seen = scan.offsets.len();
            for offset in fresh {
                let path = scan.path.clone();
                let lost =
                    || Damage { file: path.clone(), offset: offset.into(), kind: DamageKind::Record { sequence } };
                let bytes = scan.slice(offset.into(), RECORD_HEADER_BYTES)?.and_then(record_size).ok_or_else(lost)?;
                let record = scan.slice(offset.into(), bytes)?.and_then(split_record).ok_or_else(lost)?;
                let told = visit(sequence, record);
                told.map_err(|source| OpenError::Io { operation: "audit", path: path.clone(), source })?;
                sequence += 1;
            }
        }
    }
    Ok(sequence)
}
