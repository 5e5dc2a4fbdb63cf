//! Opening: examine everything, judge the tail, and only then mend and take over.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use super::append::Staging;
use super::commit::Writer;
use super::format::{FORMAT_VERSION, HASH_BYTES, SegmentHeader};
use super::lock::{CleanMarker, DirectoryLock};
use super::mend::{keep_cut, remove_leftovers, renew_segment};
use super::offsets::{Sidecar, SidecarFile};
use super::reader::Shared;
use super::scan::{Scan, Torn, segment_header};
use super::segment::{ActiveSegment, Extent, parse_segment_name};
use super::{Damage, DamageKind, DurableFloor, Fence, Journal, OpenError, Options, journal_directory};
use crate::disk::{Disk, SECTOR_BYTES};

/// A journal that is ready, and how it was found.
pub struct Opened {
    /// The journal.
    pub journal: Journal,
    /// How it was found.
    pub recovery: Recovery,
    /// Sequence of the next record; everything below is durable.
    pub next: u64,
    /// The fence of this opening.
    pub fence: Fence,
}

/// How a journal was found at its opening.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// What was cut off, if anything.
    pub cut: Option<Cut>,
    /// Whether the last stop was clean. If not, the newest segment was copied and synced.
    pub clean_stop: bool,
    /// Segments there are.
    pub segments: u64,
    /// Batches validated sector by sector.
    pub batches_checked: u64,
    /// Offset tables that were missing or wrong, and were rebuilt.
    pub offset_tables_rebuilt: u64,
}

/// A batch that a power cut left incomplete. It was never acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// Its first sequence, which is given again.
    pub sequence: u64,
    /// Records it was to hold, when its header survived.
    pub records: Option<u32>,
    /// The segment it stood in.
    pub file: PathBuf,
    /// Where it began, in bytes.
    pub offset: u64,
    /// Where its bytes are kept.
    pub kept: PathBuf,
}

/// What [`examine`] found.
pub(super) struct Examined {
    /// The walk through the newest segment, at its end.
    pub(super) last: Scan,
    pub(super) torn: Option<Torn>,
    /// First sequences of all segments.
    pub(super) segments: Vec<u64>,
    pub(super) fence: u64,
    pub(super) batches: u64,
    pub(super) tables_rebuilt: u64,
    pub(super) bytes: u64,
}

pub(super) fn io_error(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> OpenError {
    let path = path.to_path_buf();
    move |source| OpenError::Io { operation, path, source }
}

/// First sequences of the segments in a directory, ascending.
pub(super) fn list_segments(disk: &dyn Disk, directory: &Path) -> Result<Vec<u64>, OpenError> {
    let names = disk.list(directory).map_err(io_error("list", directory))?;
    let mut segments: Vec<u64> = names.iter().filter_map(|name| parse_segment_name(name)).collect();
    segments.sort_unstable();
    Ok(segments)
}

/// The segment before `next`: taken at the word of its offset table when it is older than what is visited, else read through.
struct Closed<'a> {
    disk: &'a dyn Disk,
    directory: &'a Path,
    repair: bool,
}

impl Closed<'_> {
    fn by_table(&self, first: u64, next: u64) -> Option<Sidecar> {
        let table = SidecarFile::open(self.disk, self.directory, first)?;
        (first + u64::from(table.records) == next).then_some(table.sidecar)
    }

    fn by_scan(&self, first: u64, header: &SegmentHeader, found: &mut Examined) -> Result<(), OpenError> {
        let mut scan = Scan::new(self.disk, self.directory, first, header.previous)?;
        scan.run_closed()?;
        let table = SidecarFile::open(self.disk, self.directory, first);
        if !table.is_some_and(|table| table.matches(&scan.sidecar(), &scan.offsets)) {
            found.tables_rebuilt += 1;
            if self.repair {
                let path = Sidecar::path(self.directory, first);
                scan.sidecar()
                    .write(self.disk, self.directory, &scan.offsets)
                    .map_err(io_error("write the offset table", &path))?;
            }
        }
        found.take(scan);
        Ok(())
    }
}

impl Examined {
    fn take(&mut self, scan: Scan) {
        self.batches += scan.batches;
        self.fence = self.fence.max(scan.fence);
        self.bytes += scan.offset;
        self.last = scan;
    }
}

/// Walks all segments. `segments` is not empty. Changes nothing but offset tables, and those only with `repair`.
pub(super) fn examine(
    disk: &dyn Disk,
    directory: &Path,
    segments: Vec<u64>,
    visit_from: u64,
    repair: bool,
) -> Result<Examined, OpenError> {
    let missing = |sequence| OpenError::MissingSegment { directory: directory.to_path_buf(), sequence };
    let first = segments.first().copied().filter(|first| *first == 0).ok_or_else(|| missing(0))?;
    let last = Scan::new(disk, directory, first, [0; HASH_BYTES])?;
    let mut found = Examined { last, torn: None, segments, fence: 0, batches: 0, tables_rebuilt: 0, bytes: 0 };
    let closed = Closed { disk, directory, repair };
    let (mut next, mut previous) = (0, [0; HASH_BYTES]);
    for (index, first) in found.segments.clone().into_iter().enumerate() {
        if first > next {
            return Err(missing(next));
        }
        let header = segment_header(disk, directory, first)?;
        let damaged = |kind| Damage { file: super::segment::segment_path(directory, first), offset: 0, kind };
        if first < next {
            return Err(damaged(DamageKind::Sequence { expected: next, found: first }).into());
        }
        if header.previous != previous {
            return Err(damaged(DamageKind::Chain { sequence: first }).into());
        }
        found.fence = found.fence.max(header.fence);
        let Some(following) = found.segments.get(index + 1).copied() else {
            let mut scan = Scan::new(disk, directory, first, header.previous)?;
            found.torn = scan.run()?;
            found.take(scan);
            break;
        };
        let trusted = if following <= visit_from { closed.by_table(first, following) } else { None };
        if let Some(table) = trusted {
            (next, previous) = (following, table.last_hash);
            found.bytes += table.end;
        } else {
            closed.by_scan(first, &header, &mut found)?;
            (next, previous) = (found.last.next, found.last.previous);
        }
    }
    // A table is written when the next segment is durable, so one for the newest segment says that a newer one is lost.
    let newest = found.last.segment;
    if SidecarFile::open(disk, directory, newest).is_some() {
        return Err(missing(found.last.next));
    }
    Ok(found)
}

/// Whether the end of the journal is one that may be: nothing durable is missing, and what is torn may be cut.
pub(super) fn judge(
    found: &Examined,
    clean: Option<&CleanMarker>,
    floor: DurableFloor,
    directory: &Path,
) -> Result<(), OpenError> {
    let size = found.last.next;
    if let Some(torn) = &found.torn {
        let sequence = torn.sequence;
        let file = &found.last.path;
        let damage = |kind| Damage { file: file.clone(), offset: torn.start, kind };
        // Nothing of what it was stopped with is missing, so these bytes are no batch of its.
        if clean.is_some_and(|clean| clean.size == size && clean.last_hash == found.last.previous) {
            let last = torn.bytes.end.saturating_sub(1);
            let kind = DamageKind::BytesBehindCleanStop { end: torn.start, last, records: size };
            return Err(Damage { file: file.clone(), offset: torn.bytes.start, kind }.into());
        }
        if clean.is_some() {
            return Err(damage(DamageKind::TornAfterCleanStop { sequence }).into());
        }
        if sequence < floor.checkpoint_size {
            let checkpoint_size = floor.checkpoint_size;
            return Err(damage(DamageKind::TornBelowCheckpoint { sequence, checkpoint_size }).into());
        }
    }
    let expected = floor.checkpoint_size.max(clean.map_or(0, |clean| clean.size));
    if size < expected {
        return Err(OpenError::TooShort { directory: directory.to_path_buf(), expected, found: size });
    }
    match clean {
        Some(clean) if clean.size == size && clean.last_hash != found.last.previous => {
            Err(Damage { file: CleanMarker::path(directory), offset: 0, kind: DamageKind::Chain { sequence: size } }
                .into())
        }
        _ => Ok(()),
    }
}

pub(super) fn open(
    disk: Arc<dyn Disk>,
    data_directory: &Path,
    options: Options,
    floor: DurableFloor,
    visit_from: u64,
) -> Result<Opened, OpenError> {
    options.check()?;
    let directory = journal_directory(data_directory);
    disk.create_directory(&directory).map_err(io_error("create", &directory))?;
    let lock = DirectoryLock::take(disk.as_ref(), data_directory)?;
    let marker = CleanMarker::read(disk.as_ref(), &directory)?;
    let segments = list_segments(disk.as_ref(), &directory)?;
    let expected = floor.checkpoint_size.max(marker.map_or(0, |marker| marker.size));
    if segments.is_empty() && expected > 0 {
        return Err(OpenError::TooShort { directory, expected, found: 0 });
    }
    if segments.is_empty() {
        return found_empty(disk, lock, directory, options);
    }
    let found = examine(disk.as_ref(), &directory, segments, visit_from, true)?;
    judge(&found, marker.as_ref(), floor, &directory)?;
    // A marker that says less than there is was outlived by its removal; it excuses nothing.
    let clean_stop = marker.is_some_and(|marker| marker.size == found.last.next);

    remove_leftovers(disk.as_ref(), &directory).map_err(io_error("remove leftovers in", &directory))?;
    let cut = cut_off(disk.as_ref(), &directory, &found)?;
    let fence = lock.raise_fence(disk.as_ref(), found.fence)?;
    let allocated = if clean_stop {
        found.last.file_bytes() / SECTOR_BYTES as u64 * SECTOR_BYTES as u64
    } else {
        renew_segment(disk.as_ref(), &directory, &options, found.last.segment, found.last.offset)
            .map_err(io_error("copy and fsync", &found.last.path))?
    };
    CleanMarker::remove(disk.as_ref(), &directory)?;
    let recovery = Recovery {
        cut,
        clean_stop,
        segments: found.segments.len() as u64,
        batches_checked: found.batches,
        offset_tables_rebuilt: found.tables_rebuilt,
    };
    assemble(disk, lock, directory, options, Fence(fence), found, allocated, recovery)
}

fn cut_off(disk: &dyn Disk, directory: &Path, found: &Examined) -> Result<Option<Cut>, OpenError> {
    let Some(torn) = &found.torn else { return Ok(None) };
    let kept = keep_cut(disk, directory, found.last.segment, torn)
        .map_err(io_error("keep the cut bytes of", &found.last.path))?;
    let (sequence, records, offset) = (torn.sequence, torn.records, torn.start);
    Ok(Some(Cut { sequence, records, file: found.last.path.clone(), offset, kept }))
}

/// The first start of all, or one that was interrupted before its first segment had a name.
fn found_empty(
    disk: Arc<dyn Disk>,
    lock: DirectoryLock,
    directory: PathBuf,
    options: Options,
) -> Result<Opened, OpenError> {
    remove_leftovers(disk.as_ref(), &directory).map_err(io_error("remove leftovers in", &directory))?;
    let fence = lock.raise_fence(disk.as_ref(), 0)?;
    let header = SegmentHeader { version: FORMAT_VERSION, first: 0, fence, previous: [0; HASH_BYTES] };
    ActiveSegment::create(disk.as_ref(), &directory, &options, &header, 0)
        .map_err(io_error("create the first segment in", &directory))?;
    CleanMarker::remove(disk.as_ref(), &directory)?;
    let found = examine(disk.as_ref(), &directory, vec![0], 0, true)?;
    let allocated = found.last.file_bytes();
    let recovery = Recovery { cut: None, clean_stop: true, segments: 1, batches_checked: 0, offset_tables_rebuilt: 0 };
    assemble(disk, lock, directory, options, Fence(fence), found, allocated, recovery)
}

#[expect(clippy::too_many_arguments, reason = "the one place where the parts of a journal meet")]
fn assemble(
    disk: Arc<dyn Disk>,
    lock: DirectoryLock,
    directory: PathBuf,
    options: Options,
    fence: Fence,
    found: Examined,
    allocated: u64,
    recovery: Recovery,
) -> Result<Opened, OpenError> {
    let (next, last_hash, path) = (found.last.next, found.last.previous, found.last.path);
    let extent = Extent { first: found.last.segment, end: found.last.offset, allocated, offsets: found.last.offsets };
    let active = ActiveSegment::open(disk.as_ref(), &directory, extent).map_err(io_error("open", &path))?;
    let active = Arc::new(active);
    let mut closed = found.segments;
    closed.pop();
    let shared = Shared::new(disk, directory, options, next, closed, Arc::clone(&active));
    let journal = Journal {
        shared: Arc::new(shared),
        staging: Mutex::new(Staging::new(&options, next)),
        writer: Mutex::new(Writer { active, last_hash, spare: None, closed: false }),
        fence,
        _lock: lock,
    };
    Ok(Opened { journal, recovery, next, fence })
}
