//! A small reader of Rust: tells code from comments and strings, finds functions and what is compiled for tests only.

use std::ops::Range;

/// A file's code with every comment and every character of a string or character literal replaced by a space;
/// lines and columns stay where they are.
pub fn code_only(source: &str) -> String {
    let mut out = Vec::with_capacity(source.len());
    let bytes = source.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let end = skip_end(bytes, at);
        if end == at {
            out.push(bytes[at]);
            at += 1;
        } else {
            out.extend(bytes[at..end].iter().map(|byte| if *byte == b'\n' { b'\n' } else { b' ' }));
            at = end;
        }
    }
    String::from_utf8(out).expect("only whole literals and comments are blanked")
}

/// Where the comment or literal that starts here ends; `at` itself when none does.
fn skip_end(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    let after_word = at > 0 && is_word(bytes[at - 1]);
    if rest.starts_with(b"//") {
        return at + rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
    }
    if rest.starts_with(b"/*") {
        return block_comment_end(bytes, at);
    }
    if rest[0] == b'"' {
        return quoted_end(bytes, at + 1, b'"');
    }
    if rest[0] == b'\'' {
        return character_end(bytes, at);
    }
    if !after_word {
        let prefix = rest.iter().take_while(|byte| matches!(byte, b'b' | b'c' | b'r')).count();
        let hashes = rest[prefix..].iter().take_while(|byte| **byte == b'#').count();
        let raw = rest[..prefix].contains(&b'r');
        let opens = rest.get(prefix + hashes) == Some(&b'"');
        if prefix > 0 && raw && opens {
            return raw_end(bytes, at + prefix + hashes + 1, hashes);
        }
        if prefix > 0 && hashes == 0 && opens {
            return quoted_end(bytes, at + prefix + 1, b'"');
        }
    }
    at
}

fn block_comment_end(bytes: &[u8], mut at: usize) -> usize {
    let mut depth = 0;
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    at
}

fn quoted_end(bytes: &[u8], mut at: usize, quote: u8) -> usize {
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn raw_end(bytes: &[u8], mut at: usize, hashes: usize) -> usize {
    let close = [b"\"".as_slice(), &b"#".repeat(hashes)].concat();
    while at < bytes.len() && !bytes[at..].starts_with(&close) {
        at += 1;
    }
    (at + close.len()).min(bytes.len())
}

/// A character literal, or a lifetime, which is code.
fn character_end(bytes: &[u8], at: usize) -> usize {
    if bytes.get(at + 1) == Some(&b'\\') {
        return quoted_end(bytes, at + 1, b'\'');
    }
    let width =
        std::str::from_utf8(&bytes[at + 1..]).ok().and_then(|text| text.chars().next()).map_or(1, char::len_utf8);
    if bytes.get(at + 1 + width) == Some(&b'\'') { at + width + 2 } else { at }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Identifiers and single other characters, with the place of each.
fn tokens(code: &str) -> Vec<(usize, &str)> {
    let bytes = code.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        if is_word(bytes[at]) {
            while at < bytes.len() && is_word(bytes[at]) {
                at += 1;
            }
            found.push((start, &code[start..at]));
        } else {
            at += code[at..].chars().next().map_or(1, char::len_utf8);
            if !bytes[start].is_ascii_whitespace() {
                found.push((start, &code[start..at]));
            }
        }
    }
    found
}

/// A named item.
pub struct Item {
    /// `fn`, `mod`, `struct`, `enum`, `trait`, `type`.
    pub keyword: String,
    /// Its name.
    pub name: String,
    /// Where the keyword stands, in bytes.
    pub at: usize,
    /// Lines from the keyword to its closing brace; 0 when it has no body.
    pub lines: usize,
}

/// Every named item in code (see [`code_only`]).
pub fn items(code: &str) -> Vec<Item> {
    let tokens = tokens(code);
    let mut found = Vec::new();
    for (place, (at, word)) in tokens.iter().enumerate() {
        if !["fn", "mod", "struct", "enum", "trait", "type"].contains(word) {
            continue;
        }
        let Some((_, name)) = tokens.get(place + 1).filter(|(_, name)| is_word(name.as_bytes()[0])) else { continue };
        let lines = body_of(&tokens[place + 2..]).map_or(0, |end| code[*at..=end].lines().count());
        found.push(Item { keyword: (*word).to_owned(), name: (*name).to_owned(), at: *at, lines });
    }
    found
}

/// Where the body of the item whose signature begins here ends.
fn body_of(tokens: &[(usize, &str)]) -> Option<usize> {
    let (mut brackets, mut braces) = (0, 0);
    for (at, token) in tokens {
        match *token {
            "(" | "[" if braces == 0 => brackets += 1,
            ")" | "]" if braces == 0 => brackets -= 1,
            ";" if brackets == 0 && braces == 0 => return None,
            "{" => braces += 1,
            "}" => {
                braces -= 1;
                if braces == 0 && brackets == 0 {
                    return Some(*at);
                }
            }
            _ => {}
        }
    }
    None
}

/// The parts of code that are compiled for tests only: items behind `#[cfg(test)]` or `#[test]`, with their bodies.
pub fn test_parts(code: &str) -> Vec<Range<usize>> {
    let tokens = tokens(code);
    let mut found: Vec<Range<usize>> = Vec::new();
    for (place, (at, token)) in tokens.iter().enumerate() {
        let attribute: String = tokens[place..].iter().take(7).map(|(_, token)| *token).collect();
        let marks = attribute.starts_with("#[cfg(test)]") || attribute.starts_with("#[test]");
        if *token == "#" && (marks || attribute.starts_with("#[tokio::test")) {
            let closed = tokens[place..].iter().position(|(_, token)| *token == "]").unwrap_or(0);
            if let Some(end) = body_of(&tokens[place + closed + 1..]) {
                found.push(*at..end + 1);
            }
        }
    }
    found
}

/// The line, from 1, of a place.
pub fn line_of(text: &str, at: usize) -> usize {
    text[..at].bytes().filter(|byte| *byte == b'\n').count() + 1
}

/// A name in its words: `HttpHelper` and `http_helper` are both `http`, `helper`.
pub fn words_of(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut last_was_small = false;
    for character in name.chars() {
        if character == '_' || character == '-' || character == '.' || (character.is_uppercase() && last_was_small) {
            words.push(String::new());
        }
        last_was_small = character.is_lowercase() || character.is_ascii_digit();
        if character.is_alphanumeric() {
            words.last_mut().unwrap().extend(character.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn comments_and_literals_are_told_from_code() {
    let source = "a /* x /* y */ z */ b // c\n\"d \\\" e\" f r#\"g \" h\"# i b'j' 'k' '\\'' l: &'m str '}' br\"n\" bar\"o\" '中'p";
    let code = code_only(source);
    let kept: String = code.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(kept, "a b f i b l: &'m str bar p");
    assert_eq!(code.len(), source.len());
    assert_eq!(code.lines().count(), source.lines().count());
}

#[test]
fn functions_are_measured_with_their_bodies() {
    let source = "fn one() {}\nfn two(a: [u8; 3]) -> [u8; 3]\nwhere\n    A: B,\n{\n    let x = \"}\";\n    a\n}\ntrait T { fn three(&self); }\n";
    let found: Vec<(String, usize)> = items(&code_only(source))
        .into_iter()
        .filter(|item| item.keyword == "fn")
        .map(|item| (item.name, item.lines))
        .collect();
    assert_eq!(found, [("one".to_owned(), 1), ("two".to_owned(), 7), ("three".to_owned(), 0)]);
}

#[test]
fn what_is_compiled_for_tests_is_found() {
    let source = "fn a() {}\n#[cfg(test)]\nmod tests { fn b() { } }\nfn c() {}\n#[cfg(test)]\nmod outside;\nfn d() {}";
    let parts = test_parts(source);
    assert_eq!(parts.len(), 1);
    assert_eq!(&source[parts[0].clone()], "#[cfg(test)]\nmod tests { fn b() { } }");
}

#[test]
fn names_come_apart_into_words() {
    assert_eq!(words_of("HttpHelper2Of_utils"), ["http", "helper2", "of", "utils"]);
    assert_eq!(words_of("uncommon_man"), ["uncommon", "man"]);
}
