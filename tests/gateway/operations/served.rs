//! The samples at work: served, asked for their health, with the simulated banks as the compose file starts them; reload and backup.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{copy_of_the_samples, read, yaml};
use crate::bench::{Caller, Gateway, RUNTIME, Setup, Spec, eventually, look, xiezhi};

/// A command of ours that runs until the test ends.
struct Running {
    child: Child,
    first_line: String,
    _out: BufReader<std::process::ChildStdout>,
}

impl Running {
    fn start(arguments: &[String], environment: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xiezhi"));
        command.args(arguments).envs(environment.iter().copied());
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut first_line = String::new();
        out.read_line(&mut first_line).unwrap();
        Self { child, first_line, _out: out }
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap().success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The command of a service, with some of its flags said otherwise.
fn command_of(service: &str, otherwise: &[(&str, &str)]) -> Vec<String> {
    let compose = yaml::parse(&read("docker-compose.yml"));
    let words = compose["services"][service]["command"].as_array().unwrap();
    let mut words: Vec<String> = words.iter().map(|word| word.as_str().unwrap().to_owned()).collect();
    for (flag, value) in otherwise {
        let at = words.iter().position(|word| word == flag).unwrap();
        words[at + 1] = (*value).to_owned();
    }
    words
}

fn change(path: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{}: no {from}", path.display());
    std::fs::write(path, text.replace(from, to)).unwrap();
}

/// A token as `xiezhi token` prints it: itself and its hash.
fn minted() -> (String, String) {
    let told = String::from_utf8(xiezhi(&["token"]).stdout).unwrap();
    let word = |begin: &str| told.lines().find_map(|line| line.strip_prefix(begin)).unwrap().trim().to_owned();
    (word("token"), word("sha256"))
}

/// A look at the one person of the sample messages, at both sample banks.
fn request(caller: &Caller) -> Value {
    let digest = |kind: &str| {
        let stored = caller.upload(&format!("{kind}.pdf"), "application/pdf", format!("%PDF-1.4 {kind}").as_bytes());
        stored.of_status(201).json()["digest"].clone()
    };
    let kinds = ["ruling", "query_notice", "work_id_scan", "duty_id_scan"];
    let papers: Vec<Value> = kinds
        .iter()
        .map(|kind| json!({ "kind": kind, "number": "1", "file_name": format!("{kind}.pdf"), "digest": digest(kind) }))
        .collect();
    let mut body = look(&[0]).paid_to("BANKA", "33022500001234567890").at(&["bank-a", "bank-b"]).papers(&papers).0;
    body["case"]["parties"][0]["name"] = json!("王小渔");
    body["case"]["parties"][0]["id_number"] = json!("330225189506120170");
    body
}

#[test]
fn the_samples_are_served_and_their_banks_answer() {
    let folder = TempDir::new().unwrap();
    let config = copy_of_the_samples(folder.path());
    let bank_b = Running::start(&command_of("bank-b", &[("--listen", "127.0.0.1:0")]), &[]);
    let url = bank_b.first_line.split(' ').find(|word| word.starts_with("http://")).unwrap();
    change(&config.join("partners/bank-b.toml"), "http://127.0.0.1:9101/", url);
    change(&config.join("partners/bank-b.toml"), "\"08:30-17:00\"", "\"daily 00:00-24:00\"");
    let (token, hash) = minted();
    let sample = "42a21ccda64ab4abf7ec272849840fa34f4c922995daad89ca6f8c937870f701";
    change(&config.join("courts/330225.toml"), sample, &hash);
    let mut serve = command_of("gateway", &[("--config", config.to_str().unwrap()), ("--listen", "127.0.0.1:0")]);
    serve.push("--json".to_owned());
    let mut gateway = Running::start(&serve, &[]);
    let told: Value = serde_json::from_str(&gateway.first_line).unwrap();
    let base = told["gateway"].as_str().unwrap().to_owned();
    let well = xiezhi(&["health", "--url", &base, "--wait-s", "30"]);
    assert!(well.status.success() && String::from_utf8_lossy(&well.stdout).contains("\"ready\":true"), "{well:?}");
    let face = format!("{base}/services/SyyhConvertDataService");
    let password = read("config/secrets/bank-a.password");
    let _bank_a =
        Running::start(&command_of("bank-a", &[("--gateway-url", &face)]), &[("XIEZHI_HUB_PASSWORD", password.trim())]);
    let caller = Caller { base: base.clone(), token };
    let accepted = RUNTIME.block_on(caller.submit("sample", &request(&caller))).unwrap().of_status(202).json();
    let id = accepted["request"]["id"].as_str().unwrap().to_owned();
    let view = eventually("both sample banks answer", || {
        let view = caller.get(&format!("/v1/requests/{id}")).of_status(200).json();
        (view["state"] == "finished").then_some(view)
    });
    let partners: Vec<&Value> = view["acts"].as_array().unwrap().iter().map(|act| &act["partner"]).collect();
    assert_eq!(partners, ["bank-a", "bank-b"]);
    assert!(view["acts"].as_array().unwrap().iter().all(|act| act["state"] == "done"), "{view:#}");
    // Data and key lie beside the settings, where the compose file mounts volume and secret.
    assert!(folder.path().join("data/journal").is_dir() && folder.path().join("keys/master.key").is_file());
    gateway.signal("TERM");
    let ended = eventually("the gateway's end", || gateway.child.try_wait().unwrap());
    assert_eq!(ended.code(), Some(0));
    let gone = xiezhi(&["health", "--url", &base]);
    assert_eq!(gone.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&gone.stderr).contains("asking"), "{gone:?}");
}

#[test]
fn a_reload_says_what_waits_for_a_start_and_faults_leave_all_as_it_was() {
    let mut gateway = Gateway::with(vec![Spec::called("bank-a")]);
    let path = gateway.config.join("gateway.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let logged = |gateway: &Gateway, message: &str| {
        eventually(message, || {
            let log = gateway.read_log();
            let found = log.lines().find(|line| line.contains(message)).map(str::to_owned);
            found.map(|line| serde_json::from_str::<Value>(&line).unwrap())
        })
    };
    gateway.write_config_file("gateway.toml", &text.replace("drain_ms = 10000", "drain_ms = 9000"));
    gateway.signal("HUP");
    let told = logged(&gateway, "these settings changed and wait for the next start");
    assert_eq!(told["settings"], "gateway.drain_ms");
    logged(&gateway, "the configuration was read again and is in force");
    gateway.rewrite_partner("bank-a", |spec| spec.hours = "never".to_owned());
    gateway.signal("HUP");
    let told = logged(&gateway, "the configuration in force stays");
    assert!(told["error"].as_str().unwrap().contains("bank-a.toml:"), "{told}");
    assert_eq!(gateway.run(&look(&[0])).state(), "finished", "the hours in force are the old ones");
    gateway.rewrite_partner("bank-a", |spec| spec.hours = "daily 00:00-24:00".to_owned());
    gateway.stop();
}

/// The order of the runbook: what a later part is named by is copied before it.
#[test]
fn a_copy_taken_while_it_works_is_a_backup() {
    let mut gateway = Setup::of(vec![Spec::called("bank-a")]).start();
    let copy = gateway.root.path().join("copy");
    std::fs::create_dir(&copy).unwrap();
    let before = gateway.submit(&look(&[0])).id;
    gateway.wait_finished(&before);
    let durable = gateway.figure("xiezhi_journal_durable_events").unwrap();
    eventually("a checkpoint over all that", || {
        gateway.figure("xiezhi_checkpoint_events").filter(|covered| *covered >= durable)
    });
    gateway.keep_checkpoint();
    let bodies: Vec<Value> = (1..60).map(|person| gateway.body(&look(&[person]))).collect();
    std::thread::scope(|scope| {
        let caller = gateway.caller("submitter");
        let load = scope.spawn(move || {
            for (place, body) in bodies.iter().enumerate() {
                RUNTIME.block_on(caller.submit(&format!("backup-{place}"), body)).unwrap().of_status(202);
            }
        });
        for part in ["trail", "journal", "keys", "blobs"] {
            let copied = Command::new("cp").arg("-a").arg(gateway.data.join(part)).arg(&copy).status().unwrap();
            assert!(copied.success(), "{part}");
        }
        load.join().unwrap();
    });
    gateway.stop();
    let (live, copied) = (gateway.root.path().join("live"), gateway.data.clone());
    std::fs::rename(&copied, &live).unwrap();
    std::fs::rename(&copy, &copied).unwrap();
    let verified = gateway.verify();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    gateway.start();
    assert_eq!(gateway.view(&before).state(), "finished");
    gateway.stop();
    std::fs::remove_dir_all(&copied).unwrap();
    std::fs::rename(&live, &copied).unwrap();
}
