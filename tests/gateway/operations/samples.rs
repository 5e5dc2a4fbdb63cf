//! The samples under config/: sound, complete, and nothing in them that the settings do not know.

use std::collections::{BTreeMap, BTreeSet};

use tempfile::TempDir;

use super::{copy_of_the_samples, read, root};
use crate::bench::xiezhi;

/// What no settings know, and what no known word is near to.
const PROBE: &str = "zzzzzzzz";

/// The keys of each table of a file, those that are commented out included; tables are keys of the table around them.
fn keys_of(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut tables: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut table = String::new();
    for line in text.lines() {
        let line = line.trim_start_matches("# ");
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            table = name.trim_start_matches('[').to_owned();
            let (around, own) = table.rsplit_once('.').unwrap_or(("", &table));
            tables.entry(around.to_owned()).or_default().insert(own.to_owned());
        } else if let Some((key, _)) = line.split_once(" =")
            && key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        {
            tables.entry(table.clone()).or_default().insert(key.to_owned());
        }
    }
    tables
}

/// The text with a key that nobody knows in every table of it, and in every table that stands there as a comment.
fn probed(text: &str) -> String {
    let mut probed = format!("{PROBE} = 1\n");
    let mut commented = false;
    for line in text.lines() {
        let header = line.trim_start_matches("# ").starts_with('[') && line.ends_with(']');
        commented = if header { line.starts_with('#') } else { commented && line.starts_with('#') };
        let bare = line.trim_start_matches("# ");
        probed.push_str(if header && commented { bare } else { line });
        probed.push('\n');
        if header {
            probed.push_str(&format!("{PROBE} = 1\n"));
        }
    }
    probed
}

/// What the settings know, by table, as they tell it of a file with probes.
fn known(told: &str, file: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut tables = BTreeMap::new();
    for line in told.lines().filter(|line| line.contains(file) && line.contains(PROBE)) {
        // A table whose keys are the partner's own words knows no list of them.
        let told = line.split_once("known here: ").or_else(|| line.split_once("this adapter knows: "));
        let Some((place, words)) = told else { continue };
        let key = place.split(": ").nth(1).unwrap();
        let table = key.trim_end_matches(PROBE).trim_end_matches('.');
        let table = table.split('[').next().unwrap().to_owned();
        tables.insert(table, words.split(", ").map(str::to_owned).collect());
    }
    tables
}

fn names_in(folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let tomls = entries.filter(|path| path.extension().is_some_and(|end| end == "toml"));
    let mut names: Vec<String> = tomls.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

#[test]
fn the_samples_are_sound() {
    let folder = TempDir::new().unwrap();
    let config = copy_of_the_samples(folder.path());
    let told = xiezhi(&["check", "--config", config.to_str().unwrap()]);
    let text = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.status.success() && text.contains("no fault"), "{text}");
    let warnings: Vec<&str> = text.lines().filter(|line| line.starts_with("warning")).collect();
    // From December on next year's calendar is asked for, which nobody can write before it is published.
    assert!(warnings.iter().all(|warning| warning.contains("holidays of")), "{warnings:#?}");
}

#[test]
fn every_key_that_the_settings_know_stands_in_a_sample() {
    let folder = TempDir::new().unwrap();
    let config = copy_of_the_samples(folder.path());
    let mut files = vec!["gateway.toml".to_owned()];
    for kind in ["partners", "courts", "calendar"] {
        files.extend(names_in(&format!("config/{kind}")).into_iter().map(|name| format!("{kind}/{name}")));
    }
    for file in &files {
        std::fs::write(config.join(file), probed(&read(&format!("config/{file}")))).unwrap();
    }
    let told = String::from_utf8(xiezhi(&["check", "--config", config.to_str().unwrap()]).stdout).unwrap();
    // A partner needs some tables only when it is called, others only when it calls: together the samples hold all.
    let mut partners: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in files.iter().filter(|file| file.starts_with("partners/")) {
        for (table, keys) in keys_of(&read(&format!("config/{file}"))) {
            partners.entry(table).or_default().extend(keys);
        }
    }
    let mut missing = Vec::new();
    for file in &files {
        let tables = known(&told, file);
        assert!(tables.contains_key(""), "{file}: nothing was told of its probes\n{told}");
        let own = keys_of(&read(&format!("config/{file}")));
        for (table, words) in tables {
            let of = if file.starts_with("partners/") && table != "options" { &partners } else { &own };
            let there = of.get(&table).cloned().unwrap_or_default();
            // Its keys are the kinds of acts, which the comment above the table names.
            // What may stand in the tables within `[options]` is said by their page, and tried by the sample's own tests.
            let is_described = |word: &str| table.starts_with("options.") || word.contains('.');
            let words =
                words.iter().filter(|word| table != "approvals" && !there.contains(*word) && !is_described(word));
            missing.extend(words.map(|word| format!("config/{file}: [{table}] {word}")));
        }
    }
    assert!(missing.is_empty(), "known to the settings and in no sample:\n{}\n{told}", missing.join("\n"));
}

#[test]
fn every_adapter_has_a_sample() {
    let folder = TempDir::new().unwrap();
    let config = copy_of_the_samples(folder.path());
    let path = config.join("partners/bank-b.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("adapter = \"bank_http\"", "adapter = \"none\"")).unwrap();
    let told = String::from_utf8(xiezhi(&["check", "--config", config.to_str().unwrap()]).stdout).unwrap();
    let (_, words) = told.split_once("is no adapter; write one of ").unwrap();
    let samples: String =
        names_in("config/partners").iter().map(|name| read(&format!("config/partners/{name}"))).collect();
    let without: Vec<&str> = words
        .lines()
        .next()
        .unwrap()
        .split(", ")
        // It speaks to nobody; it is for trials.
        .filter(|adapter| *adapter != "loopback" && !samples.contains(&format!("adapter = \"{adapter}\"")))
        .collect();
    assert!(without.is_empty(), "write config/partners/<id>.toml with every option of: {without:?}");
}

#[test]
fn a_courts_sample_names_every_kind_that_may_need_approval() {
    let text = read("config/courts/330225.toml");
    let told = text.split_once("before an act of a kind goes:").unwrap().1.split_once("Left out").unwrap().0;
    let told: BTreeSet<&str> = told.split([' ', ',', '.', '#', '\n']).filter(|word| !word.is_empty()).collect();
    let kinds: BTreeSet<&str> = domain::ActKind::ALL.iter().map(|kind| kind.word()).collect();
    assert_eq!(told, kinds);
}
