//! Reading a tree: tiles checked against the edge, roots of earlier sizes, proofs.

use std::io;
use std::sync::Arc;

use crate::edge::Edge;
use crate::frontier::{Frontier, TREE_SIZE_MAX, root_over};
use crate::hash::{EMPTY_ROOT, HASH_BYTES, Hash, node_hash};
use crate::tile::{LEVEL_MAX, TILE_BYTES, TILE_WIDTH, TileName, TileStore};

/// Checked tiles that one reader keeps: a proof touches at most two a level, and a long walk must not fill the memory.
const CHECKED_TILES_MAX: usize = 64;

/// A question about a tree that could not be answered.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// What was asked for lies outside the tree, or a proof goes from a larger size to a smaller one.
    #[error("read the tree: leaf or size {asked} is not within {size}; ask for a size that a checkpoint shows")]
    OutOfTree {
        /// The leaf, size or tile asked for.
        asked: u64,
        /// The size that bounds it, in leaves.
        size: u64,
    },
    /// A tile that must exist does not.
    #[error("read tile {name:?}: it is not in the store; repair the tiles from the leaves")]
    Missing {
        /// The tile.
        name: TileName,
    },
    /// A tile is not what the tree says it is.
    #[error("read tile {name:?}: its hashes do not give the hash above it; repair the tiles from the leaves")]
    Damaged {
        /// The tile.
        name: TileName,
    },
    /// The leaves themselves do not give the hash that the tree holds for them.
    #[error(
        "repair tile {name:?}: the leaves do not give the hash that the tree holds; the leaves were changed: keep everything and audit the trail"
    )]
    LeavesDiffer {
        /// The tile.
        name: TileName,
    },
    /// The store failed.
    #[error("read tile {name:?} from the store; look at the disk")]
    Store {
        /// The tile.
        name: TileName,
        /// What the store answered.
        #[source]
        source: io::Error,
    },
}

/// Reads one tree of one size. Every tile from the store is checked against the tile above it, up to the edge in memory, before a
/// hash of it is used: a damaged tile is an error with its name, never a wrong proof. The check costs 255 node hashes a tile.
pub struct Reader<'a> {
    edge: &'a Edge,
    store: &'a dyn TileStore,
    checked: Vec<(u8, u64, Arc<Vec<u8>>)>,
}

impl<'a> Reader<'a> {
    /// Reads the tree that `edge` belongs to, with its full tiles in `store`.
    #[must_use]
    pub const fn new(edge: &'a Edge, store: &'a dyn TileStore) -> Self {
        Self { edge, store, checked: Vec::new() }
    }

    /// The bytes of a tile of any width that exists (a narrower one is the beginning of a wider one).
    ///
    /// # Errors
    /// [`ReadError`]; `OutOfTree` when the tree does not reach that far yet.
    pub fn tile(&mut self, name: TileName) -> Result<Vec<u8>, ReadError> {
        let tile = self.checked(name.level(), name.index())?;
        let bytes = tile.get(..name.bytes()).ok_or_else(|| self.outside(name.index()))?;
        Ok(bytes.to_vec())
    }

    /// The root that the tree had at an earlier size.
    ///
    /// # Errors
    /// [`ReadError`]; `OutOfTree` when `size` is above the size of the tree.
    pub fn root(&mut self, size: u64) -> Result<Hash, ReadError> {
        self.within(size, self.edge.size)?;
        if size == 0 { Ok(EMPTY_ROOT) } else { self.range(0, size) }
    }

    /// The inclusion proof of leaf `index` in the tree of `size` leaves (RFC 6962 §2.1.1): the sibling of the leaf first, the child of
    /// the root last; at most 48 hashes.
    ///
    /// # Errors
    /// [`ReadError`]; `OutOfTree` unless `index < size` ≤ size of the tree.
    pub fn inclusion(&mut self, size: u64, index: u64) -> Result<Vec<Hash>, ReadError> {
        self.within(size, self.edge.size)?;
        if index >= size {
            return Err(ReadError::OutOfTree { asked: index, size });
        }
        let (mut low, mut high) = (0, size);
        let mut proof = Vec::new();
        while high - low > 1 {
            let middle = low + split(high - low);
            if index < middle {
                proof.push(self.range(middle, high)?);
                high = middle;
            } else {
                proof.push(self.range(low, middle)?);
                low = middle;
            }
        }
        proof.reverse();
        Ok(proof)
    }

    /// The consistency proof from `old` to `new` leaves (RFC 6962 §2.1.2); at most 49 hashes, none when `old` is 0 or `new`.
    ///
    /// # Errors
    /// [`ReadError`]; `OutOfTree` unless `old` ≤ `new` ≤ size of the tree.
    pub fn consistency(&mut self, old: u64, new: u64) -> Result<Vec<Hash>, ReadError> {
        self.within(new, self.edge.size)?;
        self.within(old, new)?;
        let mut proof = Vec::new();
        if old == 0 {
            return Ok(proof);
        }
        let (mut low, mut high) = (0, new);
        while old != high {
            let middle = low + split(high - low);
            if old <= middle {
                proof.push(self.range(middle, high)?);
                high = middle;
            } else {
                proof.push(self.range(low, middle)?);
                low = middle;
            }
        }
        if low != 0 {
            proof.push(self.range(low, high)?);
        }
        proof.reverse();
        Ok(proof)
    }

    /// Checks every full tile over the leaves from `first` on (0 = all of them), and from further back where tiles are missing up to
    /// there, and writes anew those that are missing or damaged, from the leaf hashes that `leaf` supplies by index. Says which were
    /// mended. To be called at open for the leaves since the last snapshot, because tiles are not fsynced.
    ///
    /// # Errors
    /// [`ReadError::LeavesDiffer`] when the leaves do not give what the tree holds: then not the tile was damaged but the trail.
    pub fn repair(
        &mut self,
        first: u64,
        leaf: &mut dyn FnMut(u64) -> io::Result<Hash>,
    ) -> Result<Vec<TileName>, ReadError> {
        let first = self.written_before(first)?;
        let mut mended = Vec::new();
        for level in (0..=LEVEL_MAX).rev() {
            let shift = 8 * (u32::from(level) + 1);
            for index in first >> shift..self.edge.size >> shift {
                match self.checked(level, index) {
                    Ok(_) => continue,
                    Err(ReadError::Missing { .. } | ReadError::Damaged { .. }) => (),
                    Err(error) => return Err(error),
                }
                let name = self.name(level, index)?;
                self.mend(name, leaf)?;
                mended.push(name);
            }
        }
        Ok(mended)
    }

    /// Writes one full tile anew from the leaf hashes that `leaf` supplies by index: 256 of them for level 0, 65,536 for level 1.
    ///
    /// # Errors
    /// As [`Reader::repair`], and what reading the tile above it says.
    pub fn mend(&mut self, name: TileName, leaf: &mut dyn FnMut(u64) -> io::Result<Hash>) -> Result<(), ReadError> {
        let above = self.hash_above(name.level(), name.index())?;
        let bytes = derive(name, leaf)?;
        if root_over(&bytes) != above {
            return Err(ReadError::LeavesDiffer { name });
        }
        self.store.put(name, &bytes).map_err(|source| ReadError::Store { name, source })
    }

    /// The leaf from which on tiles may be missing because nothing was stored behind it: `first`, or one before it.
    fn written_before(&self, first: u64) -> Result<u64, ReadError> {
        let mut from = first;
        for level in 0..=LEVEL_MAX {
            let shift = 8 * (u32::from(level) + 1);
            for index in (0..self.edge.size >> shift).rev() {
                let name = self.name(level, index)?;
                let is_there = self.edge.held(level, index).is_some()
                    || self.store.get(name).map_err(|source| ReadError::Store { name, source })?.is_some();
                if is_there {
                    break;
                }
                from = from.min(index << shift);
            }
        }
        Ok(from)
    }

    /// The root over the leaves `[low, high)`, where `low` is a multiple of the largest power of two below `high - low`: complete
    /// subtrees from left to right, then hashed together from the right.
    fn range(&mut self, low: u64, high: u64) -> Result<Hash, ReadError> {
        let mut subtrees = Vec::new();
        let mut at = low;
        while at < high {
            let height = (high - at).ilog2();
            subtrees.push(self.subtree(height, at >> height)?);
            at += 1 << height;
        }
        let root = subtrees.into_iter().rev().reduce(|right, left| node_hash(&left, &right));
        root.ok_or_else(|| self.outside(low))
    }

    /// The root of the complete subtree `index` of the given height.
    fn subtree(&mut self, height: u32, index: u64) -> Result<Hash, ReadError> {
        let level = u8::try_from(height / 8).map_err(|_| self.outside(index))?;
        let within = height % 8;
        let first = index << within;
        let tile = self.checked(level, first / u64::from(TILE_WIDTH))?;
        let from = usize::from(first.to_le_bytes()[0]) * HASH_BYTES;
        let run = tile.get(from..from + (HASH_BYTES << within)).ok_or_else(|| self.outside(index))?;
        Ok(root_over(run))
    }

    /// All bytes that exist of a tile, checked.
    fn checked(&mut self, level: u8, index: u64) -> Result<Arc<Vec<u8>>, ReadError> {
        if let Some((_, _, bytes)) = self.checked.iter().find(|(l, i, _)| *l == level && *i == index) {
            return Ok(Arc::clone(bytes));
        }
        let bytes = match self.edge.held(level, index) {
            Some(bytes) => Arc::new(bytes.to_vec()),
            None if index >= self.edge.size >> (8 * (u32::from(level) + 1)) => return Err(self.outside(index)),
            None => {
                let name = self.name(level, index)?;
                let found = self.store.get(name).map_err(|source| ReadError::Store { name, source })?;
                let bytes = found.ok_or(ReadError::Missing { name })?;
                if bytes.len() != TILE_BYTES || root_over(&bytes) != self.hash_above(level, index)? {
                    return Err(ReadError::Damaged { name });
                }
                Arc::new(bytes)
            }
        };
        if self.checked.len() >= CHECKED_TILES_MAX {
            self.checked.remove(0);
        }
        self.checked.push((level, index, Arc::clone(&bytes)));
        Ok(bytes)
    }

    /// The hash that a full tile must give, from the tile above it; levels are few, so this ends at the edge after six steps.
    fn hash_above(&mut self, level: u8, index: u64) -> Result<Hash, ReadError> {
        let above = self.checked(level + 1, index / u64::from(TILE_WIDTH))?;
        let from = usize::from(index.to_le_bytes()[0]) * HASH_BYTES;
        above.get(from..from + HASH_BYTES).and_then(Hash::from_slice).ok_or_else(|| self.outside(index))
    }

    fn name(&self, level: u8, index: u64) -> Result<TileName, ReadError> {
        TileName::new(level, index, TILE_WIDTH).map_err(|_| self.outside(index))
    }

    const fn outside(&self, asked: u64) -> ReadError {
        ReadError::OutOfTree { asked, size: self.edge.size }
    }

    fn within(&self, asked: u64, size: u64) -> Result<(), ReadError> {
        if asked > size.min(TREE_SIZE_MAX) { Err(ReadError::OutOfTree { asked, size }) } else { Ok(()) }
    }
}

/// The largest power of two below `leaves` (which is at least 2): where RFC 6962 splits a tree.
const fn split(leaves: u64) -> u64 {
    1 << (leaves - 1).ilog2()
}

/// A full tile from the leaves under it; for level *l* it reads 256ˡ⁺¹ of them.
fn derive(name: TileName, leaf: &mut dyn FnMut(u64) -> io::Result<Hash>) -> Result<Vec<u8>, ReadError> {
    let leaves_per_hash = 1_u64 << (8 * u32::from(name.level()));
    let mut bytes = Vec::with_capacity(TILE_BYTES);
    let mut at = name.index() * leaves_per_hash * u64::from(TILE_WIDTH);
    for _ in 0..TILE_WIDTH {
        let mut frontier = Frontier::new();
        for _ in 0..leaves_per_hash {
            let hash = leaf(at).map_err(|source| ReadError::Store { name, source })?;
            frontier.append(hash).map_err(|_| ReadError::OutOfTree { asked: at, size: TREE_SIZE_MAX })?;
            at += 1;
        }
        bytes.extend_from_slice(frontier.root().as_bytes());
    }
    Ok(bytes)
}
