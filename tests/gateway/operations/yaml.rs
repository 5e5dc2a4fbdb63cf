//! As much YAML as docker-compose.yml needs: maps and lists by indentation, and JSON where a value begins like JSON. Anything else fails.

use serde_json::{Map, Value};

#[derive(Clone, Copy)]
struct Line<'t> {
    indent: usize,
    text: &'t str,
}

/// Reads a whole file.
pub fn parse(text: &str) -> Value {
    let whole = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let lines: Vec<Line<'_>> = text
        .lines()
        .filter(|line| whole(line))
        .map(|line| {
            assert!(!line.contains('\t') && !line.contains(" #"), "no tabs, comments on lines of their own: {line}");
            Line { indent: line.len() - line.trim_start().len(), text: line.trim() }
        })
        .collect();
    let mut rest = lines.as_slice();
    let value = block(&mut rest);
    assert!(rest.is_empty(), "cannot be read from here on: {}", rest[0].text);
    value
}

fn block(lines: &mut &[Line<'_>]) -> Value {
    let indent = lines[0].indent;
    if lines[0].text.starts_with("- ") {
        let mut items = Vec::new();
        while lines.first().is_some_and(|line| line.indent == indent && line.text.starts_with("- ")) {
            let own = 1 + lines[1..].iter().take_while(|line| line.indent > indent).count();
            let mut item = lines[..own].to_vec();
            item[0] = Line { indent: indent + 2, text: item[0].text.trim_start_matches("- ") };
            items.push(block(&mut item.as_slice()));
            *lines = &lines[own..];
        }
        return Value::Array(items);
    }
    let mut map = Map::new();
    while let Some(line) = lines.first().filter(|line| line.indent == indent) {
        let (key, value) = line.text.split_once(':').unwrap_or_else(|| panic!("no key: {}", line.text));
        *lines = &lines[1..];
        let value = match (value.trim(), lines.first()) {
            ("", Some(next)) if next.indent > indent => block(lines),
            ("", _) => Value::Null,
            (value, _) => scalar(value),
        };
        assert!(map.insert(key.to_owned(), value).is_none(), "{key} stands here twice");
    }
    Value::Object(map)
}

fn scalar(text: &str) -> Value {
    if text.starts_with(['[', '{', '"']) {
        return serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    }
    assert!(!text.starts_with(['&', '*', '|', '>', '\'', '!']), "write it plainly: {text}");
    Value::String(text.to_owned())
}

#[test]
fn maps_lists_and_json_are_read() {
    let text =
        "a:\n  # told\n  b: [\"c\", \"d: e\"]\n  f:\n    - g: h\n      i: \"1\"\n    - g: j\nk: l:8080\nm: {}\nn:\n";
    let expected = serde_json::json!({
        "a": { "b": ["c", "d: e"], "f": [{ "g": "h", "i": "1" }, { "g": "j" }] }, "k": "l:8080", "m": {}, "n": null
    });
    assert_eq!(parse(text), expected);
}
