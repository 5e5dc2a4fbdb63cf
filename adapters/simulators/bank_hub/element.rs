//! The pulling family's documents: every attribute value in Base64 of the channel's character set, the whole document once more.

use encoding_rs::Encoding;

use crate::wire;
use crate::xml::{self, Node};

/// Attributes that hold the Base64 of a file's bytes, once.
const FILES: [&str; 3] = ["WSNR", "GZZ", "GWZ"];

/// An element to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Element {
    pub tag: &'static str,
    pub attributes: Vec<(&'static str, String)>,
    pub children: Vec<Element>,
}

impl Element {
    pub(crate) fn new(tag: &'static str, attributes: Vec<(&'static str, String)>) -> Element {
        Element { tag, attributes, children: Vec::new() }
    }

    pub(crate) fn list(tag: &'static str, children: Vec<Element>) -> Element {
        Element { tag, attributes: Vec::new(), children }
    }

    /// The inner document.
    pub(crate) fn inner(&self, charset: &'static Encoding) -> String {
        let mut out = String::new();
        self.write(&mut out, charset);
        out
    }

    fn write(&self, out: &mut String, charset: &'static Encoding) {
        out.push('<');
        out.push_str(self.tag);
        for (name, value) in &self.attributes {
            out.push(' ');
            out.push_str(name);
            out.push_str("=\"");
            if FILES.contains(name) {
                out.push_str(value);
            } else {
                out.push_str(&wire::encode(value, charset));
            }
            out.push('"');
        }
        if self.children.is_empty() {
            out.push_str("/>");
            return;
        }
        out.push('>');
        for child in &self.children {
            child.write(out, charset);
        }
        out.push_str("</");
        out.push_str(self.tag);
        out.push('>');
    }
}

/// What travels: Base64 of the inner document.
pub(crate) fn outer(inner: &str, charset: &'static Encoding) -> String {
    wire::encode(inner, charset)
}

/// Reads what travelled, with every attribute value in the clear (files stay Base64).
pub(crate) fn read_outer(text: &str, charset: &'static Encoding) -> Result<Node, String> {
    let inner = wire::decode(text.trim(), charset).ok_or("not Base64 of the agreed character set")?;
    read_inner(&inner, charset)
}

/// Reads an inner document.
pub(crate) fn read_inner(inner: &str, charset: &'static Encoding) -> Result<Node, String> {
    let mut root = xml::parse(inner)?;
    uncover(&mut root, charset)?;
    Ok(root)
}

fn uncover(node: &mut Node, charset: &'static Encoding) -> Result<(), String> {
    for (name, value) in &mut node.attributes {
        if !FILES.contains(&name.as_str()) {
            *value = wire::decode(value, charset).ok_or_else(|| format!("attribute {name} is not Base64 text"))?;
        }
    }
    node.children.iter_mut().try_for_each(|child| uncover(child, charset))
}

/// The slip's own bytes, as a digest and to be kept: attributes in the clear, in order.
pub(crate) fn covered(node: &Node, charset: &'static Encoding) -> String {
    let mut out = String::new();
    cover(node, charset, &mut out);
    out
}

fn cover(node: &Node, charset: &'static Encoding, out: &mut String) {
    out.push('<');
    out.push_str(&node.name);
    for (name, value) in &node.attributes {
        let file = FILES.contains(&name.as_str());
        let shown = if file { value.clone() } else { wire::encode(value, charset) };
        out.push_str(&format!(" {name}=\"{shown}\""));
    }
    out.push('>');
    for child in &node.children {
        cover(child, charset, out);
    }
    out.push_str("</");
    out.push_str(&node.name);
    out.push('>');
}
