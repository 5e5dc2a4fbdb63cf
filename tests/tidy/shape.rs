//! Shapes: headers, sizes, names, sleeping and ignored tests, exceptions with a reason.

use super::ratchet::{Finding, hold};
use super::source::{code_only, items, line_of, test_parts, words_of};
use super::tree::{is_test_file, read, root, rust_files};

/// Lines of a file: what a head holds at once.
const FILE_LINES_MAX: usize = 600;
/// Lines of a function: what a screen shows at once.
const FUNCTION_LINES_MAX: usize = 70;
/// Words that say where something was put, not what it is.
const EMPTY_WORDS: [&str; 6] = ["util", "utils", "helper", "helpers", "manager", "common"];

#[test]
fn every_file_says_what_lives_there() {
    let findings: Vec<Finding> = rust_files()
        .into_iter()
        .filter(|file| !read(file).starts_with("//! "))
        .map(|file| Finding::new(file, "opens without a `//!` line; say in one line what lives there"))
        .collect();
    hold("header", &findings);
}

#[test]
fn files_are_short() {
    let findings: Vec<Finding> = rust_files()
        .into_iter()
        .map(|file| (read(&file).lines().count(), file))
        .filter(|(lines, _)| *lines > FILE_LINES_MAX)
        .map(|(lines, file)| {
            Finding::new(file, format!("{lines} lines, {FILE_LINES_MAX} allowed; split it by what it does"))
        })
        .collect();
    hold("file length", &findings);
}

#[test]
fn functions_are_short() {
    let mut findings = Vec::new();
    for file in rust_files().into_iter().filter(|file| !is_test_file(file)) {
        let code = code_only(&read(&file));
        let tests = test_parts(&code);
        for item in items(&code) {
            let in_test = tests.iter().any(|part| part.contains(&item.at));
            if item.keyword == "fn" && item.lines > FUNCTION_LINES_MAX && !in_test {
                let cure = format!(
                    "{} lines, {FUNCTION_LINES_MAX} allowed; ifs up, loops and work down into leaves",
                    item.lines
                );
                findings.push(Finding::new(format!("{file} fn {}", item.name), cure));
            }
        }
    }
    hold("function length", &findings);
}

fn empty_word(name: &str) -> Option<String> {
    words_of(name).into_iter().find(|word| EMPTY_WORDS.contains(&word.as_str()))
}

#[test]
fn names_say_what_a_thing_is() {
    let mut findings = Vec::new();
    for file in rust_files() {
        let cure = |word: &str| format!("is named `{word}`; name it by what it is or does, with a word of the house");
        for part in file.split('/') {
            if let Some(word) = empty_word(part) {
                findings.push(Finding::new(file.as_str(), cure(&word)));
            }
        }
        let source = read(&file);
        for item in items(&code_only(&source)) {
            if let Some(word) = empty_word(&item.name) {
                findings.push(Finding::new(format!("{file} {} {}", item.keyword, item.name), cure(&word)));
            }
        }
    }
    hold("names", &findings);
}

/// Where `word` stands by itself in `code`, followed by `after`.
fn calls(code: &str, word: &str, after: char) -> Vec<usize> {
    let stands_alone = |at: usize| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
    let call = format!("{word}{after}");
    code.match_indices(&call).map(|(at, _)| at).filter(|at| stands_alone(*at)).collect()
}

#[test]
fn no_test_sleeps() {
    let mut findings = Vec::new();
    for file in rust_files().into_iter().filter(|file| !file.contains("/examples/")) {
        let source = read(&file);
        let code = code_only(&source);
        let tests = test_parts(&code);
        for name in ["sleep", "sleep_until", "sleep_ms"] {
            for at in calls(&code, name, '(') {
                if is_test_file(&file) || tests.iter().any(|part| part.contains(&at)) {
                    let cure = "sleeps in a test; wait for the event itself, with a limit, or move the virtual clock";
                    findings.push(Finding::new(format!("{file}:{}", line_of(&source, at)), cure));
                }
            }
        }
    }
    hold("sleeping tests", &findings);
}

#[test]
fn no_test_is_ignored() {
    let mut findings = Vec::new();
    for file in rust_files() {
        let source = read(&file);
        let code = code_only(&source);
        for mark in ["#[ignore", "ignore = "] {
            for (at, _) in code.match_indices(mark) {
                let cure = "is ignored; assert what it does today and say in the name that it is wrong, or take it out";
                findings.push(Finding::new(format!("{file}:{}", line_of(&source, at)), cure));
            }
        }
    }
    hold("ignored tests", &findings);
}

#[test]
fn every_exception_has_a_reason() {
    let mut findings = Vec::new();
    for file in rust_files() {
        let source = read(&file);
        let code = code_only(&source);
        for mark in ["[allow(", "[expect("] {
            for (at, _) in code.match_indices(mark) {
                let end = code[at..].find(']').map_or(code.len(), |length| at + length);
                if code[..at].ends_with(['#', '!']) && !code[at..end].contains("reason =") {
                    let cure = "switches a lint off without `reason = \"…\"`; say why, or mend what the lint found";
                    findings.push(Finding::new(format!("{file}:{}", line_of(&source, at)), cure));
                }
            }
        }
    }
    hold("exceptions", &findings);
}

/// With `autotests = false` a forgotten file would never run; without it a folder of another package would run twice.
#[test]
fn every_test_of_the_root_package_is_named() {
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    assert_eq!(
        manifest["package"].get("autotests").and_then(toml::Value::as_bool),
        Some(false),
        "Cargo.toml: set `autotests = false`, or tests/simulation becomes a test of the root package too"
    );
    let named: Vec<&str> = manifest
        .get("test")
        .and_then(toml::Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|test| test.get("path").and_then(toml::Value::as_str))
        .collect();
    let is_root = |file: &str| {
        let parts: Vec<&str> = file.split('/').collect();
        let own = parts.len() == 2 || (parts.len() == 3 && parts[2] == "main.rs");
        parts[0] == "tests" && own && !root().join("tests").join(parts[1]).join("Cargo.toml").exists()
    };
    let findings: Vec<Finding> = rust_files()
        .into_iter()
        .filter(|file| is_root(file) && !named.contains(&file.as_str()))
        .map(|file| Finding::new(file, "is never run; give it a `[[test]]` with name and path in Cargo.toml"))
        .collect();
    hold("root tests", &findings);
}
