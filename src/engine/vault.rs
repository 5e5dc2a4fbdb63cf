//! The vault: between events and records. Seals bodies under their case's key, opens them again, wraps documents' keys.

use std::sync::Arc;

pub use store::hex::hex;

use store::blobs::{BlobError, BlobId, BlobStore, Intended, Intent, SealedBlob};
use store::journal::{Record, RecordRef};
use store::keys::{KeyError, KeyStore};
use store::random::Random;
use store::record::{BODY_IN_RECORD_BYTES_MAX, Body, Event, SealTwin, read_leaf, write_leaf};
use store::seal::{DataKey, KEY_BYTES, SEAL_OVERHEAD_BYTES, Sealer};

use crate::command::{DocumentKey, Keyring};
use crate::refusal::Refusal;

/// Bodies above the record's limit stand in blobs, which may be this long: 10,000 planned acts take about 1 MiB.
const BODY_BYTES_MAX: u64 = 64 << 20;

/// Why an event cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The leaf.
    #[error(transparent)]
    Leaf(#[from] store::record::LeafError),
    /// The body.
    #[error(transparent)]
    Body(#[from] store::record::BodyError),
    /// A key.
    #[error("event {sequence}: {source}")]
    Key {
        /// The event.
        sequence: u64,
        /// What the key store said.
        source: KeyError,
    },
    /// A seal.
    #[error("event {sequence}: {source}")]
    Seal {
        /// The event.
        sequence: u64,
        /// What sealing said.
        source: store::seal::SealError,
    },
    /// A body that stands in a blob.
    #[error("event {sequence}: {source}")]
    Blob {
        /// The event.
        sequence: u64,
        /// What the blob store said.
        source: BlobError,
    },
    /// The sealed body is not the one that the leaf names.
    #[error(
        "event {sequence}: its sealed body does not have the digest that its leaf names; restore the segment from the mirror or a backup"
    )]
    Digest {
        /// The event.
        sequence: u64,
    },
}

impl VaultError {
    /// Is it a key or a blob that is gone or damaged, so that what stands beside the leaf cannot be read and the leaf can? Anything else
    /// is no loss: a body that this release does not understand, a journal that is not the one that was written, a key under a master
    /// key that was not given, or a disk that refuses to be read. Those are mended without giving anything up.
    #[must_use]
    pub fn is_loss(&self) -> bool {
        match self {
            Self::Seal { .. } => true,
            Self::Key { source, .. } => matches!(source, KeyError::Damaged { .. } | KeyError::UnknownSlot { .. }),
            Self::Blob { source, .. } => matches!(source, BlobError::Absent { .. } | BlobError::Damaged { .. }),
            Self::Leaf(_) | Self::Body(_) | Self::Digest { .. } => false,
        }
    }
}

/// Keys and blobs of one data directory.
#[derive(Clone)]
pub struct Vault {
    keys: Arc<KeyStore>,
    blobs: Arc<BlobStore>,
    gateway: DataKey,
}

/// An event as it goes to the journal.
pub struct Written {
    /// Canonical JSON.
    pub leaf: Vec<u8>,
    /// The sealed body, when it stands in the record.
    pub body: Option<Vec<u8>>,
    /// The sealed body, when it is too long for that: [`Vault::keep`] makes it durable, and must before the record is appended.
    pub blob: Option<LongBody>,
}

/// A sealed body that is too long for its record.
pub struct LongBody {
    sealed: SealedBlob,
    /// The event that names it.
    sequence: u64,
    /// The slot of its key.
    slot: u64,
}

impl Written {
    /// Borrowed for the journal.
    #[must_use]
    pub fn as_record(&self) -> RecordRef<'_> {
        RecordRef { leaf: &self.leaf, body: self.body.as_deref() }
    }
}

impl Vault {
    /// Over the keys and blobs of a directory.
    #[must_use]
    pub fn new(keys: Arc<KeyStore>, blobs: Arc<BlobStore>) -> Self {
        let gateway = keys.root().derive("gateway-bodies", &[]);
        Self { keys, blobs, gateway }
    }

    /// The keys.
    #[must_use]
    pub fn keys(&self) -> &Arc<KeyStore> {
        &self.keys
    }

    /// The blobs.
    #[must_use]
    pub fn blobs(&self) -> &Arc<BlobStore> {
        &self.blobs
    }

    fn key(&self, sequence: u64, slot: u64) -> Result<Option<DataKey>, VaultError> {
        if slot == 0 {
            return Ok(Some(self.gateway.clone()));
        }
        self.keys.get(slot).map_err(|source| VaultError::Key { sequence, source })
    }

    /// Writes the event at `sequence`, in memory alone: who decides must not wait for a disk. A body too long for a record becomes
    /// durable by [`Vault::keep`].
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn write(&self, sequence: u64, event: &Event, random: &mut dyn Random) -> Result<Written, VaultError> {
        let mut leaf = Vec::with_capacity(256);
        let Some(body) = &event.body else {
            write_leaf(event, None, &mut leaf)?;
            return Ok(Written { leaf, body: None, blob: None });
        };
        let plain = body.write()?;
        let Some(key) = self.key(sequence, event.key)? else {
            // The case was erased while this was under way: the fact stays, its content goes nowhere.
            write_leaf(event, None, &mut leaf)?;
            return Ok(Written { leaf, body: None, blob: None });
        };
        let aad = sequence.to_be_bytes();
        if plain.len() + SEAL_OVERHEAD_BYTES > BODY_IN_RECORD_BYTES_MAX {
            let blob = self.blobs.seal(&plain, &key, &aad, random);
            let blob = blob.map_err(|source| VaultError::Blob { sequence, source })?;
            write_leaf(event, Some(&blob.id().to_string()), &mut leaf)?;
            return Ok(Written { leaf, body: None, blob: Some(LongBody { sealed: blob, sequence, slot: event.key }) });
        }
        let sealed = Sealer::new(&key).seal(&aad, &plain, random);
        let sealed = sealed.map_err(|source| VaultError::Seal { sequence, source })?;
        write_leaf(event, Some(&hex_digest(&sealed)), &mut leaf)?;
        Ok(Written { leaf, body: Some(sealed), blob: None })
    }

    /// Makes the bodies durable that are too long for their records, all of them together: of the next events behind `head`, which is how
    /// many are durable. What they are for is made durable first, so that a start finds what a crash left of them.
    ///
    /// # Errors
    /// [`BlobError`]; then none of the records may be appended.
    pub fn keep<'w>(
        &self,
        head: u64,
        written: impl IntoIterator<Item = &'w Written>,
        random: &mut dyn Random,
    ) -> Result<(), BlobError> {
        let long: Vec<&LongBody> = written.into_iter().filter_map(|one| one.blob.as_ref()).collect();
        if long.is_empty() {
            return Ok(());
        }
        let intended =
            |body: &&LongBody| Intended { slot: body.slot, sequence: Some(body.sequence), id: body.sealed.id() };
        self.blobs.intend_bodies(&Intent { head, blobs: long.iter().map(intended).collect() })?;
        let sealed: Vec<&SealedBlob> = long.into_iter().map(|body| &body.sealed).collect();
        self.blobs.keep(&sealed, random)
    }

    /// Reads the event at `sequence`; its body is `None` when it has none or was erased.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn read(&self, sequence: u64, record: &Record) -> Result<Event, VaultError> {
        let (event, lost) = self.read_leaf_at_least(sequence, record)?;
        lost.map_or(Ok(event), Err)
    }

    /// The same, and where its body should be there and cannot be read, the event without it and why: its leaf tells still what happened.
    ///
    /// # Errors
    /// [`VaultError::Leaf`].
    pub fn read_leaf_at_least(
        &self,
        sequence: u64,
        record: &Record,
    ) -> Result<(Event, Option<VaultError>), VaultError> {
        let leaf = read_leaf(&record.leaf)?;
        let name = leaf.fact.name();
        let (body, lost) = match self.read_body(sequence, (leaf.key, name), leaf.body_digest.as_deref(), record) {
            Ok(body) => (body, None),
            Err(error) => (None, Some(error)),
        };
        Ok((Event { at: leaf.at, fact: leaf.fact, body, key: leaf.key }, lost))
    }

    fn read_body(
        &self,
        sequence: u64,
        (slot, name): (u64, &'static str),
        digest: Option<&str>,
        record: &Record,
    ) -> Result<Option<Body>, VaultError> {
        let Some(digest) = digest else { return Ok(None) };
        let Some(sealed) = &record.body else { return self.read_blob_body(sequence, slot, digest, name) };
        if hex_digest(sealed) != *digest {
            return Err(VaultError::Digest { sequence });
        }
        let Some(key) = self.key(sequence, slot)? else { return Ok(None) };
        let plain = Sealer::new(&key).open(&sequence.to_be_bytes(), sealed);
        let plain = plain.map_err(|source| VaultError::Seal { sequence, source })?;
        Ok(Some(Body::read(name, &plain)?))
    }

    fn read_blob_body(
        &self,
        sequence: u64,
        slot: u64,
        digest: &str,
        name: &'static str,
    ) -> Result<Option<Body>, VaultError> {
        let Some(key) = self.key(sequence, slot)? else { return Ok(None) };
        let id = blob_id(digest).ok_or(VaultError::Digest { sequence })?;
        let plain = self.blobs.read(&id, &key, &sequence.to_be_bytes(), BODY_BYTES_MAX);
        let plain = plain.map_err(|source| VaultError::Blob { sequence, source })?;
        Ok(Some(Body::read(name, &plain)?))
    }

    /// A document's own key out of its wrap under a case's.
    #[must_use]
    pub fn unwrap(&self, seal: &SealTwin, case_slot: u64) -> Option<DataKey> {
        let case = self.keys.get(case_slot).ok()??;
        let bytes = Sealer::new(&case).open(&wrap_aad(&seal.blob), &seal.key).ok()?;
        Some(DataKey::from_bytes(<[u8; KEY_BYTES]>::try_from(bytes.as_slice()).ok()?))
    }
}

/// What a wrapped document key is bound to.
fn wrap_aad(blob: &str) -> Vec<u8> {
    [b"document/".as_slice(), blob.as_bytes()].concat()
}

/// SHA-256 in lower-case hex.
#[must_use]
pub fn hex_digest(bytes: &[u8]) -> String {
    use sha2::Digest;
    hex(&sha2::Sha256::digest(bytes))
}

/// A blob's id from its hex.
#[must_use]
pub fn blob_id(hex: &str) -> Option<BlobId> {
    if hex.len() != 64 || !hex.is_ascii() {
        return None;
    }
    let mut id = [0; 32];
    for (place, byte) in id.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    Some(BlobId(id))
}

/// The decider's keyring over the real key store.
pub struct VaultKeyring {
    keys: Arc<KeyStore>,
    random: Box<dyn Random + Sync>,
}

impl VaultKeyring {
    /// Draws keys with `random`.
    #[must_use]
    pub fn new(keys: Arc<KeyStore>, random: Box<dyn Random + Sync>) -> Self {
        Self { keys, random }
    }
}

impl Keyring for VaultKeyring {
    fn can_seal(&self, slot: u64) -> bool {
        // The key is at hand for the sealing that follows.
        self.keys.get(slot).is_ok()
    }

    fn create(&mut self) -> Result<u64, Refusal> {
        let made = self.keys.create(1, self.random.as_mut()).map_err(|_| Refusal::Unavailable)?;
        made.first().map(|(slot, _)| *slot).ok_or(Refusal::Unavailable)
    }

    fn stand_in(&mut self, slot: u64) -> Result<u64, Refusal> {
        self.keys.create_stand_in(slot, self.random.as_mut()).map_err(|_| Refusal::Unavailable)
    }

    fn wrap(&mut self, document: &DocumentKey<'_>, case_slot: u64) -> Result<SealTwin, Refusal> {
        let key = |slot| self.keys.get(slot).ok().flatten().ok_or(Refusal::Unavailable);
        let (own, case) = (key(document.slot)?, key(case_slot)?);
        let wrapped = Sealer::new(&case).seal(&wrap_aad(document.blob), own.expose_for_wrap(), self.random.as_mut());
        Ok(SealTwin {
            digest: document.digest.to_owned(),
            blob: document.blob.to_owned(),
            key: wrapped.map_err(|_| Refusal::Unavailable)?,
            bytes: document.bytes,
            content_type: document.content_type.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::PathBuf;

    use super::*;

    /// Whoever gives a wrong master key, or has a disk that will not be read today, must not be offered to go on without his cases.
    #[test]
    fn what_can_be_mended_is_no_loss() {
        let (sequence, slot, path, id) = (9, 3, PathBuf::from("slots-00000000"), BlobId([7; 32]));
        let refused = || io::Error::from(io::ErrorKind::PermissionDenied);
        let key = |source| VaultError::Key { sequence, source };
        let blob = |source| VaultError::Blob { sequence, source };
        for mendable in [
            key(KeyError::OtherMaster { slot, path: path.clone() }),
            key(KeyError::Disk { operation: "read", path: path.clone(), source: refused() }),
            blob(BlobError::Disk { operation: "read", path: path.clone(), source: refused() }),
            VaultError::Digest { sequence },
        ] {
            assert!(!mendable.is_loss(), "{mendable}");
        }
        for lost in [
            key(KeyError::Damaged { path, offset: 128, reason: "the checksum does not fit" }),
            key(KeyError::UnknownSlot { slot }),
            blob(BlobError::Absent { id }),
            blob(BlobError::Damaged { id, reason: "it is cut".to_owned() }),
        ] {
            assert!(lost.is_loss(), "{lost}");
        }
    }
}
