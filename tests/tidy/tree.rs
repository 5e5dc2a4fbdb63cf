//! The files of the repository, and which of its entries may stand at the top.

use std::path::{Path, PathBuf};

use super::ratchet::{Finding, hold};

/// What stands at the top level, and whether it must.
const TOP_LEVEL: &[(&str, bool)] = &[
    (".ci", true),
    (".clippy.toml", true),
    (".config", true),
    (".deny.toml", true),
    (".dockerignore", true),
    (".gitattributes", false),
    (".gitignore", true),
    (".rustfmt.toml", true),
    ("CHANGELOG.md", true),
    ("Cargo.lock", true),
    ("Cargo.toml", true),
    ("LICENSE", true),
    ("README.md", false),
    ("README.zh-CN.md", false),
    ("adapters", true),
    ("config", false),
    ("docker-compose.yml", true),
    // For people who run the gateway and never open the source: the runbook, in both languages.
    ("docs", true),
    ("schemas", true),
    ("src", true),
    ("tests", true),
];

/// The repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Made by tools or by running the gateway; `.gitignore` names the same.
fn is_made(name: &str) -> bool {
    name == ".git" || name == "target" || name.starts_with("target-") || name == "data"
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap_or_else(|fault| panic!("listing {}: {fault}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    found.sort();
    found
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap().to_str().expect("a file name in UTF-8").to_owned()
}

/// Every file, as a path from the root with `/`, in order.
pub fn files() -> Vec<String> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = entries(root()).into_iter().filter(|path| !is_made(&name_of(path))).collect();
    while let Some(path) = folders.pop() {
        if path.is_dir() {
            folders.extend(entries(&path));
        } else {
            found.push(path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/"));
        }
    }
    found.sort();
    found
}

/// Every Rust file.
pub fn rust_files() -> Vec<String> {
    files().into_iter().filter(|file| file.ends_with(".rs")).collect()
}

/// The text of a file.
pub fn read(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap_or_else(|fault| panic!("reading {file}: {fault}"))
}

/// Is this file judged as a test (or a measuring example) rather than as product code?
pub fn is_test_file(file: &str) -> bool {
    let parts: Vec<&str> = file.split('/').collect();
    let inside = |folder: &str| parts[..parts.len() - 1].contains(&folder);
    inside("tests")
        || inside("examples")
        || inside("benches")
        || file.ends_with("/tests.rs")
        || inside("conformance")
        || file.ends_with("/conformance.rs")
        || inside("fuzz")
        || file.ends_with("/fuzz.rs")
}

#[test]
fn the_top_level_is_what_the_design_draws() {
    let names: Vec<String> = entries(root()).iter().map(|path| name_of(path)).filter(|name| !is_made(name)).collect();
    let mut findings: Vec<Finding> = names
        .iter()
        .filter(|name| !TOP_LEVEL.iter().any(|(known, _)| known == name))
        .map(|name| {
            Finding::new(
                name.as_str(),
                "has no place at the top level; move it under src, adapters, schemas, config, docs or tests",
            )
        })
        .collect();
    for (name, must) in TOP_LEVEL {
        if *must && !names.iter().any(|found| found == name) {
            findings.push(Finding::new(*name, "is missing at the top level; put it back"));
        }
    }
    hold("top level", &findings);
}

#[test]
fn tests_of_files_know_products_from_tests() {
    for (file, is_test) in [
        ("src/store/journal/tests/golden.rs", true),
        ("src/store/record/tests.rs", true),
        ("src/trail/examples/append.rs", true),
        ("adapters/conformance.rs", true),
        ("adapters/conformance/questions.rs", true),
        ("adapters/fuzz/targets.rs", true),
        ("src/store/journal.rs", false),
        ("adapters/simulators/bank/mod.rs", false),
    ] {
        assert_eq!(is_test_file(file), is_test, "{file}");
    }
}
