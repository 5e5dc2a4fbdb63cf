//! From bytes to a form: what serde finds wrong, told by JSON pointer and without a word of what was sent.

use serde::Deserialize;
use serde_path_to_error::{Path, Segment};

use crate::fault::{Fault, Want};
use crate::intake::form::TOO_MANY;
use crate::problem::{Problem, Slug};

/// Reads a form.
///
/// # Errors
/// The body is not JSON, or a field has the wrong type, is unknown, missing or repeated; serde finds one at a time.
pub(crate) fn form<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Problem> {
    // Looked through as UTF-8 once; of bytes, each text in them would be looked through by itself.
    let read = match std::str::from_utf8(body) {
        Ok(text) => serde_json::from_str(text),
        Err(_) => serde_json::from_slice(body),
    };
    read.map_err(|error| match error.classify() {
        serde_json::error::Category::Data => structural::<T>(body),
        _ => {
            let (line, column) = (error.line(), error.column());
            let problem = Problem::from(Slug::MalformedJson);
            problem.saying(format!("第{line}行第{column}列。"), format!("At line {line}, column {column}."))
        }
    })
}

/// Reads once more to learn where the fault is; the path costs time that a good body need not pay.
fn structural<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Problem {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let fault = match serde_path_to_error::deserialize::<_, T>(&mut reader) {
        Ok(_) => Fault::at("", Want::Type("an object".to_owned())),
        Err(error) => fault(error.path(), &error.inner().to_string()),
    };
    Problem::from(Slug::InvalidRequest).at(vec![fault])
}

/// serde's messages begin or end with words of ours, and hold the caller's values in between; only the words are taken.
fn fault(path: &Path, message: &str) -> Fault {
    let (parent, last) = pointer(path);
    let whole = format!("{parent}{last}");
    if let Some(name) = between(message, "missing field `") {
        return Fault::at(format!("{whole}/{name}"), Want::Present);
    }
    if let Some(name) = between(message, "duplicate field `") {
        let at = if last == format!("/{name}") { whole } else { format!("{whole}/{name}") };
        return Fault::at(at, Want::Once);
    }
    if message.starts_with("unknown field `") {
        // The name is the caller's: it is shown only when it looks like a name.
        let named = last.get(1..).is_some_and(|name| {
            !name.is_empty() && name.len() <= 40 && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        });
        return Fault::at(if named { whole } else { parent }, Want::KnownField);
    }
    if let Some(rest) = message.strip_prefix(TOO_MANY) {
        let max = rest.split(' ').next().and_then(|max| max.parse().ok()).unwrap_or(0);
        return Fault::at(whole, Want::Entries(0, max));
    }
    let wanted = message.rsplit_once(", expected ").map_or("another value", |(_, wanted)| wanted);
    let wanted = wanted.split(" at line ").next().unwrap_or_default();
    let wanted = match wanted {
        "a boolean" => "true or false",
        "a map" => "an object",
        "a sequence" => "a list",
        // serde names the type of the field.
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, not below 0",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        of_ours if of_ours.starts_with("struct ") => "an object",
        other => other,
    };
    Fault::at(whole, Want::Type(wanted.to_owned()))
}

/// The word between a beginning and the next backtick; it is one of our field names.
fn between<'a>(message: &'a str, beginning: &str) -> Option<&'a str> {
    message.strip_prefix(beginning)?.split('`').next()
}

/// The path as a JSON pointer, its last step apart.
fn pointer(path: &Path) -> (String, String) {
    let mut parent = String::new();
    let mut last = String::new();
    for segment in path.iter() {
        let step = match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
            Segment::Enum { .. } | Segment::Unknown => continue,
        };
        parent.push_str(&last);
        last = step;
    }
    (parent, last)
}
