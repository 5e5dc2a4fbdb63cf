//! `<Message><Head/><Data>…</Data></Message>`: parts with their fields, written as elements or attributes as the dialect says.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::court_form::packed::enveloped;
use crate::dialect::Dialect;
use crate::markup::push_text;

/// Head of an answer that says nothing went wrong, and of one that says so.
pub(super) const TAKEN: &str = "0000";
pub(super) const FAILED: &str = "2040";

enum Content {
    Text(String),
    File(String),
}

/// An element with fields and parts below it, by our names.
pub(super) struct Part {
    name: &'static str,
    fields: Vec<(&'static str, Content)>,
    parts: Vec<Part>,
}

impl Part {
    pub(super) fn new(name: &'static str) -> Self {
        Self { name, fields: Vec::new(), parts: Vec::new() }
    }

    pub(super) fn field(mut self, name: &'static str, text: &str) -> Self {
        self.fields.push((name, Content::Text(text.to_owned())));
        self
    }

    /// A field of bytes, which are Base64 once.
    pub(super) fn file(mut self, name: &'static str, bytes: &[u8]) -> Self {
        self.fields.push((name, Content::File(STANDARD.encode(bytes))));
        self
    }

    pub(super) fn part(mut self, part: Part) -> Self {
        self.parts.push(part);
        self
    }

    fn write(&self, dialect: &Dialect, out: &mut String) {
        let name = dialect.elements.written(self.name);
        out.push('<');
        out.push_str(name);
        if !dialect.fields_in_elements {
            for (field, content) in &self.fields {
                out.push(' ');
                out.push_str(dialect.fields.written(field));
                out.push_str("=\"");
                push(dialect, content, out);
                out.push('"');
            }
        }
        out.push('>');
        if dialect.fields_in_elements {
            for (field, content) in &self.fields {
                let field = dialect.fields.written(field);
                out.push_str(&format!("<{field}>"));
                push(dialect, content, out);
                out.push_str(&format!("</{field}>"));
            }
        }
        self.parts.iter().for_each(|part| part.write(dialect, out));
        out.push_str(&format!("</{name}>"));
    }
}

fn push(dialect: &Dialect, content: &Content, out: &mut String) {
    match content {
        Content::File(covered) => out.push_str(covered),
        Content::Text(text) if dialect.values_covered => {
            STANDARD.encode_string(dialect.charset.encode(text), out);
        }
        Content::Text(text) => drop(push_text(out, text)),
    }
}

/// A message around a list; its size is watched while it grows.
pub(super) struct Message<'d> {
    dialect: &'d Dialect,
    list: &'static str,
    rows: String,
}

impl<'d> Message<'d> {
    pub(super) fn new(dialect: &'d Dialect, list: &'static str) -> Self {
        Self { dialect, list, rows: String::new() }
    }

    /// Adds a row; `false` when it would pass `bytes_max`, and then it is left out.
    pub(super) fn push(&mut self, row: &Part, bytes_max: usize) -> bool {
        let before = self.rows.len();
        row.write(self.dialect, &mut self.rows);
        let fits = self.rows.len() <= bytes_max;
        if !fits {
            self.rows.truncate(before);
        }
        fits
    }

    /// The text to put into the envelope; `denied` is why there is nothing in it.
    pub(super) fn finish(self, error: &str, denied: &str) -> String {
        let dialect = self.dialect;
        let code = if denied.is_empty() { TAKEN } else { FAILED };
        // The time of making would be the gateway's clock, which no adapter has; the answer's HTTP head says it.
        let head = Part::new("Head")
            .field("CREATETIME", "")
            .field("DIGITALSIGN", "")
            .field("RESPONSECODE", code)
            .field("RESPONSEINFO", denied);
        let mut out = format!("<Message {error}=\"");
        push(dialect, &Content::Text(denied.to_owned()), &mut out);
        out.push_str("\">");
        head.write(dialect, &mut out);
        let list = dialect.elements.written(self.list);
        out.push_str("<Data>");
        if denied.is_empty() {
            out.push_str(&format!("<{list}>{}</{list}>", self.rows));
        }
        out.push_str("</Data></Message>");
        enveloped(dialect, &out)
    }
}
