//! Reading XML with a limit on everything, and writing text into it; no document is trusted, none is echoed.

use domain::Flaw;
use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

/// What a document may cost us.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// Open elements at once. The deepest partner message has 8; 64 leaves room and keeps every recursion shallow.
    pub(crate) depth_max: usize,
    /// Elements in all; what a message of the allowed size needs at its densest, not what its bytes could hold.
    pub(crate) elements_max: usize,
    /// Attributes of one element. The widest, an account with all its fields, has about 40.
    pub(crate) attributes_max: usize,
}

/// Why a text is not the document we may read; never holds content.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum MarkupFault {
    /// Not of the agreed shape; the word names the place.
    Malformed(Flaw),
    /// Above a limit; the word names which.
    TooLarge(Flaw),
}

/// A piece of a document.
pub(crate) enum Piece<'x> {
    /// A start tag.
    Open(BytesStart<'x>),
    /// An end tag; names are checked to match.
    Close,
    /// Character data, references resolved; one text may come in several pieces.
    Text(Cow<'x, str>),
    /// The end, after exactly one root element.
    End,
}

/// A document being read.
pub(crate) struct Markup<'x> {
    reader: Reader<&'x [u8]>,
    limits: Limits,
    depth: usize,
    elements: usize,
}

impl<'x> Markup<'x> {
    pub(crate) fn new(text: &'x str, limits: Limits) -> Self {
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        Self { reader, limits, depth: 0, elements: 0 }
    }

    /// The next piece; comments and processing instructions are passed over.
    pub(crate) fn next(&mut self) -> Result<Piece<'x>, MarkupFault> {
        loop {
            match self.reader.read_event().map_err(|_| MarkupFault::Malformed(Flaw::Markup))? {
                Event::Start(start) => return self.open(start),
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(Piece::Close);
                }
                Event::Text(text) => {
                    let text = text.xml10_content();
                    if self.depth > 0 {
                        return Ok(Piece::Text(text));
                    }
                    if !text.trim_matches(['\u{feff}', ' ', '\t', '\r', '\n']).is_empty() {
                        return Err(MarkupFault::Malformed(Flaw::TextOutside));
                    }
                }
                Event::CData(data) if self.depth > 0 => return Ok(Piece::Text(data.xml10_content())),
                Event::GeneralRef(reference) if self.depth > 0 => return resolve(&reference).map(Piece::Text),
                // No partner needs a DTD, and every entity attack begins with one.
                Event::DocType(_) => return Err(MarkupFault::Malformed(Flaw::DocumentType)),
                Event::CData(_) | Event::GeneralRef(_) | Event::Empty(_) => {
                    return Err(MarkupFault::Malformed(Flaw::TextOutside));
                }
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
                Event::Eof if self.depth == 0 && self.elements > 0 => return Ok(Piece::End),
                Event::Eof => return Err(MarkupFault::Malformed(Flaw::CutShort)),
            }
        }
    }

    fn open(&mut self, start: BytesStart<'x>) -> Result<Piece<'x>, MarkupFault> {
        if self.depth == 0 && self.elements > 0 {
            return Err(MarkupFault::Malformed(Flaw::RootsTooMany));
        }
        self.depth += 1;
        self.elements += 1;
        if self.depth > self.limits.depth_max {
            return Err(MarkupFault::TooLarge(Flaw::TooDeep));
        }
        if self.elements > self.limits.elements_max {
            return Err(MarkupFault::TooLarge(Flaw::ElementsTooMany));
        }
        Ok(Piece::Open(start))
    }

    /// The attributes of a start tag, at most the limit.
    pub(crate) fn attributes(&self, start: &BytesStart<'x>) -> Result<Vec<(String, String)>, MarkupFault> {
        let mut found = Vec::new();
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|_| MarkupFault::Malformed(Flaw::Attributes))?;
            if found.len() == self.limits.attributes_max {
                return Err(MarkupFault::TooLarge(Flaw::AttributesTooMany));
            }
            let value = attribute
                .normalized_value(quick_xml::XmlVersion::Implicit1_0)
                .map_err(|_| MarkupFault::Malformed(Flaw::AttributeValue))?;
            found.push((attribute.key.local_name().into_inner().to_owned(), value.into_owned()));
        }
        Ok(found)
    }
}

/// The five names XML knows, and characters by number; anything else would need a DTD.
fn resolve(reference: &BytesRef<'_>) -> Result<Cow<'static, str>, MarkupFault> {
    let fault = MarkupFault::Malformed(Flaw::Reference);
    match reference.resolve_char_ref() {
        Ok(Some(c)) if is_xml_char(c) => return Ok(Cow::Owned(c.to_string())),
        Ok(None) => {}
        _ => return Err(fault),
    }
    let name = reference.xml10_content();
    quick_xml::escape::resolve_xml_entity(&name).map(Cow::Borrowed).ok_or(fault)
}

/// May this character stand in an XML 1.0 document?
pub(crate) fn is_xml_char(c: char) -> bool {
    !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

/// Writes character data; `false` when the text holds a character that XML cannot carry.
pub(crate) fn push_text(out: &mut String, text: &str) -> bool {
    let mut from = 0;
    let mut whole = true;
    for (at, c) in text.char_indices() {
        let mark = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '"' => "&quot;",
            // A bare carriage return would be read back as a line feed.
            '\r' => "&#13;",
            _ => {
                whole &= is_xml_char(c);
                continue;
            }
        };
        out.push_str(text.get(from..at).unwrap_or_default());
        out.push_str(mark);
        from = at + c.len_utf8();
    }
    out.push_str(text.get(from..).unwrap_or_default());
    whole
}

/// An element read whole, for messages whose shape varies from partner to partner.
#[derive(Default)]
pub(crate) struct Element {
    /// Name without its prefix.
    pub(crate) name: String,
    attributes: Vec<(String, String)>,
    /// Child elements in order.
    pub(crate) children: Vec<Element>,
    /// Character data of this element alone.
    pub(crate) text: String,
}

impl Element {
    /// Reads a document.
    pub(crate) fn read(text: &str, limits: Limits) -> Result<Self, MarkupFault> {
        let mut markup = Markup::new(text, limits);
        let mut open: Vec<Self> = Vec::new();
        let mut root = None;
        loop {
            match markup.next()? {
                Piece::Open(start) => open.push(Self {
                    name: start.local_name().into_inner().to_owned(),
                    attributes: markup.attributes(&start)?,
                    ..Self::default()
                }),
                Piece::Text(text) => {
                    if let Some(element) = open.last_mut() {
                        element.text.push_str(&text);
                    }
                }
                Piece::Close => {
                    let closed = open.pop();
                    match (open.last_mut(), closed) {
                        (Some(parent), Some(closed)) => parent.children.push(closed),
                        (None, closed) => root = closed,
                        (Some(_), None) => {}
                    }
                }
                Piece::End => return root.ok_or(MarkupFault::Malformed(Flaw::RootMissing)),
            }
        }
    }

    /// Is this its name, in any case?
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// Every attribute as it stands, in order.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// An attribute's text as it stands, its name in any case.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The first child of that name.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.is(name))
    }

    /// All elements of that name at any depth, this one included, in document order.
    pub(crate) fn all<'e>(&'e self, name: &str, found: &mut Vec<&'e Self>) {
        if self.is(name) {
            found.push(self);
        }
        for child in &self.children {
            child.all(name, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { depth_max: 64, elements_max: 1_000, attributes_max: 16 };

    fn fault(text: &str) -> MarkupFault {
        Element::read(text, LIMITS).err().expect("a fault")
    }

    #[test]
    fn entities_and_document_types_are_refused() {
        let bomb = r#"<!DOCTYPE l [<!ENTITY a "x"><!ENTITY b "&a;&a;&a;">]><l>&b;</l>"#;
        let file = r#"<!DOCTYPE l [<!ENTITY f SYSTEM "file:///etc/hostname">]><l>&f;</l>"#;
        for text in [bomb, file] {
            assert_eq!(fault(text), MarkupFault::Malformed(Flaw::DocumentType));
        }
        for text in ["<l>&b;</l>", "<l>&#xD800;</l>", "<l>&#0;</l>", "<l>&#xFFFFFFFF;</l>", "<l>&;</l>"] {
            assert_eq!(fault(text), MarkupFault::Malformed(Flaw::Reference), "{text}");
        }
        assert!(matches!(fault(r#"<l a="&b;"/>"#), MarkupFault::Malformed(_)));
        assert!(matches!(fault(r#"<l a="&#xD800;"/>"#), MarkupFault::Malformed(_)));
    }

    #[test]
    fn depth_count_and_attributes_are_limited() {
        assert_eq!(fault(&"<a>".repeat(100_000)), MarkupFault::TooLarge(Flaw::TooDeep));
        assert_eq!(fault(&format!("<a>{}</a>", "<b/>".repeat(2_000))), MarkupFault::TooLarge(Flaw::ElementsTooMany));
        let many: String = (0..100_000).map(|n| format!(" a{n}=''")).collect();
        assert_eq!(fault(&format!("<a{many}/>")), MarkupFault::TooLarge(Flaw::AttributesTooMany));
    }

    #[test]
    fn documents_that_are_cut_or_doubled_are_none() {
        for text in ["", " ", "x", "<a>", "<a><b></a>", "<a/><b/>", "<a/>x", "<a", "<a b=>", "</a>", "<a b='1' b='2'/>"]
        {
            assert!(matches!(fault(text), MarkupFault::Malformed(_)), "{text}");
        }
        let read = Element::read(
            "\u{feff}<?xml version=\"1.0\"?><!-- c --><p:a B='1&amp;'>x<![CDATA[<y>]]>&lt;</p:a>\n",
            LIMITS,
        );
        let read = read.expect("read");
        assert_eq!((read.name.as_str(), read.text.as_str(), read.attribute("b")), ("a", "x<y><", Some("1&")));
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_is_read_back(text in "\\PC*") {
            let mut out = String::from("<a b=\"");
            let whole = push_text(&mut out, &text);
            out.push_str("\">");
            push_text(&mut out, &text);
            out.push_str("</a>");
            if whole {
                let read = Element::read(&out, LIMITS).expect("read");
                proptest::prop_assert_eq!(read.attribute("b"), Some(text.as_str()));
                proptest::prop_assert_eq!(read.text, text);
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[<>&;/a-c\"'= !\\[\\]?#x0-9-]{0,200}") {
            drop(Element::read(&text, LIMITS));
        }
    }
}
