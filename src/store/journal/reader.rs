//! Reading what is durable: one record by its sequence, or a range in order.

mod range;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock};

pub use range::{ReadLimits, RecordRange};

use super::format::{RECORD_BYTES_MAX, RECORD_HEADER_BYTES, parse_record, record_size, to_usize};
use super::offsets::SidecarFile;
use super::scan::{Scan, segment_header};
use super::segment::{ActiveSegment, segment_path};
use super::{Damage, DamageKind, OpenError, Options, ReadError, Record};
use crate::disk::{Disk, DiskFile};

/// Closed segments kept open, two files each: enough for the history that people look at, far from any limit on open files.
const SEGMENTS_OPEN_MAX: usize = 64;
/// Read at first for one record; four of five records fit, the rest takes a second read.
const FIRST_READ_BYTES: usize = 4096;

/// What the journal and its readers share.
pub(super) struct Shared {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) directory: PathBuf,
    pub(super) options: Options,
    durable_size: AtomicU64,
    poisoned: AtomicBool,
    offsets_missing: AtomicU64,
    catalog: RwLock<Catalog>,
    open: Mutex<Vec<Arc<ClosedSegment>>>,
}

struct Catalog {
    /// First sequences of the closed segments, ascending.
    closed: Vec<u64>,
    active: Arc<ActiveSegment>,
}

enum Offsets {
    File(SidecarFile),
    Memory(Vec<u32>),
}

/// A segment that is no longer written.
pub(super) struct ClosedSegment {
    first: u64,
    path: PathBuf,
    file: Arc<dyn DiskFile>,
    offsets: Offsets,
}

/// Where to read a record.
#[derive(Clone)]
pub(super) enum Source {
    Active(Arc<ActiveSegment>),
    Closed(Arc<ClosedSegment>),
}

/// Reads durable records; see [`super::Journal::reader`]. Clones share open files.
#[derive(Clone)]
pub struct Reader {
    shared: Arc<Shared>,
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> ReadError {
    let path = path.to_path_buf();
    move |source| ReadError::Io { path, source }
}

impl Shared {
    pub(super) fn new(
        disk: Arc<dyn Disk>,
        directory: PathBuf,
        options: Options,
        durable_size: u64,
        closed: Vec<u64>,
        active: Arc<ActiveSegment>,
    ) -> Self {
        Self {
            disk,
            directory,
            options,
            durable_size: AtomicU64::new(durable_size),
            poisoned: AtomicBool::new(false),
            offsets_missing: AtomicU64::new(0),
            catalog: RwLock::new(Catalog { closed, active }),
            open: Mutex::new(Vec::new()),
        }
    }

    pub(super) fn durable_size(&self) -> u64 {
        self.durable_size.load(Ordering::Acquire)
    }

    pub(super) fn set_durable_size(&self, size: u64) {
        self.durable_size.store(size, Ordering::Release);
    }

    pub(super) fn is_poisoned(&self) -> bool {
        self.poisoned.load(Ordering::Acquire)
    }

    pub(super) fn poison(&self) {
        self.poisoned.store(true, Ordering::Release);
    }

    pub(super) fn note_offsets_missing(&self) {
        self.offsets_missing.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn active(&self) -> Arc<ActiveSegment> {
        Arc::clone(&self.catalog.read().active)
    }

    pub(super) fn set_active(&self, active: Arc<ActiveSegment>) {
        let mut catalog = self.catalog.write();
        let closed = catalog.active.first;
        catalog.closed.push(closed);
        catalog.active = active;
    }

    /// First sequences of the closed segments, and of the active one.
    pub(super) fn segments(&self) -> (Vec<u64>, u64) {
        let catalog = self.catalog.read();
        (catalog.closed.clone(), catalog.active.first)
    }

    /// The segment that holds a sequence below the durable size.
    pub(super) fn source(&self, sequence: u64) -> Result<Source, ReadError> {
        let catalog = self.catalog.read();
        if sequence >= catalog.active.first {
            return Ok(Source::Active(Arc::clone(&catalog.active)));
        }
        let after = catalog.closed.partition_point(|first| *first <= sequence);
        let first = after.checked_sub(1).and_then(|at| catalog.closed.get(at)).copied().unwrap_or(0);
        let next = catalog.closed.get(after).copied().unwrap_or(catalog.active.first);
        drop(catalog);
        Ok(Source::Closed(self.closed(first, next)?))
    }

    fn closed(&self, first: u64, next: u64) -> Result<Arc<ClosedSegment>, ReadError> {
        let mut open = self.open.lock();
        if let Some(at) = open.iter().position(|segment| segment.first == first) {
            let segment = open.remove(at);
            open.push(Arc::clone(&segment));
            return Ok(segment);
        }
        drop(open);
        let sidecar = SidecarFile::open(self.disk.as_ref(), &self.directory, first)
            .filter(|sidecar| first + u64::from(sidecar.records) == next);
        let offsets = sidecar.map_or_else(|| self.rebuild(first), |sidecar| Ok(Offsets::File(sidecar)))?;
        self.keep_open(first, offsets)
    }

    fn keep_open(&self, first: u64, offsets: Offsets) -> Result<Arc<ClosedSegment>, ReadError> {
        let path = segment_path(&self.directory, first);
        let file = self.disk.open(&path).map_err(io_error(&path))?;
        let segment = Arc::new(ClosedSegment { first, path, file, offsets });
        let mut open = self.open.lock();
        open.retain(|other| other.first != first);
        if open.len() >= SEGMENTS_OPEN_MAX {
            open.remove(0);
        }
        open.push(Arc::clone(&segment));
        Ok(segment)
    }

    /// Reads a closed segment through, fully checked, and puts its offset table back.
    fn rebuild(&self, first: u64) -> Result<Offsets, ReadError> {
        let disk = self.disk.as_ref();
        let header = segment_header(disk, &self.directory, first).map_err(|error| match error {
            OpenError::Damaged(damage) => ReadError::Damaged(damage),
            other => io_error(&segment_path(&self.directory, first))(io::Error::other(other)),
        })?;
        let mut scan = Scan::new(disk, &self.directory, first, header.previous)?;
        scan.run_closed()?;
        if scan.sidecar().write(disk, &self.directory, &scan.offsets).is_err() {
            self.note_offsets_missing();
        }
        Ok(Offsets::Memory(scan.offsets))
    }

    /// A source whose offset table is certainly right, after a record was not found where the table said.
    pub(super) fn repaired(&self, source: &Source) -> Result<Option<Source>, ReadError> {
        match source {
            Source::Closed(segment) if matches!(segment.offsets, Offsets::File(_)) => {
                let offsets = self.rebuild(segment.first)?;
                Ok(Some(Source::Closed(self.keep_open(segment.first, offsets)?)))
            }
            _ => Ok(None),
        }
    }
}

impl Source {
    pub(super) fn file(&self) -> &Arc<dyn DiskFile> {
        match self {
            Self::Active(segment) => &segment.file,
            Self::Closed(segment) => &segment.file,
        }
    }

    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Active(segment) => &segment.path,
            Self::Closed(segment) => &segment.path,
        }
    }

    /// Where the records from `sequence` on begin, at most `count` of them.
    pub(super) fn offsets(&self, sequence: u64, count: usize, into: &mut Vec<u32>) -> Result<(), ReadError> {
        let copy = |table: &[u32], first: u64, into: &mut Vec<u32>| {
            into.extend(table.iter().skip(to_usize(sequence - first)).take(count));
        };
        match self {
            Self::Active(segment) => copy(&segment.offsets.read(), segment.first, into),
            Self::Closed(segment) => match &segment.offsets {
                Offsets::Memory(table) => copy(table, segment.first, into),
                Offsets::File(file) => {
                    file.offsets(sequence - segment.first, count, into).map_err(io_error(&segment.path))?;
                }
            },
        }
        Ok(())
    }

    pub(super) fn damage(&self, sequence: u64, offset: u32) -> ReadError {
        let kind = DamageKind::Record { sequence };
        Damage { file: self.path().to_path_buf(), offset: u64::from(offset), kind }.into()
    }

    /// `Err` is where the record should be and is not.
    fn record(&self, sequence: u64) -> Result<Result<Record, u32>, ReadError> {
        let mut offsets = Vec::with_capacity(1);
        self.offsets(sequence, 1, &mut offsets)?;
        let Some(offset) = offsets.first().copied() else { return Ok(Err(0)) };
        let file = self.file();
        let mut bytes = vec![0; FIRST_READ_BYTES];
        let mut filled = 0;
        let mut wanted = FIRST_READ_BYTES;
        // Two rounds: the first shows the length, the second fetches what the first did not reach.
        while filled < wanted {
            let rest = bytes.get_mut(filled..wanted).unwrap_or_default();
            match file.read_at(rest, u64::from(offset) + filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(io_error(self.path())(error)),
            }
            if filled >= RECORD_HEADER_BYTES {
                let Some(size) = record_size(&bytes).filter(|size| *size <= RECORD_BYTES_MAX) else { break };
                wanted = size;
                bytes.resize(bytes.len().max(size), 0);
            }
        }
        let record = bytes.get(..wanted.min(filled)).and_then(|bytes| parse_record(bytes, sequence));
        Ok(record.map(|record| record.to_record()).ok_or(offset))
    }
}

impl Reader {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Records that are durable now: every lower sequence can be read.
    #[must_use]
    pub fn durable_size(&self) -> u64 {
        self.shared.durable_size()
    }

    /// One record, `None` when it is not durable (yet). Two reads in most cases, one in the newest segment.
    ///
    /// # Errors
    /// [`ReadError::Damaged`] when the record is not what was written, after its offset table was rebuilt once.
    pub fn read(&self, sequence: u64) -> Result<Option<Record>, ReadError> {
        if sequence >= self.durable_size() {
            return Ok(None);
        }
        let source = self.shared.source(sequence)?;
        let offset = match source.record(sequence)? {
            Ok(record) => return Ok(Some(record)),
            Err(offset) => offset,
        };
        let Some(repaired) = self.shared.repaired(&source)? else { return Err(source.damage(sequence, offset)) };
        match repaired.record(sequence)? {
            Ok(record) => Ok(Some(record)),
            Err(offset) => Err(repaired.damage(sequence, offset)),
        }
    }

    /// Offset tables that could not be written since the start (a full disk, say). They are rebuilt when needed, which costs a read
    /// of the whole segment.
    #[must_use]
    pub fn offset_tables_missing(&self) -> u64 {
        self.shared.offsets_missing.load(Ordering::Relaxed)
    }
}
