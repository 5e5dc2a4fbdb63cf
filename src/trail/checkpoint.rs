//! Checkpoints (c2sp.org/tlog-checkpoint): what the log says about itself, and signs.

use std::fmt::Write as _;

use crate::frontier::TREE_SIZE_MAX;
use crate::hash::Hash;
use crate::note::{KeyName, NoteError, NoteKey, NoteVerifier, SignedNote, check_name};

/// Extension lines at most. C2SP advises against any, because nobody audits them.
pub const EXTENSIONS_MAX: usize = 8;

/// Characters in an extension line at most.
pub const EXTENSION_CHARACTERS_MAX: usize = 200;

/// The head of a tree:
///
/// ```text
///   gaoyuan.example/xiezhi                          ◀── origin; also the name of the keys that sign for it
///   20852163                                        ◀── size in leaves, decimal
///   CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=    ◀── root
///   …                                               ◀── extension lines, none as a rule
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    origin: String,
    size: u64,
    root: Hash,
    extensions: Vec<String>,
}

/// A checkpoint that cannot be made, read or trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The body is not that of a checkpoint.
    #[error("read a checkpoint: {fault}; fetch it again byte for byte")]
    Malformed {
        /// What is wrong.
        fault: &'static str,
    },
    /// A key of another name was to sign.
    #[error(
        "sign a checkpoint of {origin}: the key {key} bears another name; a log signs with keys named as its origin"
    )]
    ForeignKey {
        /// Origin of the checkpoint.
        origin: String,
        /// The key.
        key: KeyName,
    },
    /// Known keys signed, but none that speaks for this origin.
    #[error("verify a checkpoint of {origin}: no known key of that name signed it; check origin and verifier keys")]
    NotFromOrigin {
        /// Origin of the checkpoint.
        origin: String,
    },
    /// The note or its signatures.
    #[error(transparent)]
    Note(#[from] NoteError),
}

/// A checkpoint whose signatures were verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedCheckpoint {
    /// What was signed.
    pub checkpoint: Checkpoint,
    /// Keys of the log that signed: two while a key is rotated.
    pub signed_by: Vec<KeyName>,
    /// Witnesses among the known keys that cosigned.
    pub witnessed_by: Vec<KeyName>,
}

impl Checkpoint {
    /// Makes a checkpoint without extension lines.
    ///
    /// # Errors
    /// [`CheckpointError::Malformed`] when the origin is no key name or the size is above [`TREE_SIZE_MAX`].
    pub fn new(origin: &str, size: u64, root: Hash) -> Result<Self, CheckpointError> {
        Self::with_extensions(origin, size, root, Vec::new())
    }

    /// Makes a checkpoint with extension lines.
    ///
    /// # Errors
    /// As [`Checkpoint::new`], and when a line is empty, too long, or there are too many.
    pub fn with_extensions(
        origin: &str,
        size: u64,
        root: Hash,
        extensions: Vec<String>,
    ) -> Result<Self, CheckpointError> {
        let malformed = |fault| CheckpointError::Malformed { fault };
        check_name(origin)
            .map_err(|_| malformed("its origin has spaces, a plus or control characters, or a wrong length"))?;
        if size > TREE_SIZE_MAX {
            return Err(malformed("its size is above 2^48"));
        }
        let bad = |line: &String| {
            line.is_empty() || line.chars().count() > EXTENSION_CHARACTERS_MAX || line.contains(char::is_control)
        };
        if extensions.len() > EXTENSIONS_MAX || extensions.iter().any(bad) {
            return Err(malformed("an extension line is empty or too long, or there are more than 8"));
        }
        Ok(Self { origin: origin.to_owned(), size, root, extensions })
    }

    /// The log that speaks.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Root over these leaves.
    #[must_use]
    pub const fn root(&self) -> Hash {
        self.root
    }

    /// Extension lines, without newlines.
    #[must_use]
    pub fn extensions(&self) -> &[String] {
        &self.extensions
    }

    /// The text that is signed.
    #[must_use]
    pub fn body(&self) -> String {
        let mut body = format!("{}\n{}\n{}\n", self.origin, self.size, self.root);
        for line in &self.extensions {
            // Writing to a String cannot fail.
            if writeln!(body, "{line}").is_err() {
                break;
            }
        }
        body
    }

    /// Reads the text that is signed.
    ///
    /// # Errors
    /// [`CheckpointError::Malformed`]; there is one spelling only.
    pub fn parse_body(text: &str) -> Result<Self, CheckpointError> {
        let malformed = |fault| CheckpointError::Malformed { fault };
        let text = text.strip_suffix('\n').ok_or(malformed("it does not end with a newline"))?;
        let mut lines = text.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(malformed("it has not three lines"));
        };
        let size = parse_size(size).ok_or(malformed("its size is not a plain decimal number"))?;
        let root = root.parse().map_err(|_| malformed("its root is not base64 of 32 bytes"))?;
        let extensions = lines.take(EXTENSIONS_MAX + 1).map(str::to_owned).collect();
        Self::with_extensions(origin, size, root, extensions)
    }

    /// Signs with each key (the old and the new one while a key is rotated) and gives the signed note to publish.
    ///
    /// # Errors
    /// [`CheckpointError::ForeignKey`] when a key is not named as the origin; [`CheckpointError::Note`] without keys.
    pub fn sign(&self, keys: &[&NoteKey]) -> Result<String, CheckpointError> {
        if let Some(key) = keys.iter().find(|key| key.name().name != self.origin) {
            return Err(CheckpointError::ForeignKey { origin: self.origin.clone(), key: key.name().clone() });
        }
        Ok(SignedNote::sign(self.body(), keys)?.to_string())
    }

    /// Reads a signed note and verifies it: at least one known key that is named as the origin and is not a witness must have signed,
    /// and no signature of a known key may be false.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn open(note: &[u8], known: &[NoteVerifier]) -> Result<VerifiedCheckpoint, CheckpointError> {
        let note = SignedNote::parse(note)?;
        let checkpoint = Self::parse_body(note.text())?;
        let (witnesses, others): (Vec<_>, Vec<_>) = note.verify(known)?.into_iter().partition(|key| key.is_witness());
        let names = |keys: Vec<&NoteVerifier>| keys.into_iter().map(|key| key.name().clone()).collect::<Vec<_>>();
        let mut signed_by = names(others);
        signed_by.retain(|key| key.name == checkpoint.origin);
        if signed_by.is_empty() {
            return Err(CheckpointError::NotFromOrigin { origin: checkpoint.origin });
        }
        Ok(VerifiedCheckpoint { checkpoint, signed_by, witnessed_by: names(witnesses) })
    }
}

/// A decimal number without sign or leading zeroes, as C2SP writes sizes and indices.
pub(crate) fn parse_size(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}
