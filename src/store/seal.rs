//! Sealing with AES-256-GCM: the data key, and one sealed piece of bytes (version | nonce | ciphertext and tag).

pub mod frames;
pub mod master;
pub mod root;

use crate::random::Random;
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::{AeadInOut, Aes256Gcm, KeyInit, Nonce, Tag};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;
/// Bytes of a nonce; drawn at random for each sealed piece.
pub const NONCE_BYTES: usize = 12;
/// Bytes of the authentication tag at the end of a sealed piece.
pub const TAG_BYTES: usize = 16;
/// What sealing adds to a piece: version, nonce and tag.
pub const SEAL_OVERHEAD_BYTES: usize = 1 + NONCE_BYTES + TAG_BYTES;
/// The longest plaintext sealed in one piece (16 MiB): longer things go through [`frames`], which never hold the whole.
pub const SEAL_BYTES_MAX: usize = 16 * 1024 * 1024;

const VERSION: u8 = 1;

/// Why something could not be sealed or opened. None of them tells anything about the content.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SealError {
    /// The plaintext is longer than [`SEAL_BYTES_MAX`].
    #[error("seal {bytes} bytes in one piece: the limit is {SEAL_BYTES_MAX}; store them as a blob instead")]
    TooLong {
        /// Length of the plaintext.
        bytes: usize,
    },
    /// Fewer bytes than a seal needs.
    #[error(
        "open a sealed piece: {bytes} bytes are too few to be one; the record was cut, restore it from the mirror or a backup"
    )]
    TooShort {
        /// Length of what was given.
        bytes: usize,
    },
    /// Written in a form that this program does not know.
    #[error("open a sealed piece: form {found} is unknown here; open it with the release that wrote it")]
    UnknownVersion {
        /// The version byte found.
        found: u8,
    },
    /// Wrong key, wrong place, or altered bytes: the three cannot be told apart.
    #[error(
        "open a sealed piece: the key does not fit, it was moved from another place, or its bytes were altered; verify the trail and restore the file"
    )]
    Refused,
}

/// A 256-bit key that seals one case, document or message. Erased from memory when dropped; shows nothing of itself.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct DataKey([u8; KEY_BYTES]);

impl DataKey {
    /// Draws a fresh key.
    pub fn generate(random: &mut dyn Random) -> Self {
        let mut key = Self([0; KEY_BYTES]);
        random.fill(&mut key.0);
        key
    }

    /// Takes key bytes that were kept elsewhere.
    pub const fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        Self(bytes)
    }

    /// The key bytes, to be sealed under another key and nothing else.
    pub const fn expose_for_wrap(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    /// The key bytes, for wrapping and deriving inside this floor only.
    pub(crate) const fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }
}

/// A key made ready for many pieces: the key schedule is computed once.
pub struct Sealer {
    cipher: Aes256Gcm,
}

impl Sealer {
    /// Prepares `key`.
    pub fn new(key: &DataKey) -> Self {
        Self { cipher: Aes256Gcm::new(key.bytes().into()) }
    }

    /// Seals `plaintext`; it opens only with the same key and the same `aad` (the place it belongs to).
    ///
    /// # Errors
    /// [`SealError::TooLong`] above [`SEAL_BYTES_MAX`].
    pub fn seal(&self, aad: &[u8], plaintext: &[u8], random: &mut dyn Random) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0; NONCE_BYTES];
        random.fill(&mut nonce);
        self.seal_with_nonce(aad, plaintext, nonce)
    }

    /// Seals under a nonce that the caller vouches never to use again with this key.
    pub(crate) fn seal_with_nonce(
        &self,
        aad: &[u8],
        plaintext: &[u8],
        nonce: [u8; NONCE_BYTES],
    ) -> Result<Vec<u8>, SealError> {
        let too_long = SealError::TooLong { bytes: plaintext.len() };
        if plaintext.len() > SEAL_BYTES_MAX {
            return Err(too_long);
        }
        let mut sealed = Vec::with_capacity(plaintext.len() + SEAL_OVERHEAD_BYTES);
        sealed.push(VERSION);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plaintext);
        let Some(body) = sealed.get_mut(1 + NONCE_BYTES..) else { return Err(too_long) };
        let tag = self.encrypt(nonce, aad, body).map_err(|_| too_long)?;
        sealed.extend_from_slice(&tag);
        Ok(sealed)
    }

    /// Opens what [`Sealer::seal`] made, with the same `aad`.
    ///
    /// # Errors
    /// See [`SealError`]; a wrong key, a wrong place and altered bytes are all [`SealError::Refused`].
    pub fn open(&self, aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let too_short = || SealError::TooShort { bytes: sealed.len() };
        let (version, rest) = sealed.split_first().ok_or_else(too_short)?;
        if *version != VERSION {
            return Err(SealError::UnknownVersion { found: *version });
        }
        let (nonce, rest) = rest.split_first_chunk::<NONCE_BYTES>().ok_or_else(too_short)?;
        let (body, tag) = rest.split_last_chunk::<TAG_BYTES>().ok_or_else(too_short)?;
        let mut plaintext = body.to_vec();
        self.decrypt(*nonce, aad, &mut plaintext, *tag)?;
        Ok(plaintext)
    }

    fn encrypt(&self, nonce: [u8; NONCE_BYTES], aad: &[u8], body: &mut [u8]) -> Result<[u8; TAG_BYTES], SealError> {
        let tag = self
            .cipher
            .encrypt_inout_detached(&Nonce::from(nonce), aad, InOutBuf::from(body))
            .map_err(|_| SealError::Refused)?;
        Ok(tag.into())
    }

    fn decrypt(
        &self,
        nonce: [u8; NONCE_BYTES],
        aad: &[u8],
        body: &mut [u8],
        tag: [u8; TAG_BYTES],
    ) -> Result<(), SealError> {
        self.cipher
            .decrypt_inout_detached(&Nonce::from(nonce), aad, InOutBuf::from(body), &Tag::from(tag))
            .map_err(|_| SealError::Refused)
    }
}

/// Seals one piece: version byte, random nonce, ciphertext and tag.
///
/// # Errors
/// [`SealError::TooLong`] above [`SEAL_BYTES_MAX`].
pub fn seal(key: &DataKey, aad: &[u8], plaintext: &[u8], random: &mut dyn Random) -> Result<Vec<u8>, SealError> {
    Sealer::new(key).seal(aad, plaintext, random)
}

/// Opens one piece that [`seal`] made.
///
/// # Errors
/// See [`SealError`].
pub fn open(key: &DataKey, aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealError> {
    Sealer::new(key).open(aad, sealed)
}

/// Wraps `inner` under `outer`, for example the key of a message under the key of each case in it; the key's bytes are never shown.
///
/// # Errors
/// Never for a key of 32 bytes; the type is that of [`seal`].
pub fn seal_key(outer: &DataKey, aad: &[u8], inner: &DataKey, random: &mut dyn Random) -> Result<Vec<u8>, SealError> {
    seal(outer, aad, inner.bytes(), random)
}

/// Unwraps what [`seal_key`] made.
///
/// # Errors
/// See [`SealError`]; anything but a key inside is [`SealError::TooShort`].
pub fn open_key(outer: &DataKey, aad: &[u8], sealed: &[u8]) -> Result<DataKey, SealError> {
    let bytes = Zeroizing::new(open(outer, aad, sealed)?);
    let key = bytes.as_slice().try_into().map_err(|_| SealError::TooShort { bytes: bytes.len() })?;
    Ok(DataKey::from_bytes(key))
}

#[cfg(test)]
pub(crate) mod tests;
