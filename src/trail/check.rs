//! Stored tiles held against the leaves that they were made from.

use std::io;

use crate::hash::Hash;
use crate::tile::{LEVEL_MAX, TILE_WIDTH, TileName, TileStore};
use crate::tree::Tree;

/// Faults that one check keeps by name; a lost folder would name forty thousand tiles for ten million leaves, and the rest is counted.
pub const TILE_FAULTS_MAX: usize = 1_000;

/// One slot per level of the largest tree.
const LEVELS: usize = LEVEL_MAX as usize + 1;

/// What is wrong with a stored tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TileFault {
    /// It is not there, though a later one of its level is.
    Missing(TileName),
    /// Its bytes are not what the leaves give.
    Damaged(TileName),
}

/// What a check of tiles found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckedTiles {
    /// Tiles that are what the leaves give.
    pub sound: u64,
    /// Tiles that were written anew, when it was asked to.
    pub mended: u64,
    /// Tiles that are not, in the order of their last leaves; at most [`TILE_FAULTS_MAX`].
    pub faults: Vec<TileFault>,
    /// Faults beyond those.
    pub more_faults: u64,
    /// Tiles missing at the end of their level: not fsynced, so a power failure takes them, and a copy of a directory in use may lack them.
    pub unwritten: u64,
}

/// Streams leaf hashes and looks at each full tile once its last leaf came. It holds one tile a level.
pub struct TileCheck<'a> {
    tree: Tree,
    store: &'a dyn TileStore,
    mends: bool,
    /// Tiles missing since the last one that was there, by level.
    missing: [u64; LEVELS],
    found: CheckedTiles,
}

impl<'a> TileCheck<'a> {
    /// Looks at the tiles in `store` and changes nothing.
    #[must_use]
    pub fn new(store: &'a dyn TileStore) -> Self {
        Self { tree: Tree::new(), store, mends: false, missing: [0; LEVELS], found: CheckedTiles::default() }
    }

    /// Writes anew what is missing or damaged. Only for leaves that were held against a signed checkpoint before: tiles of altered
    /// leaves would hide what the old ones show.
    #[must_use]
    pub fn mending(store: &'a dyn TileStore) -> Self {
        Self { mends: true, ..Self::new(store) }
    }

    /// Takes the hash of the next leaf.
    ///
    /// # Errors
    /// Of the store, or that the tree is full.
    pub fn leaf(&mut self, leaf: Hash) -> io::Result<()> {
        self.tree.append(leaf).map_err(io::Error::other)?;
        for (name, bytes) in self.tree.waiting() {
            self.hold(name, &bytes)?;
            self.tree.stored(name);
        }
        Ok(())
    }

    /// Number of leaves so far.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.tree.size()
    }

    /// The root over the leaves so far.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.tree.root()
    }

    /// Ends the check.
    #[must_use]
    pub fn finish(mut self) -> CheckedTiles {
        self.found.unwritten = self.missing.iter().sum();
        self.found
    }

    fn hold(&mut self, name: TileName, bytes: &[u8]) -> io::Result<()> {
        let stored = self.store.get(name)?;
        let is_sound = stored.as_deref() == Some(bytes);
        if self.mends && !is_sound {
            self.store.put(name, bytes)?;
            self.found.mended += 1;
            return Ok(());
        }
        let Some(missing) = self.missing.get_mut(usize::from(name.level())) else { return Ok(()) };
        if stored.is_none() {
            *missing += 1;
            return Ok(());
        }
        for index in name.index() - std::mem::take(missing)..name.index() {
            // Tiles of the same level before this one have valid names.
            if let Ok(before) = TileName::new(name.level(), index, TILE_WIDTH) {
                self.fault(TileFault::Missing(before));
            }
        }
        if is_sound {
            self.found.sound += 1;
        } else {
            self.fault(TileFault::Damaged(name));
        }
        Ok(())
    }

    fn fault(&mut self, fault: TileFault) {
        if self.found.faults.len() < TILE_FAULTS_MAX {
            self.found.faults.push(fault);
        } else {
            self.found.more_faults += 1;
        }
    }
}
