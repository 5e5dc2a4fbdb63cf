//! Tiles: names, limits, and where full ones are kept.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, PoisonError};

use crate::frontier::TREE_SIZE_MAX;
use crate::hash::HASH_BYTES;

/// Hashes in a full tile (C2SP tlog-tiles: height 8).
pub const TILE_WIDTH: u16 = 256;

/// Bytes in a full tile.
pub const TILE_BYTES: usize = 256 * HASH_BYTES;

/// Highest tile level that a tree of [`TREE_SIZE_MAX`] leaves has.
pub const LEVEL_MAX: u8 = 6;

/// Which tile: level, index within the level, and how many hashes wide. Always within the limits of this crate.
///
/// The hash *i* of tile *n* at level *l* is the root over the leaves `[(n·256 + i)·256ˡ, (n·256 + i + 1)·256ˡ)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileName {
    level: u8,
    index: u64,
    width: u16,
}

/// A tile that no tree of this crate can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "name a tile: level {level}, index {index}, width {width} is outside level 0..={LEVEL_MAX}, width 1..={TILE_WIDTH}, {TREE_SIZE_MAX} leaves; ask for a tile of the tree in the checkpoint"
)]
pub struct TileNameError {
    /// Level asked for.
    pub level: u8,
    /// Index asked for.
    pub index: u64,
    /// Width asked for, in hashes.
    pub width: u16,
}

impl TileName {
    /// Names a tile.
    ///
    /// # Errors
    /// [`TileNameError`] when level, index or width is out of range.
    pub fn new(level: u8, index: u64, width: u16) -> Result<Self, TileNameError> {
        let error = TileNameError { level, index, width };
        if level > LEVEL_MAX || !(1..=TILE_WIDTH).contains(&width) {
            return Err(error);
        }
        let hashes = index.checked_mul(u64::from(TILE_WIDTH)).and_then(|first| first.checked_add(u64::from(width)));
        match hashes {
            Some(hashes) if hashes <= TREE_SIZE_MAX >> (8 * u32::from(level)) => Ok(Self { level, index, width }),
            _ => Err(error),
        }
    }

    /// Level: 0 holds leaf hashes, each level above the roots of full tiles below.
    #[must_use]
    pub const fn level(&self) -> u8 {
        self.level
    }

    /// Index within the level, from 0.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// Width in hashes, 1..=256; 256 is a full tile.
    #[must_use]
    pub const fn width(&self) -> u16 {
        self.width
    }

    /// Whether all 256 hashes are there; only such a tile never changes.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.width == TILE_WIDTH
    }

    /// Length of the tile in bytes: 32 a hash.
    #[must_use]
    pub fn bytes(&self) -> usize {
        usize::from(self.width) * HASH_BYTES
    }
}

/// Where tiles are kept. Only full tiles must be: the partial ones at the right edge live in [`crate::Edge`].
///
/// What `get` returns is never trusted: [`crate::Reader`] checks every tile against the one above it, up to the edge in memory.
pub trait TileStore: Send + Sync {
    /// Keeps a tile; the same tile may be put again (after a restart, or to mend it) and then replaces what was there.
    ///
    /// # Errors
    /// Whatever the medium answers; the tile then counts as not kept.
    fn put(&self, name: TileName, bytes: &[u8]) -> io::Result<()>;

    /// Fetches a tile, `None` when it is not there. May return at most one byte more than [`TileName::bytes`].
    ///
    /// # Errors
    /// Whatever the medium answers.
    fn get(&self, name: TileName) -> io::Result<Option<Vec<u8>>>;
}

/// Tiles in memory: for tests, simulations, and an auditor who fetched them.
#[derive(Debug, Default)]
pub struct MemoryTiles {
    tiles: Mutex<BTreeMap<TileName, Vec<u8>>>,
}

impl MemoryTiles {
    /// No tiles yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Names of all tiles kept, in order.
    #[must_use]
    pub fn names(&self) -> Vec<TileName> {
        self.tiles.lock().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
    }
}

impl TileStore for MemoryTiles {
    fn put(&self, name: TileName, bytes: &[u8]) -> io::Result<()> {
        self.tiles.lock().unwrap_or_else(PoisonError::into_inner).insert(name, bytes.to_vec());
        Ok(())
    }

    fn get(&self, name: TileName) -> io::Result<Option<Vec<u8>>> {
        Ok(self.tiles.lock().unwrap_or_else(PoisonError::into_inner).get(&name).cloned())
    }
}
