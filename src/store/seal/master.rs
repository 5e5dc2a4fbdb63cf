//! The master key: read from a file or a value, it wraps the data keys and does nothing else.

use super::root::RootKey;
use super::{DataKey, KEY_BYTES, SealError, Sealer, TAG_BYTES};
use crate::hex::hex;
use crate::random::Random;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Bytes of a wrapped data key.
pub const WRAPPED_BYTES: usize = KEY_BYTES + super::SEAL_OVERHEAD_BYTES;
/// A key file holds 64 hex or 44 base64 characters; anything longer than this is not one.
const FILE_BYTES_MAX: u64 = 256;

/// Why the master key could not be had. The value itself never appears.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// The file could not be read, made or synced.
    #[error("{operation} master key file {path}: {source}", path = path.display())]
    File {
        /// What was being done.
        operation: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others may read the file.
    #[error("read master key file {path}: its mode is {mode:o}, others may read it; run `chmod 600` on it and think whether the key must be changed", path = path.display())]
    TooOpen {
        /// The file.
        path: PathBuf,
        /// Permission bits found.
        mode: u32,
    },
    /// Neither 64 hex digits nor base64 of 32 bytes.
    #[error("read the master key from {origin}: it must be 32 bytes, written as 64 hex digits or as base64")]
    Malformed {
        /// The file or setting that holds it.
        origin: String,
    },
}

/// The key that wraps all data keys. Erased from memory when dropped; shows nothing of itself.
pub struct MasterKey {
    sealer: Sealer,
    id: [u8; 4],
}

impl MasterKey {
    /// Takes key bytes from wherever they are kept.
    pub fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        let key = DataKey::from_bytes(bytes);
        let fingerprint = RootKey::new(key.clone()).keyed_hash("master-id", b"");
        let [a, b, c, d, ..] = fingerprint;
        Self { sealer: Sealer::new(&key), id: [a, b, c, d] }
    }

    /// Reads the text form: 64 hex digits or base64 of 32 bytes, white space around it ignored. `origin` names the setting in errors.
    ///
    /// # Errors
    /// [`MasterKeyError::Malformed`].
    pub fn from_text(text: &str, origin: &str) -> Result<Self, MasterKeyError> {
        let text = text.trim();
        let malformed = || MasterKeyError::Malformed { origin: origin.to_owned() };
        let bytes = match text.len() {
            64 => decode_hex(text).ok_or_else(malformed)?,
            44 => Zeroizing::new(STANDARD.decode(text).map_err(|_| malformed())?),
            _ => return Err(malformed()),
        };
        let bytes = Zeroizing::new(<[u8; KEY_BYTES]>::try_from(bytes.as_slice()).map_err(|_| malformed())?);
        Ok(Self::from_bytes(*bytes))
    }

    /// Reads the key file at `path`; only its owner may be allowed to read it (mode 0600 or 0400).
    ///
    /// # Errors
    /// See [`MasterKeyError`].
    pub fn read(path: &Path) -> Result<Self, MasterKeyError> {
        let failed = |source| MasterKeyError::File { operation: "read", path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        // The mode is asked of the open file, so that nobody can swap the file between check and read.
        let mode = file.metadata().map_err(failed)?.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(MasterKeyError::TooOpen { path: path.to_owned(), mode });
        }
        let mut text = Zeroizing::new(String::new());
        file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
        Self::from_text(&text, &path.display().to_string())
    }

    /// Reads the key file, or makes one with a fresh key (mode 0600, synced) when there is none.
    ///
    /// # Errors
    /// See [`MasterKeyError`].
    pub fn read_or_create(path: &Path, random: &mut dyn Random) -> Result<Self, MasterKeyError> {
        match Self::read(path) {
            Err(MasterKeyError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
            found => return found,
        }
        let failed = |source| MasterKeyError::File { operation: "create", path: path.to_owned(), source };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        let key = DataKey::generate(random);
        let mut text = Zeroizing::new(hex(key.bytes()));
        text.push('\n');
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
        // A key that seals acknowledged data must survive power loss, and so must its name in the folder.
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        Ok(Self::from_bytes(*key.bytes()))
    }

    /// Four bytes that tell two master keys apart without betraying either; stored beside each wrapped key.
    pub const fn id(&self) -> [u8; 4] {
        self.id
    }

    /// Wraps `key`, bound to its slot number: copied into another slot it will not open.
    ///
    /// # Errors
    /// Never for a key of 32 bytes; the type is that of sealing.
    pub fn wrap(&self, slot: u64, key: &DataKey, random: &mut dyn Random) -> Result<[u8; WRAPPED_BYTES], SealError> {
        let wrapped = self.sealer.seal(&slot_aad(slot), key.bytes(), random)?;
        wrapped.as_slice().try_into().map_err(|_| SealError::TooShort { bytes: wrapped.len() })
    }

    /// Unwraps the key of `slot`.
    ///
    /// # Errors
    /// [`SealError::Refused`] for another master key, another slot, or altered bytes.
    pub fn unwrap(&self, slot: u64, wrapped: &[u8; WRAPPED_BYTES]) -> Result<DataKey, SealError> {
        let bytes = Zeroizing::new(self.sealer.open(&slot_aad(slot), wrapped)?);
        let key = Zeroizing::new(
            <[u8; KEY_BYTES]>::try_from(bytes.as_slice()).map_err(|_| SealError::TooShort { bytes: bytes.len() })?,
        );
        Ok(DataKey::from_bytes(*key))
    }
}

fn slot_aad(slot: u64) -> [u8; TAG_BYTES] {
    let mut aad = *b"xz-slot:\0\0\0\0\0\0\0\0";
    aad.iter_mut().skip(8).zip(slot.to_be_bytes()).for_each(|(to, from)| *to = from);
    aad
}

fn decode_hex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let digits: Vec<u32> = text.chars().map(|letter| letter.to_digit(16)).collect::<Option<_>>()?;
    let bytes = digits.chunks_exact(2).map(|pair| match pair {
        [high, low] => u8::try_from(high * 16 + low).ok(),
        _ => None,
    });
    bytes.collect::<Option<Vec<u8>>>().map(Zeroizing::new)
}
