//! The root secret, from which the keys of index and snapshots and the keyed hashes of identity and account numbers are derived.
//!
//! It is a data key in slot 0 of the key store, not the master key itself: a change of the master key then re-wraps one slot,
//! and every hash that already stands in open state, every snapshot and the index stay good.

use super::{DataKey, KEY_BYTES};
use crate::random::Random;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// Bytes of a keyed hash.
pub const HASH_BYTES: usize = 16;

/// The secret above all derived keys of one installation.
#[derive(Clone)]
pub struct RootKey(DataKey);

impl RootKey {
    /// Takes the secret out of its slot.
    pub const fn new(secret: DataKey) -> Self {
        Self(secret)
    }

    /// Draws a fresh secret; for tools and tests that have no key store.
    pub fn generate(random: &mut dyn Random) -> Self {
        Self(DataKey::generate(random))
    }

    /// The key for one `purpose` and one `salt` (HKDF-SHA-256); another purpose or salt gives an unrelated key.
    pub fn derive(&self, purpose: &str, salt: &[u8]) -> DataKey {
        let mut derived = Zeroizing::new([0; KEY_BYTES]);
        let expander = Hkdf::<Sha256>::new(Some(salt), self.0.bytes());
        if expander.expand_multi_info(&[b"xiezhi/v1/", purpose.as_bytes()], derived.as_mut()).is_err() {
            // HKDF can refuse only above 8,160 bytes and this asks for 32; a zero key must never come out of here.
            std::process::abort();
        }
        DataKey::from_bytes(*derived)
    }

    /// The hasher for one purpose, for example `"subject"` or `"case_number"`; keep it, making one costs more than a hash.
    pub fn hasher(&self, purpose: &str) -> KeyedHasher {
        let key = self.derive(&format!("hash/{purpose}"), &[]);
        // HMAC pads a short key with zeros to the block of the hash; doing it here leaves no length that could be refused.
        let mut block = Zeroizing::new([0; 64]);
        block.iter_mut().zip(key.bytes()).for_each(|(to, from)| *to = *from);
        KeyedHasher { state: Hmac::<Sha256>::new((&*block).into()) }
    }

    /// HMAC-SHA-256 of `bytes` under the sub-key of `purpose`, cut to 16 bytes.
    pub fn keyed_hash(&self, purpose: &str, bytes: &[u8]) -> [u8; HASH_BYTES] {
        self.hasher(purpose).hash(bytes)
    }
}

/// Turns numbers that name people (identity, account, case numbers) into index keys from which they cannot be guessed back without the root secret.
#[derive(Clone)]
pub struct KeyedHasher {
    state: Hmac<Sha256>,
}

impl KeyedHasher {
    /// HMAC-SHA-256 of `bytes`, cut to 16 bytes.
    pub fn hash(&self, bytes: &[u8]) -> [u8; HASH_BYTES] {
        let full: [u8; 32] = self.state.clone().chain_update(bytes).finalize().into_bytes().into();
        let mut cut = [0; HASH_BYTES];
        cut.iter_mut().zip(full).for_each(|(to, from)| *to = from);
        cut
    }
}
