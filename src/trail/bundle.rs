//! Evidence bundles (c2sp.org/tlog-proof): one leaf, its proof and the checkpoint, to be checked offline.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::checkpoint::{Checkpoint, CheckpointError, VerifiedCheckpoint, parse_size};
use crate::entries::LEAF_BYTES_MAX;
use crate::hash::{Hash, leaf_hash};
use crate::note::{NOTE_BYTES_MAX, NoteVerifier};
use crate::proof::{PROOF_HASHES_MAX, ProofError, check_inclusion};

/// Bytes in a bundle at most: a leaf of 64 KiB in base64, 49 hashes, a note.
pub const BUNDLE_BYTES_MAX: usize = 92 * 1024 + NOTE_BYTES_MAX;

const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// Proof that a leaf stands in the trail.
///
/// ```text
///   c2sp.org/tlog-proof@v1
///   extra <base64 of the leaf>          ◀── left out in the detached form
///   index 73894
///   gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=     ◀── sibling of the leaf … child of the root
///   …
///                                       ◀── empty line
///   <the signed checkpoint, verbatim>
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// The leaf, at most [`LEAF_BYTES_MAX`] bytes.
    pub leaf: Vec<u8>,
    /// Its index, from 0.
    pub index: u64,
    /// Inclusion proof in the tree of the checkpoint; at most [`PROOF_HASHES_MAX`] hashes.
    pub proof: Vec<Hash>,
    /// The signed checkpoint, verbatim.
    pub checkpoint: String,
}

/// A bundle that cannot be read, or proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// The text is not a bundle.
    #[error("read an evidence bundle: {fault}; fetch it again byte for byte")]
    Malformed {
        /// What is wrong.
        fault: &'static str,
    },
    /// The checkpoint is malformed or not signed by a known key.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The leaf is not proven by the checkpoint.
    #[error(transparent)]
    Proof(#[from] ProofError),
}

impl Bundle {
    /// The text with the leaf in it.
    #[must_use]
    pub fn encode(&self) -> String {
        self.text(Some(&self.leaf))
    }

    /// The text without the leaf, for a reader who has it.
    #[must_use]
    pub fn encode_detached(&self) -> String {
        self.text(None)
    }

    fn text(&self, leaf: Option<&[u8]>) -> String {
        let mut text = format!("{HEADER}\n");
        if let Some(leaf) = leaf {
            text.push_str("extra ");
            STANDARD.encode_string(leaf, &mut text);
            text.push('\n');
        }
        // Writing to a String cannot fail.
        let written = writeln!(text, "index {}", self.index)
            .and_then(|()| self.proof.iter().try_for_each(|hash| writeln!(text, "{hash}")));
        debug_assert!(written.is_ok(), "a String takes everything");
        text.push('\n');
        text.push_str(&self.checkpoint);
        text
    }

    /// Reads a bundle that has its leaf in it.
    ///
    /// # Errors
    /// [`BundleError::Malformed`]; also for a detached one.
    pub fn decode(text: &str) -> Result<Self, BundleError> {
        let (leaf, rest) = Self::parse(text)?;
        let leaf = leaf.ok_or(BundleError::Malformed { fault: "it has no leaf in it; read it with its leaf" })?;
        Ok(Self { leaf, ..rest })
    }

    /// Reads a bundle for a leaf that the reader has; a leaf inside is not looked at.
    ///
    /// # Errors
    /// [`BundleError::Malformed`].
    pub fn decode_detached(text: &str, leaf: &[u8]) -> Result<Self, BundleError> {
        let (_, rest) = Self::parse(text)?;
        Ok(Self { leaf: leaf.to_vec(), ..rest })
    }

    fn parse(text: &str) -> Result<(Option<Vec<u8>>, Self), BundleError> {
        let malformed = |fault| BundleError::Malformed { fault };
        if text.len() > BUNDLE_BYTES_MAX {
            return Err(malformed("it is too long"));
        }
        let (head, checkpoint) =
            text.split_once("\n\n").ok_or(malformed("there is no empty line before its checkpoint"))?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(HEADER) {
            return Err(malformed("it does not begin with c2sp.org/tlog-proof@v1"));
        }
        let leaf = match lines.next_if(|line| line.starts_with("extra ")).and_then(|line| line.strip_prefix("extra ")) {
            Some(leaf) => Some(STANDARD.decode(leaf).map_err(|_| malformed("its leaf is not base64"))?),
            None => None,
        };
        if leaf.as_ref().is_some_and(|leaf| leaf.len() > LEAF_BYTES_MAX) {
            return Err(malformed("its leaf is longer than 65,535 bytes"));
        }
        let index = lines.next().and_then(|line| line.strip_prefix("index ")).and_then(parse_size);
        let index = index.ok_or(malformed("it has no plain decimal index"))?;
        let mut proof = Vec::new();
        for line in lines {
            if proof.len() >= PROOF_HASHES_MAX {
                return Err(malformed("its proof is too long"));
            }
            proof.push(line.parse().map_err(|_| malformed("a line of its proof is not base64 of 32 bytes"))?);
        }
        Ok((leaf, Self { leaf: Vec::new(), index, proof, checkpoint: checkpoint.to_owned() }))
    }

    /// Checks everything offline: the signatures of the checkpoint, and that the leaf stands at its index under its root. Only what is
    /// in the answer and in `leaf` and `index` is then proven.
    ///
    /// # Errors
    /// [`BundleError`].
    pub fn check(&self, known: &[NoteVerifier]) -> Result<VerifiedCheckpoint, BundleError> {
        let verified = Checkpoint::open(self.checkpoint.as_bytes(), known)?;
        let root = verified.checkpoint.root();
        check_inclusion(&self.proof, verified.checkpoint.size(), &root, self.index, &leaf_hash(&self.leaf))?;
        Ok(verified)
    }
}
