//! The right edge of a tree: its partial tiles and the full ones not yet kept elsewhere, with its form on disk.

use std::collections::VecDeque;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::frontier::{Frontier, TREE_SIZE_MAX, root_over};
use crate::hash::{HASH_BYTES, Hash};
use crate::tile::{LEVEL_MAX, TILE_BYTES, TILE_WIDTH, TileName};

/// Full tiles that may wait for a store: 4,096 (32 MiB, a million leaves). Beyond that the store has been failing for so long that
/// taking more work would only lose more of what readers need.
pub const WAITING_TILES_MAX: usize = 4_096;

const MAGIC: &[u8; 8] = b"XZ-TREE\n";
const VERSION: u16 = 1;
const DIGEST_BYTES: usize = 32;

/// A full tile that waits to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WaitingTile {
    pub(crate) name: TileName,
    pub(crate) bytes: Arc<Vec<u8>>,
}

/// Everything about a tree of a given size that is not in full tiles. The rest of the tree hangs below it, so whoever holds an edge
/// can tell whether any tile is genuine. Cloning it (≤ 8 KiB a level) is how a reader in another thread gets a steady view.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edge {
    pub(crate) size: u64,
    /// Partial tile of each level; the last may be empty.
    pub(crate) partial: Vec<Vec<u8>>,
    pub(crate) waiting: VecDeque<WaitingTile>,
}

/// Bytes that are not the edge of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read the edge of a tree: {fault}; use an older snapshot or build the tree again from the leaves")]
pub struct EdgeError {
    fault: &'static str,
}

impl Edge {
    /// Number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Number of full tiles that wait for a store.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// The root over all leaves, computed from the partial tiles: up to 255 node hashes a level.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.frontier().root()
    }

    /// The bytes held here of a tile: all that exist of a partial one, or a full one that waits.
    pub(crate) fn held(&self, level: u8, index: u64) -> Option<&[u8]> {
        if index == self.size >> (8 * (u32::from(level) + 1)) {
            return self.partial.get(usize::from(level)).map(Vec::as_slice).filter(|bytes| !bytes.is_empty());
        }
        let waiting = self.waiting.iter().find(|tile| tile.name.level() == level && tile.name.index() == index)?;
        Some(&waiting.bytes)
    }

    /// Each set bit of the size is a complete subtree, and its leaves are a run of hashes in the partial tile of its level:
    ///
    /// ```text
    ///   width 0b1011 = 11     h h h h h h h h │ h h │ h
    ///                         └── bit 3 ────┘  bit 1  bit 0
    /// ```
    pub(crate) fn frontier(&self) -> Frontier {
        let mut frontier = Frontier::new();
        for (level, bytes) in (0_u32..).zip(&self.partial) {
            let mut rest = bytes.as_slice();
            for bit in (0..8_u32).rev() {
                if self.size >> (8 * level + bit) & 1 == 1
                    && let Some((run, after)) = rest.split_at_checked(HASH_BYTES << bit)
                {
                    frontier.restore(8 * level + bit, root_over(run));
                    rest = after;
                }
            }
        }
        frontier
    }

    /// The form on disk, for a snapshot; numbers are big-endian.
    ///
    /// ```text
    ///   8   "XZ-TREE\n"
    ///   2   version = 1
    ///   8   size, in leaves
    ///   32  root
    ///   …   for each level l with size ≫ 8l > 0: its partial tile, 32 × ((size ≫ 8l) mod 256) bytes
    ///   4   number of waiting full tiles
    ///   …   each: level (1), index (8), 8192 bytes
    ///   32  SHA-256 of everything before
    /// ```
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(128 + (self.partial.len() + self.waiting.len()) * TILE_BYTES);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_be_bytes());
        bytes.extend_from_slice(&self.size.to_be_bytes());
        bytes.extend_from_slice(self.root().as_bytes());
        for partial in &self.partial {
            bytes.extend_from_slice(partial);
        }
        // The queue is bounded by WAITING_TILES_MAX, so the count always fits.
        let waiting = u32::try_from(self.waiting.len()).unwrap_or(u32::MAX);
        bytes.extend_from_slice(&waiting.to_be_bytes());
        for tile in &self.waiting {
            bytes.push(tile.name.level());
            bytes.extend_from_slice(&tile.name.index().to_be_bytes());
            bytes.extend_from_slice(&tile.bytes);
        }
        let digest = Sha256::digest(&bytes);
        bytes.extend_from_slice(&digest);
        bytes
    }

    /// Reads what [`Edge::to_bytes`] wrote, and recomputes the root.
    ///
    /// # Errors
    /// [`EdgeError`] when a byte is wrong, missing or too many, or the version is not known.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EdgeError> {
        let (content, digest) = bytes
            .len()
            .checked_sub(DIGEST_BYTES)
            .and_then(|length| bytes.split_at_checked(length))
            .ok_or(EdgeError { fault: "it is too short" })?;
        let mut rest = content;
        if take(&mut rest, MAGIC.len())? != MAGIC {
            return Err(EdgeError { fault: "it does not begin with XZ-TREE" });
        }
        if u16::from_be_bytes(take_array(&mut rest)?) != VERSION {
            return Err(EdgeError { fault: "this release does not know its version" });
        }
        if Sha256::digest(content).as_slice() != digest {
            return Err(EdgeError { fault: "the checksum differs" });
        }
        let size = u64::from_be_bytes(take_array(&mut rest)?);
        if size > TREE_SIZE_MAX {
            return Err(EdgeError { fault: "the size is above the limit" });
        }
        let root = Hash::new(take_array(&mut rest)?);
        let mut edge = Self { size, ..Self::default() };
        for level in (0..=u32::from(LEVEL_MAX)).take_while(|level| size >> (8 * level) > 0) {
            let width = usize::from((size >> (8 * level)).to_le_bytes()[0]);
            let mut partial = Vec::with_capacity(TILE_BYTES);
            partial.extend_from_slice(take(&mut rest, width * HASH_BYTES)?);
            edge.partial.push(partial);
        }
        for _ in 0..u32::from_be_bytes(take_array(&mut rest)?) {
            edge.waiting.push_back(read_waiting(&mut rest, size)?);
        }
        // The last append below the limit may have filled one tile on each level.
        if !rest.is_empty() || edge.waiting.len() > WAITING_TILES_MAX + usize::from(LEVEL_MAX) {
            return Err(EdgeError { fault: "there is more than belongs there" });
        }
        if edge.root() != root {
            return Err(EdgeError { fault: "its hashes do not give its root" });
        }
        Ok(edge)
    }
}

fn read_waiting(rest: &mut &[u8], size: u64) -> Result<WaitingTile, EdgeError> {
    let [level] = take_array(rest)?;
    let index = u64::from_be_bytes(take_array(rest)?);
    let name =
        TileName::new(level, index, TILE_WIDTH).map_err(|_| EdgeError { fault: "a waiting tile has no valid name" })?;
    if index >= size >> (8 * (u32::from(level) + 1)) {
        return Err(EdgeError { fault: "a waiting tile lies outside the tree" });
    }
    Ok(WaitingTile { name, bytes: Arc::new(take(rest, TILE_BYTES)?.to_vec()) })
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], EdgeError> {
    let (head, tail) = rest.split_at_checked(length).ok_or(EdgeError { fault: "it ends too early" })?;
    *rest = tail;
    Ok(head)
}

fn take_array<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], EdgeError> {
    take(rest, N)?.try_into().map_err(|_| EdgeError { fault: "it ends too early" })
}
