//! The auditor: recomputes the whole tree from its leaves and compares it with everything that was ever signed about it.

use std::collections::BTreeMap;
use std::io;

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::entries::LEAF_BYTES_MAX;
use crate::frontier::{Frontier, TreeFull};
use crate::hash::{EMPTY_ROOT, Hash, leaf_hash};
use crate::note::NoteVerifier;

/// Checkpoints that one audit compares at most: one an hour for a year is 8,760.
pub const CHECKPOINTS_MAX: usize = 10_000;

/// Leaves with a known hash (from receipts or bundles) that one audit compares at most; 40 bytes each.
pub const KNOWN_LEAVES_MAX: usize = 1_000_000;

/// What is wrong with a trail.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// A checkpoint is malformed, or no known key signed it.
    #[error("checkpoint {number} cannot be believed: {reason}")]
    BadSignature {
        /// Which one, in the order given, from 0.
        number: usize,
        /// Why.
        reason: CheckpointError,
    },
    /// A checkpoint speaks of another trail.
    #[error("checkpoint {number} is of {found}, not of {expected}; audit each trail by itself")]
    OriginDiffers {
        /// Which one, in the order given, from 0.
        number: usize,
        /// Its origin.
        found: String,
        /// Origin of the latest checkpoint.
        expected: String,
    },
    /// An earlier checkpoint is larger than the latest: the log went back behind what it had signed.
    #[error("rollback: an earlier checkpoint has {earlier} leaves, the latest only {latest}")]
    RolledBack {
        /// Leaves in the earlier one.
        earlier: u64,
        /// Leaves in the latest.
        latest: u64,
    },
    /// There are fewer leaves than were signed: truncated, or not handed over whole.
    #[error("truncation: a checkpoint has {signed} leaves, only {leaves} were given")]
    Shorter {
        /// Leaves given.
        leaves: u64,
        /// Leaves in the checkpoint.
        signed: u64,
    },
    /// The leaves do not give the root of the latest checkpoint: something was edited, left out, moved or put in.
    #[error("the first {size} leaves give the root {computed}, but {signed} was signed")]
    RootDiffers {
        /// Leaves in the checkpoint.
        size: u64,
        /// Root of the leaves given.
        computed: Hash,
        /// Root in the checkpoint.
        signed: Hash,
    },
    /// The leaves do not continue an earlier checkpoint, or two checkpoints of one size differ: the log showed different trails.
    #[error("fork: the first {size} leaves give the root {computed}, but an earlier checkpoint signed {signed}")]
    ForkOf {
        /// Leaves in the earlier checkpoint.
        size: u64,
        /// Root of the leaves given, or in the other checkpoint of this size.
        computed: Hash,
        /// Root in the earlier checkpoint.
        signed: Hash,
    },
    /// A leaf is not the one that a receipt or bundle vouches for.
    #[error("leaf {index} has the hash {computed}, but {known} is vouched for")]
    LeafDiffers {
        /// Index of the leaf.
        index: u64,
        /// Hash of the leaf given.
        computed: Hash,
        /// Hash that is vouched for.
        known: Hash,
    },
    /// A leaf that a receipt or bundle vouches for was not given.
    #[error("leaf {index} is vouched for, only {leaves} leaves were given")]
    LeafMissing {
        /// Index of the leaf.
        index: u64,
        /// Leaves given.
        leaves: u64,
    },
    /// A leaf is longer than any leaf may be.
    #[error("leaf {index} has {bytes} bytes; a leaf has at most {LEAF_BYTES_MAX}")]
    LeafTooLong {
        /// Index of the leaf.
        index: u64,
        /// Its length.
        bytes: usize,
    },
}

/// The result of an audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Everything that is wrong, in the order found; empty means that the trail is whole.
    pub findings: Vec<Finding>,
    /// Leaves given.
    pub leaves: u64,
    /// Root over all of them.
    pub root: Hash,
    /// The largest size at which every checkpoint up to it is met: damage lies behind this leaf. 0 if none is met.
    pub sound_up_to: u64,
    /// Leaves behind the latest checkpoint, which nothing proves yet.
    pub unproven: u64,
}

impl Verdict {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }
}

/// A limit of this auditor was reached; nothing is said about the trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuditLimit {
    /// More than [`CHECKPOINTS_MAX`].
    #[error("audit: more than {CHECKPOINTS_MAX} checkpoints; give the most telling ones")]
    Checkpoints,
    /// More than [`KNOWN_LEAVES_MAX`].
    #[error("audit: more than {KNOWN_LEAVES_MAX} known leaves; audit in several passes")]
    KnownLeaves,
    /// The tree is at its largest.
    #[error(transparent)]
    TreeFull(#[from] TreeFull),
}

impl From<AuditLimit> for io::Error {
    fn from(limit: AuditLimit) -> Self {
        Self::other(limit)
    }
}

/// Streams leaves, holding 1.6 KB of tree and what it was told to compare with.
///
/// With public keys and the latest checkpoint alone it finds every edit, deletion, reordering and insertion. Truncation, rollback and a
/// fork *together with a freshly signed checkpoint* need one thing that the log no longer controls: an earlier checkpoint, a cosigned
/// one, or a receipt (as a known leaf).
pub struct Auditor {
    frontier: Frontier,
    latest: Option<Checkpoint>,
    /// Signed roots by size, latest and earlier.
    signed: BTreeMap<u64, Hash>,
    known_leaves: BTreeMap<u64, Hash>,
    known: Vec<NoteVerifier>,
    checkpoints: usize,
    findings: Vec<Finding>,
    sound_up_to: u64,
    damaged: bool,
}

impl Auditor {
    /// Begins an audit of the trail that the `latest` signed checkpoint describes, trusting the `known` keys.
    #[must_use]
    pub fn new(latest: &[u8], known: &[NoteVerifier]) -> Self {
        let mut auditor = Self {
            frontier: Frontier::new(),
            latest: None,
            signed: BTreeMap::new(),
            known_leaves: BTreeMap::new(),
            known: known.to_vec(),
            checkpoints: 1,
            findings: Vec::new(),
            sound_up_to: 0,
            damaged: false,
        };
        match Checkpoint::open(latest, known) {
            Ok(opened) => {
                auditor.signed.insert(opened.checkpoint.size(), opened.checkpoint.root());
                auditor.latest = Some(opened.checkpoint);
            }
            Err(reason) => auditor.findings.push(Finding::BadSignature { number: 0, reason }),
        }
        auditor
    }

    /// Adds an earlier signed checkpoint, kept by someone outside. All of them go before the first leaf.
    ///
    /// # Errors
    /// [`AuditLimit::Checkpoints`].
    pub fn earlier(&mut self, note: &[u8]) -> Result<(), AuditLimit> {
        if self.checkpoints >= CHECKPOINTS_MAX {
            return Err(AuditLimit::Checkpoints);
        }
        let number = self.checkpoints;
        self.checkpoints += 1;
        let earlier = match Checkpoint::open(note, &self.known) {
            Ok(opened) => opened.checkpoint,
            Err(reason) => {
                self.findings.push(Finding::BadSignature { number, reason });
                return Ok(());
            }
        };
        let (size, signed) = (earlier.size(), earlier.root());
        if let Some(latest) = &self.latest {
            if latest.origin() != earlier.origin() {
                let (found, expected) = (earlier.origin().to_owned(), latest.origin().to_owned());
                self.findings.push(Finding::OriginDiffers { number, found, expected });
                return Ok(());
            }
            if size > latest.size() {
                self.findings.push(Finding::RolledBack { earlier: size, latest: latest.size() });
            }
        }
        let computed = *self.signed.entry(size).or_insert(signed);
        if computed != signed {
            self.findings.push(Finding::ForkOf { size, computed, signed });
        }
        Ok(())
    }

    /// Adds the hash of a leaf that a receipt or a bundle vouches for. All of them go before the first leaf.
    ///
    /// # Errors
    /// [`AuditLimit::KnownLeaves`].
    pub fn known_leaf(&mut self, index: u64, hash: Hash) -> Result<(), AuditLimit> {
        if self.known_leaves.len() >= KNOWN_LEAVES_MAX {
            return Err(AuditLimit::KnownLeaves);
        }
        let computed = *self.known_leaves.entry(index).or_insert(hash);
        if computed != hash {
            self.findings.push(Finding::LeafDiffers { index, computed, known: hash });
        }
        Ok(())
    }

    /// Takes the next leaf.
    ///
    /// # Errors
    /// [`AuditLimit::TreeFull`].
    pub fn leaf(&mut self, leaf: &[u8]) -> Result<(), AuditLimit> {
        self.compare_here();
        let index = self.frontier.size();
        if leaf.len() > LEAF_BYTES_MAX {
            self.findings.push(Finding::LeafTooLong { index, bytes: leaf.len() });
        }
        let computed = leaf_hash(leaf);
        if let Some(known) = self.known_leaves.remove(&index)
            && known != computed
        {
            self.findings.push(Finding::LeafDiffers { index, computed, known });
        }
        Ok(self.frontier.append(computed)?)
    }

    /// Takes all leaves and gives the verdict.
    ///
    /// # Errors
    /// The first error of the source, or [`AuditLimit`] turned into one.
    pub fn audit<L, E>(mut self, leaves: impl IntoIterator<Item = Result<L, E>>) -> Result<Verdict, E>
    where
        L: AsRef<[u8]>,
        E: From<AuditLimit>,
    {
        for leaf in leaves {
            self.leaf(leaf?.as_ref())?;
        }
        Ok(self.finish())
    }

    /// Ends the audit.
    #[must_use]
    pub fn finish(mut self) -> Verdict {
        self.compare_here();
        let leaves = self.frontier.size();
        let latest_size = self.latest.as_ref().map_or(0, Checkpoint::size);
        for signed in self.signed.keys().filter(|size| **size > leaves) {
            self.findings.push(Finding::Shorter { leaves, signed: *signed });
        }
        for index in self.known_leaves.keys() {
            self.findings.push(Finding::LeafMissing { index: *index, leaves });
        }
        Verdict {
            findings: self.findings,
            leaves,
            root: if leaves == 0 { EMPTY_ROOT } else { self.frontier.root() },
            sound_up_to: self.sound_up_to,
            unproven: leaves.saturating_sub(latest_size),
        }
    }

    /// Compares the root so far with the checkpoint of this very size, if there is one.
    fn compare_here(&mut self) {
        let size = self.frontier.size();
        let Some(signed) = self.signed.get(&size).copied() else { return };
        let computed = self.frontier.root();
        if computed == signed {
            if !self.damaged {
                self.sound_up_to = size;
            }
            return;
        }
        self.damaged = true;
        let is_latest = self.latest.as_ref().is_some_and(|latest| latest.size() == size);
        self.findings.push(if is_latest {
            Finding::RootDiffers { size, computed, signed }
        } else {
            Finding::ForkOf { size, computed, signed }
        });
    }
}
