//! Validating what opening took at its word: piece by piece in the background, or all of it for the auditor.

use std::io;
use std::path::Path;

use super::format::Hash;
use super::lock::CleanMarker;
use super::recover::{examine, judge, list_segments};
use super::scan::{Scan, segment_header};
use super::{Damage, DamageKind, DurableFloor, OpenError, ReadError, Reader, journal_directory};
use crate::disk::Disk;

/// Where a scrub stands; made by [`Reader::scrub_from`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScrubPosition {
    segment: u64,
    /// Byte, sequence and hash to go on with inside the segment; none at its beginning.
    inside: Option<(u64, u64, Hash)>,
}

impl ScrubPosition {
    /// Sequence from which on records are not validated yet.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.inside.map_or(self.segment, |(_, next, _)| next)
    }
}

/// What [`verify_all`] read: each record of it is sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Records, which is the size of the trail.
    pub records: u64,
    /// Batches.
    pub batches: u64,
    /// Segments.
    pub segments: u64,
    /// Bytes of batches and segment headers.
    pub bytes: u64,
    /// Whether the journal was stopped cleanly.
    pub clean_stop: bool,
    /// Byte offset of a torn batch at the end of the newest segment: an abrupt stop whose next start has not come yet, or a batch
    /// being written at this moment.
    pub torn_at: Option<u64>,
    /// Why an opening refuses the torn batch, or what looks like one, instead of cutting it off.
    pub refused: Option<Damage>,
    /// Offset tables that are missing or wrong; the next start rebuilds them.
    pub offset_tables_wrong: u64,
}

fn header_of(disk: &dyn Disk, directory: &Path, first: u64) -> Result<super::format::SegmentHeader, ReadError> {
    segment_header(disk, directory, first).map_err(|error| match error {
        OpenError::Damaged(damage) => ReadError::Damaged(damage),
        OpenError::Io { path, source, .. } => ReadError::Io { path, source },
        other => ReadError::Io { path: directory.to_path_buf(), source: io::Error::other(other) },
    })
}

impl Reader {
    /// The beginning of the segment that holds a sequence, for [`Reader::scrub`].
    #[must_use]
    pub fn scrub_from(&self, sequence: u64) -> ScrubPosition {
        let (closed, active) = self.shared().segments();
        let after = closed.partition_point(|first| *first <= sequence);
        let segment = after.checked_sub(1).and_then(|at| closed.get(at)).copied().unwrap_or(0);
        ScrubPosition { segment: if sequence >= active { active } else { segment }, inside: None }
    }

    /// Validates closed segments sector by sector from a position on, until about `bytes_max` bytes are read (a batch is never
    /// split). Returns where to go on, or `None` when all closed segments are sound; the newest one was validated at opening.
    ///
    /// # Errors
    /// [`ReadError::Damaged`] names the file and the place.
    pub fn scrub(&self, position: ScrubPosition, bytes_max: u64) -> Result<Option<ScrubPosition>, ReadError> {
        let (closed, active) = self.shared().segments();
        let shared = self.shared();
        let disk = shared.disk.as_ref();
        let mut bytes = 0;
        let mut position = position;
        while position.segment < active {
            let segment = position.segment;
            let mut scan = match position.inside {
                Some((offset, next, previous)) => {
                    Scan::resume(disk, &shared.directory, segment, offset, next, previous)?
                }
                None => {
                    let header = header_of(disk, &shared.directory, segment)?;
                    Scan::new(disk, &shared.directory, segment, header.previous)?
                }
            };
            let start = scan.offset;
            while scan.step_closed()? {
                scan.offsets.clear();
                if bytes + (scan.offset - start) >= bytes_max {
                    return Ok(Some(ScrubPosition { segment, inside: Some((scan.offset, scan.next, scan.previous)) }));
                }
            }
            bytes += scan.offset - start;
            let after = closed.partition_point(|first| *first <= segment);
            let following = closed.get(after).copied().unwrap_or(active);
            self.check_link(&scan, following)?;
            position = ScrubPosition { segment: following, inside: None };
        }
        Ok(None)
    }

    /// Whether a segment ends where the next one begins, and is what that one continues.
    fn check_link(&self, scan: &Scan, following: u64) -> Result<(), ReadError> {
        let damage = |kind| Damage { file: scan.path.clone(), offset: scan.offset, kind };
        if scan.next != following {
            return Err(damage(DamageKind::Sequence { expected: scan.next, found: following }).into());
        }
        let header = header_of(self.shared().disk.as_ref(), &self.shared().directory, following)?;
        if header.previous != scan.previous {
            return Err(damage(DamageKind::Chain { sequence: following }).into());
        }
        Ok(())
    }
}

/// Reads a whole journal and checks every sector, record, link and table. Writes nothing and takes no lock; while a process appends,
/// a batch on its way may show as torn. The end is judged as an opening does that knows of no checkpoint.
///
/// # Errors
/// [`OpenError`] for the first thing that is not sound, but for what stands behind the last whole batch: that is
/// [`Verified::refused`], and every record can be read.
pub fn verify_all(disk: &dyn Disk, data_directory: &Path) -> Result<Verified, OpenError> {
    let directory = journal_directory(data_directory);
    let segments = list_segments(disk, &directory)?;
    let found = examine(disk, &directory, segments, 0, false)?;
    let marker = CleanMarker::read(disk, &directory)?;
    let clean_stop = marker.is_some_and(|marker| marker.size == found.last.next);
    let judged = judge(&found, marker.as_ref(), DurableFloor::default(), &directory);
    let refused = match judged {
        Ok(()) => None,
        Err(OpenError::Damaged(damage)) if found.torn.is_some() => Some(damage),
        Err(error) => return Err(error),
    };
    Ok(Verified {
        records: found.last.next,
        batches: found.batches,
        segments: found.segments.len() as u64,
        bytes: found.bytes,
        clean_stop,
        torn_at: found.torn.map(|torn| torn.start),
        refused,
        offset_tables_wrong: found.tables_rebuilt,
    })
}
