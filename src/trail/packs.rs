//! Tiles in packs: a thousand of them one after the other in a file, each at the place that its index gives.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use crate::tile::{TILE_BYTES, TileName, TileStore};

/// Tiles in one file: 8 MiB, a quarter of a million leaves. A file for each tile cost every tile an inode, which was a twelfth of all
/// that the gateway spends on an act; one file for all would be a terabyte that no backup can take in parts.
pub const PACK_TILES: u64 = 1_024;

/// Full tiles as `<root>/packs/<level>/<pack>`, where tile *n* of a level is the 8,192 bytes from (n mod 1,024) × 8,192 of pack n ÷ 1,024.
///
/// Bytes that are not there or all zero are a tile that was never written: no leaf hashes to zero. Tiles are **not** fsynced: every one
/// can be derived again from the leaves, and [`crate::Reader`] finds one that a power failure left torn ([`crate::Reader::repair`]
/// mends it). One process writes; the caller holds the lock of the data directory.
#[derive(Clone, Debug)]
pub struct PackedTiles {
    root: PathBuf,
}

impl PackedTiles {
    /// Uses `root`; directories are made when the first tile is put.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Where a tile stands: its file, and the byte at which it begins.
    #[must_use]
    pub fn place(&self, name: TileName) -> (PathBuf, u64) {
        let pack = name.index() / PACK_TILES;
        let begins = (name.index() % PACK_TILES) * TILE_BYTES as u64;
        (self.root.join("packs").join(name.level().to_string()).join(format!("{pack:07}")), begins)
    }
}

impl TileStore for PackedTiles {
    fn put(&self, name: TileName, bytes: &[u8]) -> io::Result<()> {
        if !name.is_full() || bytes.len() != TILE_BYTES {
            let told = format!("put tile {name:?}: {} bytes are no full tile, and only those are kept", bytes.len());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, told));
        }
        let (path, begins) = self.place(name);
        open_in_new_directory(&path)?.write_all_at(bytes, begins)
    }

    fn get(&self, name: TileName) -> io::Result<Option<Vec<u8>>> {
        let (path, begins) = self.place(name);
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut bytes = vec![0; name.bytes()];
        let mut read = 0;
        while let Some(rest) = bytes.get_mut(read..).filter(|rest| !rest.is_empty()) {
            match file.read_at(rest, begins + read as u64) {
                Ok(0) => break,
                Ok(more) => read += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        bytes.truncate(read);
        Ok(bytes.iter().any(|byte| *byte != 0).then_some(bytes))
    }
}

/// Directories are rarely missing (once in the life of a level), so they are looked for only after the file could not be made.
fn open_in_new_directory(path: &Path) -> io::Result<File> {
    let open = || OpenOptions::new().write(true).create(true).truncate(false).open(path);
    match open() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            open()
        }
        other => other,
    }
}
