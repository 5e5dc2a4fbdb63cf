//! The document inside a SOAP argument: Base64 of GBK of XML, every attribute value again Base64 of GBK.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use domain::socket::FaceFault;
use domain::{Day, Money};

use crate::markup::Element;
use crate::transport::charset::{Charset, declared, decode_document};
use crate::transport::pull::LIMITS;

/// Partners write with and without padding.
const TOLERANT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Decodes Base64 with the line breaks that older encoders put in.
pub(crate) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    if text.bytes().any(|b| b.is_ascii_whitespace()) {
        let plain: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        return TOLERANT.decode(plain).ok();
    }
    TOLERANT.decode(text).ok()
}

/// A document as it arrived.
pub(crate) struct Packed {
    pub(crate) root: Element,
    charset: Charset,
}

impl Packed {
    /// Reads the argument of a call.
    pub(crate) fn read(argument: &str) -> Result<Self, FaceFault> {
        let bytes = decode_base64(argument).ok_or_else(|| FaceFault::Malformed("argument is not Base64".to_owned()))?;
        // The declaration of the inner document, where there is one, also says what its values are written in.
        let charset = declared(&bytes).and_then(Charset::parse).unwrap_or(Charset::Gbk);
        let text = decode_document(&bytes, Charset::Gbk)?;
        Ok(Self { root: Element::read(&text, LIMITS)?, charset })
    }

    /// Reads a document that stands in a file: not packed again as a whole, unless its sender did so all the same.
    pub(crate) fn read_document(bytes: &[u8]) -> Result<Self, FaceFault> {
        let is_packed = bytes.iter().find(|byte| !byte.is_ascii_whitespace()).is_none_or(|byte| *byte != b'<');
        if is_packed {
            let argument = std::str::from_utf8(bytes);
            return Self::read(argument.map_err(|_| FaceFault::Malformed("neither XML nor Base64".to_owned()))?);
        }
        let charset = declared(bytes).and_then(Charset::parse).unwrap_or(Charset::Gbk);
        let text = decode_document(bytes, Charset::Gbk)?;
        Ok(Self { root: Element::read(&text, LIMITS)?, charset })
    }

    /// Puts another document of the same sender under this one's root.
    pub(crate) fn take_in(&mut self, other: Self) {
        self.root.children.push(other.root);
    }

    /// The values of an element of this document.
    pub(crate) fn values<'p>(&self, element: &'p Element) -> Values<'p> {
        Values { element, charset: self.charset }
    }
}

/// The values of one element; a fault is a reason for the partner, with the field's name and without its content.
#[derive(Clone, Copy)]
pub(crate) struct Values<'p> {
    pub(crate) element: &'p Element,
    charset: Charset,
}

impl Values<'_> {
    /// The text of a field, empty when it is missing.
    pub(crate) fn text(&self, field: &'static str) -> Result<String, String> {
        let raw = self.element.attribute(field).unwrap_or_default();
        if raw.is_empty() {
            return Ok(String::new());
        }
        let bytes = decode_base64(raw).ok_or_else(|| format!("{field}不是Base64编码"))?;
        let other = if self.charset == Charset::Utf8 { Charset::Gbk } else { Charset::Utf8 };
        let text = self.charset.decode(&bytes).or_else(|_| other.decode(&bytes));
        text.map(|text| text.trim().to_owned()).map_err(|_| format!("{field}字符编码错误"))
    }

    /// The first of several spellings of a field that is not empty.
    pub(crate) fn first(&self, fields: &[&'static str]) -> Result<String, String> {
        for field in fields {
            let text = self.text(field)?;
            if !text.is_empty() {
                return Ok(text);
            }
        }
        Ok(String::new())
    }

    /// An amount in yuan with up to four decimals.
    pub(crate) fn money(&self, field: &'static str) -> Result<Option<Money>, String> {
        let text = self.text(field)?;
        if text.is_empty() {
            return Ok(None);
        }
        Money::parse_reported(&text).map(Some).map_err(|_| format!("{field}不是金额"))
    }

    /// A day in any of the shapes seen: `2026/11/20`, `2026-11-20`, `20261120`, each with or without a time.
    pub(crate) fn day(&self, fields: &[&'static str]) -> Result<Option<Day>, String> {
        let text = self.first(fields)?;
        if text.is_empty() {
            return Ok(None);
        }
        read_day(&text).map(Some).ok_or_else(|| format!("{}不是日期", fields.first().unwrap_or(&"")))
    }

    /// The bytes of a file field, which are Base64 once.
    pub(crate) fn file(&self, field: &'static str) -> Result<Vec<u8>, String> {
        decode_base64(self.element.attribute(field).unwrap_or_default()).ok_or_else(|| format!("{field}不是Base64编码"))
    }
}

/// A day, also from the 14 digits of `20261120101530`.
pub(crate) fn read_day(text: &str) -> Option<Day> {
    if text.len() == 14 && text.bytes().all(|b| b.is_ascii_digit()) {
        return Day::parse(text.get(..8)?);
    }
    Day::parse(text)
}

/// A document being written.
pub(crate) struct Packing {
    xml: String,
}

impl Packing {
    pub(crate) fn new() -> Self {
        Self { xml: String::with_capacity(1_024) }
    }

    /// Bytes so far.
    pub(crate) fn len(&self) -> usize {
        self.xml.len()
    }

    /// Takes back what was written after `len`.
    pub(crate) fn cut(&mut self, len: usize) {
        self.xml.truncate(len);
    }

    /// `<name`.
    pub(crate) fn begin(&mut self, name: &str) {
        self.xml.push('<');
        self.xml.push_str(name);
    }

    /// A field.
    pub(crate) fn field(&mut self, name: &str, text: &str) {
        self.file(name, &Charset::Gbk.encode(text));
    }

    /// A field of bytes.
    pub(crate) fn file(&mut self, name: &str, bytes: &[u8]) {
        self.xml.push(' ');
        self.xml.push_str(name);
        self.xml.push_str("=\"");
        STANDARD.encode_string(bytes, &mut self.xml);
        self.xml.push('"');
    }

    /// `>`.
    pub(crate) fn inside(&mut self) {
        self.xml.push('>');
    }

    /// `/>`.
    pub(crate) fn empty(&mut self) {
        self.xml.push_str("/>");
    }

    /// `</name>`.
    pub(crate) fn end(&mut self, name: &str) {
        self.xml.push_str("</");
        self.xml.push_str(name);
        self.xml.push('>');
    }

    /// The bytes to put into a file.
    pub(crate) fn document(self) -> Vec<u8> {
        format!("<?xml version=\"1.0\" encoding=\"GBK\"?>{}", self.xml).into_bytes()
    }

    /// The text to put into the envelope. The document is ASCII, so its GBK bytes are its UTF-8 bytes.
    pub(crate) fn finish(self) -> String {
        STANDARD.encode(self.xml)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(xml: &str) -> Packed {
        Packed::read(&STANDARD.encode(Charset::Gbk.encode(xml))).expect("packed")
    }

    #[test]
    fn base64_of_old_encoders_is_read() {
        assert_eq!(decode_base64("MDE=").unwrap(), b"01");
        assert_eq!(decode_base64("MDE").unwrap(), b"01");
        assert_eq!(decode_base64("MD\r\n E=").unwrap(), b"01");
        assert_eq!(decode_base64(""), Some(Vec::new()));
        for bad in ["M", "M*E=", "MDE==", "王"] {
            assert_eq!(decode_base64(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_value_in_the_wrong_charset_is_read_where_it_cannot_be_the_right_one() {
        let utf8 = STANDARD.encode("王小渔");
        let read = packed(&format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><a XM=\"{utf8}\"/>"));
        assert_eq!(read.values(&read.root).text("xm").unwrap(), "王小渔");
        let gbk = STANDARD.encode(Charset::Gbk.encode("王小渔"));
        let read = packed(&format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><a XM=\"{gbk}\"/>"));
        assert_eq!(read.values(&read.root).text("XM").unwrap(), "王小渔");
    }

    #[test]
    fn a_bad_value_names_its_field_and_shows_nothing() {
        let secret = STANDARD.encode("6222x");
        let read = packed(&format!("<a YE=\"{secret}\" KHZH=\"*6222*\" D=\"{secret}\"/>"));
        let values = read.values(&read.root);
        for reason in
            [values.money("YE").unwrap_err(), values.text("KHZH").unwrap_err(), values.day(&["D"]).unwrap_err()]
        {
            assert!(!reason.contains("6222"), "{reason}");
        }
        assert_eq!(values.money("KYYE"), Ok(None));
    }

    #[test]
    fn days_come_in_several_shapes() {
        for text in
            ["2026/11/20", "2026-11-20", "2026/11/20 10:15:30", "20261120", "20261120101530", "2026-11-20T00:00:00"]
        {
            assert_eq!(read_day(text).unwrap().to_string(), "2026-11-20", "{text}");
        }
        assert_eq!(read_day("20261320101530"), None);
    }

    proptest::proptest! {
        #[test]
        fn what_is_packed_is_unpacked(texts in proptest::collection::vec("[^\u{e5e5}\\s]{0,20}", 1..20), bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..99)) {
            let mut packing = Packing::new();
            packing.begin("list");
            packing.inside();
            for text in &texts {
                packing.begin("row");
                packing.field("XM", text);
                packing.file("WSNR", &bytes);
                packing.empty();
            }
            packing.end("list");
            let read = Packed::read(&packing.finish()).expect("read");
            proptest::prop_assert_eq!(read.root.children.len(), texts.len());
            for (row, text) in read.root.children.iter().zip(&texts) {
                // Bytes that GBK gives no meaning may still be UTF-8, and a control character at an end is trimmed.
                proptest::prop_assert_eq!(read.values(row).text("XM").unwrap(), text.trim());
                proptest::prop_assert_eq!(read.values(row).file("WSNR").unwrap(), bytes.clone());
            }
        }

        #[test]
        fn any_argument_is_read_or_refused(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            drop(Packed::read(&STANDARD.encode(&bytes)));
            drop(Packed::read(&String::from_utf8_lossy(&bytes)));
        }
    }
}
