//! What a browser sends with a form: `application/x-www-form-urlencoded`, and `multipart/form-data` (RFC 7578) where there are files.

use std::collections::BTreeMap;

use percent_encoding::percent_decode;

use crate::inbox::answer::Upload;

/// Fields of one form at most: a hundred accounts of eight fields, and room.
pub const FIELDS_MAX: usize = 2_000;
/// Bytes of the head of a part: a name, a file name, a content type.
const PART_HEAD_BYTES_MAX: usize = 4 * 1_024;
/// Characters of a boundary (RFC 2046).
const BOUNDARY_BYTES_MAX: usize = 70;

/// The fields of a form by name, the last of a name winning, and its files. A field that was left blank is not there.
#[derive(Default)]
pub(super) struct Fields {
    pub(super) texts: BTreeMap<String, String>,
    pub(super) files: Vec<Upload>,
}

impl Fields {
    /// A field that was filled in.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(String::as_str)
    }

    fn put(&mut self, name: String, text: &str) -> Option<()> {
        // Browsers send line ends as CRLF; what the journal keeps has none of the two.
        let text = text.split_whitespace_lines();
        if text.is_empty() {
            return Some(());
        }
        if self.texts.len() >= FIELDS_MAX {
            return None;
        }
        self.texts.insert(name, text);
        Some(())
    }

    /// Reads `a=b&c=d`; `None` when it is not that.
    pub(super) fn of_pairs(body: &[u8]) -> Option<Self> {
        let mut fields = Self::default();
        for pair in body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let at = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
            let (name, value) = (pair.get(..at)?, pair.get(at + 1..).unwrap_or_default());
            fields.put(decoded(name)?, &decoded(value)?)?;
        }
        Some(fields)
    }

    /// Reads parts; `None` when it is not that, or more than a form of ours has.
    pub(super) fn of_parts(content_type: &str, body: &[u8]) -> Option<Self> {
        let boundary = boundary(content_type)?;
        let delimiter = [b"\r\n--", boundary.as_bytes()].concat();
        // The first delimiter has no line before it.
        let mut rest = body.strip_prefix(delimiter.get(2..)?)?;
        let mut fields = Self::default();
        let mut parts = 0;
        loop {
            if let Some(end) = rest.strip_prefix(b"--") {
                return matches!(end, b"" | b"\r\n").then_some(fields);
            }
            rest = rest.strip_prefix(b"\r\n")?;
            parts += 1;
            if parts > FIELDS_MAX {
                return None;
            }
            let window = rest.get(..rest.len().min(PART_HEAD_BYTES_MAX))?;
            let head_end = find(window, b"\r\n\r\n")?;
            let head = std::str::from_utf8(rest.get(..head_end)?).ok()?;
            // An empty part's body begins with the delimiter's own line end.
            let content = rest.get(head_end + 2..)?;
            let content_end = find(content, &delimiter)?;
            let bytes = content.get(2..content_end.max(2))?;
            fields.take(head, bytes)?;
            rest = content.get(content_end + delimiter.len()..)?;
        }
    }

    fn take(&mut self, head: &str, bytes: &[u8]) -> Option<()> {
        let disposition = head.split("\r\n").find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-disposition").then(|| value.trim())
        })?;
        let disposition = disposition.strip_prefix("form-data")?;
        let name = quoted(disposition, "name")?;
        match quoted(disposition, "filename") {
            // A file field that was left blank.
            Some(file_name) if file_name.is_empty() && bytes.is_empty() => Some(()),
            Some(file_name) => {
                if self.files.len() > super::super::REPLIES_MAX {
                    return None;
                }
                self.files.push(Upload { file_name, bytes: bytes.to_vec() });
                Some(())
            }
            None => self.put(name, std::str::from_utf8(bytes).ok()?),
        }
    }
}

trait Lines {
    /// Trimmed, its lines joined by a blank.
    fn split_whitespace_lines(&self) -> String;
}

impl Lines for str {
    fn split_whitespace_lines(&self) -> String {
        let lines = self.lines().map(str::trim).filter(|line| !line.is_empty());
        lines.collect::<Vec<_>>().join(" ")
    }
}

fn decoded(bytes: &[u8]) -> Option<String> {
    let spaced: Vec<u8> = bytes.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    percent_decode(&spaced).decode_utf8().ok().map(|text| text.into_owned())
}

fn boundary(content_type: &str) -> Option<&str> {
    let (essence, parameters) = content_type.split_once(';')?;
    if !essence.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let pairs = parameters.split(';').filter_map(|pair| pair.trim().split_once('='));
    let boundary = pairs.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("boundary"))?.1.trim_matches('"');
    let formed = (1..=BOUNDARY_BYTES_MAX).contains(&boundary.len()) && boundary.bytes().all(|b| b.is_ascii_graphic());
    formed.then_some(boundary)
}

/// The parameter `; name="…"`, in which browsers write a quote as `%22` and line ends as `%0D%0A`.
fn quoted(disposition: &str, name: &str) -> Option<String> {
    let mut rest = disposition;
    while let Some((_, after)) = rest.split_once(';') {
        let (key, after) = after.split_once("=\"")?;
        let (value, after) = after.split_once('"')?;
        if key.trim().eq_ignore_ascii_case(name) {
            return Some(value.replace("%22", "\"").replace("%0D", "\r").replace("%0A", "\n"));
        }
        rest = after;
    }
    None
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = *wanted.first()?;
    let mut from = 0;
    // Byte by byte only where the first one fits: a scan of megabytes holds few line ends.
    while let Some(at) = bytes.get(from..)?.iter().position(|byte| *byte == first) {
        let place = from + at;
        if bytes.get(place..)?.starts_with(wanted) {
            return Some(place);
        }
        from = place + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: &str = "multipart/form-data; boundary=----WebKitFormBoundaryA1";

    fn parts(parts: &[(&str, &[u8])]) -> Vec<u8> {
        let mut body = Vec::new();
        for (head, bytes) in parts {
            body.extend_from_slice(b"------WebKitFormBoundaryA1\r\nContent-Disposition: form-data; ");
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(b"\r\n\r\n");
            body.extend_from_slice(bytes);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"------WebKitFormBoundaryA1--\r\n");
        body
    }

    #[test]
    fn a_browsers_form_is_read_with_its_files() {
        let pdf = b"%PDF-1.7\r\n------WebKitFormBoundaryA\r\n\x00\xff";
        let body = parts(&[
            ("name=\"verdict\"", b"done"),
            ("name=\"text\"", " 已\r\n\r\n 办结 ".as_bytes()),
            ("name=\"limit\"", b""),
            ("name=\"replies\"; filename=\"回执 %22a%22.pdf\"\r\nContent-Type: application/pdf", pdf),
            ("name=\"replies\"; filename=\"\"\r\nContent-Type: application/octet-stream", b""),
        ]);
        let fields = Fields::of_parts(KIND, &body).unwrap();
        assert_eq!(
            (fields.text("verdict"), fields.text("text"), fields.text("limit")),
            (Some("done"), Some("已 办结"), None)
        );
        assert_eq!(fields.files.len(), 1);
        assert_eq!(
            (fields.files[0].file_name.as_str(), fields.files[0].bytes.as_slice()),
            ("回执 \"a\".pdf", &pdf[..])
        );
    }

    #[test]
    fn pairs_are_read_and_what_is_neither_is_refused() {
        let fields = Fields::of_pairs(b"token=xz_a%2Bb+c&form=&&text=%E7%8E%8B").unwrap();
        assert_eq!(
            (fields.text("token"), fields.text("form"), fields.text("text")),
            (Some("xz_a+b c"), None, Some("王"))
        );
        assert!(Fields::of_pairs(b"text=%ff").is_none());
        let whole = parts(&[("name=\"verdict\"", b"done")]);
        assert!(Fields::of_parts(KIND, &whole).is_some());
        for cut in 0..whole.len() - 2 {
            assert!(Fields::of_parts(KIND, &whole[..cut]).is_none(), "{cut}");
        }
        for kind in ["multipart/form-data", "multipart/form-data; boundary=", "text/plain; boundary=a"] {
            assert!(Fields::of_parts(kind, &whole).is_none(), "{kind}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
            drop(Fields::of_pairs(&bytes));
            let mut body = b"------WebKitFormBoundaryA1\r\n".to_vec();
            body.extend_from_slice(&bytes);
            drop(Fields::of_parts(KIND, &body));
        }

        #[test]
        fn whatever_a_file_holds_comes_out_as_it_went_in(bytes in proptest::collection::vec(proptest::num::u8::ANY, 1..400)) {
            let body = parts(&[("name=\"replies\"; filename=\"a.pdf\"", &bytes)]);
            let fields = Fields::of_parts(KIND, &body).unwrap();
            proptest::prop_assert_eq!(&fields.files[0].bytes, &bytes);
        }
    }
}
