//! Charsets of messages: UTF-8, GBK and its superset GB18030, by option, byte order mark and XML declaration.

use std::borrow::Cow;

use domain::Flaw;
use domain::form::TextBytes;
use encoding_rs::{Encoding, GB18030, GBK, UTF_8};

use crate::markup::MarkupFault;

/// A charset that partners use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Charset {
    /// UTF-8.
    Utf8,
    /// GBK; also read and written where a partner says GB2312.
    Gbk,
    /// GB18030.
    Gb18030,
}

impl Charset {
    /// Reads the word in options; `None` when it is not one.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        let word = word.trim();
        [
            (Self::Utf8, "UTF-8"),
            (Self::Utf8, "UTF8"),
            (Self::Gbk, "GBK"),
            (Self::Gbk, "GB2312"),
            (Self::Gb18030, "GB18030"),
        ]
        .into_iter()
        .find(|(_, known)| known.eq_ignore_ascii_case(word))
        .map(|(charset, _)| charset)
    }

    /// The word in XML declarations and content types.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Gbk => "GBK",
            Self::Gb18030 => "GB18030",
        }
    }

    /// How tables in this charset count a text.
    pub(crate) fn counted(self) -> TextBytes {
        match self {
            Self::Utf8 => TextBytes::Utf8,
            Self::Gbk => TextBytes::Gbk,
            Self::Gb18030 => TextBytes::Gb18030,
        }
    }

    /// Reads bytes; a fault where they are not of this charset, because a name with a replacement mark is another name.
    pub(crate) fn decode(self, bytes: &[u8]) -> Result<Cow<'_, str>, MarkupFault> {
        self.encoding()
            .decode_without_bom_handling_and_without_replacement(bytes)
            .ok_or(MarkupFault::Malformed(Flaw::Charset))
    }

    /// Writes text.
    ///
    /// GBK is written by the GB18030 encoder: both agree on every character GBK has, and a rare character in a name
    /// becomes four bytes that newer readers know, where GBK alone could only drop it.
    #[must_use]
    pub fn encode(self, text: &str) -> Cow<'_, [u8]> {
        match self {
            Self::Utf8 => Cow::Borrowed(text.as_bytes()),
            Self::Gbk | Self::Gb18030 => GB18030.encode(text).0,
        }
    }

    fn encoding(self) -> &'static Encoding {
        match self {
            Self::Utf8 => UTF_8,
            Self::Gbk => GBK,
            Self::Gb18030 => GB18030,
        }
    }
}

/// Does it begin with a byte order mark?
pub(crate) fn marked(bytes: &[u8]) -> bool {
    Encoding::for_bom(bytes).is_some()
}

/// Reads an XML document by its byte order mark, else its declaration, else `otherwise`.
pub(crate) fn decode_document(bytes: &[u8], otherwise: Charset) -> Result<Cow<'_, str>, MarkupFault> {
    if let Some((encoding, length)) = Encoding::for_bom(bytes) {
        let rest = bytes.get(length..).unwrap_or_default();
        return encoding
            .decode_without_bom_handling_and_without_replacement(rest)
            .ok_or(MarkupFault::Malformed(Flaw::Charset));
    }
    match declared(bytes) {
        None => otherwise.decode(bytes),
        Some(word) => Charset::parse(word).ok_or(MarkupFault::Malformed(Flaw::CharsetUnknown))?.decode(bytes),
    }
}

/// The `encoding` of an XML declaration. It stands within the first bytes or not at all.
pub(crate) fn declared(bytes: &[u8]) -> Option<&str> {
    const DECLARATION_BYTES_MAX: usize = 200;
    let head = bytes.get(..DECLARATION_BYTES_MAX).unwrap_or(bytes);
    let head = head.trim_ascii_start();
    if !head.starts_with(b"<?xml") {
        return None;
    }
    let end = head.windows(2).position(|pair| pair == b"?>")?;
    let declaration = std::str::from_utf8(head.get(..end)?).ok()?;
    let (_, rest) = declaration.split_once("encoding")?;
    let rest = rest.trim_start().strip_prefix('=')?.trim_start();
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    rest.get(1..)?.split_once(quote).map(|(word, _)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_declaration_decides_unless_a_mark_does() {
        let gbk = Charset::Gbk.encode("<?xml version='1.0' encoding = 'gb2312'?><a>王小渔</a>").into_owned();
        assert!(decode_document(&gbk, Charset::Utf8).unwrap().ends_with("<a>王小渔</a>"));
        assert_eq!(decode_document("<a>王</a>".as_bytes(), Charset::Utf8).unwrap(), "<a>王</a>");
        let marked = [b"\xef\xbb\xbf".as_slice(), "<?xml version='1.0' encoding='GBK'?><a>王</a>".as_bytes()].concat();
        assert!(decode_document(&marked, Charset::Gbk).unwrap().ends_with("<a>王</a>"));
        let wide: Vec<u8> = "\u{feff}<a>王</a>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(decode_document(&wide, Charset::Utf8).unwrap(), "<a>王</a>");
        let unknown = decode_document(b"<?xml version='1.0' encoding='KOI8-R'?><a/>", Charset::Utf8);
        assert_eq!(unknown, Err(MarkupFault::Malformed(Flaw::CharsetUnknown)));
    }

    #[test]
    fn bytes_of_another_charset_are_a_fault() {
        assert!(Charset::Utf8.decode(b"\xcd\xf5").is_err());
        assert!(Charset::Utf8.decode(b"\xed\xa0\x80").is_err(), "a lone surrogate");
        assert!(Charset::Gbk.decode(b"\x81").is_err());
        assert!(Charset::Gbk.decode(b"\xff\xff").is_err());
        let unpaired: Vec<u8> = [0xfeff_u16, 0xd800, 0x41].into_iter().flat_map(u16::to_le_bytes).collect();
        assert!(decode_document(&unpaired, Charset::Utf8).is_err());
    }

    proptest::proptest! {
        #[test]
        fn every_text_survives_each_charset(text in "\\PC*") {
            for charset in [Charset::Utf8, Charset::Gbk, Charset::Gb18030] {
                // U+E5E5 is the one code point that GB18030 of the WHATWG encoder has no bytes for.
                if !text.contains('\u{e5e5}') {
                    let bytes = charset.encode(&text);
                    proptest::prop_assert_eq!(charset.decode(&bytes).unwrap(), text.as_str());
                }
            }
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            drop(decode_document(&bytes, Charset::Gbk));
        }
    }
}
