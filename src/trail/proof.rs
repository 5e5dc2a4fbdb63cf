//! Checking proofs: needs nothing but the hashes (RFC 9162 §2.1.3.2 and §2.1.4.2, which are RFC 6962 written out).

use crate::frontier::TREE_SIZE_MAX;
use crate::hash::{EMPTY_ROOT, Hash, node_hash};

/// Hashes in a proof at most: 48 levels, one more for a consistency proof.
pub const PROOF_HASHES_MAX: usize = 49;

/// A proof that does not prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// Index or sizes are not in order, or above the limit.
    #[error(
        "check a proof: {smaller} is not within a tree of {size} leaves (limit {TREE_SIZE_MAX}); fetch proof and checkpoint again, together"
    )]
    OutOfTree {
        /// The index or the older size.
        smaller: u64,
        /// The size, in leaves.
        size: u64,
    },
    /// The proof has too few or too many hashes for these sizes.
    #[error(
        "check a proof: it has {hashes} hashes, which does not fit these sizes; fetch proof and checkpoint again, together"
    )]
    Length {
        /// Hashes in the proof.
        hashes: usize,
    },
    /// The proof leads to another root: what it should prove is not so.
    #[error(
        "check a proof: it leads to {computed}, not to the root {expected}; keep both as evidence and audit the trail"
    )]
    Differs {
        /// Root that the proof leads to.
        computed: Hash,
        /// Root that was to be proven.
        expected: Hash,
    },
}

/// Checks that the tree of `size` leaves with `root` holds the leaf hash `leaf` at `index`.
///
/// # Errors
/// [`ProofError`] when it is not proven.
pub fn check_inclusion(proof: &[Hash], size: u64, root: &Hash, index: u64, leaf: &Hash) -> Result<(), ProofError> {
    if index >= size || size > TREE_SIZE_MAX {
        return Err(ProofError::OutOfTree { smaller: index, size });
    }
    let length = ProofError::Length { hashes: proof.len() };
    let (mut node, mut last) = (index, size - 1);
    let mut computed = *leaf;
    for sibling in proof {
        if last == 0 {
            return Err(length);
        }
        if node & 1 == 1 || node == last {
            computed = node_hash(sibling, &computed);
            climb_while_left(&mut node, &mut last);
        } else {
            computed = node_hash(&computed, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(length);
    }
    if computed == *root { Ok(()) } else { Err(ProofError::Differs { computed, expected: *root }) }
}

/// Checks that the tree of `new` leaves with `new_root` begins with all leaves of the tree of `old` leaves with `old_root`.
///
/// # Errors
/// [`ProofError`] when it is not proven: truncation, a fork, or simply the wrong proof.
pub fn check_consistency(
    proof: &[Hash],
    old: u64,
    old_root: &Hash,
    new: u64,
    new_root: &Hash,
) -> Result<(), ProofError> {
    if old > new || new > TREE_SIZE_MAX {
        return Err(ProofError::OutOfTree { smaller: old, size: new });
    }
    let length = ProofError::Length { hashes: proof.len() };
    if old == 0 || old == new {
        let expected = if old == 0 { &EMPTY_ROOT } else { new_root };
        if !proof.is_empty() {
            return Err(length);
        }
        return same(*old_root, expected);
    }
    let (mut node, mut last) = (old - 1, new - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    // When the old tree is a complete subtree of the new one, its root is the start and is not sent.
    let (start, rest) = if old.is_power_of_two() { (old_root, proof) } else { proof.split_first().ok_or(length)? };
    let (mut old_computed, mut new_computed) = (*start, *start);
    for sibling in rest {
        if last == 0 {
            return Err(length);
        }
        if node & 1 == 1 || node == last {
            old_computed = node_hash(sibling, &old_computed);
            new_computed = node_hash(sibling, &new_computed);
            climb_while_left(&mut node, &mut last);
        } else {
            new_computed = node_hash(&new_computed, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(length);
    }
    same(old_computed, old_root)?;
    same(new_computed, new_root)
}

/// A right-most node without a sibling moves up unchanged until it is a right child.
const fn climb_while_left(node: &mut u64, last: &mut u64) {
    while *node != 0 && *node & 1 == 0 {
        *node >>= 1;
        *last >>= 1;
    }
}

fn same(computed: Hash, expected: &Hash) -> Result<(), ProofError> {
    if computed == *expected { Ok(()) } else { Err(ProofError::Differs { computed, expected: *expected }) }
}
