//! docker-compose.yml, config/docker/Dockerfile and .dockerignore: every path, command, flag, port, user, address and secret in them
//! is held against the repository, the samples and the binary. No container is started, so that this holds where none can be.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use serde_json::Value;

use super::lines::{taken, value_of};
use super::{read, root, yaml};
use crate::bench::files_below;

const BINARY: &str = "/usr/local/bin/xiezhi";
/// Beyond `gateway.drain_ms`: the snapshot, and the system.
const GRACE_MARGIN_MS: u64 = 10_000;

fn compose() -> Value {
    yaml::parse(&read("docker-compose.yml"))
}

fn words(value: &Value) -> Vec<&str> {
    value
        .as_array()
        .unwrap_or_else(|| panic!("a list, not {value}"))
        .iter()
        .map(|word| word.as_str().unwrap())
        .collect()
}

/// The instructions of the Dockerfile's last stage, lines joined.
fn last_stage() -> Vec<(String, String)> {
    let text = read("config/docker/Dockerfile").replace("\\\n", " ");
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let instructions: Vec<(String, String)> = lines
        .map(|line| line.split_once(' ').map(|(word, rest)| (word.to_owned(), rest.trim().to_owned())).unwrap())
        .collect();
    let from = instructions.iter().rposition(|(word, _)| word == "FROM").unwrap();
    instructions[from..].to_vec()
}

fn instruction(stage: &[(String, String)], wanted: &str) -> String {
    let found: Vec<&String> = stage.iter().filter(|(word, _)| word == wanted).map(|(_, rest)| rest).collect();
    assert_eq!(found.len(), 1, "one {wanted}");
    found[0].clone()
}

/// A path with its `..` taken.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    plain
}

fn sample(table: &str, key: &str) -> toml::Value {
    let settings: toml::Table = read("config/gateway.toml").parse().unwrap();
    settings[table][key].clone()
}

fn milliseconds(text: &str) -> u64 {
    text.strip_suffix('s').unwrap().parse::<u64>().unwrap() * 1_000
}

fn is_ignored(path: &str) -> bool {
    let ignored = read(".dockerignore");
    let patterns = ignored.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let fits = |pattern: &str| match pattern.strip_suffix('*') {
        Some(begin) => path.starts_with(begin),
        None => path == pattern || path.starts_with(&format!("{pattern}/")),
    };
    patterns.into_iter().any(fits)
}

#[test]
fn the_gateway_of_the_compose_file_is_what_the_samples_and_the_image_say() {
    let compose = compose();
    let gateway = &compose["services"]["gateway"];
    let command = words(&gateway["command"]);
    taken("docker-compose.yml gateway", &command);
    assert_eq!(command[0], "serve");
    let config = Path::new(value_of(&command, "--config"));
    // Address and port: what is listened on is what is published and asked.
    let port = value_of(&command, "--listen").rsplit(':').next().unwrap();
    let published: Vec<&str> = words(&gateway["ports"])[0].split(':').collect();
    assert_eq!((published[0], published[2]), ("127.0.0.1", port), "published on this machine only");
    let health = words(&gateway["healthcheck"]["test"]);
    assert_eq!(health[..2], ["CMD", BINARY]);
    taken("docker-compose.yml healthcheck", &health[2..]);
    assert_eq!(value_of(&health, "--url"), format!("http://127.0.0.1:{port}"));
    // Folders: the settings that are mounted lead to the volume and to the secret by their own defaults.
    let volumes: BTreeMap<&str, &str> =
        words(&gateway["volumes"]).into_iter().map(|volume| volume.split_once(':').unwrap()).collect();
    assert_eq!(volumes["./config"], format!("{}:ro", config.display()));
    assert!(root().join("config/gateway.toml").exists());
    let data = plain(&config.join(sample("gateway", "data").as_str().unwrap()));
    assert_eq!(Path::new(volumes["data"]), data);
    assert!(compose["volumes"].as_object().unwrap().contains_key("data"));
    let key = plain(&config.join(sample("master_key", "file").as_str().unwrap()));
    assert_eq!(Path::new(gateway["secrets"][0]["target"].as_str().unwrap()), key);
    let kept = compose["secrets"][gateway["secrets"][0]["source"].as_str().unwrap()]["file"].as_str().unwrap();
    assert_eq!(kept, "./keys/master.key");
    assert!(read(".gitignore").lines().any(|line| line == "/keys") && is_ignored("keys/master.key"));
    // Bounds: a drain ends before the kill, files suffice for every connection.
    let drain_ms = u64::try_from(sample("gateway", "drain_ms").as_integer().unwrap()).unwrap();
    assert!(milliseconds(gateway["stop_grace_period"].as_str().unwrap()) >= drain_ms + GRACE_MARGIN_MS);
    let connections = sample("limits", "connections_max").as_integer().unwrap();
    assert!(gateway["ulimits"]["nofile"].as_str().unwrap().parse::<i64>().unwrap() >= connections + 5_000);
    for bound in ["mem_limit", "cpus", "pids_limit", "restart", "logging"] {
        assert!(!gateway[bound].is_null(), "{bound} bounds the gateway");
    }
    let image = last_stage();
    assert_eq!(instruction(&image, "ENTRYPOINT"), format!("[\"{BINARY}\"]"));
    assert_eq!(serde_json::from_str::<Value>(&instruction(&image, "CMD")).unwrap(), gateway["command"]);
    assert_eq!(instruction(&image, "VOLUME"), format!("[\"{}\"]", data.display()));
    assert_eq!(instruction(&image, "EXPOSE"), port);
    let asked = instruction(&image, "HEALTHCHECK");
    let (_, asked) = asked.split_once("CMD ").unwrap();
    assert_eq!(serde_json::from_str::<Value>(asked).unwrap(), serde_json::json!(health[1..]));
}

#[test]
fn every_service_runs_without_rights_and_every_word_of_its_command_is_one() {
    let compose = compose();
    let user = instruction(&last_stage(), "USER");
    let (uid, gid) = user.split_once(':').unwrap();
    assert!(uid.parse::<u32>().unwrap() > 0 && gid.parse::<u32>().unwrap() > 0, "a number, so that it can be checked");
    let services = compose["services"].as_object().unwrap();
    for (name, service) in services {
        taken(&format!("docker-compose.yml {name}"), &words(&service["command"]));
        assert_eq!(service["user"], user, "{name}");
        assert_eq!(service["read_only"], "true", "{name}");
        assert_eq!(words(&service["cap_drop"]), ["ALL"], "{name}");
        assert_eq!(words(&service["security_opt"]), ["no-new-privileges:true"], "{name}");
        assert!(!service["mem_limit"].is_null() && !service["pids_limit"].is_null(), "{name}");
        assert_eq!(service["image"], services["gateway"]["image"], "{name}");
    }
    let build = &services["gateway"]["build"];
    assert_eq!(build["context"], ".");
    assert!(root().join(build["dockerfile"].as_str().unwrap()).exists());
}

#[test]
fn the_simulated_banks_are_those_of_the_samples() {
    let compose = compose();
    let (called, hub) = (&compose["services"]["bank-b"], &compose["services"]["bank-a"]);
    for bank in [called, hub] {
        assert_eq!(words(&bank["profiles"]), ["trial"], "no simulated bank beside a real gateway unasked");
        assert_eq!(bank["network_mode"], "service:gateway");
        assert_eq!(bank["depends_on"]["gateway"]["condition"], "service_healthy");
    }
    let secret = |name: &str| read(&format!("config/secrets/{name}")).trim().to_owned();
    let partner: toml::Table = read("config/partners/bank-b.toml").parse().unwrap();
    let command = words(&called["command"]);
    let url = partner["options"]["url"].as_str().unwrap();
    assert_eq!(url, format!("http://{}/", value_of(&command, "--listen")));
    assert_eq!(value_of(&command, "--token"), secret("bank-b.token"));
    let partner: toml::Table = read("config/partners/bank-a.toml").parse().unwrap();
    let command = words(&hub["command"]);
    assert_eq!(Some(value_of(&command, "--username")), partner["credential"]["username"].as_str());
    assert_eq!(hub["environment"]["XIEZHI_HUB_PASSWORD"], secret("bank-a.password"));
    let port =
        value_of(&words(&compose["services"]["gateway"]["command"]), "--listen").rsplit(':').next().unwrap().to_owned();
    let face = value_of(&command, "--gateway-url");
    let path = face.strip_prefix(&format!("http://127.0.0.1:{port}")).unwrap();
    assert!(adapters::faces().iter().any(|served| served.path() == path), "{path} is no face");
}

#[test]
fn the_image_is_built_from_what_the_context_holds_and_without_secrets() {
    for secret in
        ["config/secrets/bank-b.token", "keys/master.key", "data/journal/0.seg", ".git/config", "target/debug/x"]
    {
        assert!(is_ignored(secret), "{secret} must not reach the image");
    }
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    let members = manifest["workspace"]["members"].as_array().unwrap().iter().map(|member| member.as_str().unwrap());
    for needed in members.chain(["Cargo.toml", "Cargo.lock", "src/main.rs", "tests/tidy.rs", "tests/gateway/main.rs"]) {
        assert!(root().join(needed).exists() && !is_ignored(needed), "{needed} must be in the context");
    }
    let mut included = 0;
    for file in ["src", "adapters"].into_iter().flat_map(|folder| files_below(&root().join(folder))) {
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        for mark in ["include_str!(\"", "include_bytes!(\""] {
            for part in text.split(mark).skip(1) {
                let path = plain(&file.parent().unwrap().join(part.split('"').next().unwrap()));
                let path = path.strip_prefix(root()).unwrap().to_str().unwrap();
                assert!(!is_ignored(path), "{} includes {path}, which is not in the context", file.display());
                included += 1;
            }
        }
    }
    assert!(included > 0);
    // What the last stage takes from the first one, the first one makes.
    let text = read("config/docker/Dockerfile");
    for (_, rest) in last_stage().iter().filter(|(word, _)| word == "COPY") {
        let from = rest.split(' ').nth(1).unwrap().trim_end_matches('/');
        assert!(rest.starts_with("--from=build "), "{rest}");
        assert!(from.starts_with("/etc/") || text.matches(from).count() > 1, "nothing makes {from}");
    }
    assert!(
        text.contains(&format!("FROM rust:{}-", manifest["workspace"]["package"]["rust-version"].as_str().unwrap()))
    );
    assert!(text.contains("cargo build --release --locked --package xiezhi --bin xiezhi"));
}

#[test]
fn the_commands_at_the_head_of_the_compose_file_are_commands() {
    let text = read("docker-compose.yml");
    let mut runs = 0;
    for line in text.lines().filter_map(|line| line.strip_prefix("#   ")) {
        let line = line.split("  ").next().unwrap();
        if let Some((_, command)) = line.split_once("run --rm gateway ") {
            taken(line, &command.split(' ').collect::<Vec<_>>());
            runs += 1;
        }
        for path in line.split(' ').filter(|word| word.starts_with("config/")) {
            let (folder, ending) = path.split_once('*').unwrap_or((path, ""));
            let files = files_below(&root().join(folder.trim_end_matches('/').trim_start_matches("./")));
            assert!(files.iter().any(|file| file.to_str().unwrap().ends_with(ending)), "{path}");
        }
    }
    assert_eq!(runs, 2);
}
