//! Leaves and entry bundles (C2SP tlog-tiles): up to 256 leaves, each behind its length.

/// Bytes in a leaf at most: what the two-byte length of an entry bundle can say.
pub const LEAF_BYTES_MAX: usize = 65_535;

/// Leaves in an entry bundle at most.
pub const ENTRIES_MAX: usize = 256;

/// An entry bundle that cannot be made or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntriesError {
    /// A leaf is longer than [`LEAF_BYTES_MAX`].
    #[error("bundle entries: a leaf has {bytes} bytes, more than {LEAF_BYTES_MAX}; put what is large into a body")]
    LeafTooLong {
        /// Its length.
        bytes: usize,
    },
    /// More than [`ENTRIES_MAX`] leaves.
    #[error("bundle entries: more than {ENTRIES_MAX} leaves; begin the next bundle")]
    TooMany,
    /// The bytes end within an entry.
    #[error("read an entry bundle: it ends within an entry; fetch it again")]
    Truncated,
}

/// Appends one entry to a bundle: two bytes of big-endian length, then the leaf.
///
/// # Errors
/// [`EntriesError::LeafTooLong`]; the bundle is unchanged.
pub fn push_entry(bundle: &mut Vec<u8>, leaf: &[u8]) -> Result<(), EntriesError> {
    let length = u16::try_from(leaf.len()).map_err(|_| EntriesError::LeafTooLong { bytes: leaf.len() })?;
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(leaf);
    Ok(())
}

/// Reads the leaves of a bundle.
///
/// # Errors
/// [`EntriesError::Truncated`] or [`EntriesError::TooMany`].
pub fn read_entries(bundle: &[u8]) -> Result<Vec<&[u8]>, EntriesError> {
    let mut leaves = Vec::new();
    let mut rest = bundle;
    while !rest.is_empty() {
        if leaves.len() >= ENTRIES_MAX {
            return Err(EntriesError::TooMany);
        }
        let (length, after) = rest.split_first_chunk().ok_or(EntriesError::Truncated)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (leaf, after) = after.split_at_checked(length).ok_or(EntriesError::Truncated)?;
        leaves.push(leaf);
        rest = after;
    }
    Ok(leaves)
}
