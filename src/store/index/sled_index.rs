//! The index on disk, on sled: opened under `catch_unwind`, set aside when damaged, sealed throughout.

use super::key::{KEY_APPLIED, KEY_SCHEMA};
use super::{Cursor, Index, IndexBatch, IndexError, IndexKey, IndexList, Page, PageOrder};
use super::{PAGE_ENTRIES_MAX, check_batch, page_bounds, value};
use crate::random::Random;
use crate::seal::root::RootKey;
use crate::seal::{NONCE_BYTES, SealError, Sealer};
use parking_lot::Mutex;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Raised whenever keys or values change their form or entries are left out; an index of another schema is set aside and refilled.
const SCHEMA: u32 = 4;
/// From this one on each has all entries of the next and more: they only get the new number. Those before 4 had an entry for each slip
/// instead of one for those of a stretch.
const SCHEMA_OLDEST: u32 = 4;
const SALT_BYTES: usize = 16;
/// sled counts its cache loosely and goes well over this, so it is kept small.
const CACHE_BYTES: u64 = 16 * 1024 * 1024;
/// How often sled writes by itself. The index is rebuildable, so this only bounds what a crash makes us apply again.
const FLUSH_EVERY_MS: u64 = 1_000;
/// Damaged folders kept for whoever wants to look; older ones are removed, they can be large.
const SET_ASIDE_KEPT: usize = 2;
/// Names tried for a folder set aside.
const SET_ASIDE_NUMBER_MAX: u32 = 100_000;

/// A damaged index that was put out of the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// Where it lies now.
    pub path: PathBuf,
    /// Why.
    pub reason: String,
}

/// What opening gave.
pub struct Opened {
    /// The index; when something was set aside it is empty, with `applied` 0.
    pub index: SledIndex,
    /// What had to be put out of the way.
    pub set_aside: Option<SetAside>,
}

/// The index on disk.
pub struct SledIndex {
    db: sled::Db,
    path: PathBuf,
    sealer: Sealer,
    applied: AtomicU64,
    writer: Mutex<()>,
    damaged: AtomicBool,
}

/// sled gives its lock back on a thread of its own, some time after the index was dropped: opening it again looks so often.
const LOCK_LOOKS_MAX: u32 = 250;
/// And so far apart, five seconds in all; a lock held longer is another process's.
const LOCK_LOOK_EVERY: std::time::Duration = std::time::Duration::from_millis(20);

/// The file in its folder by which sled holds off others.
const LOCKED_FILE: &str = "db";

/// What can go wrong with sled, before it is known what was being done.
enum Fault {
    Damage(String),
    Disk(io::Error),
}

impl Fault {
    /// The folder is still locked by an index that was dropped a moment ago.
    fn is_lock(&self) -> bool {
        matches!(self, Self::Disk(error) if error.to_string().contains("could not acquire lock"))
    }
}

impl From<sled::Error> for Fault {
    fn from(error: sled::Error) -> Self {
        match error {
            // A cut file shows as an early end; every other answer of the system is about the disk, not about our bytes.
            sled::Error::Io(source)
                if !matches!(source.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData) =>
            {
                Self::Disk(source)
            }
            sled::Error::CollectionNotFound(_) => Self::Damage("a collection is missing".to_owned()),
            other => Self::Damage(other.to_string()),
        }
    }
}

impl Fault {
    fn during(self, operation: &'static str, path: &Path) -> IndexError {
        match self {
            Self::Damage(reason) => IndexError::Damaged { operation, path: path.to_owned(), reason },
            Self::Disk(source) => IndexError::Disk { operation, path: path.to_owned(), source },
        }
    }
}

/// sled panics on damage that it did not foresee; a panic is damage like any other here.
fn guarded<T>(call: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| Err(Fault::Damage("sled panicked".to_owned())))
}

impl SledIndex {
    /// Opens the index in `path`, or makes one. A damaged one, one of another schema, or one under another root key is
    /// renamed to `index-damaged-<n>` beside it, and a fresh empty one comes back for the caller to refill.
    ///
    /// # Errors
    /// [`IndexError::Disk`] when the system refuses, [`IndexError::Damaged`] when even a fresh one does not open.
    pub fn open(path: &Path, root: &RootKey, random: &mut dyn Random) -> Result<Opened, IndexError> {
        if path.is_file() {
            return Self::start_over(path, "a plain file stands in its place".to_owned(), root, random);
        }
        let mut opened = guarded(|| Self::try_open(path, root, random));
        for _ in 0..LOCK_LOOKS_MAX {
            if !opened.as_ref().is_err_and(Fault::is_lock) {
                break;
            }
            std::thread::park_timeout(LOCK_LOOK_EVERY);
            opened = guarded(|| Self::try_open(path, root, random));
        }
        match opened {
            Ok(index) => Ok(Opened { index, set_aside: None }),
            Err(Fault::Disk(source)) => Err(Fault::Disk(source).during("open", path)),
            Err(Fault::Damage(reason)) => Self::start_over(path, reason, root, random),
        }
    }

    /// Gives up an index that reported damage, puts it out of the way, and opens a fresh one.
    ///
    /// # Errors
    /// As [`SledIndex::open_anew`].
    pub fn set_aside(self, reason: &str, root: &RootKey, random: &mut dyn Random) -> Result<Opened, IndexError> {
        let path = self.path.clone();
        // Closing makes sled write once more, which may panic on the very damage that we are leaving.
        let _closed = catch_unwind(AssertUnwindSafe(move || drop(self)));
        Self::open_anew(&path, reason, root, random)
    }

    /// Puts an index that reported damage out of the way, once whoever still read it let go of it, and opens a fresh one.
    ///
    /// # Errors
    /// [`IndexError::Disk`] when the system refuses or somebody holds the old one for longer than five seconds.
    pub fn open_anew(path: &Path, reason: &str, root: &RootKey, random: &mut dyn Random) -> Result<Opened, IndexError> {
        // What sled still writes by path would otherwise land in the fresh one.
        until_closed(path).map_err(|source| Fault::Disk(source).during("set aside", path))?;
        if path.exists() {
            return Self::start_over(path, reason.to_owned(), root, random);
        }
        Self::open(path, root, random)
    }

    fn start_over(path: &Path, reason: String, root: &RootKey, random: &mut dyn Random) -> Result<Opened, IndexError> {
        let aside = move_aside(path).map_err(|source| Fault::Disk(source).during("set aside", path))?;
        let index = guarded(|| Self::try_open(path, root, random)).map_err(|fault| fault.during("make anew", path))?;
        Ok(Opened { index, set_aside: Some(SetAside { path: aside, reason }) })
    }

    fn try_open(path: &Path, root: &RootKey, random: &mut dyn Random) -> Result<Self, Fault> {
        let db =
            sled::Config::new().path(path).cache_capacity(CACHE_BYTES).flush_every_ms(Some(FLUSH_EVERY_MS)).open()?;
        let (sealer, applied) = match db.get(KEY_SCHEMA)? {
            Some(stored) => read_schema(&db, &stored, root, random)?,
            None if db.is_empty() => (write_schema(&db, root, random)?, 0),
            None => return Err(Fault::Damage("entries without a schema".to_owned())),
        };
        Ok(Self {
            db,
            path: path.to_owned(),
            sealer,
            applied: AtomicU64::new(applied),
            writer: Mutex::new(()),
            damaged: AtomicBool::new(false),
        })
    }

    /// Bytes on disk.
    ///
    /// # Errors
    /// As reading.
    pub fn size_on_disk(&self) -> Result<u64, IndexError> {
        self.run("measure", || Ok(self.db.size_on_disk()?))
    }

    fn run<T>(&self, operation: &'static str, call: impl FnOnce() -> Result<T, Fault>) -> Result<T, IndexError> {
        if self.damaged.load(Ordering::Acquire) {
            return Err(Fault::Damage("found damaged before".to_owned()).during(operation, &self.path));
        }
        guarded(call).map_err(|fault| {
            if matches!(fault, Fault::Damage(_)) {
                self.damaged.store(true, Ordering::Release);
            }
            fault.during(operation, &self.path)
        })
    }

    /// What is to be written, in the order in which it must be, the place last; `None` takes an entry away.
    fn sealed(&self, batch: &IndexBatch, random: &mut dyn Random) -> Result<Vec<Write>, IndexError> {
        let mut drawn = vec![0; (batch.puts.len() + 1) * NONCE_BYTES];
        random.fill(&mut drawn);
        let mut nonces = drawn.as_chunks::<NONCE_BYTES>().0.iter().copied();
        let mut nonce = || nonces.next().ok_or(SealError::Refused);
        let mut writes: Vec<Write> = Vec::with_capacity(batch.removes.len() + batch.puts.len() + 1);
        for (key, value) in &batch.puts {
            let key = key.encode();
            let value = value::encode(&self.sealer, &key, value, nonce()?)?;
            writes.push((key, Some(value)));
        }
        // Behind what takes their place: a kill in between leaves both.
        writes.extend(batch.removes.iter().map(|key| (key.encode(), None)));
        let applied = value::encode(&self.sealer, &KEY_APPLIED, &batch.applied.to_be_bytes(), nonce()?)?;
        writes.push((KEY_APPLIED.to_vec(), Some(applied)));
        Ok(writes)
    }

    fn read_page(&self, entries: impl Iterator<Item = RawEntry>, limit: usize) -> Result<Page, Fault> {
        let mut page = Page::default();
        let mut last = None;
        for entry in entries.take(limit + 1) {
            let (key, stored) = entry?;
            if page.entries.len() == limit {
                page.next = last.map(Cursor);
                break;
            }
            let value = value::decode(&self.sealer, &key, &stored).map_err(Fault::Damage)?;
            let decoded = IndexKey::decode(&key).ok_or_else(|| Fault::Damage("a key of no known form".to_owned()))?;
            page.entries.push((decoded, value));
            last = Some(key.to_vec());
        }
        Ok(page)
    }
}

type Write = (Vec<u8>, Option<Vec<u8>>);
type RawEntry = Result<(sled::IVec, sled::IVec), sled::Error>;

impl Index for SledIndex {
    fn applied(&self) -> u64 {
        self.applied.load(Ordering::Acquire)
    }

    fn is_damaged(&self) -> bool {
        self.damaged.load(Ordering::Acquire)
    }

    fn apply(&self, batch: &IndexBatch, random: &mut dyn Random) -> Result<(), IndexError> {
        let _one_writer = self.writer.lock();
        check_batch(self.applied(), batch)?;
        let writes = self.sealed(batch, random)?;
        // Each by itself and not as a batch of sled's: one of those rolls sled's buffer twice and wakes all its threads each time, whatever is
        // in it. sled recovers a prefix of what was written, so where the place is found everything before it is.
        self.run("apply a batch to", || {
            for (key, value) in writes {
                match value {
                    Some(value) => self.db.insert(key, value)?,
                    None => self.db.remove(key)?,
                };
            }
            Ok(())
        })?;
        self.applied.store(batch.applied, Ordering::Release);
        Ok(())
    }

    fn get(&self, key: &IndexKey) -> Result<Option<Vec<u8>>, IndexError> {
        let key = key.encode();
        self.run("read", || match self.db.get(&key)? {
            Some(stored) => value::decode(&self.sealer, &key, &stored).map(Some).map_err(Fault::Damage),
            None => Ok(None),
        })
    }

    fn page(
        &self,
        list: &IndexList,
        order: PageOrder,
        cursor: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page, IndexError> {
        let (start, end) = page_bounds(list, order, cursor)?;
        if start >= end {
            return Ok(Page::default());
        }
        let limit = limit.clamp(1, PAGE_ENTRIES_MAX);
        self.run("read a page of", || match order {
            PageOrder::OldestFirst => self.read_page(self.db.range(start..end), limit),
            PageOrder::NewestFirst => self.read_page(self.db.range(start..end).rev(), limit),
        })
    }

    fn flush(&self) -> Result<(), IndexError> {
        self.run("flush", || Ok(self.db.flush().map(drop)?))
    }
}

/// `schema(4) | salt(16) | sealed schema`: the seal proves that this root key opens this index, and the salt gives each index a key of its own.
fn write_schema(db: &sled::Db, root: &RootKey, random: &mut dyn Random) -> Result<Sealer, Fault> {
    let mut salt = [0; SALT_BYTES];
    random.fill(&mut salt);
    let sealer = Sealer::new(&root.derive("index", &salt));
    put_schema(db, &salt, &sealer, random)?;
    Ok(sealer)
}

fn put_schema(db: &sled::Db, salt: &[u8; SALT_BYTES], sealer: &Sealer, random: &mut dyn Random) -> Result<(), Fault> {
    let proof = sealer
        .seal(&KEY_SCHEMA, &SCHEMA.to_be_bytes(), random)
        .map_err(|error| Fault::Disk(io::Error::other(error)))?;
    let stored = [SCHEMA.to_be_bytes().as_slice(), salt, &proof].concat();
    db.insert(KEY_SCHEMA, stored)?;
    db.flush()?;
    Ok(())
}

fn read_schema(db: &sled::Db, stored: &[u8], root: &RootKey, random: &mut dyn Random) -> Result<(Sealer, u64), Fault> {
    let damage = |reason: &str| Fault::Damage(reason.to_owned());
    let (schema, rest) = stored.split_first_chunk::<4>().ok_or_else(|| damage("the schema entry is cut"))?;
    let schema = u32::from_be_bytes(*schema);
    if !(SCHEMA_OLDEST..=SCHEMA).contains(&schema) {
        return Err(damage("it has another schema"));
    }
    let (salt, proof) = rest.split_first_chunk::<SALT_BYTES>().ok_or_else(|| damage("the schema entry is cut"))?;
    let sealer = Sealer::new(&root.derive("index", salt));
    sealer.open(&KEY_SCHEMA, proof).map_err(|_| damage("it was made under another root key"))?;
    if schema < SCHEMA {
        // Before anything is left out, so that a release that expects it sets the index aside.
        put_schema(db, salt, &sealer, random)?;
    }
    let applied = match db.get(KEY_APPLIED)? {
        None => 0,
        Some(stored) => {
            let bytes = value::decode(&sealer, &KEY_APPLIED, &stored).map_err(Fault::Damage)?;
            u64::from_be_bytes(bytes.try_into().map_err(|_| damage("the applied sequence is cut"))?)
        }
    };
    Ok((sealer, applied))
}

/// Waits until nobody holds the file that sled locks.
fn until_closed(path: &Path) -> io::Result<()> {
    let locked = match std::fs::File::open(path.join(LOCKED_FILE)) {
        Ok(file) => file,
        // Nothing is there that anybody could hold.
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(()),
        Err(error) => return Err(error),
    };
    for _ in 0..LOCK_LOOKS_MAX {
        match locked.try_lock() {
            Ok(()) => return Ok(()),
            Err(std::fs::TryLockError::WouldBlock) => std::thread::park_timeout(LOCK_LOOK_EVERY),
            Err(std::fs::TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::Error::new(io::ErrorKind::WouldBlock, "somebody still holds it"))
}

fn move_aside(path: &Path) -> io::Result<PathBuf> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut kept = Vec::new();
    let mut free = 1;
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix("index-damaged-")?.parse::<u32>().ok());
        kept.extend(number);
        free = free.max(number.map_or(1, |number| number.saturating_add(1)));
    }
    if free > SET_ASIDE_NUMBER_MAX {
        return Err(io::Error::other("too many damaged indexes were set aside; look at this disk"));
    }
    kept.sort_unstable();
    let too_many = (kept.len() + 1).saturating_sub(SET_ASIDE_KEPT);
    for number in kept.into_iter().take(too_many) {
        let oldest = folder.join(format!("index-damaged-{number}"));
        if oldest.is_dir() { std::fs::remove_dir_all(oldest)? } else { std::fs::remove_file(oldest)? }
    }
    let aside = folder.join(format!("index-damaged-{free}"));
    std::fs::rename(path, &aside)?;
    Ok(aside)
}
