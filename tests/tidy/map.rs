//! The map, `src/ARCHITECTURE.md`: names only what exists, every floor, and every bound as it stands in the code.

use std::collections::BTreeSet;

use super::ratchet::{Finding, hold};
use super::source::code_only;
use super::tree::{files, is_test_file, read, root, rust_files};

const MAP: &str = "src/ARCHITECTURE.md";

/// What stands between backticks outside of drawings, with the line it stands on.
fn quoted(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut drawing = false;
    for (number, line) in (1..).zip(text.lines()) {
        if line.starts_with("```") {
            drawing = !drawing;
        } else if !drawing {
            found.extend(line.split('`').skip(1).step_by(2).map(|inside| (number, inside.to_owned())));
        }
    }
    found
}

/// Is it meant as a path of the repository? Addresses (`/v1/…`), patterns and code are not.
fn is_path(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    let ends = [".rs", ".toml", ".md", ".json", ".yml"].iter().any(|ending| text.ends_with(ending));
    text.chars().all(plain) && !text.starts_with('/') && (text.contains('/') || ends)
}

#[test]
fn the_map_names_only_what_exists() {
    let findings: Vec<Finding> = quoted(&read(MAP))
        .into_iter()
        .filter(|(_, path)| is_path(path) && !root().join(path).exists())
        .map(|(line, path)| {
            Finding::new(
                format!("{MAP}:{line}"),
                format!("`{path}` does not exist; name it from the root, or mend the map"),
            )
        })
        .collect();
    hold("map", &findings);
}

#[test]
fn the_map_names_every_floor_and_every_folder_of_it() {
    let named: BTreeSet<String> =
        quoted(&read(MAP)).into_iter().map(|(_, path)| path.trim_end_matches('/').to_owned()).collect();
    let mut places: BTreeSet<String> = BTreeSet::new();
    for file in files() {
        if let Some(folder) = file.strip_suffix("/Cargo.toml") {
            places.insert(folder.to_owned());
        }
        let parts: Vec<&str> = file.split('/').collect();
        // The folders below a floor of the product; what lies deeper is the floor's own affair.
        let depth = if parts[0] == "src" { 3 } else { 2 };
        if ["src", "adapters"].contains(&parts[0]) && parts.len() > depth && !is_test_file(&file) {
            let folder = parts[..depth].join("/");
            if !["golden", "examples", "tests"].contains(&parts[depth - 1]) {
                places.insert(folder);
            }
        }
    }
    let findings: Vec<Finding> = places
        .iter()
        .filter(|place| !named.contains(*place))
        .map(|place| Finding::new(place.as_str(), format!("is not on the map; say in {MAP} what lives there")))
        .collect();
    hold("map", &findings);
}

/// A row of the table of bounds: name, value as it stands in the code, file.
struct Bound {
    name: String,
    value: String,
    file: String,
}

fn bounds_of_the_map() -> Vec<Bound> {
    let cell = |cell: &str| cell.trim().trim_matches('`').to_owned();
    let rows = read(MAP);
    rows.lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.split('|').map(cell).collect::<Vec<_>>())
        .filter(|cells| cells.len() >= 5 && cells[3].ends_with(".rs"))
        .map(|cells| Bound { name: cells[1].clone(), value: cells[2].clone(), file: cells[3].clone() })
        .collect()
}

/// `const NAME: T = value;` or, for a setting, `field: value,` inside `impl Default`.
fn values_of(code: &str, name: &str) -> Vec<String> {
    if let Some(field) = name.split("::").nth(1) {
        let mark = format!(" {field}: ");
        return code
            .match_indices(&mark)
            .filter_map(|(at, _)| code[at + mark.len()..].split(",\n").next())
            .map(str::to_owned)
            .collect();
    }
    let mark = format!("const {name}: ");
    let rest = code.match_indices(&mark).filter_map(|(at, _)| code[at..].split_once(" = ")?.1.split_once(';'));
    rest.map(|(value, _)| value.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn every_bound_on_the_map_is_the_one_in_the_code() {
    let mut findings = Vec::new();
    for bound in bounds_of_the_map() {
        if !root().join(&bound.file).exists() {
            continue;
        }
        let values = values_of(&code_only(&read(&bound.file)), &bound.name);
        if !values.contains(&bound.value) {
            let cure =
                format!("the map says `{}`, {} says {values:?}; tell the reader what holds", bound.value, bound.file);
            findings.push(Finding::new(bound.name, cure));
        }
    }
    hold("bounds", &findings);
}

/// Every constant of the product that bounds something stands on the map with its reason.
#[test]
fn every_bound_in_the_code_is_on_the_map() {
    let named: BTreeSet<(String, String)> =
        bounds_of_the_map().into_iter().map(|bound| (bound.file, bound.name)).collect();
    let mut findings = Vec::new();
    for file in rust_files() {
        if is_test_file(&file) || file.starts_with("adapters/simulators/") || file.starts_with("tests/") {
            continue;
        }
        for line in code_only(&read(&file)).lines() {
            let Some(rest) = line.trim_start().strip_prefix("pub const ") else { continue };
            let name = rest.split(':').next().unwrap_or_default();
            let bounds = ["_MAX", "_LIMIT"].iter().any(|ending| name.ends_with(ending));
            if bounds && !named.contains(&(file.clone(), name.to_owned())) {
                let cure = format!(
                    "bounds something and is not in the table of {MAP}: | `{name}` | `value` | `{file}` | why |"
                );
                findings.push(Finding::new(format!("{file} {name}"), cure));
            }
        }
    }
    hold("bounds", &findings);
}

#[test]
fn the_map_reader_tells_paths_from_addresses() {
    for (text, path) in [
        ("src/store/journal.rs", true),
        ("Cargo.toml", true),
        ("adapters/bank/", true),
        ("/v1/requests", false),
        ("journal/<first>.seg", false),
        ("POST /v1/requests", false),
        ("Body::read", false),
    ] {
        assert_eq!(is_path(text), path, "{text}");
    }
    assert_eq!(
        quoted("a `b` c `d`\n```\n`e`\n```\n`f`"),
        [(1, "b".to_owned()), (1, "d".to_owned()), (5, "f".to_owned())]
    );
    assert_eq!(values_of("pub const A_MAX: usize = 4 << 20;\n", "A_MAX"), ["4 << 20"]);
    assert_eq!(values_of("Self {\n  wait: Duration::from_secs(1),\n}", "Limits::wait"), ["Duration::from_secs(1)"]);
}
