//! The incremental tree: appending a leaf hash, collecting tiles, handing the full ones to a store.

use std::io;
use std::mem;
use std::sync::Arc;

use crate::edge::{Edge, EdgeError, WAITING_TILES_MAX, WaitingTile};
use crate::frontier::{Frontier, TREE_SIZE_MAX};
use crate::hash::Hash;
use crate::tile::{TILE_BYTES, TILE_WIDTH, TileName, TileStore};

/// A growing Merkle tree. Appending costs amortised one node hash and copies the hash into the partial tile of its level; nothing is
/// allocated but a new 8 KiB buffer for every 256 leaves. No I/O happens until [`Tree::store_full`].
#[derive(Clone)]
pub struct Tree {
    frontier: Frontier,
    edge: Edge,
}

/// A leaf could not be appended; the tree is unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// The tree holds [`TREE_SIZE_MAX`] leaves.
    #[error("append a leaf: the tree already holds {TREE_SIZE_MAX} leaves; begin a new trail")]
    TreeFull,
    /// Too many full tiles wait for their store.
    #[error(
        "append a leaf: {WAITING_TILES_MAX} full tiles wait to be stored; call store_full and look at why the tile store fails"
    )]
    TilesWaiting,
}

impl Tree {
    /// The empty tree.
    #[must_use]
    pub fn new() -> Self {
        Self { frontier: Frontier::new(), edge: Edge::default() }
    }

    /// Number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// The root over all leaves; at most 48 node hashes.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.frontier.root()
    }

    /// The right edge, from which readers make proofs; clone it to hand it to another thread.
    #[must_use]
    pub const fn edge(&self) -> &Edge {
        &self.edge
    }

    /// Appends the hash of a leaf (see [`crate::leaf_hash`]).
    ///
    /// # Errors
    /// [`AppendError`] when the tree or its queue of full tiles is at its limit; nothing is changed then.
    pub fn append(&mut self, leaf: Hash) -> Result<(), AppendError> {
        if self.edge.waiting.len() >= WAITING_TILES_MAX {
            return Err(AppendError::TilesWaiting);
        }
        let size = self.frontier.size();
        let edge = &mut self.edge;
        self.frontier
            .append_telling(leaf, |height, root| {
                if height & 7 == 0 {
                    collect(edge, height / 8, size, root);
                }
            })
            .map_err(|_| AppendError::TreeFull)?;
        self.edge.size += 1;
        Ok(())
    }

    /// Hands the full tiles to the store, oldest first, and says how many were kept. Call it after each batch.
    ///
    /// # Errors
    /// The first error of the store; that tile and those after it keep waiting, so the call may simply be made again.
    pub fn store_full(&mut self, store: &dyn TileStore) -> io::Result<usize> {
        let mut stored = 0;
        while let Some(tile) = self.edge.waiting.front() {
            store.put(tile.name, &tile.bytes)?;
            self.edge.waiting.pop_front();
            stored += 1;
        }
        Ok(stored)
    }

    /// The full tiles that wait for their store, oldest first. With [`Tree::stored`] a caller that shares the tree behind a lock writes
    /// them without holding it: [`Tree::store_full`] would keep every append waiting for the disk.
    #[must_use]
    pub fn waiting(&self) -> Vec<(TileName, Arc<Vec<u8>>)> {
        self.edge.waiting.iter().map(|tile| (tile.name, Arc::clone(&tile.bytes))).collect()
    }

    /// The oldest full tiles up to this one stand in their store and need not be kept; nothing happens when it does not wait here.
    pub fn stored(&mut self, last: TileName) {
        if let Some(at) = self.edge.waiting.iter().position(|tile| tile.name == last) {
            self.edge.waiting.drain(..=at);
        }
    }

    /// The tree as bytes for a snapshot: [`Edge::to_bytes`].
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.edge.to_bytes()
    }

    /// Reads what [`Tree::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`EdgeError`] when the bytes are damaged or of an unknown version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EdgeError> {
        let edge = Edge::from_bytes(bytes)?;
        Ok(Self { frontier: edge.frontier(), edge })
    }
}

impl std::fmt::Debug for Tree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tree").field("size", &self.size()).field("root", &self.root()).finish_non_exhaustive()
    }
}

/// Puts a hash into the partial tile of its level; `size` is the number of leaves before this append.
fn collect(edge: &mut Edge, level: u32, size: u64, root: Hash) {
    let Ok(at) = usize::try_from(level) else { return };
    if edge.partial.len() <= at {
        edge.partial.push(Vec::with_capacity(TILE_BYTES));
    }
    let Some(partial) = edge.partial.get_mut(at) else { return };
    partial.extend_from_slice(root.as_bytes());
    if partial.len() < TILE_BYTES {
        return;
    }
    let bytes = mem::replace(partial, Vec::with_capacity(TILE_BYTES));
    let name =
        u8::try_from(level).ok().and_then(|level| TileName::new(level, size >> (8 * (level + 1)), TILE_WIDTH).ok());
    if let Some(name) = name {
        edge.waiting.push_back(WaitingTile { name, bytes: Arc::new(bytes) });
    }
}
