//! `xiezhi check` over a configuration that is wrong in every file: everything at once, with file and line and what to write.

use std::path::Path;

use tempfile::TempDir;

use crate::bench::xiezhi;

const GATEWAY: &str = r#"[gateway]
listen = "8080"
workers = 0
drain_ms = "long"
orgin = "court.example"
[master_key]
file = "secrets/open.key"
[limits]
wait_max_ms = 75000
[[tokens]]
name = "op eration"
roles = ["king"]
sha256 = "abc"
"#;
const CUT: &str = "id = \"bank-a\"\nkind = \"bank\"\nname = \nadapter = \"bank_pull\"\n";
const PARTNER: &str = r#"id = "bank-c"
name = "Bank"
kind = "banc"
adapter = "bank_http"
regions = ["3302"]
acts = ["query", "seize"]
hours = "9 to 5"
[rate]
max = 5
window_ms = 1000
burst = 6
[doubt]
can_be_asked = "yes"
[options]
url = "ftp://bank.example"
from = "COURT"
token = "file:secrets/none"
bnk_id = "B"
"#;
const COURT: &str = r#"code = "33022"
callback_origins = ["https://court.example/path"]
[[accounts]]
bank_code = "BANKA"
number = "33 02"
[[tokens]]
name = "clerk"
roles = ["operator"]
sha256 = "1111111111111111111111111111111111111111111111111111111111111111"
"#;
const CALENDAR: &str = "year = 2026\nholidays = [\"2026-02-30\"]\n";

/// File, line, key, and a part of what to do.
const FAULTS: [(&str, u32, &str, &str); 24] = [
    ("gateway.toml", 2, "gateway.listen", "must be an address with a port, such as 127.0.0.1:8080"),
    ("gateway.toml", 3, "gateway.workers", "must be a whole number from 1 to 64"),
    ("gateway.toml", 4, "gateway.drain_ms", "must be a whole number from 0 to 600000"),
    ("gateway.toml", 5, "gateway.orgin", "did you mean `origin`?"),
    ("gateway.toml", 7, "master_key.file", "run `chmod 600` on it"),
    ("gateway.toml", 9, "limits.wait_max_ms", "must be below keep_alive_ms"),
    ("gateway.toml", 11, "tokens[0].name", "rename it"),
    ("gateway.toml", 12, "tokens[0].roles[0]", "operator"),
    ("gateway.toml", 13, "tokens[0].sha256", "must be 64 hex digits"),
    ("partners/bank-a.toml", 3, "", "no TOML"),
    ("partners/bank-b.toml", 1, "id", "bank-c.toml"),
    ("partners/bank-b.toml", 3, "kind", "write one of bank"),
    ("partners/bank-b.toml", 5, "regions[0]", "six digits"),
    ("partners/bank-b.toml", 6, "acts[1]", "write some of query"),
    ("partners/bank-b.toml", 7, "hours", "write \"08:30-17:00\""),
    ("partners/bank-b.toml", 11, "rate.burst", "must be at most `max`"),
    ("partners/bank-b.toml", 13, "doubt.can_be_asked", "true or false"),
    ("partners/bank-b.toml", 15, "options.url", "http:// or https://"),
    ("partners/bank-b.toml", 17, "options.token", "let this process read it"),
    ("partners/bank-b.toml", 18, "options.bnk_id", "this adapter knows: url, bank_id"),
    ("courts/330225.toml", 1, "code", "must be six digits"),
    ("courts/330225.toml", 1, "name", "is missing; write the court's full name"),
    ("courts/330225.toml", 2, "callback_origins[0]", "without path"),
    ("calendar/2026.toml", 2, "holidays[0]", "write it as \"2026-10-01\""),
];

fn put(config: &Path, name: &str, text: &str) {
    let path = config.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

#[test]
fn every_fault_of_every_file_is_told_at_once_with_its_line_and_its_cure() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = TempDir::new().unwrap();
    let config = folder.path().join("config");
    let files = [
        ("gateway.toml", GATEWAY),
        ("partners/bank-a.toml", CUT),
        ("partners/bank-b.toml", PARTNER),
        ("courts/330225.toml", COURT),
        ("calendar/2026.toml", CALENDAR),
        ("secrets/open.key", "1111111111111111111111111111111111111111111111111111111111111111"),
    ];
    files.iter().for_each(|(name, text)| put(&config, name, text));
    let open = config.join("secrets/open.key");
    std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o644)).unwrap();
    let told = xiezhi(&["check", "--config", config.to_str().unwrap()]);
    assert_eq!(told.status.code(), Some(1));
    let told = String::from_utf8(told.stdout).unwrap();
    for (file, line, key, cure) in FAULTS {
        let begin = format!("{}:{line}: ", config.join(file).display());
        let begin = if key.is_empty() { begin } else { format!("{begin}{key}: ") };
        let found = told.lines().any(|told| told.starts_with(&begin) && told.contains(cure));
        assert!(found, "not told: {begin} … {cure}\n{told}");
    }
    // Everything that is told, but the closing line, names a file and a line of it.
    let (faults, closing): (Vec<&str>, Vec<&str>) = told.lines().partition(|line| line.contains(".toml:"));
    for fault in &faults {
        let line = fault.split(".toml:").nth(1).and_then(|rest| rest.split(':').next()).unwrap();
        assert!(line.parse::<u32>().is_ok_and(|line| line > 0), "{fault}");
    }
    assert!(faults.len() >= FAULTS.len(), "{told}");
    assert_eq!(closing, [format!("{}: {} fault(s)", config.display(), faults.len())]);
    // `serve` refuses the same, and tells the same.
    let served = xiezhi(&["serve", "--config", config.to_str().unwrap(), "--listen", "127.0.0.1:0"]);
    assert!(!served.status.success());
    let told = String::from_utf8(served.stderr).unwrap();
    assert!(faults.iter().all(|fault| told.contains(fault)), "{told}");
}
