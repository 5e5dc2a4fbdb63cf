//! What partners that fetch share on the wire: character sets, Base64, MD5, the call itself.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use encoding_rs::Encoding;
use md5::{Digest, Md5};

/// The longest answer that is taken: a list of a day with its documents.
pub(crate) const REPLY_BYTES_MAX: usize = 64 * 1024 * 1024;

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

/// Posts a SOAP envelope; an error names the operation.
pub(crate) async fn post(
    http: &reqwest::Client,
    url: &str,
    operation: &str,
    envelope: String,
) -> Result<Vec<u8>, String> {
    let sent = http.post(url).header("Content-Type", "text/xml; charset=utf-8").header("SOAPAction", "\"\"");
    let mut reply = sent.body(envelope).send().await.map_err(|e| format!("{operation}: {e}"))?;
    let status = reply.status();
    let mut bytes = Vec::new();
    while let Some(chunk) = reply.chunk().await.map_err(|e| format!("{operation}: {e}"))? {
        if bytes.len() + chunk.len() > REPLY_BYTES_MAX {
            return Err(format!("{operation}: reply above {REPLY_BYTES_MAX} bytes"));
        }
        bytes.extend_from_slice(&chunk);
    }
    if status.is_success() { Ok(bytes) } else { Err(format!("{operation}: HTTP {}", status.as_u16())) }
}
