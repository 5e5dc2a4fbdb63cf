//! Floors: which crate may know which, what only one of them may know, and that versions stand in one place.

use std::collections::BTreeMap;

use super::ratchet::{Finding, hold};
use super::source::code_only;
use super::tree::{files, read, rust_files};

/// The floor table of the design: folder of a crate, and the crates of ours that it may know. Imports go down only.
/// `trail` is a floor-0 crate, so the engine, which grows the tree, may know it.
const FLOORS: &[(&str, &[&str])] = &[
    ("src/domain", &[]),
    ("src/trail", &[]),
    ("src/store", &["domain", "trail"]),
    ("adapters", &["domain"]),
    ("adapters/simulators", &[]),
    ("src/engine", &["domain", "store", "trail"]),
    ("src/web", &["domain", "engine", "store", "trail"]),
    ("tests/simulation", &["adapters", "domain", "engine", "store", "trail"]),
    ("", &["adapters", "domain", "engine", "simulators", "store", "trail", "web"]),
];

/// What only some crates may know, with the reason.
const ONLY: &[(&str, &[&str], &str)] = &[
    ("actix-web", &["src/web", "adapters/simulators", ""], "only the web floor speaks HTTP to callers"),
    ("actix-http", &[], "actix-web brings it without HTTP/2, whose old h2 has an open advisory"),
    ("reqwest", &["adapters", "adapters/simulators", "tests/simulation", ""], "only an adapter calls partners"),
    ("sled", &["src/store"], "the index is behind the trait of store"),
    ("quick-xml", &["adapters", "adapters/simulators"], "what partners say stands in adapters"),
    ("ed25519-dalek", &["src/trail"], "what is signed, and how, stands in trail"),
    ("aws-lc-rs", &["src/engine"], "receipts are signed with it; everything else of ours that signs is in trail"),
    ("rustls", &["adapters", "src/web", "adapters/simulators", ""], "TLS stands where bytes leave"),
    ("toml", &["src/web", "adapters/simulators", ""], "configuration is read at the top"),
    ("clap", &["adapters/simulators", "tests/simulation", ""], "only a program has a command line"),
    ("anyhow", &["tests/simulation", ""], "a floor names its errors"),
    (
        "tokio",
        &["adapters", "adapters/simulators", "src/engine", "src/web", "tests/simulation", ""],
        "domain, trail and store wait for nothing",
    ),
];

/// What has no place in any crate, with the reason; `.deny.toml` holds the same for what others bring.
const NOWHERE: &[(&str, &str)] = &[
    ("openssl", "TLS is rustls on aws-lc-rs"),
    ("native-tls", "TLS is rustls on aws-lc-rs"),
    ("ring", "TLS is rustls on aws-lc-rs"),
    ("rsa", "its timing leaks the key"),
    ("rand", "randomness comes from `Random`, which the simulation replays"),
    ("chrono", "days and instants are words of domain"),
    ("lazy_static", "std has LazyLock"),
    ("once_cell", "std has OnceLock"),
];

/// Folders of industries below `adapters`; one never imports another.
const INDUSTRIES: [&str; 7] = ["bank", "insurance", "housing_fund", "police", "payment", "registry", "grid"];

const SECTIONS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

fn manifest_path(folder: &str) -> String {
    if folder.is_empty() { "Cargo.toml".to_owned() } else { format!("{folder}/Cargo.toml") }
}

fn manifest(folder: &str) -> toml::Table {
    let path = manifest_path(folder);
    read(&path).parse().unwrap_or_else(|fault| panic!("{path} is not TOML: {fault}"))
}

/// The dependencies of a section, those of single targets too.
fn dependencies(manifest: &toml::Table, section: &str) -> BTreeMap<String, toml::Value> {
    let targets = manifest.get("target").and_then(toml::Value::as_table).into_iter().flat_map(toml::Table::values);
    let tables = targets.filter_map(toml::Value::as_table).chain([manifest]);
    let entries = tables.filter_map(|table| table.get(section)?.as_table()).flatten();
    entries.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Names by which the workspace's own crates are imported.
fn ours() -> Vec<String> {
    let root = manifest("");
    let shared = root["workspace"]["dependencies"].as_table().unwrap();
    shared.iter().filter(|(_, value)| value.get("path").is_some()).map(|(name, _)| name.clone()).collect()
}

#[test]
fn every_crate_has_a_floor() {
    let root = manifest("");
    let members: Vec<&str> =
        root["workspace"]["members"].as_array().unwrap().iter().map(|member| member.as_str().unwrap()).collect();
    let mut findings: Vec<Finding> = files()
        .iter()
        .filter_map(|file| file.strip_suffix("Cargo.toml"))
        .map(|folder| folder.trim_end_matches('/'))
        .filter(|folder| !FLOORS.iter().any(|(floor, _)| floor == folder))
        .map(|folder| {
            Finding::new(folder, "is a crate without a floor; give it a line in FLOORS of tests/tidy/floors.rs")
        })
        .collect();
    for (floor, _) in FLOORS.iter().filter(|(floor, _)| !floor.is_empty()) {
        if !members.contains(floor) {
            findings.push(Finding::new(*floor, "is no member of the workspace; add it in Cargo.toml"));
        }
    }
    hold("floors", &findings);
}

#[test]
fn imports_go_down_only() {
    let ours = ours();
    assert_eq!(ours.len(), 7, "a crate of ours was added: give it a floor, then count it here");
    let mut findings = Vec::new();
    for (floor, may) in FLOORS {
        let manifest = manifest(floor);
        for name in SECTIONS.iter().flat_map(|section| dependencies(&manifest, section).into_keys()) {
            if ours.contains(&name) && !may.contains(&name.as_str()) {
                let cure = format!(
                    "may not know `{name}`, only {may:?}; hand it what it needs through a trait of its own floor"
                );
                findings.push(Finding::new(manifest_path(floor), cure));
            }
        }
    }
    hold("floors", &findings);
}

#[test]
fn domain_knows_nothing() {
    let known = dependencies(&manifest("src/domain"), "dependencies");
    let findings: Vec<Finding> = known
        .keys()
        .map(|name| Finding::new("src/domain/Cargo.toml", format!("knows `{name}`; words and rules need std alone")))
        .collect();
    hold("domain", &findings);
}

#[test]
fn what_only_some_may_know() {
    let mut findings = Vec::new();
    for (floor, _) in FLOORS {
        let manifest = manifest(floor);
        for name in dependencies(&manifest, "dependencies").keys() {
            if let Some((_, may, reason)) = ONLY.iter().find(|(only, _, _)| only == name)
                && !may.contains(floor)
            {
                findings.push(Finding::new(manifest_path(floor), format!("may not know `{name}`: {reason}")));
            }
        }
        for name in SECTIONS.iter().flat_map(|section| dependencies(&manifest, section).into_keys()) {
            if let Some((_, reason)) = NOWHERE.iter().find(|(banned, _)| *banned == name) {
                findings.push(Finding::new(manifest_path(floor), format!("may not know `{name}`: {reason}")));
            }
        }
    }
    hold("floors", &findings);
}

#[test]
fn versions_stand_in_the_root_manifest_only() {
    let mut findings = Vec::new();
    for (floor, _) in FLOORS {
        let (path, manifest) = (manifest_path(floor), manifest(floor));
        for (name, value) in SECTIONS.iter().flat_map(|section| dependencies(&manifest, section)) {
            let shared = value.get("workspace").and_then(toml::Value::as_bool) == Some(true);
            let own = ["version", "path", "git", "registry"].iter().any(|key| value.get(key).is_some());
            if !shared || own {
                let cure =
                    format!("`{name}`: write `{{ workspace = true }}` and put the version into the root Cargo.toml");
                findings.push(Finding::new(path.as_str(), cure));
            }
        }
        for key in ["version", "edition", "rust-version", "license", "publish"] {
            let inherits = manifest["package"].get(key).and_then(|value| value.get("workspace")).is_some();
            if !inherits {
                findings.push(Finding::new(path.as_str(), format!("write `{key}.workspace = true`")));
            }
        }
        if manifest.get("lints").and_then(|lints| lints.get("workspace")).is_none() {
            findings
                .push(Finding::new(path.as_str(), "write `[lints]` with `workspace = true`, or no lint holds here"));
        }
    }
    hold("versions", &findings);
}

/// `#[path]` and `include!` could carry a file of another floor past Cargo.
#[test]
fn no_file_is_borrowed_from_another_floor() {
    let mut findings = Vec::new();
    for file in rust_files() {
        let source = read(&file);
        for (line, text) in code_only(&source).lines().zip(source.lines()) {
            let borrows = line.contains("#[path =") || line.contains("include!(");
            if borrows && text.contains("../") && floor_of(&file) != floor_of(&borrowed(&file, text)) {
                let cure =
                    "compiles a file of another floor as its own; depend on its crate, or say the words on this floor";
                findings.push(Finding::new(file.as_str(), cure));
            }
        }
    }
    hold("borrowed files", &findings);
}

/// The path in quotes on a line, seen from a file's folder.
fn borrowed(file: &str, line: &str) -> String {
    let inside = line.split('"').nth(1).unwrap_or_default();
    let mut parts: Vec<&str> = file.split('/').collect();
    parts.pop();
    for part in inside.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." | "" => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The folder of the crate that a file belongs to: the longest that holds it.
fn floor_of(file: &str) -> &'static str {
    let holds = |floor: &&(&'static str, &[&str])| floor.0.is_empty() || file.starts_with(&format!("{}/", floor.0));
    FLOORS.iter().filter(holds).map(|(floor, _)| *floor).max_by_key(|floor| floor.len()).unwrap_or_default()
}

#[test]
fn files_are_laid_to_their_floors() {
    assert_eq!(floor_of("adapters/simulators/bank/mod.rs"), "adapters/simulators");
    assert_eq!(floor_of("adapters/bank.rs"), "adapters");
    assert_eq!(floor_of("src/main.rs"), "");
    assert_eq!(borrowed("src/web/lib.rs", r#"#[path = "../engine/view.rs"]"#), "src/engine/view.rs");
}

#[test]
fn one_industry_never_imports_another() {
    let mut findings = Vec::new();
    for file in rust_files() {
        let Some(inside) = file.strip_prefix("adapters/") else { continue };
        let own = inside.split('/').next().unwrap_or_default().trim_end_matches(".rs");
        if !INDUSTRIES.contains(&own) {
            continue;
        }
        let code = code_only(&read(&file));
        for other in INDUSTRIES.iter().filter(|industry| **industry != own) {
            if code.contains(&format!("crate::{other}::")) || code.contains(&format!("crate::{other};")) {
                let cure =
                    format!("imports `{other}`; what both need belongs into adapters/transport or a table of its own");
                findings.push(Finding::new(file.as_str(), cure));
            }
        }
    }
    hold("industries", &findings);
}

#[test]
fn settings_of_clippy_reach_every_floor_below() {
    let house = read(".clippy.toml");
    let findings: Vec<Finding> = files()
        .into_iter()
        .filter(|file| file.ends_with("/.clippy.toml") || file.ends_with("/clippy.toml"))
        .flat_map(|file| {
            let own = read(&file);
            let missing: Vec<&str> =
                house.lines().filter(|line| !line.trim().is_empty() && !own.contains(line.trim())).collect();
            missing
                .into_iter()
                .map(|line| {
                    format!("lacks `{}` of .clippy.toml; clippy reads one file only, so repeat it", line.trim())
                })
                .map(|cure| Finding::new(file.as_str(), cure))
                .collect::<Vec<_>>()
        })
        .collect();
    hold("clippy settings", &findings);
}
