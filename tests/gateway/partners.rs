//! Connecting a partner from the shell: its file, its trial, its stand-in; and the guide in adapters/README.md, done to the letter.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use serde_json::Value;
use simulators::{Police, PoliceConfig};
use tempfile::TempDir;

use crate::bench::{Gateway, Spec, everybody, xiezhi};
use crate::operations::{copy_of_the_samples, root};

/// A process that is ended with its test.
struct Running(
    Child,
    #[expect(dead_code, reason = "closing it would make the next line it prints an error")] BufReader<ChildStdout>,
);

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn text(output: &Output) -> String {
    [output.stdout.as_slice(), output.stderr.as_slice()]
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        .concat()
}

fn write_secret(config: &Path, name: &str, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let path = config.join("secrets").join(name);
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

fn steps(config: &Path, id: &str) -> (bool, Value) {
    let told = xiezhi(&["partner", "check", id, "--json", "--config", config.to_str().unwrap()]);
    let json: Value = serde_json::from_slice(&told.stdout).unwrap_or_else(|_| panic!("{}", text(&told)));
    assert_eq!(told.status.success(), json["good"] == true);
    (told.status.success(), json)
}

fn verdict(json: &Value, step: &str) -> String {
    let steps = json["steps"].as_array().unwrap();
    let found = steps.iter().find(|row| row["step"] == step).unwrap_or_else(|| panic!("{step}: {json:#}"));
    found["verdict"].as_str().unwrap().to_owned()
}

#[test]
fn a_new_file_of_any_adapter_says_everything_and_is_never_overwritten() {
    let folder = TempDir::new().unwrap();
    let config = copy_of_the_samples(folder.path());
    let at = config.to_str().unwrap();
    for adapter in adapters::ADAPTERS {
        let id = format!("new-{}", adapter.name.replace('_', "-"));
        let told = xiezhi(&["partner", "new", &id, "--adapter", adapter.name, "--kind", "bank", "--config", at]);
        assert!(told.status.success(), "{}", text(&told));
        let file = std::fs::read_to_string(config.join(format!("partners/{id}.toml"))).unwrap();
        let whole: toml::Table = file.parse().unwrap_or_else(|fault| panic!("{id}: {fault}\n{file}"));
        assert_eq!((whole["id"].as_str(), whole["stage"].as_str()), (Some(id.as_str()), Some("test")));
        for (key, told) in adapter.options {
            assert!(file.contains(told), "{id}: {key}");
        }
        let again = xiezhi(&["partner", "new", &id, "--adapter", adapter.name, "--kind", "bank", "--config", at]);
        assert!(!again.status.success() && text(&again).contains("not overwritten"), "{}", text(&again));
    }
    for (id, adapter) in [("UPPER", "bank_http"), ("ok", "none"), ("../up", "bank_http")] {
        assert!(!xiezhi(&["partner", "new", id, "--adapter", adapter, "--config", at]).status.success());
    }
}

/// Its lines with the sign taken away are TOML whose tables stand once, and each key is one that its adapter knows.
#[test]
fn a_new_file_has_each_table_once_and_may_be_uncommented_whole() {
    let folder = TempDir::new().unwrap();
    let config = copy_of_the_samples(folder.path());
    let at = config.to_str().unwrap();
    for adapter in adapters::ADAPTERS {
        let id = format!("new-{}", adapter.name.replace('_', "-"));
        let told = xiezhi(&["partner", "new", &id, "--adapter", adapter.name, "--kind", "bank", "--config", at]);
        assert!(told.status.success(), "{}", text(&told));
        let path = config.join(format!("partners/{id}.toml"));
        let file = std::fs::read_to_string(&path).unwrap();
        let (before, options) = file.split_once("\n[options]\n").unwrap();
        // A comment has a sign before a space and no key behind it: those stay, whatever can be said stands in force.
        let is_said =
            |line: &str| line.starts_with('[') || line.split_once(" = \"").is_some_and(|(key, _)| !key.contains(' '));
        let bare = |line: &str| match line.strip_prefix("# ").filter(|rest| is_said(rest)) {
            Some(rest) => format!("{rest}\n"),
            None => format!("{line}\n"),
        };
        let whole = format!("{before}\n[options]\n{}", options.lines().map(bare).collect::<String>());
        let read: toml::Table = whole.parse().unwrap_or_else(|fault| panic!("{id}: {fault}\n{whole}"));
        let tables: Vec<&str> = options.lines().filter(|line| line.starts_with("# [options")).collect();
        let once: std::collections::BTreeSet<&str> = tables.iter().copied().collect();
        assert_eq!(once.len(), tables.len(), "{id}: {tables:?}");
        let named = adapter
            .options
            .iter()
            .filter(|(key, _)| !key.contains('.'))
            .all(|(key, _)| read["options"].get(key).is_some());
        assert!(named, "{id}: {whole}");
        std::fs::write(&path, whole).unwrap();
        let told = text(&xiezhi(&["check", "--config", at]));
        let unknown: Vec<&str> =
            told.lines().filter(|line| line.contains(&format!("{id}.toml")) && line.contains("unknown key")).collect();
        assert!(unknown.is_empty(), "{id}: {unknown:#?}");
        assert!(!told.contains("TOML"), "{id}: {told}");
        std::fs::remove_file(&path).unwrap();
    }
}

/// What is left of its faults once placeholders and secrets are filled in is in the words of its own options.
#[test]
fn a_new_file_of_any_adapter_is_sound_once_it_is_filled_in() {
    let folder = TempDir::new().unwrap();
    let config = copy_of_the_samples(folder.path());
    let at = config.to_str().unwrap();
    for (place, adapter) in adapters::ADAPTERS.iter().enumerate() {
        let id = format!("new-{}", adapter.name.replace('_', "-"));
        let told = xiezhi(&["partner", "new", &id, "--adapter", adapter.name, "--kind", "bank", "--config", at]);
        assert!(told.status.success(), "{}", text(&told));
        let path = config.join(format!("partners/{id}.toml"));
        let file = std::fs::read_to_string(&path).unwrap();
        let filled = file.replace("sha256 = \"…\"", &format!("sha256 = \"{place:064x}\"")).replace('…', "x");
        for secret in filled.split("\"file:").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            let secret = config.join(secret);
            std::fs::write(&secret, "made-up").unwrap();
            std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        }
        std::fs::write(&path, filled).unwrap();
        let told = text(&xiezhi(&["check", "--config", at]));
        let own = told.lines().filter(|line| line.contains(&format!("{id}.toml")) && !line.starts_with("warning"));
        let faults: Vec<&str> = own.filter(|line| !line.contains("options")).collect();
        assert!(faults.is_empty(), "{id}: {faults:#?}");
        let is_inbox = adapter.name == "inbox";
        assert!(!is_inbox || !told.contains(&format!("{id}.toml")), "an inbox has no options and no fault: {told}");
        std::fs::remove_file(&path).unwrap();
    }
}

#[test]
fn a_trial_does_not_go_beside_a_serving_lane_unless_it_is_told_to() {
    let gateway = Gateway::with(vec![Spec::called("bank-a")]);
    let config = gateway.config.to_string_lossy().into_owned();
    let refused = xiezhi(&["partner", "check", "bank-a", "--config", &config]);
    assert!(!refused.status.success() && text(&refused).contains("--anyway"), "{}", text(&refused));
    let tried = xiezhi(&["partner", "check", "bank-a", "--anyway", "--config", &config]);
    assert!(!text(&tried).contains("a gateway serves"), "{}", text(&tried));
}

#[test]
fn a_trial_says_what_works_and_what_does_not() {
    let folder = TempDir::new().unwrap();
    let config = copy_of_the_samples(folder.path());
    let police = Police::start(&everybody(), PoliceConfig::default()).unwrap();
    let sample = std::fs::read_to_string(config.join("partners/police-a.toml")).unwrap();
    let write = |url: &str, token: &str| {
        write_secret(&config, "police-a.token", token);
        let file = sample.replace("http://127.0.0.1:9203/", url);
        std::fs::write(config.join("partners/police-a.toml"), file).unwrap();
    };
    write(police.url(), "police-token");
    let (good, json) = steps(&config, "police-a");
    assert!(good, "{json:#}");
    for (step, word) in
        [("file", "good"), ("name", "good"), ("connection", "good"), ("credential", "good"), ("query", "skipped")]
    {
        assert_eq!(verdict(&json, step), word, "{json:#}");
    }
    write(police.url(), "another-token");
    let (good, json) = steps(&config, "police-a");
    assert!(!good && verdict(&json, "credential") == "bad", "{json:#}");
    police.stop();
    let (good, json) = steps(&config, "police-a");
    assert!(!good && verdict(&json, "connection") == "bad" && verdict(&json, "credential") == "skipped", "{json:#}");
    let (good, json) = steps(&config, "nobody");
    assert!(!good && verdict(&json, "file") == "bad", "{json:#}");
    let (good, json) = steps(&config, "bank-a");
    assert!(good && verdict(&json, "face") == "good" && verdict(&json, "last call") == "skipped", "{json:#}");
}

/// The commands and files of the section "How to add one": blocks of `sh` and `toml`, in their order.
fn guide(title: &str) -> Vec<(String, String)> {
    let page = std::fs::read_to_string(root().join("adapters/README.md")).unwrap();
    let section =
        page.split(&format!("## {title}\n")).nth(1).expect("the section").split("\n## ").next().unwrap().to_owned();
    let mut blocks = section.split("```");
    blocks.next();
    let mut found = Vec::new();
    // Whoever runs this beside others has a port of their own.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let port = free.port().to_string();
    while let (Some(block), Some(_)) = (blocks.next(), blocks.next()) {
        let (language, body) = block.split_once('\n').unwrap();
        found.push((language.to_owned(), body.replace("9377", &port)));
    }
    found
}

/// Does what a section of the page says, in an empty folder; what is left running, and which partners were ready.
fn done_to_the_letter(title: &str, place: &Path) -> (Vec<Running>, Vec<String>) {
    let (mut running, mut ready): (Vec<Running>, Vec<String>) = (Vec::new(), Vec::new());
    for (language, body) in guide(title) {
        if language.starts_with("toml") {
            // The block is what the file shall say below its first lines, which name it.
            let path = place.join(language.split_whitespace().nth(1).expect("a block of toml names its file"));
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, &body).unwrap();
            continue;
        }
        for line in body.lines().filter(|line| !line.trim().is_empty()) {
            let background = line.strip_suffix(" &");
            let mut command = Command::new("sh");
            let binary = Path::new(env!("CARGO_BIN_EXE_xiezhi")).parent().unwrap();
            let search = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
            // A process in the background takes the place of its shell, so that ending the one ends the other.
            let run = background.map_or(line.to_owned(), |line| format!("exec {line}"));
            command.args(["-c", &run]).current_dir(place).env("PATH", search).stdin(Stdio::null());
            if background.is_none() {
                let told = command.output().unwrap();
                assert!(told.status.success(), "{line}\n{}", text(&told));
                let tried = line.strip_prefix("xiezhi partner check ");
                ready.extend(tried.filter(|id| text(&told).contains(&format!("{id}: ready"))).map(str::to_owned));
                continue;
            }
            let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
            let mut out = BufReader::new(child.stdout.take().unwrap());
            let mut said = String::new();
            out.read_line(&mut said).unwrap();
            running.push(Running(child, out));
            assert!(said.contains("stands in for"), "{line}: {said}");
        }
    }
    assert!(!place.join("src").exists() && !place.join("adapters").exists(), "settings are all that it touches");
    (running, ready)
}

#[test]
fn the_guide_connects_a_partner_and_changes_no_source() {
    let folder = TempDir::new().unwrap();
    let (running, ready) = done_to_the_letter("How to add one", folder.path());
    assert_eq!(
        (running.len(), ready),
        (1, vec!["payment-b".to_owned()]),
        "the guide ends with a partner that is ready"
    );
}

#[test]
fn the_guide_adds_a_dialect_as_one_table_and_a_word_for_two_things_is_a_fault() {
    let folder = TempDir::new().unwrap();
    let (_running, ready) = done_to_the_letter("How to add a dialect", folder.path());
    assert_eq!(ready, ["bank-x"]);
    let path = folder.path().join("config/dialects/province-x.toml");
    let sound = std::fs::read_to_string(&path).unwrap();
    let config = folder.path().join("config");
    for (from, to, told) in [
        (
            "not_controlled = \"NO\"",
            "not_controlled = \"OK\"",
            "codes.controlled: has a word that codes.not_controlled has too",
        ),
        ("pullOrders", "pullQueries", "operations: has a word that another operation has too"),
        ("KHZH =", "KHZHH =", "fields.KHZHH: unknown key"),
    ] {
        std::fs::write(&path, sound.replace(from, to)).unwrap();
        let check = xiezhi(&["check", "--config", config.to_str().unwrap()]);
        assert!(!check.status.success() && text(&check).contains(told), "{}", text(&check));
        assert!(text(&check).contains("province-x.toml:"), "with its file and line");
    }
}
