//! The compact frontier: the roots of the complete subtrees at the right edge, which is all that appending needs.

use crate::hash::{EMPTY_ROOT, HASH_BYTES, Hash, node_hash};

/// Leaves in a tree at most: 2⁴⁸. At 100,000 leaves a second that is 89 years, and it bounds every proof (48 hashes), every tile
/// level (0..=6) and every shift in this crate.
pub const TREE_SIZE_MAX: u64 = 1 << 48;

/// One slot per bit of a size ≤ [`TREE_SIZE_MAX`].
const SLOTS: usize = 49;

/// Slot *k* holds the root of a complete subtree of 2ᵏ leaves, valid when bit *k* of `size` is set:
///
/// ```text
///   size = 6 = 0b110          slot 2 ─▶  ●            slot 1 ─▶ ●
///                                      ●   ●                   ●   ●
///                                     0 1 2 3                  4   5
/// ```
#[derive(Clone)]
pub struct Frontier {
    size: u64,
    slots: [Hash; SLOTS],
}

/// The tree is as large as this crate allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("append a leaf: the tree already holds {TREE_SIZE_MAX} leaves; begin a new trail")]
pub struct TreeFull;

impl Frontier {
    /// The frontier of the empty tree.
    #[must_use]
    pub const fn new() -> Self {
        Self { size: 0, slots: [EMPTY_ROOT; SLOTS] }
    }

    /// Number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Appends the hash of a leaf; amortised one node hash.
    ///
    /// # Errors
    /// [`TreeFull`] at [`TREE_SIZE_MAX`] leaves; the frontier is unchanged.
    pub fn append(&mut self, leaf: Hash) -> Result<(), TreeFull> {
        self.append_telling(leaf, |_, _| ())
    }

    /// As [`Frontier::append`], and tells every subtree that became complete as (height, root), the leaf itself (height 0) first.
    #[inline]
    pub(crate) fn append_telling(&mut self, leaf: Hash, mut completed: impl FnMut(u32, Hash)) -> Result<(), TreeFull> {
        if self.size >= TREE_SIZE_MAX {
            return Err(TreeFull);
        }
        let mut root = leaf;
        let mut height = 0;
        completed(height, root);
        for slot in &mut self.slots {
            if self.size >> height & 1 == 0 {
                *slot = root;
                break;
            }
            root = node_hash(slot, &root);
            height += 1;
            completed(height, root);
        }
        self.size += 1;
        Ok(())
    }

    /// The root over all leaves (RFC 6962 §2.1); at most 48 node hashes.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut root: Option<Hash> = None;
        for (height, slot) in self.slots.iter().enumerate() {
            if self.size >> height & 1 == 1 {
                root = Some(root.map_or(*slot, |right| node_hash(slot, &right)));
            }
        }
        root.unwrap_or(EMPTY_ROOT)
    }

    /// Sets slot `height` while a frontier is rebuilt from tiles.
    pub(crate) fn restore(&mut self, height: u32, root: Hash) {
        if let Some(slot) = usize::try_from(height).ok().and_then(|height| self.slots.get_mut(height)) {
            *slot = root;
            self.size |= 1 << height;
        }
    }
}

/// The root over the hashes that stand one after another in `bytes` (32 bytes each; an incomplete rest is left out).
#[must_use]
pub fn root_over(bytes: &[u8]) -> Hash {
    let mut frontier = Frontier::new();
    for hash in bytes.chunks_exact(HASH_BYTES).filter_map(Hash::from_slice) {
        // A slice in memory is far shorter than 2⁴⁸ hashes.
        if frontier.append(hash).is_err() {
            break;
        }
    }
    frontier.root()
}
