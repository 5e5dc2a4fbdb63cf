//! config/systemd: the unit against the binary, the samples and, where it is installed, systemd itself.

use std::process::Command;

use tempfile::TempDir;

use super::lines::{taken, value_of};
use super::{read, root};

const UNIT: &str = "config/systemd/xiezhi.service";
const BINARY: &str = "/usr/bin/xiezhi";

/// Every value of a directive, in order.
fn values(directive: &str) -> Vec<String> {
    let begin = format!("{directive}=");
    read(UNIT).lines().filter_map(|line| line.strip_prefix(&begin)).map(str::to_owned).collect()
}

fn value(directive: &str) -> String {
    let found = values(directive);
    assert_eq!(found.len(), 1, "one {directive}=");
    found[0].clone()
}

fn words(line: &str) -> Vec<&str> {
    let mut words = line.split(' ');
    assert_eq!(words.next(), Some(BINARY), "{line}");
    words.collect()
}

#[test]
fn the_unit_says_what_the_binary_takes_and_the_samples_need() {
    let start = value("ExecStart");
    let start = words(&start);
    taken(UNIT, &start);
    taken(UNIT, &words(&value("ExecStartPost")));
    let settings: toml::Table = read("config/gateway.toml").parse().unwrap();
    let listen = settings["gateway"]["listen"].as_str().unwrap();
    assert_eq!(value("Environment"), format!("XIEZHI_URL=http://{listen}"));
    let reload = values("ExecReload");
    let check = words(&reload[0]);
    taken(UNIT, &check);
    assert_eq!(check[0], "check", "faults are told before the signal");
    assert_eq!(value_of(&check, "--config"), value_of(&start, "--config"));
    assert_eq!(reload[1], "/bin/kill -HUP $MAINPID");
    assert_eq!(value_of(&start, "--data"), format!("/var/lib/{}", value("StateDirectory")));
    let drain_ms = settings["gateway"]["drain_ms"].as_integer().unwrap();
    assert!(value("TimeoutStopSec").parse::<i64>().unwrap() * 1_000 >= drain_ms + 10_000);
    let connections = settings["limits"]["connections_max"].as_integer().unwrap();
    assert!(value("LimitNOFILE").parse::<i64>().unwrap() >= connections + 5_000);
    // The key is handed over under the name that the comment tells to write into the settings.
    let credential = value("LoadCredential");
    let (name, from) = credential.split_once(':').unwrap();
    let text = read(UNIT);
    assert!(text.contains(&format!("file = \"/run/credentials/xiezhi.service/{name}\"")));
    assert!(text.contains(&format!("install -m 0400 /dev/stdin {from}")));
    let user = value("User");
    assert!(read("config/systemd/xiezhi.sysusers").lines().any(|line| line.starts_with(&format!("u {user} - "))));
    for (directive, wanted) in [
        ("NoNewPrivileges", "yes"),
        ("ProtectSystem", "strict"),
        ("CapabilityBoundingSet", ""),
        ("LimitCORE", "0"),
        ("KillSignal", "SIGTERM"),
        ("Restart", "on-failure"),
    ] {
        assert_eq!(value(directive), wanted, "{directive}");
    }
}

/// Exactly what the comment tells to copy is a sound configuration, and nothing that `serve` reads is left behind.
#[test]
fn what_the_unit_tells_to_copy_is_all_that_serve_needs() {
    let text = read(UNIT);
    let line = text.lines().find_map(|line| line.split_once("cp -r ").map(|(_, rest)| rest.to_owned())).unwrap();
    let mut paths: Vec<&str> = line.split(' ').collect();
    assert_eq!(paths.pop(), Some("/etc/xiezhi/"));
    let folder = TempDir::new().unwrap();
    let etc = folder.path().join("etc");
    std::fs::create_dir(&etc).unwrap();
    let copied = Command::new("cp").arg("-r").args(paths).arg(&etc).current_dir(root()).status().unwrap();
    assert!(copied.success());
    for secret in crate::bench::files_below(&etc.join("secrets")) {
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(secret, private).unwrap();
    }
    let told = crate::bench::xiezhi(&["check", "--config", etc.to_str().unwrap()]);
    let text = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.status.success() && text.contains("no fault"), "{text}");
    for entry in std::fs::read_dir(root().join("config")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let beside = ["docker", "systemd", "simulators"].contains(&name.as_str());
        assert_eq!(etc.join(&name).exists(), !beside, "{name}");
    }
}

/// systemd's own judgement of the unit, with the binary under test in the place of the installed one.
#[test]
fn systemd_finds_no_fault_in_the_unit_and_little_exposed() {
    let folder = TempDir::new().unwrap();
    let unit = folder.path().join("xiezhi.service");
    std::fs::write(&unit, read(UNIT).replace(BINARY, env!("CARGO_BIN_EXE_xiezhi"))).unwrap();
    let Ok(verified) = Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&unit).output() else {
        eprintln!("not run: systemd-analyze is not installed here; the unit is read by the test above all the same");
        return;
    };
    let told = String::from_utf8_lossy(&verified.stderr).into_owned();
    assert!(verified.status.success() && !told.contains("xiezhi.service:"), "{told}");
    let judged =
        Command::new("systemd-analyze").args(["security", "--offline=true", "--threshold=20"]).arg(&unit).output();
    let told = judged.unwrap();
    // Older ones cannot judge a unit that is not installed.
    let text = String::from_utf8_lossy(&told.stderr).into_owned();
    assert!(told.status.success() || text.contains("unrecognized option"), "{}", String::from_utf8_lossy(&told.stdout));
}
