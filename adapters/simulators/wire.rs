//! What both families share on the wire: character sets, Base64, MD5.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use encoding_rs::Encoding;
use md5::{Digest, Md5};

/// MD5 as lower-case hex.
pub fn md5_hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(32);
    for byte in Md5::digest(bytes) {
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

/// Base64 of the text in a character set.
pub(crate) fn encode(text: &str, charset: &'static Encoding) -> String {
    STANDARD.encode(charset.encode(text).0)
}

/// Base64 of bytes.
pub(crate) fn encode_bytes(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Bytes of a Base64 text; line breaks inside it are allowed, as some senders wrap it.
pub(crate) fn decode_bytes(text: &str) -> Option<Vec<u8>> {
    if text.bytes().any(|b| b.is_ascii_whitespace()) {
        let packed: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        return STANDARD.decode(packed).ok();
    }
    STANDARD.decode(text).ok()
}

/// Text of a Base64 text; `None` when it is not Base64 or not of this character set.
pub(crate) fn decode(text: &str, charset: &'static Encoding) -> Option<String> {
    let bytes = decode_bytes(text)?;
    charset.decode_without_bom_handling_and_without_replacement(&bytes).map(std::borrow::Cow::into_owned)
}
