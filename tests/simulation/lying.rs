//! A disk that says it synced and did not: for the planted bug that only a power cut shows.

use std::io;
use std::path::Path;
use std::sync::Arc;

use store::disk::{Disk, DiskFile, DiskLock, SimulatedDisk};

/// Passes everything on but the fsync of journal segments.
pub struct LyingDisk(pub SimulatedDisk);

struct LyingFile(Arc<dyn DiskFile>);

fn lie(path: &Path, file: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
    let is_segment = path.extension().is_some_and(|ending| ending == "seg");
    if is_segment { Arc::new(LyingFile(file)) } else { file }
}

impl Disk for LyingDisk {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        Ok(lie(path, self.0.open(path)?))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        self.0.create(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.0.remove(path)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        self.0.list(directory)
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.0.exists(path)
    }

    fn create_directory(&self, directory: &Path) -> io::Result<()> {
        self.0.create_directory(directory)
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        self.0.sync_directory(directory)
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn DiskLock>>> {
        self.0.lock(path)
    }
}

impl DiskFile for LyingFile {
    fn size(&self) -> io::Result<u64> {
        self.0.size()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(buffer, offset)
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn set_size(&self, bytes: u64) -> io::Result<()> {
        self.0.set_size(bytes)
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }
}
