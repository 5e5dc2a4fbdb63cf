//! What stands beside a key: nothing but a checksum, or a value sealed to its key. No value is ever in clear.
//!
//! ```text
//! 0x00 | crc32c of the key (4)                   an empty value; the key says it all
//! 0x01 | nonce (12) | ciphertext | tag (16)      sealed; the tag is the checksum, the key is bound in
//! ```

use crate::seal::{NONCE_BYTES, SealError, Sealer};

const EMPTY: u8 = 0;

/// `nonce` must be fresh from [`crate::random::Random`]; the caller draws those of a batch at once, one call to the system instead of hundreds.
pub(super) fn encode(
    sealer: &Sealer,
    key: &[u8],
    value: &[u8],
    nonce: [u8; NONCE_BYTES],
) -> Result<Vec<u8>, SealError> {
    if value.is_empty() {
        let [a, b, c, d] = crc32c::crc32c(key).to_be_bytes();
        return Ok(vec![EMPTY, a, b, c, d]);
    }
    sealer.seal_with_nonce(key, value, nonce)
}

/// The value, or what is wrong with the stored bytes.
pub(super) fn decode(sealer: &Sealer, key: &[u8], stored: &[u8]) -> Result<Vec<u8>, String> {
    match stored.split_first() {
        Some((&EMPTY, sum)) if *sum == crc32c::crc32c(key).to_be_bytes() => Ok(Vec::new()),
        Some((&EMPTY, _)) => Err("a checksum does not fit its key".to_owned()),
        _ => sealer.open(key, stored).map_err(|error| error.to_string()),
    }
}
