//! Tiles in a directory, under the very paths that a static file server would serve.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::path::TilePath;
use crate::tile::{TileName, TileStore};

/// Tiles as files: `<root>/tile/<level>/<index>[.p/<width>]`.
///
/// A tile is written beside its place and renamed, so a reader sees all of it or nothing. It is **not** fsynced: every tile can be
/// derived again from the leaves, and [`crate::Reader`] finds one that a power failure left empty or torn ([`crate::Reader::repair`]
/// mends it). One process writes; the caller holds the lock of the data directory.
#[derive(Clone, Debug)]
pub struct DirectoryTiles {
    root: PathBuf,
}

impl DirectoryTiles {
    /// Uses `root`; directories are made when the first tile is put.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Where a tile stands.
    #[must_use]
    pub fn place(&self, name: TileName) -> PathBuf {
        self.root.join("tile").join(TilePath::Hashes(name).to_string())
    }
}

impl TileStore for DirectoryTiles {
    fn put(&self, name: TileName, bytes: &[u8]) -> io::Result<()> {
        if bytes.len() != name.bytes() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("put tile {name:?}: wrong length {}", bytes.len()),
            ));
        }
        let place = self.place(name);
        let beside = place.with_extension("new");
        let mut file = create_in_new_directory(&beside)?;
        file.write_all(bytes)?;
        drop(file);
        fs::rename(&beside, &place)
    }

    fn get(&self, name: TileName) -> io::Result<Option<Vec<u8>>> {
        let file = match File::open(self.place(name)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        // One byte more than belongs there shows that a file is too long without reading all of it.
        let limit = u64::try_from(name.bytes()).map_err(io::Error::other)? + 1;
        let mut bytes = Vec::with_capacity(name.bytes() + 1);
        file.take(limit).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }
}

/// Directories are rarely missing (one in a thousand tiles), so they are looked for only after the file could not be made.
fn create_in_new_directory(path: &Path) -> io::Result<File> {
    match File::create(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            File::create(path)
        }
        other => other,
    }
}
