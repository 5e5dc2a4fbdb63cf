//! Taking a packet away: it is held under a hidden name while its sum is looked at once more, so that what was not read is not lost.

use std::time::{SystemTime, UNIX_EPOCH};

use sha2::{Digest as _, Sha256};

use super::mailbox::is_plain;

const HELD: &str = ".held";

/// A hidden name for a packet that is about to be taken away; no two attempts have the same.
pub(super) fn held(packet: &str) -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!(".{packet}.{}{HELD}", since.as_nanos())
}

/// The packet that a file is, by its own name or held under a hidden one; `None` for what still grows or is none.
pub(super) fn packet_of(name: &str) -> Option<&str> {
    let inside = name.strip_prefix('.').and_then(|inside| inside.strip_suffix(HELD));
    let packet = match inside {
        Some(inside) => {
            let (packet, nanos) = inside.rsplit_once('.')?;
            Some(packet).filter(|_| !nanos.is_empty() && nanos.bytes().all(|byte| byte.is_ascii_digit()))?
        }
        None => name,
    };
    is_plain(packet).then_some(packet)
}

/// SHA-256 of a packet's bytes, 64 hex digits.
pub(super) fn sum(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let nibbles = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    nibbles.filter_map(|nibble| char::from_digit(u32::from(nibble), 16)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_packet_is_known_by_its_own_name() {
        for name in ["a.zip", "CXFKB0000000000000001-7.zip", "a.1.held"] {
            assert_eq!(packet_of(name), Some(name));
            assert_eq!(packet_of(&held(name)), Some(name));
        }
        for name in
            [".a.zip.part", ".a.zip.held", ".a.zip.x.held", ".a.zip..held", "..a.zip.1.held", ".held", "", "a b"]
        {
            assert_eq!(packet_of(name), None, "{name}");
        }
        assert_eq!(sum(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
