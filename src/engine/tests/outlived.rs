//! A crash between the event that ends a key and the destruction of the key: no snapshot hides it from the next start.

use std::io;
use std::path::Path;

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{OnceLock, Weak};
use std::time::Duration;

use store::disk::{Disk, DiskFile, DiskLock, RealDisk};

use super::pulled_list::{Numbers, court, options, started, started_with};
use super::*;
use crate::clock::{Clock, SystemClock};
use crate::runtime::waiting::until;
use crate::runtime::{Asked, Options, Running, Shared};

/// The machine's disk. Once it is armed the first write into a file of keys is where the machine ends; a snapshot that was due just
/// before that had its chance.
struct Ends {
    at: Arc<EndsAt>,
}

#[derive(Default)]
struct EndsAt {
    armed: AtomicBool,
    shared: OnceLock<Weak<Shared>>,
}

struct EndsFile {
    file: Arc<dyn DiskFile>,
    at: Option<Arc<EndsAt>>,
}

impl EndsAt {
    fn come(&self) -> io::Error {
        let shared = self.shared.get().and_then(Weak::upgrade).unwrap();
        shared.commands.send(Asked::Snapshot).unwrap();
        let is_taken = || shared.counts.snapshots.load(Ordering::SeqCst) > 0;
        until(Duration::from_millis(500), is_taken);
        io::Error::other("the machine has ended")
    }
}

impl Ends {
    fn of(&self, path: &Path, file: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
        let is_of_keys = path.to_string_lossy().contains("/slots-");
        Arc::new(EndsFile { file, at: is_of_keys.then(|| Arc::clone(&self.at)) })
    }
}

impl Disk for Ends {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        Ok(self.of(path, RealDisk.open(path)?))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        Ok(self.of(path, RealDisk.create(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        RealDisk.remove(path)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        RealDisk.list(directory)
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        RealDisk.exists(path)
    }

    fn create_directory(&self, directory: &Path) -> io::Result<()> {
        RealDisk.create_directory(directory)
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        RealDisk.sync_directory(directory)
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn DiskLock>>> {
        RealDisk.lock(path)
    }
}

impl DiskFile for EndsFile {
    fn size(&self) -> io::Result<u64> {
        self.file.size()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(buffer, offset)
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        match &self.at {
            Some(at) if at.armed.load(Ordering::SeqCst) => Err(at.come()),
            _ => self.file.write_all_at(bytes, offset),
        }
    }

    fn set_size(&self, bytes: u64) -> io::Result<()> {
        self.file.set_size(bytes)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

/// The system's time, and what is added to it.
struct Ahead {
    clock: SystemClock,
    by: AtomicI64,
}

impl Clock for Ahead {
    fn wall(&self) -> domain::Millis {
        self.clock.wall() + self.by.load(Ordering::SeqCst)
    }

    fn mono(&self) -> u64 {
        self.clock.mono()
    }
}

fn slot_of_document(running: &Running) -> Option<u64> {
    running.engine.shared.decider.read().state.documents_by_age().next().map(|document| document.slot)
}

fn is_destroyed(running: &Running, slot: u64) -> bool {
    matches!(running.engine.shared.vault.keys().get(slot), Ok(None))
}

#[test]
fn a_key_that_outlived_the_event_which_ends_it_is_ended_by_the_next_start() {
    let folder = tempfile::TempDir::new().unwrap();
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let at = Arc::new(EndsAt::default());
    let clock = Arc::new(Ahead { clock: SystemClock::new(), by: AtomicI64::new(0) });
    let ending = Options {
        disk: Arc::new(Ends { at: Arc::clone(&at) }),
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        ..options(folder.path(), &tokio)
    };
    let running = started_with(ending, Numbers::default(), "d");
    let _first = at.shared.set(Arc::downgrade(&running.engine.shared));
    let (court, name) = (court(), Personal::new("scan.pdf".to_owned()));
    let stored = running.engine.store_document(&court, name, "application/pdf".to_owned(), vec![1; 1_000]);
    tokio.block_on(stored).unwrap();
    let slot = slot_of_document(&running).unwrap();
    // A day later nothing has named it: the event that erases it is durable, and its key is about to be overwritten.
    at.armed.store(true, Ordering::SeqCst);
    clock.by.store(25 * 3_600_000, Ordering::SeqCst);
    let any = Command::Refused { source: "source".to_owned(), minute: 1, count: 1 };
    tokio.block_on(running.engine.ask(any)).unwrap();
    assert_eq!(slot_of_document(&running), None, "it was erased");
    let erased = running.engine.shared.decider.read().state.next;
    running.drain(Duration::ZERO);
    let again = started(folder.path(), &tokio);
    assert!(is_destroyed(&again, slot), "what was erased stays readable by its key");
    again.drain(Duration::from_secs(5));
    let third = started(folder.path(), &tokio);
    assert!(third.snapshot >= Some(erased), "once it is ended, snapshots are made as ever");
    third.drain(Duration::ZERO);
}
