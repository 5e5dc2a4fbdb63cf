//! The trail at run time: the tree behind the journal, its tiles, the signed checkpoint, proofs and receipts.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use store::disk::Disk;
use store::journal::Reader as JournalReader;
use trail::{
    Checkpoint, Edge, Hash, NoteKey, PackedTiles, ReadError, Reader, TileName, TilePath, TileStore as _, Tree,
};

pub use super::receipts::RECEIPT_CONTEXT;
use super::receipts::ReceiptSigner;
use crate::refusal::Refusal;
use crate::vault::hex;
use crate::view::Receipt;

/// The longest checkpoint note that is read back.
const NOTE_BYTES_MAX: u64 = 128 * 1024;

/// The highest level of which a tile is mended while it serves: 65,536 leaves are read in half a second, those of the next level in minutes.
const MENDED_LEVEL_MAX: u8 = 1;
/// Tiles that one process tries to mend, each once: where more are damaged the disk is failing, and asking again must not read it over and over.
const MENDED_TILES_MAX: usize = 1_024;

struct Published {
    note: String,
    edge: Edge,
}

/// The tree, what of it is signed, and the keys.
pub struct Trail {
    disk: Arc<dyn Disk>,
    directory: PathBuf,
    origin: String,
    tree: Mutex<Tree>,
    tiles: PackedTiles,
    journal: JournalReader,
    /// Tiles that were mended or could not be.
    mended: Mutex<BTreeSet<TileName>>,
    published: RwLock<Published>,
    note_key: NoteKey,
    receipt_key: ReceiptSigner,
}

/// Why the trail cannot be published.
#[derive(Debug, thiserror::Error)]
pub enum TrailError {
    /// The disk.
    #[error("writing the trail under {path}: {source}; look at free space and permissions", path = path.display())]
    Disk {
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Signing.
    #[error("signing a checkpoint: {0}")]
    Sign(String),
}

impl Trail {
    /// Over a tree that covers everything durable, and the journal that it stands for.
    ///
    /// # Errors
    /// [`TrailError`] when the first checkpoint cannot be signed.
    pub fn new(
        disk: Arc<dyn Disk>,
        directory: &Path,
        origin: &str,
        (tree, journal): (Tree, JournalReader),
        keys: (NoteKey, ReceiptSigner),
    ) -> Result<Self, TrailError> {
        let tiles = PackedTiles::new(directory.join("trail"));
        let (note_key, receipt_key) = keys;
        let edge = tree.edge().clone();
        let note = sign(origin, &edge, &note_key)?;
        Ok(Self {
            disk,
            directory: directory.to_owned(),
            origin: origin.to_owned(),
            tree: Mutex::new(tree),
            tiles,
            journal,
            mended: Mutex::default(),
            published: RwLock::new(Published { note, edge }),
            note_key,
            receipt_key,
        })
    }

    /// Takes the leaves of a durable batch.
    ///
    /// # Errors
    /// When the tree can take no more: 2^48 leaves, or its full tiles were not stored for a million leaves.
    pub fn append(&self, leaves: &[Hash]) -> Result<(), TrailError> {
        let mut tree = self.tree.lock();
        for leaf in leaves {
            tree.append(*leaf).map_err(|error| TrailError::Sign(error.to_string()))?;
        }
        Ok(())
    }

    /// The tree as a snapshot of the state before event `next` carries it; `None` when it is over other events than those.
    #[must_use]
    pub fn tree_bytes(&self, next: u64) -> Option<Vec<u8>> {
        let tree = self.tree.lock();
        (tree.size() == next).then(|| tree.to_bytes())
    }

    /// How many leaves the tree has.
    #[cfg(test)]
    pub(crate) fn tree_size(&self) -> u64 {
        self.tree.lock().size()
    }

    /// Signs and keeps a checkpoint when the tree has grown; returns the size it covers.
    ///
    /// # Errors
    /// [`TrailError`]; the checkpoint before stays in force.
    pub fn publish(&self) -> Result<u64, TrailError> {
        let path = self.directory.join("trail");
        let failed = |source| TrailError::Disk { path: path.clone(), source };
        // Written outside the lock: the journal thread appends leaves under it, and every commit would wait for these files.
        let waiting = self.tree.lock().waiting();
        let mut stored = None;
        let written = waiting.iter().try_for_each(|(name, bytes)| {
            self.tiles.put(*name, bytes)?;
            stored = Some(*name);
            Ok(())
        });
        let edge = {
            let mut tree = self.tree.lock();
            stored.into_iter().for_each(|last| tree.stored(last));
            tree.edge().clone()
        };
        written.map_err(failed)?;
        let size = edge.size();
        if size == self.published.read().edge.size() && self.disk.exists(&self.note_path()).map_err(failed)? {
            return Ok(size);
        }
        let note = sign(&self.origin, &edge, &self.note_key)?;
        self.disk.replace_file(&self.note_path(), note.as_bytes()).map_err(failed)?;
        *self.published.write() = Published { note, edge };
        Ok(size)
    }

    fn note_path(&self) -> PathBuf {
        self.directory.join("trail").join("checkpoint")
    }

    /// The newest signed checkpoint.
    #[must_use]
    pub fn checkpoint(&self) -> String {
        self.published.read().note.clone()
    }

    /// The size that it covers.
    #[must_use]
    pub fn checkpoint_size(&self) -> u64 {
        self.published.read().edge.size()
    }

    /// A hash tile by its path below `tile/`; `None` when the checkpoint does not cover it. One that is damaged is mended first.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for a path that is none, [`Refusal::Unavailable`] when a tile is damaged for good.
    pub fn tile(&self, path: &str) -> Result<Option<Vec<u8>>, Refusal> {
        let TilePath::Hashes(name) = path.parse().map_err(|_| Refusal::NotFound)? else { return Ok(None) };
        let edge = self.published.read().edge.clone();
        match self.mending(&mut Reader::new(&edge, &self.tiles), |reader| reader.tile(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(ReadError::OutOfTree { .. }) => Ok(None),
            Err(error) => {
                tracing::error!(path, %error, "a tile cannot be read; run `xiezhi verify`");
                Err(Refusal::Unavailable)
            }
        }
    }

    /// Asks a reader, and mends what it meets damaged or missing: a tile is only what the journal's leaves give.
    fn mending<T>(
        &self,
        reader: &mut Reader<'_>,
        mut ask: impl FnMut(&mut Reader<'_>) -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        loop {
            let (name, error) = match ask(reader) {
                Err(error @ (ReadError::Missing { name } | ReadError::Damaged { name })) => (name, error),
                other => return other,
            };
            // Whoever meets the same tile meanwhile waits here and then finds it whole.
            let mut tried = self.mended.lock();
            if tried.contains(&name) {
                drop(tried);
                return ask(reader).map_err(|_| error);
            }
            self.mend(reader, name, &mut tried)?;
        }
    }

    /// Mends one tile, after the one above it where that is damaged too.
    fn mend(&self, reader: &mut Reader<'_>, name: TileName, tried: &mut BTreeSet<TileName>) -> Result<(), ReadError> {
        if name.level() > MENDED_LEVEL_MAX || tried.len() >= MENDED_TILES_MAX || !tried.insert(name) {
            return Err(ReadError::Damaged { name });
        }
        let mut leaf = |sequence| leaf_of(&self.journal, sequence);
        match reader.mend(name, &mut leaf) {
            Err(ReadError::Missing { name: above } | ReadError::Damaged { name: above }) => {
                self.mend(reader, above, tried)?;
                reader.mend(name, &mut leaf)?;
            }
            other => other?,
        }
        tracing::warn!(tile = %TilePath::Hashes(name), "a damaged tile was written anew from the journal");
        Ok(())
    }

    /// The inclusion proof of a leaf in the newest checkpoint.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] when the checkpoint does not cover it yet, [`Refusal::Unavailable`] when a tile is damaged.
    pub fn prove(&self, index: u64) -> Result<(u64, Vec<[u8; 32]>, String), Refusal> {
        let (edge, note) = {
            let published = self.published.read();
            (published.edge.clone(), published.note.clone())
        };
        if index >= edge.size() {
            return Err(Refusal::NotFound);
        }
        let proof = self.inclusion(&mut Reader::new(&edge, &self.tiles), edge.size(), index)?;
        Ok((edge.size(), proof.iter().map(|hash| *hash.as_bytes()).collect(), note))
    }

    fn inclusion(&self, reader: &mut Reader<'_>, size: u64, index: u64) -> Result<Vec<Hash>, Refusal> {
        self.mending(reader, |reader| reader.inclusion(size, index)).map_err(|error| {
            tracing::error!(index, %error, "an inclusion proof cannot be made; run `xiezhi verify`");
            Refusal::Unavailable
        })
    }

    /// The inclusion proofs of leaves in the newest checkpoint, all against the same one; `None` for a leaf that it does not cover yet.
    /// Beside them its size and its text.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when a tile is damaged.
    pub fn prove_all(&self, indices: &[u64]) -> Result<(u64, Vec<Option<Vec<[u8; 32]>>>, String), Refusal> {
        let (edge, note) = {
            let published = self.published.read();
            (published.edge.clone(), published.note.clone())
        };
        let mut reader = Reader::new(&edge, &self.tiles);
        let mut prove = |index: u64| {
            if index >= edge.size() {
                return Ok(None);
            }
            let proof = self.inclusion(&mut reader, edge.size(), index)?;
            Ok(Some(proof.iter().map(|hash| *hash.as_bytes()).collect()))
        };
        let proofs = indices.iter().map(|index| prove(*index)).collect::<Result<_, Refusal>>()?;
        Ok((edge.size(), proofs, note))
    }

    /// Signs a receipt: Ed25519 over `{"leaf_hash":hex,"log":origin,"sequence":n}` with [`RECEIPT_CONTEXT`].
    #[must_use]
    pub fn receipt(&self, sequence: u64, leaf: Hash) -> Receipt {
        let leaf_hash = *leaf.as_bytes();
        let text = receipt_text(&self.origin, sequence, &leaf_hash);
        let signature = self.receipt_key.sign(text.as_bytes()).unwrap_or([0; 64]);
        Receipt { sequence, leaf_hash, signature }
    }

    /// Signs other canonical JSON under a context of its own, by the key of receipts; it must stay far below
    /// [`trail::RECEIPT_BYTES_MAX`](::trail::RECEIPT_BYTES_MAX).
    #[must_use]
    pub fn sign_as(&self, context: &str, canonical_json: &str) -> [u8; 64] {
        self.receipt_key.sign_as(context, canonical_json.as_bytes()).unwrap_or([0; 64])
    }

    /// The name of the log, which every checkpoint begins with.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The public keys: checkpoint verifier key, receipt verifier key.
    #[must_use]
    pub fn public_keys(&self) -> (String, String) {
        (self.note_key.verifier_key(), self.receipt_key.verifier().to_string())
    }
}

/// The canonical JSON that a receipt signs.
#[must_use]
pub fn receipt_text(origin: &str, sequence: u64, leaf_hash: &[u8; 32]) -> String {
    format!(r#"{{"leaf_hash":"{}","log":"{origin}","sequence":{sequence}}}"#, hex(leaf_hash))
}

fn sign(origin: &str, edge: &Edge, key: &NoteKey) -> Result<String, TrailError> {
    let checkpoint = Checkpoint::new(origin, edge.size(), edge.root());
    let signed = checkpoint.and_then(|checkpoint| checkpoint.sign(&[key]));
    signed.map_err(|error| TrailError::Sign(error.to_string()))
}

/// Holds the recomputed tree against the newest checkpoint on disk: a rewritten journal of the same length must not be
/// signed as if it were the old one.
///
/// # Errors
/// When the roots differ, or the tiles needed to compare them cannot be read.
pub fn check_against(checkpoint: &Checkpoint, directory: &Path, tree: &Tree) -> Result<(), String> {
    let tiles = PackedTiles::new(directory.join("trail"));
    let root = if checkpoint.size() == tree.edge().size() {
        tree.edge().root()
    } else {
        Reader::new(tree.edge(), &tiles).root(checkpoint.size()).map_err(|error| error.to_string())?
    };
    if root == checkpoint.root() {
        return Ok(());
    }
    Err(format!(
        "the journal under {} does not give the root that was signed for its first {} leaves: it was rewritten or exchanged; restore journal/ from the mirror or a backup",
        directory.display(),
        checkpoint.size()
    ))
}

/// The newest checkpoint on disk, signed by our own key; `None` when there is none.
///
/// # Errors
/// When there is one and it is not ours or cannot be read: somebody exchanged the directory or its keys.
pub fn stored_checkpoint(disk: &dyn Disk, directory: &Path, key: &NoteKey) -> Result<Option<Checkpoint>, String> {
    let path = directory.join("trail").join("checkpoint");
    let note = match disk.read_file(&path, NOTE_BYTES_MAX) {
        Ok(note) => note,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("reading {}: {error}", path.display())),
    };
    let opened = Checkpoint::open(&note, &[key.verifier()]);
    match opened {
        Ok(verified) => Ok(Some(verified.checkpoint)),
        Err(error) => Err(format!(
            "{}: {error}; it was signed by another key, or altered: restore keys/ and trail/ from one backup",
            path.display()
        )),
    }
}

fn leaf_of(journal: &JournalReader, sequence: u64) -> std::io::Result<Hash> {
    match journal.read(sequence) {
        Ok(Some(record)) => Ok(trail::leaf_hash(&record.leaf)),
        Ok(None) => Err(std::io::Error::from(std::io::ErrorKind::NotFound)),
        Err(error) => Err(std::io::Error::other(error.to_string())),
    }
}

/// Rebuilds what tiles are missing or damaged on disk over the leaves from `from` on, and what is missing before them.
///
/// # Errors
/// When the journal cannot be read or its leaves differ from what was signed.
pub fn repair_tiles(directory: &Path, tree: &Tree, from: u64, journal: &JournalReader) -> Result<usize, String> {
    let tiles = PackedTiles::new(directory.join("trail"));
    let mut leaf = |sequence| leaf_of(journal, sequence);
    let repaired = Reader::new(tree.edge(), &tiles).repair(from, &mut leaf).map_err(|error| error.to_string())?;
    Ok(repaired.len())
}
