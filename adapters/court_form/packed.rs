//! The document inside a SOAP argument or a file: XML whose values are Base64 again, all in the dialect's charset.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use domain::socket::FaceFault;
use domain::{Day, Flaw, Money, Untaken};

use crate::dialect::Dialect;
use crate::markup::{Element, push_text};
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
pub(crate) struct Packed<'d> {
    pub(crate) root: Element,
    charset: Charset,
    pub(crate) dialect: &'d Dialect,
}

impl<'d> Packed<'d> {
    /// Reads the argument of a call: Base64 of the document.
    pub(crate) fn read(argument: &str, dialect: &'d Dialect) -> Result<Self, FaceFault> {
        // Some channels put the document into the envelope as it is; no Base64 begins like one.
        let plain = argument.trim();
        if plain.starts_with('<') {
            return Ok(Self { root: Element::read(plain, LIMITS)?, charset: dialect.charset, dialect });
        }
        let bytes = decode_base64(argument).ok_or_else(|| FaceFault::Malformed(Flaw::ArgumentBase64.into()))?;
        Self::read_inner(&bytes, dialect)
    }

    /// Reads the document itself, as it lies in a file.
    pub(crate) fn read_inner(bytes: &[u8], dialect: &'d Dialect) -> Result<Self, FaceFault> {
        // The declaration of the inner document, where there is one, also says what its values are written in.
        let charset = declared(bytes).and_then(Charset::parse).unwrap_or(dialect.charset);
        let text = decode_document(bytes, dialect.charset)?;
        Ok(Self { root: Element::read(&text, LIMITS)?, charset, dialect })
    }

    /// The values of an element of this document.
    pub(crate) fn values<'p>(&'p self, element: &'p Element) -> Values<'p> {
        Values { element, charset: self.charset, dialect: self.dialect }
    }

    /// All elements of one of our names below an element, that one included, in document order.
    pub(crate) fn all<'p>(&self, element: &'p Element, ours: &str) -> Vec<&'p Element> {
        let mut found = Vec::new();
        match self.dialect.elements.read(ours) {
            None => element.all(ours, &mut found),
            Some(spellings) => spellings.iter().for_each(|spelling| element.all(spelling, &mut found)),
        }
        found
    }

    /// Is this an element of our name?
    pub(crate) fn is(&self, element: &Element, ours: &str) -> bool {
        self.dialect.elements.is(&element.name, ours)
    }
}

/// The values of one element; a fault is a reason for the partner, with the field's name and without its content.
#[derive(Clone, Copy)]
pub(crate) struct Values<'p> {
    pub(crate) element: &'p Element,
    charset: Charset,
    pub(crate) dialect: &'p Dialect,
}

impl<'p> Values<'p> {
    /// What stands in a field, as it stands there: in an attribute, or in an element where the dialect has elements.
    fn raw(&self, field: &str) -> Option<&'p str> {
        let (element, in_elements) = (self.element, self.dialect.fields_in_elements);
        let of = |name: &str| {
            let child = || element.child(name).filter(|child| in_elements && child.children.is_empty());
            element.attribute(name).or_else(|| child().map(|child| child.text.trim()))
        };
        match self.dialect.fields.read(field) {
            None => of(field),
            Some(spellings) => spellings.iter().find_map(|spelling| of(spelling).filter(|text| !text.is_empty())),
        }
    }

    /// Does the element have this field at all?
    pub(crate) fn has(&self, field: &str) -> bool {
        self.raw(field).is_some()
    }

    /// The text of a field, empty when it is missing.
    pub(crate) fn text(&self, field: &str) -> Result<String, Untaken> {
        self.uncovered(field, self.raw(field).unwrap_or_default())
    }

    fn uncovered(&self, field: &str, raw: &str) -> Result<String, Untaken> {
        if raw.is_empty() {
            return Ok(String::new());
        }
        if !self.dialect.values_covered {
            return Ok(raw.trim().to_owned());
        }
        let bytes = decode_base64(raw).ok_or_else(|| Flaw::FieldBase64.of_field(field.to_owned()))?;
        let other = if self.charset == Charset::Utf8 { Charset::Gbk } else { Charset::Utf8 };
        let text = self.charset.decode(&bytes).or_else(|_| other.decode(&bytes));
        text.map(|text| text.trim().to_owned()).map_err(|_| Flaw::FieldCharset.of_field(field.to_owned()))
    }

    /// The text of a field that holds a word or two, such as a class or a status; cut where no such word ends any more.
    pub(crate) fn word(&self, field: &str) -> Result<String, Untaken> {
        self.text(field).map(|text| cut(&text, WORD_CHARS_MAX))
    }

    /// The first of several fields that is not empty.
    pub(crate) fn first(&self, fields: &[&str]) -> Result<String, Untaken> {
        for field in fields {
            let text = self.text(field)?;
            if !text.is_empty() {
                return Ok(text);
            }
        }
        Ok(String::new())
    }

    /// An amount in yuan with up to four decimals.
    pub(crate) fn money(&self, field: &str) -> Result<Option<Money>, Untaken> {
        let text = self.text(field)?;
        if text.is_empty() {
            return Ok(None);
        }
        self.dialect.read_amount(&text).map(Some).ok_or_else(|| Flaw::FieldNoSum.of_field(field.to_owned()))
    }

    /// A day in any of the shapes seen: `2026/11/20`, `2026-11-20`, `20261120`, each with or without a time.
    pub(crate) fn day(&self, field: &str) -> Result<Option<Day>, Untaken> {
        let text = self.text(field)?;
        if text.is_empty() {
            return Ok(None);
        }
        let day = self.dialect.shaped_day(&text).filter(|_| !self.dialect.date_shape.is_empty());
        day.or_else(|| read_day(&text)).map(Some).ok_or_else(|| Flaw::FieldNoDay.of_field(field.to_owned()))
    }

    /// A number of a slip, in our own writing where it is ours.
    pub(crate) fn number(&self, field: &str) -> Result<String, Untaken> {
        self.text(field).map(|number| self.dialect.read_number(number))
    }

    /// The bytes of a file field, which are Base64 once.
    pub(crate) fn file(&self, field: &str) -> Result<Vec<u8>, Untaken> {
        decode_base64(self.raw(field).unwrap_or_default()).ok_or_else(|| Flaw::FieldBase64.of_field(field.to_owned()))
    }

    /// The names of its fields as they stand, in the order of the document.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'p str> {
        let (element, in_elements) = (self.element, self.dialect.fields_in_elements);
        let children = element.children.iter().filter(move |_| in_elements).map(|child| child.name.as_str());
        element.attributes().map(|(name, _)| name).chain(children)
    }

    /// Every field there is but some, by our name, else by its own, and its text, in the order of the document; what cannot be read
    /// is left out.
    pub(crate) fn each_but(&self, placed: &[&str]) -> Vec<(&'p str, String)> {
        let (element, in_elements) = (self.element, self.dialect.fields_in_elements);
        let attributes = element.attributes();
        let children = element.children.iter().filter(|child| in_elements && child.children.is_empty());
        let children = children.map(|child| (child.name.as_str(), child.text.trim()));
        let read = |(name, raw): (&'p str, &'p str)| {
            let ours = self.dialect.fields.ours(name).unwrap_or(name);
            if raw.is_empty() || placed.iter().any(|placed| placed.eq_ignore_ascii_case(ours)) {
                return None;
            }
            Some((ours, self.uncovered(name, raw).ok()?))
        };
        attributes.chain(children).filter_map(read).collect()
    }
}

/// Free text is kept up to so many characters: what is said of one line takes 50, with room.
pub(crate) const TEXT_CHARS_MAX: usize = 500;
/// Words, times and names of files likewise.
const WORD_CHARS_MAX: usize = 100;

/// The beginning of a text.
pub(crate) fn cut(text: &str, chars_max: usize) -> String {
    text.chars().take(chars_max).collect()
}

/// A day in the shapes that partners send: with dashes, slashes, dots or 年月日, as digits; each with or without a time.
pub(crate) fn read_day(text: &str) -> Option<Day> {
    let text = text.trim();
    if matches!(text.len(), 12 | 14 | 17) && text.bytes().all(|b| b.is_ascii_digit()) {
        return Day::parse(text.get(..8)?);
    }
    let date = text.split([' ', 'T', '\u{3000}', '日']).next()?;
    // 2026-11-22-10.15.30, as some databases write a moment.
    let date = date.get(..10).filter(|_| date.as_bytes().get(10) == Some(&b'-')).unwrap_or(date);
    let plain = date.replace(['年', '月', '.'], "-");
    Day::parse(&plain).or_else(|| endless(&plain))
}

/// Days such as `9999/12/31`, by which systems say that no end is known: the last day there is.
fn endless(text: &str) -> Option<Day> {
    let (year, rest) = text.split_at_checked(4).filter(|(year, _)| year.bytes().all(|b| b.is_ascii_digit()))?;
    Day::parse(&format!("2000{rest}")).filter(|_| year > "2200").and_then(|_| Day::from_ymd(2200, 12, 31))
}

/// A document as it stands in an envelope: covered, or as character data.
pub(crate) fn enveloped(dialect: &Dialect, xml: &str) -> String {
    if dialect.document_covered {
        return STANDARD.encode(dialect.charset.encode(xml));
    }
    let mut text = String::with_capacity(xml.len() + xml.len() / 4);
    push_text(&mut text, xml);
    text
}

/// A document being written, its fields in attributes.
pub(crate) struct Packing<'d> {
    xml: String,
    pub(crate) dialect: &'d Dialect,
}

impl<'d> Packing<'d> {
    pub(crate) fn new(dialect: &'d Dialect) -> Self {
        Self { xml: String::with_capacity(1_024), dialect }
    }

    /// Bytes so far.
    pub(crate) fn len(&self) -> usize {
        self.xml.len()
    }

    /// Takes back what was written after `len`.
    pub(crate) fn cut(&mut self, len: usize) {
        self.xml.truncate(len);
    }

    /// `<name`, by one of our names.
    pub(crate) fn begin(&mut self, ours: &str) {
        self.xml.push('<');
        self.xml.push_str(self.dialect.elements.written(ours));
    }

    /// A field, by one of our names.
    pub(crate) fn field(&mut self, ours: &str, text: &str) {
        if self.dialect.values_covered {
            return self.file(ours, &self.dialect.charset.encode(text));
        }
        self.name(ours);
        push_text(&mut self.xml, text);
        self.xml.push('"');
    }

    /// A field of bytes.
    pub(crate) fn file(&mut self, ours: &str, bytes: &[u8]) {
        self.name(ours);
        STANDARD.encode_string(bytes, &mut self.xml);
        self.xml.push('"');
    }

    fn name(&mut self, ours: &str) {
        self.xml.push(' ');
        self.xml.push_str(self.dialect.fields.written(ours));
        self.xml.push_str("=\"");
    }

    /// `>`.
    pub(crate) fn inside(&mut self) {
        self.xml.push('>');
    }

    /// `/>`.
    pub(crate) fn empty(&mut self) {
        self.xml.push_str("/>");
    }

    /// `</name>`, by one of our names.
    pub(crate) fn end(&mut self, ours: &str) {
        self.xml.push_str("</");
        self.xml.push_str(self.dialect.elements.written(ours));
        self.xml.push('>');
    }

    /// The document's bytes, as they lie in a file.
    pub(crate) fn finish_inner(self) -> Vec<u8> {
        self.dialect.charset.encode(&self.xml).into_owned()
    }

    /// The text to put into the envelope.
    pub(crate) fn finish(self) -> String {
        enveloped(self.dialect, &self.xml)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dialect() -> Dialect {
        Dialect::of(&crate::bank::INDUSTRY)
    }

    fn packed<'d>(dialect: &'d Dialect, xml: &str) -> Packed<'d> {
        Packed::read(&STANDARD.encode(Charset::Gbk.encode(xml)), dialect).expect("packed")
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
        let dialect = dialect();
        let read = packed(&dialect, &format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><a XM=\"{utf8}\"/>"));
        assert_eq!(read.values(&read.root).text("xm").unwrap(), "王小渔");
        let gbk = STANDARD.encode(Charset::Gbk.encode("王小渔"));
        let read = packed(&dialect, &format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><a XM=\"{gbk}\"/>"));
        assert_eq!(read.values(&read.root).text("XM").unwrap(), "王小渔");
    }

    #[test]
    fn a_bad_value_names_its_field_and_shows_nothing() {
        let secret = STANDARD.encode("6222x");
        let dialect = dialect();
        let read = packed(&dialect, &format!("<a YE=\"{secret}\" KHZH=\"*6222*\" D=\"{secret}\"/>"));
        let values = read.values(&read.root);
        for reason in [values.money("YE").unwrap_err(), values.text("KHZH").unwrap_err(), values.day("D").unwrap_err()]
        {
            assert!(!format!("{reason:?}{}", reason.chinese()).contains("6222"));
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
        for text in ["9999/12/31", "99991231", "2999-01-01 00:00:00"] {
            assert_eq!(read_day(text).unwrap().to_string(), "2200-12-31", "{text}");
        }
        assert_eq!(read_day("9999/13/31"), None);
    }

    proptest::proptest! {
        #[test]
        fn what_is_packed_is_unpacked(texts in proptest::collection::vec("[^\u{e5e5}\\s]{0,20}", 1..20), bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..99)) {
            let dialect = dialect();
            let mut packing = Packing::new(&dialect);
            packing.begin("list");
            packing.inside();
            for text in &texts {
                packing.begin("row");
                packing.field("XM", text);
                packing.file("WSNR", &bytes);
                packing.empty();
            }
            packing.end("list");
            let read = Packed::read(&packing.finish(), &dialect).expect("read");
            proptest::prop_assert_eq!(read.root.children.len(), texts.len());
            for (row, text) in read.root.children.iter().zip(&texts) {
                // Bytes that GBK gives no meaning may still be UTF-8, and a control character at an end is trimmed.
                proptest::prop_assert_eq!(read.values(row).text("XM").unwrap(), text.trim());
                proptest::prop_assert_eq!(read.values(row).file("WSNR").unwrap(), bytes.clone());
            }
        }

        #[test]
        fn any_argument_is_read_or_refused(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let dialect = dialect();
            drop(Packed::read(&STANDARD.encode(&bytes), &dialect));
            drop(Packed::read(&String::from_utf8_lossy(&bytes), &dialect));
        }
    }
}
