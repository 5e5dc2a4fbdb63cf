//! Bytes as people and file names have them: lower-case hex.

const PAIRS: [[u8; 2]; 256] = pairs();

#[expect(clippy::indexing_slicing, reason = "both indices are below the lengths, and this runs when it is compiled")]
const fn pairs() -> [[u8; 2]; 256] {
    let (digits, mut pairs, mut byte) = (b"0123456789abcdef", [[0; 2]; 256], 0);
    while byte < 256 {
        pairs[byte] = [digits[byte >> 4], digits[byte & 15]];
        byte += 1;
    }
    pairs
}

/// Lower-case hex. There is room for a line's end behind it, so that a secret is not left behind where it was moved away from.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let mut text = Vec::with_capacity(bytes.len() * 2 + 1);
    for byte in bytes {
        text.extend_from_slice(PAIRS.get(usize::from(*byte)).unwrap_or(b"00"));
    }
    String::from_utf8(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::hex;

    #[test]
    fn every_byte_is_two_digits() {
        for byte in 0..=u8::MAX {
            assert_eq!(hex(&[byte, 0xa0]), format!("{byte:02x}a0"));
        }
        assert_eq!(hex(&[]), "");
    }
}
